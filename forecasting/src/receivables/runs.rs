//! On which days a customer pays: on any, or in runs, such as each Thursday or on the 5th and the 20th.

use crate::calendar::{Calendar, Date, Day};
use crate::numbers::to_f64;

/// Payments that are looked at: habits change.
const PAYMENTS: usize = 60;
/// A rule is none that does not hold for so many of ten payments, …
const HOLDS: f64 = 8.5;
/// … and nobody keeps one without exception.
const EXCEPTIONS: f64 = 0.02;
/// With fewer payments nothing is said.
const FEWEST: usize = 5;
/// So many days at most are between a day that a rule names and the business day on which the money moves.
const AROUND: Day = 14;
/// Days of the month of which pairs are tried.
const PAIRED: usize = 8;

/// When a customer pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// On any business day.
    Any,
    /// On certain weekdays, 0 is Monday.
    Weekdays(Vec<u8>),
    /// On a weekday every second week.
    Fortnight {
        /// 0 is Monday.
        weekday: u8,
        /// Which week of two.
        is_odd: bool,
    },
    /// On certain days of the month, of which 31 is the last one.
    Dates {
        /// The days.
        days: Vec<u8>,
        /// Whether the money moves before a day that is no business day, not after it.
        is_before: bool,
    },
}

/// The days on which somebody pays, and how to find them.
#[derive(Clone, Debug)]
pub(super) struct Runs {
    first: Day,
    /// For each day of the calendar the run on it or after it.
    next: Vec<Day>,
    /// For each day of the calendar the run on it or before it.
    previous: Vec<Day>,
}

impl Rule {
    /// The rule that explains payments best, next to paying on any day: by the likelihood of as many payments on its days, less what it
    /// takes to choose it among others. Payments are in order.
    pub(super) fn of(payments: &[Day], calendar: &Calendar) -> Self {
        let recent = &payments[payments.len().saturating_sub(PAYMENTS)..];
        let (Some(first), Some(last)) = (recent.first(), recent.last()) else { return Self::Any };
        if recent.len() < FEWEST {
            return Self::Any;
        }
        let calendar = &calendar.between(first - AROUND, last + AROUND);
        let (mut best, mut rule) = (0.0, Self::Any);
        let mut try_out = |candidate: Self, cost: f64| {
            let score = candidate.score(recent, calendar) - cost;
            if score > best {
                (best, rule) = (score, candidate);
            }
        };
        for weekday in 0..5 {
            try_out(Self::Weekdays(vec![weekday]), 3.0);
            for is_odd in [false, true] {
                try_out(Self::Fortnight { weekday, is_odd }, 4.0);
            }
            for other in 0..weekday {
                try_out(Self::Weekdays(vec![other, weekday]), 4.0);
            }
        }
        for is_before in [false, true] {
            let dates = |days: Vec<u8>| Self::Dates { days, is_before };
            let mut hits: Vec<(usize, u8)> =
                (1..=31).map(|day| (dates(vec![day]).hits(recent, calendar), day)).collect();
            hits.sort_unstable_by_key(|hit| std::cmp::Reverse(*hit));
            let likely: Vec<u8> = hits.iter().take(PAIRED).map(|(_, day)| *day).collect();
            for (place, day) in likely.iter().enumerate() {
                try_out(dates(vec![*day]), 5.0);
                for other in &likely[..place] {
                    try_out(dates(vec![*other.min(day), *other.max(day)]), 8.0);
                }
            }
        }
        rule
    }

    /// The logarithm of how much likelier the rule makes the payments than any business day does.
    fn score(&self, payments: &[Day], calendar: &Calendar) -> f64 {
        let (Some(first), Some(last)) = (payments.iter().min(), payments.iter().max()) else { return 0.0 };
        let runs = self.runs(calendar);
        let within = |day: &Day| (first..=last).contains(&day);
        let days = calendar.days().filter(|(day, date)| within(day) && date.is_business).count();
        let run_days = calendar.days().filter(|(day, _)| within(day) && runs.is_run(*day)).count();
        let hits = payments.iter().filter(|day| runs.is_run(**day)).count();
        let [all, hits, days, run_days] = [payments.len(), hits, days, run_days].map(to_f64);
        if hits * 10.0 < all * HOLDS || days < 1.0 {
            return f64::MIN;
        }
        let share = (run_days / days).clamp(0.005, 0.98);
        let exceptions = ((all - hits + 0.5) / (all + 1.0)).clamp(EXCEPTIONS, 0.5);
        hits * ((1.0 - exceptions) / share).ln() + (all - hits) * (exceptions / (1.0 - share)).ln()
    }

    fn hits(&self, payments: &[Day], calendar: &Calendar) -> usize {
        let runs = self.runs(calendar);
        payments.iter().filter(|day| runs.is_run(**day)).count()
    }

    /// Its days in a calendar.
    pub(super) fn runs(&self, calendar: &Calendar) -> Runs {
        let goes_back = matches!(self, Self::Dates { is_before: true, .. });
        let mut is_run = vec![false; calendar.len()];
        for (day, _) in calendar.days().filter(|(_, date)| self.names(*date)) {
            let at = usize::try_from(calendar.business(day, goes_back) - calendar.first());
            if let Some(is_run) = at.ok().and_then(|at| is_run.get_mut(at)) {
                *is_run = true;
            }
        }
        Runs::new(calendar.first(), &is_run)
    }

