//! Amounts in the smallest unit of a currency.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

/// An amount in the currency's smallest unit, halves away from zero as Odoo rounds; `None` where it is too large.
pub(super) fn minor(amount: Decimal, decimals: u32) -> Option<i64> {
    let scaled = amount.checked_mul(Decimal::from(10_i64.pow(decimals)))?;
    scaled.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()
}

/// The same back.
pub(super) fn major(amount: i64, decimals: u32) -> Decimal {
    Decimal::new(amount, decimals)
}

/// The same of a sum; the largest there is where it is larger than any company's.
pub(super) fn major_sum(sum: i128, decimals: u32) -> Decimal {
    Decimal::try_from_i128_with_scale(sum, decimals).unwrap_or(Decimal::MAX)
}

/// As a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "estimates are no exact figures")]
pub(super) fn to_f64(amount: i64) -> f64 {
    amount as f64
}

/// The nearest whole number; the ends of the range where it is outside.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
pub(super) fn rounded(value: f64) -> i64 {
    value.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_in_the_smallest_unit() {
        assert_eq!(minor("12.345".parse().unwrap(), 2), Some(1_235));
        assert_eq!(minor("-12".parse().unwrap(), 0), Some(-12));
        assert_eq!(minor(Decimal::MAX, 2), None);
        assert_eq!(major(1_235, 2).to_string(), "12.35");
        assert_eq!(major_sum(-5, 2).to_string(), "-0.05");
    }
}
