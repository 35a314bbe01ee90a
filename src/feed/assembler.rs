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

use contract::control::Tick;
use contract::{Change, Decode, Decoded, Format, Missing, Rejected};

use self::content::{dead_letter, decoded};
use self::held::Held;
use self::snapshot::Chunk;
use self::transaction::Open;
use super::control::{self, Control};
use super::delivery::{Delivery, RecordRef, RowBatch, Step};
use super::envelope::{self, Origin, Record};
use super::glance::{Glance, glance};
use super::input::{Counts, Input};
use super::key::RowKey;
use super::progress::{Position, Progress};
use super::recent::Recent;
use super::tables::Tables;
use crate::clock;

/// See the module. `R` is what a processor reads.
pub struct Assembler<R> {
    /// Rows from which on a transaction is read twice rather than held.
    large: usize,
    format: Format,
    progress: Progress,
    recent: Recent,
    /// Whether any record of this log has been read before.
    begun: bool,
    open: Option<Open<R>>,
    /// Records of the open transaction.
    held: Held,
    chunk: Chunk<R>,
    ready: VecDeque<Delivery<R>>,
    counts: Counts,
}

/// A commit time may be so far ahead of its record's Kafka timestamp, in milliseconds: the clocks of two servers differ a little.
const AHEAD: i64 = 5 * 60 * 1_000;
/// Why control records of another deployment lead to nothing.
const OTHER_DEPLOYMENT: &str = "control record of another deployment";

/// A record at offset -1 closes nothing: the checkpoint keeps the one it has.
const NO_RECORD: RecordRef = RecordRef { offset: -1, timestamp: 0, hash: 0 };

