//! What a processor emits and writes down. Events leave through the outbox: stored with the rows they speak of, in one
//! transaction, then published in order. Audit rows take the same way into `audit_logs`.

use chrono::{DateTime, Utc};

use crate::audit::{Audit, json};
use crate::event::{Event, Subject};

/// An event that waits to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// [`Event::TYPE`].
    pub event_type: &'static str,
    /// [`Event::VERSION`].
    pub version: i32,
    /// What it is about.
    pub subject: Subject,
    /// When it became true, by the task's clock.
    pub time: DateTime<Utc>,
    /// The data, as JSON.
    pub data: String,
}

/// Collects the events and audit rows of one decision after the other.
#[derive(Debug, Default)]
pub struct Outbox {
    emitted: Vec<Emitted>,
    audits: Vec<Audit>,
}

impl Outbox {
    /// Emits an event that became true at `time`. Its id is derived from its position in the stream, so it is the same
    /// after any crash.
    pub fn emit<E: Event>(&mut self, time: DateTime<Utc>, event: &E) {
        let (event_type, version, subject) = (E::TYPE, E::VERSION, event.subject());
        self.emitted.push(Emitted { event_type, version, subject, time, data: json(event) });
    }

    /// Writes a decision down.
    pub fn audit(&mut self, audit: Audit) {
        self.audits.push(audit);
    }

    /// Takes what was emitted since the last call, in order.
    pub fn take(&mut self) -> Vec<Emitted> {
        std::mem::take(&mut self.emitted)
    }

    /// Takes what was written down since the last call, in order.
    pub fn take_audits(&mut self) -> Vec<Audit> {
        std::mem::take(&mut self.audits)
    }
}
