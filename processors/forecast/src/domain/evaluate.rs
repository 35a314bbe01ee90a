//! An evaluation: each document that is touched, then the rows of the forecast.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contract::Outbox;
use forecasting::calendar::{Day, date};
use rust_decimal::Decimal;
use sqlx::types::Json;

use super::book::Book;
use super::cash::Role;
use super::grid::{Grid, SLOTS, band};
use super::money::{major, major_sum, rounded};
use super::put::{Claim, Evaluation};
use super::state::{GROUP, State, Touched};
use crate::store::{CashForecast, CompanyForecast, Component, Kind, Position, Scales, Told};

/// How it is made; another one where the same rows would give other figures.
pub(super) const MODEL: &str = "survival-2";
/// Deviations of a normal distribution within which it is four times of five.
const FOUR_OF_FIVE: f64 = 1.2816;
/// What `numeric(15, 2)` holds.
const LIMIT: Decimal = Decimal::from_parts(1_316_134_912, 2_328, 0, false, 0);
/// Days for which a company's own rows are needed: until all of their days have passed.
const OWN_ROWS: Day = 183;

/// The rows of one company or of the group, in whole smallest units.
pub(super) struct Row {
    pub(super) target: Day,
    pub(super) balance: i128,
    low: i128,
    high: i128,
    pub(super) flows: [i128; 4],
    deviations: [f64; 4],
}

impl State {
    /// Works out what is touched, or everything at the beginning of a day, and what follows for the rows.
    pub(super) fn evaluate(&mut self, now: DateTime<Utc>, is_first: bool, outbox: &mut Outbox) {
        self.read_rates();
        self.learn_lessons();
        let Touched { all_history, history, history_entries, .. } = &mut self.touched;
        let learned_later = Touched {
            all_history: *all_history,
            history: std::mem::take(history),
            history_entries: std::mem::take(history_entries),
            ..Touched::default()
        };
        let touched = std::mem::replace(&mut self.touched, learned_later);
        let number = self.tables.clock.get(1).map_or(1, |clock| clock.evaluation.saturating_add(1));
        let evaluation = Evaluation { number, is_first };
        if is_first {
            self.books.clear();
            let grid = self.grid();
            self.books
                .extend(self.roots().into_iter().chain([GROUP]).map(|company| (company, Book::new(grid))));
        } else if touched.all {
            // Companies and currencies may have changed, by which documents are booked.
            self.fill_books();
        }
        self.put_all(&touched, evaluation);
        self.clock(|clock| {
            clock.evaluated_at = now;
            clock.evaluation = number;
            clock.due_at = None;
        });
        let settings = Json(self.settings.clone());
        self.clock(|clock| clock.settings = settings);
        for company in self.roots().into_iter().chain([GROUP]) {
            self.write(company, now, evaluation, outbox);
        }
        if is_first {
            self.drop_old_rows();
            self.drop_old_missed();
        }
    }

