//! Snapshots: tables read again from scratch, in chunks, complete with their last row.
//!
//! Where one begins and ends follows from its rows and from [`Progress`](crate::feed::Progress) alone. Connectors do not mark all of
//! them alike: there is no `first` where the first table is empty or several threads read, the row that is marked as a table's first
//! need not be, and one that was killed begins again.

use contract::odoo::NEVER_EMPTY;
use contract::{Change, Decode};

use super::Assembler;
use crate::feed::delivery::{RecordRef, RowBatch, Step};
use crate::feed::input::Input;
use crate::feed::progress::{Bringing, Snapshot};
use crate::feed::tables::Tables;

/// Rows of a snapshot that go out as one delivery.
const SNAPSHOT_CHUNK: usize = 1_000;

/// The snapshot rows that have not gone out yet.
pub(super) struct Chunk<R> {
    pub(super) begins: Vec<(&'static str, i64)>,
    pub(super) rows: RowBatch<R>,
    pub(super) last: RecordRef,
}

impl<R> Default for Chunk<R> {
    fn default() -> Self {
        Self { begins: Vec::new(), rows: RowBatch::default(), last: RecordRef::default() }
    }
}

impl<R: Decode> Assembler<R> {
    pub(super) fn snapshot_row(
        &mut self,
        change: &Change<'_>,
        (marker, lsn): (&str, Option<u64>),
        time: i64,
        input: &Input<'_>,
    ) {
        let wanted = Self::wants(change.table.as_bytes());
        let row = Row { table: change.table, wanted, marker, lsn };
        if !row.is_within(&self.progress.snapshot) && !self.place(row, input) {
            return self.counts.skip("snapshot whose beginning is not in the log", 1);
        }
        match wanted {
            Some(table) => {
                let mut rows = std::mem::take(&mut self.chunk.rows);
                self.decode_into(&mut rows, table, change, input);
                self.chunk.rows = rows;
            }
            None => self.counts.pass_over(),
        }
        let is_last = marker == "last";
        self.chunk.last = RecordRef { offset: input.offset, ..RecordRef::default() };
        if is_last || self.chunk.rows.len() >= SNAPSHOT_CHUNK {
            self.chunk.last = input.record_ref();
            self.close_chunk();
            // The rows and the end of a snapshot share a record, so they share a commit.
            if let Some(delivery) = self.ready.back_mut() {
                delivery.may_commit &= !is_last;
            }
        }
        if is_last && let Snapshot::Running(bringing) | Snapshot::Trailing(bringing) = &self.progress.snapshot
        {
            let bringing = bringing.clone();
            let time = self.bounded(time, input);
            self.progress.snapshot = Snapshot::Read(bringing.clone());
            self.end_snapshot(&bringing, time, input.record_ref(), input.offset + 1, true);
        }
    }

    /// Notes what a row says of its snapshot. False where that has begun before the log does.
    fn place(&mut self, row: Row<'_>, input: &Input<'_>) -> bool {
        let (mut bringing, trailing) = match &self.progress.snapshot {
            Snapshot::Running(present) if !row.begins_another(present) => (present.clone(), false),
            Snapshot::Read(present) | Snapshot::Trailing(present) if !row.begins_another(present) => {
                (present.clone(), true)
            }
            Snapshot::Waiting if input.offset > 0 => {
                if !row.is_marked() {
                    return false;
                }
                self.expect_all(input.offset);
                (self.begin_snapshot(row), false)
            }
            _ => (self.begin_snapshot(row), false),
        };
        bringing.never_empty = bringing.never_empty.with([row.table]);
        if let Some(table) = row.wanted {
            self.begin_table(&mut bringing, table, row, input);
        }
        self.progress.snapshot =
            if trailing { Snapshot::Trailing(bringing) } else { Snapshot::Running(bringing) };
        true
    }

    /// The very first snapshot of a log begins without saying so, and not with the log: a part of it may have been deleted. It is
    /// believed when it brings all that is never empty.
    fn expect_all(&mut self, offset: i64) {
        self.progress.never_empty = Tables::none(&NEVER_EMPTY).with(R::TABLES.iter().copied());
        self.progress.doubt(Self::all_tables(), || {
            format!("offset {offset}: the log begins within a snapshot, or what comes before it was deleted")
        });
    }

    /// A snapshot inside an open transaction is one that a signal has asked for: the connector reads it before it goes on with the
    /// transaction.
    fn begin_snapshot(&mut self, row: Row<'_>) -> Bringing {
        self.close_chunk();
        let none = Tables::none(R::TABLES);
        Bringing {
            first: if row.is_marked() { row.table } else { "" }.into(),
            lsn: row.lsn,
            inside: self.open.as_ref().map(|open| open.transaction),
            begun: none,
            marked: none,
            never_empty: Tables::none(&NEVER_EMPTY),
        }
    }

