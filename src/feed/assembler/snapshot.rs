//! Snapshots: tables read again from scratch, in chunks, complete with their last row.
//!
//! Where one begins and ends follows from its rows and from [`Progress`](crate::feed::Progress) alone. Connectors do not mark all of
//! them alike: there is no `first` where the first table is empty or several threads read, and one that was killed begins again.

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
    pub(super) fn snapshot_row(&mut self, change: &Change<'_>, marker: &str, time: i64, input: &Input<'_>) {
        let wanted = Self::wants(change.table.as_bytes());
        let (mut bringing, trailing) = match &self.progress.snapshot {
            Snapshot::Running(present) if !begins_snapshot(present, change.table, false, marker, wanted) => {
                (present.clone(), false)
            }
            Snapshot::Read(present) | Snapshot::Trailing(present)
                if !begins_snapshot(present, change.table, true, marker, wanted) =>
            {
                (present.clone(), true)
            }
            Snapshot::Waiting if input.offset > 0 && marker != "first" => {
                if matches!(marker, "true" | "last") {
                    return self.counts.skip("snapshot whose beginning is not in the log", 1);
                }
                self.expect_all(input.offset);
                (self.begin_snapshot(change.table), false)
            }
            _ => (self.begin_snapshot(change.table), false),
        };
        match wanted {
            Some(table) => {
                self.begin_table(&mut bringing, table, marker, input);
                let mut rows = std::mem::take(&mut self.chunk.rows);
                self.decode_into(&mut rows, table, change, input);
                self.chunk.rows = rows;
            }
            None => self.counts.skip("other table", 1),
        }
        let is_last = marker == "last";
        self.progress.snapshot =
            if trailing { Snapshot::Trailing(bringing.clone()) } else { Snapshot::Running(bringing.clone()) };
        self.chunk.last = RecordRef { offset: input.offset, ..RecordRef::default() };
        if is_last || self.chunk.rows.len() >= SNAPSHOT_CHUNK {
            self.chunk.last = input.record_ref();
            self.close_chunk();
            // The rows and the end of a snapshot share a record, so they share a commit.
            if let Some(delivery) = self.ready.back_mut() {
                delivery.may_commit &= !is_last;
            }
        }
        if is_last {
            let time = self.bounded(time, input);
            self.progress.snapshot = Snapshot::Read(bringing.clone());
            self.end_snapshot(&bringing, time, input.record_ref(), input.offset + 1, true);
        }
    }

    /// The very first snapshot of a log begins without saying so, and not with the log: a part of it may have been deleted. It is
    /// believed when it brings all that is never empty.
    fn expect_all(&mut self, offset: i64) {
        self.progress.captured = Tables::none(R::TABLES).with(NEVER_EMPTY);
        self.progress.doubt(Self::all_tables(), || {
            format!("offset {offset}: the log begins within a snapshot, or what comes before it was deleted")
        });
    }

    /// A snapshot inside an open transaction is one that a signal has asked for: the connector reads it before it goes on with the
    /// transaction.
    fn begin_snapshot(&mut self, table: &str) -> Bringing {
        self.close_chunk();
        let inside = self.open.as_ref().map(|open| open.transaction);
        Bringing { first: table.into(), inside, begun: Tables::none(R::TABLES) }
    }

    /// The first row of a table drops what is there of it, also of the open transaction: the snapshot was read after that. A
    /// snapshot that was killed and began again brings it for a second time.
    fn begin_table(&mut self, bringing: &mut Bringing, table: usize, marker: &str, input: &Input<'_>) {
        let is_new = bringing.begun.insert(table);
        if !is_new && marker != "first_in_data_collection" {
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
        let expected = progress.captured.and(Tables::none(R::TABLES).with(NEVER_EMPTY));
        let is_whole = expected.without(bringing.begun).is_empty();
        progress.captured = progress.captured.or(bringing.begun);
        let mut absent = Tables::none(R::TABLES);
        let mut wrong_clock = None;
        if is_whole {
            absent = all.without(bringing.begun);
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

/// Whether another snapshot than the present one begins with a row: it is marked as the first, or it is the first one of a table
/// that has come before, and that table was the very first, or the present snapshot was read to its last row.
fn begins_snapshot(
    present: &Bringing,
    table: &str,
    is_read: bool,
    marker: &str,
    wanted: Option<usize>,
) -> bool {
    let is_first = *present.first == *table;
    let has_come = is_first || wanted.is_some_and(|table| present.begun.has(table));
    marker == "first" || (marker == "first_in_data_collection" && has_come && (is_first || is_read))
}
