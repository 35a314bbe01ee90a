//! Source rows as they come: stored, looked up from both ends, and what they touch noted.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Ledger;
use super::links::Links;
use crate::event::Event;
use crate::store::{Invoice, Item, Partner, SaleOrder, SaleOrderLine, Settlement};

impl Ledger {
    /// Forgets all rows of a source table.
    pub fn forget(&mut self, table: &str) {
        self.touched.all = true;
        match table {
            "account_account" => self.tables.accounts.clear(),
            "account_move" => {
                self.tables.invoices.clear();
                self.invoices_of_partner.clear();
            }
            "account_partial_reconcile" => {
                self.tables.settlements.clear();
                self.settlements_of_item.clear();
            }
            "account_move_line" => {
                self.tables.items.clear();
                self.items_of_move.clear();
                self.items_of_partner.clear();
            }
            "product_product" => self.tables.products.clear(),
            "product_template" => self.tables.templates.clear(),
            "res_company" => self.tables.companies.clear(),
            "res_currency" => self.tables.currencies.clear(),
            "res_currency_rate" => self.tables.rates.clear(),
            "res_partner" => self.tables.partners.clear(),
            "sale_order" => {
                self.tables.orders.clear();
                self.orders_of_partner.clear();
            }
            "sale_order_line" => {
                self.tables.lines.clear();
                self.lines_of_order.clear();
            }
            "sale_order_line_invoice_rel" => {
                self.tables.links.clear();
                self.links = Links::default();
            }
            _ => {}
        }
    }