    fn put_all(&mut self, touched: &Touched, evaluation: Evaluation) {
        let all = touched.all || evaluation.is_first;
        let known = |kind: Kind, state: &Self| -> BTreeSet<i32> {
            let rows = state.tables.documents.iter().filter(|row| row.kind == kind);
            if all { rows.map(|row| row.id).collect() } else { touched_of(touched, kind) }
        };
        let partners = self.touched_partners(touched, all);
        // Items first: by partner, because credits are taken off.
        let mut items = known(Kind::Item, self);
        let mut claims: BTreeMap<i32, Claim> = BTreeMap::new();
        let mut unchanged = BTreeSet::new();
        let mut orders = BTreeMap::new();
        let mut arrived = BTreeSet::new();
        for partner in &partners {
            let of_partner = self.indexes.documents(*partner).filter(|(kind, _)| *kind == Kind::Item);
            items.extend(of_partner.map(|(_, id)| id));
            let only = (!all).then_some(&touched.documents);
            let owing = self.items_of(*partner, only);
            claims.extend(owing.claims.into_iter().map(|claim| (claim.id, claim)));
            unchanged.extend(owing.unchanged);
            arrived.extend(owing.arrived);
            orders.extend(self.orders_of(*partner, &owing.in_advance, only));
        }
        items.extend(claims.keys());
        for id in items.difference(&unchanged).copied() {
            // Of an item that was touched and belongs to somebody who was not, nothing has changed.
            self.put((Kind::Item, id), claims.remove(&id), evaluation);
        }
        let mut under_way = known(Kind::UnderWay, self);
        if all {
            let may_be = |role: Role| matches!(role, Role::UnderWay | Role::Cash);
            under_way.extend(self.tables.items.iter().filter(|row| may_be(self.role(row))).map(|row| row.id));
        } else {
            under_way.extend(touched_of(touched, Kind::Item));
            let entries = touched.entries.iter();
            under_way.extend(entries.flat_map(|entry| self.indexes.items_of_entry.members(*entry)));
            // What a bank line stands for that nobody has matched.
            let of_partners = partners.iter().flat_map(|partner| self.partners(*partner));
            let open = of_partners.flat_map(|partner| self.indexes.open_of_partner.members(partner));
            let open = open.filter_map(|id| self.tables.items.get(id));
            under_way.extend(open.filter(|row| self.role(row) == Role::UnderWay).map(|row| row.id));
        }
        for id in under_way {
            let claim = self.under_way(id).filter(|_| !arrived.contains(&(Kind::UnderWay, id)));
            self.put((Kind::UnderWay, id), claim, evaluation);
        }
        self.put_others(touched, &partners, orders, &arrived, evaluation);
        // Repetitions last: documents stand for some of them.
        let repetitions: BTreeSet<i32> = if all {
            known(Kind::Repetition, self)
                .into_iter()
                .chain(self.tables.repetitions.iter().map(|row| row.id))
                .collect()
        } else {
            let of_touched = |partner: Option<i32>| partners.contains(&partner.unwrap_or_default());
            self.tables
                .repetitions
                .iter()
                .filter(|row| of_touched(row.partner_id))
                .map(|row| row.id)
                .collect()
        };
        let stands = self.standing_for(&repetitions);
        for id in repetitions {
            let claim = self.recurring(id, stands.get(&id).map_or(&[], Vec::as_slice));
            self.put((Kind::Repetition, id), claim, evaluation);
        }
        let mut companies = known(Kind::Residual, self);
        companies.extend(self.roots().into_iter().filter(|_| all));
        for id in companies {
            let claim = self.residual(id);
            self.put((Kind::Residual, id), claim, evaluation);
        }
    }

    fn put_others(
        &mut self,
        touched: &Touched,
        partners: &BTreeSet<i32>,
        mut orders: BTreeMap<(Kind, i32), Option<Claim>>,
        arrived: &BTreeSet<(Kind, i32)>,
        evaluation: Evaluation,
    ) {
        let all = touched.all || evaluation.is_first;
        let of_partners = partners.iter().flat_map(|partner| self.partners(*partner));
        let of_partners: Vec<i32> =
            of_partners.flat_map(|partner| self.indexes.payments_of_partner.members(partner)).collect();
        for kind in [Kind::SaleOrder, Kind::PurchaseOrder, Kind::Payment, Kind::Lead] {
            let mut ids = touched_of(touched, kind);
            ids.extend(orders.keys().filter(|(of, _)| *of == kind).map(|(_, id)| *id));
            if kind == Kind::Payment {
                ids.extend(of_partners.iter().copied());
            }
            if all {
                ids.extend(self.tables.documents.iter().filter(|row| row.kind == kind).map(|row| row.id));
            }
            if all && kind == Kind::Lead {
                ids.extend(self.tables.leads.iter().map(|row| row.id));
            }
            for id in ids {
                let claim = match kind {
                    Kind::Payment if arrived.contains(&(kind, id)) => None,
                    Kind::Payment => self.payment_without_entry(id),
                    Kind::Lead => self.lead(id),
                    _ => orders.remove(&(kind, id)).flatten(),
                };
                self.put((kind, id), claim, evaluation);
            }
        }
    }

