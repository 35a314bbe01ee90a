//! A scenario: what would be if something were otherwise. The result follows from the forecast as it was and from what is otherwise, and
//! from nothing else.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use forecasting::calendar::{Day, date, day};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::expected::Expected;
use super::money::{major, major_sum, minor};
use super::operations::Operation;
use crate::store::{Component, Kind};

/// A forecast as it was, as far as operations may change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The company; the group has the number 0.
    pub company_id: i32,
    /// Its currency: ISO 4217.
    pub currency: String,
    /// Digits behind its point.
    pub decimals: u32,
    /// The day on which it was forecast.
    pub forecast_date: NaiveDate,
    /// What there was.
    pub opening: Decimal,
    /// Below this there is too little.
    pub floor: Decimal,
    /// The days that it is about, with how far below and above the balance its interval ends.
    pub targets: Vec<(NaiveDate, Decimal, Decimal)>,
    /// Days on which banks move no money, besides Saturdays and Sundays.
    pub holidays: BTreeSet<NaiveDate>,
    /// What one unit of other currencies is worth, of those that operations name.
    pub rates: BTreeMap<String, Decimal>,
    /// What there was in these currencies, in the company's own.
    #[serde(default)]
    pub cash: BTreeMap<String, Decimal>,
    /// What is expected: documents that no operation tells apart are one cell.
    pub cells: Vec<Cell>,
}

/// Documents that operations treat alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// What they are of.
    pub component: Component,
    /// Whose they are, where an operation names that partner.
    pub partner: Option<i32>,
    /// Their currency, where an operation names it.
    pub currency: Option<String>,
    /// The document, where an operation names it.
    pub document: Option<(Kind, i32)>,
    /// How much on which day.
    pub expected: Expected,
}

/// What would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// The company; the group has the number 0.
    pub company_id: i32,
    /// Its currency.
    pub currency: String,
    /// The day of the forecast that it rests on.
    pub forecast_date: NaiveDate,
    /// What there was, at the rates of the scenario.
    pub opening: Decimal,
    /// The first day on which there would be too little.
    pub shortfall: Option<Shortfall>,
    /// The lowest balance …
    pub lowest: Decimal,
    /// … and its day.
    pub lowest_date: NaiveDate,
    /// Each day.
    pub rows: Vec<OutcomeRow>,
}

/// A day on which there would be too little.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shortfall {
    /// The day.
    pub first_day: NaiveDate,
    /// The balance at its end.
    pub balance: Decimal,
    /// Below this there is too little.
    pub floor: Decimal,
    /// By how much each operation, by its place from 1, makes that balance less; the largest first.
    pub drivers: Vec<(usize, Decimal)>,
}

/// What would be on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutcomeRow {
    /// The day; beyond ninety days the last one of its week.
    pub target_date: NaiveDate,
    /// The balance at its end.
    pub balance: Decimal,
    /// By how much that is more than in the forecast.
    pub difference: Decimal,
    /// Four times of five it is at least this, …
    pub low: Decimal,
    /// … and at most this.
    pub high: Decimal,
    /// What customers pay.
    pub ar: Decimal,
    /// What is paid to others.
    pub ap: Decimal,
    /// What orders and opportunities bring.
    pub pipeline: Decimal,
    /// What comes again, and what was added.
    pub recurring: Decimal,
}

