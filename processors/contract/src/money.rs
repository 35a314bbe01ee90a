//! Money inside a processor's state.

use rust_decimal::Decimal;

/// An amount in ten-thousandths of a currency unit, which holds the minor unit of every ISO 4217 currency exactly
/// (the finest have four decimals).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(pub i128);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);
    /// How many decimals it has.
    pub const SCALE: u32 = 4;

    /// The amount nearest to `value`, halves away from zero as Odoo rounds. `None` when it does not fit.
    pub fn from_decimal(value: Decimal) -> Option<Self> {
        let rounded =
            value.round_dp_with_strategy(Self::SCALE, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        let scaled = rounded.checked_mul(Decimal::from(10_i64.pow(Self::SCALE)))?.trunc();
        Some(Self(scaled.mantissa() / 10_i128.pow(scaled.scale())))
    }

    /// A sum of amounts as a decimal with `decimals` digits after the point (the currency's).
    pub fn sum_to_decimal(sum: i128, decimals: u32) -> Decimal {
        let value = Decimal::try_from_i128_with_scale(sum, Self::SCALE).unwrap_or(Decimal::MAX);
        let mut value =
            value.round_dp_with_strategy(decimals, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        value.rescale(decimals);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_becomes_ten_thousandths_and_back() {
        let money = Money::from_decimal("1234.5".parse().unwrap()).unwrap();
        assert_eq!(money, Money(12_345_000));
        assert_eq!(Money::sum_to_decimal(money.0, 2).to_string(), "1234.50");
        assert_eq!(Money::sum_to_decimal(-money.0, 0).to_string(), "-1235");
    }

    #[test]
    fn halves_round_away_from_zero() {
        assert_eq!(Money::from_decimal("0.00005".parse().unwrap()), Some(Money(1)));
        assert_eq!(Money::from_decimal("-0.00005".parse().unwrap()), Some(Money(-1)));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(Money::from_decimal(10_i64.pow(15).into()), Some(Money(10_i128.pow(19))));
        assert_eq!(Money::from_decimal(Decimal::MAX), None);
    }
}
