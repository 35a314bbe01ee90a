//! The rows, and which countries they touch.

use std::collections::{BTreeMap, BTreeSet};

use contract::TableSet;

use crate::store::{RowChange, Tables};

/// The working state.
pub struct State {
    /// What is stored.
    pub tables: Tables,
    /// How many partners each country has now.
    pub(super) counts: BTreeMap<i32, i32>,
    /// Countries whose count may differ from the stored one.
    pub(super) touched: BTreeSet<i32>,
}

impl State {
    /// Over what is stored. All countries may have changed since: rows of a snapshot are stored before it is complete.
    pub fn new(tables: Tables) -> Self {
        let mut state = Self { tables, counts: BTreeMap::new(), touched: BTreeSet::new() };
        state.recount();
        state
    }

    /// Stores a partner's latest version, or its deletion.
    pub fn apply(&mut self, change: RowChange) {
        let RowChange::Partner(id, row) = change;
        let after = row.as_ref().map(|row| row.country_id);
        let before = self.tables.partners.set(id, row).map(|row| row.country_id);
        self.add(before, -1);
        self.add(after, 1);
    }

    /// Drops all rows of a source table.
    pub fn clear_table(&mut self, table: &str) {
        self.tables.clear_table(table);
        self.recount();
    }

    /// Counts all partners once more.
    pub(super) fn recount(&mut self) {
        self.touched.extend(self.tables.countries.iter().map(|row| row.country_id));
        self.counts.clear();
        let countries: Vec<i32> = self.tables.partners.iter().map(|row| row.country_id).collect();
        for country in countries {
            self.add(Some(country), 1);
        }
    }

    fn add(&mut self, country: Option<i32>, partners: i32) {
        if let Some(country) = country {
            *self.counts.entry(country).or_default() += partners;
            self.touched.insert(country);
        }
    }
}