    /// The commercial partners whose items are looked at.
    fn touched_partners(&self, touched: &Touched, all: bool) -> BTreeSet<i32> {
        let commercial = |partner: i32| if partner == 0 { 0 } else { self.tables.commercial(partner) };
        if all {
            let open = self.tables.items.iter().filter_map(super::state::open_partner);
            let sales = self.tables.sale_orders.iter().map(|row| row.partner_id.unwrap_or_default());
            let purchases = self.tables.purchase_orders.iter().map(|row| row.partner_id.unwrap_or_default());
            let payments = self.tables.payments.iter().map(|row| row.partner_id);
            let known = self.indexes.documents_of_partner.iter().map(|(partner, ..)| *partner);
            let all = open.chain(sales).chain(purchases).chain(payments);
            return all.map(commercial).chain(known).collect();
        }
        let mut partners: BTreeSet<i32> =
            touched.partners.iter().map(|partner| commercial(*partner)).collect();
        let ordered = |kind: Kind, id: i32| match kind {
            Kind::SaleOrder => self.tables.sale_orders.get(id).map(|row| row.partner_id.unwrap_or_default()),
            Kind::PurchaseOrder => {
                self.tables.purchase_orders.get(id).map(|row| row.partner_id.unwrap_or_default())
            }
            _ => None,
        };
        let orders = touched.documents.iter().filter_map(|(kind, id)| ordered(*kind, *id));
        let of_entries = touched.entries.iter().flat_map(|entry| self.indexes.items_of_entry.members(*entry));
        let of_entries = of_entries.filter_map(|id| self.tables.items.get(id)?.partner_id);
        partners.extend(orders.chain(of_entries).map(commercial));
        // Payments without a partner's entry, and orders, may stand for what comes again of a partner.
        let documents =
            touched.documents.iter().filter_map(|key| self.tables.documents.get(*key)?.partner_id);
        partners.extend(documents);
        partners
    }

    /// The rows of a company, or of the group, by its book.
    pub(super) fn rows(&self, company: i32, opening: i64) -> Vec<Row> {
        let grid = self.grid();
        let Some(book) = self.books.get(&company) else { return Vec::new() };
        let scales =
            self.tables.calibrations.get(company).map_or_else(Scales::default, |row| row.scales.0.clone());
        let [most_in, most_out] = book.most();
        let mut balance = i128::from(opening);
        let mut recurring = 0;
        let mut rows = Vec::with_capacity(SLOTS);
        for slot in 0..SLOTS {
            balance += book.net(slot);
            recurring += book.flow(Component::Recurring, slot);
            let target = grid.target(slot);
            let deviations = COMPONENTS.map(|component| book.deviation(component, slot));
            let half = scales.half(target - grid.today, deviations);
            // No more can come or go than there is.
            let varies = i128::from(rounded(3.0 * deviations[3]));
            let least = i128::from(opening) + recurring - varies - most_out;
            let most = i128::from(opening) + recurring + varies + most_in;
            let half = i128::from(half);
            rows.push(Row {
                target,
                balance,
                low: (balance - half).max(least).min(balance),
                high: (balance + half).min(most).max(balance),
                flows: COMPONENTS.map(|component| book.flow(component, slot)),
                deviations,
            });
        }
        rows
    }

    fn write(&mut self, company: i32, now: DateTime<Utc>, evaluation: Evaluation, outbox: &mut Outbox) {
        let (Some(today), Some(currency)) = (self.day(), self.currency(company)) else { return };
        let (opening, problem) = self.balance(company, today);
        let rows = self.rows(company, opening);
        let decimals = self.decimals(company);
        let grid = self.grid();
        let residual = self.residual_of(company);
        let mut overflow = None;
        for (slot, row) in rows.iter().enumerate() {
            if company == GROUP {
                overflow = self.write_group_row(grid, slot, row, decimals, now).or(overflow);
            } else {
                self.write_company_row(company, slot, row, residual[slot], decimals);
            }
        }
        let floor = self.settings.floor(company);
        let at = |of: fn(&Row) -> i128| {
            rows.iter().find(|row| major_sum(of(row), decimals) < floor).map(|row| date(row.target))
        };
        let lowest = rows.iter().min_by_key(|row| (row.balance, row.target));
        let before = self.tables.positions.get(company);
        let opening = major(opening, decimals);
        let position = Position {
            company_id: company,
            currency_id: currency,
            forecast_date: today,
            evaluated_at: now,
            evaluation: evaluation.number,
            opening,
            opening_before: before.map_or(opening, |row| row.opening),
            opening_day_before: match before {
                Some(row) if evaluation.is_first => row.opening,
                Some(row) => row.opening_day_before,
                None => opening,
            },
            floor,
            shortfall: at(|row| row.balance),
            at_risk: at(|row| row.low),
            lowest: lowest.map_or(opening, |row| major_sum(row.balance, decimals)),
            lowest_date: lowest.map_or(today, |row| date(row.target)),
            told: before.map_or_else(|| Json(Told::default()), |row| row.told.clone()),
            problem: problem.or(overflow),
        };
        self.tables.positions.set(company, Some(position));
        self.tell(company, &rows, now, evaluation, outbox);
    }

