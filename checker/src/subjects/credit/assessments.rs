//! Scores, failing checks and predicted breaches are what the oracle computes from all rows.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;

use super::exposure::Customer;
use super::oracle::Assessed;
use super::rules::Rule;
use super::tables::{Assessment, Hold, Tables};
use crate::checks::Case;
use crate::report::Report;
use crate::results::Request;

/// `rule` is the last one in the log.
pub(super) fn check(
    assessed: &[Assessed],
    tables: &Tables,
    rule: Option<&Rule>,
    case: &Case<'_>,
    report: &mut Report,
) {
    let expected: BTreeMap<Customer, &Assessed> = assessed.iter().map(|row| (row.customer(), row)).collect();
    let found: BTreeMap<Customer, &Assessment> =
        tables.assessments.iter().map(|row| (row.customer(), row)).collect();
    report.figure("assessments", expected.len());
    let customers: BTreeSet<_> = expected.keys().chain(found.keys()).copied().collect();
    let raised = raised(&case.evidence.results.requests, &tables.holds);
    let usual = Rule::unknown();
    let rule = rule.filter(|_| !case.evidence.uses_control_topic()).unwrap_or(&usual);
    if !rule.as_usual {
        report.not_checked(
            "scores and failing checks: the rule in force changes how they are computed, or is not known",
        );
    }
    if !raised.is_empty() {
        report.not_checked(format!(
            "what depends on the limit of {} customers: people have raised it",
            raised.len()
        ));
    }
    let whole = case.evidence.is_whole();
    if !whole {
        report.not_checked("the check score_drop: scores of earlier days rest on a log that is gone");
    }
    for customer in customers {
        let compared = match (expected.get(&customer), found.get(&customer)) {
            (Some(expected), Some(found)) => {
                compare(expected, found, rule, raised.contains(&customer), whole)
            }
            (Some(_), None) => Err("there is no row".to_owned()),
            _ => Err("there is a row, and nothing to assess".to_owned()),
        };
        if let Err(why) = compared {
            let text = format!("credit.assessment of company {}, partner {}: {why}", customer.0, customer.1);
            report.violation("assessments", text, Vec::new());
        }
    }
}

/// Customers whose limit was raised at any time.
fn raised(requests: &[Request], holds: &[Hold]) -> BTreeSet<Customer> {
    let asked = requests.iter().filter(|request| request.action == "raise_limit" && request.status == "done");
    let customer = |arguments: &str| {
        let arguments: Value = serde_json::from_str(arguments).ok()?;
        let id = |name: &str| i32::try_from(arguments[name].as_i64()?).ok();
        Some((id("company_id")?, id("partner_id")?))
    };
    let held = holds.iter().filter(|hold| hold.raised_limit.is_some()).map(Hold::customer);
    asked.filter_map(|request| customer(&request.arguments)).chain(held).collect()
}

/// Parts of a score are rounded on one side only, so a hundredth may be between them.
fn near(a: Option<Decimal>, b: Option<Decimal>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= Decimal::new(11, 3),
        (None, None) => true,
        _ => false,
    }
}

fn compare(
    expected: &Assessed,
    found: &Assessment,
    rule: &Rule,
    raised: bool,
    whole: bool,
) -> Result<(), String> {
    let differ = |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
        Err(format!("{what} is {found:?} and has to be {expected:?}"))
    };
    if expected.experiences != found.experiences {
        return differ("experiences", &expected.experiences, &found.experiences);
    }
    if !near(expected.payment_history, found.payment_history) {
        return differ("payment_history", &expected.payment_history, &found.payment_history);
    }
    if !near(Some(expected.order_volume), Some(found.order_volume)) {
        return differ("order_volume", &expected.order_volume, &found.order_volume);
    }
    if raised {
        return Ok(());
    }
    if expected.breach_on != found.breach_on {
        return differ("breach_on", &expected.breach_on, &found.breach_on);
    }
    if !rule.as_usual {
        return Ok(());
    }
    if !near(expected.credit_score, found.credit_score) {
        return differ("credit_score", &expected.credit_score, &found.credit_score);
    }
    let mut may = rule.failing(|check| expected.figure(check));
    if !whole {
        may.insert("score_drop", false);
    }
    let failing: BTreeSet<&str> = found.failing.split(',').filter(|name| !name.is_empty()).collect();
    for name in &failing {
        if !may.contains_key(name) {
            return Err(format!("check {name} fails with figure {:?}", expected.figure(name)));
        }
    }
    if let Some((name, _)) = may.iter().find(|(name, must)| **must && !failing.contains(**name)) {
        return Err(format!("check {name} does not fail with figure {:?}", expected.figure(name)));
    }
    let risk = if failing.iter().any(|name| rule.holds(name)) {
        "critical"
    } else {
        match found.credit_score {
            None => "normal",
            Some(score) if score >= Decimal::from(80) => "low",
            Some(score) if score >= Decimal::from(50) => "medium",
            Some(_) => "high",
        }
    };
    if risk != found.risk_level {
        return differ("risk_level", &risk, &found.risk_level);
    }
    Ok(())
}