    /// Stores a row and notes what depends on it. A row that is as it was touches nothing: most of a feed's changes are to columns
    /// that do not matter here.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Company(id, row) => {
                let old = self.tables.companies.set(id, row);
                self.touched.all |= old.as_ref() != self.tables.companies.get(id);
            }
            Event::Currency(id, row) => {
                let old = self.tables.currencies.set(id, row);
                self.touched.all |= old.as_ref() != self.tables.currencies.get(id);
            }
            Event::Account(id, row) => {
                let old = self.tables.accounts.set(id, row).is_some_and(|account| account.receivable);
                self.touched.all |= old != self.is_receivable(id);
            }
            Event::Product(id, row) => {
                let old = self.by_delivery(id);
                self.tables.products.set(id, row);
                self.touched.all |= old != self.by_delivery(id);
            }
            Event::Template(id, row) => {
                let old = self.tables.templates.set(id, row).is_some_and(|template| template.by_delivery);
                self.touched.all |=
                    old != self.tables.templates.get(id).is_some_and(|template| template.by_delivery);
            }
            Event::CurrencyRate(id, row) => {
                self.tables.rates.set(id, row);
                self.touched.rates = true;
            }
            Event::Partner(id, row) => self.set_partner(id, row),
            Event::Invoice(id, row) => self.set_invoice(id, row),
            Event::Settlement(id, row) => self.set_settlement(id, row),
            Event::Item(id, row) => self.set_item(id, row),
            Event::SaleOrder(id, row) => self.set_order(id, row),
            Event::SaleOrderLine(id, row) => self.set_line(id, row),
            Event::InvoicedLine(key, row) => {
                self.links.remove(key);
                if row.is_some() {
                    self.links.insert(key);
                }
                self.tables.links.set(key, row);
                self.touch_line(key.1);
                self.touch_siblings(key.0);
            }
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
            self.touched.items.extend(self.items_of_partner.get(&id).into_iter().flatten());
            self.touched.orders.extend(self.orders_of_partner.get(&id).into_iter().flatten());
            self.touched.invoices.extend(self.invoices_of_partner.get(&id).into_iter().flatten());
        }
    }

    pub(super) fn set_invoice(&mut self, id: i32, row: Option<Invoice>) {
        if self.tables.invoices.get(id) == row.as_ref() {
            return;
        }
        if let Some(old) = self.tables.invoices.get(id).map(|invoice| invoice.partner_id) {
            self.index_invoice(id, old, false);
        }
        if let Some(new) = &row {
            self.index_invoice(id, new.partner_id, true);
        }
        let old = self.tables.invoices.set(id, row);
        self.touched.invoices.insert(id);
        let draft = |invoice: Option<&Invoice>| invoice.filter(|row| row.draft).map(|row| row.refund);
        if draft(old.as_ref()) != draft(self.tables.invoices.get(id)) {
            self.touch_move(id);
        }
    }

    pub(super) fn index_invoice(&mut self, id: i32, partner: Option<i32>, present: bool) {
        if let Some(partner) = partner {
            index(&mut self.invoices_of_partner, partner, id, present);
        }
    }

    pub(super) fn set_settlement(&mut self, id: i32, row: Option<Settlement>) {
        if self.tables.settlements.get(id) == row.as_ref() {
            return;
        }
        let ends = |row: &Settlement| (row.debit_id, row.credit_id);
        if let Some(old) = self.tables.settlements.get(id).map(ends) {
            self.index_settlement(id, old, false);
        }
        if let Some(new) = row.as_ref().map(ends) {
            self.index_settlement(id, new, true);
        }
        self.tables.settlements.set(id, row);
        self.touched.settlements.insert(id);
    }

    pub(super) fn index_settlement(&mut self, id: i32, (debit, credit): (i32, i32), present: bool) {
        index(&mut self.settlements_of_item, debit, id, present);
        index(&mut self.settlements_of_item, credit, id, present);
    }

    pub(super) fn set_item(&mut self, id: i32, row: Option<Item>) {
        if self.tables.items.get(id) == row.as_ref() {
            return;
        }
        let place = |item: &Item| (item.move_id, item.partner_id);
        let (old, new) = (self.tables.items.get(id).map(place), row.as_ref().map(place));
        self.touch_item(id);
        if old != new {
            if let Some(old) = old {
                self.index_item(id, old, false);
            }
            if let Some(new) = new {
                self.index_item(id, new, true);
            }
        }
        self.tables.items.set(id, row);
        self.touch_item(id);
    }

    pub(super) fn index_item(&mut self, id: i32, (move_id, partner): (i32, Option<i32>), present: bool) {
        index(&mut self.items_of_move, move_id, id, present);
        if let Some(partner) = partner {
            index(&mut self.items_of_partner, partner, id, present);
        }
    }

    fn set_order(&mut self, id: i32, row: Option<SaleOrder>) {
        if self.tables.orders.get(id) == row.as_ref() {
            return;
        }
        if let Some(old) = self.tables.orders.get(id) {
            index(&mut self.orders_of_partner, old.partner_id, id, false);
        }
        if let Some(new) = &row {
            index(&mut self.orders_of_partner, new.partner_id, id, true);
        }
        self.tables.orders.set(id, row);
        self.touched.orders.insert(id);
    }

    fn set_line(&mut self, id: i32, row: Option<SaleOrderLine>) {
        if self.tables.lines.get(id) == row.as_ref() {
            return;
        }
        if let Some(old) = self.tables.lines.get(id) {
            index(&mut self.lines_of_order, old.order_id, id, false);
            self.touched.orders.insert(old.order_id);
        }
        if let Some(new) = &row {
            index(&mut self.lines_of_order, new.order_id, id, true);
            self.touched.orders.insert(new.order_id);
        }
        self.tables.lines.set(id, row);
    }

    /// A draft came, went or changed its sign: its items and the orders that they invoice.
    fn touch_move(&mut self, move_id: i32) {
        for item in self.items_of_move.get(&move_id).cloned().unwrap_or_default() {
            self.touched.items.insert(item);
            self.touch_lines_of(item);
        }
    }

    /// An item that is linked to an order decides about all items of its entry, and about the order.
    fn touch_item(&mut self, id: i32) {
        self.touched.items.insert(id);
        if self.links.lines_of(id).next().is_some() {
            self.touch_siblings(id);
            self.touch_lines_of(id);
        }
    }

    fn touch_siblings(&mut self, item: i32) {
        if let Some(item) = self.tables.items.get(item) {
            self.touched.items.extend(self.items_of_move.get(&item.move_id).into_iter().flatten());
        }
    }

    fn touch_lines_of(&mut self, item: i32) {
        for line in self.links.lines_of(item).collect::<Vec<_>>() {
            self.touch_line(line);
        }
    }

    fn touch_line(&mut self, line: i32) {
        if let Some(line) = self.tables.lines.get(line) {
            self.touched.orders.insert(line.order_id);
        }
    }
}

pub(super) fn index(of: &mut FxHashMap<i32, FxHashSet<i32>>, group: i32, id: i32, present: bool) {
    if present {
        of.entry(group).or_default().insert(id);
    } else if let Some(ids) = of.get_mut(&group) {
        ids.remove(&id);
        if ids.is_empty() {
            of.remove(&group);
        }
    }
}
