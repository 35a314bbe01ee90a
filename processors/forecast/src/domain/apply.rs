//! Row changes are stored, and what they touch is noted. Nothing is derived here.

use forecasting::calendar::day;

use super::cash::Role;
use super::state::{Indexes, State, names, open_partner};
use crate::store::{
    Entry, Item, Kind, Partial, Partner, Payment, PurchaseOrder, RowChange, SaleOrder, StatementLine, Story,
};

impl State {
    /// Stores one row's latest version, or its deletion.
    pub fn apply(&mut self, change: RowChange) {
        match change {
            // They are few, and all else depends on them.
            RowChange::Company(id, row) => {
                if self.tables.companies.replace(id, row).is_some() {
                    self.rates = None;
                    self.lessons = None;
                    self.touched.everything();
                }
            }
            RowChange::Currency(id, row) => {
                if self.tables.currencies.replace(id, row).is_some() {
                    self.touched.everything();
                }
            }
            RowChange::CurrencyRate(id, row) => {
                if self.tables.rates.replace(id, row).is_some() {
                    self.rates = None;
                    self.touched.all = true;
                    self.touched.all_history = true;
                }
            }
            RowChange::Country(id, row) => {
                if self.tables.countries.replace(id, row).is_some() {
                    self.lessons = None;
                    self.touched.all = true;
                }
            }
            RowChange::Account(id, row) => {
                let Some(before) = self.tables.accounts.replace(id, row) else { return };
                // Nothing was booked on a new one before this transaction.
                let is_used = || self.tables.items.iter().any(|item| item.account_id == Some(id));
                if before.is_some() || !self.touched.is_everything() && is_used() {
                    self.touched.everything();
                }
            }
            RowChange::Stage(id, row) => {
                if self.tables.stages.replace(id, row).is_some() {
                    self.touched.all = true;
                    self.touched.all_history = true;
                }
            }
            RowChange::Partner(id, row) => self.apply_partner(id, row),
            RowChange::Entry(id, row) => self.apply_entry(id, row),
            RowChange::Item(id, row) => self.apply_item(id, row),
            RowChange::Partial(id, row) => self.apply_partial(id, row),
            RowChange::StatementLine(id, row) => self.apply_line(id, row),
            RowChange::Payment(id, row) => self.apply_payment(id, row),
            RowChange::SaleOrder(id, row) => self.apply_sale_order(id, row),
            RowChange::SaleOrderLine(id, row) => {
                let after = row.as_ref().map(|row| row.order_id);
                let Some(before) = self.tables.sale_order_lines.replace(id, row) else { return };
                let before = before.map(|row| row.order_id);
                self.indexes.lines_of_sale_order.shift(id, before, after);
                let orders = before.into_iter().chain(after);
                self.touched.documents.extend(orders.map(|order| (Kind::SaleOrder, order)));
            }
            RowChange::PurchaseOrder(id, row) => {
                let of = |row: Option<&PurchaseOrder>| row.map(|row| row.partner_id.unwrap_or_default());
                let after = of(row.as_ref());
                if let Some(before) = self.tables.purchase_orders.replace(id, row) {
                    let before = of(before.as_ref());
                    self.indexes.purchase_orders_of_partner.shift(id, before, after);
                    self.touched.partners.extend(before.into_iter().chain(after));
                    self.touched.documents.insert((Kind::PurchaseOrder, id));
                    self.touched.history.insert((Story::Purchase, id));
                }
            }
            RowChange::PurchaseOrderLine(id, row) => {
                let after = row.as_ref().map(|row| row.order_id);
                let Some(before) = self.tables.purchase_order_lines.replace(id, row) else { return };
                let before = before.map(|row| row.order_id);
                self.indexes.lines_of_purchase_order.shift(id, before, after);
                for order in before.into_iter().chain(after) {
                    self.touched.documents.insert((Kind::PurchaseOrder, order));
                    self.touched.history.insert((Story::Purchase, order));
                }
            }
            RowChange::Lead(id, row) => {
                if self.tables.leads.replace(id, row).is_some() {
                    self.touched.documents.insert((Kind::Lead, id));
                    self.touched.history.insert((Story::Lead, id));
                }
            }
        }
    }

