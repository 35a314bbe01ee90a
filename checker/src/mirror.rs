//! The rows as they are now, and which of them PostgreSQL does not know yet.

use std::collections::{BTreeMap, BTreeSet};

use crate::assembler::{Contents, Delivery};
use crate::log::Row;
use crate::unavailable::complete;

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
