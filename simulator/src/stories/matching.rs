//! Matching debit with credit lines, taking matches back, and what follows for the invoices.

use crate::Simulation;
use crate::agenda::Business;
use crate::money::{Cents, scale};
use crate::tables::accounting::{Book, Use};
use crate::tables::invoice::{Display, Kind, Matching, Move, MoveLine, Settled, Stage, State};
use crate::tables::label::{Label, Series};
use crate::tables::mail::{About, Body};
use crate::tables::payment::{FullReconcile, PartialReconcile, Payment, Progress};

use super::field;

impl Simulation {
    /// Matches two lines as far as the smaller one reaches.
    /// Returns whether there was anything to match.
    pub(super) fn match_lines(&mut self, one: u32, other: u32) -> bool {
        let matched = self.insert_match(one, other);
        if let Some(matched) = matched {
            self.settle_match(matched);
        }
        matched.is_some()
    }

    /// Writes the match itself; its effect on the lines follows in [`Self::settle_match`].
    pub(super) fn insert_match(&mut self, one: u32, other: u32) -> Option<u32> {
        let (debit, credit) = if self.books.lines[one].residual > 0 { (one, other) } else { (other, one) };
        let (debit_line, credit_line) = (&self.books.lines[debit], &self.books.lines[credit]);
        if debit_line.residual <= 0
            || credit_line.residual >= 0
            || debit_line.currency != credit_line.currency
            || debit_line.residual_currency <= 0
            || credit_line.residual_currency >= 0
        {
            return None;
        }
        let currency = debit_line.residual_currency.min(-credit_line.residual_currency);
        let amount = share(debit_line, currency).min(share(credit_line, currency));
        let date = debit_line.date.max(credit_line.date);
        let row = PartialReconcile {
            debit,
            credit,
            full: 0,
            exchange: 0,
            date,
            amount,
            debit_currency: currency,
            credit_currency: currency,
            stamp: self.stamp(),
        };
        Some(self.link(row))
    }

    fn link(&mut self, row: PartialReconcile) -> u32 {
        let (debit, credit) = (row.debit, row.credit);
        let matched = self.insert(row);
        self.books.lines[debit].matches.push(matched);
        self.books.lines[credit].matches.push(matched);
        matched
    }

    /// Writes what a match does: the matching numbers, an exchange difference, the residuals, and the full
    /// reconciliation when nothing is left.
    pub(super) fn settle_match(&mut self, matched: u32) {
        let row = &self.books.partials[matched];
        let (debit, credit, amount) = (row.debit, row.credit, row.amount);
        let currency = row.debit_currency;
        self.renumber(debit);
        let debit_excess = share(&self.books.lines[debit], currency) - amount;
        let credit_excess = share(&self.books.lines[credit], currency) - amount;
        self.settle_line(debit, -amount, -currency);
        self.settle_line(credit, amount, currency);
        if debit_excess > 0 {
            self.exchange_difference(matched, debit, debit_excess);
        } else if credit_excess > 0 {
            self.exchange_difference(matched, credit, -credit_excess);
        }
        self.complete_group(debit);
    }

    fn settle_line(&mut self, line: u32, amount: Cents, currency: Cents) {
        self.update::<MoveLine>(line, |row| {
            row.residual += amount;
            row.residual_currency += currency;
            row.reconciled = row.residual == 0 && row.residual_currency == 0;
        });
    }

    /// Books the difference that a changed rate left on a line, and matches it away.
    fn exchange_difference(&mut self, matched: u32, line: u32, excess: Cents) {
        let row = &self.books.lines[line];
        let (account, partner, currency) = (row.account, row.partner, row.currency);
        let company = self.books.moves[row.entry].company;
        let journal = self.journal(company, Book::Exchange);
        let own = self.books.companies[company].currency;
        let today = self.today();
        let mut entry = Move::new(Kind::Entry, company, journal, own, today, self.stamp());
        entry.total_signed = excess.abs();
        let entry = self.insert(entry);
        let result = self.account(company, if excess > 0 { Use::ExchangeLoss } else { Use::ExchangeGain });
        let mut made = [0; 2];
        for (at, (account, balance)) in [(account, -excess), (result, excess)].into_iter().enumerate() {
            let mut line = MoveLine::new(entry, account, &self.books.moves[entry], Display::Product);
            line.partner = partner;
            line.currency = currency;
            line.sequence = u32::try_from(at).unwrap_or(0);
            line.name = Label::Word("Currency exchange rate difference");
            line.balance = balance;
            line.quantity = 100;
            made[at] = self.add_line(line);
        }
        self.update::<MoveLine>(made[0], |row| {
            row.computed = true;
            row.residual = row.balance;
        });
        self.update::<MoveLine>(made[1], |row| row.computed = true);
        self.update::<Move>(entry, |row| {
            row.stage = Stage::Complete;
            row.state = State::Posted;
            row.checked = true;
            row.posted_before = true;
            row.due = Some(today);
        });
        self.number(entry, Series::Exchange, today);
        self.post_lines(entry);
        let (debit, credit) = if excess > 0 { (line, made[0]) } else { (made[0], line) };
        let row = PartialReconcile {
            debit,
            credit,
            full: 0,
            exchange: 0,
            date: today,
            amount: excess.abs(),
            debit_currency: 0,
            credit_currency: 0,
            stamp: self.stamp(),
        };
        self.link(row);
        self.renumber(line);
        self.settle_line(line, -excess, 0);
        self.settle_line(made[0], excess, 0);
        self.update::<PartialReconcile>(matched, |row| row.exchange = entry);
    }

