//! The exposures are what the log says, and the money in them is what the items say.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Expected;
use super::exposure::{Exposures, difference};
use crate::checks::{self, Case};
use crate::report::Report;

pub(super) fn check(expected: Option<&Expected>, found: &Exposures, case: &Case<'_>, report: &mut Report) {
    if let Some(expected) = expected {
        if let Some(difference) = difference(&expected.exposures, found, ("the log", "the table")) {
            report.violation(
                "results",
                format!("credit.exposure is not what the log says: {difference}"),
                Vec::new(),
            );
        }
    } else {
        report.violation("results", "no snapshot is complete, so nothing can be compared", Vec::new());
    }
    checks::clock(case.evidence, case.replay, report);
    if let Some(expected) = expected {
        money(expected, found, report);
    }
}

/// Per company, the sums over customers.
fn money(expected: &Expected, found: &Exposures, report: &mut Report) {
    let mut sums: BTreeMap<i32, Decimal> = BTreeMap::new();
    for ((company, _), exposure) in found {
        *sums.entry(*company).or_default() += exposure.amounts[..3].iter().sum::<Decimal>();
    }
    let expected: BTreeMap<i32, Decimal> = expected.receivables.iter().copied().collect();
    for company in sums.keys().chain(expected.keys()) {
        let sum = |side: &BTreeMap<i32, Decimal>| side.get(company).copied().unwrap_or_default();
        if sum(&sums) != sum(&expected) {
            let text = format!(
                "customers of company {company} owe {} by the table, and {} by its items",
                sum(&sums),
                sum(&expected)
            );
            report.violation("money", text, Vec::new());
        }
    }
}
