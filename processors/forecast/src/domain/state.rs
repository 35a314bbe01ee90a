//! The working state: the rows, and what is derived from them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use contract::index::sorted;
use contract::{Calendar, Index, RuleSet, TableSet};
use forecasting::calendar::day;

use super::book::Book;
use super::cash::Cash;
use super::grid::Grid;
use super::lessons::Lessons;
use super::rates::Rates;
use super::settings::Settings;
use crate::store::{Clock, Item, Kind, Story, Tables};

/// The number of the group of all companies.
pub(super) const GROUP: i32 = 0;

/// Rows and what is derived from them.
#[derive(Default)]
pub struct State {
    /// The rows.
    pub tables: Tables,
    pub(super) calendar: Calendar,
    /// The company in whose currency the group's figures are, where the configuration says it.
    pub(super) configured: Option<i32>,
    pub(super) settings: Settings,
    pub(super) indexes: Indexes,
    /// The sums of what is expected, by company; those of the group have the number 0.
    pub(super) books: BTreeMap<i32, Book>,
    pub(super) cash: Cash,
    /// How long things take, by company; worked out when it is needed first on a day.
    pub(super) lessons: Option<BTreeMap<i32, Lessons>>,
    /// The rates of the day; read when they are needed first.
    pub(super) rates: Option<Rates>,
    pub(super) touched: Touched,
}

/// Which rows belong to which.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    pub(super) items_of_entry: Index,
    pub(super) partials_of_item: Index,
    pub(super) lines_of_entry: Index,
    /// Items of which something is open, by partner; those of nobody have the number 0.
    pub(super) open_of_partner: Index,
    pub(super) partners_of_commercial: Index,
    /// Bank lines that are not matched.
    pub(super) lines_of_partner: Index,
    pub(super) payments_of_partner: Index,
    pub(super) items_of_order_line: Index,
    pub(super) lines_of_sale_order: Index,
    pub(super) lines_of_purchase_order: Index,
    pub(super) orders_of_lead: Index,
    /// Orders by partner; those of nobody have the number 0.
    pub(super) sale_orders_of_partner: Index,
    pub(super) purchase_orders_of_partner: Index,
    /// Items by their day.
    pub(super) items_of_day: Index,
    pub(super) orders_by_name: BTreeSet<(String, i32)>,
    pub(super) entries_by_origin: BTreeSet<(String, i32)>,
    /// Documents by commercial partner; those of nobody have the number 0.
    pub(super) documents_of_partner: BTreeSet<(i32, Kind, i32)>,
}

/// What was applied since it was taken into account last.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Entries whose items are placed anew as cash: at once.
    pub(super) cash: BTreeSet<i32>,
    /// All cash is placed anew.
    pub(super) all_cash: bool,
    /// What is worked out again at the next evaluation: everything, or …
    pub(super) all: bool,
    /// … these.
    pub(super) partners: BTreeSet<i32>,
    pub(super) entries: BTreeSet<i32>,
    pub(super) documents: BTreeSet<(Kind, i32)>,
    /// What is learned when the next day begins: everything, or …
    pub(super) all_history: bool,
    /// … of these.
    pub(super) history: BTreeSet<(Story, i32)>,
    /// … and of the items of these.
    pub(super) history_entries: BTreeSet<i32>,
}

impl Touched {
    /// All has to be looked at again.
    pub(super) fn everything(&mut self) {
        self.all = true;
        self.all_history = true;
        self.all_cash = true;
    }

    /// Whether all is looked at again anyway.
    pub(super) fn is_everything(&self) -> bool {
        self.all && self.all_history && self.all_cash
    }

    /// Whether something has to be evaluated.
    pub(super) fn is_due(&self) -> bool {
        self.all || !(self.partners.is_empty() && self.entries.is_empty() && self.documents.is_empty())
    }
}

impl State {
    /// Over the rows of `tables`.
    pub fn new(tables: Tables, calendar: Calendar, configured: Option<i32>) -> Self {
        let mut state =
            Self { indexes: Indexes::new(&tables), tables, calendar, configured, ..Self::default() };
        // What was touched before is not known any more.
        let is_due = state.tables.clock.get(1).is_some_and(|clock| clock.due_at.is_some());
        state.touched = Touched { all_cash: true, all: is_due, all_history: true, ..Touched::default() };
        state.fill_books();
        state
    }

