//! Where each row counts: what was touched is placed again, and the keys that this touches are noted.

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use contract::{Money, Table};

use super::bucket::{Key, Part};
use super::payments::{MEMORY_DAYS, Payment};
use super::state::State;
use super::to_invoice::OpenOrder;
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
        self.touched.items.extend(self.contributions.overdue_by(today));
        for id in std::mem::take(&mut self.touched.items) {
            self.place_item(id, today);
        }
        for id in std::mem::take(&mut self.touched.settlements) {
            let row = self.tables.settlements.get(id);
            let payment = row.and_then(|row| Payment::from_row(row, &self.tables));
            self.touched.assess.extend(self.payments.set(id, payment));
        }
        for id in std::mem::take(&mut self.touched.invoices) {
            let sale = self.tables.invoices.get(id).and_then(|row| Sale::from_row(row, &self.tables));
            self.touched.assess.extend(self.sales.set(id, sale));
        }
        for id in std::mem::take(&mut self.touched.orders) {
            self.place_order(id);
        }
        for id in std::mem::take(&mut self.touched.partners) {
            let companies: BTreeSet<_> =
                self.tables.roots().into_iter().chain(self.contributions.companies()).collect();
            for company in companies {
                self.touched.keys.insert(Key { company, partner: id });
            }
            self.touched.customers.insert(id);
        }
    }

    fn place_item(&mut self, id: i32, today: NaiveDate) {
        self.touched.settlements.extend(self.indexes.settlements_of_item.members(id));
        let item = self.tables.items.get(id);
        let part = item.and_then(|item| Part::from_item(item, &self.tables, &self.indexes, today));
        self.touched.keys.extend(self.contributions.set_item(id, part));
    }

    fn place_order(&mut self, id: i32) {
        let Self { tables, indexes, calendar, .. } = self;
        let order = tables.orders.get(id);
        let part = order.and_then(|order| Part::from_order(order, tables, indexes));
        let amount = part.map_or(Money::ZERO, |part| part.amount);
        let open = order.and_then(|order| OpenOrder::from_row(order, amount, tables, indexes, *calendar));
        self.touched.keys.extend(self.contributions.set_order(id, part));
        self.touched.assess.extend(self.open_orders.set(id, open));
    }

    fn touch_all_but_items(&mut self) {
        let Self { tables, contributions, payments, sales, open_orders, touched, .. } = self;
        touched.orders = contributions.orders().collect();
        touched.orders.extend(open_orders.ids());
        touched.orders.extend(tables.orders.iter().map(|order| order.id));
        touched.invoices = sales.ids().collect();
        touched.invoices.extend(tables.invoices.iter().map(|invoice| invoice.id));
        touched.settlements = payments.ids().collect();
        touched.settlements.extend(tables.settlements.iter().map(|settlement| settlement.id));
        touched.partners =
            tables.partners.iter().filter(|row| row.credit_limit.is_some()).map(|row| row.id).collect();
        touched.partners.extend(tables.limits.iter().map(|limit| limit.partner_id));
        touched.keys.extend(tables.exposures.iter().map(|row| Key::from(row.key())));
        // What a currency without cents rounds to nothing has no row, and gets one when the currency gets cents.
        touched.keys.extend(contributions.keys());
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
        let has_settlements = |item: &i32| self.indexes.settlements_of_item.has(*item);
        for item in items.into_iter().filter(|item| !has_settlements(item)).collect::<Vec<_>>() {
            self.set_item(item, None);
        }
        let invoices = self.tables.invoices.iter();
        let invoices = invoices.filter(|row| !row.draft && row.day.is_none_or(|day| day < sales));
        for id in invoices.map(|row| row.id).collect::<Vec<_>>() {
            self.set_invoice(id, None);
        }
    }
}
