//! Processor `dedup`.

use serde_json::{Value, json};

use super::{Processor, control_record, timestamp};
use crate::torn::{Chance, Record};

/// What a test has to know of it.
pub const PROCESSOR: Processor = Processor {
    name: "dedup",
    control,
    rule: |_, mode| ("merge", json!({ "mode": mode })),
    poison: || [("vat", json!(true)), ("is_company", json!("seven"))],
    results: "dedup.partner",
    golden: &["dedup.decision", "dedup.master", "public.deduplication_scans", "public.duplicate_groups"],
    sequences: &[],
    observed: false,
    verified: true,
};

/// A control record that somebody may write at `time` (milliseconds since 1970).
pub fn control(chance: &mut Chance, time: i64) -> Record {
    let (kind, value) = match chance.below(6) {
        0 => ("rules", rules(chance)),
        _ => ("request", request(chance, time)),
    };
    control_record(kind, &value, time)
}

fn rules(chance: &mut Chance) -> Value {
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

fn request(chance: &mut Chance, time: i64) -> Value {
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
    let id = uuid::Uuid::from_u128(u128::try_from(chance.below(80)).unwrap());
    json!({ "id": id, "processor": "dedup", "person": "anna", "time": timestamp(time), "action": action, "arguments": arguments })
}
