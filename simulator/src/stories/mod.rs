//! What the company does: one module per kind of business, one source transaction per story.

mod bank;
mod bill;
mod correction;
mod customer;
mod deposit;
mod founding;
mod further;
mod invoice;
mod matching;
mod order;
mod payment;
mod posting;
mod write_off;

use crate::Delivery;
use crate::Simulation;
use crate::agenda::{Business, Event};
use crate::books::Stored;
use crate::calendar::{DAY, Day, HOUR, MINUTE, Micros, SECOND, day_at, is_weekend, midnight, year_month};
use crate::tables::label::{Label, Number, Series};
use crate::tables::mail::{About, Body, Message, Tracking};
use crate::tables::{Row, Stamp};
use crate::wire::envelope::Change;

/// Field numbers in the chatter's list of changes.
mod field {
    pub(super) const STATE: u32 = 4676;
    pub(super) const NAME: u32 = 4673;
    pub(super) const REFERENCE: u32 = 4725;
    pub(super) const CHECKED: u32 = 4696;
    pub(super) const SETTLED: u32 = 4747;
    pub(super) const ORDER_STATE: u32 = 8165;
    pub(super) const PICKING_STATE: u32 = 6954;
    pub(super) const LINE_LABEL: u32 = 5122;
    pub(super) const LINE_BALANCE: u32 = 5125;
    pub(super) const LINE_ACCOUNT: u32 = 5121;
    pub(super) const PARTNER_NAME: u32 = 902;
    pub(super) const PARTNER_ADDRESS: u32 = 2655;
    pub(super) const SALES_LOCK: u32 = 4820;
    pub(super) const PAYMENT_STATE: u32 = 5243;
}

/// The last number given out in each series of each root company.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    series: Vec<([u32; Series::COUNT], [u32; Series::COUNT])>,
}

impl Numbers {
    fn next(&mut self, root: u32, series: Series, day: Day) -> Number {
        let (year, month) = year_month(day);
        let root = root as usize;
        if self.series.len() <= root {
            self.series.resize(root + 1, ([0; Series::COUNT], [0; Series::COUNT]));
        }
        let (last, period) = &mut self.series[root];
        let current = u32::from(year) * 16 + if series.monthly() { u32::from(month) } else { 0 };
        let at = series as usize;
        // A document dated in an earlier period keeps counting in the current one's numbers, so that no
        // number is given twice.
        if period[at] < current {
            period[at] = current;
            last[at] = 0;
        }
        last[at] += 1;
        let (year, month) = (period[at] / 16, period[at] % 16);
        Number {
            series,
            year: u16::try_from(year).unwrap_or(0),
            month: u8::try_from(month).unwrap_or(1),
            count: last[at],
        }
    }
}

impl Simulation {
    /// Runs what is planned before `until`; nothing of it is written.
    pub(crate) fn live_until(&mut self, until: Micros) {
        while let Some((at, event, business)) = self.agenda.next() {
            if at >= until {
                self.agenda.plan(at, event, business);
                break;
            }
            self.in_business(business, |company| company.run(at, event));
        }
    }

    /// Runs events up to the next one that changes a row.
    pub(crate) fn next_transaction(&mut self) -> Option<Delivery> {
        loop {
            let (at, event, business) = self.agenda.next()?;
            if at >= self.end {
                return None;
            }
            if let Some(delivery) = self.in_business(business, |company| company.run(at, event)) {
                return Some(delivery);
            }
        }
    }

    /// Does something as a part of a business: with its random numbers, and what it plans belongs to it too.
    fn in_business<T>(&mut self, business: Business, work: impl FnOnce(&mut Self) -> T) -> T {
        if business == self.business {
            return work(self);
        }
        let before = std::mem::replace(&mut self.business, business);
        std::mem::swap(&mut self.random, &mut self.other_random);
        let done = work(self);
        std::mem::swap(&mut self.random, &mut self.other_random);
        self.business = before;
        done
    }

    fn run(&mut self, at: Micros, event: Event) -> Option<Delivery> {
        if let Event::DayBegins(day) = event {
            self.begin_day(day);
            self.in_business(Business::Further, |company| company.begin_further_day(day));
            return None;
        }
        self.now = at.max(self.committed + 1_000);
        self.user = 2 + u8::try_from(self.random.below(4)).unwrap_or(0);
        let took = self.random.between(15_000, 260_000);
        let commit = self.now + took;
        self.out.begin(commit);
        self.play(event);
        let delivery = self.out.commit();
        self.committed = commit;
        delivery
    }

