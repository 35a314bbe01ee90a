//! What forecasts miss again and again: by how much more moved each week than documents and repetitions had said, and what of it is
//! expected again.

use forecasting::calendar::{Day, date, day};
use forecasting::residual::{self, Residual};
use rust_decimal::Decimal;

use super::expected::Expected;
use super::grid::{Grid, SLOTS};
use super::money::{minor, rounded, to_f64};
use super::put::Claim;
use super::state::State;
use crate::store::{Component, Kind, Missed};

/// Days for which what was missed is kept: two years, and those for which a forecast looks ahead.
const KEPT: Day = 731 + 181;

/// Forecasts of Sundays are looked at: a week has all of its business days.
fn is_sunday(day: Day) -> bool {
    // 1970-01-04 was one.
    (day - 3).rem_euclid(7) == 0
}

impl State {
    /// Notes what forecasts of Sundays missed in the weeks that end on a day that has passed.
    pub(super) fn note_missed(&mut self, company: i32, target: Day) {
        for (first, last) in Grid::weeks() {
            let ahead = Grid { today: 0 }.target(last);
            let made = Grid { today: target - ahead };
            if !is_sunday(made.today) {
                continue;
            }
            let Some(amount) = self.missed(company, made, first, last) else { continue };
            let missed = Missed {
                company_id: company,
                id: made.id(last),
                forecast_date: date(made.today),
                target_date: date(target),
                amount,
            };
            self.tables.missed.set((company, missed.id), Some(missed));
        }
    }

    /// By how much more came in, or less went out, in some rows of a forecast; `None` where there are no such rows, or where nobody knows
    /// what there was.
    fn missed(&self, company: i32, made: Grid, first: usize, last: usize) -> Option<Decimal> {
        let balance = |on: Day| Some(self.tables.actuals.get((company, on))?.balance);
        let before = first.checked_sub(1).map_or(made.today, |slot| made.target(slot));
        let moved = balance(made.target(last))? - balance(before)?;
        let mut expected = Decimal::ZERO;
        for slot in first..=last {
            let row = self.tables.company_forecasts.get((company, made.id(slot)))?;
            expected += row.ar_expected - row.ap_expected + row.pipeline_expected + row.recurring_expected;
            expected -= row.residual_expected;
        }
        Some(moved - expected)
    }

    /// Forgets what was missed long ago.
    pub(super) fn drop_old_missed(&mut self) {
        let oldest = date(self.grid().today - KEPT);
        let old = self.tables.missed.iter().filter(|row| row.forecast_date < oldest);
        for key in old.map(|row| (row.company_id, row.id)).collect::<Vec<_>>() {
            self.tables.missed.set(key, None);
        }
    }

    /// What is expected of what forecasts miss, spread over the business days of each week.
    pub(super) fn residual(&self, company: i32) -> Option<Claim> {
        let lessons = self.lessons.as_ref()?.get(&company)?;
        let (grid, decimals) = (self.grid(), self.decimals(company));
        let mut parts = Vec::new();
        let mut squares = 0.0;
        let mut weeks = 0;
        for (first, last) in Grid::weeks() {
            let Some(of_week) = self.residual_of_week(company, last) else { continue };
            let before = first.checked_sub(1).map_or(grid.today, |slot| grid.target(slot));
            let days =
                (before + 1..=grid.target(last)).filter(|on| lessons.calendar.business(*on, false) == *on);
            let days: Vec<Day> = days.collect();
            let amount = rounded(of_week.mean);
            let count = i64::try_from(days.len()).unwrap_or(i64::MAX);
            parts.extend((1..).zip(days).map(|(number, on)| {
                let until = |number: i64| i128::from(amount) * i128::from(number) / i128::from(count);
                (on, i64::try_from(until(number) - until(number - 1)).unwrap_or_default())
            }));
            squares += of_week.deviation.powi(2) / to_f64(count.max(1));
            weeks += 1;
        }
        let expected = Expected::of(decimals, parts);
        if expected.is_nothing() {
            return None;
        }
        Some(Claim {
            kind: Kind::Residual,
            id: company,
            company,
            component: Component::Recurring,
            partner: None,
            name: "what no document speaks of".into(),
            currency: self.currency(company)?,
            due: None,
            amount: expected.total(),
            deviation: rounded((squares / f64::from(weeks)).sqrt()),
            expected,
            why: format!(
                "forecasts of {weeks} of {} weeks would have been better with it",
                Grid::weeks().count()
            ),
            problem: None,
        })
    }

    /// What is expected of what forecasts miss in the week that ends with a row.
    fn residual_of_week(&self, company: i32, last: usize) -> Option<Residual> {
        let decimals = self.decimals(company);
        let ahead = Grid { today: 0 }.target(last);
        let rows = self.tables.missed.iter().filter(|row| {
            row.company_id == company && day(row.target_date) - day(row.forecast_date) == ahead
        });
        let mut missed: Vec<(Day, f64)> = rows
            .filter_map(|row| Some((day(row.forecast_date), to_f64(minor(row.amount, decimals)?))))
            .collect();
        missed.sort_unstable_by_key(|(made, _)| *made);
        // Since the last Sunday without a forecast.
        let gap = missed.windows(2).rposition(|pair| pair[1].0 - pair[0].0 > 7).map_or(0, |place| place + 1);
        let missed: Vec<f64> = missed.split_off(gap).into_iter().map(|(_, amount)| amount).collect();
        // What a week's last day has brought is known on the day after it.
        residual::residual(&missed, usize::try_from(ahead / 7 + 1).unwrap_or_default())
    }

    /// What of each row of a company is for what forecasts miss.
    pub(super) fn residual_of(&self, company: i32) -> [i64; SLOTS] {
        let mut flows = [0; SLOTS];
        let grid = self.grid();
        let document = self.tables.documents.get((Kind::Residual, company));
        for (on, amount) in document.into_iter().flat_map(|row| row.expected.parts()) {
            if let Some(flow) = grid.slot(*on).and_then(|slot| flows.get_mut(slot)) {
                *flow += amount;
            }
        }
        flows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sundays_end_weeks() {
        let sunday = chrono::NaiveDate::from_ymd_opt(2026, 3, 8).unwrap();
        assert!(is_sunday(day(sunday)) && !is_sunday(day(sunday) + 1));
    }
}