    /// In words that can follow `paid`.
    pub fn words(&self) -> String {
        let weekday = |number: &u8| match number {
            0 => "Mondays",
            1 => "Tuesdays",
            2 => "Wednesdays",
            3 => "Thursdays",
            4 => "Fridays",
            5 => "Saturdays",
            _ => "Sundays",
        };
        let all = |names: Vec<String>| names.join(" and ");
        match self {
            Self::Any => "on any business day".into(),
            Self::Weekdays(weekdays) => {
                format!("on {}", all(weekdays.iter().map(|of| weekday(of).into()).collect()))
            }
            Self::Fortnight { weekday: of, .. } => format!("on every second of {}", weekday(of)),
            Self::Dates { days, .. } => {
                let name = |day: &u8| if *day == 31 { "last day".into() } else { format!("{day}.") };
                format!("on the {} of the month", all(days.iter().map(name).collect()))
            }
        }
    }

    /// Whether it names a day, if money moves on it or not.
    fn names(&self, date: Date) -> bool {
        match self {
            Self::Any => date.is_business,
            Self::Weekdays(weekdays) => weekdays.contains(&date.weekday),
            Self::Fortnight { weekday, is_odd } => date.weekday == *weekday && date.is_odd_week == *is_odd,
            Self::Dates { days, .. } => days.iter().any(|day| (*day).min(date.last) == date.day),
        }
    }
}

impl Runs {
    fn new(first: Day, is_run: &[bool]) -> Self {
        let days = (first..).zip(is_run);
        let after = first + Day::try_from(is_run.len()).unwrap_or(Day::MAX / 2);
        let latest = |last: &mut Day, (day, is_run): (Day, &bool)| {
            if *is_run {
                *last = day;
            }
            Some(*last)
        };
        let previous: Vec<Day> = days.clone().scan(first - 1, latest).collect();
        let backwards: Vec<(Day, &bool)> = days.collect();
        let mut next: Vec<Day> = backwards.into_iter().rev().scan(after, latest).collect();
        next.reverse();
        Self { first, next, previous }
    }

    /// The run on a day or after it; the day behind the calendar where there is none.
    pub(super) fn next(&self, day: Day) -> Day {
        self.next[self.place(day)]
    }

    /// The run on a day or before it; the day before the calendar where there is none.
    pub(super) fn previous(&self, day: Day) -> Day {
        self.previous[self.place(day)]
    }

    /// Whether a day is one.
    pub(super) fn is_run(&self, day: Day) -> bool {
        self.next(day) == day
    }

    fn place(&self, day: Day) -> usize {
        usize::try_from(day - self.first).unwrap_or(0).min(self.next.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::calendar::tests::on;

    fn calendar() -> Calendar {
        // Good Friday and Easter Monday.
        let holidays = BTreeSet::from([on(2026, 4, 3), on(2026, 4, 6)]);
        Calendar::new(on(2025, 1, 1), on(2026, 12, 31), &holidays)
    }

    /// The first run on or after each of forty days.
    fn payments(rule: &Rule) -> Vec<Day> {
        let runs = rule.runs(&calendar());
        (0..40).map(|number| runs.next(on(2025, 2, 1) + number * 9)).collect()
    }

    #[test]
    fn the_rule_that_somebody_keeps_is_found() {
        for rule in [
            Rule::Weekdays(vec![3]),
            Rule::Weekdays(vec![1, 4]),
            Rule::Fortnight { weekday: 2, is_odd: true },
            Rule::Dates { days: vec![5, 20], is_before: false },
            Rule::Dates { days: vec![15, 31], is_before: true },
            Rule::Dates { days: vec![10], is_before: false },
        ] {
            assert_eq!(Rule::of(&payments(&rule), &calendar()), rule);
        }
    }

    #[test]
    fn rules_can_be_read() {
        assert_eq!(Rule::Weekdays(vec![1, 4]).words(), "on Tuesdays and Fridays");
        assert_eq!(Rule::Fortnight { weekday: 2, is_odd: true }.words(), "on every second of Wednesdays");
        assert_eq!(
            Rule::Dates { days: vec![15, 31], is_before: true }.words(),
            "on the 15. and last day of the month"
        );
    }

    #[test]
    fn who_pays_on_any_day_keeps_no_rule() {
        let any: Vec<Day> = payments(&Rule::Any);
        assert_eq!(Rule::of(&any, &calendar()), Rule::Any);
        assert_eq!(
            Rule::of(&payments(&Rule::Weekdays(vec![3]))[..4], &calendar()),
            Rule::Any,
            "too few to tell"
        );
    }

    #[test]
    fn a_rule_that_is_kept_but_for_an_exception_is_one() {
        let mut payments = payments(&Rule::Weekdays(vec![3]));
        payments[7] += 1;
        assert_eq!(Rule::of(&payments, &calendar()), Rule::Weekdays(vec![3]));
    }

    /// Public report 47 of `cases.md`: the 5th of April is a Sunday, the Monday after it a holiday.
    #[test]
    fn a_run_on_a_holiday_is_on_the_next_business_day() {
        let runs = Rule::Dates { days: vec![5, 20], is_before: false }.runs(&calendar());
        assert_eq!(runs.next(on(2026, 3, 21)), on(2026, 4, 7));
        assert_eq!(runs.previous(on(2026, 4, 6)), on(2026, 3, 20));
        let last = Rule::Dates { days: vec![31], is_before: true }.runs(&calendar());
        assert_eq!(last.next(on(2026, 5, 2)), on(2026, 5, 29), "the 31st of May is a Sunday");
    }
}
