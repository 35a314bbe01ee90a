//! Holds are where the events left them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::exposure::Customer;
use super::tables::Hold;
use crate::check::Evidence;
use crate::report::Report;

/// The last event about a hold says what `credit.hold` says.
pub(super) fn check(holds: &[Hold], evidence: &Evidence, report: &mut Report) {
    // A version that takes over goes on from what the one before has emitted.
    let mut last: BTreeMap<Customer, (&str, &str)> = BTreeMap::new();
    for event in &evidence.results.logged {
        let status = match event.event_type.as_str() {
            "hold_placed" => "held",
            "hold_suggested" => "suggested",
            "hold_released" => "none",
            _ => continue,
        };
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        let id = |name: &str| data[name].as_i64().and_then(|id| i32::try_from(id).ok());
        let Some(customer) = id("company_id").zip(id("partner_id")) else { continue };
        let before = last.insert(customer, (status, &event.position));
        // What is released was held or suggested, as the event says.
        if status == "none" {
            let was = before.map_or("none", |(status, _)| status);
            if data["was"].as_str() != Some(was) {
                let text = format!(
                    "a hold of company {}, partner {} was released that was {}, and before it was {was}",
                    customer.0, customer.1, data["was"]
                );
                report.violation(
                    "holds",
                    text,
                    vec![format!("event {} at {}", event.out_seq, event.position)],
                );
            }
        }
    }
    for hold in holds {
        let emitted = last.remove(&hold.customer()).map_or("none", |(status, _)| status);
        // What is only in the shadow has no event.
        let found = if hold.status == "shadow" { "none" } else { hold.status.as_str() };
        if emitted != found {
            let (company, partner) = hold.customer();
            let text = format!(
                "the hold of company {company}, partner {partner} is {found}, and the events say {emitted}"
            );
            report.violation("holds", text, Vec::new());
        }
    }
    for ((company, partner), (status, position)) in last {
        if status != "none" {
            let text = format!(
                "the hold of company {company}, partner {partner} is {status} since {position}, and has no row"
            );
            report.violation("holds", text, Vec::new());
        }
    }
}
