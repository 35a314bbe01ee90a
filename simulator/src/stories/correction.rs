//! Mistakes put right: drafts deleted, invoices reset, cancelled or credited.

use crate::Simulation;
use crate::agenda::{Business, Event};
use crate::tables::invoice::{Display, Kind, Matching, Move, MoveLine, MoveLineTax, State};
use crate::tables::label::Label;
use crate::tables::mail::{About, Body};
use crate::tables::sale::{OrderLine, OrderLineInvoice};

use super::field;
use super::invoice::{Draft, Item};

impl Simulation {
    /// A draft that was never posted is deleted, lines first.
    pub(super) fn delete_draft(&mut self, entry: u32) {
        let Some(row) = self.books.moves.get(entry) else { return };
        if row.state != State::Draft || row.posted_before {
            return;
        }
        let (lines, sign) = (row.lines.clone(), row.kind.sign());
        // A draft's lines were made in one go, so their ids follow each other.
        let (first, last) = (lines.first().copied().unwrap_or(1), lines.last().copied().unwrap_or(0));
        let taxed = self.books.line_taxes.sorted_range(first, last, |row| row.line);
        let billed = self.books.order_line_invoices.sorted_range(first, last, |row| row.invoice_line);
        for line in &lines {
            self.delete::<MoveLine>(*line);
        }
        for row in taxed {
            self.delete::<MoveLineTax>(row);
        }
        for row in billed {
            self.delete::<OrderLineInvoice>(row);
        }
        self.update::<Move>(entry, |row| {
            for amount in [
                &mut row.untaxed,
                &mut row.tax,
                &mut row.total,
                &mut row.residual,
                &mut row.untaxed_signed,
                &mut row.tax_signed,
                &mut row.total_signed,
                &mut row.residual_signed,
            ] {
                *amount = 0;
            }
        });
        self.delete::<Move>(entry);
        self.bill_order(&lines, -sign);
        let orders = self.orders_of(&lines);
        self.delete_deposits(&lines);
        for order in orders {
            self.refresh_order(order);
            if self.business == Business::Further {
                self.plan_in(1, Event::InvoiceOrder(order));
            }
        }
    }

    /// The lines of down payments that only a deleted draft asked for go with it.
    fn delete_deposits(&mut self, lines: &[u32]) {
        let asked = lines.iter().map(|line| &self.books.lines[*line]);
        let asked = asked.filter(|line| line.down_payment && line.quantity > 0).map(|line| line.order_line);
        let gone: Vec<_> = asked.filter(|line| self.books.order_lines[*line].invoiced == 0).collect();
        for line in gone {
            self.delete::<OrderLine>(line);
            let order = self.books.order_lines[line].order;
            self.books.orders[order].lines.retain(|other| *other != line);
        }
    }

    /// Nothing is matched with the invoice yet, so it may change its state.
    fn is_untouched(&self, entry: u32) -> bool {
        self.books.moves.get(entry).is_some_and(|row| {
            row.lines.iter().all(|line| self.books.lines[*line].matching == Matching::None)
        })
    }

    fn change_state(&mut self, entry: u32, old: &'static str, new: &'static str, state: State) {
        self.update::<Move>(entry, |row| {
            row.state = state;
            row.gap = state == State::Draft;
            row.modified = true;
        });
        for line in self.books.moves[entry].lines.clone() {
            self.update::<MoveLine>(line, |row| row.state = state);
        }
        let message = self.say(About::Move, entry, 2, Body::Changes);
        self.track(message, field::STATE, Label::Word(old), Label::Word(new));
    }

    /// A posted invoice goes back to draft; its number stays with it.
    pub(super) fn reset_to_draft(&mut self, entry: u32) {
        let posted = self.books.moves.get(entry).is_some_and(|row| row.state == State::Posted);
        if !posted || !self.is_untouched(entry) {
            return;
        }
        self.change_state(entry, "Posted", "Draft", State::Draft);
        self.count_posted(entry, -1);
        if self.random.chance(65) {
            self.plan_soon(30, Event::Repost(entry));
        } else {
            self.plan_soon(50, Event::CancelInvoice(entry));
        }
    }

    fn is_reset(&self, entry: u32) -> bool {
        self.books.moves.get(entry).is_some_and(|row| row.state == State::Draft && row.posted_before)
    }

    pub(super) fn post_again(&mut self, entry: u32) {
        if !self.is_reset(entry) {
            return;
        }
        self.change_state(entry, "Draft", "Posted", State::Posted);
        self.raise_rank(self.books.moves[entry].commercial, false);
        self.count_posted(entry, 1);
        self.plan_payment(entry);
    }

    /// A reset invoice is cancelled; what it billed may be invoiced again.
    pub(super) fn cancel_invoice(&mut self, entry: u32) {
        if !self.is_reset(entry) {
            return;
        }
        self.change_state(entry, "Draft", "Cancelled", State::Cancelled);
        let (lines, order) = (self.books.moves[entry].lines.clone(), self.books.moves[entry].order);
        self.bill_order(&lines, -1);
        for order in self.orders_of(&lines) {
            self.refresh_order(order);
        }
        if order != 0 {
            self.plan_in(2, Event::InvoiceOrder(order));
        }
    }

    /// A credit note for a whole invoice; posting it matches the two.
    pub(super) fn credit_note(&mut self, invoice: u32) {
        let Some(row) = self.books.moves.get(invoice) else { return };
        let Some(number) = row.number else { return };
        if row.state != State::Posted || row.residual != row.total {
            return;
        }
        let items = row
            .lines
            .iter()
            .map(|line| &self.books.lines[*line])
            .filter(|line| matches!(line.display, Display::Product | Display::Section))
            .map(|line| Item {
                display: line.display,
                product: line.product,
                unit: line.unit,
                name: line.name,
                down_payment: line.down_payment,
                quantity: line.quantity,
                price_unit: line.price_unit,
                taxed: line.taxed,
                order_line: line.order_line,
            })
            .collect();
        let draft = Draft {
            kind: Kind::Refund,
            company: row.company,
            partner: row.partner,
            currency: row.currency,
            term: 0,
            reference: Label::Reversal(number),
            invoice_date: Some(self.today()),
            order: row.order,
            second_order: 0,
            reversed: invoice,
            items,
        };
        let refund = self.draft(&draft);
        self.say(About::Move, invoice, 2, Body::Text("<p>This entry has been reversed</p>"));
        self.plan_soon(20, Event::Post(refund));
    }

    /// A credit note without an invoice: it stays open until it is used.
    pub(super) fn open_credit_note(&mut self) {
        let Some(customer) = self.any_customer() else { return };
        let company = self.company_for(customer);
        let currency = self.books.companies[company].currency;
        let mut items = self.random_items(company, currency);
        items.truncate(1);
        let refund = self.draft(&Draft {
            kind: Kind::Refund,
            company,
            partner: customer,
            currency,
            term: 0,
            reference: Label::None,
            invoice_date: Some(self.today()),
            order: 0,
            second_order: 0,
            reversed: 0,
            items,
        });
        self.plan_soon(20, Event::Post(refund));
    }
}
