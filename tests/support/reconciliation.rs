//! Processor `reconciliation`.

use serde_json::{Value, json};

use super::{Processor, control_record, timestamp};
use crate::torn::{Chance, Record};

/// What a test has to know of it.
pub const PROCESSOR: Processor = Processor {
    name: "reconciliation",
    control,
    rule: |_, mode| ("match", json!({ "mode": mode })),
    poison: || [("commercial_partner_id", json!("seven")), ("company_id", json!(true))],
    results: "reconciliation.partner",
    golden: &[
        "reconciliation.line",
        "reconciliation.proposal",
        "reconciliation.refusal",
        "reconciliation.learned_rule",
        "reconciliation.journal_trust",
        "public.reconciliation_sessions",
    ],
    sequences: &[],
    observed: false,
    verified: true,
};

/// A control record that somebody may write at `time` (milliseconds since 1970).
pub fn control(chance: &mut Chance, time: i64) -> Record {
    let (kind, value) = match chance.below(5) {
        0 => ("rules", rules(chance)),
        _ => ("request", request(chance, time)),
    };
    control_record(kind, &value, time)
}

fn rules(chance: &mut Chance) -> Value {
    let config = match chance.below(6) {
        0 => json!({ "mode": "always" }),
        1 => json!({ "mode": "off" }),
        2 => json!({ "mode": "shadow" }),
        3 => json!({ "mode": "suggest", "journals": { "6": "auto" } }),
        _ => json!({ "mode": "auto", "probation": 5 }),
    };
    let threshold = [json!(null), json!(0.99), json!(0.2)][chance.below(3)].clone();
    json!({ "rules": [{ "name": "Match bank lines", "automation_type": "reconciliation", "action_name": "match",
        "enabled": true, "confidence_threshold": threshold, "auto_approve": false, "config": config }] })
}

fn request(chance: &mut Chance, time: i64) -> Value {
    let actions = [
        "accept",
        "accept",
        "refuse",
        "refuse",
        "allocate",
        "skip",
        "open_session",
        "resume_session",
        "complete_session",
        "switch_rule",
        "book",
    ];
    let action = actions[chance.below(actions.len())];
    let most = [30, 140][chance.below(2)];
    let number = 1 + chance.below(most);
    let journal = [4, 4, 6, 3][chance.below(4)];
    let arguments = match action {
        "open_session" => json!({ "journal": journal }),
        "resume_session" | "complete_session" => json!({ "session": 1 + chance.below(6) }),
        "switch_rule" => json!({ "rule": number, "on": chance.below(2) == 0, "reason": "it is odd" }),
        "allocate" => {
            json!({ "line": number, "items": [{ "item": 1 + chance.below(400) }], "reason": "they said so" })
        }
        "skip" => json!({ "line": number, "reason": "later" }),
        _ => json!({ "line": number, "rank": 1 + chance.below(3), "reason": "as agreed" }),
    };
    // Few ids, so that some come twice.
    let id = uuid::Uuid::from_u128(u128::try_from(chance.below(80)).unwrap() + 1_000);
    let person = ["anna", "ben"][chance.below(2)];
    json!({ "id": id, "processor": "reconciliation", "person": person, "time": timestamp(time), "action": action,
        "arguments": arguments })
}
