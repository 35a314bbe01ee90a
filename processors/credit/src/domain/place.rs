//! Where each row counts: what was touched is placed again, and the keys that this touches are noted.

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use contract::Table;

use super::bucket::{Key, Part};
use super::ordered::OrderPart;
use super::payments::{MEMORY_DAYS, Payment};
use super::pending::PendingPayment;
use super::rates::Rates;
use super::state::State;
use super::to_invoice::{OpenOrder, Rest};
use super::volume::{Sale, YEAR_DAYS};
use crate::store::Item;

impl State {
    /// Places all rows of a state that has placed none yet.
    pub(super) fn place_all(&mut self, today: NaiveDate) {
        let Self { tables, indexes, .. } = self;
        let items = tables.items.iter();
        self.contributions = items
            .filter_map(|item| Some((item.id, Part::from_item(item, tables, indexes, today)?)))
            .collect();
        self.touch_all_but_items();
        self.place(today);
    }

    /// Places what was touched and what has become overdue by `today`.
    pub(super) fn place(&mut self, today: NaiveDate) {
        let before = self.today.replace(today);
        if before != Some(today) {
            let starts = |day| before.is_some_and(|before| before < day) && day <= today;
            self.touched.rates |= self.tables.rates.iter().any(|rate| starts(rate.day));
            // The clock was wrong and was set back: what had become overdue is not.
            self.touched.all |= before.is_some_and(|before| before > today);
        }
        if std::mem::take(&mut self.touched.all) {
            self.touched.items = self.contributions.items().collect();
            self.touched.items.extend(self.tables.items.iter().map(|item| item.id));
            self.touch_all_but_items();
        }
        if self.touched.rates {
            self.rates = Rates::new(&self.tables, today);
            // A down payment may be in another currency than its order, so there may be more left of any of them, or less.
            let orders = self.tables.orders.iter().map(|order| order.id);
            self.touched.orders.extend(orders.filter(|order| self.indexes.lines_of_order.has(*order)));
            self.touched.keys.extend(self.ordered.foreign(&self.tables));
            self.touched.pending.extend(self.tables.pending.iter().map(|row| row.id));
        }
        for entry in std::mem::take(&mut self.touched.entries) {
            self.touched.items.extend(self.indexes.items_of_move.members(entry));
        }
        self.touched.items.extend(self.contributions.overdue_by(today));
        for id in std::mem::take(&mut self.touched.items) {
            self.place_item(id, today);
        }
        for id in std::mem::take(&mut self.touched.settlements) {
            let row = self.tables.settlements.get(id);
            let payment = row.and_then(|row| Payment::from_row(row, &self.tables));
            self.touched.assess.extend(self.payments.set(id, payment));
        }
        for id in std::mem::take(&mut self.touched.pending) {
            let row = self.tables.pending.get(id);
            let payment = row.and_then(|row| PendingPayment::from_row(row, &self.tables, &self.rates));
            self.touched.assess.extend(self.pending.set(id, payment));
        }
        for id in std::mem::take(&mut self.touched.invoices) {
            let sale = self.tables.invoices.get(id).and_then(|row| Sale::from_row(row, &self.tables));
            self.touched.assess.extend(self.sales.set(id, sale));
        }
        for id in std::mem::take(&mut self.touched.orders) {
            self.place_order(id);
        }
        let partners = std::mem::take(&mut self.touched.partners);
        if partners.is_empty() {
            return;
        }
        let known = self.contributions.companies().chain(self.ordered.companies());
        let companies: BTreeSet<_> = self.tables.roots().into_iter().chain(known).collect();
        for partner in partners {
            self.touched.keys.extend(companies.iter().map(|&company| Key { company, partner }));
            self.touched.customers.insert(partner);
        }
    }

    fn place_item(&mut self, id: i32, today: NaiveDate) {
        self.touched.settlements.extend(self.indexes.settlements_of_item.members(id));
        let item = self.tables.items.get(id);
        let part = item.and_then(|item| Part::from_item(item, &self.tables, &self.indexes, today));
        self.touched.keys.extend(self.contributions.set_item(id, part));
    }

    fn place_order(&mut self, id: i32) {
        let order = self.tables.orders.get(id);
        let rest = order.and_then(|order| Rest::of(order, &self.tables, &self.indexes, &self.rates));
        let part = rest.as_ref().and_then(OrderPart::new);
        let open = rest.and_then(|rest| OpenOrder::new(&rest, &self.tables, &self.rates, self.calendar));
        self.touched.keys.extend(self.ordered.set(id, part));
        self.touched.assess.extend(self.open_orders.set(id, open));
    }

    fn touch_all_but_items(&mut self) {
        let Self { tables, contributions, ordered, payments, pending, sales, open_orders, touched, .. } =
            self;
        touched.orders = ordered.ids().collect();
        touched.orders.extend(open_orders.ids());
        touched.orders.extend(tables.orders.iter().map(|order| order.id));
        touched.invoices = sales.ids().collect();
        touched.invoices.extend(tables.invoices.iter().map(|invoice| invoice.id));
        touched.settlements = payments.ids().collect();
        touched.settlements.extend(tables.settlements.iter().map(|settlement| settlement.id));
        touched.pending = pending.ids().collect();
        touched.pending.extend(tables.pending.iter().map(|row| row.id));
        touched.keys.extend(tables.exposures.iter().map(|row| Key::from(row.key())));
        // What a currency without cents rounds to nothing has no row, and gets one when the currency gets cents.
        touched.keys.extend(contributions.keys().chain(ordered.keys()));
        touched.assess.extend(tables.assessments.iter().map(|row| Key::from(row.key())));
        touched.assess.extend(tables.holds.iter().map(|row| Key::from(row.key())));
        touched.rates = true;
    }

    /// Drops the rows that are too old to count.
    pub(super) fn expire(&mut self, today: NaiveDate) {
        let before = |days| today.checked_sub_signed(TimeDelta::days(days)).unwrap_or(NaiveDate::MIN);
        let (payments, sales) = (before(MEMORY_DAYS), before(YEAR_DAYS - 1));
        let settlements = self.tables.settlements.iter().filter(|row| row.day < payments);
        for id in settlements.map(|row| row.id).collect::<Vec<_>>() {
            self.set_settlement(id, None);
        }
        let old = |item: &&Item| item.is_settled() && item.due.is_none_or(|due| due < payments);
        let items: Vec<_> = self.tables.items.iter().filter(old).map(|item| item.id).collect();
        let still_counts = |item: &i32| {
            let mut lines = self.indexes.links.lines_of(*item);
            self.indexes.settlements_of_item.has(*item)
                || lines.any(|line| self.tables.lines.get(line).is_some())
        };
        for item in items.into_iter().filter(|item| !still_counts(item)).collect::<Vec<_>>() {
            self.set_item(item, None);
        }
        let invoices = self.tables.invoices.iter();
        let invoices = invoices.filter(|row| !row.draft && row.day.is_none_or(|day| day < sales));
        for id in invoices.map(|row| row.id).collect::<Vec<_>>() {
            self.set_invoice(id, None);
        }
    }
}
