//! Days and times as Odoo stores them: days since 1970, microseconds of UTC.

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// Days since 1970-01-01, the form of a date column in the feed.
pub(crate) type Day = i32;

/// Microseconds since 1970-01-01 UTC, the form of a timestamp column in the feed.
pub(crate) type Micros = i64;

pub(crate) const SECOND: Micros = 1_000_000;
pub(crate) const MINUTE: Micros = 60 * SECOND;
pub(crate) const HOUR: Micros = 60 * MINUTE;
pub(crate) const DAY: Micros = 24 * HOUR;

const EPOCH: NaiveDate = match NaiveDate::from_ymd_opt(1970, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

pub(crate) fn day_of(date: NaiveDate) -> Day {
    i32::try_from(date.signed_duration_since(EPOCH).num_days()).unwrap_or(0)
}

pub(crate) fn date_of(day: Day) -> NaiveDate {
    EPOCH.checked_add_days(Days::new(u64::try_from(day).unwrap_or(0))).unwrap_or(EPOCH)
}

/// The first microsecond of a day.
pub(crate) fn midnight(day: Day) -> Micros {
    i64::from(day) * DAY
}

pub(crate) fn day_at(time: Micros) -> Day {
    i32::try_from(time.div_euclid(DAY)).unwrap_or(0)
}

/// The time cut to whole seconds, as Odoo writes business times.
pub(crate) fn whole_second(time: Micros) -> Micros {
    time - time.rem_euclid(SECOND)
}

pub(crate) fn is_weekend(day: Day) -> bool {
    matches!(date_of(day).weekday(), Weekday::Sat | Weekday::Sun)
}

/// Year and month of a day, for document numbers.
pub(crate) fn year_month(day: Day) -> (u16, u8) {
    let date = date_of(day);
    (u16::try_from(date.year()).unwrap_or(0), u8::try_from(date.month()).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_convert_both_ways() {
        let date = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        assert_eq!(day_of(date), 20_780);
        assert_eq!(date_of(20_780), date);
        assert_eq!(day_at(midnight(20_780) + HOUR), 20_780);
        assert!(!is_weekend(20_780));
        assert!(is_weekend(20_779));
        assert_eq!(year_month(20_780), (2026, 11));
    }
}
