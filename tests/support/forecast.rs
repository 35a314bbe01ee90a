//! Processor `forecast`.

use serde_json::{Value, json};

use super::{Processor, control_record, timestamp};
use crate::torn::{Chance, Record};

/// What a test has to know of it.
pub const PROCESSOR: Processor = Processor {
    name: "forecast",
    control,
    rule: |round, mode| ("warn", json!({ "mode": mode, "floor": 1_000 * round })),
    poison: || [("commercial_partner_id", json!("seven")), ("country_id", json!(true))],
    results: "forecast.partner",
    golden: &[
        "forecast.document",
        "forecast.position",
        "forecast.repetition",
        "forecast.promise",
        "forecast.actual",
        "public.forecast_scenarios",
        "public.forecast_accuracy_log",
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
        2 => json!({ "mode": "shadow", "floor": 100_000 }),
        3 => json!({ "mode": "suggest", "holidays": ["2026-04-03"] }),
        _ => json!({ "mode": "auto", "floor": "2500.50", "materiality": 500 }),
    };
    json!({ "rules": [{ "name": "Warn of shortfalls", "automation_type": "forecast", "action_name": "warn",
        "enabled": true, "confidence_threshold": null, "auto_approve": false, "config": config }] })
}

fn request(chance: &mut Chance, time: i64) -> Value {
    let actions = [
        "promise",
        "promise",
        "dispute",
        "withdraw",
        "create_scenario",
        "run_scenario",
        "remove_scenario",
        "guess",
    ];
    let action = actions[chance.below(actions.len())];
    let item = 1 + chance.below(400);
    let day = chrono::DateTime::from_timestamp_millis(time).unwrap().date_naive();
    let later = day + chrono::Days::new(u64::try_from(chance.below(40)).unwrap());
    let arguments = match action {
        "promise" => json!({ "item": item, "date": later, "reason": "they said so" }),
        "dispute" => json!({ "item": item, "until": later, "reason": "it is broken" }),
        "withdraw" => json!({ "item": item, "reason": "as agreed" }),
        "create_scenario" => {
            let adjustments = [
                json!([{ "op": "delay_all_receivables", "days": 14 }]),
                json!([{ "op": "scale", "component": "ap", "factor": "1.2" }]),
                json!([{ "op": "add", "date": later, "amount": "-500.00", "label": "a machine" }]),
            ];
            json!({ "name": "what if", "adjustments": adjustments[chance.below(3)] })
        }
        _ => json!({ "scenario": 1 + chance.below(6) }),
    };
    // Few ids, so that some come twice.
    let id = uuid::Uuid::from_u128(u128::try_from(chance.below(80)).unwrap() + 2_000);
    json!({ "id": id, "processor": "forecast", "person": "anna", "time": timestamp(time), "action": action,
        "arguments": arguments })
}