    fn play(&mut self, event: Event) {
        match event {
            Event::DayBegins(_) => {}
            Event::Rates => self.update_rates(),
            Event::NewCustomer => self.new_customer(),
            Event::Contact(partner) => self.new_contact(partner),
            Event::SetLimit(partner) => self.set_limit(partner),
            Event::DefaultLimit => self.set_default_limit(),
            Event::Rename => self.rename_partner(),
            Event::Move => self.move_contact(),
            Event::ChangeAddress => self.change_address(),
            Event::Duplicate => self.duplicate_customer(),
            Event::Merge => self.merge_partners(),
            Event::PriceChange => self.change_price(),
            Event::LockSales => self.lock_sales(),
            Event::Quote => self.quote(),
            Event::EditQuote(order) => self.edit_quote(order),
            Event::CancelOrder(order) => self.cancel_order(order),
            Event::DeleteQuote(order) => self.delete_quote(order),
            Event::Confirm(order) => self.confirm(order),
            Event::Deliver(order) => self.deliver(order),
            Event::InvoiceOrder(order) => self.invoice_order(order),
            Event::DraftInvoice => self.draft_standalone(),
            Event::EditDraft(entry) => self.edit_draft(entry),
            Event::DeleteDraft(entry) => self.delete_draft(entry),
            Event::Post(entry) => self.post(entry),
            Event::ResetToDraft(entry) => self.reset_to_draft(entry),
            Event::Repost(entry) => self.post_again(entry),
            Event::CancelInvoice(entry) => self.cancel_invoice(entry),
            Event::CreditNote(entry) => self.credit_note(entry),
            Event::OpenCreditNote => self.open_credit_note(),
            Event::Pay(entry) => self.pay(entry),
            Event::Advance => self.pay_in_advance(),
            Event::UseCredit(entry) => self.use_credit(entry),
            Event::UndoPayment(payment) => self.undo_payment(payment),
            Event::CancelPayment(payment) => self.cancel_payment(payment),
            Event::BankForPayment(payment) => self.bank_line_for_payment(payment),
            Event::MatchBankLine(line, with) => self.match_bank_line(line, with),
            Event::Unreconcile(line) => self.unreconcile_bank_line(line),
            Event::Bill => self.draft_bill(),
            Event::PayBill(entry) => self.pay_bill(entry),
            Event::FurtherOrder(purpose) => self.further_order(purpose),
            Event::DownPayment(order) => self.down_payment(order),
            Event::TillDeposit(order) => self.till_deposit(order),
            Event::CloseTill(order) => self.close_till(order),
            Event::Expense(order) => self.reinvoice_expense(order),
            Event::InvoicePieces(order) => self.invoice_in_pieces(order),
            Event::InvoicePart(order) => self.invoice_part(order),
            Event::InvoiceMixed(order) => self.invoice_mixed(order),
            Event::PayShort(entry) => self.pay_short(entry),
            Event::BadDebt(entry) => self.write_off_debt(entry),
            Event::PayWithoutEntry(entry) => self.pay_without_entry(entry),
            Event::BankForInvoice(entry) => self.settle_by_bank(entry),
            Event::PayOut(entry) => self.pay_out(entry),
            Event::BranchLimit => self.set_branch_limit(),
        }
    }

    /// Plans a day's business. Little happens at weekends.
    fn begin_day(&mut self, day: Day) {
        self.plan(midnight(day + 1), Event::DayBegins(day + 1));
        let orders = self.settings.orders_per_day;
        let weekend = is_weekend(day);
        let plans = [
            (Event::Quote, 100),
            (Event::DraftInvoice, 22),
            (Event::Bill, 14),
            (Event::Advance, 3),
            (Event::OpenCreditNote, 2),
            (Event::NewCustomer, 3),
            (Event::ChangeAddress, 3),
            (Event::PriceChange, 2),
        ];
        for (event, percent) in plans {
            for _ in 0..self.times(orders * percent / if weekend { 15 } else { 1 }) {
                self.plan_on(day, event);
            }
        }
        if weekend {
            return;
        }
        self.plan(midnight(day) + 6 * HOUR, Event::Rates);
        for (event, permille) in [
            (Event::Rename, 300),
            (Event::Move, 350),
            (Event::Duplicate, 450),
            (Event::Merge, 400),
            (Event::DefaultLimit, 15),
        ] {
            if self.random.rarely(permille) {
                self.plan_on(day, event);
            }
        }
        for _ in 0..=self.settings.customers / 150 {
            if let Some(partner) = self.any_customer() {
                self.plan_on(day, Event::SetLimit(partner));
            }
        }
        if year_month(day) != year_month(day - 3) && self.random.chance(40) {
            self.plan_on(day, Event::LockSales);
        }
    }

