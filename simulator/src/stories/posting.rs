//! Posting: an entry gets its number and dates, and counts from then on.

use crate::Simulation;
use crate::agenda::{Business, Event};
use crate::calendar::Day;
use crate::tables::accounting;
use crate::tables::invoice::{Kind, Move, MoveLine, State};
use crate::tables::label::{Label, Series};
use crate::tables::mail::{About, Body};
use crate::tables::partner::Partner;

use super::field;

impl Simulation {
    /// Posts a draft: it gets its number, its lines count from now on.
    pub(super) fn post(&mut self, entry: u32) {
        let Some(row) = self.books.moves.get(entry) else { return };
        if row.state != State::Draft || row.posted_before {
            return;
        }
        let (kind, date) = (row.kind, row.date);
        self.date_invoice(entry);
        self.update::<Move>(entry, |row| {
            row.state = State::Posted;
            row.checked = true;
            row.posted_before = true;
        });
        let series = match kind {
            Kind::Refund => Series::Refund,
            Kind::Bill => Series::Bill,
            Kind::Invoice | Kind::Entry => Series::Invoice,
        };
        self.number(entry, series, date.max(self.books.moves[entry].date));
        if kind == Kind::Invoice {
            self.update::<Move>(entry, |row| row.referenced = true);
        }
        self.raise_rank(self.books.moves[entry].commercial, kind == Kind::Bill);
        self.post_lines(entry);
        self.count_posted(entry, 1);
        self.label_due(entry);
        let reversed = self.books.moves[entry].reversed;
        if reversed != 0 {
            self.match_reversal(entry, reversed);
        }
        self.say_posted(entry, kind);
        match kind {
            Kind::Invoice if self.business == Business::Further => self.plan_after_further_posting(entry),
            Kind::Invoice => self.plan_after_posting(entry),
            Kind::Bill => self.plan_payment(entry),
            Kind::Refund if self.business == Business::Further => {
                let days = self.random.between(1, 3);
                self.plan_in(days, Event::PayOut(entry));
            }
            Kind::Refund => self.keep_credit(entry),
            Kind::Entry => {}
        }
    }

    fn say_posted(&mut self, entry: u32, kind: Kind) {
        let number = self.books.moves[entry].number.map_or(Label::None, Label::Number);
        let subtype = if kind == Kind::Invoice { 5 } else { 2 };
        let message = self.say(About::Move, entry, subtype, Body::Changes);
        self.track(message, field::STATE, Label::Word("Draft"), Label::Word("Posted"));
        if kind == Kind::Invoice {
            self.track(message, field::REFERENCE, Label::None, number);
        }
        self.track(message, field::NAME, Label::Slash, number);
        self.track_full(message, field::CHECKED, Label::None, Label::None, Some(0), Some(1));
    }

    /// An invoice from an order gets its date when it is posted, and its due dates with it.
    fn date_invoice(&mut self, entry: u32) {
        if self.books.moves[entry].invoice_date.is_some() {
            return;
        }
        let today = self.today();
        let parts = accounting::instalments(self.books.moves[entry].term);
        let last = parts.iter().map(|part| part.1).max().unwrap_or(0);
        self.update::<Move>(entry, |row| {
            row.date = today;
            row.invoice_date = Some(today);
            row.due = Some(today + last);
            row.modified = true;
        });
        for (line, (_, days)) in self.due_lines(entry).into_iter().zip(parts) {
            self.update::<MoveLine>(line, |row| row.due = Some(today + days));
        }
    }

    /// Gives an entry its number: the name first, its parts in a write of their own.
    pub(super) fn number(&mut self, entry: u32, series: Series, day: Day) {
        let root = self.books.root(self.books.moves[entry].company);
        let number = self.numbers.next(root, series, day);
        self.update::<Move>(entry, |row| row.number = Some(number));
        self.update::<Move>(entry, |row| row.sequenced = true);
    }

    /// Odoo counts how often it deals with a partner, by SQL.
    pub(super) fn raise_rank(&mut self, partner: u32, vendor: bool) {
        self.update_silently::<Partner>(partner, |row| {
            if vendor {
                row.supplier_rank += 1;
            } else {
                row.customer_rank += 1;
            }
        });
    }

    /// Copies the entry's state, number and dates to its lines.
    pub(super) fn post_lines(&mut self, entry: u32) {
        let row = &self.books.moves[entry];
        let (lines, number, date, invoice_date, state) =
            (row.lines.clone(), row.number, row.date, row.invoice_date, row.state);
        for line in lines {
            self.update::<MoveLine>(line, |row| {
                row.number = number;
                row.state = state;
                row.date = date;
                row.invoice_date = invoice_date;
            });
        }
    }

    fn label_due(&mut self, entry: u32) {
        let row = &self.books.moves[entry];
        let (Some(number), Kind::Invoice) = (row.number, row.kind) else { return };
        let reference = row.reference;
        let due = self.due_lines(entry);
        let several = due.len() > 1;
        for (at, line) in (1..).zip(due) {
            let name = match reference {
                _ if several => Label::Instalment(number, at),
                Label::CustomerOrder(order) => Label::OrderAndNumber(order, number),
                _ => Label::Number(number),
            };
            self.update::<MoveLine>(line, |row| row.name = name);
        }
    }

    /// What usually becomes of a posted invoice.
    fn plan_after_posting(&mut self, entry: u32) {
        let partner = self.books.moves[entry].commercial;
        if self.books.credits.contains_key(&partner) && self.random.chance(55) {
            self.plan_soon(40, Event::UseCredit(entry));
        }
        match self.random.below(1000) {
            0..=14 => self.plan_soon(60, Event::ResetToDraft(entry)),
            15..=49 => {
                let days = self.random.between(3, 15);
                self.plan_in(days, Event::CreditNote(entry));
            }
            _ => {}
        }
        self.plan_payment(entry);
    }
}
