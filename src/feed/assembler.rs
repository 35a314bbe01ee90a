//! Folds records into deliveries: a state machine without Kafka, Postgres or clock.
//!
//! A connector that was killed leaves truncated transactions and emits some again, even from their middle, so a
//! transaction is judged at its END and its rows are merged by their number in it (docs/protocol.md, "What a
//! transaction is"). The state is a function of the log from the last `resume` on and of [`Progress`]: a restart gives
//! the same deliveries.

mod content;
mod held;
mod snapshot;
mod transaction;

use std::collections::VecDeque;

use contract::{Change, Decode, Failure, Rejected};

use self::content::{dead_letter, decoded};
use self::held::Held;
use self::snapshot::{Chunk, is_snapshot};
use self::transaction::Open;
use super::control::Control;
use super::delivery::{Delivery, RecordRef, RowBatch, Step};
use super::envelope::{self, Glance, Origin, Record};
use super::input::{Counts, Input};
use super::key::RowKey;
use super::progress::{Position, Progress};

/// See the module. `R` is what a processor reads.
pub struct Assembler<R> {
    /// Rows from which on a transaction is read twice rather than held.
    large: usize,
    progress: Progress,
    /// Whether any record of this log has been read before.
    begun: bool,
    /// Whether the record before was a snapshot's row. At a start that is not known, and taken for so.
    in_snapshot: bool,
    /// Why the log cannot be followed any further, until a new snapshot begins in it …
    lost: Option<String>,
    /// … and what people have asked for and set meanwhile: it counts from then on.
    waiting: Vec<(Step<R>, RecordRef)>,
    open: Option<Open<R>>,
    /// Records of the open transaction.
    held: Held,
    chunk: Chunk<R>,
    ready: VecDeque<Delivery<R>>,
    counts: Counts,
}

impl<R: Decode> Assembler<R> {
    /// Goes on from `progress`, or begins with the log where `progress` is `None`. A transaction of more than `large`
    /// wanted rows is read twice.
    pub fn new(progress: Option<Progress>, large: usize) -> Self {
        let begun = progress.is_some();
        let progress = progress.unwrap_or_default();
        let chunk = Chunk { begins: Vec::new(), rows: RowBatch::default(), last: RecordRef::default() };
        let (ready, counts) = (VecDeque::new(), Counts::default());
        Self {
            large,
            progress,
            begun,
            in_snapshot: true,
            lost: None,
            waiting: Vec::new(),
            open: None,
            held: Held::default(),
            chunk,
            ready,
            counts,
        }
    }

    /// The next delivery, if one is complete.
    pub fn next_delivery(&mut self) -> Option<Delivery<R>> {
        self.ready.pop_front()
    }

    /// What was read since the last call.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// The end of the log is reached for now, all before `next` has been read: what can go out does.
    ///
    /// # Errors
    /// [`Failure::Permanent`] when the log could not be followed to here; the text says why and what to do.
    pub fn flush(&mut self, next: i64) -> Result<(), Failure> {
        if let Some(why) = &self.lost {
            return Err(Failure::permanent(why.clone()));
        }
        self.close_chunk();
        let resume = self.open.as_ref().map_or(next, |open| open.first);
        // A record at offset -1 closes nothing: the checkpoint keeps the one it has.
        let closed_by = RecordRef { offset: -1, ..RecordRef::default() };
        self.ready.push_back(Delivery {
            step: Step::Advance,
            closed_by,
            resume,
            seen: next,
            progress: self.progress.clone(),
            may_commit: true,
        });
        Ok(())
    }

    /// Takes in one record. Where the log cannot be followed any further, what comes is skipped until a new snapshot
    /// begins; if none does, [`Self::flush`] says so at the end of the log.
    pub fn push(&mut self, input: &Input<'_>) {
        if !self.begun {
            self.begun = true;
            self.emit(Step::Begin, input.record_ref(), input.offset, true);
        }
        if self.lost.is_none()
            && let Some(value) = input.value
            && let Some(seen) = envelope::glance(input.key, value, |table| Self::wants(table))
        {
            return self.take_in_seen(seen, input);
        }
        let record = envelope::read(input.key, input.value, input.kind);
        if self.lost.is_some() {
            let begins = matches!(&record, Ok(Record::Row { origin: Origin::Snapshot { marker, .. }, .. })
                if self.begins_snapshot(marker, input.offset));
            if !begins {
                self.in_snapshot = is_snapshot(&record);
                return self.pass_by(&record, None, input.record_ref());
            }
            self.lost = None;
        }
        let in_snapshot = is_snapshot(&record);
        if let Err(failure) = self.take_in(record, input) {
            self.close_chunk();
            self.open = None;
            self.lost = Some(failure.to_string());
        }
        self.in_snapshot = in_snapshot;
        if self.lost.is_none() && !self.waiting.is_empty() {
            self.answer(input.offset + 1);
        }
    }