    /// How often something happens that happens `percent / 100` times on an average day.
    fn times(&mut self, percent: u32) -> u32 {
        let percent = percent * (80 + self.random.below(41)) / 100;
        percent / 100 + u32::from(self.random.chance(percent % 100))
    }

    /// Plans an event in the office hours of a day.
    fn plan_on(&mut self, day: Day, event: Event) {
        let at = midnight(day)
            + 8 * HOUR
            + self.random.between(0, 10 * HOUR / SECOND) * SECOND
            + self.random.between(0, SECOND - 1);
        self.plan(at, event);
    }

    fn plan(&mut self, at: Micros, event: Event) {
        self.agenda.plan(at, event, self.business);
    }

    /// Plans an event some days ahead, on a working day.
    fn plan_in(&mut self, days: i64, event: Event) {
        let mut day = self.today() + i32::try_from(days).unwrap_or(0).max(1);
        while is_weekend(day) {
            day += 1;
        }
        self.plan_on(day, event);
    }

    /// Plans an event for some minutes later.
    fn plan_soon(&mut self, minutes: i64, event: Event) {
        let wait = minutes.min(DAY / MINUTE) * MINUTE + self.random.between(0, MINUTE - 1);
        self.plan(self.now + wait, event);
    }

    fn today(&self) -> Day {
        day_at(self.now)
    }

    fn stamp(&self) -> Stamp {
        Stamp { created: self.now, written: self.now, creator: self.user, writer: self.user }
    }

    fn insert<T: Stored>(&mut self, row: T) -> u32 {
        let id = T::rows_mut(&mut self.books).add(row);
        self.out.row(Change::Create, id, &T::rows(&self.books)[id], &self.books);
        id
    }

    /// Changes a row as Odoo's own code does, which leaves its stamp.
    fn update<T: Stored>(&mut self, id: u32, change: impl FnOnce(&mut T)) {
        let (now, user) = (self.now, self.user);
        let row = &mut T::rows_mut(&mut self.books)[id];
        change(row);
        if let Some(stamp) = row.stamp() {
            stamp.written = now;
            stamp.writer = user;
        }
        self.write::<T>(id);
    }

    /// Changes a row by plain SQL: who wrote it last, and when, stays as it was.
    fn update_silently<T: Stored>(&mut self, id: u32, change: impl FnOnce(&mut T)) {
        change(&mut T::rows_mut(&mut self.books)[id]);
        self.write::<T>(id);
    }

    /// Writes a row without changing more than its stamp, as Odoo often does.
    fn touch<T: Stored>(&mut self, id: u32) {
        self.update::<T>(id, |_| {});
    }

    fn write<T: Stored>(&mut self, id: u32) {
        self.out.row(Change::Update, id, &T::rows(&self.books)[id], &self.books);
    }

    fn delete<T: Stored + Row>(&mut self, id: u32) {
        let key = T::rows(&self.books)[id].key(id);
        T::rows_mut(&mut self.books).remove(id);
        self.out.delete(T::TABLE, key);
    }

    /// Writes a message under a record.
    fn say(&mut self, about: About, record: u32, subtype: u8, body: Body) -> u32 {
        let message = Message { about, record, subtype, body, user: self.user, at: self.now };
        self.insert(message)
    }

    /// Lists a changed text under a message.
    fn track(&mut self, message: u32, field: u32, old: Label, new: Label) {
        self.track_full(message, field, old, new, None, None);
    }

    /// Lists a changed number or reference under a message.
    fn track_full(
        &mut self,
        message: u32,
        field: u32,
        old: Label,
        new: Label,
        old_id: Option<u32>,
        new_id: Option<u32>,
    ) {
        let (user, at) = (self.user, self.now);
        self.insert(Tracking { field, message, old, new, old_id, new_id, user, at });
    }
}
