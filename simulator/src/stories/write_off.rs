//! Invoices that end otherwise than by a payment in full: small differences and bad debts are written off, a payment has no entry
//! until the bank reports it, and credit notes are paid out.

use crate::Simulation;
use crate::agenda::Event;
use crate::money::Cents;
use crate::tables::accounting::{self, Book, Use};
use crate::tables::invoice::{Display, Kind, Move, MoveLine, Stage, State};
use crate::tables::label::{Label, Series};
use crate::tables::mail::{About, Body};
use crate::tables::payment::{MovePayment, Payment, Progress};

use super::field;
use super::payment::Order;

impl Simulation {
    /// A payment for an invoice in the company's currency; what it leaves open is left to the caller.
    fn payment_for(&self, entry: u32, amount: Cents, write_off: Cents) -> Order {
        let row = &self.books.moves[entry];
        Order {
            company: row.company,
            partner: row.commercial,
            currency: row.currency,
            amount,
            write_off,
            outgoing: row.kind == Kind::Refund,
            to_vendor: false,
            memo: row.number.map_or(Label::None, Label::Number),
            invoice: entry,
        }
    }

    /// A customer pays a little less or more than is asked; the difference is not worth a letter.
    pub(super) fn pay_short(&mut self, entry: u32) {
        if !self.is_open(entry) {
            return;
        }
        let residual = self.books.moves[entry].residual;
        let difference = self.random.between(1, 500).min(residual / 2);
        let write_off = if self.random.chance(80) { difference } else { -difference };
        let order = self.payment_for(entry, residual - write_off, write_off);
        let payment = self.register(&order);
        if self.random.chance(60) {
            let days = self.random.between(1, 3);
            self.plan_in(days, Event::BankForPayment(payment));
        }
    }

    /// A customer will not pay any more: an entry without a payment takes the invoice off the receivables.
    pub(super) fn write_off_debt(&mut self, invoice: u32) {
        if !self.is_open(invoice) {
            return;
        }
        let row = &self.books.moves[invoice];
        let (company, partner, amount, number) =
            (row.company, row.commercial, row.residual_signed, row.number);
        let name = number.map_or(Label::None, Label::WriteOff);
        let journal = self.journal(company, Book::General);
        let currency = self.books.companies[company].currency;
        let today = self.today();
        let mut row = Move::new(Kind::Entry, company, journal, currency, today, self.stamp());
        row.reference = name;
        let entry = self.insert(row);
        let loss = self.debt_line(entry, Use::BadDebt, partner, name, amount);
        let credit = self.debt_line(entry, Use::Receivable, partner, name, -amount);
        self.update::<Move>(entry, |row| row.stage = Stage::Sequenced);
        for line in [loss, credit] {
            self.update::<MoveLine>(line, |row| {
                row.computed = true;
                if accounting::keeps_residual(row.account) {
                    row.residual = row.balance;
                    row.residual_currency = row.amount_currency;
                }
            });
        }
        self.announce(entry);
        self.post_entry(entry, amount, amount, Series::General);
        self.post_lines(entry);
        for due in self.due_lines(invoice) {
            self.match_lines(due, credit);
        }
        self.refresh_invoice(invoice);
    }

    fn debt_line(&mut self, entry: u32, of: Use, partner: u32, name: Label, balance: Cents) -> u32 {
        let account = self.account(self.books.moves[entry].company, of);
        let mut line = MoveLine::new(entry, account, &self.books.moves[entry], Display::Product);
        line.partner = partner;
        line.name = name;
        line.balance = balance;
        line.amount_currency = balance;
        line.quantity = 100;
        self.add_line(line)
    }

    /// A payment is registered as Odoo Enterprise does it where no account holds money on its way: it has no entry, the invoice
    /// says that it is being paid, and nothing changes in the books until the bank reports it.
    pub(super) fn pay_without_entry(&mut self, entry: u32) {
        if !self.is_open(entry) {
            return;
        }
        let order = self.payment_for(entry, self.books.moves[entry].residual, 0);
        let payment = self.insert(Payment {
            entry: 0,
            journal: self.journal(order.company, Book::Bank),
            company: order.company,
            currency: order.currency,
            partner: order.partner,
            outgoing: order.outgoing,
            to_vendor: order.to_vendor,
            outstanding: 0,
            destination: self.account(order.company, Use::Receivable),
            name: Label::None,
            progress: Progress::Draft,
            memo: order.memo,
            date: self.today(),
            amount: order.amount,
            signed: None,
            reconciled: None,
            stamp: self.stamp(),
        });
        self.say(About::Payment, payment, 2, Body::Text("<p>Payments created</p>"));
        self.update::<Payment>(payment, |row| {
            row.signed = Some(order.amount);
            row.reconciled = Some(false);
        });
        let name = Label::Payment(payment);
        self.update::<Payment>(payment, |row| {
            row.progress = Progress::InProcess;
            row.name = name;
        });
        self.raise_rank(order.partner, false);
        self.insert(MovePayment { invoice: entry, payment });
        self.books.moves[entry].promised = payment;
        self.refresh_invoice(entry);
        let message = self.say(About::Payment, payment, 2, Body::Changes);
        self.track(message, field::PAYMENT_STATE, Label::Word("Draft"), Label::Word("In Process"));
        let days = self.random.between(2, 5);
        self.plan_in(days, Event::BankForInvoice(entry));
    }

    /// The bank reports what was registered without an entry.
    pub(super) fn settle_by_bank(&mut self, entry: u32) {
        if self.is_open(entry) {
            self.bank_line_for_invoice(entry);
        }
    }

    /// A customer gets the money of a credit note back. Not everyone who pays it out remembers to match the two.
    pub(super) fn pay_out(&mut self, refund: u32) {
        let Some(row) = self.books.moves.get(refund) else { return };
        if row.state != State::Posted || row.residual == 0 {
            return;
        }
        let mut order = self.payment_for(refund, row.residual, 0);
        if self.random.chance(35) {
            order.invoice = 0;
        }
        let payment = self.register(&order);
        if self.random.chance(60) {
            let days = self.random.between(1, 3);
            self.plan_in(days, Event::BankForPayment(payment));
        }
    }
}
