//! What the feed hands on: the pieces that are applied, and committed, as a whole.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contract::{Decode, Fold, Partial, Processor, Rejected};

use super::control::Control;
use super::key::RowKey;
use super::progress::Progress;
use crate::clock;

/// One piece of the stream. Committing it moves the offset to `resume`.
#[derive(Debug)]
pub struct Delivery<E> {
    /// What to do.
    pub step: Step<E>,
    /// The record that closed it.
    pub closed_by: RecordRef,
    /// Where to read on from once this is committed: the BEGIN of an open transaction, or just behind.
    pub resume: i64,
    /// All records up to here have been read.
    pub seen: i64,
    /// What has been applied, this delivery included.
    pub progress: Progress,
    /// What the transaction that it applies is known by when it comes again.
    pub applied: Option<u64>,
    /// Whether a batch may end with it. If not, it commits together with the next.
    pub may_commit: bool,
}

impl<E> Delivery<E> {
    /// The time that comes with it, where what falls due before that is decided first.
    pub fn time(&self) -> Option<DateTime<Utc>> {
        match &self.step {
            Step::Transaction { time, .. } | Step::Part { time, .. } => commit_time(*time),
            Step::Control { control: Control::Tick(tick), .. } => Some(tick.time),
            _ => None,
        }
    }

    /// The offset in the control topic, where it is a record of that.
    pub fn control_offset(&self) -> Option<i64> {
        match self.step {
            Step::Control { offset, .. } => offset,
            _ => None,
        }
    }

    /// Wanted rows in it. A record that is stored whole because it could not be used weighs as much as its size: one
    /// row per kilobyte.
    pub fn rows(&self) -> usize {
        match (&self.step, self.step.rows()) {
            (_, Some(rows)) => {
                rows.len() + rows.dead_letters.iter().map(DeadLetter::kilobytes).sum::<usize>()
            }
            (Step::Unreadable { dead_letter }, _) => dead_letter.kilobytes(),
            _ => 0,
        }
    }
}

