//! From source rows to groups of duplicates, and from groups to decisions. Pure: no SQL, no clock, no async.
//!
//! [`Catalogue::apply`] stores rows and notes which records they touch; [`Catalogue::decide`] tells the engine of each Odoo model about
//! them, lets decisions lapse whose values have changed, and brings the rows of `duplicate_groups` in line with the groups that
//! there are now.

mod book;
mod decisions;
mod evidence;
pub mod explain;
mod groups;
mod master;
pub mod models;
mod requests;
mod rows;
mod scans;
mod settings;
mod standing;
#[cfg(test)]
mod tests;
pub mod training;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contract::{Outbox, RuleSet};
use rustc_hash::FxHashSet;

use crate::event::Event;
use crate::store::Tables;
use book::Book;
use models::OdooModel;
use requests::Asked;
use rows::Links;
use settings::Settings;

/// The working state.
#[derive(Default)]
pub struct Catalogue {
    /// The rows behind it.
    pub tables: Tables,
    links: Links,
    settings: Settings,
    /// What is being compared; none before the first snapshot is complete.
    books: BTreeMap<OdooModel, Book>,
    touched: Touched,
    /// What people asked for since the last decision, by group.
    asked: BTreeMap<i32, Asked>,
    numbers: Numbers,
}

/// The next free ids.
#[derive(Clone, Copy, Debug, Default)]
struct Numbers {
    group: i32,
    scan: i32,
}

impl Numbers {
    fn take(next: &mut i32) -> i32 {
        *next += 1;
        *next
    }
}

#[derive(Default)]
struct Touched {
    /// Records whose rows came, changed or went.
    records: BTreeMap<OdooModel, FxHashSet<i32>>,
    /// Those of them that were deleted one by one: what a new snapshot does not bring was not.
    deleted: BTreeMap<OdooModel, BTreeSet<i32>>,
    /// A country changed.
    countries: bool,
    /// The rules changed.
    settings: bool,
}

/// One Odoo model's part of a decision.
struct Turn<'c> {
    model: OdooModel,
    now: DateTime<Utc>,
    tables: &'c mut Tables,
    links: &'c Links,
    settings: &'c Settings,
    numbers: &'c mut Numbers,
    outbox: &'c mut Outbox,
    asked: &'c BTreeMap<i32, Asked>,
    /// Groups with decisions that are not in force any more.
    lapsed: BTreeSet<i32>,
    /// Records that were deleted in this source transaction, …
    deleted: BTreeSet<i32>,
    /// … and those that were written.
    written: BTreeSet<i32>,
}

impl Catalogue {
    /// Over the rows of `tables`.
    ///
    /// # Errors
    /// A stored model that does not fit its schema.
    pub fn new(tables: Tables) -> Result<Self, String> {
        let mut catalogue = Self { links: Links::of(&tables), ..Self::default() };
        catalogue.numbers = Numbers {
            group: tables.groups.iter().map(|row| row.id).max().unwrap_or(0),
            scan: tables.scans.iter().map(|row| row.id).max().unwrap_or(0),
        };
        for model in OdooModel::ALL {
            if let Some(book) = Book::resume(model, &tables, &catalogue.links)? {
                catalogue.books.insert(model, book);
            }
        }
        catalogue.tables = tables;
        Ok(catalogue)
    }

    /// Takes over the rules in force.
    ///
    /// # Errors
    /// Rules that cannot be used, and what to change.
    pub fn rules(&mut self, rules: &RuleSet) -> Result<(), String> {
        let settings = Settings::of(rules.get(crate::NAME, crate::MERGE))?;
        self.touched.settings |= settings != self.settings;
        self.settings = settings;
        Ok(())
    }

    /// Forgets all rows of a source table.
    pub fn forget(&mut self, table: &str) {
        let touched = match table {
            "res_partner" => Some(OdooModel::Partner),
            "crm_lead" => Some(OdooModel::Lead),
            "product_template" | "product_product" => Some(OdooModel::Product),
            _ => None,
        };
        if let Some(model) = touched {
            for id in rows::ids(model, &self.tables) {
                self.touch(model, id);
            }
        }
        match table {
            "crm_lead" => self.tables.leads.clear(),
            "product_product" => {
                self.tables.variants.clear();
                self.links.clear();
            }
            "product_template" => self.tables.products.clear(),
            "res_country" => {
                self.tables.countries.clear();
                self.touched.countries = true;
            }
            "res_partner" => self.tables.partners.clear(),
            _ => {}
        }
    }

