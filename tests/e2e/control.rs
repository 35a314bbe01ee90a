//! Control records at random: rule sets good and bad, requests good and bad and sent twice, ticks early and late.

use serde_json::{Value, json};

use crate::torn::Record;

pub use crate::support::credit::control;
pub use crate::support::dedup::control as dedup_control;

/// The record as a line of a recorded file.
pub fn line_of(record: &Record) -> String {
    let value: Value = serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
    json!({ "key": "ledgerwell", "value": value, "type": record.kind, "timestamp": record.timestamp })
        .to_string()
}