    /// The first row of a table drops what is there of it, also of the open transaction: the snapshot was read after that.
    fn begin_table(&mut self, bringing: &mut Bringing, table: usize, row: Row<'_>, input: &Input<'_>) {
        if row.is_marked() {
            bringing.marked.insert(table);
        }
        if !bringing.begun.insert(table) {
            return;
        }
        self.close_chunk();
        self.progress.begin_table(R::TABLES[table]);
        self.chunk.begins.push((R::TABLES[table], input.offset));
        if let Some(open) = &mut self.open {
            open.rows.retain(|_, row| row.table != table);
        }
    }

    /// A change of a transaction has come, or its BEGIN or END: no more rows of a snapshot will, and one that was not complete has
    /// broken off, unless it runs inside this very transaction.
    pub(super) fn leave_snapshot(&mut self, transaction: u64, is_end: bool, input: &Input<'_>) {
        self.close_chunk();
        match std::mem::replace(&mut self.progress.snapshot, Snapshot::Complete) {
            Snapshot::Waiting => self.progress.snapshot = Snapshot::Waiting,
            Snapshot::Complete | Snapshot::Read(_) => {}
            Snapshot::Trailing(bringing) => {
                // What this record itself brings shares its number, so it shares its commit.
                self.end_snapshot(&bringing, i64::MIN, input.record_ref(), input.offset, !is_end);
            }
            Snapshot::Running(bringing) if bringing.inside == Some(transaction) && !is_end => {
                self.progress.snapshot = Snapshot::Running(bringing);
            }
            Snapshot::Running(bringing) => {
                let first_ever = self.progress.captured.is_empty();
                let tables = if first_ever { Self::all_tables() } else { bringing.begun };
                self.progress.doubt(tables, || {
                    format!("offset {}: a snapshot broke off here, and the stream goes on", input.offset)
                });
            }
        }
    }

    /// All rows of a snapshot have come. One that has brought every table that is never empty was of the whole database, so that any
    /// other table is empty, whatever was lost is known again, and positions begin anew.
    fn end_snapshot(
        &mut self,
        bringing: &Bringing,
        time: i64,
        closed_by: RecordRef,
        next: i64,
        may_commit: bool,
    ) {
        let all = Self::all_tables();
        let progress = &mut self.progress;
        let is_whole = progress.never_empty.without(bringing.never_empty).is_empty();
        progress.captured = progress.captured.or(bringing.begun);
        progress.never_empty = progress.never_empty.or(bringing.never_empty);
        let mut absent = Tables::none(R::TABLES);
        let mut wrong_clock = None;
        if is_whole {
            absent = all.without(bringing.begun);
            absent.names().for_each(|table| progress.begin_table(table));
            progress.high = None;
            progress.without_ids = None;
            progress.incomplete = None;
            progress.doubt = None;
            wrong_clock = progress.bounded.take();
            // What it had changed was read with all else.
            self.open.iter_mut().for_each(|open| open.new = false);
        } else if let Some(doubt) = &mut progress.doubt {
            doubt.tables = doubt.tables.without(bringing.begun);
            if doubt.tables.is_empty() {
                progress.doubt = None;
            }
        }
        let absent = absent.names().collect();
        self.emit(Step::SnapshotEnd { absent, time, wrong_clock }, closed_by, next, may_commit);
    }

    pub(super) fn close_chunk(&mut self) {
        if self.chunk.rows.is_empty() && self.chunk.begins.is_empty() {
            return;
        }
        let begins = std::mem::take(&mut self.chunk.begins);
        let rows = std::mem::take(&mut self.chunk.rows);
        let mut record = self.chunk.last;
        let next = record.offset + 1;
        if record.hash == 0 {
            record.offset = -1;
        }
        self.emit(Step::Snapshot { begins, rows }, record, next, true);
    }
}

/// A row of a snapshot, as far as it says where one begins.
#[derive(Clone, Copy)]
struct Row<'a> {
    table: &'a str,
    /// Its place in the processor's declaration.
    wanted: Option<usize>,
    marker: &'a str,
    lsn: Option<u64>,
}

impl Row<'_> {
    /// Whether it is one more of a table whose rows are being read, as most are.
    fn is_within(self, snapshot: &Snapshot) -> bool {
        let Snapshot::Running(present) = snapshot else { return false };
        self.marker == "true"
            && self.lsn == present.lsn
            && self.wanted.is_some_and(|table| present.begun.has(table))
    }

    /// Whether it is marked as the first one of its table.
    fn is_marked(self) -> bool {
        matches!(self.marker, "first" | "first_in_data_collection")
    }

    /// Whether another snapshot than the present one begins with it: it is marked as the first of all, it names another position, or it
    /// is the first one of a table for the second time.
    fn begins_another(self, present: &Bringing) -> bool {
        let is_elsewhere = present.lsn.zip(self.lsn).is_some_and(|(present, lsn)| present != lsn);
        let has_come =
            || *present.first == *self.table || self.wanted.is_some_and(|table| present.marked.has(table));
        self.marker == "first" || is_elsewhere || self.is_marked() && has_come()
    }
}
