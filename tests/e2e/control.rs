//! Control records at random: rule sets good and bad, requests good and bad and sent twice, ticks early and late.

use serde_json::{Value, json};

use crate::torn::{Chance, Record};

const DAY: i64 = 86_400_000;

/// A control record that somebody may write at `time` (milliseconds since 1970).
pub fn control(chance: &mut Chance, time: i64) -> Record {
    let (kind, value) = match chance.below(6) {
        0 | 1 => ("rules", rules(chance)),
        2 => (
            "tick",
            json!({ "time": moment(time + DAY * i64::try_from(chance.below(4)).unwrap() - 2 * DAY) }),
        ),
        _ => ("request", request(chance, time)),
    };
    Record {
        key: b"ledgerwell".to_vec(),
        value: Some(value.to_string().into_bytes()),
        timestamp: time,
        kind: Some(kind),
    }
}

/// A control record about duplicates that somebody may write at `time` (milliseconds since 1970).
pub fn dedup_control(chance: &mut Chance, time: i64) -> Record {
    let (kind, value) = match chance.below(6) {
        0 => ("rules", dedup_rules(chance)),
        _ => ("request", dedup_request(chance, time)),
    };
    Record {
        key: b"ledgerwell".to_vec(),
        value: Some(value.to_string().into_bytes()),
        timestamp: time,
        kind: Some(kind),
    }
}

fn dedup_rules(chance: &mut Chance) -> Value {
    let config = match chance.below(6) {
        0 => json!({ "mode": "always" }),
        1 => json!({ "mode": "off" }),
        2 => json!({ "mode": "shadow", "models": ["res.partner", "product.template"] }),
        3 => json!({ "mode": "suggest" }),
        _ => json!({ "mode": "auto" }),
    };
    let threshold = [json!(null), json!(0.9), json!(0.2)][chance.below(3)].clone();
    json!({ "rules": [{ "name": "Merge duplicates", "automation_type": "dedup", "action_name": "merge", "enabled": true,
        "confidence_threshold": threshold, "auto_approve": false, "config": config }] })
}

fn dedup_request(chance: &mut Chance, time: i64) -> Value {
    let actions = ["approve", "reject", "reject", "choose_master", "reopen", "scan", "merge"];
    let action = actions[chance.below(actions.len())];
    let mut arguments = match action {
        "scan" => json!({ "model": "res.partner" }),
        _ => json!({ "group": 1 + chance.below(12), "reason": "as agreed" }),
    };
    if action == "choose_master" {
        arguments["record"] = json!(10 + chance.below(60));
    }
    // Few ids, so that some come twice.
    let id = uuid::Uuid::from_u128(u128::try_from(chance.below(200)).unwrap());
    json!({ "id": id, "processor": "dedup", "person": "anna", "time": moment(time), "action": action, "arguments": arguments })
}

/// The record as a line of a recorded file.
pub fn line_of(record: &Record) -> String {
    let value: Value = serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
    json!({ "key": "ledgerwell", "value": value, "type": record.kind, "timestamp": record.timestamp })
        .to_string()
}

fn moment(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(millis).unwrap().to_rfc3339()
}

fn rules(chance: &mut Chance) -> Value {
    let config = match chance.below(8) {
        0 => json!({ "mode": "always" }),
        1 => json!({ "mode": "off" }),
        2 => json!({ "mode": "shadow" }),
        3 => json!({ "mode": "suggest", "checks": { "no_payment": { "action": "warn", "at": 10 } } }),
        4 => {
            json!({ "mode": "auto", "checks": { "oldest_open": { "action": "hold", "at": 20, "release": 5 } } })
        }
        5 => {
            json!({ "mode": "auto", "checks": { "single_document": { "action": "hold" }, "score_drop": { "action": "hold", "at": 3, "release": 1 } } })
        }
        _ => json!({ "mode": "auto" }),
    };
    json!({ "rules": [{ "name": "Credit hold", "automation_type": "credit", "action_name": "hold", "enabled": true,
        "confidence_threshold": null, "auto_approve": false, "config": config }] })
}

fn request(chance: &mut Chance, time: i64) -> Value {
    let action = ["release", "release", "exempt", "raise_limit", "forgive"][chance.below(5)];
    let mut arguments =
        json!({ "company_id": 1, "partner_id": 27 + chance.below(60), "reason": "as agreed" });
    let until = moment(time + DAY * i64::try_from(chance.below(20)).unwrap());
    if action != "release" {
        arguments["until"] = json!(until[..10]);
    }
    if action == "raise_limit" {
        arguments["limit"] = json!((5_000 * (1 + chance.below(20))).to_string());
    }
    // Few ids, so that some come twice.
    let id = uuid::Uuid::from_u128(u128::try_from(chance.below(200)).unwrap());
    json!({ "id": id, "processor": "credit", "person": "anna", "time": moment(time), "action": action, "arguments": arguments })
}
