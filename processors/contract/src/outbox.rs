//! What a processor tells the world. Events leave through the outbox: stored with the rows they speak of, in one
//! transaction, then published in order. Audit rows take the same way into `audit_logs`.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::audit::{Audit, json};

/// An event waiting to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// What happened: `exposure_changed`. It becomes `ce_type`.
    pub event_type: &'static str,
    /// Root company and entity of the event; its key is `<source>/<company>/<entity>`, and order holds per key.
    pub company: i32,
    /// The entity, as a natural key: `partner-17`.
    pub entity: String,
    /// When it became true, by the unit's clock.
    pub time: DateTime<Utc>,
    /// The data, as JSON.
    pub data: String,
}

/// Collects the events of one decision after the other.
#[derive(Debug, Default)]
pub struct Outbox {
    emitted: Vec<Emitted>,
    audits: Vec<Audit>,
}

impl Outbox {
    /// Emits an event. Its id is derived from its place in the stream, so it is the same after any crash. `data` is a
    /// plain struct, which always serialises.
    pub fn emit(
        &mut self,
        event_type: &'static str,
        company: i32,
        entity: String,
        time: DateTime<Utc>,
        data: &impl Serialize,
    ) {
        self.emitted.push(Emitted { event_type, company, entity, time, data: json(data) });
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
