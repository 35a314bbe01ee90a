//! What `credit` decides, as its events and its rows of `audit_logs` say it.

use serde_json::Value;

use crate::checks::{Audited, Decision};
use crate::results::Audit;
use crate::witness::Logged;

/// Both sides.
pub(super) const AUDITED: Audited = Audited {
    record: "partner",
    actions: &["accept", "refuse", "release", "exempt", "raise_limit"],
    from_event,
    from_row,
};

fn from_event(event: &Logged) -> Option<Decision> {
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
    let (company, record) = (data["company_id"].as_i64()?, data["partner_id"].as_i64()?);
    Some(Decision { time: event.time.naive_utc(), company, record, what })
}

/// Rows about nobody, about requests, and of mode `shadow` alone have no event; one that turns a hold into a suggestion has two.
fn from_row(row: &Audit) -> Vec<Decision> {
    let Some(record) = row.odoo_record_id else { return Vec::new() };
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
    what.iter().map(|what| Decision { time: row.timestamp, company, record, what }).collect()
}
