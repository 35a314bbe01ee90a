//! Control records at random: rule sets good and bad, requests good and bad and sent twice, ticks early and late.

use serde_json::{Value, json};

use crate::torn::{Chance, Record};

pub use crate::support::credit::control;
pub use crate::support::dedup::control as dedup_control;

/// The record as a line of a recorded file.
pub fn line_of(record: &Record) -> String {
    let value: Value = serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
    json!({ "key": "ledgerwell", "value": value, "type": record.kind, "timestamp": record.timestamp })
        .to_string()
}

/// A feed with rules and requests of people between its transactions.
pub fn with_control(feed: &str, control: fn(&mut Chance, i64) -> Record) -> String {
    let mut chance = Chance::new(5);
    let mut mixed = String::new();
    for line in feed.lines() {
        mixed.extend([line, "\n"]);
        let record: Value = serde_json::from_str(line).unwrap();
        if record["value"]["status"] == "END" && chance.once_in(12) {
            let time = record["value"]["ts_ms"].as_i64().unwrap();
            mixed.extend([line_of(&control(&mut chance, time)).as_str(), "\n"]);
        }
    }
    mixed
}