impl<R: Decode> Assembler<R> {
    /// Goes on from `progress`, or begins with the log where `progress` is `None`. A transaction of more than `large`
    /// wanted rows is read twice.
    pub fn new(progress: Option<Progress>, large: usize) -> Self {
        Self {
            large,
            format: Format::default(),
            begun: progress.is_some(),
            progress: progress.unwrap_or_else(|| Progress::none(R::TABLES)),
            recent: Recent::default(),
            open: None,
            held: Held::default(),
            chunk: Chunk::default(),
            ready: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// With the transactions that were applied last.
    #[must_use]
    pub fn with_recent(self, recent: Recent) -> Self {
        Self { recent, ..self }
    }

    /// Of a connector that is set up like this, rather than as usual.
    #[must_use]
    pub fn of_format(self, format: &Format) -> Self {
        Self { format: format.clone(), ..self }
    }

    /// The next delivery, if one is complete.
    pub fn next_delivery(&mut self) -> Option<Delivery<R>> {
        self.ready.pop_front()
    }

    /// What was read since the last call.
    pub fn take_counts(&mut self) -> Counts {
        self.counts.take()
    }

    /// The end of the log is reached for now, all before `next` has been read: what can go out does.
    pub fn flush(&mut self, next: i64) {
        self.close_chunk();
        self.emit(Step::Advance, NO_RECORD, next, true);
    }

    /// What is lost of the log up to here, in words; nobody should wait for it to come.
    pub fn lost(&self) -> Option<String> {
        self.progress.unknown()
    }

    /// Takes in one record.
    pub fn push(&mut self, input: &Input<'_>) {
        if !self.begun {
            self.begun = true;
            self.emit(Step::Begin, input.record_ref(), input.offset, true);
        }
        if let Some(value) = input.value
            && let Some(seen) = glance(input.key, value, &self.format.schema, Self::wants)
        {
            return match seen {
                Glance::Unwanted(place) => self.pass_over(place, input),
                Glance::Wanted(seen, place) => {
                    self.hold_row(&seen, place, input);
                }
            };
        }
        match envelope::read(input.key, input.value, input.kind, &self.format) {
            Ok(record) => self.take_in(record, input),
            Err(reason) => self.unreadable(reason, input),
        }
    }

    fn take_in(&mut self, record: Record<'_>, input: &Input<'_>) {
        match record {
            Record::Begin { transaction, behind } => self.begin(transaction, behind, input),
            Record::End { transaction, position, changes, time } => {
                self.end(transaction, Position { commit: position, time }, &changes, input);
            }
            Record::Row { change, origin } => self.row(&change, origin, input),
            Record::Foreign(place) => self.pass_over(place, input),
            Record::Control { kind: control::FOREIGN, .. } => self.counts.skip(OTHER_DEPLOYMENT, 1),
            Record::Control { kind, value } => match Control::read(kind, value) {
                Ok(Some(control)) => {
                    let control = self.bound_tick(control, input);
                    self.ride(Step::Control { control, offset: None }, input.record_ref());
                }
                Ok(None) => self.counts.skip("unknown control record", 1),
                Err(reason) => self.unreadable(reason, input),
            },
            Record::Truncate { table, origin } => self.truncate(table, origin, input),
            Record::Skipped(reason) => self.counts.skip(reason, 1),
        }
    }

    /// Takes in one record of the source's control topic; `next` is where the log of changes is.
    pub fn push_control(&mut self, input: &Input<'_>, next: i64) {
        self.close_chunk();
        let control = match envelope::read(input.key, input.value, input.kind, &self.format) {
            Ok(Record::Control { kind: control::FOREIGN, .. }) => {
                return self.counts.skip(OTHER_DEPLOYMENT, 1);
            }
            Ok(Record::Control { kind, value }) => Control::read(kind, value).ok().flatten(),
            _ => None,
        };
        match control {
            Some(control) => {
                let control = self.bound_tick(control, input);
                self.emit(Step::Control { control, offset: Some(input.offset) }, NO_RECORD, next, true);
            }
            None => self.counts.skip("unknown control record", 1),
        }
    }

    /// A time that is too far ahead of its own record's Kafka timestamp is no commit time: a clock was wrong. The timestamp is taken
    /// instead; both are in the log, so whoever reads it takes the same.
    fn bounded(&mut self, time: i64, input: &Input<'_>) -> i64 {
        if input.timestamp <= 0 || time <= input.timestamp.saturating_add(AHEAD) {
            return time;
        }
        self.counts.bounded_times += 1;
        self.progress.bounded = Some(input.timestamp);
        input.timestamp
    }

    fn bound_tick(&mut self, control: Control, input: &Input<'_>) -> Control {
        match control {
            Control::Tick(tick) => {
                let time = self.bounded(tick.time.timestamp_millis(), input);
                let is_bounded = time != tick.time.timestamp_millis();
                let time = if is_bounded { clock::from_millis(time) } else { tick.time };
                Control::Tick(Tick { time })
            }
            other => other,
        }
    }

    /// The place of a table in the processor's declaration.
    fn wants(table: &[u8]) -> Option<usize> {
        R::TABLES.iter().position(|wanted| wanted.as_bytes() == table)
    }

    fn all_tables() -> Tables {
        Tables::all(R::TABLES)
    }

    fn release(&mut self, riders: Vec<(Step<R>, RecordRef)>, next: i64) {
        let count = riders.len();
        for (n, (step, record)) in riders.into_iter().enumerate() {
            self.emit(step, record, next, n + 1 == count);
        }
    }

    fn emit(&mut self, step: Step<R>, closed_by: RecordRef, next: i64, may_commit: bool) {
        self.note_missing_columns(step.rows());
        let resume = self.open.as_ref().map_or(next, |open| open.first);
        self.ready.push_back(Delivery {
            step,
            closed_by,
            resume,
            seen: next,
            progress: self.progress.clone(),
            applied: None,
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

    fn row(&mut self, change: &Change<'_>, origin: Origin<'_>, input: &Input<'_>) {
        match origin {
            Origin::Transaction(place) => self.transaction_row(change, place, input),
            Origin::Snapshot { marker: "incremental", .. } => {
                self.counts.changes += 1;
                if let Some(table) = Self::wants(change.table.as_bytes()) {
                    let mut rows = RowBatch::default();
                    self.decode_into(&mut rows, table, change, input);
                    self.ride(Step::Transaction { rows, time: i64::MIN }, input.record_ref());
                } else {
                    self.counts.pass_over();
                }
            }
            Origin::Snapshot { marker, lsn, time } => {
                self.counts.changes += 1;
                self.snapshot_row(change, (marker, lsn), time, input);
            }
            Origin::Unordered => {
                self.counts.changes += 1;
                if let Some(table) = Self::wants(change.table.as_bytes()) {
                    self.doubt_one(table, || {
                        format!(
                            "offset {}: a change of {} comes without transaction metadata: set \
                             provide.transaction.metadata=true in the connector",
                            input.offset, change.table
                        )
                    });
                }
            }
        }
    }

    /// A table is emptied. Whether that counts is known at the END of its transaction.
    fn truncate(&mut self, table: &str, origin: Origin<'_>, input: &Input<'_>) {
        let wanted = Self::wants(table.as_bytes());
        match (origin, wanted) {
            (Origin::Transaction(place), _) => {
                if self.see(place, input).is_some()
                    && let Some((open, table)) = self.open.as_mut().zip(wanted)
                {
                    open.counts[table] += 1;
                    open.truncated.insert(table);
                }
            }
            (_, Some(table)) => self.doubt_one(table, || truncated(input.offset, R::TABLES[table])),
            (_, None) => self.counts.pass_over(),
        }
    }

    fn doubt_one(&mut self, table: usize, why: impl FnOnce() -> String) {
        self.close_chunk();
        self.progress.doubt(Tables::none(R::TABLES).with([R::TABLES[table]]), why);
    }

    fn note_missing_columns(&mut self, rows: Option<&RowBatch<R>>) {
        for (table, column) in rows.into_iter().flat_map(|rows| &rows.missing_columns) {
            self.progress.miss_column(table, column);
        }
    }

    fn decode_into(&mut self, rows: &mut RowBatch<R>, table: usize, change: &Change<'_>, input: &Input<'_>) {
        let table = R::TABLES[table];
        let key = RowKey::new(table, change.key);
        let decoded = decoded(&mut self.counts, table, key, change, input);
        rows.push(key, input.offset, decoded);
    }

    /// Decodes the records of a large transaction on their second reading. `progress` is that of the transaction's delivery.
    pub fn decode_again(&mut self, rows: &mut RowBatch<R>, progress: &mut Progress, input: &Input<'_>) {
        match envelope::read(input.key, input.value, input.kind, &self.format) {
            Ok(Record::Row { change, .. }) => {
                if let Some(table) = Self::wants(change.table.as_bytes()) {
                    self.decode_into(rows, table, &change, input);
                    self.note_missing_columns(Some(rows));
                    progress.missing_columns.clone_from(&self.progress.missing_columns);
                }
            }
            Ok(_) => {}
            Err(reason) => rows.dead_letters.push(dead_letter(reason, None, String::new(), input)),
        }
    }
}

fn truncated(offset: i64, table: &str) -> String {
    format!("offset {offset}: table {table} was truncated")
}

/// Decodes one record by itself, whatever is around it: the record of a dead letter that is read again.
///
/// # Errors
/// Why it still cannot be used.
pub fn decode_alone<R: Decode>(input: &Input<'_>, format: &Format) -> Result<(RowKey, R), Rejected> {
    match envelope::read(input.key, input.value, input.kind, format)? {
        Record::Row { change, .. } if R::TABLES.contains(&change.table) => {
            match R::decode(&change)? {
                Decoded::Whole(decoded) => Ok((RowKey::new(change.table, change.key), decoded)),
                // What was there when it came is not known any more.
                Decoded::Partial(partial) => Err(partial.rejected(change.table)),
                Decoded::MissingColumns(Missing { change: Some(decoded), .. }) => {
                    Ok((RowKey::new(change.table, change.key), decoded))
                }
                Decoded::MissingColumns(Missing { columns, .. }) => {
                    Err(Rejected::missing_columns(change.table, &columns))
                }
            }
        }
        _ => Err(Rejected::record("a change of a table that the processor reads", "something else")),
    }
}

#[cfg(test)]
mod tests;
