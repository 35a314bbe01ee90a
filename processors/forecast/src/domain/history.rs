//! How long things took: what is learned when a day begins.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::cash::Role;
use super::state::{Indexes, State};
use crate::store::{History, Item, Story};

/// Days that are looked back: habits change, and seasons come again.
const BACK: u64 = 1_096;

impl State {
    /// Takes over what has become known since the last day began.
    pub(super) fn learn(&mut self) {
        let Some(today) = self.day() else { return };
        let first = today.checked_sub_days(Days::new(BACK)).unwrap_or(today);
        let touched = std::mem::take(&mut self.touched.history);
        let entries = std::mem::take(&mut self.touched.history_entries);
        let keys: BTreeSet<(Story, i32)> = if std::mem::take(&mut self.touched.all_history) {
            let known = self.tables.history.iter().map(|row| (row.story, row.id));
            let items = self.tables.items.iter().map(|row| (Story::Receivable, row.id));
            let sales = self.tables.sale_orders.iter().map(|row| (Story::Sale, row.id));
            let purchases = self.tables.purchase_orders.iter().map(|row| (Story::Purchase, row.id));
            let leads = self.tables.leads.iter().map(|row| (Story::Lead, row.id));
            known.chain(items).chain(sales).chain(purchases).chain(leads).collect()
        } else {
            // What an item is, and what is beside it, says what became of those that it settles.
            let beside = entries.iter().flat_map(|entry| self.indexes.items_of_entry.members(*entry));
            let mut keys = touched;
            keys.extend(beside.map(|id| (Story::Receivable, id)));
            let items = keys.iter().filter(|(story, _)| *story == Story::Receivable);
            let others: Vec<_> = items
                .flat_map(|(_, id)| self.settled_with(*id).map(|other| (Story::Receivable, other)))
                .collect();
            keys.extend(others);
            keys
        };
        for (story, id) in keys {
            match story {
                Story::Receivable | Story::Payable => {
                    let row = self.history_of_item(id);
                    for story in [Story::Receivable, Story::Payable] {
                        self.tables.history.set((story, id), row.clone().filter(|row| row.story == story));
                    }
                }
                Story::Sale => drop(self.tables.history.set((story, id), self.history_of_sale(id))),
                Story::Purchase => drop(self.tables.history.set((story, id), self.history_of_purchase(id))),
                Story::Lead => drop(self.tables.history.set((story, id), self.history_of_lead(id))),
            }
        }
        let old = self.tables.history.iter().filter(|row| row.begun < first).map(|row| (row.story, row.id));
        for key in old.collect::<Vec<_>>() {
            self.tables.history.set(key, None);
        }
    }

