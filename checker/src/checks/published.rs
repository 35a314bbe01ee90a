//! The events that consumers see.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::check::Evidence;
use crate::kafka::Raw;
use crate::report::Report;

/// An event in the result topic.
#[derive(Debug)]
pub(crate) struct Published<'a> {
    pub(crate) partition: usize,
    pub(crate) offset: i64,
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) key: String,
    pub(crate) position: String,
    pub(crate) time: Option<DateTime<Utc>>,
    pub(crate) data: &'a [u8],
    /// Where it was logged, in `Results::logged`.
    pub(crate) logged: Option<usize>,
}

impl Published<'_> {
    /// It in a few words.
    pub(crate) fn describe(&self) -> String {
        format!(
            "partition {}, offset {}: {} {} at {}, id {}",
            self.partition, self.offset, self.kind, self.key, self.position, self.id
        )
    }
}

/// All of them, one partition after the other.
pub(super) fn read<'a>(evidence: &'a Evidence, report: &mut Report) -> Vec<Published<'a>> {
    let logged: HashMap<&str, usize> =
        evidence.results.logged.iter().enumerate().map(|(n, event)| (event.event_id.as_str(), n)).collect();
    let mut events = Vec::new();
    for (partition, records) in evidence.events.iter().enumerate() {
        for raw in &records.records {
            let event = one(partition, raw, &logged);
            if raw.header("ce_subject") != Some(&event.key) {
                report.violation("events: headers", "ce_subject is not the key", vec![event.describe()]);
            }
            events.push(event);
        }
    }
    events
}

fn one<'a>(partition: usize, raw: &'a Raw, logged: &HashMap<&str, usize>) -> Published<'a> {
    let text = |name| raw.header(name).unwrap_or_default().to_owned();
    let id = text("ce_id");
    Published {
        partition,
        offset: raw.offset,
        logged: logged.get(id.as_str()).copied(),
        id,
        kind: text("ce_type"),
        key: String::from_utf8_lossy(&raw.key).into_owned(),
        position: text("ce_position"),
        time: text("ce_time").parse().ok(),
        data: raw.value.as_deref().unwrap_or_default(),
    }
}
