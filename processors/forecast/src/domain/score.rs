//! When a day has passed: what moved on it, how wrong the forecasts of it were, and what that says of their intervals.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use contract::Outbox;
use forecasting::calendar::{Day, date, day};
use rust_decimal::Decimal;
use sqlx::types::Json;

use super::cash::Role;
use super::events::{Prediction, Resolved};
use super::grid::{Grid, band};
use super::money::{major, minor};
use super::state::{GROUP, State};
use crate::store::{Accuracy, Actual, Calibration, CompanyForecast, Component, Item, Scales};

/// Days ahead at which a forecast of the day is told.
const TOLD: [Day; 5] = [1, 7, 30, 60, 90];
/// Days ahead that are forecast at most.
const FARTHEST: Day = 181;
/// By how much a day changes an interval's width at most.
const RATE: f64 = 0.05;
/// Of so many, one is outside of its interval.
const OUTSIDE: f64 = 0.2;
/// Widths, in thousandths, that calibration does not leave.
const NARROWEST: i32 = 250;
const WIDEST: i32 = 6_000;
/// What `numeric(8, 4)` holds.
const LARGEST_ERROR: i64 = 9_999;

impl State {
    /// Scores the forecasts of all days that have passed before `today`.
    pub(super) fn score(&mut self, today: NaiveDate, now: DateTime<Utc>, outbox: &mut Outbox) {
        self.read_rates();
        let first = self.grid().today;
        for target in first..day(today) {
            let moved = self.moved_on(target);
            for company in self.roots() {
                self.score_company(company, target, moved.get(&company).copied().unwrap_or_default());
            }
            self.score_group(target, now, outbox);
        }
    }

    /// What moved on a day in each company, in its smallest unit: what customers paid, what was paid to others, and anything else, each
    /// with its sign.
    fn moved_on(&self, target: Day) -> BTreeMap<i32, [i64; 3]> {
        let mut moved: BTreeMap<i32, [i64; 3]> = BTreeMap::new();
        let of_day = self.indexes.items_of_day.members(target).filter_map(|id| self.tables.items.get(id));
        for item in of_day.filter(|item| self.role(item) == Role::Cash) {
            let company = self.tables.root(item.company_id);
            let Some(of) = self.moved_by(item) else { continue };
            let amount = self.to_company(company, item.amount, self.currency_of(item)).unwrap_or_default();
            let sum = &mut moved.entry(company).or_default()[of];
            *sum = sum.saturating_add(amount);
        }
        moved
    }

    fn score_company(&mut self, company: i32, target: Day, [ar, ap, other]: [i64; 3]) {
        let decimals = self.decimals(company);
        let (balance, _) = self.balance(company, date(target));
        let [ar, ap, other] = [ar, -ap, other].map(|amount| major(amount, decimals));
        let balance = major(balance, decimals);
        let actual =
            Actual { company_id: company, day: target, on_date: date(target), balance, ar, ap, other };
        self.tables.actuals.set((company, target), Some(actual));
        self.note_missed(company, target);
        self.calibrate(company, target, balance);
    }

    /// What an item of cash is of: 0 what customers pay, 1 what is paid to others, 2 anything else; `None` between own banks.
    fn moved_by(&self, item: &Item) -> Option<usize> {
        if self.is_transfer(item) {
            return None;
        }
        let out = usize::from(item.amount.is_sign_negative());
        let mut of = 2;
        for (role, _) in self.beside(item) {
            match role {
                Role::Receivable => of = 0,
                Role::Payable => of = 1,
                Role::UnderWay => of = out,
                Role::Cash | Role::Transfer | Role::Other => {}
            }
        }
        Some(of)
    }

    /// The forecasts of a day, the oldest first.
    fn of_day(target: Day) -> Vec<(Day, i32)> {
        let known =
            (target - FARTHEST..target).filter_map(|made| Some((made, Grid { today: made }.id_of(target)?)));
        known.collect()
    }

    fn score_group(&mut self, target: Day, now: DateTime<Utc>, outbox: &mut Outbox) {
        let (actual, _) = self.balance(GROUP, date(target));
        let mut actual = major(actual, self.decimals(GROUP)).round_dp(2);
        actual.rescale(2);
        let mut predictions = Vec::new();
        for (made, id) in Self::of_day(target) {
            let Some(row) = self.tables.forecasts.get(id) else { continue };
            let error = row.predicted_balance - actual;
            let accuracy = Accuracy {
                id,
                forecast_id: id,
                target_date: date(target),
                predicted_balance: row.predicted_balance,
                actual_balance: actual,
                error_pct: percent(error, actual),
                logged_at: now.naive_utc(),
            };
            if TOLD.contains(&(target - made)) {
                predictions.push(Prediction {
                    days_ahead: target - made,
                    predicted: row.predicted_balance,
                    low: row.confidence_low,
                    high: row.confidence_high,
                });
            }
            self.tables.accuracy.set(id, Some(accuracy));
        }
        if !predictions.is_empty() {
            predictions.reverse();
            outbox.emit(now, &Resolved { company_id: GROUP, target_date: date(target), actual, predictions });
        }
    }

