//! Lists in pages: each says behind which row the next one begins.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;

/// Rows in a page, unless told …
const USUAL: u16 = 100;
/// … and at most.
const MOST: u16 = 1_000;

/// Which source.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfSource {
    /// The source; needed where there are several.
    pub(super) source: Option<String>,
}

/// Which source, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The source; needed where there are several.
    pub(super) source: Option<String>,
    /// `next` of the page before.
    pub(super) after: Option<String>,
    /// At most so many rows: 1 to 1000, 100 unless told.
    pub(super) limit: Option<u16>,
}

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The rows.
    pub(super) items: Vec<T>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

impl Which {
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        match self.limit.unwrap_or(USUAL) {
            limit @ 1..=MOST => Ok(limit.into()),
            other => Err(Problem::bad_request(format!("limit is {other}; it has to be from 1 to {MOST}"))),
        }
    }

    /// The place behind which the page begins, as numbers with a point between them.
    pub(super) fn after<const N: usize>(&self) -> Result<Option<[i64; N]>, Problem> {
        let Some(after) = &self.after else { return Ok(None) };
        let numbers: Option<Vec<i64>> = after.split('.').map(|number| number.parse().ok()).collect();
        let place = numbers.and_then(|numbers| numbers.try_into().ok());
        place
            .map(Some)
            .ok_or_else(|| Problem::bad_request("after: pass `next` of the page before, as it was"))
    }
}

impl<T> Page<T> {
    /// A page of at most `limit` rows, one more of which was asked for.
    pub(super) fn new<const N: usize>(
        mut items: Vec<T>,
        limit: usize,
        place: impl Fn(&T) -> [i64; N],
    ) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next =
            items.last().filter(|_| more).map(|last| place(last).map(|number| number.to_string()).join("."));
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_the_next_one_begins() {
        let page = Page::new(vec![3_i64, 5, 9], 2, |row| [1, *row]);
        assert_eq!((page.items, page.next.as_deref()), (vec![3, 5], Some("1.5")));
        assert_eq!(Page::new(vec![3_i64], 2, |row| [*row]).next, None);
        let which = |after: &str| Which { source: None, after: Some(after.into()), limit: None };
        assert_eq!(which("1.5").after::<2>().unwrap(), Some([1, 5]));
        assert!(which("1").after::<2>().is_err() && which("x.1").after::<2>().is_err());
        assert!(Which { source: None, after: None, limit: Some(0) }.limit().is_err());
    }
}