/// What would be if these operations were applied, in their order.
pub fn apply(base: &Base, operations: &[Operation]) -> Outcome {
    let mut what = What { cells: base.cells.clone(), opening: base.opening, rates: base.rates.clone() };
    let mut balances = vec![base.balances(&what)];
    for operation in operations {
        base.change(&mut what, operation);
        balances.push(base.balances(&what));
    }
    let What { cells, opening, .. } = what;
    let (before, after) =
        (balances.first().cloned().unwrap_or_default(), balances.last().cloned().unwrap_or_default());
    let flows = base.flows(&cells);
    let amount = |sum: i128| major_sum(sum, base.decimals);
    let rows: Vec<OutcomeRow> = base
        .targets
        .iter()
        .enumerate()
        .map(|(slot, (target, below, above))| {
            let balance = amount(after[slot]);
            let [ar, ap, pipeline, recurring] = flows[slot].map(amount);
            OutcomeRow {
                target_date: *target,
                balance,
                difference: amount(after[slot] - before[slot]),
                low: balance - below,
                high: balance + above,
                ar,
                ap,
                pipeline,
                recurring,
            }
        })
        .collect();
    let shortfall = rows.iter().position(|row| row.balance < base.floor).map(|slot| {
        let mut drivers: Vec<(usize, i128)> = (1..balances.len())
            .map(|place| (place, balances[place][slot] - balances[place - 1][slot]))
            .collect();
        drivers.retain(|(_, by)| *by < 0);
        drivers.sort_by_key(|(place, by)| (*by, *place));
        Shortfall {
            first_day: rows[slot].target_date,
            balance: rows[slot].balance,
            floor: base.floor,
            drivers: drivers.into_iter().map(|(place, by)| (place, amount(by))).collect(),
        }
    });
    let lowest = rows.iter().min_by_key(|row| (row.balance, row.target_date));
    Outcome {
        company_id: base.company_id,
        currency: base.currency.clone(),
        forecast_date: base.forecast_date,
        opening,
        shortfall,
        lowest: lowest.map_or(opening, |row| row.balance),
        lowest_date: lowest.map_or(base.forecast_date, |row| row.target_date),
        rows,
    }
}

/// What operations have made of a forecast so far.
struct What {
    cells: Vec<Cell>,
    opening: Decimal,
    rates: BTreeMap<String, Decimal>,
}

fn rounded_to(amount: Decimal, decimals: u32) -> Decimal {
    amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

impl Base {
    /// What moves in each row, by component.
    fn flows(&self, cells: &[Cell]) -> Vec<[i128; 4]> {
        let targets: Vec<Day> = self.targets.iter().map(|(target, ..)| day(*target)).collect();
        let mut flows = vec![[0_i128; 4]; targets.len()];
        for cell in cells {
            for (on, amount) in cell.expected.parts() {
                // What is later than the last day is not in it.
                if let Some(row) = flows.get_mut(targets.partition_point(|target| target < on)) {
                    row[cell.component as usize] += i128::from(*amount);
                }
            }
        }
        flows
    }

    fn balances(&self, what: &What) -> Vec<i128> {
        let mut balance = minor(what.opening, self.decimals).map(i128::from).unwrap_or_default();
        let add = |[ar, ap, pipeline, recurring]: [i128; 4]| {
            balance += ar - ap + pipeline + recurring;
            balance
        };
        self.flows(&what.cells).into_iter().map(add).collect()
    }

    fn change(&self, what: &mut What, operation: &Operation) {
        let cells = &mut what.cells;
        match operation {
            Operation::DelayPartner { partner, days } => {
                for cell in of_partner(cells, *partner).filter(|cell| cell.component != Component::Recurring)
                {
                    cell.expected = self.delayed(&cell.expected, *days);
                }
            }
            Operation::DelayAllReceivables { days } => {
                for cell in cells.iter_mut().filter(|cell| cell.component == Component::Ar) {
                    cell.expected = self.delayed(&cell.expected, *days);
                }
            }
            Operation::Scale { component, factor, from, until } => {
                let within = |on: Day| {
                    from.is_none_or(|from| day(from) <= on) && until.is_none_or(|until| on <= day(until))
                };
                for cell in cells.iter_mut().filter(|cell| cell.component == *component) {
                    cell.expected = self.times(&cell.expected, *factor, within);
                }
            }
            Operation::Add { date, amount, .. } => {
                let amount = minor(*amount, self.decimals).unwrap_or_default();
                let expected = Expected::of(self.decimals, [(day(*date), amount)]);
                cells.push(Cell {
                    component: Component::Recurring,
                    partner: None,
                    currency: None,
                    document: None,
                    expected,
                });
            }
            Operation::Remove { kind, id } => cells.retain(|cell| cell.document != Some((*kind, *id))),
            Operation::FxRate { currency, rate } => {
                let Some(before) = what.rates.insert(currency.clone(), *rate) else { return };
                let Some(factor) = rate.checked_div(before) else { return };
                // What there is in the bank is worth something else, too: from what it was worth, so that a second rate is one of all.
                let worth = |rate: &Decimal| {
                    let cash = self.cash.get(currency)?.checked_mul(*rate)?;
                    Some(rounded_to(cash.checked_div(*self.rates.get(currency)?)?, self.decimals))
                };
                if let (Some(now), Some(before)) = (worth(rate), worth(&before)) {
                    what.opening = what.opening.saturating_add(now - before);
                }
                for cell in cells.iter_mut().filter(|cell| cell.currency.as_ref() == Some(currency)) {
                    cell.expected = self.times(&cell.expected, factor, |_| true);
                }
            }
            Operation::LoseCustomer { partner, from, invoices_are_lost } => {
                let lost = |on: Day| from.is_none_or(|from| day(from) <= on);
                for cell in of_partner(cells, *partner) {
                    let is_lost = match cell.component {
                        Component::Pipeline => true,
                        Component::Recurring => cell.expected.total() > 0,
                        Component::Ar => *invoices_are_lost,
                        Component::Ap => false,
                    };
                    if is_lost {
                        let left = cell.expected.parts().iter().filter(|(on, _)| !lost(*on)).copied();
                        cell.expected = Expected::of(self.decimals, left);
                    }
                }
            }
        }
    }

    /// Each part so many days later, on a business day, and not on the day of the forecast or before.
    fn delayed(&self, expected: &Expected, days: i32) -> Expected {
        let first = day(self.forecast_date) + 1;
        let parts =
            expected.parts().iter().map(|(on, amount)| (self.business((on + days).max(first)), *amount));
        Expected::of(self.decimals, parts)
    }

    fn business(&self, on: Day) -> Day {
        let is_business = |on: &Day| (on + 3).rem_euclid(7) < 5 && !self.holidays.contains(&date(*on));
        (on..on + 30).find(is_business).unwrap_or(on)
    }

    fn times(&self, expected: &Expected, factor: Decimal, within: impl Fn(Day) -> bool) -> Expected {
        let parts = expected.parts().iter().map(|(on, amount)| {
            let changed = major(*amount, 0).checked_mul(factor);
            let changed =
                changed.map(|of| of.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero));
            let changed = changed.and_then(|of| of.to_i64()).unwrap_or(*amount);
            (*on, if within(*on) { changed } else { *amount })
        });
        Expected::of(self.decimals, parts)
    }
}

