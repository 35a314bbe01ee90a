//! The dead letters that nothing has settled, as the owner of a task knows them.

use std::collections::hash_map::Entry;

use contract::log::Seldom;
use contract::{Failure, Rejected};
use rustc_hash::FxHashMap;
use sqlx::{PgConnection, Row};

use super::decision::Verb;
use crate::clock;
use crate::feed::{DeadLetter, RowKey};
use crate::task::TaskId;

/// An open dead letter: the offset of its record, and its table.
type Open = (i64, String);

/// The open dead letters of one task, and what has changed about them since the last save.
#[derive(Default)]
pub struct OpenDeadLetters {
    processor: &'static str,
    source: String,
    /// Offsets of open dead letters per row; `None` where the row is not known.
    open: FxHashMap<Option<RowKey>, Vec<Open>>,
    added: Vec<DeadLetter>,
    superseded: Vec<(i64, i64)>,
    resolved: Vec<(i64, Verb, String)>,
    told: Seldom,
}

impl OpenDeadLetters {
    /// Reads them.
    pub async fn load(task: &TaskId, connection: &mut PgConnection) -> Result<Self, Failure> {
        let rows = task
            .query(
                "SELECT record_offset, table_name, row_key FROM stream.dead_letter
             WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5
                 AND superseded_by IS NULL AND resolution IS NULL",
            )
            .fetch_all(connection)
            .await?;
        let source = task.source.clone();
        let mut dead_letters = Self { processor: task.processor, source, ..Self::default() };
        for row in rows {
            let (table, key): (String, String) = (row.try_get("table_name")?, row.try_get("row_key")?);
            let row_key = (!key.is_empty()).then(|| RowKey::new(&table, &key));
            dead_letters.open.entry(row_key).or_default().push((row.try_get("record_offset")?, table));
        }
        Ok(dead_letters)
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.open.values().map(Vec::len).sum()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// A record could not be used.
    pub fn add(&mut self, dead_letter: DeadLetter) {
        let entry = self.open.entry(dead_letter.row).or_default();
        if !entry.iter().any(|(offset, _)| *offset == dead_letter.record.offset) {
            entry.push((dead_letter.record.offset, dead_letter.reason.table.clone()));
            if let Some(left_out) = self.told.may_say() {
                // What was found may be personal, so it is in the dead letter alone.
                let Rejected { table, column, expected, .. } = &dead_letter.reason;
                let offset = dead_letter.record.offset;
                tracing::warn!(
                    processor = self.processor,
                    source = self.source,
                    offset,
                    table,
                    column,
                    expected,
                    left_out,
                    "a record cannot be used: `ledgerwell dlq show` has it"
                );
            }
            self.added.push(dead_letter);
        }
    }

    /// Whether one is open about this row.
    pub fn has(&self, row: RowKey) -> bool {
        self.open.contains_key(&Some(row))
    }

    /// These rows have a version at these offsets, good or bad, which counts instead of those before.
    pub fn supersede(&mut self, rows: &[(RowKey, i64)]) {
        if self.open.is_empty() {
            return;
        }
        for (row, by) in rows {
            let Entry::Occupied(mut entry) = self.open.entry(Some(*row)) else { continue };
            let before = entry.get_mut().extract_if(.., |(offset, _)| *offset < *by);
            self.superseded.extend(before.map(|(offset, _)| (offset, *by)));
            if entry.get().is_empty() {
                entry.remove();
            }
        }
    }

    /// A snapshot brings this table again.
    pub fn supersede_table(&mut self, table: &str, by: i64) {
        let superseded = &mut self.superseded;
        self.open.retain(|_, dead_letters| {
            dead_letters.retain(|(offset, of)| {
                let keep = of != table;
                if !keep {
                    superseded.push((*offset, by));
                }
                keep
            });
            !dead_letters.is_empty()
        });
    }

    /// The row that the dead letter at this offset is about: `None` where none is open there, `Some(None)` where the
    /// record did not even say whose row it is.
    pub fn row_of(&self, offset: i64) -> Option<Option<RowKey>> {
        let found =
            self.open.iter().find(|(_, dead_letters)| dead_letters.iter().any(|(of, _)| *of == offset));
        found.map(|(row, _)| *row)
    }

    /// A person has settled the dead letter at this offset.
    pub fn resolve(&mut self, offset: i64, verb: Verb, person: &str) {
        self.open.retain(|_, dead_letters| {
            dead_letters.retain(|(of, _)| *of != offset);
            !dead_letters.is_empty()
        });
        self.resolved.push((offset, verb, person.to_owned()));
    }

    /// Writes what has changed, inside the batch's transaction.
    pub async fn save(&mut self, task: &TaskId, connection: &mut PgConnection) -> Result<(), Failure> {
        insert(task, &std::mem::take(&mut self.added), connection).await?;
        let (offsets, by): (Vec<_>, Vec<_>) = std::mem::take(&mut self.superseded).into_iter().unzip();
        if !offsets.is_empty() {
            task.query(
                "UPDATE stream.dead_letter AS mine SET superseded_by = good.by
                     FROM UNNEST($6::bigint[], $7::bigint[]) AS good(record_offset, by)
                     WHERE mine.processor = $1 AND mine.version = $2 AND mine.source = $3 AND mine.topic = $4
                         AND mine.partition = $5 AND mine.record_offset = good.record_offset",
            )
            .bind(offsets)
            .bind(by)
            .execute(&mut *connection)
            .await?;
        }
        for (offset, verb, person) in std::mem::take(&mut self.resolved) {
            task.query(
                "UPDATE stream.dead_letter SET resolution = $7, resolved_by = $8
                     WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5
                         AND record_offset = $6",
            )
            .bind(offset)
            .bind(verb.done())
            .bind(person)
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }
}

async fn insert(
    task: &TaskId,
    dead_letters: &[DeadLetter],
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    if dead_letters.is_empty() {
        return Ok(());
    }
    // Postgres cannot store NUL in text; the raw record keeps it.
    let text = |text: &str| text.replace('\0', "\u{fffd}");
    let column = |of: fn(&DeadLetter) -> &str| {
        dead_letters.iter().map(|dead_letter| text(of(dead_letter))).collect::<Vec<_>>()
    };
    task.query(
        "INSERT INTO stream.dead_letter (processor, version, source, topic, partition, attempts, record_offset, record_time,
             record_key, record_value, table_name, row_key, column_name, expected, found)
         SELECT $1, $2, $3, $4, $5, 1, given.*
         FROM UNNEST($6::bigint[], $7::timestamptz[], $8::bytea[], $9::bytea[], $10::text[], $11::text[], $12::text[],
             $13::text[], $14::text[]) AS given
         ON CONFLICT (processor, version, source, topic, partition, record_offset)
             DO UPDATE SET attempts = dead_letter.attempts + 1, superseded_by = NULL, resolution = NULL,
                 resolved_by = NULL, record_time = EXCLUDED.record_time,
                 record_key = EXCLUDED.record_key, record_value = EXCLUDED.record_value,
                 table_name = EXCLUDED.table_name, row_key = EXCLUDED.row_key, column_name = EXCLUDED.column_name,
                 expected = EXCLUDED.expected, found = EXCLUDED.found",
    )
    .bind(dead_letters.iter().map(|dead_letter| dead_letter.record.offset).collect::<Vec<_>>())
    .bind(dead_letters.iter().map(|dead_letter| clock::from_millis(dead_letter.record.timestamp)).collect::<Vec<_>>())
    .bind(dead_letters.iter().map(|dead_letter| dead_letter.key.clone()).collect::<Vec<_>>())
    .bind(dead_letters.iter().map(|dead_letter| dead_letter.value.clone()).collect::<Vec<_>>())
    .bind(column(|dead_letter| &dead_letter.reason.table))
    .bind(column(|dead_letter| &dead_letter.row_key))
    .bind(column(|dead_letter| &dead_letter.reason.column))
    .bind(column(|dead_letter| &dead_letter.reason.expected))
    .bind(column(|dead_letter| &dead_letter.reason.found))
    .execute(connection)
    .await?;
    Ok(())
}
