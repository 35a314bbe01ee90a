//! The working state: rows, and what is derived from them.

use chrono::{DateTime, Days, NaiveDate, Utc};
use contract::{Source, Table};
use rust_decimal::Decimal;

use super::bucket::Key;
use super::by_key::ByKey;
use super::calendar::Calendar;
use super::contributions::Contributions;
use super::indexes::Indexes;
use super::norms::Norms;
use super::ordered::Ordered;
use super::payments::{Experience, Payment};
use super::rates::Rates;
use super::to_invoice::OpenOrder;
use super::touched::Touched;
use super::volume::{self, Periods, Sale};
use crate::store::{Partner, Tables};

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

    /// A customer's explicit limit in a company, or else the lowest that a branch of it has set: what is owed is added up for all of
    /// them together.
    pub(super) fn limit(&self, customer: &Partner, key: Key) -> Option<Decimal> {
        let limits = customer.limits();
        let limit =
            |company| limits.get(&company).copied().or_else(|| self.limit_of_before(Key { company, ..key }));
        let companies = self.tables.companies.iter();
        let mut branches =
            companies.filter(|company| company.root_id == key.company).map(|company| company.id);
        limit(key.company).or_else(|| branches.by_ref().filter_map(limit).min())
    }

    /// The explicit limit of a customer whose row has none: Odoo 17 keeps it elsewhere. One for the company is preferred to one for
    /// every company.
    fn limit_of_before(&self, key: Key) -> Option<Decimal> {
        let limits = self.indexes.limits_of_partner.members(key.partner);
        let limits = limits.filter_map(|id| self.tables.limits.get(id));
        let counts = limits.filter(|limit| limit.company_id.is_none_or(|company| company == key.company));
        counts.max_by_key(|limit| (limit.company_id, limit.id)).map(|limit| limit.amount)
    }

    /// A customer's payments and what is overdue, as of `today`.
    pub(super) fn experience(&self, key: Key, today: NaiveDate) -> Experience {
        let payments = self.payments.rows_of(key).map(|(_, payment)| payment);
        Experience::new(payments, self.contributions.receivable(key), today)
    }

    /// A customer's revenue per period, the present one first.
    pub(super) fn revenue(&self, key: Key, today: NaiveDate) -> Periods {
        volume::revenue(self.sales.rows_of(key).map(|(_, sale)| sale), today)
    }

    /// The day of a customer's last payment, whether or not it settles anything.
    pub(super) fn last_payment(&self, key: Key, today: NaiveDate) -> Option<NaiveDate> {
        let settled = self.payments.rows_of(key).filter(|(_, payment)| payment.counts(today));
        let settled = settled.map(|(_, payment)| payment.paid).max();
        settled.max(self.contributions.last_unapplied(key))
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
        let Self { tables, contributions, payments, sales, .. } = self;
        self.norms = Norms::freeze(tables, customers, today, |key| {
            let payments = payments.rows_of(key).map(|(_, payment)| payment);
            let revenue = volume::revenue(sales.rows_of(key).map(|(_, sale)| sale), today);
            (Experience::new(payments, contributions.receivable(key), today), volume::total(&revenue))
        });
    }
}
