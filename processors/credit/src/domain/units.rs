//! Quantities in other units of measure.

use rust_decimal::Decimal;

use crate::store::Tables;

/// The smallest part of a unit that does not say its own: Odoo's two decimals for products' units.
const CENTI: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
/// Factors are kept with ten digits or more: what a conversion is off by because of that is no part of a unit.
const TOLERANCE: Decimal = Decimal::from_parts(1, 0, 0, false, 5);

impl Tables {
    /// A quantity in another unit, as Odoo's `uom.uom._compute_quantity`, which rounds away from zero to the smallest part of
    /// the unit. The same quantity where either unit is not known.
    /// <https://github.com/odoo/odoo/blob/18.0/addons/uom/models/uom_uom.py>
    pub(super) fn quantity(&self, quantity: Decimal, from: Option<i32>, to: Option<i32>) -> Decimal {
        let units = from.zip(to).filter(|(from, to)| from != to);
        let units = units.and_then(|(from, to)| self.units.get(from).zip(self.units.get(to)));
        let Some((from, to)) = units else { return quantity };
        let part = if to.rounding.is_zero() { CENTI } else { to.rounding };
        let parts = || {
            let converted = quantity.checked_mul(to.per_reference)?.checked_div(from.per_reference)?;
            converted.checked_div(part)
        };
        let Some(parts) = parts() else { return quantity };
        let away = (parts.abs() - TOLERANCE).ceil().max(Decimal::ZERO);
        let sign = if parts.is_sign_negative() { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
        (sign * away).checked_mul(part).unwrap_or(quantity).normalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Unit;

    fn quantity(quantity: &str, from: i32, to: i32) -> String {
        let mut tables = Tables::default();
        for (id, per_reference) in [(1, "1"), (2, "0.0833333333"), (3, "0.001")] {
            let unit = Unit { id, per_reference: per_reference.parse().unwrap(), rounding: CENTI };
            tables.units.set(id, Some(unit));
        }
        tables.quantity(quantity.parse().unwrap(), Some(from), Some(to)).to_string()
    }

    #[test]
    fn a_quantity_is_the_same_in_every_unit() {
        assert_eq!(quantity("24", 1, 2), "2");
        assert_eq!(quantity("2", 2, 1), "24");
        assert_eq!(quantity("-2", 2, 1), "-24");
        assert_eq!(quantity("1.5", 3, 1), "1500");
    }

    #[test]
    fn a_part_of_a_smallest_part_counts_as_one() {
        assert_eq!(quantity("1", 1, 2), "0.09");
        assert_eq!(quantity("-1", 1, 2), "-0.09");
    }

    #[test]
    fn without_the_unit_it_is_taken_as_it_is() {
        assert_eq!(quantity("24", 1, 9), "24");
    }
}
