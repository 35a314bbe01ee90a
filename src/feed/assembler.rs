//! Folds records into units: a state machine without Kafka, Postgres or clock.
//!
//! A connector that was killed leaves truncated transactions and emits some again, even from their middle, so a
//! transaction is judged at its END and its rows are merged by their number in it (ARCHITECTURE.md, "What a
//! transaction is"). The state is a function of the log from the last `resume` on and of [`Progress`]: a restart gives
//! the same units.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use contract::{Change, Failure, Rejected};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use super::envelope::{self, Origin, Record};
use super::key::RowKey;
use super::order::Order;
use super::progress::{Position, Progress, Snapshot, Verdict};
use super::unit::{Bulk, Letter, Mark, Step, Unit};

/// Rows of a snapshot that go out as one unit.
const SNAPSHOT_CHUNK: usize = 1_000;

/// A snapshot with these has captured the database, so a wanted table that it did not bring is empty.
const IN_EVERY_SNAPSHOT: [&str; 5] =
    ["res_company", "res_partner", "res_currency", "account_account", "account_move_line"];

/// Decodes a change of a wanted table.
type Decode<E> = fn(&Change<'_>) -> Result<Option<E>, Rejected>;

/// One raw record.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Its offset.
    pub offset: i64,
    /// Its Kafka timestamp, in milliseconds since 1970.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` for a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its `ce_type` header.
    pub kind: Option<&'a str>,
}

impl Input<'_> {
    /// Its place, and what to know it by.
    pub fn mark(&self) -> Mark {
        let (key, value) = (self.key.unwrap_or_default(), self.value.unwrap_or_default());
        let hash = xxh3_64(key).rotate_left(1) ^ xxh3_64(value);
        Mark { offset: self.offset, timestamp: self.timestamp, hash: hash.cast_signed() }
    }
}

/// What was read since the counts were last taken.
#[derive(Debug, Default)]
pub struct Counts {
    /// Row changes of any table.
    pub changes: u64,
    /// Records that led to nothing, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Columns that nobody read, by table.
    pub ignored_columns: BTreeMap<&'static str, u64>,
}

impl Counts {
    fn skip(&mut self, reason: &'static str, records: u64) {
        *self.skipped.entry(reason).or_default() += records;
    }
}

/// See the module.
pub struct Assembler<E> {
    tables: &'static [&'static str],
    decode: Decode<E>,
    /// Rows from which on a transaction is read twice rather than held.
    large: usize,
    progress: Progress,
    /// Whether any record of this log has been read before.
    begun: bool,
    /// Whether the record before was a snapshot's row. At a start that is not known, and taken for so.
    in_snapshot: bool,
    /// Why the log cannot be followed any further, until a new snapshot begins in it.
    lost: Option<String>,
    open: Option<Open<E>>,
    chunk: Chunk<E>,
    ready: VecDeque<Unit<E>>,
    counts: Counts,
}

/// A transaction whose END has not come yet.
struct Open<E> {
    transaction: u64,
    first: i64,
    order: Order,
    rows: FxHashMap<RowKey, Row<E>>,
    large: bool,
    /// Its BEGIN stands behind everything that was applied, so it cannot have been applied before.
    new: bool,
    unreadable: Vec<Letter>,
    /// Rows of an incremental snapshot and ticks that came in between, each a unit of its own.
    riders: Vec<(Step<E>, Mark)>,
}

/// The last version of a row.
struct Row<E> {
    order: u64,
    offset: i64,
    content: Content<E>,
}

enum Content<E> {
    Event(E),
    Nothing,
    Letter(Box<Letter>),
    /// Too large to hold: to be read again.
    Later,
}

/// The snapshot rows that have not gone out yet.
struct Chunk<E> {
    begins: Vec<(String, i64)>,
    rows: Bulk<E>,
    last: Mark,
}

