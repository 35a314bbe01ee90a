//! Processor `credit`.

use serde_json::{Value, json};

use super::{Processor, control_record, timestamp};
use crate::torn::{Chance, Record};

/// What a test has to know of it.
pub const PROCESSOR: Processor = Processor {
    name: "credit",
    control,
    rule,
    poison: || [("credit_limit", json!(true)), ("commercial_partner_id", json!("seven"))],
    results: "credit.exposure",
    golden: &["credit.exposure", "credit.assessment", "credit.hold", "public.credit_scores"],
    sequences: &["public.credit_scores"],
    observed: true,
    verified: false,
};

const DAY: i64 = 86_400_000;

/// A control record that somebody may write at `time` (milliseconds since 1970).
pub fn control(chance: &mut Chance, time: i64) -> Record {
    let (kind, value) = match chance.below(6) {
        0 | 1 => ("rules", rules(chance)),
        2 => {
            // Whoever writes a tick does it when its time has come.
            let time = time + DAY * i64::try_from(chance.below(4)).unwrap() - 2 * DAY;
            return control_record("tick", &json!({ "time": timestamp(time) }), time);
        }
        _ => ("request", request(chance, time)),
    };
    control_record(kind, &value, time)
}

fn rule(round: i64, mode: &str) -> (&'static str, Value) {
    let check = json!({ "action": "hold", "at": 1 + round, "release": 0 });
    ("hold", json!({ "mode": mode, "checks": { "oldest_open": check } }))
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
    let actions = ["release", "release", "exempt", "raise_limit", "forgive", "accept", "accept", "refuse"];
    let action = actions[chance.below(actions.len())];
    let mut arguments =
        json!({ "company_id": 1, "partner_id": 27 + chance.below(60), "reason": "as agreed" });
    let until = timestamp(time + DAY * i64::try_from(chance.below(20)).unwrap());
    if ["exempt", "raise_limit", "forgive"].contains(&action) {
        arguments["until"] = json!(until[..10]);
    }
    if action == "raise_limit" {
        arguments["limit"] = json!((5_000 * (1 + chance.below(20))).to_string());
    }
    // Few ids, so that some come twice.
    let id = uuid::Uuid::from_u128(u128::try_from(chance.below(80)).unwrap());
    json!({ "id": id, "processor": "credit", "person": "anna", "time": timestamp(time), "action": action, "arguments": arguments })
}
