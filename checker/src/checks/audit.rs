//! Decisions go out twice, as an event and as a row of `audit_logs`: one for one.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use serde_json::Value;

use crate::check::Evidence;
use crate::replay::Replay;
use crate::report::Report;
use crate::results::Audit;
use crate::witness::Logged;

/// Moment, company, partner, and what happened.
type Decision = (NaiveDateTime, i64, i64, &'static str);

pub(super) fn check(evidence: &Evidence, replay: &Replay, report: &mut Report) {
    let mut events: BTreeMap<Decision, usize> = BTreeMap::new();
    let mut rows: BTreeMap<Decision, usize> = BTreeMap::new();
    let latest = evidence.results.latest().map(|checkpoint| checkpoint.version);
    if evidence.results.logged.iter().any(|event| Some(event.version) != latest) {
        report.not_checked("audit rows: more than one version has written them");
        return;
    }
    for event in &evidence.results.logged {
        if let Some(decision) = of_event(event) {
            *events.entry(decision).or_default() += 1;
        }
    }
    for row in &evidence.results.audit {
        for decision in of_row(row) {
            *rows.entry(decision).or_default() += 1;
        }
    }
    report.figure("audited decisions", events.values().sum());
    let decisions: std::collections::BTreeSet<_> = events.keys().chain(rows.keys()).collect();
    for decision in decisions {
        let count = |side: &BTreeMap<Decision, usize>| side.get(decision).copied().unwrap_or(0);
        if count(&events) != count(&rows) {
            let (time, company, partner, what) = decision;
            let text = format!(
                "\"{what}\" of company {company}, partner {partner} at {time}: {} events, {} rows of audit_logs",
                count(&events),
                count(&rows)
            );
            let near = evidence
                .results
                .audit
                .iter()
                .filter(|row| row.timestamp == *time && row.odoo_record_id == Some(*partner))
                .map(say)
                .collect();
            report.violation("audit", text, near);
        }
    }
    requests(evidence, replay, report);
}

fn say(row: &Audit) -> String {
    format!(
        "audit row {}: {} {}, {}",
        row.id,
        row.action_name,
        row.status,
        row.reasoning.as_deref().unwrap_or_default()
    )
}

fn of_event(event: &Logged) -> Option<Decision> {
    let what = match event.event_type.as_str() {
        "hold_placed" => "hold placed",
        "hold_suggested" => "hold suggested",
        "hold_released" => "hold released",
        "score_changed" => "score changed",
        "limit_breach_predicted" => "breach predicted",
        "limit_breach_cleared" => "breach cleared",
        _ => return None,
    };
    let data: Value = serde_json::from_str(&event.data).ok()?;
    Some((event.time.naive_utc(), data["company_id"].as_i64()?, data["partner_id"].as_i64()?, what))
}

/// What a row says. Those about nobody, of what people asked for, and of mode `shadow` alone have no event; one that turns a hold
/// into a suggestion has two.
fn of_row(row: &Audit) -> Vec<Decision> {
    let Some(partner) = row.odoo_record_id else { return Vec::new() };
    let company = row.input["company_id"].as_i64().unwrap_or_default();
    let (before, after) = (row.output["before"].as_str(), row.output["after"].as_str());
    let what: &[&'static str] = match (row.action_name.as_str(), row.status.as_str()) {
        ("score", "executed") => &["score changed"],
        ("predict_breach", "executed") if row.output["breach_on"].is_null() => &["breach cleared"],
        ("predict_breach", "executed") => &["breach predicted"],
        ("hold", "executed" | "suggested" | "shadow") => match (before, after) {
            (_, Some("held")) => &["hold placed"],
            (Some("held"), Some("suggested")) => &["hold released", "hold suggested"],
            (_, Some("suggested")) => &["hold suggested"],
            (Some("held" | "suggested"), _) => &["hold released"],
            _ => &[],
        },
        _ => &[],
    };
    what.iter().map(|what| (row.timestamp, company, partner, *what)).collect()
}

/// Each request that was decided has a row that says so. One that came too early is refused without being looked at.
fn requests(evidence: &Evidence, replay: &Replay, report: &mut Report) {
    let mut decided: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for request in &evidence.results.requests {
        let status = if request.status == "done" { "approved" } else { "rejected" };
        let action = match request.action.as_str() {
            // One that was decided before the log was cut may come again too early, and is not decided twice.
            _ if replay.early.contains(&request.id) && status == "rejected" => "request",
            known @ ("release" | "exempt" | "raise_limit") => known,
            "replay_dead_letter" | "discard_dead_letter" => "dead_letter",
            _ => "request",
        };
        *decided.entry((action, status)).or_default() += 1;
    }
    let mut written: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in &evidence.results.audit {
        if let action @ ("release" | "exempt" | "raise_limit" | "request" | "dead_letter") =
            row.action_name.as_str()
        {
            *written.entry((action, row.status.as_str())).or_default() += 1;
        }
    }
    if decided != written {
        let around = vec![format!("requests: {decided:?}"), format!("rows: {written:?}")];
        report.violation("audit: requests", "requests and their rows of audit_logs do not agree", around);
    }
}
