//! The rows as they are now, and which of them PostgreSQL does not know yet.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;

use crate::assembler::{Contents, Delivery};
use crate::log::Row;
use crate::unavailable::complete;

/// Rows of a table of Odoo by id.
pub(crate) type Rows = BTreeMap<i64, Value>;

/// Table and id.
type Key = (String, String);

/// The last image of every row.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    rows: BTreeMap<Key, String>,
    changed: BTreeSet<Key>,
}

/// What has changed since it was asked for last: keys, and the rows that are there.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) gone: (Vec<String>, Vec<String>),
    pub(crate) tables: Vec<String>,
    pub(crate) ids: Vec<String>,
    pub(crate) rows: Vec<String>,
}

impl Mirror {
    /// Applies what the log has delivered.
    pub(crate) fn apply(&mut self, delivery: Delivery) {
        match delivery.contents {
            Contents::Transaction { rows, .. } => rows.into_iter().for_each(|row| self.put(row)),
            Contents::Upsert(row) => self.put(row),
            Contents::SnapshotRow { row, first_of_table } => {
                if first_of_table {
                    self.clear(&row.table);
                }
                self.put(row);
            }
            Contents::SnapshotEnd { empty, .. } => empty.iter().for_each(|table| self.clear(table)),
            Contents::Control { .. } => {}
        }
    }

    fn put(&mut self, row: Row) {
        let key = (row.table, row.id);
        self.changed.insert(key.clone());
        match row.after {
            Some(after) => {
                let after = complete(after, self.rows.get(&key).map(String::as_str));
                self.rows.insert(key, after)
            }
            None => self.rows.remove(&key),
        };
    }

    fn clear(&mut self, table: &str) {
        let gone: Vec<Key> = self.rows.keys().filter(|(name, _)| name == table).cloned().collect();
        for key in gone {
            self.rows.remove(&key);
            self.changed.insert(key);
        }
    }

    /// The rows of a table.
    pub(crate) fn rows_of(&self, table: &str) -> Vec<String> {
        self.rows.iter().filter(|((name, _), _)| name == table).map(|(_, row)| row.clone()).collect()
    }

    /// The rows of a table by id.
    pub(crate) fn by_id(&self, table: &str) -> Rows {
        let rows = self.rows_of(table);
        let rows = rows.iter().filter_map(|row| serde_json::from_str::<Value>(row).ok());
        rows.filter_map(|row| Some((row["id"].as_i64()?, row))).collect()
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// What has changed since the last time.
    pub(crate) fn take_changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        for (table, id) in std::mem::take(&mut self.changed) {
            changes.gone.0.push(table.clone());
            changes.gone.1.push(id.clone());
            if let Some(row) = self.rows.get(&(table.clone(), id.clone())) {
                changes.tables.push(table);
                changes.ids.push(id);
                changes.rows.push(row.clone());
            }
        }
        changes
    }
}

/// A number of a row, whatever the connector writes it as.
pub(crate) fn decimal(value: &Value) -> Decimal {
    match value {
        Value::String(text) => text.parse().unwrap_or_default(),
        number => number.to_string().parse().unwrap_or_default(),
    }
}
