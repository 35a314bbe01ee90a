//! How much and how steadily a customer buys: decisions.md, "Order volume".

use chrono::NaiveDate;
use contract::Money;

use super::bucket::Key;
use crate::store::{Invoice, Tables};

/// Periods of 30 days that count.
const PERIODS: usize = 12;
const PERIOD_DAYS: usize = 30;
/// Invoices of this age or older do not count.
pub(super) const YEAR_DAYS: i64 = 360;

/// Revenue of one invoice, negative for a credit note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sale {
    pub(super) day: NaiveDate,
    pub(super) amount: Money,
}

impl Sale {
    /// A posted invoice with a date and a customer.
    pub(super) fn from_row(invoice: &Invoice, tables: &Tables) -> Option<(Key, Self)> {
        if invoice.draft {
            return None;
        }
        let sale = Self { day: invoice.day?, amount: Money::from_decimal(invoice.untaxed)? };
        Some((tables.party(invoice.company_id, invoice.partner_id?), sale))
    }

    /// Whether it falls into one of the periods.
    pub(super) fn counts(&self, today: NaiveDate) -> bool {
        (0..YEAR_DAYS).contains(&(today - self.day).num_days())
    }
}

/// Revenue per period, the present one first.
pub(super) type Periods = [i64; PERIODS];

/// Revenue of a customer's sales.
pub(super) fn revenue<'a>(sales: impl Iterator<Item = &'a Sale>, today: NaiveDate) -> Periods {
    let mut periods: Periods = [0; PERIODS];
    for sale in sales {
        let age = (today - sale.day).num_days();
        if let Ok(age) = usize::try_from(age)
            && let Some(period) = periods.get_mut(age / PERIOD_DAYS)
        {
            // No customer is worth 9·10^14 a year in any currency; who is would share the first place.
            let amount = sale.amount.0.clamp(i64::MIN.into(), i64::MAX.into());
            *period = period.saturating_add(i64::try_from(amount).unwrap_or_default());
        }
    }
    periods
}

/// Revenue of all periods.
pub(super) fn total(periods: &Periods) -> i64 {
    periods.iter().copied().fold(0, i64::saturating_add)
}

/// The order volume. `ranked` are the positive revenues of all customers, sorted.
#[allow(clippy::cast_precision_loss, reason = "amounts are below 2^53")]
pub(super) fn volume(periods: &Periods, ranked: &[i64]) -> f64 {
    let revenue = total(periods);
    if revenue <= 0 || ranked.is_empty() {
        return 0.0;
    }
    let rank = ranked.partition_point(|other| *other <= revenue) as f64 / ranked.len() as f64;
    let mean = revenue as f64 / PERIODS as f64;
    let variance =
        periods.iter().map(|period| (*period as f64 - mean) * (*period as f64 - mean)).sum::<f64>()
            / PERIODS as f64;
    100.0 * rank * (1.0 - (variance.sqrt() / mean).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_periods_make_the_year() {
        assert_eq!(i64::try_from(PERIODS * PERIOD_DAYS), Ok(YEAR_DAYS));
    }

    #[test]
    fn steady_revenue_counts_by_its_rank_and_a_single_sale_does_not() {
        let steady = [100; PERIODS];
        assert!((volume(&steady, &[600, 1_200, 5_000, 9_000]) - 50.0).abs() < 1e-9);
        let mut single = [0; PERIODS];
        single[3] = 1_200;
        assert!(volume(&single, &[1_200]).abs() < 1e-9);
        assert!(volume(&[-1; PERIODS], &[1]).abs() < 1e-9);
    }
}
