//! What the assembler hands on.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::log::Row;

/// How much of a snapshot has been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Waiting,
    Running,
    Complete,
}

/// A piece that counts as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// The record that closes it.
    pub(crate) offset: i64,
    pub(crate) contents: Contents,
    /// Whether the last snapshot was complete when it came, and nothing was lost since.
    pub(crate) complete: bool,
}

/// What a delivery brings.
#[derive(Clone, Debug)]
pub(crate) enum Contents {
    /// Rows in order, and the commit time.
    Transaction { rows: Vec<Row>, time: DateTime<Utc> },
    /// A row of a snapshot; the first one of its table in this snapshot replaces what the table held.
    SnapshotRow { row: Row, first_of_table: bool },
    /// Tables that the snapshot did not bring and that are empty therefore, its time, and the clock that it makes up for where that
    /// was wrong.
    SnapshotEnd { empty: Vec<String>, time: Option<DateTime<Utc>>, wrong_clock: Option<DateTime<Utc>> },
    /// A row of an incremental snapshot.
    Upsert(Row),
    /// A control record.
    Control { name: String, value: Value },
}
