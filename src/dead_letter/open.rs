//! The dead letters that nothing has settled, as the owner of a unit knows them.

use contract::Failure;
use rustc_hash::FxHashMap;
use sqlx::{PgConnection, Row};

use super::decision::Verb;
use crate::clock;
use crate::feed::{Letter, RowKey};
use crate::runner::Place;

/// An open letter: the offset of its record, and its table.
type Open = (i64, String);

/// The open dead letters of one unit, and what has changed about them since the last save.
#[derive(Default)]
pub struct OpenLetters {
    /// Offsets of open letters per row; `None` where the row is not known.
    open: FxHashMap<Option<RowKey>, Vec<Open>>,
    added: Vec<Letter>,
    superseded: Vec<(i64, i64)>,
    resolved: Vec<(i64, Verb, String)>,
}

impl OpenLetters {
    /// Reads them.
    pub async fn load(place: &Place, connection: &mut PgConnection) -> Result<Self, Failure> {
        let rows = place
            .query(
                "SELECT record_offset, table_name, row_key FROM stream.dead_letter
             WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5
                 AND superseded_by IS NULL AND resolution IS NULL",
            )
            .fetch_all(connection)
            .await?;
        let mut letters = Self::default();
        for row in rows {
            let (table, key): (String, String) = (row.try_get("table_name")?, row.try_get("row_key")?);
            let row_key = (!key.is_empty()).then(|| RowKey::new(&table, &key));
            letters.open.entry(row_key).or_default().push((row.try_get("record_offset")?, table));
        }
        Ok(letters)
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
    pub fn add(&mut self, letter: Letter) {
        let entry = self.open.entry(letter.row).or_default();
        if !entry.iter().any(|(offset, _)| *offset == letter.mark.offset) {
            entry.push((letter.mark.offset, letter.reason.table.clone()));
            self.added.push(letter);
        }
    }

    /// These rows have a later version: good, or bad and about to be added.
    pub fn supersede(&mut self, rows: &[(RowKey, i64)]) {
        if self.open.is_empty() {
            return;
        }
        for (row, by) in rows {
            for (offset, _) in self.open.remove(&Some(*row)).unwrap_or_default() {
                self.superseded.push((offset, *by));
            }
        }
    }

    /// A snapshot brings this table anew.
    pub fn supersede_table(&mut self, table: &str, by: i64) {
        let superseded = &mut self.superseded;
        self.open.retain(|_, letters| {
            letters.retain(|(offset, of)| {
                let keep = of != table;
                if !keep {
                    superseded.push((*offset, by));
                }
                keep
            });
            !letters.is_empty()
        });
    }

    /// The row that the letter at this offset is about: `None` where no letter is open there, `Some(None)` where the record
    /// did not even say whose row it is.
    pub fn row_of(&self, offset: i64) -> Option<Option<RowKey>> {
        let found = self.open.iter().find(|(_, letters)| letters.iter().any(|(of, _)| *of == offset));
        found.map(|(row, _)| *row)
    }

    /// A person has settled the letter at this offset.
    pub fn resolve(&mut self, offset: i64, verb: Verb, person: &str) {
        self.open.retain(|_, letters| {
            letters.retain(|(of, _)| *of != offset);
            !letters.is_empty()
        });
        self.resolved.push((offset, verb, person.to_owned()));
    }

    /// Writes what has changed, inside the batch's transaction.
    pub async fn save(&mut self, place: &Place, connection: &mut PgConnection) -> Result<(), Failure> {
        insert(place, &std::mem::take(&mut self.added), connection).await?;
        let (offsets, by): (Vec<_>, Vec<_>) = std::mem::take(&mut self.superseded).into_iter().unzip();
        if !offsets.is_empty() {
            place
                .query(
                    "UPDATE stream.dead_letter AS letter SET superseded_by = good.by
                     FROM UNNEST($6::bigint[], $7::bigint[]) AS good(record_offset, by)
                     WHERE letter.processor = $1 AND letter.version = $2 AND letter.source = $3 AND letter.topic = $4
                         AND letter.partition = $5 AND letter.record_offset = good.record_offset",
                )
                .bind(offsets)
                .bind(by)
                .execute(&mut *connection)
                .await?;
        }
        for (offset, verb, person) in std::mem::take(&mut self.resolved) {
            place
                .query(
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

async fn insert(place: &Place, letters: &[Letter], connection: &mut PgConnection) -> Result<(), Failure> {
    if letters.is_empty() {
        return Ok(());
    }
    // Postgres cannot store NUL in text; the raw record keeps it.
    let text = |text: &str| text.replace('\0', "\u{fffd}");
    let column = |of: fn(&Letter) -> &str| letters.iter().map(|letter| text(of(letter))).collect::<Vec<_>>();
    place.query(
        "INSERT INTO stream.dead_letter (processor, version, source, topic, partition, attempts, record_offset, record_time,
             record_key, record_value, table_name, row_key, column_name, expected, found)
         SELECT $1, $2, $3, $4, $5, 1, letter.*
         FROM UNNEST($6::bigint[], $7::timestamptz[], $8::bytea[], $9::bytea[], $10::text[], $11::text[], $12::text[],
             $13::text[], $14::text[]) AS letter
         ON CONFLICT (processor, version, source, topic, partition, record_offset)
             DO UPDATE SET attempts = dead_letter.attempts + 1, superseded_by = NULL, resolution = NULL,
                 resolved_by = NULL, record_time = EXCLUDED.record_time,
                 record_key = EXCLUDED.record_key, record_value = EXCLUDED.record_value,
                 table_name = EXCLUDED.table_name, row_key = EXCLUDED.row_key, column_name = EXCLUDED.column_name,
                 expected = EXCLUDED.expected, found = EXCLUDED.found",
    )
    .bind(letters.iter().map(|letter| letter.mark.offset).collect::<Vec<_>>())
    .bind(letters.iter().map(|letter| clock::from_millis(letter.mark.timestamp)).collect::<Vec<_>>())
    .bind(letters.iter().map(|letter| letter.key.clone()).collect::<Vec<_>>())
    .bind(letters.iter().map(|letter| letter.value.clone()).collect::<Vec<_>>())
    .bind(column(|letter| &letter.reason.table))
    .bind(column(|letter| &letter.row_key))
    .bind(column(|letter| &letter.reason.column))
    .bind(column(|letter| &letter.reason.expected))
    .bind(column(|letter| &letter.reason.found))
    .execute(connection)
    .await?;
    Ok(())
}
