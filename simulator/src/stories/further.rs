//! The rarer business: what is done of it each day, and what becomes of its orders and invoices.

use crate::Simulation;
use crate::agenda::Event;
use crate::calendar::{Day, is_weekend};
use crate::tables::product::{DOZEN, DOZENS};
use crate::tables::sale::{OrderLine, Purpose};

use super::invoice::Item;
use super::order::Head;

impl Simulation {
    /// Plans a day's rarer business.
    pub(super) fn begin_further_day(&mut self, day: Day) {
        let orders = self.settings.orders_per_day;
        let plans = [
            (Event::FurtherOrder(Purpose::Deposit), 4),
            (Event::FurtherOrder(Purpose::Till), 3),
            (Event::FurtherOrder(Purpose::Dozens), 5),
            (Event::FurtherOrder(Purpose::Expenses), 3),
            (Event::FurtherOrder(Purpose::Mixed), 5),
            (Event::DraftInvoice, 10),
            (Event::OpenCreditNote, 3),
            (Event::BranchLimit, 3),
        ];
        for (event, percent) in plans {
            for _ in 0..self.times(orders * percent / if is_weekend(day) { 15 } else { 1 }) {
                self.plan_on(day, event);
            }
        }
    }

    /// A customer asks for something that is not sold as usual, and orders it soon.
    pub(super) fn further_order(&mut self, purpose: Purpose) {
        let Some(customer) = self.any_customer() else { return };
        let company = self.company_for(customer);
        // A till takes only the company's own money.
        let currency = match purpose {
            Purpose::Till => self.books.companies[company].currency,
            _ => self.currency_for(customer, company),
        };
        let buyer = self.buyer(customer);
        let head = || Head { company, customer, buyer, invoice_partner: customer, currency, purchase: 0 };
        let first = self.quote_for(head(), purpose);
        if purpose == Purpose::Deposit && self.random.chance(35) {
            let second = self.quote_for(head(), purpose);
            self.books.orders[first].together = second;
        }
    }

    fn quote_for(&mut self, head: Head, purpose: Purpose) -> u32 {
        let rate = self.books.rate(head.company, head.currency);
        let order = self.new_order(head);
        self.books.orders[order].purpose = purpose;
        for _ in 0..self.random.between(1, 3) {
            let mut line = self.new_line(order, rate);
            if purpose == Purpose::Dozens && !line.service {
                order_dozens(&mut line);
            }
            self.add_order_line(line);
        }
        self.complete_quote(order);
        self.plan_soon(30, Event::Confirm(order));
        order
    }

    /// Goods leave soon; what else happens depends on why the order is no usual one.
    pub(super) fn plan_after_further_order(&mut self, order: u32, purpose: Purpose) {
        let days = self.random.between(1, 2);
        self.plan_in(days, Event::Deliver(order));
        let later = self.random.between(4, 7);
        match purpose {
            Purpose::Deposit => self.plan_soon(40, Event::DownPayment(order)),
            Purpose::Till => self.plan_soon(40, Event::TillDeposit(order)),
            Purpose::Dozens => {
                self.plan_in(days, Event::InvoicePart(order));
                if self.random.chance(35) {
                    self.plan_in(later, Event::InvoicePieces(order));
                    return;
                }
            }
            Purpose::Expenses => self.plan_in(days, Event::Expense(order)),
            Purpose::Mixed => self.plan_in(days, Event::InvoiceMixed(order)),
            Purpose::Usual => {}
        }
        if self.is_invoiced_with_another(order) {
            return;
        }
        self.plan_in(later, Event::InvoiceOrder(order));
    }

    /// The second of two orders is left to the first one's invoice.
    fn is_invoiced_with_another(&self, order: u32) -> bool {
        order > 1 && self.books.orders.get(order - 1).is_some_and(|row| row.together == order)
    }

    /// A draft of the rarer business lives a while: it is posted at once or after days, or deleted and made again.
    pub(super) fn plan_after_further_draft(&mut self, entry: u32) {
        let days = self.random.between(1, 3);
        match self.random.below(100) {
            0..=19 => self.plan_in(days, Event::DeleteDraft(entry)),
            20..=54 => self.plan_in(days, Event::Post(entry)),
            _ => self.plan_soon(25, Event::Post(entry)),
        }
    }

    /// Down payments are paid soon or not yet; other invoices are settled in all the rarer ways.
    pub(super) fn plan_after_further_posting(&mut self, entry: u32) {
        let row = &self.books.moves[entry];
        let own = row.currency == self.books.companies[row.company].currency;
        let asked = row.lines.iter().any(|line| self.books.lines[*line].down_payment);
        let days = self.random.between(1, 4);
        match self.random.below(100) {
            _ if asked && self.random.chance(60) => self.plan_in(days, Event::Pay(entry)),
            0..=24 if own && !asked => self.plan_in(days, Event::PayShort(entry)),
            25..=44 if own && !asked => self.plan_in(days, Event::BadDebt(entry)),
            45..=74 if own && !asked => self.plan_in(days, Event::PayWithoutEntry(entry)),
            _ => self.plan_payment(entry),
        }
    }

    /// What was ordered by the dozen is invoiced by the piece.
    pub(super) fn invoice_in_pieces(&mut self, order: u32) {
        let items = self.items_to_invoice(order).into_iter().map(Item::in_pieces).collect();
        self.invoice_items(order, 0, items);
    }

    /// A few pieces of what was ordered by the dozen are invoiced before the rest.
    pub(super) fn invoice_part(&mut self, order: u32) {
        let mut items = self.items_to_invoice(order);
        items.retain(|item| item.unit == DOZENS);
        items.truncate(1);
        let pieces = self.random.pick(&[3, 5, 6, 9, 12]).unwrap_or(DOZEN) * 100;
        let part = items.into_iter().map(Item::in_pieces);
        let part = part.map(|item| Item { quantity: item.quantity.min(pieces), ..item }).collect();
        self.invoice_items(order, 0, part);
    }

    /// Something that was not ordered comes on the invoice too.
    pub(super) fn invoice_mixed(&mut self, order: u32) {
        let mut items = self.items_to_invoice(order);
        let Some(row) = self.books.orders.get(order).filter(|_| !items.is_empty()) else { return };
        let mut free = self.random_items(row.company, row.currency);
        free.truncate(1);
        items.extend(free);
        self.invoice_items(order, 0, items);
    }
}

/// Fewer are ordered when they come by the dozen, each at twelve times the price.
fn order_dozens(line: &mut OrderLine) {
    line.unit = DOZENS;
    line.quantity = line.quantity / 300 * 100 + 100;
    line.price_unit *= DOZEN;
}
