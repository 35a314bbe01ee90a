//! Payments: in full, in part, too much, in advance, late, and taken back.

use crate::Simulation;
use crate::agenda::Event;
use crate::calendar::day_of;
use crate::money::{Cents, to_company};
use crate::tables::accounting::{self, Book, Use};
use crate::tables::invoice::{Display, Kind, Move, MoveLine, Stage, State};
use crate::tables::label::{Label, Series};
use crate::tables::mail::{About, Body};
use crate::tables::payment::{MovePayment, Payment, Progress};

use super::field;

/// A payment to be registered.
pub(super) struct Order {
    pub(super) company: u32,
    pub(super) partner: u32,
    pub(super) currency: u32,
    pub(super) amount: Cents,
    /// What is forgiven besides, or with a minus taken besides.
    pub(super) write_off: Cents,
    pub(super) outgoing: bool,
    pub(super) to_vendor: bool,
    pub(super) memo: Label,
    pub(super) invoice: u32,
}

impl Simulation {
    /// Plans when an invoice will be paid; most customers are late, a few never pay.
    pub(super) fn plan_payment(&mut self, entry: u32) {
        let row = &self.books.moves[entry];
        let due = self.due_lines(entry).iter().filter_map(|line| self.books.lines[*line].due).min();
        let (partner, due) = (row.commercial, due.unwrap_or(row.date));
        let habit = self.books.partners[partner].seed / 16 % 20;
        let late = match habit {
            0..=7 => self.random.between(-4, 2),
            8..=13 => self.random.between(1, 12),
            14..=17 => self.random.between(8, 30),
            18 => self.random.between(25, 75),
            _ if self.random.chance(50) => self.random.between(40, 90),
            _ => return,
        };
        let late = if self.slips(partner) { self.slip() } else { late };
        let wait = i64::from(due - self.today()) + late;
        let bill = self.books.moves[entry].kind == Kind::Bill;
        let event = if bill { Event::PayBill(entry) } else { Event::Pay(entry) };
        self.plan_in(wait.max(1), event);
    }

    /// Whether a customer pays ever later.
    fn slips(&self, partner: u32) -> bool {
        self.is_among_the_first(partner, self.settings.slipping)
    }

    /// Whether a customer pays ever later, or is compared with those that do.
    pub(super) fn is_watched(&self, partner: u32) -> bool {
        self.is_among_the_first(partner, 2 * self.settings.slipping)
    }

    fn is_among_the_first(&self, partner: u32, customers: u32) -> bool {
        self.books.customers.iter().take(customers as usize).any(|customer| *customer == partner)
    }

    /// How late such a customer pays now.
    fn slip(&self) -> i64 {
        i64::from((self.today() - day_of(self.settings.start)).max(0)) / 2
    }

    pub(super) fn is_open(&self, entry: u32) -> bool {
        self.books
            .moves
            .get(entry)
            .is_some_and(|row| row.state == State::Posted && row.residual > 0 && row.residual_signed != 0)
    }

    /// A customer pays an invoice.
    pub(super) fn pay(&mut self, entry: u32) {
        if !self.is_open(entry) {
            return;
        }
        let row = &self.books.moves[entry];
        let (residual, currency) = (row.residual, row.currency);
        let own = currency == self.books.companies[row.company].currency;
        if own && self.random.chance(25) {
            self.bank_line_for_invoice(entry);
            return;
        }
        let first = self
            .due_lines(entry)
            .iter()
            .map(|line| self.books.lines[*line].residual_currency.abs())
            .find(|open| *open > 0);
        let amount = match self.random.below(100) {
            // The first instalment, where there are several.
            0..=69 => first.unwrap_or(residual),
            70..=84 => residual,
            85..=94 => (residual * self.random.between(20, 80) / 100).max(1),
            _ => residual + self.random.between(1, 400) * 25,
        };
        self.pay_invoice(entry, amount, false);
        if self.is_open(entry) {
            let days = self.random.between(5, 30);
            self.plan_in(days, Event::Pay(entry));
        }
    }

    pub(super) fn pay_bill(&mut self, entry: u32) {
        if self.is_open(entry) {
            let residual = self.books.moves[entry].residual;
            self.pay_invoice(entry, residual, true);
        }
    }

    fn pay_invoice(&mut self, entry: u32, amount: Cents, outgoing: bool) {
        let row = &self.books.moves[entry];
        let order = Order {
            company: row.company,
            partner: row.commercial,
            currency: row.currency,
            amount,
            write_off: 0,
            outgoing,
            to_vendor: outgoing,
            memo: row.number.map_or(Label::None, Label::Number),
            invoice: entry,
        };
        let payment = self.register(&order);
        if self.random.chance(45) {
            let days = self.random.between(1, 3);
            self.plan_in(days, Event::BankForPayment(payment));
        }
        if !outgoing && self.random.rarely(12) {
            self.plan_soon(120, Event::UndoPayment(payment));
        }
    }

