//! What a test has to know of each processor, one file per processor. The list below is the one place that names them.

pub mod credit;
pub mod dedup;
pub mod forecast;
pub mod reconciliation;

use serde_json::{Value, json};

use crate::torn::{Chance, Record};

/// A processor, as far as a test that runs it has to know it.
pub struct Processor {
    /// Its name, which its topic, its schema and its rules carry.
    pub name: &'static str,
    /// A control record that somebody may write at a time (milliseconds since 1970): rule sets, requests, ticks, good and bad.
    pub control: fn(&mut Chance, i64) -> Record,
    /// The action of a rule that each round of a test sets in another way, and its configuration in a mode.
    pub rule: fn(round: i64, mode: &str) -> (&'static str, Value),
    /// Two columns of `res_partner` that it reads, and values that neither can have. Without the second one a row is spoiled too.
    pub poison: fn() -> [(&'static str, Value); 2],
    /// A table of its results that most batches write to.
    pub results: &'static str,
    /// The tables whose rows its golden streams show.
    pub golden: &'static [&'static str],
    /// Those of its tables whose `id` comes from a sequence: it means nothing, and is never compared.
    pub sequences: &'static [&'static str],
    /// Whether the checker compares what can be seen while it runs.
    pub observed: bool,
    /// Whether `ledgerwell verify` has to recompute what the checker alone does not know.
    pub verified: bool,
}

/// All of them.
pub const ALL: [&Processor; 4] =
    [&credit::PROCESSOR, &dedup::PROCESSOR, &forecast::PROCESSOR, &reconciliation::PROCESSOR];

/// The one that runs where any will do: most streams of tests have the columns that it reads, and it notices when a guard is
/// taken away.
pub const USUAL: &Processor = &credit::PROCESSOR;

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(|processor| processor.name)
}

/// A rule set of one rule of this processor's.
pub fn rule_set(processor: &Processor, round: i64, mode: &str) -> Value {
    let (action, config) = (processor.rule)(round, mode);
    json!({ "rules": [{ "name": "Rule", "automation_type": processor.name, "action_name": action,
        "enabled": true, "confidence_threshold": null, "auto_approve": false, "config": config }] })
}

/// A record of a control topic.
pub fn control_record(kind: &'static str, value: &Value, time: i64) -> Record {
    Record {
        key: b"ledgerwell".to_vec(),
        value: Some(value.to_string().into_bytes()),
        timestamp: time,
        kind: Some(kind),
    }
}

/// A time (milliseconds since 1970) as text.
fn timestamp(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(millis).unwrap().to_rfc3339()
}
