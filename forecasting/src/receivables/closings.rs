//! Weeks in which many customers pay nothing, and pay all of it afterwards: a summer closing, the days between the years. They come again
//! in the same weeks of the next years.

use std::collections::BTreeMap;

use crate::calendar::Day;

/// A year of whole weeks.
const YEAR: i32 = 364;
/// Years for which a closing is expected to come again.
const YEARS: i32 = 3;
/// Weeks on each side that a week is compared with.
const AROUND: i32 = 10;
/// Payments of a usual week that have to be known before a week is called quiet.
const USUAL: f64 = 8.0;
/// A quiet week has less than this share of a usual one.
const QUIET: f64 = 0.55;
/// After a closing there is more than this share of what was there before it.
const PILE: f64 = 1.15;
/// Days after a closing within which what has piled up is paid.
pub(super) const AFTER: i32 = 10;

/// The closings of each customer, and how fast what has piled up is paid.
#[derive(Clone, Debug, Default)]
pub(super) struct Closings {
    /// The first day of each, and the first day after it, in order; those to come, too.
    pub(super) of_customers: Vec<Vec<(Day, Day)>>,
    /// The share that is paid up to each day after a closing.
    pub(super) paid: Vec<f64>,
}

impl Closings {
    /// From the days of each customer's payments, in order, up to a day.
    pub(super) fn of_payments(payments: &[Vec<Day>], today: Day) -> Self {
        let mut closings = Self { of_customers: vec![Vec::new(); payments.len()], paid: Vec::new() };
        let mut lags = vec![0.0; usize::try_from(AFTER).unwrap_or_default()];
        let weeks = Weeks::of(payments, today);
        for (from, to) in weeks.quiet() {
            let customers: Vec<Customer> =
                payments.iter().map(|days| Customer::of(days, from, to, weeks.first, today)).collect();
            let told = customers.iter().filter(|customer| customer.expected >= 2.5);
            let (told, closed) = told.fold((0.0, 0.0), |(told, closed), customer| {
                (told + 1.0, closed + if customer.inside < 0.3 * customer.expected { 1.0 } else { 0.0 })
            });
            let share: f64 = (closed + 1.0) / (told + 2.0);
            for (number, customer) in customers.iter().enumerate() {
                if customer.is_closed(share) {
                    let again = (0..=YEARS).map(|year| (from + YEAR * year, to + YEAR * year));
                    closings.of_customers[number].extend(again);
                    for day in payments[number].iter().filter(|day| (to..to + AFTER).contains(*day)) {
                        lags[usize::try_from(day - to).unwrap_or_default()] += 1.0;
                    }
                }
            }
        }
        closings.of_customers.iter_mut().for_each(|all| all.sort_unstable());
        let all: f64 = lags.iter().sum();
        let paid = lags.iter().scan(0.0, |sum, lag| {
            *sum += lag / all;
            Some(*sum)
        });
        closings.paid = paid.collect();
        closings
    }

    /// Those of a customer.
    pub(super) fn of(&self, customer: usize) -> OfOne<'_> {
        OfOne { all: self.of_customers.get(customer).map_or(&[], Vec::as_slice), paid: &self.paid }
    }
}

/// The closings of one customer.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfOne<'a> {
    all: &'a [(Day, Day)],
    paid: &'a [f64],
}

impl OfOne<'_> {
    /// The closing that a day is in, or within a few days after.
    pub(super) fn around(self, day: Day) -> Option<(Day, Day)> {
        self.all.iter().copied().find(|(from, to)| (*from..to + AFTER).contains(&day))
    }

    /// The share that is open after a day, where `open` is that without closings.
    pub(super) fn open(self, day: Day, open: impl Fn(Day) -> f64) -> f64 {
        let Some((from, to)) = self.around(day) else { return open(day) };
        if day < to {
            return open(from - 1);
        }
        let paid = self.paid.get(usize::try_from(day - to).unwrap_or_default()).copied().unwrap_or(1.0);
        open(day) + (open(from - 1) - open(to - 1)) * (1.0 - paid)
    }
}

/// Payments of everybody by week, which begins on a Monday.
struct Weeks {
    first: Day,
    today: Day,
    payments: BTreeMap<Day, f64>,
}

impl Weeks {
    fn of(payments: &[Vec<Day>], today: Day) -> Self {
        let mut weeks: BTreeMap<Day, f64> = BTreeMap::new();
        for day in payments.iter().flatten() {
            *weeks.entry(monday(*day)).or_default() += 1.0;
        }
        Self { first: weeks.keys().next().copied().unwrap_or(today), today, payments: weeks }
    }

    fn count(&self, week: Day) -> f64 {
        self.payments.get(&week).copied().unwrap_or_default()
    }

