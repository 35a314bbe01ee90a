//! Exchange rates; the latest on or before a day holds, or else the earliest.

use std::collections::{BTreeMap, BTreeSet};

use crate::records::{Currency, Day};

/// Rates, and how many decimals each currency has.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    /// Units for one unit of a base, which has none itself.
    days: BTreeMap<(Currency, Day), f64>,
    bases: BTreeSet<Currency>,
    decimals: BTreeMap<Currency, u32>,
}

impl Rates {
    /// Adds a rate: units of a currency for one unit of a base.
    pub fn set(&mut self, currency: Currency, base: Currency, day: Day, rate: f64) {
        if rate.is_finite() && rate > 0.0 && currency != base {
            let rate = rate * self.at(base, day).unwrap_or(1.0);
            self.bases.insert(base);
            self.days.insert((currency, day), rate);
        }
    }

    /// Adds a currency that is worth one where no rate says anything else.
    pub fn set_base(&mut self, base: Currency) {
        self.bases.insert(base);
    }

    /// How many decimals a currency has; two where it was not said.
    pub fn set_decimals(&mut self, currency: Currency, decimals: u32) {
        self.decimals.insert(currency, decimals);
    }

    /// Smallest units in one unit of a currency.
    pub fn unit(&self, currency: Currency) -> i64 {
        10_i64.pow(self.decimals.get(&currency).copied().unwrap_or(2).min(4))
    }

    fn at(&self, currency: Currency, day: Day) -> Option<f64> {
        let latest = self.days.range((currency, Day::MIN)..=(currency, day)).next_back();
        // Before the first there is no other than that, as in Odoo.
        let earliest = || self.days.range((currency, day)..=(currency, Day::MAX)).next();
        let known = latest.or_else(earliest).map(|(_, rate)| *rate);
        known.or(self.bases.contains(&currency).then_some(1.0))
    }

    /// An amount in another currency, to its smallest unit; `None` where a rate is missing.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "an estimate that is compared with a band"
    )]
    pub fn convert(&self, amount: i64, from: Currency, to: Currency, day: Day) -> Option<i64> {
        if from == to {
            return Some(amount);
        }
        let rate = self.at(to, day)? / self.at(from, day)?;
        let units = self.unit(to) as f64 / self.unit(from) as f64;
        Some((amount as f64 * rate * units).round() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EUR: Currency = Currency(0);
    const USD: Currency = Currency(1);
    const JPY: Currency = Currency(2);

    #[test]
    fn the_latest_rate_before_a_day_holds_across_the_base() {
        let mut rates = Rates::default();
        rates.set_decimals(JPY, 0);
        rates.set(USD, EUR, 10, 1.10);
        rates.set(USD, EUR, 20, 1.25);
        rates.set(JPY, EUR, 10, 160.0);
        assert_eq!(rates.convert(10_000, EUR, USD, 19), Some(11_000));
        assert_eq!(rates.convert(12_500, USD, EUR, 20), Some(10_000));
        assert_eq!(rates.convert(11_000, USD, JPY, 15), Some(16_000));
        assert_eq!(rates.convert(11_000, USD, JPY, 9), Some(16_000), "before the first the first holds");
        assert_eq!(rates.convert(11_000, USD, Currency(3), 15), None);
    }
}
