//! How much is expected on which day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use forecasting::calendar::{Day, date, day};
use rust_decimal::Decimal;
use serde::de::{Deserializer, Error};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::money::{major, rounded, to_f64};

/// Parts that are smaller than this share of the whole are put together: nobody plans with them.
const GRAIN: i64 = 256;

/// Amounts by day, in the smallest unit of a currency, each day once and in order. It is written as `{"2026-03-18": "980.00"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    decimals: u32,
    parts: Vec<(Day, i64)>,
}

impl Expected {
    /// Nothing.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// These amounts, in any order; those of one day are added up.
    pub fn of(decimals: u32, amounts: impl IntoIterator<Item = (Day, i64)>) -> Self {
        let mut days: BTreeMap<Day, i64> = BTreeMap::new();
        for (day, amount) in amounts {
            let of = days.entry(day).or_default();
            *of = of.saturating_add(amount);
        }
        Self::exactly(decimals, days.into_iter().filter(|(_, amount)| *amount != 0).collect())
    }

    /// These amounts, also where one is nothing; days are in order.
    pub fn exactly(decimals: u32, parts: Vec<(Day, i64)>) -> Self {
        // Nothing is the same in every currency.
        Self { decimals: if parts.is_empty() { 0 } else { decimals }, parts }
    }

    /// An amount of which `open` says which share is open at the end of each of these days: from 1 to 0, and never more than before.
    /// What is open at the last one is expected on none.
    pub fn spread(amount: i64, decimals: u32, days: &[Day], open: &[f64]) -> Self {
        let least = (amount.abs() / GRAIN).max(1);
        let mut parts = Vec::new();
        let mut given = 0;
        for (day, open) in days.iter().zip(open) {
            let until = rounded(to_f64(amount) * (1.0 - open));
            let part = until - given;
            if part.abs() >= least {
                parts.push((*day, part));
                given = until;
            }
        }
        Self::exactly(decimals, parts)
    }

    /// The same in another proportion: as if `whole` were `to`. The parts add up to what their sum is, so that nothing is lost by
    /// rounding.
    #[must_use]
    pub fn in_proportion(&self, whole: i64, to: i64, decimals: u32) -> Self {
        if whole == to && decimals == self.decimals {
            return self.clone();
        }
        let (mut until, mut given) = (0_i128, 0_i64);
        let parts = self.parts.iter().filter_map(|(day, part)| {
            until += i128::from(*part);
            let now = i64::try_from(divided(until * i128::from(to), i128::from(whole))).unwrap_or(given);
            let part = now - given;
            given = now;
            (part != 0).then_some((*day, part))
        });
        Self::exactly(decimals, if whole == 0 { Vec::new() } else { parts.collect() })
    }

    /// Amounts by day, in order.
    pub fn parts(&self) -> &[(Day, i64)] {
        &self.parts
    }

    /// How many decimals the currency has.
    pub fn decimals(&self) -> u32 {
        self.decimals
    }

    /// All of it.
    pub fn total(&self) -> i64 {
        self.parts.iter().fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    /// What is expected up to the end of a day.
    pub fn until(&self, day: Day) -> i64 {
        let parts = self.parts.iter().take_while(|(of, _)| *of <= day);
        parts.fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    /// The day on which most of it is expected.
    pub fn likeliest(&self) -> Option<Day> {
        self.parts.iter().max_by_key(|(day, amount)| (amount.abs(), -day)).map(|(day, _)| *day)
    }

    /// Whether nothing is expected.
    pub fn is_nothing(&self) -> bool {
        self.parts.is_empty()
    }
}

/// A quotient, rounded to the nearest, halves away from zero.
fn divided(value: i128, by: i128) -> i128 {
    if by == 0 {
        return 0;
    }
    let (value, by) = if by < 0 { (-value, -by) } else { (value, by) };
    let half = by / 2;
    if value < 0 { (value - half) / by } else { (value + half) / by }
}

impl Serialize for Expected {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.parts.len()))?;
        for (day, amount) in &self.parts {
            map.serialize_entry(&date(*day), &major(*amount, self.decimals))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Expected {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let amounts: BTreeMap<NaiveDate, Decimal> = BTreeMap::deserialize(deserializer)?;
        let decimals = amounts.values().map(Decimal::scale).max().unwrap_or_default();
        let part = |(on, mut amount): (NaiveDate, Decimal)| {
            amount.rescale(decimals);
            let amount = i64::try_from(amount.mantissa());
            amount.map(|amount| (day(on), amount)).map_err(|_| D::Error::custom("an amount is too large"))
        };
        Ok(Self { decimals, parts: amounts.into_iter().map(part).collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spread_adds_up() {
        let open = [1.0, 0.9, 0.9, 0.899, 0.4, 0.3999, 0.1];
        let days: Vec<Day> = (1..8).collect();
        let spread = Expected::spread(10_001, 2, &days, &open);
        assert_eq!(spread.total(), 9_001, "what is open in the end comes later");
        assert_eq!(spread.parts(), [(2, 1_000), (5, 5_001), (7, 3_000)], "small parts are put together");
        assert_eq!((spread.until(4), spread.until(5), spread.likeliest()), (1_000, 6_001, Some(5)));
    }

    /// Case 35 of public reports.
    #[test]
    fn proportions_add_up_to_the_cent() {
        let third = Expected::of(2, [(1, 2_333), (8, 1_000)]);
        let other = third.in_proportion(3_333, 10_000, 2);
        assert_eq!((other.total(), other.parts().len()), (10_000, 2));
        assert!(third.in_proportion(3_333, 0, 2).is_nothing());
        assert!(Expected::of(2, [(1, 5)]).in_proportion(0, 5, 2).is_nothing());
        assert_eq!(
            Expected::of(2, [(1, -100), (2, -100)]).in_proportion(-200, -301, 2).parts(),
            [(1, -151), (2, -150)]
        );
    }

    #[test]
    fn it_is_written_by_date_and_read_back() {
        let expected = Expected::of(2, [(20_530, 98_000), (20_544, 30), (20_530, 0)]);
        let json = serde_json::to_string(&expected).unwrap();
        assert_eq!(json, r#"{"2026-03-18":"980.00","2026-04-01":"0.30"}"#);
        assert_eq!(serde_json::from_str::<Expected>(&json).unwrap(), expected);
        let yen = Expected::of(0, [(20_530, 5)]);
        assert_eq!(serde_json::from_str::<Expected>(&serde_json::to_string(&yen).unwrap()).unwrap(), yen);
    }
}
