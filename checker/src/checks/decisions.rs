//! Each request is decided once, and holds are where the events left them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::check::Evidence;
use crate::exposure::Customer;
use crate::log::{Kind, Poison};
use crate::replay::Replay;
use crate::report::Report;

/// Each request is decided once.
pub(super) fn requests(evidence: &Evidence, replay: &Replay, report: &mut Report) {
    let Some(latest) = evidence.results.latest() else { return };
    let told = replay.requests.iter().cloned();
    let asked: BTreeSet<String> = told.chain(in_control_topic(evidence, latest.control_offset)).collect();
    let rows: Vec<_> =
        evidence.results.requests.iter().filter(|request| request.version == latest.version).collect();
    let decided: BTreeSet<&str> = rows.iter().map(|request| request.id.as_str()).collect();
    for id in asked.iter().filter(|id| !decided.contains(id.as_str())) {
        report.violation("requests: lost", format!("request {id} was never decided"), Vec::new());
    }
    let gone = evidence.what.after_seq > 0
        || evidence.start > 0
        || (evidence.uses_control_topic() && evidence.control.is_none());
    for request in rows {
        if !gone && !asked.contains(&request.id) {
            report.violation(
                "requests: unknown",
                format!("request {} was decided, and nobody asked", request.id),
                Vec::new(),
            );
        }
        if !matches!(request.status.as_str(), "done" | "refused") || request.outcome.is_empty() {
            report.violation(
                "requests: outcome",
                format!("request {} has no outcome", request.id),
                Vec::new(),
            );
        }
    }
}

fn in_control_topic(evidence: &Evidence, until: i64) -> Vec<String> {
    let entries = evidence.control.as_deref().unwrap_or_default();
    let read = entries.iter().filter(|entry| entry.offset < until && entry.poison != Some(Poison::Letter));
    let ids = read.filter_map(|entry| match &entry.kind {
        Kind::Control { name, value }
            if name == "request" && value["processor"] == evidence.what.processor =>
        {
            value["id"].as_str().map(str::to_lowercase)
        }
        _ => None,
    });
    ids.collect()
}

/// The last event about a hold says what `credit.hold` says.
pub(super) fn holds(evidence: &Evidence, report: &mut Report) {
    // A version that takes over goes on from what the one before has told.
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
    for hold in &evidence.results.holds {
        let told = last.remove(&hold.customer()).map_or("none", |(status, _)| status);
        // Nobody is told of what is only in the shadow.
        let found = if hold.status == "shadow" { "none" } else { hold.status.as_str() };
        if told != found {
            let (company, partner) = hold.customer();
            let text = format!(
                "the hold of company {company}, partner {partner} is {found}, and the events say {told}"
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
