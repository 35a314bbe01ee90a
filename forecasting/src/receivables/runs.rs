//! On which days a customer pays: on any, or in runs, such as each Thursday or on the 5th and the 20th.

use crate::calendar::{Calendar, Date, Day};

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
pub(super) mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::calendar::tests::on;

    pub(in super::super) fn calendar() -> Calendar {
        // Good Friday and Easter Monday.
        let holidays = BTreeSet::from([on(2026, 4, 3), on(2026, 4, 6)]);
        Calendar::new(on(2025, 1, 1), on(2026, 12, 31), &holidays)
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