    /// A customer pays before there is an invoice.
    pub(super) fn pay_in_advance(&mut self) {
        let Some(customer) = self.any_customer() else { return };
        let company = self.company_for(customer);
        let memo = Label::Advance(self.random.below(9_000) + 1_000);
        let order = Order {
            company,
            partner: self.books.partners[customer].commercial,
            currency: self.books.companies[company].currency,
            amount: self.random.between(10, 900) * 1_000,
            write_off: 0,
            outgoing: false,
            to_vendor: false,
            memo,
            invoice: 0,
        };
        self.register(&order);
    }

    /// Writes a payment, its journal entry and, where there is an invoice, the match with it.
    pub(super) fn register(&mut self, order: &Order) -> u32 {
        let today = self.today();
        let outgoing = order.outgoing;
        let outstanding_use = if outgoing { Use::OutstandingPayments } else { Use::OutstandingReceipts };
        let partner_use = if order.to_vendor { Use::Payable } else { Use::Receivable };
        let outstanding = self.account(order.company, outstanding_use);
        let destination = self.account(order.company, partner_use);
        let journal = self.journal(order.company, Book::Bank);
        let payment = self.insert(Payment {
            entry: 0,
            journal,
            company: order.company,
            currency: order.currency,
            partner: order.partner,
            outgoing,
            to_vendor: order.to_vendor,
            outstanding,
            destination,
            name: Label::None,
            progress: Progress::Draft,
            memo: order.memo,
            date: today,
            amount: order.amount,
            signed: None,
            reconciled: None,
            stamp: self.stamp(),
        });
        self.say(About::Payment, payment, 2, Body::Text("<p>Payments created</p>"));
        let mut row = Move::new(Kind::Entry, order.company, journal, order.currency, today, self.stamp());
        row.payment = payment;
        row.partner = order.partner;
        row.commercial = order.partner;
        row.reference = order.memo;
        let entry = self.insert(row);
        let sign = if outgoing { -1 } else { 1 };
        let rate = self.books.rate(order.company, order.currency);
        let balance = to_company(order.amount, rate);
        let name = match order.memo {
            Label::Number(number) => Label::ManualPayment(number),
            other => other,
        };
        let settled = order.amount + order.write_off;
        let mut parts = vec![(outstanding, name, sign * order.amount), (destination, name, -sign * settled)];
        if order.write_off != 0 {
            let account = self.account(order.company, Use::WriteOff);
            parts.push((account, Label::Word("Write-Off"), sign * order.write_off));
        }
        let mut lines = Vec::with_capacity(parts.len());
        for (account, name, amount) in parts {
            let mut line = MoveLine::new(entry, account, &self.books.moves[entry], Display::Product);
            line.name = name;
            line.due = Some(today);
            line.balance = to_company(amount, rate);
            line.amount_currency = amount;
            line.quantity = 100;
            lines.push(self.add_line(line));
        }
        self.update::<Move>(entry, |row| row.stage = Stage::Sequenced);
        for line in &lines {
            self.update::<MoveLine>(*line, |row| {
                row.payment = payment;
                row.computed = true;
                if accounting::keeps_residual(row.account) {
                    row.residual = row.balance;
                    row.residual_currency = row.amount_currency;
                }
                row.subtotal = row.amount_currency;
                row.total = row.amount_currency;
            });
        }
        self.update::<Payment>(payment, |row| row.reconciled = Some(false));
        self.announce(entry);
        let total = order.amount.max(settled);
        self.post_entry(entry, total, to_company(total, rate), Series::Payment);
        self.raise_rank(order.partner, order.to_vendor);
        self.finish_payment(payment, entry, lines[1], order, sign * balance);
        payment
    }

    /// Posts an entry that is no invoice: completed, then numbered. Its lines follow later.
    pub(super) fn post_entry(&mut self, entry: u32, total: Cents, balance: Cents, series: Series) {
        let today = self.today();
        self.update::<Move>(entry, |row| {
            row.stage = Stage::Computed;
            row.state = State::Posted;
            row.total = total;
            row.total_signed = balance;
            row.checked = true;
            row.posted_before = true;
        });
        self.update::<Move>(entry, |row| {
            row.stage = Stage::Complete;
            row.due = Some(today);
        });
        self.number(entry, series, today);
    }

    fn finish_payment(&mut self, payment: u32, entry: u32, counterpart: u32, order: &Order, signed: Cents) {
        let targets = if order.invoice == 0 { Vec::new() } else { self.due_lines(order.invoice) };
        let number = self.books.moves[entry].number;
        let mut matched = None;
        for target in &targets {
            // Later instalments are matched once the effect of the first is written.
            matched = self.insert_match(*target, counterpart);
            if matched.is_some() {
                break;
            }
        }
        self.update::<Payment>(payment, |row| {
            row.entry = entry;
            row.name = number.map_or(Label::None, Label::Number);
            row.progress = Progress::InProcess;
        });
        self.post_lines(entry);
        if let Some(matched) = matched {
            self.settle_match(matched);
        }
        for target in targets {
            self.match_lines(target, counterpart);
        }
        if order.invoice != 0 {
            self.insert(MovePayment { invoice: order.invoice, payment });
        }
        let reconciled = self.books.lines[counterpart].reconciled;
        self.update::<Payment>(payment, |row| {
            row.signed = Some(signed);
            row.reconciled = Some(reconciled);
        });
        if order.invoice != 0 {
            self.refresh_invoice(order.invoice);
        }
        if !order.outgoing {
            self.remember_credit(counterpart);
        }
    }

