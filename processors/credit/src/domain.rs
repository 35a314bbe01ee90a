//! From source rows to exposures, and from exposures to decisions. Pure: no SQL, no clock, no async.
//!
//! [`Ledger::apply`] stores rows and notes what they touch; [`Ledger::decide`] places what was touched, moves what crossed its
//! due date, compares each touched exposure with the one before, and assesses its customer. When a day begins all customers
//! are assessed.

mod assessment;
mod breach;
mod bucket;
mod by_key;
mod checks;
mod contributions;
mod day_scores;
pub mod explain;
mod exposure;
mod holds;
mod index;
mod links;
mod norms;
mod payments;
mod receivable;
mod requests;
mod rows;
mod score;
mod settings;
mod to_invoice;
mod volume;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use contract::{Money, Outbox, RuleSet, Table};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::store::{InvoicedLine, Item, Settlement, Tables};
use bucket::{Key, Party};
use by_key::ByKey;
use contributions::Contributions;
use index::Index;
use links::Links;
use norms::Frozen;
use payments::Payment;
use settings::Settings;
use to_invoice::OpenOrder;
use volume::Sale;

pub use checks::Check;

/// The working state.
#[derive(Default)]
pub struct Ledger {
    /// The rows behind it.
    pub tables: Tables,
    zone: Tz,
    main_company: Option<i32>,
    settings: Settings,
    today: Option<NaiveDate>,
    links: Links,
    items_of_move: Index,
    items_of_partner: Index,
    orders_of_partner: Index,
    lines_of_order: Index,
    invoices_of_partner: Index,
    settlements_of_item: Index,
    contributions: Contributions,
    payments: ByKey<Payment>,
    sales: ByKey<Sale>,
    open_orders: ByKey<OpenOrder>,
    /// What customers are measured against today, by company, …
    frozen: FxHashMap<i32, Frozen>,
    /// … and since when.
    assessed_on: Option<NaiveDate>,
    /// What has to be placed again.
    touched: Touched,
}

#[derive(Default)]
struct Touched {
    /// Everything: a row changed that many depend on.
    all: bool,
    items: FxHashSet<i32>,
    orders: FxHashSet<i32>,
    invoices: FxHashSet<i32>,
    settlements: FxHashSet<i32>,
    /// Partners whose name or limit changed.
    partners: FxHashSet<i32>,
    rates: bool,
    /// The rules changed.
    settings: bool,
    /// Whose exposure may have changed.
    keys: BTreeSet<Key>,
    /// Who may have to be judged anew although the exposure is the same.
    assess: BTreeSet<Key>,
    /// Whose line in `credit_scores` may have changed although nothing else has.
    customers: BTreeSet<i32>,
}

impl Ledger {
    /// Over the rows of `tables`. Days begin in `zone`; the seed's figures are in the currency of `main_company`.
    pub fn new(tables: Tables, zone: Tz, main_company: Option<i32>) -> Self {
        let settled = |row: &Settlement| [(row.debit_id, row.id), (row.credit_id, row.id)];
        let mut ledger = Self {
            links: tables.links.iter().map(InvoicedLine::key).collect(),
            items_of_move: tables.items.iter().map(|item| (item.move_id, item.id)).collect(),
            items_of_partner: tables
                .items
                .iter()
                .filter_map(|item| Some((item.partner_id?, item.id)))
                .collect(),
            orders_of_partner: tables.orders.iter().map(|order| (order.partner_id, order.id)).collect(),
            lines_of_order: tables.lines.iter().map(|line| (line.order_id, line.id)).collect(),
            invoices_of_partner: tables
                .invoices
                .iter()
                .filter_map(|row| Some((row.partner_id?, row.id)))
                .collect(),
            settlements_of_item: tables.settlements.iter().flat_map(settled).collect(),
            tables,
            zone,
            main_company,
            ..Self::default()
        };
        ledger.thaw();
        ledger
    }

    /// Takes over the rules in force.
    ///
    /// # Errors
    /// Rules that cannot be used, and what to change.
    pub fn rules(&mut self, rules: &RuleSet) -> Result<(), String> {
        let settings = Settings::of(rules.get(crate::NAME, crate::HOLD))?;
        self.touched.settings |= settings != self.settings;
        self.settings = settings;
        Ok(())
    }

