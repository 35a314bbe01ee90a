//! The working state: rows, and what is derived from them.

use chrono::{DateTime, Days, NaiveDate, Utc};
use contract::{Calendar, Money, Source, Table};

use super::bucket::Key;
use super::by_key::ByKey;
use super::contributions::Contributions;
use super::indexes::Indexes;
use super::norms::Norms;
use super::ordered::Ordered;
use super::payments::{Experience, Payment};
use super::pending::{self, PendingPayment};
use super::rates::Rates;
use super::to_invoice::OpenOrder;
use super::touched::Touched;
use super::volume::{self, Periods, Sale};
use crate::store::Tables;

/// Everything that is known of a source.
#[derive(Default)]
pub(crate) struct State {
    /// The rows behind it.
    pub(crate) tables: Tables,
    pub(super) calendar: Calendar,
    /// The seed's figures are in its currency.
    pub(super) main_company: Option<i32>,
    pub(super) indexes: Indexes,
    pub(super) contributions: Contributions,
    pub(super) ordered: Ordered,
    pub(super) payments: ByKey<Payment>,
    pub(super) pending: ByKey<PendingPayment>,
    pub(super) sales: ByKey<Sale>,
    pub(super) open_orders: ByKey<OpenOrder>,
    pub(super) norms: Norms,
    /// As of that day.
    pub(super) rates: Rates,
    /// The day as of which rows are placed.
    pub(super) today: Option<NaiveDate>,
    /// What has changed since conclusions were last drawn.
    pub(crate) touched: Touched,
}

impl State {
    /// Over the rows of `tables`, placed as of `clock`, so that [`Self::next_due`] says what it would have said without a restart.
    pub(crate) fn new(source: &Source, tables: Tables, clock: Option<DateTime<Utc>>) -> Self {
        let mut state = Self {
            calendar: Calendar::new(source.time_zone),
            main_company: source.main_company,
            indexes: Indexes::new(&tables),
            norms: Norms::from_rows(&tables),
            tables,
            ..Self::default()
        };
        match clock {
            None => state.touched.all = true,
            Some(clock) => state.place_all(state.calendar.day(clock)),
        }
        state
    }

    /// The start of the next day: items become overdue, and everybody is assessed.
    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.calendar.start(self.today?.checked_add_days(Days::new(1))?)
    }

    /// What is left of a customer's receivables behind payments that have no entry yet: due date, id and amount, the earliest first.
    pub(super) fn receivable(&self, key: Key) -> impl Iterator<Item = (NaiveDate, i32, Money)> {
        pending::left(&self.contributions, &self.pending, key)
    }

    /// A customer's payments and what is overdue, as of `today`.
    pub(super) fn experience(&self, key: Key, today: NaiveDate) -> Experience {
        let payments = self.payments.rows_of(key).map(|(_, payment)| payment);
        Experience::new(payments, self.receivable(key).map(|(due, _, amount)| (due, amount)), today)
    }

    /// A customer's revenue per period, the present one first.
    pub(super) fn revenue(&self, key: Key, today: NaiveDate) -> Periods {
        volume::revenue(self.sales.rows_of(key).map(|(_, sale)| sale), today)
    }

    /// The day of a customer's last payment, whether or not it settles anything.
    pub(super) fn last_payment(&self, key: Key, today: NaiveDate) -> Option<NaiveDate> {
        let settled = self.payments.rows_of(key).filter(|(_, payment)| payment.counts(today));
        let settled = settled.map(|(_, payment)| payment.paid).max();
        let pending = self.pending.rows_of(key).filter(|(_, payment)| payment.amount > Money::ZERO);
        let pending = pending.map(|(_, payment)| payment.day).max();
        settled.max(self.contributions.last_unapplied(key)).max(pending)
    }

    /// Whether there is anything to say about a customer.
    pub(super) fn is_assessable(&self, key: Key, today: NaiveDate) -> bool {
        self.tables.exposures.get(key.id()).is_some()
            || self.payments.rows_of(key).any(|(_, payment)| payment.counts(today))
            || self.sales.rows_of(key).any(|(_, sale)| sale.counts(today))
    }

    /// Everybody about whom there is something to say, in order.
    pub(super) fn assessable(&self, today: NaiveDate) -> Vec<Key> {
        let payments =
            self.payments.iter().filter(|(.., payment)| payment.counts(today)).map(|(key, ..)| key);
        let sales = self.sales.iter().filter(|(.., sale)| sale.counts(today)).map(|(key, ..)| key);
        let mut keys: Vec<Key> = payments.chain(sales).collect();
        // A customer's rows stand together.
        keys.dedup();
        keys.extend(self.tables.exposures.iter().map(|row| Key::from(row.key())));
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// A day begins: companies' means and distributions are what those of `customers` are now.
    pub(super) fn freeze(&mut self, customers: &[Key], today: NaiveDate) {
        let Self { tables, contributions, payments, pending, sales, .. } = self;
        self.norms = Norms::freeze(tables, customers, today, |key| {
            let payments = payments.rows_of(key).map(|(_, payment)| payment);
            let revenue = volume::revenue(sales.rows_of(key).map(|(_, sale)| sale), today);
            let receivable = pending::left(contributions, pending, key).map(|(due, _, amount)| (due, amount));
            (Experience::new(payments, receivable, today), volume::total(&revenue))
        });
    }
}
