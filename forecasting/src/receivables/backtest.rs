//! A ledger whose payments are known: at each of many days, what would have been forecast then, and how good that was.

mod intervals;
mod summary;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;

use super::{Forecaster, Habits, Invoice};
use crate::calendar::{self, Day};
use crate::files::{self, Invalid};

use intervals::{Errors, Expected};
pub use summary::{Figures, Summary};

/// Weeks that are forecast.
pub const WEEKS: usize = 13;
/// From where to where, in days.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    /// Between two forecasts.
    pub every: Day,
    /// From the first invoice to the first forecast.
    pub warmup: Day,
    /// What a forecast looks ahead: payments have to be known for so long.
    pub horizon: Day,
}

/// What was forecast of a week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Week {
    /// The day at whose end it was forecast.
    pub origin: Day,
    /// Which week after that, from 1.
    pub week: usize,
    /// What is expected to be received of what is open at the origin.
    pub expected: f64,
    /// Four times of five it is between these.
    pub interval_80: (f64, f64),
    /// Nineteen times of twenty it is between these.
    pub interval_95: (f64, f64),
    /// What was received.
    pub actual: f64,
}

/// Reads a ledger: `partner_id`, `invoice_date`, `due_date`, `amount`, and `paid_date`, which is empty where nothing was paid.
///
/// # Errors
/// A file that cannot be read, a column that it lacks, or a value that is none: line and column are named.
pub fn read(path: &Path) -> Result<Vec<Invoice>, Invalid> {
    files::read(path, ["partner_id", "invoice_date", "due_date", "amount", "paid_date"], invoice)
}

fn invoice([customer, issued, due, amount, paid]: [&str; 5]) -> Result<Invoice, String> {
    let date = |column: &str, text: &str| {
        let date: Option<NaiveDate> = text.parse().ok();
        date.map(calendar::day).ok_or_else(|| format!("{column} is {text:?}, and no date such as 2026-01-31"))
    };
    let number = amount.parse().ok().filter(|amount: &f64| amount.is_finite() && *amount >= 0.0);
    Ok(Invoice {
        customer: customer.parse().map_err(|_| format!("partner_id is {customer:?}, and no number"))?,
        issued: date("invoice_date", issued)?,
        due: date("due_date", due)?,
        amount: number.ok_or_else(|| format!("amount is {amount:?}, and no amount"))?,
        paid: if paid.is_empty() { None } else { Some(date("paid_date", paid)?) },
    })
}

/// What would have been forecast at each origin, from what was known then alone.
pub fn run(ledger: &[Invoice], steps: Steps) -> Vec<Week> {
    let days = ledger.iter().map(|invoice| invoice.issued);
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return Vec::new() };
    let mut weeks: Vec<Week> = Vec::new();
    let mut errors: BTreeMap<&str, Errors> = BTreeMap::new();
    let mut origin = first + steps.warmup;
    while origin + steps.horizon <= last {
        let known = known(ledger, origin);
        let forecaster = Forecaster::fit(&known, origin, &BTreeSet::new(), Habits::OfEach);
        let open: Vec<&Invoice> = known.iter().filter(|invoice| invoice.paid.is_none()).collect();
        let received = received(ledger, origin);
        let most: f64 = open.iter().map(|invoice| invoice.amount).sum();
        let mut shares = vec![1.0; open.len()];
        for week in 1..=WEEKS {
            let end = origin + 7 * Day::try_from(week).unwrap_or_default();
            let (mut expected, mut variance) = (0.0, 0.0);
            for (invoice, before) in open.iter().zip(&mut shares) {
                let now = forecaster.open(invoice, end).min(*before);
                let paid = *before - now;
                expected += invoice.amount * paid;
                variance += invoice.amount.powi(2) * paid * (1.0 - paid);
                *before = now;
            }
            let deviation = variance.sqrt().max(0.005 * most / 13.0).max(0.01);
            let actual = received[week - 1];
            let of_week = Expected { mean: expected, deviation, most };
            let errors = errors.entry(band(week)).or_default();
            let [interval_80, interval_95] = errors.around(of_week, origin);
            errors.see(of_week, [interval_80, interval_95], actual, end);
            weeks.push(Week { origin, week, expected, interval_80, interval_95, actual });
        }
        origin += steps.every;
    }
    weeks
}

/// What is known at the end of a day.
fn known(ledger: &[Invoice], today: Day) -> Vec<Invoice> {
    let issued = ledger.iter().filter(|invoice| invoice.issued <= today);
    issued.map(|invoice| Invoice { paid: invoice.paid.filter(|day| *day <= today), ..*invoice }).collect()
}

/// What was received in each week of what was open.
fn received(ledger: &[Invoice], origin: Day) -> [f64; WEEKS] {
    let mut weeks = [0.0; WEEKS];
    for invoice in ledger.iter().filter(|invoice| invoice.issued <= origin) {
        let days = invoice.paid.map_or(-1, |paid| paid - origin - 1);
        if let Some(week) = usize::try_from(days).ok().and_then(|days| weeks.get_mut(days / 7)) {
            *week += invoice.amount;
        }
    }
    weeks
}

/// Weeks that are as far away have about the same errors.
fn band(week: usize) -> &'static str {
    match week {
        ..=1 => "1",
        2..=4 => "2-4",
        5..=8 => "5-8",
        _ => "9-13",
    }
}

/// Writes `predictions.csv` and `summary.json`.
///
/// # Errors
/// A folder that cannot be written to.
pub fn write(ledger: &[Invoice], weeks: &[Week], out: &Path) -> Result<Summary, Invalid> {
    let predictions = weeks.iter().map(|of| {
        let ((low80, high80), (low95, high95)) = (of.interval_80, of.interval_95);
        let [expected, low80, high80, low95, high95] =
            [of.expected, low80, high80, low95, high95].map(|figure| format!("{figure:.2}"));
        let origin = calendar::date(of.origin).to_string();
        [origin, of.week.to_string(), expected, low80, high80, low95, high95]
    });
    let columns = ["origin", "week", "expected", "low80", "high80", "low95", "high95"];
    let summary = Summary::of(ledger, weeks);
    files::write(out, columns, predictions, &summary)?;
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_invoice() {
        let read = invoice(["7", "2026-01-02", "2026-02-01", "119.00", ""]).unwrap();
        assert_eq!((read.customer, read.due - read.issued, read.paid), (7, 30, None));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, what) in [
            (["x", "2026-01-02", "2026-02-01", "1", ""], "partner_id is \"x\", and no number"),
            (
                ["7", "2.1.2026", "2026-02-01", "1", ""],
                "invoice_date is \"2.1.2026\", and no date such as 2026-01-31",
            ),
            (["7", "2026-01-02", "2026-02-01", "-1", ""], "amount is \"-1\", and no amount"),
        ] {
            assert_eq!(invoice(line).unwrap_err(), what);
        }
    }

    /// At an origin all that was known is looked at; a week is received from the day after the origin on.
    #[test]
    fn weeks_begin_behind_the_origin() {
        let paid = |paid| Invoice { customer: 1, issued: 0, due: 30, amount: 10.0, paid };
        let ledger = [paid(Some(100)), paid(Some(101)), paid(Some(107)), paid(Some(108)), paid(None)];
        assert_eq!(received(&ledger, 100)[..3], [20.0, 10.0, 0.0]);
        let open = known(&ledger, 100).into_iter().filter(|invoice| invoice.paid.is_none()).count();
        assert_eq!(open, 4);
    }
}
