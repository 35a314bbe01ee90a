//! Source rows as they come: stored, looked up from both ends, and what they touch noted.

use contract::TableSet;

use super::state::State;
use crate::store::{
    DefaultValue, Invoice, InvoicedLine, Item, Limit, Partner, Pending, PosLine, PosOrder, RowChange,
    SaleOrder, SaleOrderLine, Settlement,
};

impl State {
    /// Drops all rows of a source table.
    pub(crate) fn clear_table(&mut self, table: &str) {
        self.touched.all = true;
        self.tables.clear_table(table);
        self.indexes.clear_table(table);
    }

    /// Stores a row and notes what depends on it. A row that is as it was touches nothing: most of a feed's changes are to columns
    /// that do not matter here.
    pub(crate) fn apply(&mut self, change: RowChange) {
        match change {
            RowChange::Company(id, row) => {
                let old = self.tables.companies.set(id, row);
                self.touched.all |= old.as_ref() != self.tables.companies.get(id);
            }
            RowChange::Currency(id, row) => {
                let old = self.tables.currencies.set(id, row);
                self.touched.all |= old.as_ref() != self.tables.currencies.get(id);
            }
            RowChange::Account(id, row) => {
                let old = self.tables.accounts.set(id, row).is_some_and(|account| account.receivable);
                self.touched.all |= old != self.tables.is_receivable(id);
            }
            RowChange::Unit(id, row) => {
                let old = self.tables.units.set(id, row);
                self.touched.all |= old.as_ref() != self.tables.units.get(id);
            }
            RowChange::Product(id, row) => {
                let old = self.tables.by_delivery(id);
                self.tables.products.set(id, row);
                self.touched.all |= old != self.tables.by_delivery(id);
            }
            RowChange::Template(id, row) => {
                let old = self.tables.templates.set(id, row).is_some_and(|template| template.by_delivery);
                self.touched.all |=
                    old != self.tables.templates.get(id).is_some_and(|template| template.by_delivery);
            }
            RowChange::CurrencyRate(id, row) => {
                self.tables.rates.set(id, row);
                self.touched.rates = true;
            }
            RowChange::Partner(id, row) => self.set_partner(id, row),
            RowChange::Limit(id, row) => self.set_limit(id, row),
            RowChange::Invoice(id, row) => self.set_invoice(id, row),
            RowChange::LimitField(id, row) => {
                self.touched.all |= self.tables.limit_fields.set(id, row.clone()) != row;
            }
            RowChange::DefaultValue(id, row) => {
                let old = self.tables.default_values.set(id, row);
                let field = |row: &DefaultValue| self.tables.limit_fields.get(row.field_id).is_some();
                let new = self.tables.default_values.get(id);
                self.touched.all |= old.as_ref() != new && (old.iter().any(field) || new.is_some_and(field));
            }
            RowChange::Journal(id, row) => {
                let old = self.tables.journals.set(id, row);
                self.touched.all |= old.as_ref() != self.tables.journals.get(id);
            }
            RowChange::Settlement(id, row) => self.set_settlement(id, row),
            RowChange::Item(id, row) => self.set_item(id, row),
            RowChange::SaleOrder(id, row) => self.set_order(id, row),
            RowChange::SaleOrderLine(id, row) => self.set_line(id, row),
            RowChange::Pending(id, row) => self.set_pending(id, row),
            RowChange::PosOrder(id, row) => self.set_pos_order(id, row),
            RowChange::PosLine(id, row) => self.set_pos_line(id, row),
            RowChange::InvoicedLine(key, row) => self.set_link(key, row),
        }
    }

    fn set_partner(&mut self, id: i32, row: Option<Partner>) {
        let old = self.tables.partners.set(id, row);
        let new = self.tables.partners.get(id);
        if old.as_ref() == new {
            return;
        }
        self.touched.partners.insert(id);
        if old.map(|partner| partner.commercial_id) != new.map(|partner| partner.commercial_id) {
            self.touched.items.extend(self.indexes.items_of_partner.members(id));
            self.touched.orders.extend(self.indexes.orders_of_partner.members(id));
            self.touched.invoices.extend(self.indexes.invoices_of_partner.members(id));
            self.touched.pending.extend(self.indexes.pending_of_partner.members(id));
        }
    }

    fn set_limit(&mut self, id: i32, row: Option<Limit>) {
        if self.tables.limits.get(id) == row.as_ref() {
            return;
        }
        let new = row.as_ref().map(Limit::group);
        let old = self.tables.limits.set(id, row).as_ref().map(Limit::group);
        self.indexes.limits_of_partner.shift(id, old, new);
        let groups = || old.into_iter().chain(new);
        self.touched.all |= groups().any(|group| group == Limit::EVERYBODY);
        self.touched.partners.extend(groups());
    }