    /// Places all rows as of `clock`, so that [`Self::next_due`] says what it would have said without a restart.
    pub fn resume(&mut self, clock: Option<DateTime<Utc>>) {
        let Some(clock) = clock else {
            self.touched.all = true;
            return;
        };
        let today = self.day(clock);
        let items = self.tables.items.iter();
        self.contributions =
            items.filter_map(|item| Some((item.id, self.place_item(item, today)?))).collect();
        self.touch_all_but_items();
        self.place(today);
    }

    fn is_receivable(&self, account: i32) -> bool {
        self.tables.accounts.get(account).is_some_and(|account| account.receivable)
    }

    fn by_delivery(&self, product: i32) -> bool {
        let template = self
            .tables
            .products
            .get(product)
            .and_then(|product| self.tables.templates.get(product.template_id));
        template.is_some_and(|template| template.by_delivery)
    }

    /// The root company and commercial partner that stand behind `company` and `partner`.
    fn party(&self, company: i32, partner: i32) -> Party {
        Party {
            company: self.tables.companies.get(company).map_or(company, |company| company.root_id),
            partner: self.tables.partners.get(partner).map_or(partner, |partner| partner.commercial_id),
        }
    }

    fn day(&self, moment: DateTime<Utc>) -> NaiveDate {
        moment.with_timezone(&self.zone).date_naive()
    }

