//! Source rows as they come: stored, looked up from both ends, and what they touch noted.

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
            self.touched.items.extend(self.items_of_partner.of(id));
            self.touched.orders.extend(self.orders_of_partner.of(id));
            self.touched.invoices.extend(self.invoices_of_partner.of(id));
        }
    }

    pub(super) fn set_invoice(&mut self, id: i32, row: Option<Invoice>) {
        if self.tables.invoices.get(id) == row.as_ref() {
            return;
        }
        let partner = |invoice: &Invoice| invoice.partner_id;
        let new = row.as_ref().and_then(partner);
        let old = self.tables.invoices.set(id, row);
        self.invoices_of_partner.shift(id, old.as_ref().and_then(partner), new);
        self.touched.invoices.insert(id);
        let draft = |invoice: Option<&Invoice>| invoice.filter(|row| row.draft).map(|row| row.refund);
        if draft(old.as_ref()) != draft(self.tables.invoices.get(id)) {
            self.touch_move(id);
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
            self.settlements_of_item.remove(item, id);
        }
        for item in new.into_iter().flatten() {
            self.settlements_of_item.insert(item, id);
        }
        self.touched.settlements.insert(id);
    }

    pub(super) fn set_item(&mut self, id: i32, row: Option<Item>) {
        if self.tables.items.get(id) == row.as_ref() {
            return;
        }
        let (entry, partner) = (|item: &Item| item.move_id, |item: &Item| item.partner_id);
        let new = (row.as_ref().map(entry), row.as_ref().and_then(partner));
        self.touch_item(id);
        let old = self.tables.items.set(id, row);
        self.items_of_move.shift(id, old.as_ref().map(entry), new.0);
        self.items_of_partner.shift(id, old.as_ref().and_then(partner), new.1);
        self.touch_item(id);
    }

    fn set_order(&mut self, id: i32, row: Option<SaleOrder>) {
        if self.tables.orders.get(id) == row.as_ref() {
            return;
        }
        let partner = |order: &SaleOrder| order.partner_id;
        let new = row.as_ref().map(partner);
        let old = self.tables.orders.set(id, row);
        self.orders_of_partner.shift(id, old.as_ref().map(partner), new);
        self.touched.orders.insert(id);
    }

    fn set_line(&mut self, id: i32, row: Option<SaleOrderLine>) {
        if self.tables.lines.get(id) == row.as_ref() {
            return;
        }
        let new = row.as_ref().map(|line| line.order_id);
        let old = self.tables.lines.set(id, row).map(|line| line.order_id);
        self.lines_of_order.shift(id, old, new);
        self.touched.orders.extend(old.into_iter().chain(new));
    }

    /// A draft came, went or changed its sign: its items and the orders that they invoice.
    fn touch_move(&mut self, move_id: i32) {
        for item in self.items_of_move.of(move_id).collect::<Vec<_>>() {
            self.touched.items.insert(item);
            self.touch_lines_of(item);
        }
    }

    /// An item that is linked to an order decides about all items of its entry, and about the order.
    fn touch_item(&mut self, id: i32) {
        self.touched.items.insert(id);
        if self.links.has(id) {
            self.touch_siblings(id);
            self.touch_lines_of(id);
        }
    }

    fn touch_siblings(&mut self, item: i32) {
        if let Some(item) = self.tables.items.get(item) {
            self.touched.items.extend(self.items_of_move.of(item.move_id));
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
