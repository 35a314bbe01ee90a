//! Row changes are stored, and what they touch is noted. Nothing is derived here.

use contract::TableSet;

use super::state::{Indexes, Scope, State};
use crate::store::{Item, Partial, RowChange};
use contract::Index;

impl State {
    /// Drops all rows of a source table.
    pub fn clear_table(&mut self, table: &str) {
        self.tables.clear_table(table);
        match table {
            "account_move_line" => {
                self.indexes.items_of_entry = Index::default();
                self.indexes.items_of_line = Index::default();
            }
            "account_partial_reconcile" => self.indexes.partials_of_item = Index::default(),
            "res_partner_bank" => self.indexes.banks_of_partner = Index::default(),
            _ => {}
        }
        self.touched.widen(Scope::AllRows);
    }

    /// Stores one row's latest version, or its deletion.
    pub fn apply(&mut self, change: RowChange) {
        match change {
            // They are few, and all else depends on them.
            RowChange::Company(id, row) => {
                if self.tables.companies.replace(id, row).is_some() {
                    self.touched.widen(Scope::AllRows);
                }
            }
            RowChange::Currency(id, row) => {
                if self.tables.currencies.replace(id, row).is_some() {
                    self.touched.widen(Scope::AllRows);
                }
            }
            RowChange::Journal(id, row) => {
                if self.tables.journals.replace(id, row).is_some() {
                    self.touched.widen(Scope::AllRows);
                }
            }
            RowChange::Account(id, row) => {
                let Some(before) = self.tables.accounts.replace(id, row) else { return };
                // Nothing was booked on a new one before this transaction.
                let is_known = self.touched.scope >= Scope::AllRows;
                if before.is_some() || !is_known && self.has_items_on(id) {
                    self.touched.widen(Scope::AllRows);
                }
            }
            RowChange::CurrencyRate(id, row) => {
                self.touched.rates |= self.tables.rates.replace(id, row).is_some();
            }
            RowChange::Model(id, row) => {
                self.touched.models |= self.tables.models.replace(id, row).is_some();
            }
            RowChange::ModelLine(id, row) => {
                self.touched.models |= self.tables.model_lines.replace(id, row).is_some();
            }
            RowChange::ModelTax(key, row) => {
                self.touched.models |= self.tables.model_taxes.replace(key, row).is_some();
            }
            RowChange::ModelPayer(id, row) => {
                self.touched.models |= self.tables.model_payers.replace(id, row).is_some();
            }
            RowChange::ModelJournal(key, row) => {
                self.touched.models |= self.tables.model_journals.replace(key, row).is_some();
            }
            RowChange::ModelPartner(key, row) => {
                self.touched.models |= self.tables.model_partners.replace(key, row).is_some();
            }
            RowChange::Partner(id, row) => {
                self.tables.partners.replace(id, row);
                self.touched.partners.insert(id);
            }
            RowChange::PartnerBank(id, row) => {
                let after = row.as_ref().map(|row| row.partner_id);
                let before = self.tables.banks.set(id, row).map(|row| row.partner_id);
                self.indexes.banks_of_partner.shift(id, before, after);
                self.touched.partners.extend(before.into_iter().chain(after));
            }
            RowChange::Entry(id, row) => {
                let after = row.as_ref().and_then(|row| row.line_id);
                let Some(before) = self.tables.entries.replace(id, row) else { return };
                self.touched.lines.extend(before.and_then(|row| row.line_id).into_iter().chain(after));
                self.touched.items.extend(self.indexes.items_of_entry.members(id));
            }
            RowChange::Item(id, row) => self.apply_item(id, row),
            RowChange::Partial(id, row) => self.apply_partial(id, row),
            RowChange::StatementLine(id, row) => {
                self.tables.statement_lines.replace(id, row);
                self.touched.lines.insert(id);
            }
        }
    }

    fn apply_item(&mut self, id: i32, row: Option<Item>) {
        let of = |row: &Option<Item>| {
            (row.as_ref().map(|row| row.move_id), row.as_ref().and_then(|row| row.line_id))
        };
        let after = of(&row);
        let Some(before) = self.tables.items.replace(id, row) else { return };
        let before = of(&before);
        let Indexes { items_of_entry, items_of_line, .. } = &mut self.indexes;
        items_of_entry.shift(id, before.0, after.0);
        items_of_line.shift(id, before.1, after.1);
        self.touched.items.insert(id);
        self.touched.lines.extend(before.1.into_iter().chain(after.1));
    }

    fn apply_partial(&mut self, id: i32, row: Option<Partial>) {
        let of = |row: &Option<Partial>| row.as_ref().map(|row| [row.debit_id, row.credit_id]);
        let after = of(&row);
        let Some(before) = self.tables.partials.replace(id, row) else { return };
        let before = of(&before);
        for item in before.into_iter().flatten() {
            self.indexes.partials_of_item.shift(id, Some(item), None);
        }
        for item in after.into_iter().flatten() {
            self.indexes.partials_of_item.shift(id, None, Some(item));
        }
        for item in before.into_iter().chain(after).flatten() {
            self.touched.settled.insert(item);
        }
    }

    fn has_items_on(&self, account: i32) -> bool {
        self.tables.items.iter().any(|item| item.account_id == Some(account))
    }
}
