//! The bank's statement: lines for payments and for invoices directly, matched and sometimes taken back.

use crate::Simulation;
use crate::agenda::Event;
use crate::money::Cents;
use crate::tables::accounting::{Book, Use};
use crate::tables::bank::BankLine;
use crate::tables::invoice::{Display, Kind, Move, MoveLine, Stage, State};
use crate::tables::label::{Label, Series};
use crate::tables::mail::{About, Body};
use crate::tables::payment::{Payment, Progress};

use super::field;

impl Simulation {
    /// The bank reports a registered payment.
    pub(super) fn bank_line_for_payment(&mut self, payment: u32) {
        let row = &self.books.payments[payment];
        let own = row.currency == self.books.companies[row.company].currency;
        if row.entry == 0 || !own || !matches!(row.progress, Progress::InProcess | Progress::Paid) {
            return;
        }
        let (company, partner, memo) = (row.company, row.partner, row.memo);
        let amount = if row.outgoing { -row.amount } else { row.amount };
        let line = self.bank_line(company, partner, memo, amount, payment);
        let days = self.random.between(1, 3);
        self.plan_in(days, Event::MatchBankLine(line, 0));
    }

    /// A customer's transfer arrives and nobody registers a payment for it.
    pub(super) fn bank_line_for_invoice(&mut self, entry: u32) {
        let row = &self.books.moves[entry];
        let (company, partner, amount) = (row.company, row.commercial, row.residual_signed);
        let memo = row.number.map_or(Label::None, Label::Number);
        let line = self.bank_line(company, partner, memo, amount, 0);
        self.plan_soon(200, Event::MatchBankLine(line, entry));
    }

    /// Writes a statement line and its entry, at once posted against the clearing account.
    fn bank_line(&mut self, company: u32, partner: u32, memo: Label, amount: Cents, payment: u32) -> u32 {
        let today = self.today();
        let journal = self.journal(company, Book::Bank);
        let currency = self.books.companies[company].currency;
        let entry = self.insert(Move::new(Kind::Entry, company, journal, currency, today, self.stamp()));
        self.announce(entry);
        let payer = self.books.partners[partner].name.clone();
        let line = self.insert(BankLine {
            entry,
            partner: 0,
            payer,
            payment,
            reference: memo,
            day: today,
            amount,
            residual: None,
            reconciled: false,
            edited: false,
            stamp: self.stamp(),
        });
        let bank = self.bank_entry_line(entry, Use::Bank, 0, memo, amount);
        let clearing = self.bank_entry_line(entry, Use::Suspense, 0, memo, -amount);
        for id in [bank, clearing] {
            self.compute_bank_entry_line(id, line);
        }
        self.update::<Move>(entry, |row| {
            row.stage = Stage::Sequenced;
            row.bank_line = line;
            row.modified = true;
        });
        self.post_entry(entry, amount.abs(), amount.abs(), Series::Bank);
        self.update::<BankLine>(line, |row| row.residual = Some(-amount));
        self.post_lines(entry);
        line
    }

    fn bank_entry_line(&mut self, entry: u32, of: Use, partner: u32, name: Label, balance: Cents) -> u32 {
        let account = self.account(self.books.moves[entry].company, of);
        let mut line = MoveLine::new(entry, account, &self.books.moves[entry], Display::Product);
        line.partner = partner;
        line.name = name;
        line.balance = balance;
        line.amount_currency = balance;
        line.quantity = 100;
        self.add_line(line)
    }

    fn compute_bank_entry_line(&mut self, line: u32, bank_line: u32) {
        let root = self.books.root(self.books.moves[self.books.lines[line].entry].company);
        let clearing = crate::tables::accounting::account(root, Use::Suspense);
        let number = self.books.moves[self.books.lines[line].entry].number;
        let state = self.books.moves[self.books.lines[line].entry].state;
        self.update::<MoveLine>(line, |row| {
            row.bank_line = bank_line;
            row.computed = true;
            row.number = number;
            row.state = state;
            row.subtotal = row.amount_currency;
            row.total = row.amount_currency;
            if row.account != clearing {
                row.residual = row.balance;
                row.residual_currency = row.amount_currency;
            }
        });
    }