    /// The items that settle an item, or are settled by it.
    pub(super) fn settled_with(&self, id: i32) -> impl Iterator<Item = i32> + '_ {
        let partials =
            self.indexes.partials_of_item.members(id).filter_map(|id| self.tables.partials.get(id));
        partials.map(move |row| if row.debit_id == id { row.credit_id } else { row.debit_id })
    }

    fn history_of_item(&self, id: i32) -> Option<History> {
        let item = self.tables.items.get(id)?;
        let story = match self.role(item) {
            Role::Receivable if item.amount > Decimal::ZERO => Story::Receivable,
            Role::Payable if item.amount < Decimal::ZERO => Story::Payable,
            _ => return None,
        };
        if item.of_payment || item.line_id.is_some() || self.is_transfer(item) {
            return None;
        }
        let begun = self.tables.entries.get(item.move_id).map_or(item.day, |entry| entry.day);
        let due = item.due.unwrap_or(item.day);
        if (due - begun).num_days() < -366 || (due - begun).num_days() > 3_653 {
            return None;
        }
        let done = match self.settlement(item)? {
            Settlement::Paid(day) => Some(day),
            Settlement::Open | Settlement::WrittenOff => None,
        };
        Some(History {
            story,
            id,
            company_id: self.tables.root(item.company_id),
            partner_id: item.partner_id.map(|partner| self.tables.commercial(partner)).unwrap_or_default(),
            begun,
            due,
            amount: item.amount.abs().to_f64().unwrap_or_default(),
            done,
            discount_day: item.discount_day.filter(|_| item.discounted.is_some()),
            lost_at: None,
        })
    }

    /// What became of an item; `None` where a credit note has settled it, which says nothing about payments.
    fn settlement(&self, item: &Item) -> Option<Settlement> {
        // A part that is paid does not say when the rest is.
        if !item.reconciled && !item.residual.is_zero() {
            return Some(Settlement::Open);
        }
        let others = self.settled_with(item.id).filter_map(|id| self.tables.items.get(id));
        let (mut paid, mut is_credited) = (None, false);
        for other in others {
            let entry = self.tables.entries.get(other.move_id);
            if other.of_payment
                || other.line_id.is_some()
                || self.beside(other).any(|(role, _)| role == Role::Cash)
            {
                paid = paid.max(Some(other.day));
            } else if entry.is_some_and(|entry| {
                entry.move_type.ends_with("_refund") || entry.move_type.ends_with("_invoice")
            }) {
                is_credited = true;
            }
        }
        match paid {
            Some(day) => Some(Settlement::Paid(day)),
            None if is_credited => None,
            None => Some(Settlement::WrittenOff),
        }
    }

    fn history_of_sale(&self, id: i32) -> Option<History> {
        let order = self.tables.sale_orders.get(id).filter(|order| !order.is_subscription)?;
        let invoices = Indexes::named(&self.indexes.entries_by_origin, &order.name);
        let invoices = invoices.filter_map(|id| self.tables.entries.get(id));
        let done = invoices.filter(|entry| entry.move_type == "out_invoice").map(|entry| entry.day).min();
        let lines = self
            .indexes
            .lines_of_sale_order
            .members(id)
            .filter_map(|id| self.tables.sale_order_lines.get(id));
        let (mut total, mut left) = (Decimal::ZERO, Decimal::ZERO);
        for line in lines {
            total = total.saturating_add(line.total);
            left = left.saturating_add(line.untaxed.saturating_sub(line.invoiced));
        }
        // One that was invoiced in a way that nobody can see says nothing.
        (done.is_some() || left > Decimal::ZERO).then(|| History {
            story: Story::Sale,
            company_id: self.company_of(order.company_id).unwrap_or_default(),
            ..self.took(id, order.partner_id, order.day, done, total)
        })
    }

    fn history_of_purchase(&self, id: i32) -> Option<History> {
        let order = self.tables.purchase_orders.get(id)?;
        let lines = self.indexes.lines_of_purchase_order.members(id);
        let mut done: Option<NaiveDate> = None;
        let mut total = Decimal::ZERO;
        for line in lines.filter_map(|id| self.tables.purchase_order_lines.get(id)) {
            total = total.saturating_add(line.total);
            let bills =
                self.indexes.items_of_order_line.members(line.id).filter_map(|id| self.tables.items.get(id));
            let days =
                bills.map(|item| self.tables.entries.get(item.move_id).map_or(item.day, |entry| entry.day));
            done = days.chain(done).min();
        }
        Some(History {
            story: Story::Purchase,
            company_id: self.company_of(order.company_id).unwrap_or_default(),
            ..self.took(id, order.partner_id, order.day, done, total)
        })
    }

    fn history_of_lead(&self, id: i32) -> Option<History> {
        let lead = self.tables.leads.get(id)?;
        let stage = lead.stage_id.and_then(|stage| self.tables.stages.get(stage));
        let is_won = stage.is_some_and(|stage| stage.is_won);
        let is_lost = !lead.active && lead.probability.is_zero() && !is_won;
        let done = lead.closed.filter(|_| is_won || is_lost)?;
        Some(History {
            story: Story::Lead,
            company_id: self.company_of(lead.company_id).unwrap_or_default(),
            due: lead.deadline.unwrap_or(done),
            lost_at: is_lost.then(|| stage.map_or(0, |stage| stage.sequence)),
            ..self.took(id, lead.partner_id, lead.begun, Some(done), lead.revenue)
        })
    }

    fn took(
        &self,
        id: i32,
        partner: Option<i32>,
        begun: NaiveDate,
        done: Option<NaiveDate>,
        amount: Decimal,
    ) -> History {
        History {
            story: Story::Sale,
            id,
            company_id: 0,
            partner_id: partner.map(|partner| self.tables.commercial(partner)).unwrap_or_default(),
            begun,
            due: begun,
            amount: amount.abs().to_f64().unwrap_or_default(),
            done: done.map(|done| done.max(begun)),
            discount_day: None,
            lost_at: None,
        }
    }
}

/// What became of an item.
enum Settlement {
    Open,
    /// The last payment was on this day.
    Paid(NaiveDate),
    /// It is closed, and no money came.
    WrittenOff,
}
