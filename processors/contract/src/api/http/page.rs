//! Lists in pages: each says behind which row the next one begins.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;

/// Rows in a page where no limit is given …
const USUAL: u16 = 100;
/// … and at most.
const MOST: u16 = 1_000;

/// The source that is meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SourceQuery {
    /// The source; needed where there are several.
    pub source: Option<String>,
}

/// The source and the page that are meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The source; needed where there are several.
    pub source: Option<String>,
    /// `next` of the page before.
    pub after: Option<String>,
    /// The most rows that are wanted: 1 to 1000, 100 where it is not given.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

/// The most rows that a page may have.
#[derive(Clone, Copy, Debug)]
pub struct Limit(u16);

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl PageQuery {
    /// The most rows that are wanted.
    ///
    /// # Errors
    /// None at all, or too many.
    pub fn limit(&self) -> Result<Limit, Problem> {
        match self.limit.unwrap_or(USUAL) {
            limit @ 1..=MOST => Ok(Limit(limit)),
            other => Err(Problem::bad_request(format!("limit is {other}; it has to be from 1 to {MOST}"))),
        }
    }

    /// The key of the row behind which the page begins: the numbers that [`Limit::page`] wrote. `None` on the first page.
    ///
    /// # Errors
    /// Something that [`Limit::page`] did not write.
    pub fn after<T: TryFrom<i128>, const N: usize>(&self) -> Result<Option<[T; N]>, Problem> {
        let read = |texts: [&str; N]| texts.into_iter().map(|text| text.parse().ok()).collect();
        let Some(numbers): Option<Vec<i128>> = self.after_key(read)? else { return Ok(None) };
        let key: Option<Vec<T>> = numbers.into_iter().map(|number| number.try_into().ok()).collect();
        let key = key.and_then(|key| key.try_into().ok());
        key.map(Some).ok_or_else(|| Problem::bad_request("after: a number is too large"))
    }

    /// The same where the key is not of numbers: `read` is given its parts, the last of which may have dots.
    ///
    /// # Errors
    /// Something that [`Limit::page`] did not write, or `read` does not take.
    pub fn after_key<T, const N: usize>(
        &self,
        read: impl FnOnce([&str; N]) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(after) = &self.after else { return Ok(None) };
        let parts: Vec<_> = after.splitn(N, '.').collect();
        let key = parts.try_into().ok().and_then(read);
        key.map(Some).ok_or_else(|| Problem::bad_request("after: pass `next` of the page before, as it was"))
    }
}

impl Limit {
    /// The rows to read: one more than are shown, because it shows whether there is another page.
    pub fn rows(self) -> i64 {
        i64::from(self.0) + 1
    }

    /// The page of the rows that were read; `key` is what the next page begins behind.
    pub fn page<T, K: ToString, const N: usize>(
        self,
        mut items: Vec<T>,
        key: impl Fn(&T) -> [K; N],
    ) -> Page<T> {
        let more = items.len() > self.0.into();
        items.truncate(self.0.into());
        let next =
            items.last().filter(|_| more).map(|last| key(last).map(|number| number.to_string()).join("."));
        Page { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_the_next_one_begins() {
        let page = Limit(2).page(vec![3, 5, 9], |row| [1, *row]);
        assert_eq!((page.items, page.next.as_deref()), (vec![3, 5], Some("1.5")));
        assert_eq!(Limit(2).page(vec![3], |row| [*row]).next, None);
    }

    #[test]
    fn the_next_page_is_asked_for_with_what_the_last_one_said() {
        let query = |after: &str| PageQuery { source: None, after: Some(after.into()), limit: None };
        assert_eq!(query("1.5").after::<i32, 2>().unwrap(), Some([1, 5]));
        for wrong in ["1", "x.1", "1.3000000000"] {
            assert!(query(wrong).after::<i32, 2>().is_err(), "{wrong}");
        }
        assert!(PageQuery { source: None, after: None, limit: Some(0) }.limit().is_err());
    }
}
