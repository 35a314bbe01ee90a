//! Row changes are stored, and the records that they touch are noted. Nothing is derived here.

use contract::TableSet;

use super::odoo_model::OdooModel;
use super::state::State;
use crate::store::RowChange;

impl State {
    /// Drops all rows of a source table.
    pub fn clear_table(&mut self, table: &str) {
        let touched = match table {
            "res_partner" => Some(OdooModel::Partner),
            "crm_lead" => Some(OdooModel::Lead),
            "product_template" | "product_product" => Some(OdooModel::Product),
            _ => None,
        };
        if let Some(model) = touched {
            for id in self.rows().ids(model) {
                self.touch(model, id);
            }
        }
        self.tables.clear_table(table);
        match table {
            "product_product" => self.variants.clear(),
            "res_country" => self.touched.countries = true,
            _ => {}
        }
    }

    /// Stores one row's latest version, or its deletion.
    pub fn apply(&mut self, change: RowChange) {
        match change {
            RowChange::Country(id, row) => {
                self.touched.countries |= self.tables.countries.replace(id, row).is_some();
            }
            RowChange::Partner(id, row) => {
                self.note_deleted(OdooModel::Partner, id, row.is_none());
                self.tables.partners.replace(id, row);
                self.touch(OdooModel::Partner, id);
            }
            RowChange::Lead(id, row) => {
                self.note_deleted(OdooModel::Lead, id, row.is_none());
                self.tables.leads.replace(id, row);
                self.touch(OdooModel::Lead, id);
            }
            RowChange::Product(id, row) => {
                self.note_deleted(OdooModel::Product, id, row.is_none());
                self.tables.products.replace(id, row);
                self.touch(OdooModel::Product, id);
            }
            RowChange::Variant(id, row) => {
                if let Some(row) = &row {
                    self.variants.insert(row);
                    self.touch(OdooModel::Product, row.product_id);
                }
                let product = row.as_ref().map(|row| row.product_id);
                let old = self.tables.variants.replace(id, row).flatten();
                if let Some(old) = old.filter(|old| product != Some(old.product_id)) {
                    self.variants.remove(&old);
                    self.touch(OdooModel::Product, old.product_id);
                }
            }
        }
    }

    /// What was applied was no single source transaction: nothing tells which records were deleted together.
    pub fn forget(&mut self) {
        self.touched.deleted.clear();
    }

    fn note_deleted(&mut self, model: OdooModel, record: i32, is_deleted: bool) {
        if is_deleted {
            self.touched.deleted.entry(model).or_default().insert(record);
        } else if let Some(deleted) = self.touched.deleted.get_mut(&model) {
            deleted.remove(&record);
        }
    }

    /// Until records of a model are compared, all of them are still to be read.
    fn touch(&mut self, model: OdooModel, record: i32) {
        if self.indexes.contains_key(&model) {
            self.touched.records.entry(model).or_default().insert(record);
        }
    }
}
