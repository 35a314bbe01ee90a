//! What a processor tells the world. Events leave through the outbox: stored with the rows they speak of, in one
//! transaction, then published in order.

use chrono::{DateTime, Utc};
use serde::Serialize;

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
        let data = serde_json::to_string(data).unwrap_or_else(|_| "null".into());
        self.emitted.push(Emitted { event_type, company, entity, time, data });
    }

    /// Takes what was emitted since the last call, in order.
    pub fn take(&mut self) -> Vec<Emitted> {
        std::mem::take(&mut self.emitted)
    }
}
