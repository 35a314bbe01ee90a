//! What the feed hands on: the pieces that are applied, and committed, as a whole.

use contract::Rejected;

use super::control::Control;
use super::key::RowKey;
use super::progress::Progress;

/// One piece of the stream. Committing it moves the offset to `resume`.
#[derive(Debug)]
pub struct Unit<E> {
    /// What to do.
    pub step: Step<E>,
    /// The record that closed it.
    pub closed_by: Mark,
    /// Where to read on from once this is committed: the BEGIN of an open transaction, or just behind.
    pub resume: i64,
    /// All records up to here have been read.
    pub seen: i64,
    /// What has been applied, this unit included.
    pub progress: Progress,
    /// Whether a batch may end with it. If not, it commits together with the next.
    pub cut: bool,
}

impl<E> Unit<E> {
    /// Wanted rows in it. A record that is kept whole because it could not be used weighs as much as its size: one row per
    /// kilobyte.
    pub fn rows(&self) -> usize {
        match &self.step {
            Step::Transaction { rows, .. } | Step::Part { rows, .. } | Step::Snapshot { rows, .. } => {
                rows.len() + rows.letters.iter().map(Letter::kilobytes).sum::<usize>()
            }
            Step::Unreadable { letter } => letter.kilobytes(),
            _ => 0,
        }
    }
}

/// What to do with a unit.
#[derive(Debug)]
pub enum Step<E> {
    /// The first record of a log that was never read before: what the log is known by from now on.
    Begin,
    /// A source transaction, each row in its last version, committed at `time` (ms since 1970).
    Transaction {
        /// The rows.
        rows: Bulk<E>,
        /// Commit time; [`i64::MIN`] where there is none (an incremental snapshot's row).
        time: i64,
    },
    /// A large transaction: which records to read again, in order of offset, between its first record and its END.
    Large {
        /// Offset of its first record.
        first: i64,
        /// Offsets of the rows' last versions.
        offsets: Vec<i64>,
        /// Commit time.
        time: i64,
    },
    /// A part of a large transaction. The last part is a [`Step::Transaction`].
    Part {
        /// Some of its rows.
        rows: Bulk<E>,
        /// Commit time.
        time: i64,
    },
    /// Some rows of a snapshot.
    Snapshot {
        /// Tables that are brought anew from here on, each with the offset of its first row.
        begins: Vec<(String, i64)>,
        /// The rows.
        rows: Bulk<E>,
    },
    /// The snapshot's end.
    SnapshotEnd {
        /// Tables that turned out to be empty.
        absent: Vec<&'static str>,
        /// When it was read (ms since 1970).
        time: i64,
    },
    /// Something that Ledgerwell itself wrote into the stream.
    Control {
        /// What it says.
        control: Control,
        /// Its offset in the control topic, if it came from there.
        offset: Option<i64>,
    },
    /// A record that could not be read, outside any transaction.
    Unreadable {
        /// What is kept of it.
        letter: Letter,
    },
    /// Nothing to apply: the end of the log, for now.
    Advance,
}

/// Rows, and those that could not be decoded.
#[derive(Debug)]
pub struct Bulk<E> {
    /// The events.
    pub events: Vec<E>,
    /// The rows that could not be used.
    pub letters: Vec<Letter>,
    /// The identities of all rows, for dead letters that they supersede, with the offset of their last version.
    pub keys: Vec<(RowKey, i64)>,
}

impl<E> Default for Bulk<E> {
    fn default() -> Self {
        Self { events: Vec::new(), letters: Vec::new(), keys: Vec::new() }
    }
}

impl<E> Bulk<E> {
    /// Rows in it.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// A record that could not be used.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Where it is.
    pub mark: Mark,
    /// Whose row it is, if that much could be read.
    pub row: Option<RowKey>,
    /// The row's key columns, as JSON.
    pub row_key: String,
    /// Why.
    pub reason: Rejected,
    /// The record's key, as it came.
    pub key: Option<Vec<u8>>,
    /// The record's value, as it came.
    pub value: Option<Vec<u8>>,
}

impl Letter {
    fn kilobytes(&self) -> usize {
        let size = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        (size(&self.key) + size(&self.value)) / 1_024
    }
}

/// A record's place, and what to know it by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Its offset.
    pub offset: i64,
    /// Its Kafka timestamp, in milliseconds since 1970.
    pub timestamp: i64,
    /// Hash of its key and value.
    pub hash: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_letter_weighs_as_much_as_many_rows() {
        let letter = Letter {
            mark: Mark::default(),
            row: None,
            row_key: String::new(),
            reason: Rejected::record("a change", "noise"),
            key: None,
            value: Some(vec![b'x'; 20_480]),
        };
        let (closed_by, progress) = (Mark::default(), Progress::default());
        let unit =
            |step| Unit::<()> { step, closed_by, resume: 0, seen: 0, progress: progress.clone(), cut: true };
        let rows = Bulk { letters: vec![letter.clone(), letter.clone()], ..Bulk::default() };
        assert_eq!(unit(Step::Transaction { rows, time: 0 }).rows(), 40);
        assert_eq!(unit(Step::Unreadable { letter }).rows(), 20);
    }
}
