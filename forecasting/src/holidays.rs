//! Days on which banks move no money, by country.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::calendar::{Day, day};

/// Countries whose banks settle euros: <https://www.ecb.europa.eu/ecb/contacts/working-hours/html/index.en.html>.
const EURO: [&str; 21] = [
    "AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU", "LV", "MT",
    "NL", "PT", "SI", "SK",
];

/// A holiday that comes each year.
#[derive(Clone, Copy)]
enum Holiday {
    /// A day of a month, whatever weekday it is.
    Fixed(u32, u32),
    /// A day of a month; where it is a Sunday, the Monday after it.
    OrMonday(u32, u32),
    /// A day of a month; where it is no weekday, the first weekday after it that is none yet.
    OrNext(u32, u32),
    /// So many days after Easter Sunday.
    Easter(i32),
    /// The weekday of a month with this number, from 1.
    Nth(u32, Weekday, u8),
    /// The last Monday of a month.
    LastMonday(u32),
}

use Holiday::{Easter, Fixed, LastMonday, Nth, OrMonday, OrNext};

const OF_EURO: &[Holiday] = &[Fixed(1, 1), Easter(-2), Easter(1), Fixed(5, 1), Fixed(12, 25), Fixed(12, 26)];
/// <https://www.six-group.com/en/products-services/the-swiss-stock-exchange/market-data/news-tools/trading-currency-holiday-calendar.html>
const OF_SWITZERLAND: &[Holiday] = &[
    Fixed(1, 1),
    Fixed(1, 2),
    Easter(-2),
    Easter(1),
    Fixed(5, 1),
    Easter(39),
    Easter(50),
    Fixed(8, 1),
    Fixed(12, 25),
    Fixed(12, 26),
];
/// <https://www.gov.uk/bank-holidays>
const OF_ENGLAND: &[Holiday] = &[
    OrNext(1, 1),
    Easter(-2),
    Easter(1),
    Nth(5, Weekday::Mon, 1),
    LastMonday(5),
    LastMonday(8),
    OrNext(12, 25),
    OrNext(12, 26),
];
/// One on a Saturday is not moved: <https://www.frbservices.org/about/holiday-schedules>.
const OF_AMERICA: &[Holiday] = &[
    OrMonday(1, 1),
    Nth(1, Weekday::Mon, 3),
    Nth(2, Weekday::Mon, 3),
    LastMonday(5),
    OrMonday(6, 19),
    OrMonday(7, 4),
    Nth(9, Weekday::Mon, 1),
    Nth(10, Weekday::Mon, 2),
    OrMonday(11, 11),
    Nth(11, Weekday::Thu, 4),
    OrMonday(12, 25),
];

/// The bank holidays of a country in some years, by its ISO 3166 code; none where the country's are not known here.
pub fn of(country: &str, years: RangeInclusive<i32>) -> BTreeSet<Day> {
    let rules = match country {
        "CH" | "LI" => OF_SWITZERLAND,
        "GB" => OF_ENGLAND,
        "US" => OF_AMERICA,
        country if EURO.contains(&country) => OF_EURO,
        _ => return BTreeSet::new(),
    };
    let mut days = BTreeSet::new();
    for year in years {
        for holiday in rules {
            days.extend(holiday.in_year(year, &days));
        }
    }
    days
}

impl Holiday {
    fn in_year(self, year: i32, taken: &BTreeSet<Day>) -> Option<Day> {
        let date = |month, number| NaiveDate::from_ymd_opt(year, month, number);
        match self {
            Fixed(month, number) => date(month, number).map(day),
            OrMonday(month, number) => {
                let date = date(month, number)?;
                Some(day(date) + i32::from(date.weekday() == Weekday::Sun))
            }
            OrNext(month, number) => {
                let from = day(date(month, number)?);
                (from..from + 7).find(|day| (day + 3).rem_euclid(7) < 5 && !taken.contains(day))
            }
            Easter(after) => Some(day(easter(year)?) + after),
            Nth(month, weekday, number) => {
                NaiveDate::from_weekday_of_month_opt(year, month, weekday, number).map(day)
            }
            LastMonday(month) => {
                let last = date(month, 1)?.checked_add_months(chrono::Months::new(1))?.pred_opt()?;
                let back = last.weekday().num_days_from_monday();
                last.checked_sub_days(Days::new(back.into())).map(day)
            }
        }
    }
}

/// Easter Sunday: Meeus, "Astronomical Algorithms", chapter 8, which holds for every year of the Gregorian calendar.
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year.rem_euclid(19), year.div_euclid(100), year.rem_euclid(100));
    let moon = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let sunday = (32 + 2 * (b % 4) + 2 * (c / 4) - moon - c % 4) % 7;
    let correction = (a + 11 * moon + 22 * sunday) / 451;
    let number = moon + sunday - 7 * correction + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(number / 31).ok()?, u32::try_from(number % 31).ok()? + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::date;

    fn days(country: &str, year: i32) -> Vec<String> {
        of(country, year..=year).into_iter().map(|day| date(day).format("%m-%d").to_string()).collect()
    }

    #[test]
    fn easter_is_when_it_was() {
        for (year, month, number) in
            [(2000, 4, 23), (2008, 3, 23), (2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2038, 4, 25)]
        {
            assert_eq!(easter(year), NaiveDate::from_ymd_opt(year, month, number));
        }
    }

    /// The published calendars of 2026.
    #[test]
    fn bank_holidays_are_those_that_banks_publish() {
        assert_eq!(days("DE", 2026), ["01-01", "04-03", "04-06", "05-01", "12-25", "12-26"]);
        assert_eq!(
            days("GB", 2026),
            ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"]
        );
        let america = [
            "01-01", "01-19", "02-16", "05-25", "06-19", "07-04", "09-07", "10-12", "11-11", "11-26", "12-25",
        ];
        assert_eq!(days("US", 2026), america);
        assert_eq!(days("GB", 2022)[0], "01-03", "New Year was a Saturday");
        assert_eq!(days("GB", 2022)[6..], ["12-26", "12-27"]);
        assert!(days("CH", 2026).contains(&"05-14".into()), "Ascension");
        assert!(days("ZZ", 2026).is_empty());
    }
}