    /// A change of a transaction, the most usual record.
    fn take_in_seen(&mut self, seen: Glance<'_>, input: &Input<'_>) {
        match seen {
            Glance::Unwanted { transaction, order } => self.pass_over(transaction, order, input.offset),
            Glance::Wanted { seen, transaction, order } => {
                self.in_snapshot = false;
                self.close_chunk();
                self.counts.changes += 1;
                self.hold_row(&seen, transaction, order, input);
            }
        }
    }

    /// A new snapshot has begun behind a loss: what people asked for and set meanwhile commits together with its first row.
    fn answer(&mut self, next: i64) {
        self.close_chunk();
        if let Some(delivery) = self.ready.back_mut() {
            delivery.may_commit = false;
        }
        let waiting = std::mem::take(&mut self.waiting);
        self.release(waiting, next);
    }

    /// A record behind a loss leads to nothing, but nobody who asked for something is left without an answer, and what rules were
    /// set is in force when something is decided again.
    fn pass_by(&mut self, record: &Result<Record<'_>, Rejected>, offset: Option<i64>, closed_by: RecordRef) {
        if let Ok(Record::Control { kind, value }) = record
            && let Ok(Some(control @ (Control::Request(_) | Control::Rules(_)))) = Control::read(kind, value)
        {
            return self.waiting.push((Step::Control { control, offset }, closed_by));
        }
        self.counts.skip("behind a loss", 1);
    }

    fn take_in(&mut self, record: Result<Record<'_>, Rejected>, input: &Input<'_>) -> Result<(), Failure> {
        match record {
            Ok(Record::Begin { transaction, behind }) => {
                self.close_chunk();
                if self.open.as_ref().is_none_or(|open| open.transaction != transaction) {
                    self.open(transaction, input.offset);
                    if let Some(open) = &mut self.open {
                        open.new = self.progress.high.is_none_or(|high| behind >= high.commit);
                    }
                }
            }
            Ok(Record::End { transaction, position, changes, time }) => {
                self.close_chunk();
                self.end(transaction, Position { commit: position, time }, changes, input)?;
            }
            Ok(Record::Row { change, origin }) => self.row(&change, origin, input)?,
            Ok(Record::Control { kind, value }) => match Control::read(kind, value) {
                Ok(Some(control)) => self.ride(Step::Control { control, offset: None }, input.record_ref()),
                Ok(None) => self.counts.skip("unknown control record", 1),
                Err(reason) => self.unreadable(reason, input),
            },
            Ok(Record::Truncate { table, origin }) => {
                if Self::wants(table.as_bytes()).is_some() {
                    return Err(Failure::permanent(format!(
                        "offset {}: table {table} was truncated, so its rows are not known any more; \
                         take a new snapshot of it",
                        input.offset
                    )));
                }
                if let Origin::Transaction { transaction, order } = origin {
                    self.pass_over(transaction, order, input.offset);
                }
            }
            Ok(Record::Skipped(reason)) => self.counts.skip(reason, 1),
            Err(reason) => self.unreadable(reason, input),
        }
        Ok(())
    }

    /// Takes in one record of the source's control topic; `next` is where the log of changes is.
    pub fn push_control(&mut self, input: &Input<'_>, next: i64) {
        let record = envelope::read(input.key, input.value, input.kind);
        let closed_by = RecordRef { offset: -1, ..RecordRef::default() };
        if self.lost.is_some() {
            // Whatever goes out now would move the offset behind the loss.
            return self.pass_by(&record, Some(input.offset), closed_by);
        }
        self.close_chunk();
        let control = match record {
            Ok(Record::Control { kind, value }) => Control::read(kind, value).ok().flatten(),
            _ => None,
        };
        match control {
            Some(control) => {
                self.emit(Step::Control { control, offset: Some(input.offset) }, closed_by, next, true);
            }
            None => self.counts.skip("unknown control record", 1),
        }
    }

