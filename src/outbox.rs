//! Events on their way out: stored in the batch's transaction, published in order by the drain.

mod abandoned;
mod agreement;
mod chain;
mod drain;
mod progress;
mod stored;

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use contract::Emitted;
use uuid::Uuid;

use crate::task::TaskId;

pub use agreement::{drop_unpublishable, published_version};
pub use chain::Chain;
pub use drain::{Drain, Notifier};
pub use stored::insert;

/// Namespace of event ids.
const EVENT: Uuid = Uuid::from_u128(0x2b8e_07d4_5a1f_4c39_9d60_f37a_81c4_0e55);

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OutboxRow {
    /// Its number, without gaps per task.
    pub out_seq: i64,
    /// Identity of the content of the source's topic.
    #[sqlx(rename = "incarnation")]
    pub topic_generation: Uuid,
    /// Its id, the same after any crash and however the stream is cut into batches.
    pub event_id: Uuid,
    /// `ce_type`.
    pub event_type: String,
    /// Version of the shape of its data: the last part of `ce_dataschema`.
    pub schema_version: i32,
    /// `<source>/<company>/<entity>`.
    pub key: String,
    /// `<offset of the record that closed the delivery>.<number within it>`: orders events of different processors. The offset
    /// of a record in the control topic has a `c` before it.
    pub position: String,
    /// When it became true, by the task's clock.
    pub time: DateTime<Utc>,
    /// The data, as JSON.
    pub data: String,
    /// The chain of ids up to this one; `None` where an older program has stored it.
    #[sqlx(skip)]
    pub chain: Option<Chain>,
}

/// The record that closed the delivery of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// At this offset of the source's topic.
    Change(i64),
    /// At this offset of its control topic.
    Control(i64),
}

impl fmt::Display for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change(offset) => write!(f, "{offset}"),
            Self::Control(offset) => write!(f, "c{offset}"),
        }
    }
}

impl FromStr for Closing {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix('c') {
            Some(offset) => offset.parse().map(Self::Control),
            None => text.parse().map(Self::Change),
        }
    }
}

/// Gives an event its identity: UUIDv5 of processor, version, source, the topic's identity, and its position in the
/// stream. `chain` is that up to the event before it.
pub fn row(
    task: &TaskId,
    topic_generation: Uuid,
    closing: Closing,
    number: u32,
    (out_seq, chain): (i64, Chain),
    event: Emitted,
) -> OutboxRow {
    let position = format!("{closing}.{number}");
    let name = format!("{}/{}/{}/{topic_generation}/{position}", task.processor, task.version, task.source);
    let event_id = Uuid::new_v5(&EVENT, name.as_bytes());
    OutboxRow {
        out_seq,
        topic_generation,
        event_id,
        event_type: event.event_type.to_owned(),
        schema_version: event.version,
        key: event.subject.key(&task.source),
        position,
        time: event.time,
        data: event.data,
        chain: Some(chain.then(event_id)),
    }
}

#[cfg(test)]
mod tests {
    use contract::Subject;

    use super::*;

    #[test]
    fn an_events_id_depends_on_its_place_in_the_stream_alone() {
        let task = TaskId {
            processor: "example",
            version: 1,
            source: "odoo".into(),
            topic: "odoo.changes".into(),
            partition: 0,
        };
        let event = Emitted {
            event_type: "exposure_changed",
            version: 1,
            subject: Subject::in_company(1, "partner-7"),
            time: DateTime::default(),
            data: "{}".into(),
        };
        let row = |number, out_seq| {
            let place = (out_seq, Chain::behind(0));
            row(&task, Uuid::default(), Closing::Change(42), number, place, event.clone())
        };
        assert_eq!((row(1, 5).key.as_str(), row(1, 5).position.as_str()), ("odoo/1/partner-7", "42.1"));
        assert_eq!(row(1, 5).event_id, row(1, 900).event_id);
        assert_ne!(row(1, 5).event_id, row(2, 5).event_id);
        for closing in [Closing::Change(42), Closing::Control(7)] {
            assert_eq!(closing.to_string().parse(), Ok(closing));
        }
    }
}
