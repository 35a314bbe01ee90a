//! Scans: all records of an Odoo model are compared with a model that was just frozen. Between scans every change is followed.

use std::collections::BTreeSet;

use linkage::model::{Model, Parameters};
use linkage::record::Record;

use super::book::{Book, FEWEST};
use super::rows;
use super::standing::Status;
use super::{Numbers, Turn};
use crate::store::{Frozen, Scan};

/// The first one.
pub(super) const BOOTSTRAP: &str = "bootstrap";
/// There are so many more records than when the model was frozen that it does not hold any more.
pub(super) const GROWTH: &str = "growth";
/// A person asked for it.
pub(super) const REQUESTED: &str = "requested";
/// What agreement is worth was learned anew.
pub(super) const MODEL_SWITCH: &str = "model switch";

impl Turn<'_> {
    /// Freezes a model over all records and compares them. What was learned stays what it was.
    pub(super) fn scan(&mut self, book: Option<Book>, why: &str) -> Book {
        let learned = book.map(|book| book.engine.model().parameters.clone());
        self.scan_with(learned, why)
    }

    /// Freezes a model over all records and compares them. Only differences are told.
    pub(super) fn scan_with(&mut self, learned: Option<Parameters>, why: &str) -> Book {
        let number = self.model.number();
        let schema = self.model.schema();
        let mut with = match learned {
            Some(learned) => Model::new(&schema, learned),
            None => Model::untrained(&schema),
        };
        let ids = rows::ids(self.model, self.tables);
        let records = ids.into_iter();
        let mut records: Vec<Record> =
            records.filter_map(|id| rows::record(self.model, id, self.tables, self.links, &with)).collect();
        with.freeze(&mut records, FEWEST);
        let frozen = with.frozen();
        let scan_id = Numbers::take(&mut self.numbers.scan);
        let version = self.tables.models.get(number).map_or(1, |row| row.version + 1);
        let total_records = i32::try_from(records.len()).unwrap_or(i32::MAX);
        let row = Frozen {
            model: number,
            version,
            weights: frozen.weights,
            frequencies: frozen.frequencies,
            records: total_records,
            scan_id,
        };
        self.tables.models.set(number, Some(row));
        let now = self.now.naive_utc();
        let scan = Scan {
            id: scan_id,
            scan_type: format!("{} {why}", self.model),
            status: "completed".into(),
            total_records,
            duplicates_found: 0,
            auto_merged: 0,
            pending_review: 0,
            started_at: now,
            completed_at: now,
        };
        self.tables.scans.set(scan_id, Some(scan));
        let mut book = Book::new(self.model, with, records, self.tables);
        let live = self
            .tables
            .groups
            .iter()
            .filter(|row| row.odoo_model == self.model.name() && Status::of(row).is_live());
        let rows: BTreeSet<i32> = live.map(|row| row.id).collect();
        let records = book.engine.groups().flat_map(|group| group.records.clone()).collect();
        self.regroup(&mut book, rows, records);
        self.count(&book);
        book
    }

    /// The records of a model are not compared any more.
    pub(super) fn close(&mut self, mut book: Book) {
        let (rows, records) = (book.live_rows(), rows::ids(self.model, self.tables));
        for id in records {
            book.set(id, None);
        }
        book.settle();
        self.regroup(&mut book, rows, BTreeSet::new());
        self.count(&book);
        self.tables.models.set(self.model.number(), None);
    }

    /// The scan whose model is in force.
    pub(super) fn scan_in_force(&self) -> Option<i32> {
        self.tables.models.get(self.model.number()).map(|row| row.scan_id)
    }

    /// Brings the counts of the scan in force up to date.
    pub(super) fn count(&mut self, book: &Book) {
        let Some(id) = self.scan_in_force() else { return };
        let Some(before) = self.tables.scans.get(id) else { return };
        let scan = Scan {
            total_records: i32::try_from(book.engine.len()).unwrap_or(i32::MAX),
            duplicates_found: book.tally.surplus,
            auto_merged: book.tally.merged,
            pending_review: book.tally.waiting,
            ..before.clone()
        };
        self.tables.scans.replace(id, Some(scan));
    }
}