    /// All lines connected by matches, and those matches.
    fn group(&self, line: u32) -> (Vec<u32>, Vec<u32>) {
        let (mut lines, mut matches) = (vec![line], Vec::new());
        let mut at = 0;
        while let Some(&line) = lines.get(at) {
            at += 1;
            for &matched in &self.books.lines[line].matches {
                if matches.contains(&matched) {
                    continue;
                }
                matches.push(matched);
                let row = &self.books.partials[matched];
                for next in [row.debit, row.credit] {
                    if !lines.contains(&next) {
                        lines.push(next);
                    }
                }
            }
        }
        lines.sort_unstable();
        matches.sort_unstable();
        (lines, matches)
    }

    /// The lines of a group share the number of its first match.
    fn renumber(&mut self, line: u32) {
        let (lines, matches) = self.group(line);
        let number = matches.first().map_or(Matching::None, |first| Matching::Partial(*first));
        for line in lines {
            if self.books.lines[line].matching != number {
                self.update::<MoveLine>(line, |row| row.matching = number);
            }
        }
    }

    /// When nothing is left on any line of a group it is reconciled in full.
    fn complete_group(&mut self, line: u32) {
        let (lines, matches) = self.group(line);
        if lines.iter().any(|line| !self.books.lines[*line].reconciled) {
            return;
        }
        let full = self.insert(FullReconcile { stamp: self.stamp() });
        for line in &lines {
            self.update::<MoveLine>(*line, |row| row.full = full);
        }
        for matched in matches {
            self.update::<PartialReconcile>(matched, |row| row.full = full);
        }
        for line in lines {
            self.update::<MoveLine>(line, |row| row.matching = Matching::Full(full));
        }
    }

    /// Takes back every match of a line. Returns the other lines that were matched with it.
    pub(super) fn unmatch(&mut self, line: u32) -> Vec<u32> {
        let (lines, _) = self.group(line);
        let full = self.books.lines[line].full;
        let mut others = Vec::new();
        for matched in self.books.lines[line].matches.clone() {
            let row = &self.books.partials[matched];
            let (debit, credit, amount) = (row.debit, row.credit, row.amount);
            let (debit_currency, credit_currency) = (row.debit_currency, row.credit_currency);
            self.delete::<PartialReconcile>(matched);
            for (line, amount, currency) in
                [(debit, amount, debit_currency), (credit, -amount, -credit_currency)]
            {
                self.books.lines[line].matches.retain(|other| *other != matched);
                self.settle_line(line, amount, currency);
            }
            others.push(if debit == line { credit } else { debit });
        }
        if full != 0 {
            self.delete::<FullReconcile>(full);
            for line in &lines {
                self.update::<MoveLine>(*line, |row| row.full = 0);
            }
            self.forget_full(full);
        }
        for line in lines {
            self.renumber(line);
        }
        others
    }

    /// The database clears references to a full reconciliation that is gone.
    fn forget_full(&mut self, full: u32) {
        let left: Vec<_> =
            self.books.partials.iter().filter(|(_, row)| row.full == full).map(|(id, _)| id).collect();
        for matched in left {
            self.update_silently::<PartialReconcile>(matched, |row| row.full = 0);
        }
    }