/// What to do with a delivery.
#[derive(Debug)]
pub enum Step<E> {
    /// The first record of a log that was never read before: what the log is known by from now on.
    Begin,
    /// A source transaction, each row in its last version, committed at `time` (ms since 1970).
    Transaction {
        /// The rows.
        rows: RowBatch<E>,
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
        rows: RowBatch<E>,
        /// Commit time.
        time: i64,
    },
    /// Some rows of a snapshot.
    Snapshot {
        /// Tables that are brought again from here on, each with the offset of its first row.
        begins: Vec<(&'static str, i64)>,
        /// The rows.
        rows: RowBatch<E>,
    },
    /// The snapshot's end.
    SnapshotEnd {
        /// Tables that turned out to be empty.
        absent: Vec<&'static str>,
        /// When it was read (ms since 1970); [`i64::MIN`] where that is not known.
        time: i64,
        /// A whole snapshot makes up for a clock that was wrong: where this is the latest time that was folded (ms since 1970), it
        /// never was a time of the source's.
        wrong_clock: Option<i64>,
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
        /// What is stored of it.
        dead_letter: DeadLetter,
    },
    /// Nothing to apply: the end of the log, for now.
    Advance,
}

/// What a fold leaves to whoever drives it.
#[derive(Debug)]
pub enum Left {
    /// Rows that could not be used.
    DeadLetters(Vec<DeadLetter>),
    /// What a control record means depends on more than the fold.
    Control(Control),
}

impl<R> Step<R> {
    /// The rows that it brings.
    pub(super) fn rows(&self) -> Option<&RowBatch<R>> {
        match self {
            Self::Transaction { rows, .. } | Self::Part { rows, .. } | Self::Snapshot { rows, .. } => {
                Some(rows)
            }
            _ => None,
        }
    }
}

impl<R: Decode> Step<R> {
    /// Folds it into a processor.
    pub fn fold<P: Processor<RowChange = R>>(self, fold: &mut Fold<P>) -> Left {
        let mut dead_letters = Vec::new();
        match self {
            Self::Transaction { rows, time } => {
                let time = commit_time(time);
                fold.part(rows.changes, time);
                dead_letters = complete(rows.partials, fold);
                fold.transaction([], time);
            }
            Self::Part { rows, time } => {
                fold.part(rows.changes, commit_time(time));
                dead_letters = complete(rows.partials, fold);
            }
            Self::Snapshot { begins, rows } => {
                for (table, _) in &begins {
                    fold.clear_table(table);
                }
                fold.apply(rows.changes);
                dead_letters = complete(rows.partials, fold);
            }
            Self::SnapshotEnd { absent, time, wrong_clock } => {
                for table in absent {
                    fold.clear_table(table);
                }
                if let Some(wrong) = wrong_clock
                    && let Some(time) = commit_time(time)
                {
                    fold.set_back(clock::from_millis(wrong), time);
                }
                fold.snapshot_end(commit_time(time));
            }
            Self::Control { control, .. } => return Left::Control(control),
            // The reader turns a large transaction into parts; the others hold nothing for a processor.
            Self::Begin | Self::Large { .. } | Self::Unreadable { .. } | Self::Advance => {}
        }
        Left::DeadLetters(dead_letters)
    }
}

/// Applies rows of which some values were not sent. Those whose values are not known from before are answered.
fn complete<P: Processor>(
    partials: BTreeMap<RowKey, Vec<PartialRow<P::RowChange>>>,
    fold: &mut Fold<P>,
) -> Vec<DeadLetter> {
    let partials = partials.into_values().flatten();
    let unknown = partials.filter_map(|PartialRow { partial, otherwise }| {
        let known = fold.apply_partial(partial);
        (!known).then_some(otherwise)
    });
    unknown.collect()
}

/// A time in milliseconds since 1970; [`i64::MIN`] stands for none.
fn commit_time(millis: i64) -> Option<DateTime<Utc>> {
    (millis != i64::MIN).then(|| clock::from_millis(millis))
}

/// Rows, and those that could not be decoded.
#[derive(Debug)]
pub struct RowBatch<E> {
    /// What the rows decode to.
    pub changes: Vec<E>,
    /// The rows that could not be used.
    pub dead_letters: Vec<DeadLetter>,
    /// The identities of these rows, for dead letters that they supersede, with their offsets.
    pub keys: Vec<(RowKey, i64)>,
    /// Rows that came without some of their values, behind the changes: in order, for each row.
    pub partials: BTreeMap<RowKey, Vec<PartialRow<E>>>,
    /// Wanted columns that these rows came without, each behind its table.
    pub missing_columns: BTreeSet<(&'static str, &'static str)>,
}

/// A row of which some values were not sent.
#[derive(Debug)]
pub struct PartialRow<E> {
    /// It, without them.
    pub partial: Partial<E>,
    /// What is stored of it where they are not known from before.
    pub otherwise: DeadLetter,
}

impl<E> Default for RowBatch<E> {
    fn default() -> Self {
        Self {
            changes: Vec::new(),
            dead_letters: Vec::new(),
            keys: Vec::new(),
            partials: BTreeMap::new(),
            missing_columns: BTreeSet::new(),
        }
    }
}

impl<E> RowBatch<E> {
    /// Rows in it.
    pub fn len(&self) -> usize {
        self.keys.len() + self.partials.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.partials.is_empty() && self.missing_columns.is_empty()
    }
}

/// A record that could not be used.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// Where it is.
    pub record: RecordRef,
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

impl DeadLetter {
    fn kilobytes(&self) -> usize {
        let size = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        (size(&self.key) + size(&self.value)) / 1_024
    }
}

/// A record's offset, and what to know it by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordRef {
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
    fn a_large_dead_letter_weighs_as_much_as_many_rows() {
        let dead_letter = DeadLetter {
            record: RecordRef::default(),
            row: None,
            row_key: String::new(),
            reason: Rejected::record("a change", "noise"),
            key: None,
            value: Some(vec![b'x'; 20_480]),
        };
        let (closed_by, progress) = (RecordRef::default(), Progress::none(&[]));
        let delivery = |step| Delivery::<()> {
            step,
            closed_by,
            resume: 0,
            seen: 0,
            progress: progress.clone(),
            applied: None,
            may_commit: true,
        };
        let rows =
            RowBatch { dead_letters: vec![dead_letter.clone(), dead_letter.clone()], ..RowBatch::default() };
        assert_eq!(delivery(Step::Transaction { rows, time: 0 }).rows(), 40);
        assert_eq!(delivery(Step::Unreadable { dead_letter }).rows(), 20);
    }
}
