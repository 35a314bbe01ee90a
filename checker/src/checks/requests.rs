//! Each request is decided once.

use std::collections::BTreeSet;

use crate::check::Evidence;
use crate::log::{Kind, Poison};
use crate::replay::Replay;
use crate::report::Report;

pub(super) fn check(evidence: &Evidence, replay: &Replay, report: &mut Report) {
    let Some(latest) = evidence.results.latest() else { return };
    let in_log = replay.requests.iter().cloned();
    let asked: BTreeSet<String> = in_log.chain(in_control_topic(evidence, latest.control_offset)).collect();
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
    let read =
        entries.iter().filter(|entry| entry.offset < until && entry.poison != Some(Poison::DeadLetter));
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