    /// Stores one row's latest version, or its deletion.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Country(id, row) => {
                self.touched.countries |= self.tables.countries.replace(id, row).is_some();
            }
            Event::Partner(id, row) => {
                self.note_deleted(OdooModel::Partner, id, row.is_none());
                self.tables.partners.replace(id, row);
                self.touch(OdooModel::Partner, id);
            }
            Event::Lead(id, row) => {
                self.note_deleted(OdooModel::Lead, id, row.is_none());
                self.tables.leads.replace(id, row);
                self.touch(OdooModel::Lead, id);
            }
            Event::Product(id, row) => {
                self.note_deleted(OdooModel::Product, id, row.is_none());
                self.tables.products.replace(id, row);
                self.touch(OdooModel::Product, id);
            }
            Event::Variant(id, row) => {
                if let Some(row) = &row {
                    self.links.set(row, true);
                    self.touch(OdooModel::Product, row.product_id);
                }
                let product = row.as_ref().map(|row| row.product_id);
                let old = self.tables.variants.replace(id, row).flatten();
                if let Some(old) = old.filter(|old| product != Some(old.product_id)) {
                    self.links.set(&old, false);
                    self.touch(OdooModel::Product, old.product_id);
                }
            }
        }
    }

    fn note_deleted(&mut self, model: OdooModel, record: i32, is_deleted: bool) {
        if is_deleted {
            self.touched.deleted.entry(model).or_default().insert(record);
        } else if let Some(deleted) = self.touched.deleted.get_mut(&model) {
            deleted.remove(&record);
        }
    }

    /// Until a model is compared, all of its records are still to be read.
    fn touch(&mut self, model: OdooModel, record: i32) {
        if self.books.contains_key(&model) {
            self.touched.records.entry(model).or_default().insert(record);
        }
    }

    /// Draws the conclusions as of `now`.
    pub fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox) {
        let mut touched = std::mem::take(&mut self.touched);
        if touched.countries {
            for model in [OdooModel::Partner, OdooModel::Lead] {
                touched.records.entry(model).or_default().extend(rows::ids(model, &self.tables));
            }
        }
        for model in OdooModel::ALL {
            let book = self.books.remove(&model);
            let records = touched.records.remove(&model).unwrap_or_default();
            let deleted = touched.deleted.remove(&model).unwrap_or_default();
            let mut turn = self.turn(model, now, outbox);
            let wanted = turn.settings.models.contains(&model);
            let book = match book {
                None if wanted => Some(turn.scan(None, scans::BOOTSTRAP)),
                Some(book) if !wanted => {
                    turn.close(book);
                    None
                }
                Some(mut book) => {
                    turn.deleted = deleted;
                    turn.follow(&mut book, records, touched.settings);
                    Some(if book.is_outgrown() { turn.scan(Some(book), scans::GROWTH) } else { book })
                }
                None => None,
            };
            if let Some(book) = book {
                self.books.insert(model, book);
            }
        }
        self.asked.clear();
    }

    fn turn<'c>(&'c mut self, model: OdooModel, now: DateTime<Utc>, outbox: &'c mut Outbox) -> Turn<'c> {
        Turn {
            model,
            now,
            tables: &mut self.tables,
            links: &self.links,
            settings: &self.settings,
            numbers: &mut self.numbers,
            outbox,
            asked: &self.asked,
            lapsed: BTreeSet::new(),
            deleted: BTreeSet::new(),
            written: BTreeSet::new(),
        }
    }
}

impl Turn<'_> {
    /// Brings a book up to date with what was touched.
    fn follow(&mut self, book: &mut Book, records: FxHashSet<i32>, new_settings: bool) {
        let all = std::mem::take(&mut book.unseen) || new_settings;
        if records.is_empty() && !all && book.is_settled() {
            return;
        }
        let mut records: BTreeSet<i32> = records.into_iter().collect();
        for id in &records {
            book.set(*id, rows::record(self.model, *id, self.tables, self.links, book.engine.model()));
        }
        self.written = records.iter().copied().filter(|id| is_there(self.model, *id, self.tables)).collect();
        let mut rows = BTreeSet::new();
        if all {
            rows = book.live_rows();
            records.extend(self.decided_upon());
            records.extend(book.engine.groups().flat_map(|group| &group.records));
        }
        self.lapse(book, &records);
        records.extend(book.settle());
        self.regroup(book, rows, records);
        self.count(book);
    }

    /// All records about which people decided anything.
    fn decided_upon(&self) -> BTreeSet<i32> {
        let number = self.model.number();
        let decisions = self.tables.decisions.iter().filter(|row| row.model == number);
        let masters = self.tables.masters.iter().filter(|row| row.model == number);
        decisions
            .flat_map(|row| [row.first_id, row.second_id])
            .chain(masters.map(|row| row.record_id))
            .collect()
    }
}

/// Whether a source row is there, compared or not.
fn is_there(model: OdooModel, id: i32, tables: &Tables) -> bool {
    match model {
        OdooModel::Partner => tables.partners.get(id).is_some(),
        OdooModel::Lead => tables.leads.get(id).is_some(),
        OdooModel::Product => tables.products.get(id).is_some(),
    }
}
