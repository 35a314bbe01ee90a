//! What has changed between two forecasts, document by document.

use chrono::NaiveDate;
use forecasting::calendar::{Day, date};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::expected::Expected;
use super::money::major;
use crate::store::{Document, Kind};

/// By how much a document has moved a balance, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Moved {
    /// What it is.
    pub kind: Kind,
    /// Its id in Odoo; of payments that come again that in `forecast.repetition`.
    pub id: i32,
    /// What it is called.
    pub name: String,
    /// Whose it is.
    pub partner_id: Option<i32>,
    /// By how much the balance of the day is more than before.
    pub by: Decimal,
    /// What has changed, in words.
    pub what: String,
}

/// By how much a document has moved the balance at the end of a day; `None` where it has not.
pub fn moved(row: &Document, before: &Expected, on: Day) -> Option<Moved> {
    let by = (row.expected.until(on) - before.until(on)) * row.sign();
    (by != 0).then(|| Moved {
        kind: row.kind,
        id: row.id,
        name: row.name.clone(),
        partner_id: row.partner_id,
        by: major(by, row.decimals()),
        what: what(row, before),
    })
}

fn what(row: &Document, before: &Expected) -> String {
    let name = |day: Option<Day>| {
        day.map_or_else(|| "later".into(), |day| date(day).format("%a %-d %b").to_string())
    };
    let (from, to) = (before.likeliest(), row.expected.likeliest());
    let (less, more) = (before.total().abs(), row.expected.total().abs());
    if let Some(problem) = &row.problem {
        return problem.clone();
    }
    match (from, to) {
        (_, None) if row.amount.is_zero() => "is done, or gone".into(),
        (None, Some(_)) => format!("is new, expected {}", name(to)),
        (Some(_), None) => "is not expected within 181 days".into(),
        _ if from != to => format!("moved from {} to {}", name(from), name(to)),
        _ if less != more && (more - less).abs() * 50 > less => {
            format!("is {} instead of {}", major(more, row.decimals()), major(less, row.decimals()))
        }
        _ => "is likelier on other days than before".into(),
    }
}

/// The bridge of a balance: what was expected, what has moved it, and what is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Bridge {
    /// The day whose balance it is.
    pub target_date: NaiveDate,
    /// By how much there is more today than before.
    pub opening: Decimal,
    /// By how much documents have moved it, the largest first.
    pub documents: Vec<Moved>,
    /// All of it together.
    pub by: Decimal,
}
