//! What has been applied of a source's log, as far as judging what comes next needs it.

use std::sync::Arc;

use contract::odoo::{NEVER_EMPTY, kept_elsewhere};

use super::recent::{Recent, digest};
use super::tables::Tables;
use crate::torture::{Guard, stands};

/// A transaction's position in the source's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Commit position (an LSN).
    pub commit: u64,
    /// Commit time, in milliseconds since 1970.
    pub time: i64,
}

/// How far snapshots are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Snapshot {
    /// No snapshot has been seen: nothing can be decided yet.
    Waiting,
    /// One is being read.
    Running(Bringing),
    /// One was read to the row that is marked as its last, and nothing but rows of snapshots has come since.
    Read(Bringing),
    /// Rows have come behind the one that is marked as its last, as several threads of a connector write them. It is over where
    /// something else comes.
    Trailing(Bringing),
    /// The last one was read to its end.
    Complete,
}

/// What a snapshot has brought so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bringing {
    /// The table of its very first row, which the processor need not read; empty where that row was not marked as a first one.
    pub first: Arc<str>,
    /// The position in the source's log that its rows name: of another one, they are of another snapshot.
    pub lsn: Option<u64>,
    /// The transaction that was open when it began.
    pub inside: Option<u64>,
    /// Tables of which it has brought rows.
    pub begun: Tables,
    /// Those of them of which it has brought the row that is marked as the first.
    pub marked: Tables,
    /// Of the tables that are never empty, whether or not the processor reads them, those of which it has brought rows.
    pub never_empty: Tables,
}

/// The rows of these tables are not known any more, so nothing is decided until a snapshot has brought them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The tables.
    pub tables: Tables,
    /// What happened first, where, and what to do.
    pub why: Arc<str>,
}

/// Stored in the checkpoint, so that a restart judges as if it had read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Highest commit position, and latest commit time, applied since the last whole snapshot.
    pub high: Option<Position>,
    /// Up to this position transactions were applied by a program that did not keep their ids: one that comes again there is known
    /// by its time alone.
    pub without_ids: Option<u64>,
    /// How far snapshots are.
    pub snapshot: Snapshot,
    /// Tables that any snapshot has brought: the connector captures them.
    pub captured: Tables,
    /// The same of the tables that are never empty, whether or not the processor reads them.
    pub never_empty: Tables,
    /// What was lost of the log, until it has come again.
    pub doubt: Option<Doubt>,
    /// Wanted columns, as `table.column`, without which rows of their table have come. Nothing of those rows is known, unless
    /// this version of Odoo keeps the column in another table that a snapshot has brought.
    pub missing_columns: Vec<Arc<str>>,
    /// A transaction that was cut off: the connector has to emit it again before any new one.
    pub incomplete: Option<u64>,
    /// The time, in milliseconds since 1970, that was taken instead of the last one that was too far ahead of its own record.
    pub bounded: Option<i64>,
}

/// What a transaction is to us, judged at its END.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not applied yet.
    New,
    /// Applied before: a restarted connector emits it again.
    Again,
    /// At a position that was passed, yet never seen: the source's log began again.
    LogBeganAgain,
}