    /// Runs of quiet weeks that are over, and after which there was more than before.
    fn quiet(&self) -> Vec<(Day, Day)> {
        let mut quiet: Vec<(Day, Day)> = Vec::new();
        // The first weeks of a ledger are quiet because it begins.
        let (begins, ends) = (self.first + 8 * 7, self.today - 6);
        for week in (begins..ends).step_by(7).filter(|week| self.is_quiet(*week)) {
            match quiet.last_mut() {
                Some((_, to)) if *to == week => *to = week + 7,
                _ => quiet.push((week, week + 7)),
            }
        }
        quiet.retain(|(from, to)| {
            let before = (1..=4).map(|week| self.count(from - 7 * week)).sum::<f64>() / 4.0;
            let after = f64::midpoint(self.count(*to), self.count(to + 7));
            to + 14 <= self.today && after >= PILE * before
        });
        quiet
    }

    fn is_quiet(&self, week: Day) -> bool {
        let around = (1..=AROUND).flat_map(|number| [week - 7 * number, week + 7 * number]);
        let known = around.filter(|week| *week >= self.first + 28 && week + 6 <= self.today);
        let mut counts: Vec<f64> = known.map(|week| self.count(week)).collect();
        counts.sort_unstable_by(f64::total_cmp);
        let usual = counts.get(counts.len() / 2).copied().filter(|_| counts.len() >= 8);
        usual.is_some_and(|usual| usual >= USUAL && self.count(week) < QUIET * usual)
    }
}

/// What a customer has paid in some weeks, and what it would have paid.
struct Customer {
    inside: f64,
    expected: f64,
}

impl Customer {
    fn of(payments: &[Day], from: Day, to: Day, first: Day, today: Day) -> Self {
        let number = |from: Day, to: Day| {
            payments.iter().filter(|day| (from..to).contains(*day)).fold(0.0, |n, _| n + 1.0)
        };
        let (before, after) = ((from - 84).max(first), (to + 14 + 84).min(today));
        let days = f64::from((from - before).max(0) + (after - to - 14).max(0));
        let around = number(before, from) + number(to + 14, after);
        let expected = if days < 28.0 { 0.0 } else { around / days * f64::from(to - from) };
        Self { inside: number(from, to), expected }
    }

    /// Whether it is likelier to have been closed than not, where that share of all was. A payment while it is closed is one of ten
    /// mistakes.
    fn is_closed(&self, share: f64) -> bool {
        let odds = share / (1.0 - share) * self.expected.exp() * 0.1_f64.powf(self.inside);
        self.expected > 0.0 && odds > 1.0
    }
}

fn monday(day: Day) -> Day {
    day - (day + 3).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::tests::on;

    /// Forty customers pay each weekday in turn; thirty of them are closed for four weeks in August, and pay in the week after.
    fn payments(until: Day) -> Vec<Vec<Day>> {
        let closed = on(2024, 7, 29)..on(2024, 8, 26);
        (0..40)
            .map(|customer| {
                let days = (0..80).map(|number| on(2023, 10, 2) + number * 7 + customer % 5);
                let paid = days.map(|day| {
                    if customer < 30 && closed.contains(&day) { closed.end + customer % 5 } else { day }
                });
                let mut paid: Vec<Day> = paid.filter(|day| *day <= until).collect();
                paid.sort_unstable();
                paid
            })
            .collect()
    }

    #[test]
    fn a_closing_comes_again_in_the_same_weeks() {
        let closings = Closings::of_payments(&payments(on(2025, 2, 1)), on(2025, 2, 1));
        let closed: Vec<usize> =
            (0..40).filter(|customer| !closings.of_customers[*customer].is_empty()).collect();
        assert_eq!(closed, (0..30).collect::<Vec<_>>());
        assert_eq!(closings.of_customers[0][1], (on(2025, 7, 28), on(2025, 8, 25)));
        assert!(closings.paid.windows(2).all(|pair| pair[0] <= pair[1]) && closings.paid[9] > 0.999);
    }

    #[test]
    fn nothing_is_paid_while_it_lasts_and_all_of_it_afterwards() {
        let closings = Closings::of_payments(&payments(on(2025, 2, 1)), on(2025, 2, 1));
        // A share of a hundredth becomes ready each day.
        let ready = |day: Day| 1.0 - 0.01 * f64::from(day - on(2025, 7, 1));
        let open = |day: Day| closings.of(0).open(day, ready);
        assert!((open(on(2025, 7, 27)) - ready(on(2025, 7, 27))).abs() < 1e-12);
        assert!((open(on(2025, 8, 20)) - ready(on(2025, 7, 27))).abs() < 1e-12);
        assert!((open(on(2025, 9, 10)) - ready(on(2025, 9, 10))).abs() < 1e-12);
        let after: Vec<f64> = (25..32).map(|day| open(on(2025, 8, day))).collect();
        assert!(after.windows(2).all(|pair| pair[1] < pair[0]), "{after:?}");
        assert!(
            (closings.of(35).open(on(2025, 8, 20), ready) - ready(on(2025, 8, 20))).abs() < 1e-12,
            "open as ever"
        );
    }

    #[test]
    fn a_ledger_that_begins_or_a_closing_that_is_not_over_is_none() {
        let none = |until: Day| {
            Closings::of_payments(&payments(until), until).of_customers.iter().all(Vec::is_empty)
        };
        assert!(none(on(2024, 3, 1)));
        assert!(none(on(2024, 8, 20)));
        assert!(Closings::of_payments(&[], 0).of_customers.is_empty());
    }
}