fn of_partner(cells: &mut [Cell], partner: i32) -> impl Iterator<Item = &mut Cell> {
    cells.iter_mut().filter(move |cell| cell.partner == Some(partner))
}

#[cfg(test)]
mod tests {
    use super::*;

    const W: i32 = 7;

    fn on(month: u32, number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, month, number).unwrap()
    }

    fn cell(component: Component, partner: Option<i32>, on: NaiveDate, amount: i64) -> Cell {
        let expected = Expected::of(2, [(day(on), amount * 100)]);
        Cell { component, partner, currency: None, document: None, expected }
    }

    /// Case 30 of public reports: invoice W of 40,000, wages of 8,000, bills of 35,000.
    fn base() -> Base {
        let first = day(on(3, 4)) + 1;
        let targets = (first..first + 90).map(|day| (date(day), Decimal::from(100), Decimal::from(200)));
        Base {
            company_id: 0,
            currency: "EUR".into(),
            decimals: 2,
            forecast_date: on(3, 4),
            opening: Decimal::new(1_000_000, 2),
            floor: Decimal::ZERO,
            targets: targets.collect(),
            holidays: BTreeSet::new(),
            cash: BTreeMap::from([("USD".into(), Decimal::from(900))]),
            rates: BTreeMap::from([("USD".into(), Decimal::new(90, 2))]),
            cells: vec![
                cell(Component::Ar, Some(W), on(3, 20), 40_000),
                cell(Component::Ap, None, on(3, 13), 8_000),
                cell(Component::Ap, None, on(3, 24), 35_000),
            ],
        }
    }

    fn balance(outcome: &Outcome, on: NaiveDate) -> String {
        outcome.rows.iter().find(|row| row.target_date == on).unwrap().balance.to_string()
    }

    #[test]
    fn a_large_customer_who_pays_two_weeks_later_leaves_too_little() {
        let as_it_is = apply(&base(), &[]);
        let days = [on(3, 13), on(3, 20), on(3, 24)];
        assert_eq!(days.map(|on| balance(&as_it_is, on)), ["2000.00", "42000.00", "7000.00"]);
        assert_eq!(as_it_is.shortfall, None);
        let later = apply(&base(), &[Operation::DelayPartner { partner: W, days: 14 }]);
        assert_eq!(days.map(|on| balance(&later, on)), ["2000.00", "2000.00", "-33000.00"]);
        assert_eq!(balance(&later, on(4, 3)), "7000.00");
        let shortfall = later.shortfall.unwrap();
        assert_eq!(
            (shortfall.first_day, shortfall.drivers),
            (on(3, 24), vec![(1, Decimal::new(-4_000_000, 2))])
        );
        assert_eq!(later.rows[0].high - later.rows[0].low, Decimal::from(300), "as wide as the forecast's");
    }

    #[test]
    fn operations_are_applied_in_their_order() {
        let double = Operation::Scale {
            component: Component::Ar,
            factor: 2.into(),
            from: None,
            until: Some(on(3, 31)),
        };
        let delay = Operation::DelayAllReceivables { days: 14 };
        let one = apply(&base(), &[double.clone(), delay.clone()]);
        let other = apply(&base(), &[delay, double]);
        assert_eq!(
            (balance(&one, on(4, 3)), balance(&other, on(4, 3))),
            ("47000.00".into(), "7000.00".into())
        );
    }

    #[test]
    fn the_same_twice_is_the_same_to_the_byte() {
        let operations = [
            Operation::Add { date: on(3, 9), amount: Decimal::new(-123_456, 2), label: "a machine".into() },
            Operation::LoseCustomer { partner: W, from: None, invoices_are_lost: true },
        ];
        let run = || serde_json::to_string(&apply(&base(), &operations)).unwrap();
        assert_eq!(run(), run());
        let stored: Base = serde_json::from_str(&serde_json::to_string(&base()).unwrap()).unwrap();
        assert_eq!(serde_json::to_string(&apply(&stored, &operations)).unwrap(), run());
    }

    #[test]
    fn a_customer_who_is_lost_pays_what_is_invoiced_unless_that_is_said() {
        let mut base = base();
        base.cells.push(cell(Component::Pipeline, Some(W), on(4, 20), 5_000));
        base.cells.push(cell(Component::Recurring, Some(W), on(4, 1), 300));
        let lost = |invoices_are_lost| {
            let operation = Operation::LoseCustomer { partner: W, from: None, invoices_are_lost };
            balance(&apply(&base, &[operation]), on(4, 30))
        };
        assert_eq!((lost(false), lost(true)), ("7000.00".into(), "-33000.00".into()));
    }

    #[test]
    fn a_rate_changes_what_is_in_its_currency() {
        let mut base = base();
        base.cells[0].currency = Some("USD".into());
        let rate = |rate: i64| Operation::FxRate { currency: "USD".into(), rate: Decimal::new(rate, 2) };
        let outcome = apply(&base, &[rate(99)]);
        assert_eq!(outcome.opening.to_string(), "10090.00", "900 of it are 990");
        assert_eq!(balance(&outcome, on(3, 20)), "46090.00");
        assert_eq!(
            apply(&base, &[rate(50), rate(99)]),
            Outcome { shortfall: None, ..outcome },
            "the last one holds"
        );
    }

    #[test]
    fn what_comes_after_the_last_day_is_not_in_it_and_nothing_comes_before_the_first() {
        let delay = |days| apply(&base(), &[Operation::DelayPartner { partner: W, days }]);
        assert_eq!(delay(200).rows.iter().map(|row| row.ar).sum::<Decimal>(), Decimal::ZERO);
        assert_eq!(delay(-100).rows[0].ar, Decimal::from(40_000));
    }
}
