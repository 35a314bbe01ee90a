//! In which way an amount pays what is owed: exactly, but for a coin, less a discount or a fee, at a rate, in part, or more than that.

use crate::bits::Bits;
use crate::cues::Cue;
use crate::hypothesis::Kind;
use crate::parse::Parsed;
use crate::records::{Day, Item, Line, total};

/// A coin's rounding, in hundredths of a unit.
const COIN: u64 = 2;
/// Discounts are taken within so many days of an invoice, where it does not say itself.
const DISCOUNT_DAYS: Day = 14;
/// Shares that are usual for a discount, in hundredths of a per cent.
const DISCOUNTS: &[i64] = &[100, 150, 200, 250, 300, 400, 500];
/// The largest share that a bank keeps, in hundredths of a per cent, and the largest amount in units.
const FEE: (i64, i64) = (600, 60);

/// How a line relates to what is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In which way.
    pub kind: Kind,
    /// How much that says.
    pub bits: Bits,
    /// In words.
    pub what: &'static str,
    /// Whether the text names it, or it needs no name.
    pub is_explained: bool,
    /// What the line has more than is owed, in its currency.
    pub amount: i64,
}

/// How much an equal amount says: round ones are common.
pub fn surprise(amount: i64, unit: i64) -> Bits {
    let amount = amount.abs();
    Bits::whole(match () {
        () if amount % (unit * 100) == 0 => 5,
        () if amount % (unit * 10) == 0 => 6,
        () if amount % unit == 0 => 7,
        () => 9,
    })
}

/// How a line pays these items, whose residuals add up to `owed` in the line's currency. `None` if it does not.
pub fn between(line: &Line, parsed: &Parsed, items: &[&Item], owed: i64, unit: i64) -> Option<Difference> {
    if owed == 0 || line.amount == 0 || owed.signum() != line.amount.signum() {
        return None;
    }
    let amount = line.amount.saturating_sub(owed);
    let (share, short) = (share_of(amount, owed), amount.signum() == -owed.signum());
    let exact = surprise(line.amount, unit);
    let make = |kind, bits, what, is_explained| Some(Difference { kind, bits, what, is_explained, amount });
    if items.iter().any(|item| item.currency != line.currency) {
        return exchange(line, parsed, items, share, exact, make);
    }
    if amount == 0 {
        return make(Kind::Exact, exact, "the amount agrees", true);
    }
    if amount.unsigned_abs().saturating_mul(100) <= COIN * unit.unsigned_abs() && owed.abs() > unit {
        return make(Kind::Rounding, exact - Bits::whole(3), "the amount agrees but for a coin", true);
    }
    if short {
        let named = parsed.amounts.iter().any(|named| named * unit / 100 == amount.abs());
        if let Some((bits, in_time, said)) = discount(line, parsed, items, amount, owed) {
            let what = if said { "a discount that the text names" } else { "the usual share of a discount" };
            return make(Kind::Discount, bits, what, in_time && said);
        }
        if named && parsed.cues.has(Cue::Fee) {
            return make(Kind::Fee, exact - Bits::whole(1), "a fee that the text names", true);
        }
        if parsed.cues.has(Cue::Part) {
            return make(Kind::Part, Bits::whole(5), "a part, as the text says", true);
        }
        let is_small = share <= FEE.0 && amount.abs() <= FEE.1 * unit;
        return if is_small {
            make(Kind::Fee, Bits::whole(3), "short by as much as a bank keeps", false)
        } else {
            make(Kind::Part, Bits::whole(if share >= 9_000 { -3 } else { 1 }), "less than is open", false)
        };
    }
    let bits = if share <= 2_000 { -1 } else { -5 };
    make(Kind::Over, Bits::whole(bits), "more than is open", false)
}

/// A difference in hundredths of a per cent of what is owed.
fn share_of(difference: i64, owed: i64) -> i64 {
    i64::try_from(i128::from(difference).abs() * 10_000 / i128::from(owed).abs().max(1)).unwrap_or(i64::MAX)
}

/// How much it says, whether it was taken in time, and whether the item or the text names it.
fn discount(
    line: &Line,
    parsed: &Parsed,
    items: &[&Item],
    amount: i64,
    owed: i64,
) -> Option<(Bits, bool, bool)> {
    let offered: Option<i64> =
        items.iter().map(|item| item.discount.as_ref().map(|discount| discount.amount)).sum();
    if offered == Some(-amount) && !items.is_empty() {
        let in_time = items
            .iter()
            .all(|item| item.discount.as_ref().is_some_and(|discount| line.date <= discount.until));
        return Some((Bits::whole(7), in_time, true));
    }
    let in_time = items.iter().all(|item| line.date <= item.date + DISCOUNT_DAYS);
    let near = |share: i64| (i128::from(owed) * i128::from(share) / 10_000 + i128::from(amount)).abs() <= 1;
    if parsed.percents.iter().any(|share| near(*share)) && !parsed.cues.has(Cue::Withheld) {
        return Some((Bits::whole(7), in_time, parsed.cues.has(Cue::Discount)));
    }
    DISCOUNTS.iter().any(|share| near(*share)).then(|| {
        let said = parsed.cues.has(Cue::Discount);
        (Bits::whole(if said { 6 } else { 4 }), in_time, said)
    })
}

fn exchange(
    line: &Line,
    parsed: &Parsed,
    items: &[&Item],
    share: i64,
    exact: Bits,
    make: impl Fn(Kind, Bits, &'static str, bool) -> Option<Difference>,
) -> Option<Difference> {
    let foreign = total(items.iter().map(|item| item.residual));
    let is_one =
        items.iter().all(|item| item.currency == items[0].currency && item.currency != line.currency);
    let original = is_one && parsed.amounts.contains(&foreign.abs());
    match share {
        ..=300 if original => make(Kind::Exchange, exact, "the original amount is named", true),
        ..=50 => make(Kind::Exchange, Bits::whole(6), "the amount agrees at the day's rate", true),
        51..=120 => make(Kind::Exchange, Bits::whole(5), "the amount nearly agrees at the day's rate", true),
        121..=300 => make(Kind::Exchange, Bits::whole(2), "the amount is near the day's rate", false),
        _ => make(Kind::Part, Bits::whole(-3), "another amount at the day's rate", false),
    }
}