    fn apply_partner(&mut self, id: i32, row: Option<Partner>) {
        let of = |row: Option<&Partner>| row.map(|row| (row.commercial_id, row.country_id));
        let after = of(row.as_ref());
        let Some(before) = self.tables.partners.replace(id, row) else { return };
        let before = of(before.as_ref());
        // What comes again is called after it.
        self.touched.partners.insert(id);
        if before == after {
            return;
        }
        self.indexes.partners_of_commercial.shift(id, before.map(|of| of.0), after.map(|of| of.0));
        // Whom a company is itself decides what is inside of the group, and where its banks are.
        if self.tables.companies.iter().any(|row| row.partner_id == Some(id)) {
            self.lessons = None;
            self.touched.all = true;
        }
        if before.map(|of| of.0) != after.map(|of| of.0) {
            // All that is known of it is somebody else's now.
            self.touched.all_history = true;
            self.touched.all = true;
        }
    }

    fn apply_entry(&mut self, id: i32, row: Option<Entry>) {
        let after: Vec<String> =
            names(row.as_ref().and_then(|row| row.origin.as_deref())).map(ToOwned::to_owned).collect();
        let Some(before) = self.tables.entries.replace(id, row) else { return };
        let before = before.and_then(|row| row.origin);
        for name in names(before.as_deref()) {
            self.indexes.entries_by_origin.remove(&(name.to_owned(), id));
            self.orders_called(name);
        }
        for name in after {
            self.orders_called(&name);
            self.indexes.entries_by_origin.insert((name, id));
        }
        let items: Vec<i32> = self.indexes.items_of_entry.members(id).collect();
        for item in items {
            let partner = self.tables.items.get(item).and_then(|row| row.partner_id);
            self.touched.partners.insert(partner.unwrap_or_default());
            self.touched.documents.insert((Kind::Item, item));
            self.touched.history.insert((Story::Receivable, item));
        }
    }

    fn orders_called(&mut self, name: &str) {
        let orders = Indexes::named(&self.indexes.orders_by_name, name);
        self.touched.history.extend(orders.map(|order| (Story::Sale, order)));
    }

    fn apply_item(&mut self, id: i32, row: Option<Item>) {
        let of = |row: Option<&Item>| {
            let row = row?;
            let of = (row.move_id, open_partner(row), row.order_line_id, row.partner_id.unwrap_or_default());
            Some((of, day(row.day)))
        };
        let after = of(row.as_ref());
        let Some(before) = self.tables.items.replace(id, row) else { return };
        let before = of(before.as_ref());
        let indexes = &mut self.indexes;
        indexes.items_of_day.shift(id, before.map(|of| of.1), after.map(|of| of.1));
        let [before, after] = [before, after].map(|of| of.map(|of| of.0));
        indexes.items_of_entry.shift(id, before.map(|of| of.0), after.map(|of| of.0));
        indexes.open_of_partner.shift(id, before.and_then(|of| of.1), after.and_then(|of| of.1));
        indexes.items_of_order_line.shift(id, before.and_then(|of| of.2), after.and_then(|of| of.2));
        for (entry, _, order_line, partner) in before.into_iter().chain(after) {
            self.touch_entry(entry);
            self.touch_transfers(entry);
            self.touched.partners.insert(partner);
            // What is not matched of a bank line counts for whom the line names.
            let lines =
                self.indexes.lines_of_entry.members(entry).filter_map(|line| self.tables.lines.get(line));
            self.touched.partners.extend(lines.filter_map(|line| line.partner_id));
            if let Some(line) = order_line.and_then(|line| self.tables.purchase_order_lines.get(line)) {
                self.touched.documents.insert((Kind::PurchaseOrder, line.order_id));
                self.touched.history.insert((Story::Purchase, line.order_id));
            }
        }
        self.touched.documents.insert((Kind::Item, id));
        self.touched.history.insert((Story::Receivable, id));
    }