    /// Makes the intervals of a company wider where too many days were outside, and narrower where too few were: for each distance, by a
    /// step that is the same each day. Adaptive conformal inference: Gibbs and Candès, "Adaptive conformal inference under distribution
    /// shift", Advances in Neural Information Processing Systems 34 (2021).
    fn calibrate(&mut self, company: i32, target: Day, actual: Decimal) {
        let forecasts: Vec<(Day, &CompanyForecast)> = Self::of_day(target)
            .into_iter()
            .filter_map(|(made, id)| Some((made, self.tables.company_forecasts.get((company, id))?)))
            .collect();
        if forecasts.is_empty() {
            return;
        }
        let mut outside = [Tally::default(); 3];
        for (made, row) in forecasts {
            let of = band(target - made);
            let is_outside = actual < row.confidence_low || actual > row.confidence_high;
            outside[0].count(of, is_outside);
            for component in [Component::Ar, Component::Ap] {
                if let Some(is_outside) = self.is_outside(company, component, made, target, row) {
                    outside[1 + component as usize].count(of, is_outside);
                }
            }
        }
        let before = self.tables.calibrations.get(company).cloned();
        let before = before.unwrap_or_else(|| Calibration {
            company_id: company,
            scales: Json(Scales::default()),
            days: 0,
        });
        let Scales { balance, ar, ap } = before.scales.0;
        let [balances, receipts, payments] = outside;
        let scales =
            Scales { balance: balances.adapt(balance), ar: receipts.adapt(ar), ap: payments.adapt(ap) };
        let after = Calibration { scales: Json(scales), days: before.days.saturating_add(1), ..before };
        self.tables.calibrations.set(company, Some(after));
    }

    /// Whether what moved of a component between two days is further from what was expected than four times of five; `None` where
    /// nothing was uncertain, or not all days are known.
    fn is_outside(
        &self,
        company: i32,
        component: Component,
        made: Day,
        target: Day,
        row: &CompanyForecast,
    ) -> Option<bool> {
        let decimals = self.decimals(company);
        let deviation = if component == Component::Ar { row.ar_deviation } else { row.ap_deviation };
        let deviation = minor(deviation, decimals).filter(|deviation| *deviation > 0)?;
        let grid = Grid { today: made };
        let mut expected = 0_i128;
        let last = grid.slot(target)?;
        for slot in 0..=last {
            let row = self.tables.company_forecasts.get((company, grid.id(slot)))?;
            let flow = if component == Component::Ar { row.ar_expected } else { row.ap_expected };
            expected += i128::from(minor(flow, decimals)?);
        }
        let mut moved = 0_i128;
        for on in made + 1..=target {
            let row = self.tables.actuals.get((company, on))?;
            let flow = if component == Component::Ar { row.ar } else { row.ap };
            moved += i128::from(minor(flow, decimals)?);
        }
        // 1.2816 deviations.
        Some((moved - expected).abs() * 10_000 > i128::from(deviation) * 12_816)
    }
}

/// How many forecasts of each distance were outside of their intervals.
#[derive(Clone, Copy, Debug, Default)]
struct Tally([(u32, u32); 6]);

impl Tally {
    fn count(&mut self, band: usize, is_outside: bool) {
        let (all, outside) = &mut self.0[band];
        *all += 1;
        *outside += u32::from(is_outside);
    }

    /// Widths that suit better. Nothing but sums and products, so that they are the same on every machine.
    fn adapt(self, widths: [i32; 6]) -> [i32; 6] {
        let mut after = widths;
        for (width, (all, outside)) in after.iter_mut().zip(self.0).filter(|(_, (all, _))| *all > 0) {
            let share = f64::from(outside) / f64::from(all);
            let by = f64::from(*width) * RATE * (share - OUTSIDE);
            let by = i32::try_from(super::money::rounded(by)).unwrap_or_default();
            *width = (*width + by).clamp(NARROWEST, WIDEST);
        }
        after
    }
}

/// An error in per cent of what was, as far as the column holds it.
fn percent(error: Decimal, actual: Decimal) -> Option<Decimal> {
    if actual.is_zero() {
        return None;
    }
    let percent = error.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(actual.abs())?;
    let mut percent = percent.clamp(Decimal::from(-LARGEST_ERROR), Decimal::from(LARGEST_ERROR)).round_dp(4);
    percent.rescale(4);
    Some(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_in_per_cent_of_what_was() {
        let percent = |error: i64, actual: i64| percent(error.into(), actual.into()).map(|of| of.to_string());
        assert_eq!(percent(5, 200), Some("2.5000".into()));
        assert_eq!(percent(-5, -200), Some("-2.5000".into()));
        assert_eq!((percent(5, 0), percent(1_000_000, 1)), (None, Some("9999.0000".into())));
    }

    #[test]
    fn intervals_get_wider_while_too_many_days_are_outside() {
        let mut tally = Tally::default();
        (0..10).for_each(|n| tally.count(0, n < 6));
        (0..10).for_each(|_| tally.count(1, false));
        assert_eq!(tally.adapt([1_000; 6])[..3], [1_020, 990, 1_000]);
        let mut widths = [1_000; 6];
        (0..1_000).for_each(|_| widths = tally.adapt(widths));
        assert_eq!(widths[..2], [6_000, 250], "within bounds");
    }
}