impl<E> Assembler<E> {
    /// Goes on from `progress`, or begins with the log where `progress` is `None`. A transaction of more than `large`
    /// wanted rows is read twice.
    pub fn new(
        tables: &'static [&'static str],
        decode: Decode<E>,
        progress: Option<Progress>,
        large: usize,
    ) -> Self {
        let begun = progress.is_some();
        let progress = progress.unwrap_or_default();
        let chunk = Chunk { begins: Vec::new(), rows: Bulk::default(), last: Mark::default() };
        let (ready, counts) = (VecDeque::new(), Counts::default());
        Self {
            tables,
            decode,
            large,
            progress,
            begun,
            in_snapshot: true,
            lost: None,
            open: None,
            chunk,
            ready,
            counts,
        }
    }

    /// The next unit, if one is complete.
    pub fn next_unit(&mut self) -> Option<Unit<E>> {
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
        // A mark of offset -1 closes nothing: the checkpoint keeps the one it has.
        let closed_by = Mark { offset: -1, ..Mark::default() };
        self.ready.push_back(Unit {
            step: Step::Advance,
            closed_by,
            resume,
            seen: next,
            progress: self.progress.clone(),
            cut: true,
        });
        Ok(())
    }

    /// Takes in one record. Where the log cannot be followed any further, what comes is skipped until a new snapshot
    /// begins; if none does, [`Self::flush`] says so at the end of the log.
    pub fn push(&mut self, input: &Input<'_>) {
        if !self.begun {
            self.begun = true;
            self.emit(Step::Begin, input.mark(), input.offset, true);
        }
        let place =
            input.value.and_then(|value| envelope::pass_over(value, |table| self.wants(table).is_some()));
        if let Some((transaction, order)) = place
            && self.lost.is_none()
        {
            return self.pass_over(transaction, order, input.offset);
        }
        let record = envelope::read(input.key, input.value, input.kind);
        if self.lost.is_some() {
            let begins = matches!(&record, Ok(Record::Row { origin: Origin::Snapshot { marker, .. }, .. })
                if self.begins_snapshot(marker, input.offset));
            if !begins {
                self.in_snapshot = is_snapshot(&record);
                return self.counts.skip("behind a loss", 1);
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
    }

    /// Whether a snapshot begins with this row. The marker `first` is missing where the first table is empty: then the row
    /// is the log's very first, or stands behind something else than snapshot rows.
    fn begins_snapshot(&self, marker: &str, offset: i64) -> bool {
        let running = matches!(self.progress.snapshot, Snapshot::Running(_)) && self.lost.is_none();
        let silent = !running && (offset == 0 || !self.in_snapshot);
        marker == "first" || (silent && marker != "incremental")
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
            Ok(Record::Control { kind: "tick", value }) => match read_tick(value) {
                Ok(time) => self.ride(Step::Tick { time, control: None }, input.mark()),
                Err(reason) => self.unreadable(reason, input),
            },
            Ok(Record::Control { .. }) => self.counts.skip("unknown control record", 1),
            Ok(Record::Truncate { table, origin }) => {
                if self.wants(table).is_some() {
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
        if self.lost.is_some() {
            // Whatever goes out now would move the offset behind the loss.
            return self.counts.skip("behind a loss", 1);
        }
        self.close_chunk();
        let tick = match envelope::read(input.key, input.value, input.kind) {
            Ok(Record::Control { kind: "tick", value }) => read_tick(value).ok(),
            _ => None,
        };
        match tick {
            Some(time) => {
                let closed_by = Mark { offset: -1, ..Mark::default() };
                self.emit(Step::Tick { time, control: Some(input.offset) }, closed_by, next, true);
            }
            None => self.counts.skip("unknown control record", 1),
        }
    }

    fn wants(&self, table: &str) -> Option<&'static str> {
        self.tables.iter().copied().find(|wanted| *wanted == table)
    }

    fn open(&mut self, transaction: u64, first: i64) {
        self.drop_open(first);
        self.open = Some(Open {
            transaction,
            first,
            order: Order::default(),
            rows: FxHashMap::default(),
            large: false,
            new: false,
            unreadable: Vec::new(),
            riders: Vec::new(),
        });
    }

    /// The open transaction will never see its END: its rows are dropped, what came in between goes out.
    fn drop_open(&mut self, next: i64) {
        if let Some(open) = self.open.take() {
            self.counts.skip("truncated transaction", 1);
            if open.new {
                self.progress.owed.get_or_insert(open.transaction);
            }
            self.release(open.riders, next);
        }
    }

    fn release(&mut self, riders: Vec<(Step<E>, Mark)>, next: i64) {
        let count = riders.len();
        for (n, (step, mark)) in riders.into_iter().enumerate() {
            self.emit(step, mark, next, n + 1 == count);
        }
    }

    fn emit(&mut self, step: Step<E>, closed_by: Mark, next: i64, cut: bool) {
        let resume = self.open.as_ref().map_or(next, |open| open.first);
        self.ready.push_back(Unit {
            step,
            closed_by,
            resume,
            seen: next,
            progress: self.progress.clone(),
            cut,
        });
    }

    /// Sends a step out now, or behind the open transaction.
    fn ride(&mut self, step: Step<E>, mark: Mark) {
        self.close_chunk();
        match &mut self.open {
            Some(open) => open.riders.push((step, mark)),
            None => self.emit(step, mark, mark.offset + 1, true),
        }
    }

    fn unreadable(&mut self, reason: Rejected, input: &Input<'_>) {
        let letter = letter(reason, None, String::new(), input);
        match &mut self.open {
            Some(open) => {
                open.order.see_unreadable();
                open.unreadable.push(letter);
            }
            None => self.ride(Step::Unreadable { letter }, input.mark()),
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
                if let Some(table) = self.wants(change.table) {
                    let mut rows = Bulk::default();
                    self.decode_into(&mut rows, table, change, input);
                    self.ride(Step::Transaction { rows, time: i64::MIN }, input.mark());
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

    /// A row that nobody wants: only its place in its transaction matters.
    fn pass_over(&mut self, transaction: u64, order: u64, offset: i64) {
        self.in_snapshot = false;
        self.close_chunk();
        self.counts.changes += 1;
        if self.see(transaction, order, offset) {
            self.counts.skip("other table", 1);
        }
    }

    /// Change number `order` of a transaction is here, which is open from now on. False when it was here before.
    fn see(&mut self, transaction: u64, order: u64, offset: i64) -> bool {
        if self.open.as_ref().is_none_or(|open| open.transaction != transaction) {
            self.open(transaction, offset);
        }
        let new = self.open.as_mut().is_some_and(|open| open.order.see(order));
        if !new {
            self.counts.skip("replayed change", 1);
        }
        new
    }

    fn transaction_row(&mut self, change: &Change<'_>, transaction: u64, order: u64, input: &Input<'_>) {
        if !self.see(transaction, order, input.offset) {
            return;
        }
        let Some(table) = self.wants(change.table) else { return self.counts.skip("other table", 1) };
        let Some(open) = &mut self.open else { return };
        let key = RowKey::new(table, change.key.get());
        if open.rows.get(&key).is_some_and(|row| row.order > order) {
            return;
        }
        let content = if open.large {
            Content::Later
        } else {
            content(self.decode, &mut self.counts, table, key, change, input)
        };
        open.rows.insert(key, Row { order, offset: input.offset, content });
        if !open.large && open.rows.len() > self.large {
            open.large = true;
            open.rows.values_mut().for_each(|row| row.content = Content::Later);
        }
    }

    fn end(
        &mut self,
        transaction: u64,
        end: Position,
        changes: u64,
        input: &Input<'_>,
    ) -> Result<(), Failure> {
        if self.open.as_ref().is_none_or(|open| open.transaction != transaction) {
            // Its beginning is not in the log; the verdict tells whether that matters.
            self.open(transaction, input.offset);
        }
        let Some(mut open) = self.open.take() else { return Ok(()) };
        let next = input.offset + 1;
        match self.progress.judge(end) {
            Verdict::Again => {
                self.progress.owed = self.progress.owed.filter(|owed| *owed != transaction);
                self.counts.skip("re-emitted transaction", 1);
                self.release(open.riders, next);
                return Ok(());
            }
            Verdict::LogBeganAnew => {
                return Err(Failure::permanent(format!(
                    "offset {}: transaction {transaction} ends at position {} that was passed before, yet was committed \
                     later: the source's log began anew (failover or upgrade). Take a new snapshot with the connector",
                    input.offset, end.commit
                )));
            }
            Verdict::New => {}
        }
        if let Some(owed) = self.progress.owed.filter(|owed| *owed != transaction)
            && self.progress.snapshot != Snapshot::Waiting
        {
            return Err(Failure::permanent(format!(
                "offset {}: transaction {owed} was cut off and never came again: part of the log was lost. \
                 Take a new snapshot with the connector",
                input.offset
            )));
        }
        let missing = open.order.missing(changes);
        if missing > 0 {
            if self.progress.snapshot == Snapshot::Waiting {
                self.counts.skip("incomplete transaction before any snapshot", 1);
                self.release(open.riders, next);
                return Ok(());
            }
            return Err(Failure::permanent(format!(
                "offset {}: transaction {transaction} has {changes} changes, of which {missing} are not in the log: \
                 part of the log was lost. Take a new snapshot with the connector",
                input.offset
            )));
        }
        // A row of an incremental snapshot is older than what the transaction wrote behind it.
        let newer = |key: &RowKey, offset: i64| open.rows.get(key).is_some_and(|row| row.offset > offset);
        open.riders.retain(|(step, mark)| match step {
            Step::Transaction { rows, .. } => !rows.keys.iter().any(|(key, _)| newer(key, mark.offset)),
            _ => true,
        });
        self.progress.advance(end);
        self.progress.owed = None;
        let step = if open.large {
            let rows = open.rows.values().map(|row| row.offset);
            let mut offsets: Vec<_> =
                rows.chain(open.unreadable.iter().map(|letter| letter.mark.offset)).collect();
            offsets.sort_unstable();
            Step::Large { first: open.first, offsets, time: end.time }
        } else {
            Step::Transaction { rows: bulk(open.rows, open.unreadable), time: end.time }
        };
        self.emit(step, input.mark(), next, open.riders.is_empty());
        self.release(open.riders, next);
        Ok(())
    }

    fn snapshot_row(&mut self, change: &Change<'_>, marker: &str, time: i64, input: &Input<'_>) {
        if self.begins_snapshot(marker, input.offset) {
            self.close_chunk();
            self.drop_open(input.offset);
            self.progress = Progress { high: None, snapshot: Snapshot::Running(BTreeSet::new()), owed: None };
        }
        if let Snapshot::Running(tables) = &mut self.progress.snapshot
            && !tables.contains(change.table)
        {
            tables.insert(change.table.to_owned());
            if self.tables.contains(&change.table) {
                self.chunk.begins.push((change.table.to_owned(), input.offset));
            }
        }
        if let Some(table) = self.wants(change.table) {
            let mut rows = std::mem::take(&mut self.chunk.rows);
            self.decode_into(&mut rows, table, change, input);
            self.chunk.rows = rows;
        } else {
            self.counts.skip("other table", 1);
        }
        self.chunk.last = Mark { offset: input.offset, ..Mark::default() };
        if marker == "last" || self.chunk.rows.len() >= SNAPSHOT_CHUNK {
            self.chunk.last = input.mark();
            self.close_chunk();
            // The rows and the end of a snapshot share a record, so they share a commit.
            let ends = marker == "last" && matches!(self.progress.snapshot, Snapshot::Running(_));
            if let Some(unit) = self.ready.back_mut() {
                unit.cut = !ends;
            }
        }
        if marker == "last"
            && let Snapshot::Running(tables) = &self.progress.snapshot
        {
            let complete = IN_EVERY_SNAPSHOT.iter().all(|table| tables.contains(*table));
            let absent = self.tables.iter().filter(|table| complete && !tables.contains(**table)).copied();
            let absent = absent.collect();
            self.progress.snapshot = Snapshot::Complete;
            self.emit(Step::SnapshotEnd { absent, time }, input.mark(), input.offset + 1, true);
        }
    }

    fn close_chunk(&mut self) {
        if self.chunk.rows.is_empty() && self.chunk.begins.is_empty() {
            return;
        }
        let begins = std::mem::take(&mut self.chunk.begins);
        let rows = std::mem::take(&mut self.chunk.rows);
        let mut mark = self.chunk.last;
        let next = mark.offset + 1;
        if mark.hash == 0 {
            mark.offset = -1;
        }
        self.emit(Step::Snapshot { begins, rows }, mark, next, true);
    }

    fn decode_into(
        &mut self,
        rows: &mut Bulk<E>,
        table: &'static str,
        change: &Change<'_>,
        input: &Input<'_>,
    ) {
        let key = RowKey::new(table, change.key.get());
        let content = content(self.decode, &mut self.counts, table, key, change, input);
        rows.push(key, input.offset, content);
    }

    /// Decodes the records of a large transaction on their second reading.
    pub fn decode_again(&mut self, rows: &mut Bulk<E>, input: &Input<'_>) {
        match envelope::read(input.key, input.value, input.kind) {
            Ok(Record::Row { change, .. }) => {
                if let Some(table) = self.wants(change.table) {
                    self.decode_into(rows, table, &change, input);
                }
            }
            Ok(_) => {}
            Err(reason) => rows.letters.push(letter(reason, None, String::new(), input)),
        }
    }
}

impl<E> Bulk<E> {
    fn push(&mut self, key: RowKey, offset: i64, content: Content<E>) {
        self.keys.push((key, offset));
        match content {
            Content::Event(event) => self.events.push(event),
            Content::Letter(letter) => self.letters.push(*letter),
            Content::Nothing | Content::Later => {}
        }
    }
}

fn is_snapshot(record: &Result<Record<'_>, Rejected>) -> bool {
    matches!(record, Ok(Record::Row { origin: Origin::Snapshot { marker, .. }, .. }) if *marker != "incremental")
}

/// The rows of a transaction, in the order of their last changes.
fn bulk<E>(rows: FxHashMap<RowKey, Row<E>>, unreadable: Vec<Letter>) -> Bulk<E> {
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_unstable_by_key(|(_, row)| row.order);
    let mut bulk = Bulk {
        letters: unreadable,
        events: Vec::with_capacity(rows.len()),
        keys: Vec::with_capacity(rows.len()),
    };
    for (key, row) in rows {
        bulk.push(key, row.offset, row.content);
    }
    bulk
}

fn content<E>(
    decode: Decode<E>,
    counts: &mut Counts,
    table: &'static str,
    key: RowKey,
    change: &Change<'_>,
    input: &Input<'_>,
) -> Content<E> {
    let decoded = decode(change);
    *counts.ignored_columns.entry(table).or_default() += change.ignored_columns.get() as u64;
    match decoded {
        Ok(Some(event)) => Content::Event(event),
        Ok(None) => Content::Nothing,
        Err(reason) => {
            Content::Letter(Box::new(letter(reason, Some(key), change.key.get().to_owned(), input)))
        }
    }
}

fn letter(reason: Rejected, row: Option<RowKey>, row_key: String, input: &Input<'_>) -> Letter {
    let bytes = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    Letter { mark: input.mark(), row, row_key, reason, key: bytes(input.key), value: bytes(input.value) }
}

/// A tick's value: `{"time":"2026-11-22T23:00:00Z"}`. Answers milliseconds since 1970.
fn read_tick(value: &[u8]) -> Result<i64, Rejected> {
    #[derive(serde::Deserialize)]
    struct Tick {
        time: chrono::DateTime<chrono::Utc>,
    }
    serde_json::from_slice::<Tick>(value)
        .map(|tick| tick.time.timestamp_millis())
        .map_err(|error| Rejected::record(r#"a tick {"time": RFC 3339}"#, error.to_string()))
}

#[cfg(test)]
mod tests;