    /// The start of the next day: items become overdue, and everybody is assessed anew.
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        let day = self.today?.checked_add_days(Days::new(1))?;
        // Where the clocks go forward at midnight the day begins an hour later.
        (0..24).find_map(|hour| {
            let start = day.and_time(NaiveTime::from_hms_opt(hour, 0, 0)?);
            self.zone.from_local_datetime(&start).earliest().map(|start| start.to_utc())
        })
    }

    /// Draws the conclusions as of `now`.
    pub fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox) {
        let today = self.day(now);
        let new_days = self.assessed_on.map_or(1, |before| (today - before).num_days().max(0));
        let new_days = u16::try_from(new_days).unwrap_or(u16::MAX);
        if new_days > 0 {
            self.expire(today);
        }
        self.place(today);
        let rates = std::mem::take(&mut self.touched.rates);
        let keys = std::mem::take(&mut self.touched.keys);
        let mut assess = std::mem::take(&mut self.touched.assess);
        let mut customers = std::mem::take(&mut self.touched.customers);
        for key in keys {
            assess.insert(key);
            if self.decide_exposure(key, now, outbox) {
                customers.insert(key.partner);
            }
        }
        if std::mem::take(&mut self.touched.settings) || new_days > 0 {
            let customers = self.assessable(today);
            if new_days > 0 {
                self.freeze(&customers, today);
            }
            assess.extend(customers);
            assess.extend(self.tables.assessments.iter().map(|row| Key::from(row.key())));
            assess.extend(self.tables.holds.iter().map(|row| Key::from(row.key())));
        }
        for key in assess {
            if self.decide_assessment(key, new_days, now, outbox) {
                customers.insert(key.partner);
            }
        }
        if rates {
            customers.extend(self.tables.scores.iter().map(|score| score.customer_id));
        }
        let rates = if customers.is_empty() { BTreeMap::new() } else { self.conversions(now) };
        for customer in customers {
            self.decide_score(customer, &rates, now);
        }
    }

    /// Forgets what is too old to count.
    fn expire(&mut self, today: NaiveDate) {
        let before = |days| today.checked_sub_signed(TimeDelta::days(days)).unwrap_or(NaiveDate::MIN);
        let (payments, sales) = (before(payments::MEMORY_DAYS), before(volume::YEAR_DAYS - 1));
        let settlements = self.tables.settlements.iter().filter(|row| row.day < payments);
        for id in settlements.map(|row| row.id).collect::<Vec<_>>() {
            self.set_settlement(id, None);
        }
        let forgotten = |item: &&Item| item.is_settled() && item.due.is_none_or(|due| due < payments);
        let items: Vec<_> = self.tables.items.iter().filter(forgotten).map(|item| item.id).collect();
        for item in items.into_iter().filter(|item| !self.settlements_of_item.has(*item)).collect::<Vec<_>>()
        {
            self.set_item(item, None);
        }
        let invoices = self.tables.invoices.iter();
        let invoices = invoices.filter(|row| !row.draft && row.day.is_none_or(|day| day < sales));
        for id in invoices.map(|row| row.id).collect::<Vec<_>>() {
            self.set_invoice(id, None);
        }
    }

    /// Places what was touched and what has become overdue by `today`, and notes the keys that this touches.
    fn place(&mut self, today: NaiveDate) {
        let before = self.today.replace(today);
        if before != Some(today) {
            let starts = |day| before.is_some_and(|before| before < day) && day <= today;
            self.touched.rates |= self.tables.rates.iter().any(|rate| starts(rate.day));
        }
        if std::mem::take(&mut self.touched.all) {
            self.touch_everything();
        }
        self.touched.items.extend(self.contributions.overdue_by(today));
        for id in std::mem::take(&mut self.touched.items) {
            self.place_touched_item(id, today);
        }
        for id in std::mem::take(&mut self.touched.settlements) {
            let payment = self.tables.settlements.get(id).and_then(|row| self.place_settlement(row));
            let keys = self.payments.set(id, payment);
            self.touched.assess.extend(keys);
        }
        for id in std::mem::take(&mut self.touched.invoices) {
            let sale = self.tables.invoices.get(id).and_then(|row| self.place_invoice(row));
            let keys = self.sales.set(id, sale);
            self.touched.assess.extend(keys);
        }
        for id in std::mem::take(&mut self.touched.orders) {
            let order = self.tables.orders.get(id);
            let part = order.and_then(|order| self.place_order(order));
            let amount = part.map_or(Money::ZERO, |part| part.amount);
            let open = order.and_then(|order| self.open_order(order, amount));
            let keys = self.contributions.set_order(id, part);
            self.touched.keys.extend(keys);
            let keys = self.open_orders.set(id, open);
            self.touched.assess.extend(keys);
        }
        for id in std::mem::take(&mut self.touched.partners) {
            let companies: BTreeSet<_> =
                self.roots().into_iter().chain(self.contributions.companies()).collect();
            for company in companies {
                self.touched.keys.insert(Key { company, partner: id });
            }
            self.touched.customers.insert(id);
        }
    }

    fn place_touched_item(&mut self, id: i32, today: NaiveDate) {
        self.touched.settlements.extend(self.settlements_of_item.of(id));
        let part = self.tables.items.get(id).and_then(|item| self.place_item(item, today));
        let keys = self.contributions.set_item(id, part);
        self.touched.keys.extend(keys);
    }

    fn touch_everything(&mut self) {
        self.touched.items = self.contributions.items().collect();
        self.touched.items.extend(self.tables.items.iter().map(|item| item.id));
        self.touch_all_but_items();
    }

    fn touch_all_but_items(&mut self) {
        self.touched.orders = self.contributions.orders().collect();
        self.touched.orders.extend(self.open_orders.ids());
        self.touched.orders.extend(self.tables.orders.iter().map(|order| order.id));
        self.touched.invoices = self.sales.ids().collect();
        self.touched.invoices.extend(self.tables.invoices.iter().map(|invoice| invoice.id));
        self.touched.settlements = self.payments.ids().collect();
        self.touched.settlements.extend(self.tables.settlements.iter().map(|settlement| settlement.id));
        self.touched.partners =
            self.tables.partners.iter().filter(|row| row.credit_limit.is_some()).map(|row| row.id).collect();
        self.touched.keys.extend(self.tables.exposures.iter().map(|row| Key::from(row.key())));
        // What a currency without cents rounds to nothing has no row, and gets one when the currency gets cents.
        self.touched.keys.extend(self.contributions.keys());
        self.touched.assess.extend(self.tables.assessments.iter().map(|row| Key::from(row.key())));
        self.touched.assess.extend(self.tables.holds.iter().map(|row| Key::from(row.key())));
        self.touched.rates = true;
    }

    fn roots(&self) -> BTreeSet<i32> {
        self.tables.companies.iter().map(|company| company.root_id).collect()
    }
}
