//! Brings the engines in line with the rows, and notes the lines that rest on what has changed.

use std::collections::{BTreeMap, BTreeSet};

use super::books::Books;
use super::decide::Decision;
use super::models::Models;
use super::records as read;
use super::state::{Scope, State, Touched};

impl State {
    /// Makes the engines anew, from the rows and from what was learned.
    pub(super) fn make_books(&mut self) {
        let tables = &self.tables;
        self.suspense = tables.journals.iter().filter_map(|row| row.suspense_account_id).collect();
        let companies = tables.companies.iter().map(|row| (row.id, Books::default()));
        let mut books: BTreeMap<i32, Books> = companies.collect();
        for (company, books) in &mut books {
            books.engine.rates = read::rates(*company, tables);
            for row in tables.partners.iter() {
                if let Some(partner) = read::partner(row.id, *company, tables, &self.indexes) {
                    books.engine.payers.set(&partner);
                }
            }
        }
        for row in tables.items.iter() {
            let Some((item, paid)) = read::item(row, tables, &self.suspense) else { continue };
            // What a branch has, the companies that it belongs to may be paid for.
            for company in tables.path(row.company_id) {
                if let Some(books) = books.get_mut(company) {
                    books.engine.change_item(item.id, Some(item.clone()), paid);
                }
            }
        }
        for row in tables.statement_lines.iter().filter(|row| row.reconciled) {
            let Some(line) = read::line(row, tables) else { continue };
            if let Some(books) = tables.company_of(row).and_then(|company| books.get_mut(&company)) {
                books.engine.set_done(&line, true);
            }
        }
        self.books = books;
        self.models = Models::new(&self.tables);
        self.remember();
    }

    /// The lines that are not done, in order.
    pub(super) fn open_lines(&self) -> BTreeSet<i32> {
        self.tables.lines.iter().filter(|row| !row.status.is_done()).map(|row| row.id).collect()
    }
}

impl Decision<'_> {
    /// Takes over what was touched.
    pub(super) fn sync(&mut self, touched: &Touched) {
        let State { tables, books, indexes, suspense, models, .. } = &mut *self.state;
        let mut changed: BTreeMap<i32, Vec<u64>> = BTreeMap::new();
        let mut wanting = BTreeSet::new();
        if touched.rates {
            for (company, books) in books.iter_mut() {
                books.engine.rates = read::rates(*company, tables);
            }
            self.scope = self.scope.max(Scope::AllLines);
        }
        if touched.models {
            *models = Models::new(tables);
        }
        for id in &touched.partners {
            for (company, books) in books.iter_mut() {
                let partner = read::partner(*id, *company, tables, indexes);
                changed
                    .entry(*company)
                    .or_default()
                    .extend(books.engine.change_partner(*id, partner.as_ref()));
            }
        }
        for id in &touched.items {
            let row = tables.items.get(*id);
            let path = row.map(|row| tables.path(row.company_id)).unwrap_or_default();
            let item = row.and_then(|row| read::item(row, tables, suspense));
            for (company, books) in books.iter_mut() {
                let item = item.as_ref().filter(|_| path.contains(company));
                let before = books.engine.items.get(*id);
                let unchanged = match item {
                    Some((item, _)) => before == Some(item),
                    None => before.is_none() && !books.engine.items.is_closed(*id),
                };
                if !unchanged {
                    // What a person has asked for is wanted whatever the line says.
                    wanting.extend(books.wanting(*id));
                    let paid = item.map_or(0, |(_, paid)| *paid);
                    let keys = books.engine.change_item(*id, item.map(|(item, _)| item.clone()), paid);
                    changed.entry(*company).or_default().extend(keys);
                }
            }
        }
        self.dirty.extend(wanting);
        if touched.models {
            // Few models are of many lines.
            let open = self.state.books.values().flat_map(Books::lines);
            let otherwise = open.filter(|(id, line)| self.state.line(*id).as_ref() != Some(line));
            self.dirty.extend(otherwise.map(|(id, _)| id).collect::<Vec<_>>());
        }
        for (company, keys) in changed {
            self.dirty_by(company, &keys);
        }
    }

    /// The lines that rest on any of these have to be looked at.
    pub(super) fn dirty_by(&mut self, company: i32, keys: &[u64]) {
        if let Some(books) = self.state.books.get(&company) {
            self.dirty.extend(books.resting_on(keys));
        }
    }
}