    /// Takes over the rules in force.
    ///
    /// # Errors
    /// Rules that cannot be used, and what to change.
    pub fn rules(&mut self, rules: &RuleSet) -> Result<(), String> {
        let settings = Settings::from_rule(rules.get(crate::NAME, crate::WARN))?;
        if settings.holidays != self.settings.holidays {
            self.lessons = None;
        }
        self.settings = settings;
        Ok(())
    }

    /// What was applied was no single source transaction.
    pub fn forget(&mut self) {
        self.touched.everything();
    }

    /// Drops all rows of a source table.
    pub fn clear_table(&mut self, table: &str) {
        self.tables.clear_table(table);
        self.indexes.clear_table(table);
        self.rates = None;
        self.lessons = None;
        self.touched.everything();
    }

    /// When what has changed is evaluated, or the next day begins.
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        let clock = self.tables.clock.get(1)?;
        let next_day = self.calendar.start(clock.day.succ_opt()?)?;
        Some(clock.due_at.map_or(next_day, |due| due.min(next_day)))
    }

    /// The day of the forecast; none before the first one.
    pub(super) fn day(&self) -> Option<NaiveDate> {
        self.tables.clock.get(1).map(|clock| clock.day)
    }

    /// The days of the forecast.
    pub(super) fn grid(&self) -> Grid {
        Grid { today: self.day().map(forecasting::calendar::day).unwrap_or_default() }
    }

    pub(super) fn clock(&mut self, change: impl FnOnce(&mut Clock)) {
        if let Some(mut clock) = self.tables.clock.get(1).cloned() {
            change(&mut clock);
            self.tables.clock.set(1, Some(clock));
        }
    }

    /// The companies that are no branches, in order.
    pub(super) fn roots(&self) -> Vec<i32> {
        let ids = self.tables.companies.iter().map(|row| row.id).filter(|id| self.tables.root(*id) == *id);
        sorted(ids)
    }

    /// The company in whose currency the group's figures are: as configured, else the one with the lowest number.
    pub(super) fn main_company(&self) -> Option<i32> {
        let configured = self.configured.map(|company| self.tables.root(company));
        configured
            .filter(|id| self.tables.companies.get(*id).is_some())
            .or_else(|| self.roots().first().copied())
    }

    /// The currency of a company, or of the group.
    pub(super) fn currency(&self, company: i32) -> Option<i32> {
        let company = if company == GROUP { self.main_company()? } else { company };
        self.tables.companies.get(company).map(|row| row.currency_id)
    }

    /// How many decimals the figures of a company have, or those of the group.
    pub(super) fn decimals(&self, company: i32) -> u32 {
        self.currency(company).map_or(2, |currency| self.tables.decimals(currency))
    }

    /// The companies themselves, as partners.
    pub(super) fn is_own(&self, partner: Option<i32>) -> bool {
        let own = self.tables.companies.iter().filter_map(|row| row.partner_id);
        partner.is_some_and(|partner| own.map(|own| self.tables.commercial(own)).any(|own| own == partner))
    }

    /// Puts all documents into new books.
    pub(super) fn fill_books(&mut self) {
        let grid = self.grid();
        let companies: Vec<i32> = self.roots().into_iter().chain([GROUP]).collect();
        self.books = companies.into_iter().map(|company| (company, Book::new(grid))).collect();
        let main = self.decimals(GROUP);
        for row in self.tables.documents.iter() {
            super::put::book(&mut self.books, row, main, true);
        }
    }
}

