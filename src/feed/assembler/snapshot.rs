//! Snapshots: tables read again from scratch, in chunks, complete with their last row.

use std::collections::BTreeSet;

use contract::odoo::NEVER_EMPTY;
use contract::{Change, Decode, Rejected};

use super::Assembler;
use crate::feed::delivery::{RecordRef, RowBatch, Step};
use crate::feed::envelope::{Origin, Record};
use crate::feed::input::Input;
use crate::feed::progress::{Progress, Snapshot};

/// Rows of a snapshot that go out as one delivery.
const SNAPSHOT_CHUNK: usize = 1_000;

/// The snapshot rows that have not gone out yet.
pub(super) struct Chunk<R> {
    pub(super) begins: Vec<(String, i64)>,
    pub(super) rows: RowBatch<R>,
    pub(super) last: RecordRef,
}

impl<R: Decode> Assembler<R> {
    /// Whether a snapshot begins with this row. The marker `first` is missing where the first table is empty: then the row
    /// is the log's very first, or comes behind something else than snapshot rows.
    pub(super) fn begins_snapshot(&self, marker: &str, offset: i64) -> bool {
        let running = matches!(self.progress.snapshot, Snapshot::Running(_)) && self.lost.is_none();
        let silent = !running && (offset == 0 || !self.in_snapshot);
        marker == "first" || (silent && marker != "incremental")
    }

    pub(super) fn snapshot_row(&mut self, change: &Change<'_>, marker: &str, time: i64, input: &Input<'_>) {
        if self.begins_snapshot(marker, input.offset) {
            self.close_chunk();
            self.drop_open(input.offset);
            self.progress =
                Progress { high: None, snapshot: Snapshot::Running(BTreeSet::new()), incomplete: None };
        }
        if let Snapshot::Running(tables) = &mut self.progress.snapshot
            && !tables.contains(change.table)
        {
            tables.insert(change.table.to_owned());
            if R::TABLES.contains(&change.table) {
                self.chunk.begins.push((change.table.to_owned(), input.offset));
            }
        }
        if let Some(table) = Self::wants(change.table.as_bytes()) {
            let mut rows = std::mem::take(&mut self.chunk.rows);
            self.decode_into(&mut rows, table, change, input);
            self.chunk.rows = rows;
        } else {
            self.counts.skip("other table", 1);
        }
        self.chunk.last = RecordRef { offset: input.offset, ..RecordRef::default() };
        if marker == "last" || self.chunk.rows.len() >= SNAPSHOT_CHUNK {
            self.chunk.last = input.record_ref();
            self.close_chunk();
            // The rows and the end of a snapshot share a record, so they share a commit.
            let ends = marker == "last" && matches!(self.progress.snapshot, Snapshot::Running(_));
            if let Some(delivery) = self.ready.back_mut() {
                delivery.may_commit = !ends;
            }
        }
        if marker == "last"
            && let Snapshot::Running(tables) = &self.progress.snapshot
        {
            let complete = NEVER_EMPTY.iter().all(|table| tables.contains(*table));
            let absent = R::TABLES.iter().filter(|table| complete && !tables.contains(**table)).copied();
            let absent = absent.collect();
            self.progress.snapshot = Snapshot::Complete;
            self.emit(Step::SnapshotEnd { absent, time }, input.record_ref(), input.offset + 1, true);
        }
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

/// Whether a record is a row of a snapshot that is not incremental.
pub(super) fn is_snapshot(record: &Result<Record<'_>, Rejected>) -> bool {
    matches!(record, Ok(Record::Row { origin: Origin::Snapshot { marker, .. }, .. }) if *marker != "incremental")
}