    /// Writes what is left of an invoice after its lines changed, and the payments that settled it.
    pub(super) fn refresh_invoice(&mut self, entry: u32) {
        let row = &self.books.moves[entry];
        if row.kind == Kind::Entry {
            return;
        }
        let old = row.settled;
        let due = self.due_lines(entry);
        let (mut residual, mut residual_signed, mut matched) = (0, 0, false);
        for line in due.iter().map(|line| &self.books.lines[*line]) {
            residual += line.residual_currency.abs();
            residual_signed += line.residual;
            matched |= !line.matches.is_empty();
        }
        let promised = self.books.payments.get(self.books.moves[entry].promised).map(|row| row.progress);
        let settled = if residual == 0 && residual_signed == 0 {
            if self.only_refunded(&due) { Settled::Reversed } else { Settled::Paid }
        } else if promised == Some(Progress::InProcess) {
            Settled::InPayment
        } else if matched {
            Settled::Partial
        } else if promised == Some(Progress::Paid) {
            Settled::InPayment
        } else {
            Settled::NotPaid
        };
        self.update::<Move>(entry, |row| {
            row.residual = residual;
            row.residual_signed = residual_signed;
            row.settled = settled;
            row.modified = true;
        });
        for line in self.books.moves[entry].lines.clone() {
            self.touch::<MoveLine>(line);
        }
        if old != settled {
            let subtype = if settled == Settled::Paid { 6 } else { 2 };
            let message = self.say(About::Move, entry, subtype, Body::Changes);
            self.track(message, field::SETTLED, Label::Word(old.title()), Label::Word(settled.title()));
        }
        if settled == Settled::Paid {
            self.complete_payments(&due);
            self.complete_payment(self.books.moves[entry].promised);
        }
    }

    fn matched_entries(&self, due: &[u32]) -> Vec<u32> {
        let mut entries = Vec::new();
        for line in due {
            for matched in &self.books.lines[*line].matches {
                let row = &self.books.partials[*matched];
                let other = if row.debit == *line { row.credit } else { row.debit };
                entries.push(self.books.lines[other].entry);
            }
        }
        entries
    }

    fn only_refunded(&self, due: &[u32]) -> bool {
        let entries = self.matched_entries(due);
        let invoice = due
            .first()
            .is_some_and(|line| self.books.moves[self.books.lines[*line].entry].kind == Kind::Invoice);
        invoice
            && !entries.is_empty()
            && entries.iter().all(|entry| self.books.moves[*entry].kind == Kind::Refund)
    }

    /// A payment is done when what it paid is.
    fn complete_payments(&mut self, due: &[u32]) {
        for entry in self.matched_entries(due) {
            self.complete_payment(self.books.moves[entry].payment);
        }
    }

    fn complete_payment(&mut self, payment: u32) {
        if self.books.payments.get(payment).is_some_and(|row| row.progress == Progress::InProcess) {
            self.update::<Payment>(payment, |row| row.progress = Progress::Paid);
        }
    }

    /// The open receivable lines in a partner's favour, oldest first.
    pub(super) fn open_credits(&mut self, partner: u32) -> Vec<u32> {
        let mut lines = self.books.credits.remove(&partner).unwrap_or_default();
        lines.retain(|line| {
            self.books
                .lines
                .get(*line)
                .is_some_and(|row| row.state == State::Posted && row.residual < 0 && row.partner == partner)
        });
        lines.dedup();
        if !lines.is_empty() {
            self.books.credits.insert(partner, lines.clone());
        }
        lines
    }

    /// Remembers that something may be used for a later invoice. What the further business leaves over is kept apart from the
    /// usual one's, so that neither changes the other.
    pub(super) fn remember_credit(&mut self, line: u32) {
        let partner = self.books.lines[line].partner;
        if self.books.lines[line].residual < 0 && self.business == Business::Usual {
            self.books.credits.entry(partner).or_default().push(line);
        }
    }

    pub(super) fn keep_credit(&mut self, entry: u32) {
        for line in self.due_lines(entry) {
            self.remember_credit(line);
        }
    }

    /// A credit note made from an invoice is matched with it at once.
    pub(super) fn match_reversal(&mut self, refund: u32, invoice: u32) {
        let Some(credit) = self.due_lines(refund).first().copied() else { return };
        for debit in self.due_lines(invoice) {
            self.match_lines(debit, credit);
        }
        self.refresh_invoice(refund);
        self.refresh_invoice(invoice);
    }
}

/// What a part of a line's residual in its own currency is in the company's currency, at the line's rate.
fn share(line: &MoveLine, currency: Cents) -> Cents {
    if line.residual_currency.abs() == currency {
        line.residual.abs()
    } else {
        scale(line.residual.abs(), currency, line.residual_currency.abs())
    }
}