impl Indexes {
    fn new(tables: &Tables) -> Self {
        let mut indexes = Self {
            items_of_entry: tables.items.iter().map(|row| (row.move_id, row.id)).collect(),
            partials_of_item: tables
                .partials
                .iter()
                .flat_map(|row| [(row.debit_id, row.id), (row.credit_id, row.id)])
                .collect(),
            lines_of_entry: tables.lines.iter().map(|row| (row.move_id, row.id)).collect(),
            open_of_partner: tables
                .items
                .iter()
                .filter_map(|row| Some((open_partner(row)?, row.id)))
                .collect(),
            partners_of_commercial: tables.partners.iter().map(|row| (row.commercial_id, row.id)).collect(),
            lines_of_partner: tables
                .lines
                .iter()
                .filter(|row| !row.reconciled)
                .filter_map(|row| Some((row.partner_id?, row.id)))
                .collect(),
            payments_of_partner: tables.payments.iter().map(|row| (row.partner_id, row.id)).collect(),
            items_of_order_line: tables
                .items
                .iter()
                .filter_map(|row| Some((row.order_line_id?, row.id)))
                .collect(),
            lines_of_sale_order: tables.sale_order_lines.iter().map(|row| (row.order_id, row.id)).collect(),
            lines_of_purchase_order: tables
                .purchase_order_lines
                .iter()
                .map(|row| (row.order_id, row.id))
                .collect(),
            orders_of_lead: tables
                .sale_orders
                .iter()
                .filter_map(|row| Some((row.lead_id?, row.id)))
                .collect(),
            sale_orders_of_partner: tables
                .sale_orders
                .iter()
                .map(|row| (row.partner_id.unwrap_or_default(), row.id))
                .collect(),
            purchase_orders_of_partner: tables
                .purchase_orders
                .iter()
                .map(|row| (row.partner_id.unwrap_or_default(), row.id))
                .collect(),
            items_of_day: tables.items.iter().map(|row| (day(row.day), row.id)).collect(),
            orders_by_name: tables.sale_orders.iter().map(|row| (row.name.clone(), row.id)).collect(),
            ..Self::default()
        };
        for row in tables.entries.iter() {
            indexes
                .entries_by_origin
                .extend(names(row.origin.as_deref()).map(|name| (name.to_owned(), row.id)));
        }
        for row in tables.documents.iter() {
            indexes.documents_of_partner.insert((row.partner_id.unwrap_or_default(), row.kind, row.id));
        }
        indexes
    }

    /// Forgets the rows of a source table.
    fn clear_table(&mut self, table: &str) {
        match table {
            "account_move" => self.entries_by_origin.clear(),
            "account_move_line" => {
                self.items_of_entry.clear();
                self.items_of_day.clear();
                self.open_of_partner.clear();
                self.items_of_order_line.clear();
            }
            "account_partial_reconcile" => self.partials_of_item.clear(),
            "account_bank_statement_line" => {
                self.lines_of_entry.clear();
                self.lines_of_partner.clear();
            }
            "account_payment" => self.payments_of_partner.clear(),
            "res_partner" => self.partners_of_commercial.clear(),
            "sale_order" => {
                self.orders_of_lead.clear();
                self.sale_orders_of_partner.clear();
                self.orders_by_name.clear();
            }
            "purchase_order" => self.purchase_orders_of_partner.clear(),
            "sale_order_line" => self.lines_of_sale_order.clear(),
            "purchase_order_line" => self.lines_of_purchase_order.clear(),
            _ => {}
        }
    }

    /// The documents of a partner, in order.
    pub(super) fn documents(&self, partner: i32) -> impl Iterator<Item = (Kind, i32)> + '_ {
        let first = (partner, Kind::Item, i32::MIN);
        let all = self.documents_of_partner.range(first..);
        all.take_while(move |(of, ..)| *of == partner).map(|(_, kind, id)| (*kind, *id))
    }

    /// The members of an index of names.
    pub(super) fn named<'i>(
        of: &'i BTreeSet<(String, i32)>,
        name: &str,
    ) -> impl Iterator<Item = i32> + 'i + use<'i> {
        let name = name.to_owned();
        let all = of.range((name.clone(), i32::MIN)..);
        all.take_while(move |(other, _)| *other == name).map(|(_, id)| *id)
    }
}

/// The partner under whom an item counts as open.
pub(super) fn open_partner(row: &Item) -> Option<i32> {
    (!row.residual.is_zero() && !row.reconciled).then_some(row.partner_id.unwrap_or_default())
}

/// The orders that an invoice is of.
pub(super) fn names(origin: Option<&str>) -> impl Iterator<Item = &str> {
    origin.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty())
}
