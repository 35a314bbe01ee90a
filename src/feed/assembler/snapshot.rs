//! Snapshots: tables brought anew, in chunks, complete with their last row.

use std::collections::BTreeSet;

use contract::{Change, Rejected};

use super::Assembler;
use crate::feed::envelope::{Origin, Record};
use crate::feed::input::Input;
use crate::feed::progress::{Progress, Snapshot};
use crate::feed::unit::{Bulk, Mark, Step};

/// Rows of a snapshot that go out as one unit.
const SNAPSHOT_CHUNK: usize = 1_000;

/// A snapshot with these has captured the database, so a wanted table that it did not bring is empty.
const IN_EVERY_SNAPSHOT: [&str; 5] =
    ["res_company", "res_partner", "res_currency", "account_account", "account_move_line"];

/// The snapshot rows that have not gone out yet.
pub(super) struct Chunk<E> {
    pub(super) begins: Vec<(String, i64)>,
    pub(super) rows: Bulk<E>,
    pub(super) last: Mark,
}

impl<E> Assembler<E> {
    /// Whether a snapshot begins with this row. The marker `first` is missing where the first table is empty: then the row
    /// is the log's very first, or stands behind something else than snapshot rows.
    pub(super) fn begins_snapshot(&self, marker: &str, offset: i64) -> bool {
        let running = matches!(self.progress.snapshot, Snapshot::Running(_)) && self.lost.is_none();
        let silent = !running && (offset == 0 || !self.in_snapshot);
        marker == "first" || (silent && marker != "incremental")
    }

    pub(super) fn snapshot_row(&mut self, change: &Change<'_>, marker: &str, time: i64, input: &Input<'_>) {
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
        if let Some(table) = self.wants(change.table.as_bytes()) {
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

    pub(super) fn close_chunk(&mut self) {
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
}

/// Whether a record is a row of a snapshot that is not incremental.
pub(super) fn is_snapshot(record: &Result<Record<'_>, Rejected>) -> bool {
    matches!(record, Ok(Record::Row { origin: Origin::Snapshot { marker, .. }, .. }) if *marker != "incremental")
}