    fn apply_partial(&mut self, id: i32, row: Option<Partial>) {
        let of = |row: Option<&Partial>| row.map(|row| [row.debit_id, row.credit_id]);
        let after = of(row.as_ref());
        let Some(before) = self.tables.partials.replace(id, row) else { return };
        let before = of(before.as_ref());
        for item in before.into_iter().flatten() {
            self.indexes.partials_of_item.shift(id, Some(item), None);
        }
        for item in after.into_iter().flatten() {
            self.indexes.partials_of_item.shift(id, None, Some(item));
        }
        for item in before.into_iter().chain(after).flatten() {
            self.touched.history.insert((Story::Receivable, item));
            // What is between two banks is known by what it is matched with.
            if let Some(entry) = self.tables.items.get(item).map(|item| item.move_id) {
                self.touch_entry(entry);
            }
        }
    }

    fn touch_entry(&mut self, entry: i32) {
        self.touched.cash.insert(entry);
        self.touched.entries.insert(entry);
        self.touched.history_entries.insert(entry);
    }

    /// Entries whose money arrives in an entry's bank, or does not.
    fn touch_transfers(&mut self, entry: i32) {
        let items = self.indexes.items_of_entry.members(entry).filter_map(|id| self.tables.items.get(id));
        let between = items.filter(|item| self.role(item) == Role::Transfer);
        let others = between.flat_map(|item| self.settled_with(item.id));
        let entries: Vec<i32> =
            others.filter_map(|id| self.tables.items.get(id)).map(|item| item.move_id).collect();
        for entry in entries {
            self.touch_entry(entry);
        }
    }

    fn apply_line(&mut self, id: i32, row: Option<StatementLine>) {
        let of = |row: Option<&StatementLine>| {
            let row = row?;
            Some((row.move_id, row.partner_id.filter(|_| !row.reconciled), row.partner_id))
        };
        let after = of(row.as_ref());
        let Some(before) = self.tables.lines.replace(id, row) else { return };
        let before = of(before.as_ref());
        self.indexes.lines_of_entry.shift(id, before.map(|of| of.0), after.map(|of| of.0));
        let (from, to) = (before.and_then(|of| of.1), after.and_then(|of| of.1));
        self.indexes.lines_of_partner.shift(id, from, to);
        // Whom a line names, and what, says of what payments it is one that come again.
        self.touched.partners.extend(before.into_iter().chain(after).map(|of| of.2.unwrap_or_default()));
    }

    fn apply_payment(&mut self, id: i32, row: Option<Payment>) {
        let after = row.as_ref().map(|row| row.partner_id);
        let Some(before) = self.tables.payments.replace(id, row) else { return };
        let before = before.map(|row| row.partner_id);
        self.indexes.payments_of_partner.shift(id, before, after);
        self.touched.partners.extend(before.into_iter().chain(after));
        self.touched.documents.insert((Kind::Payment, id));
    }

    fn apply_sale_order(&mut self, id: i32, row: Option<SaleOrder>) {
        let of = |row: Option<&SaleOrder>| row.map(|row| (row.lead_id, row.name.clone(), row.partner_id));
        let after = of(row.as_ref());
        let Some(before) = self.tables.sale_orders.replace(id, row) else { return };
        let before = of(before.as_ref());
        let lead = |of: &Option<(Option<i32>, String, Option<i32>)>| of.as_ref().and_then(|of| of.0);
        self.indexes.orders_of_lead.shift(id, lead(&before), lead(&after));
        let partner =
            |of: &Option<(Option<i32>, String, Option<i32>)>| of.as_ref().map(|of| of.2.unwrap_or_default());
        self.indexes.sale_orders_of_partner.shift(id, partner(&before), partner(&after));
        self.touched
            .documents
            .extend(lead(&before).into_iter().chain(lead(&after)).map(|lead| (Kind::Lead, lead)));
        if let Some((_, name, partner)) = before {
            self.indexes.orders_by_name.remove(&(name, id));
            self.touched.partners.extend(partner);
        }
        if let Some((_, name, partner)) = after {
            self.indexes.orders_by_name.insert((name, id));
            self.touched.partners.extend(partner);
        }
        self.touched.documents.insert((Kind::SaleOrder, id));
        self.touched.history.insert((Story::Sale, id));
    }
}