    /// What a customer has paid too much or was credited is used for an invoice.
    pub(super) fn use_credit(&mut self, entry: u32) {
        if !self.is_open(entry) {
            return;
        }
        let row = &self.books.moves[entry];
        let (partner, company) = (row.commercial, row.company);
        let root = self.books.root(company);
        let mut touched = Vec::new();
        for credit in self.open_credits(partner) {
            let row = &self.books.lines[credit];
            // Odoo does not match lines of different companies.
            if self.books.root(self.books.moves[row.entry].company) != root {
                continue;
            }
            for due in self.due_lines(entry) {
                if self.match_lines(due, credit) {
                    touched.push(self.books.lines[credit].entry);
                }
            }
        }
        if touched.is_empty() {
            return;
        }
        self.refresh_invoice(entry);
        touched.dedup();
        for other in touched {
            self.refresh_invoice(other);
            let payment = self.books.moves[other].payment;
            if payment != 0 {
                let done = self.books.moves[other].lines.iter().any(|line| {
                    let line = &self.books.lines[*line];
                    line.is_receivable() && line.reconciled
                });
                self.update::<Payment>(payment, |row| row.reconciled = Some(done));
            }
        }
    }

    /// A payment was a mistake: it goes back to draft and its invoice is open again.
    pub(super) fn undo_payment(&mut self, payment: u32) {
        let row = &self.books.payments[payment];
        let entry = row.entry;
        if entry == 0 || matches!(row.progress, Progress::Draft | Progress::Cancelled) {
            return;
        }
        let lines = self.books.moves[entry].lines.clone();
        // A payment that is on a bank statement stays.
        let on_statement = lines.iter().any(|line| {
            let line = &self.books.lines[*line];
            !line.is_receivable() && !line.matches.is_empty()
        });
        if on_statement || self.exchanged(&lines) {
            return;
        }
        self.update::<Payment>(payment, |row| row.progress = Progress::Draft);
        let mut invoices = Vec::new();
        for line in &lines {
            for other in self.unmatch(*line) {
                invoices.push(self.books.lines[other].entry);
            }
        }
        invoices.sort_unstable();
        invoices.dedup();
        self.update::<Payment>(payment, |row| row.reconciled = Some(false));
        for line in lines {
            self.update::<MoveLine>(line, |row| row.state = State::Draft);
        }
        self.update::<Move>(entry, |row| {
            row.state = State::Draft;
            row.gap = true;
            row.modified = true;
        });
        let message = self.say(About::Payment, payment, 2, Body::Changes);
        self.track(message, field::PAYMENT_STATE, Label::Word("posted"), Label::Word("Draft"));
        for invoice in invoices {
            self.refresh_invoice(invoice);
            self.plan_in(4, Event::Pay(invoice));
        }
        self.plan_soon(10, Event::CancelPayment(payment));
    }

    /// An exchange difference hangs on one of these lines; undoing those is left to accountants.
    pub(super) fn exchanged(&self, lines: &[u32]) -> bool {
        lines.iter().flat_map(|line| &self.books.lines[*line].matches).any(|matched| {
            let row = &self.books.partials[*matched];
            row.exchange != 0 || row.debit_currency == 0
        })
    }

    /// A draft payment is cancelled; its entry is deleted, the payment itself stays.
    pub(super) fn cancel_payment(&mut self, payment: u32) {
        let row = &self.books.payments[payment];
        let entry = row.entry;
        if entry == 0 || row.progress != Progress::Draft {
            return;
        }
        let signed = row.signed;
        let lines = self.books.moves[entry].lines.clone();
        for line in &lines {
            let message = self.say(About::Move, entry, 2, Body::Line(*line, "deleted"));
            self.track(message, field::LINE_LABEL, self.books.lines[*line].name, Label::None);
            self.track(message, field::LINE_BALANCE, Label::None, Label::None);
        }
        self.update::<Payment>(payment, |row| row.progress = Progress::Cancelled);
        for line in lines {
            self.delete::<MoveLine>(line);
        }
        self.update::<Payment>(payment, |row| row.reconciled = Some(true));
        self.update::<Move>(entry, |row| {
            row.total = 0;
            row.total_signed = 0;
            row.lines.clear();
        });
        self.update::<Payment>(payment, |row| row.signed = Some(0));
        self.delete::<Move>(entry);
        self.update::<Payment>(payment, |row| row.entry = 0);
        self.update::<Payment>(payment, |row| {
            row.signed = signed;
            row.reconciled = Some(false);
        });
    }
}