    /// Replaces the clearing line by what the statement line was for, and matches that.
    pub(super) fn match_bank_line(&mut self, line: u32, invoice: u32) {
        let row = &self.books.bank_lines[line];
        if row.reconciled {
            return;
        }
        let (entry, amount, memo) = (row.entry, row.amount, row.reference);
        let Some((of, partner, targets)) = self.bank_targets(row.payment, invoice) else { return };
        let Some(clearing) = self.books.moves[entry].lines.last().copied() else { return };
        self.say_line_changed(entry, clearing, "deleted");
        self.update::<BankLine>(line, |row| row.edited = true);
        self.touch::<Move>(entry);
        self.delete::<MoveLine>(clearing);
        self.books.moves[entry].lines.retain(|id| *id != clearing);
        let new = self.bank_entry_line(entry, of, partner, memo, -amount);
        self.say_line_changed(entry, new, "created");
        self.compute_bank_entry_line(new, line);
        for target in targets {
            self.match_lines(target, new);
        }
        self.update::<BankLine>(line, |row| {
            row.partner = partner;
            row.reconciled = true;
            row.residual = Some(0);
        });
        if invoice == 0 {
            let payment = self.books.bank_lines[line].payment;
            self.touch::<Payment>(payment);
        } else {
            self.refresh_invoice(invoice);
            self.remember_credit(new);
            if self.random.chance(4) {
                self.plan_in(2, Event::Unreconcile(line));
            }
        }
    }

    /// The account, partner and open lines a statement line belongs to.
    fn bank_targets(&self, payment: u32, invoice: u32) -> Option<(Use, u32, Vec<u32>)> {
        if invoice != 0 {
            let row = self.books.moves.get(invoice)?;
            // Paid another way in the meantime: the money counts as unapplied.
            let open = row.state == State::Posted && row.residual > 0;
            let targets = if open { self.due_lines(invoice) } else { Vec::new() };
            return Some((Use::Receivable, row.commercial, targets));
        }
        let row = &self.books.payments[payment];
        if row.entry == 0 || !matches!(row.progress, Progress::InProcess | Progress::Paid) {
            return None;
        }
        let of = if row.outgoing { Use::OutstandingPayments } else { Use::OutstandingReceipts };
        let outstanding = self.books.moves[row.entry].lines.first().copied()?;
        Some((of, row.partner, vec![outstanding]))
    }

    fn say_line_changed(&mut self, entry: u32, line: u32, what: &'static str) {
        let message = self.say(About::Move, entry, 2, Body::Line(line, what));
        let name = self.books.lines[line].name;
        let account = self.books.lines[line].account;
        self.track(message, field::LINE_LABEL, name, Label::None);
        self.track(message, field::LINE_BALANCE, Label::None, Label::None);
        self.track_full(message, field::LINE_ACCOUNT, Label::None, Label::None, Some(account), Some(0));
    }

    /// A match was wrong: every line of the entry is deleted and made again, with new ids.
    pub(super) fn unreconcile_bank_line(&mut self, line: u32) {
        let row = &self.books.bank_lines[line];
        let (entry, amount, memo, partner) = (row.entry, row.amount, row.reference, row.partner);
        let old = self.books.moves[entry].lines.clone();
        if !row.reconciled || self.exchanged(&old) {
            return;
        }
        self.touch::<BankLine>(line);
        let mut invoices = Vec::new();
        for id in &old {
            for other in self.unmatch(*id) {
                invoices.push(self.books.lines[other].entry);
            }
        }
        invoices.sort_unstable();
        invoices.dedup();
        for id in &old {
            self.say_line_changed(entry, *id, "deleted");
        }
        self.touch::<Move>(entry);
        for id in old {
            self.delete::<MoveLine>(id);
        }
        self.books.moves[entry].lines.clear();
        let bank = self.bank_entry_line(entry, Use::Bank, partner, memo, amount);
        let clearing = self.bank_entry_line(entry, Use::Suspense, partner, memo, -amount);
        for id in [bank, clearing] {
            self.say_line_changed(entry, id, "created");
            self.compute_bank_entry_line(id, line);
        }
        self.update::<BankLine>(line, |row| {
            row.reconciled = false;
            row.residual = Some(-amount);
        });
        for invoice in invoices {
            self.refresh_invoice(invoice);
            if self.books.moves[invoice].kind == Kind::Invoice {
                let days = self.random.between(1, 5);
                self.plan_in(days, Event::MatchBankLine(line, invoice));
            }
        }
    }
}