impl Progress {
    /// Nothing was read yet, of a processor that reads these tables.
    pub fn none(declared: &'static [&'static str]) -> Self {
        Self {
            high: None,
            without_ids: None,
            snapshot: Snapshot::Waiting,
            captured: Tables::none(declared),
            never_empty: Tables::none(&NEVER_EMPTY),
            doubt: None,
            missing_columns: Vec::new(),
            incomplete: None,
            bounded: None,
        }
    }

    /// Whether conclusions may be drawn: a snapshot is complete, and nothing is unknown.
    pub fn is_whole(&self) -> bool {
        matches!(self.snapshot, Snapshot::Read(_) | Snapshot::Complete) && self.unknown().is_none()
    }

    /// What is not known of the rows up to here, why, and what to do; nobody should wait for it to come by itself.
    pub fn unknown(&self) -> Option<String> {
        let missing: Vec<_> = self.not_known().collect();
        if !missing.is_empty() {
            let names: Vec<_> = missing.iter().map(|(table, column)| format!("{table}.{column}")).collect();
            let elsewhere = missing.iter().find_map(|(table, column)| kept_elsewhere(table, column));
            let otherwise = elsewhere.map_or_else(
                || "it is not supported".to_owned(),
                |table| {
                    format!(
                        "let the connector capture {table}, which has its values there, and take a snapshot"
                    )
                },
            );
            return Some(format!(
                "rows have come without columns that are read: {}. Nothing is decided without them: let the connector capture these \
                 columns (column.include.list, column.exclude.list), then take a snapshot of their tables. If this version of Odoo \
                 has no such column, {otherwise}",
                names.join(", ")
            ));
        }
        let doubt = self.doubt.as_ref().filter(|_| stands(Guard::Loss))?;
        Some(format!(
            "{}. Rows of {} are not known any more, and nothing is decided before a snapshot has brought them again: \
             let the connector take one",
            doubt.why, doubt.tables
        ))
    }

    /// Judges the transaction that ends at `end`.
    pub(super) fn judge(&self, transaction: u64, end: Position, recent: &Recent) -> Verdict {
        if !stands(Guard::ReEmission) {
            return Verdict::New;
        }
        if recent.contains(digest(transaction, end)) {
            return Verdict::Again;
        }
        let Some(high) = self.high.filter(|high| end.commit <= high.commit) else { return Verdict::New };
        let without_id = self.without_ids.is_some_and(|position| end.commit <= position);
        if without_id && end.time <= high.time { Verdict::Again } else { Verdict::LogBeganAgain }
    }

    /// Counts the transaction as applied.
    pub(super) fn advance(&mut self, end: Position) {
        let high = self.high.get_or_insert(end);
        high.commit = high.commit.max(end.commit);
        high.time = high.time.max(end.time);
    }

    /// Rows of a table have come without this column.
    pub(super) fn miss_column(&mut self, table: &str, column: &str) {
        let column = format!("{table}.{column}");
        if let Err(place) = self.missing_columns.binary_search_by(|known| (**known).cmp(&*column)) {
            self.missing_columns.insert(place, column.into());
        }
    }

    /// The columns without which rows have come, and whose values no other table has brought.
    fn not_known(&self) -> impl Iterator<Item = (&str, &str)> {
        let missing = self.missing_columns.iter().filter_map(|column| column.split_once('.'));
        missing.filter(|(table, column)| {
            !kept_elsewhere(table, column).is_some_and(|table| self.captured.contains(table))
        })
    }

    /// All rows of a table come again.
    pub(super) fn begin_table(&mut self, table: &str) {
        self.missing_columns.retain(|column| column.split_once('.').is_none_or(|(of, _)| of != table));
    }

    /// These tables are not known any more.
    pub(super) fn doubt(&mut self, tables: Tables, why: impl FnOnce() -> String) {
        match &mut self.doubt {
            Some(doubt) => doubt.tables = doubt.tables.or(tables),
            None if tables.is_empty() => {}
            None => self.doubt = Some(Doubt { tables, why: why().into() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &[&str] = &["a", "b"];

    fn end(commit: u64, time: i64) -> Position {
        Position { commit, time }
    }

    #[test]
    fn a_repeat_is_recognised_and_a_new_log_is_not_taken_for_one() {
        let mut progress = Progress::none(TABLES);
        assert_eq!(progress.judge(1, end(50, 500), &Recent::default()), Verdict::New);
        progress.advance(end(50, 500));
        let recent: Recent = [digest(1, end(50, 500))].into_iter().collect();
        assert_eq!(progress.judge(1, end(50, 500), &recent), Verdict::Again);
        assert_eq!(
            progress.judge(2, end(51, 499), &recent),
            Verdict::New,
            "commit times only nearly increase"
        );
        for (transaction, end) in [(1, end(50, 499)), (1, end(49, 500)), (2, end(50, 500)), (7, end(7, 501))]
        {
            assert_eq!(progress.judge(transaction, end, &recent), Verdict::LogBeganAgain);
        }
    }

    #[test]
    fn what_was_applied_before_ids_were_kept_is_known_by_its_time() {
        let mut progress = Progress { without_ids: Some(50), ..Progress::none(TABLES) };
        progress.advance(end(60, 500));
        assert_eq!(progress.judge(1, end(50, 500), &Recent::default()), Verdict::Again);
        assert_eq!(progress.judge(1, end(50, 501), &Recent::default()), Verdict::LogBeganAgain);
        assert_eq!(progress.judge(1, end(51, 400), &Recent::default()), Verdict::LogBeganAgain);
    }

    #[test]
    fn a_column_that_is_kept_elsewhere_is_not_missed_where_a_snapshot_has_brought_that_table() {
        const READ: &[&str] = &["res_partner", "ir_property"];
        let mut progress = Progress { snapshot: Snapshot::Complete, ..Progress::none(READ) };
        progress.miss_column("res_partner", "credit_limit");
        assert!(!progress.is_whole());
        assert!(progress.unknown().unwrap().ends_with(
            "let the connector capture ir_property, which has its values there, and take a snapshot"
        ));
        progress.captured = progress.captured.with(["ir_property"]);
        assert!(progress.is_whole());
        progress.miss_column("res_partner", "name");
        let unknown = progress.unknown().unwrap();
        assert!(unknown.contains("that are read: res_partner.name. "), "{unknown}");
        assert!(unknown.ends_with("it is not supported"), "{unknown}");
    }

    #[test]
    fn doubt_grows_and_keeps_its_first_reason() {
        let mut progress = Progress { snapshot: Snapshot::Complete, ..Progress::none(TABLES) };
        progress.doubt(Tables::none(TABLES), || "nothing".into());
        assert!(progress.is_whole());
        progress.doubt(Tables::none(TABLES).with(["a"]), || "first".into());
        progress.doubt(Tables::none(TABLES).with(["b"]), || "second".into());
        let doubt = progress.doubt.as_ref().unwrap();
        assert_eq!((doubt.tables, &*doubt.why), (Tables::all(TABLES), "first"));
        assert!(!progress.is_whole());
    }
}
