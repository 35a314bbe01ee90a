//! Days: on which money moves, and where each stands in its week and its month.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};

/// A day, counted from 1970-01-01.
pub type Day = i32;

/// Days from the beginning of the calendar to 1970.
const EPOCH: i32 = 719_163;

/// What is to be known of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// 0 is Monday.
    pub weekday: u8,
    /// Which week of two it is in.
    pub is_odd_week: bool,
    /// The day of the month.
    pub day: u8,
    /// The last day of its month.
    pub last: u8,
    /// Whether money moves.
    pub is_business: bool,
}

/// The days from one to another.
#[derive(Debug)]
pub struct Calendar {
    from: Day,
    dates: Vec<Date>,
}

/// The day of a date.
pub fn day(date: NaiveDate) -> Day {
    date.num_days_from_ce() - EPOCH
}

/// The date of a day.
pub fn date(day: Day) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(day.saturating_add(EPOCH)).unwrap_or_default()
}

impl Calendar {
    /// The days from `from` to `to`, with the holidays on which no money moves, beside Saturdays and Sundays.
    pub fn new(from: Day, to: Day, holidays: &BTreeSet<Day>) -> Self {
        let dates = (from..=to).map(|day| {
            let date = date(day);
            let weekday = u8::try_from(date.weekday().num_days_from_monday()).unwrap_or_default();
            Date {
                weekday,
                is_odd_week: (day + 3).div_euclid(7).rem_euclid(2) == 1,
                day: u8::try_from(date.day()).unwrap_or_default(),
                last: date.num_days_in_month(),
                is_business: weekday < 5 && !holidays.contains(&day),
            }
        });
        Self { from, dates: dates.collect() }
    }

    /// Its days, in order.
    pub fn days(&self) -> impl Iterator<Item = (Day, Date)> {
        (self.from..).zip(self.dates.iter().copied())
    }

    /// The first day.
    pub fn first(&self) -> Day {
        self.from
    }

    /// How many days there are.
    pub(crate) fn len(&self) -> usize {
        self.dates.len()
    }

    /// The business day on or before a day, or on or after it; the day itself at the ends of the calendar.
    pub fn business(&self, day: Day, goes_back: bool) -> Day {
        let step = if goes_back { -1 } else { 1 };
        let mut at = day;
        while let Some(date) = self.get(at) {
            if date.is_business {
                return at;
            }
            at += step;
        }
        day
    }

    /// What is to be known of a day; `None` outside of the calendar.
    pub fn get(&self, day: Day) -> Option<Date> {
        self.dates.get(usize::try_from(day - self.from).ok()?).copied()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn on(year: i32, month: u32, number: u32) -> Day {
        day(NaiveDate::from_ymd_opt(year, month, number).unwrap())
    }

    #[test]
    fn a_day_knows_its_week_and_month() {
        let calendar = Calendar::new(on(2028, 2, 1), on(2028, 3, 31), &BTreeSet::from([on(2028, 3, 1)]));
        let date = calendar.get(on(2028, 2, 29)).unwrap();
        assert_eq!((date.weekday, date.day, date.last, date.is_business), (1, 29, 29, true));
        assert!(!calendar.get(on(2028, 3, 1)).unwrap().is_business, "a holiday");
        assert_eq!(calendar.business(on(2028, 3, 1), false), on(2028, 3, 2));
        assert_eq!(calendar.business(on(2028, 3, 5), true), on(2028, 3, 3), "a Sunday");
        assert_eq!(calendar.get(on(2028, 4, 1)), None);
        let [one, next] = [7, 14].map(|day| calendar.get(on(2028, 2, day)).unwrap().is_odd_week);
        assert_ne!(one, next);
    }
}