    pub(super) fn set_invoice(&mut self, id: i32, row: Option<Invoice>) {
        if self.tables.invoices.get(id) == row.as_ref() {
            return;
        }
        let partner = |invoice: &Invoice| invoice.partner_id;
        let new = row.as_ref().and_then(partner);
        let old = self.tables.invoices.set(id, row);
        self.indexes.invoices_of_partner.shift(id, old.as_ref().and_then(partner), new);
        self.touched.invoices.insert(id);
        let draft = |invoice: Option<&Invoice>| invoice.filter(|row| row.draft).map(|row| row.refund);
        if draft(old.as_ref()) != draft(self.tables.invoices.get(id)) {
            self.touched.entry(id, &self.tables, &self.indexes);
        }
    }

    pub(super) fn set_settlement(&mut self, id: i32, row: Option<Settlement>) {
        if self.tables.settlements.get(id) == row.as_ref() {
            return;
        }
        // Both ends leave before both come: they may have changed places.
        let ends = |row: &Settlement| [row.debit_id, row.credit_id];
        let new = row.as_ref().map(ends);
        for item in self.tables.settlements.set(id, row).as_ref().map(ends).into_iter().flatten() {
            self.indexes.settlements_of_item.remove(item, id);
        }
        for item in new.into_iter().flatten() {
            self.indexes.settlements_of_item.insert(item, id);
        }
        self.touched.settlements.insert(id);
    }

    pub(super) fn set_item(&mut self, id: i32, row: Option<Item>) {
        if self.tables.items.get(id) == row.as_ref() {
            return;
        }
        let (entry, partner) = (|item: &Item| item.move_id, |item: &Item| item.partner_id);
        let new = (row.as_ref().map(entry), row.as_ref().and_then(partner));
        let unclear = row.as_ref().and_then(Item::unclear_of);
        self.touched.item(id, &self.tables, &self.indexes);
        let old = self.tables.items.set(id, row);
        self.indexes.items_of_move.shift(id, old.as_ref().map(entry), new.0);
        self.indexes.items_of_partner.shift(id, old.as_ref().and_then(partner), new.1);
        self.indexes.unclear_of_partner.shift(id, old.as_ref().and_then(Item::unclear_of), unclear);
        self.touched.item(id, &self.tables, &self.indexes);
    }

    fn set_order(&mut self, id: i32, row: Option<SaleOrder>) {
        if self.tables.orders.get(id) == row.as_ref() {
            return;
        }
        let partner = |order: &SaleOrder| order.partner_id;
        let new = row.as_ref().map(partner);
        let old = self.tables.orders.set(id, row);
        self.indexes.orders_of_partner.shift(id, old.as_ref().map(partner), new);
        self.touched.orders.insert(id);
    }

    fn set_line(&mut self, id: i32, row: Option<SaleOrderLine>) {
        if self.tables.lines.get(id) == row.as_ref() {
            return;
        }
        let new = row.as_ref().map(|line| line.order_id);
        let old = self.tables.lines.set(id, row).map(|line| line.order_id);
        self.indexes.lines_of_order.shift(id, old, new);
        self.touched.orders.extend(old.into_iter().chain(new));
    }

    fn set_pending(&mut self, id: i32, row: Option<Pending>) {
        let new = row.as_ref().map(|row| row.partner_id);
        let old = self.tables.pending.set(id, row).map(|row| row.partner_id);
        self.indexes.pending_of_partner.shift(id, old, new);
        self.touched.pending.insert(id);
    }

    fn set_pos_order(&mut self, id: i32, row: Option<PosOrder>) {
        if self.tables.pos_orders.get(id) == row.as_ref() {
            return;
        }
        self.tables.pos_orders.set(id, row);
        for line in self.indexes.pos_lines_of_order.members(id) {
            if let Some(line) = self.tables.pos_lines.get(line) {
                self.touched.line(line.order_line_id, &self.tables);
            }
        }
    }

    fn set_pos_line(&mut self, id: i32, row: Option<PosLine>) {
        if self.tables.pos_lines.get(id) == row.as_ref() {
            return;
        }
        let (order, line) = (|row: &PosLine| row.pos_order_id, |row: &PosLine| row.order_line_id);
        let new = (row.as_ref().map(order), row.as_ref().map(line));
        let old = self.tables.pos_lines.set(id, row);
        let old = (old.as_ref().map(order), old.as_ref().map(line));
        self.indexes.pos_lines_of_order.shift(id, old.0, new.0);
        self.indexes.pos_lines_of_line.shift(id, old.1, new.1);
        for line in old.1.into_iter().chain(new.1) {
            self.touched.line(line, &self.tables);
        }
    }

    fn set_link(&mut self, key: (i32, i32), row: Option<InvoicedLine>) {
        self.indexes.links.remove(key);
        if row.is_some() {
            self.indexes.links.insert(key);
        }
        self.tables.links.set(key, row);
        let (item, line) = key;
        self.touched.line(line, &self.tables);
        self.touched.siblings(item, &self.tables);
    }
}