    fn wants(table: &[u8]) -> Option<&'static str> {
        R::TABLES.iter().copied().find(|wanted| wanted.as_bytes() == table)
    }

    fn release(&mut self, riders: Vec<(Step<R>, RecordRef)>, next: i64) {
        let count = riders.len();
        for (n, (step, record)) in riders.into_iter().enumerate() {
            self.emit(step, record, next, n + 1 == count);
        }
    }

    fn emit(&mut self, step: Step<R>, closed_by: RecordRef, next: i64, may_commit: bool) {
        let resume = self.open.as_ref().map_or(next, |open| open.first);
        self.ready.push_back(Delivery {
            step,
            closed_by,
            resume,
            seen: next,
            progress: self.progress.clone(),
            may_commit,
        });
    }

    /// Sends a step out now, or behind the open transaction.
    fn ride(&mut self, step: Step<R>, record: RecordRef) {
        self.close_chunk();
        match &mut self.open {
            Some(open) => open.riders.push((step, record)),
            None => self.emit(step, record, record.offset + 1, true),
        }
    }

    fn unreadable(&mut self, reason: Rejected, input: &Input<'_>) {
        let dead_letter = dead_letter(reason, None, String::new(), input);
        match &mut self.open {
            Some(open) => {
                open.order.see_unreadable();
                open.unreadable.push(dead_letter);
            }
            None => self.ride(Step::Unreadable { dead_letter }, input.record_ref()),
        }
    }

    fn row(&mut self, change: &Change<'_>, origin: Origin<'_>, input: &Input<'_>) -> Result<(), Failure> {
        self.counts.changes += 1;
        match origin {
            Origin::Transaction { transaction, order } => {
                self.close_chunk();
                self.transaction_row(change, transaction, order, input);
            }
            Origin::Snapshot { marker: "incremental", .. } => {
                if let Some(table) = Self::wants(change.table.as_bytes()) {
                    let mut rows = RowBatch::default();
                    self.decode_into(&mut rows, table, change, input);
                    self.ride(Step::Transaction { rows, time: i64::MIN }, input.record_ref());
                } else {
                    self.counts.skip("other table", 1);
                }
            }
            Origin::Snapshot { marker, time } => self.snapshot_row(change, marker, time, input),
            Origin::Unordered => {
                return Err(Failure::permanent(format!(
                    "offset {}: a change of {} without transaction metadata; set provide.transaction.metadata=true \
                     in the connector and take a new snapshot",
                    input.offset, change.table
                )));
            }
        }
        Ok(())
    }

    fn decode_into(
        &mut self,
        rows: &mut RowBatch<R>,
        table: &'static str,
        change: &Change<'_>,
        input: &Input<'_>,
    ) {
        let key = RowKey::new(table, change.key);
        let decoded = decoded(&mut self.counts, table, key, change, input);
        rows.push(key, input.offset, decoded);
    }

    /// Decodes the records of a large transaction on their second reading.
    pub fn decode_again(&mut self, rows: &mut RowBatch<R>, input: &Input<'_>) {
        match envelope::read(input.key, input.value, input.kind) {
            Ok(Record::Row { change, .. }) => {
                if let Some(table) = Self::wants(change.table.as_bytes()) {
                    self.decode_into(rows, table, &change, input);
                }
            }
            Ok(_) => {}
            Err(reason) => rows.dead_letters.push(dead_letter(reason, None, String::new(), input)),
        }
    }
}

/// Decodes one record by itself, whatever is around it: the record of a dead letter that is read again.
///
/// # Errors
/// Why it still cannot be used.
pub fn decode_alone<R: Decode>(input: &Input<'_>) -> Result<(RowKey, Option<R>), Rejected> {
    match envelope::read(input.key, input.value, input.kind)? {
        Record::Row { change, .. } if R::TABLES.contains(&change.table) => {
            Ok((RowKey::new(change.table, change.key), R::decode(&change)?))
        }
        _ => Err(Rejected::record("a change of a table that the processor reads", "something else")),
    }
}

#[cfg(test)]
mod tests;