    fn write_company_row(&mut self, company_id: i32, slot: usize, row: &Row, residual: i64, decimals: u32) {
        let grid = self.grid();
        let [ar, ap, pipeline, recurring] = row.flows.map(|flow| major_sum(flow, decimals));
        let deviations = row.deviations.map(|deviation| major(rounded(deviation), decimals));
        let id = grid.id(slot);
        let after = CompanyForecast {
            company_id,
            id,
            forecast_date: date(grid.today),
            target_date: date(row.target),
            predicted_balance: major_sum(row.balance, decimals),
            confidence_low: major_sum(row.low, decimals),
            confidence_high: major_sum(row.high, decimals),
            ar_expected: ar,
            ap_expected: ap,
            pipeline_expected: pipeline,
            recurring_expected: recurring,
            residual_expected: major(residual, decimals),
            ar_deviation: deviations[0],
            ap_deviation: deviations[1],
            pipeline_deviation: deviations[2],
            recurring_deviation: deviations[3],
        };
        self.tables.company_forecasts.set((company_id, id), Some(after));
    }

    /// A row of `cash_forecasts`. What its columns cannot hold is cut, and named.
    fn write_group_row(
        &mut self,
        grid: Grid,
        slot: usize,
        row: &Row,
        decimals: u32,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let mut overflow = None;
        let mut fit = |sum: i128| {
            let mut amount = major_sum(sum, decimals);
            if amount.abs() >= LIMIT {
                overflow = Some(format!(
                    "overflow: {amount} on {} is more than cash_forecasts can hold; forecast.company_forecast has it",
                    date(row.target)
                ));
                amount =
                    if amount.is_sign_negative() { -(LIMIT - Decimal::ONE) } else { LIMIT - Decimal::ONE };
            }
            let mut amount =
                amount.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
            amount.rescale(2);
            amount
        };
        let [ar, ap, pipeline, recurring] = row.flows.map(&mut fit);
        let [balance, low, high] = [row.balance, row.low, row.high].map(&mut fit);
        let id = grid.id(slot);
        let before = self.tables.forecasts.get(id);
        let mut after = CashForecast {
            id,
            forecast_date: date(grid.today),
            target_date: date(row.target),
            predicted_balance: balance,
            confidence_low: low,
            confidence_high: high,
            ar_expected: ar,
            ap_expected: ap,
            pipeline_expected: pipeline,
            recurring_expected: recurring,
            model_version: MODEL.into(),
            created_at: before.map_or(now.naive_utc(), |row| row.created_at),
        };
        // One that has not changed was made when it was.
        if before.is_some_and(|before| *before != after) {
            after.created_at = now.naive_utc();
        }
        self.tables.forecasts.set(id, Some(after));
        overflow
    }

    /// A company's own rows are for scoring; those of the group stay.
    fn drop_old_rows(&mut self) {
        let oldest = date(self.grid().today - OWN_ROWS);
        let old = self.tables.company_forecasts.iter().filter(|row| row.forecast_date < oldest);
        for key in old.map(|row| (row.company_id, row.id)).collect::<Vec<_>>() {
            self.tables.company_forecasts.set(key, None);
        }
    }
}

/// All components, in the order of their columns.
pub(super) const COMPONENTS: [Component; 4] =
    [Component::Ar, Component::Ap, Component::Pipeline, Component::Recurring];

fn touched_of(touched: &Touched, kind: Kind) -> BTreeSet<i32> {
    touched.documents.range((kind, i32::MIN)..=(kind, i32::MAX)).map(|(_, id)| *id).collect()
}

impl Default for Scales {
    /// Documents of one customer are not independent.
    fn default() -> Self {
        Self { balance: [1_100; 6], ar: [1_000; 6], ap: [1_000; 6] }
    }
}

impl Scales {
    /// Half of the interval of a balance so many days ahead, by the deviations of its components.
    fn half(&self, distance: Day, deviations: [f64; 4]) -> i64 {
        let of = band(distance);
        let thousandths = |scale: i32| f64::from(scale) / 1_000.0;
        let [ar, ap, pipeline, recurring] = deviations;
        let parts = [ar * thousandths(self.ar[of]), ap * thousandths(self.ap[of]), pipeline, recurring];
        let variance: f64 = parts.iter().map(|part| part * part).sum();
        rounded(FOUR_OF_FIVE * thousandths(self.balance[of]) * variance.sqrt())
    }
}
