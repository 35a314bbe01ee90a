//! Decisions go out twice, as an event and as a row of `audit_logs`: one for one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;

use crate::check::Evidence;
use crate::replay::Replay;
use crate::report::Report;
use crate::results::{Audit, Request};
use crate::witness::Logged;

/// Something that was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decision {
    pub(crate) time: NaiveDateTime,
    pub(crate) company: i64,
    /// The Odoo record that it is about.
    pub(crate) record: i64,
    /// What happened to it.
    pub(crate) what: &'static str,
}

/// How a processor says the same as events and as rows of `audit_logs`.
pub(crate) struct Audited {
    /// What a decision's record is called.
    pub(crate) record: &'static str,
    /// Actions that people may ask for and whose rows carry the action's name; all others are called `request`.
    pub(crate) actions: &'static [&'static str],
    /// The decision that an event is about.
    pub(crate) from_event: fn(&Logged) -> Option<Decision>,
    /// The decisions that a row is about.
    pub(crate) from_row: fn(&Audit) -> Vec<Decision>,
}

pub(super) fn check(audited: &Audited, evidence: &Evidence, replay: &Replay, report: &mut Report) {
    let results = &evidence.results;
    let latest = results.latest().map(|checkpoint| checkpoint.version);
    if results.logged.iter().any(|event| Some(event.version) != latest) {
        report.not_checked("audit rows: more than one version has written them");
        return;
    }
    let events = counted(results.logged.iter().filter_map(audited.from_event));
    let rows = counted(results.audit.iter().flat_map(audited.from_row));
    report.figure("audited decisions", events.values().sum());
    let decisions: BTreeSet<_> = events.keys().chain(rows.keys()).collect();
    for decision in decisions {
        let count = |side: &BTreeMap<Decision, usize>| side.get(decision).copied().unwrap_or(0);
        if count(&events) != count(&rows) {
            let Decision { time, company, record, what } = decision;
            let text = format!(
                "\"{what}\" of company {company}, {} {record} at {time}: {} events, {} rows of audit_logs",
                audited.record,
                count(&events),
                count(&rows)
            );
            let near = results
                .audit
                .iter()
                .filter(|row| row.timestamp == *time && row.odoo_record_id == Some(*record))
                .map(describe)
                .collect();
            report.violation("audit", text, near);
        }
    }
    requests(audited.actions, evidence, replay, report);
}

fn counted<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts
}

fn describe(row: &Audit) -> String {
    format!(
        "audit row {}: {} {}, {}",
        row.id,
        row.action_name,
        row.status,
        row.reasoning.as_deref().unwrap_or_default()
    )
}

/// Each request that was decided has a row that says so. One that came too early is refused without being looked at.
fn requests(actions: &[&str], evidence: &Evidence, replay: &Replay, report: &mut Report) {
    let decided =
        counted(evidence.results.requests.iter().map(|request| audited_as(request, actions, replay)));
    let is_about_a_request =
        |row: &&Audit| ["request", "dead_letter"].iter().chain(actions).any(|name| *name == row.action_name);
    let rows = evidence.results.audit.iter().filter(is_about_a_request);
    let written = counted(rows.map(|row| (row.action_name.as_str(), row.status.as_str())));
    if decided != written {
        let around = vec![format!("requests: {decided:?}"), format!("rows: {written:?}")];
        report.violation("audit: requests", "requests and their rows of audit_logs do not agree", around);
    }
}

/// Action and status of the row that a request has to have.
fn audited_as<'a>(request: &'a Request, actions: &[&str], replay: &Replay) -> (&'a str, &'static str) {
    let status = if request.status == "done" { "approved" } else { "rejected" };
    let action = match request.action.as_str() {
        // One that was decided before the log was cut may come again too early, and is not decided twice.
        _ if replay.early.contains(&request.id) && status == "rejected" => "request",
        known if actions.contains(&known) => known,
        "replay_dead_letter" | "discard_dead_letter" => "dead_letter",
        _ => "request",
    };
    (action, status)
}
