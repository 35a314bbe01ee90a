//! A state that anybody could see, as the observer writes it down.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What was there at one and the same instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State<T> {
    pub(crate) version: i32,
    pub(crate) next_offset: i64,
    pub(crate) control_offset: i64,
    pub(crate) out_seq: i64,
    pub(crate) snapshot: String,
    pub(crate) clock: Option<DateTime<Utc>>,
    /// How many rows `audit_logs` has.
    pub(crate) audit: i64,
    /// What the processor's tables held.
    #[serde(flatten)]
    pub(crate) sample: T,
}

impl<T> State<T> {
    /// Whether it may be compared: a snapshot was complete.
    pub(crate) fn is_complete(&self) -> bool {
        self.snapshot == "complete" && self.clock.is_some()
    }
}

/// Reads all states. A last line that is not whole was cut off with its observer.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<State<T>>, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::File(path.to_owned(), error))?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .enumerate()
        .map(|(number, line)| {
            serde_json::from_str(line).map_err(|error| Error::Line(path.to_owned(), number + 1, error))
        })
        .collect()
}
