//! Fixed-point amounts: cents in an `i64`, exchange rates in millionths.

/// An amount in hundredths of its currency.
pub(crate) type Cents = i64;

/// A quantity in hundredths of a unit.
pub(crate) type Quantity = i64;

/// Units of a foreign currency for one unit of the company's currency, in millionths.
pub(crate) type Rate = i64;

/// The rate of a currency to itself.
pub(crate) const PAR: Rate = 1_000_000;

/// `value * numerator / denominator`, rounded half away from zero as Odoo rounds.
pub(crate) fn scale(value: i64, numerator: i64, denominator: i64) -> i64 {
    if denominator == 0 {
        return 0;
    }
    let product = i128::from(value) * i128::from(numerator);
    let divisor = i128::from(denominator);
    let (product, divisor) = if divisor < 0 { (-product, -divisor) } else { (product, divisor) };
    let half = divisor / 2;
    let rounded = if product < 0 { (product - half) / divisor } else { (product + half) / divisor };
    i64::try_from(rounded).unwrap_or(0)
}

/// The price of a quantity.
pub(crate) fn price(unit: Cents, quantity: Quantity) -> Cents {
    scale(unit, quantity, 100)
}

/// A foreign amount in the company's currency.
pub(crate) fn to_company(amount: Cents, rate: Rate) -> Cents {
    if rate == PAR { amount } else { scale(amount, PAR, rate) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_half_away_from_zero() {
        assert_eq!(scale(5, 1, 2), 3);
        assert_eq!(scale(-5, 1, 2), -3);
        assert_eq!(scale(7, 1, 3), 2);
        assert_eq!(price(333, 250), 833);
    }

    #[test]
    fn a_rate_of_units_per_company_unit_divides() {
        assert_eq!(to_company(-4665, 903_400), -5164);
        assert_eq!(to_company(100, PAR), 100);
    }
}
