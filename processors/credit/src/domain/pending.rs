//! Payments that have no journal entry yet. Odoo's credit does not know of them until the bank line is there; checks take them for
//! applied, the oldest due item first.

use chrono::NaiveDate;
use contract::Money;
use rust_decimal::Decimal;

use super::bucket::Key;
use super::by_key::ByKey;
use super::contributions::Contributions;
use super::rates::Rates;
use crate::store::{Pending, Tables};

/// One of them, in the company's currency; negative when it was paid to the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PendingPayment {
    pub(super) amount: Money,
    pub(super) day: NaiveDate,
}

impl PendingPayment {
    /// One whose company is not known is taken for the lowest root company's. `None` when its amount is too large.
    pub(super) fn from_row(row: &Pending, tables: &Tables, rates: &Rates) -> Option<(Key, Self)> {
        let company = row.company_id.or_else(|| tables.roots().first().copied())?;
        let key = tables.party(company, row.partner_id);
        let converted = || {
            let own = tables.currency_id(key.company)?;
            let amount = rates.convert(row.amount, key.company, row.currency_id.unwrap_or(own), own)?;
            Some(tables.rounded(amount, own))
        };
        let amount = Money::from_decimal(row.company_amount.or_else(converted)?)?;
        Some((key, Self { amount, day: row.day }))
    }
}

/// What all of a customer's come to.
pub(super) fn sum(pending: &ByKey<PendingPayment>, key: Key) -> Money {
    Money(pending.rows_of(key).map(|(_, payment)| payment.amount.0).sum())
}

/// What they leave of what is receivable: due date, id and amount, the earliest first.
pub(super) fn left<'a>(
    contributions: &'a Contributions,
    pending: &ByKey<PendingPayment>,
    key: Key,
) -> impl Iterator<Item = (NaiveDate, i32, Money)> + use<'a> {
    let mut paid = sum(pending, key).0.max(0);
    contributions.receivable_items(key).filter_map(move |(due, id, amount)| {
        let used = paid.min(amount.0);
        paid -= used;
        (used != amount.0).then_some((due, id, Money(amount.0 - used)))
    })
}

/// What is left of them once they have paid all that is receivable; what went to the customer beyond what came, where that is more.
pub(super) fn beyond(contributions: &Contributions, pending: &ByKey<PendingPayment>, key: Key) -> Money {
    let receivable: i128 = contributions.receivable_items(key).map(|(.., amount)| amount.0).sum();
    let sum = sum(pending, key).0;
    Money(if sum < 0 { sum } else { (sum - receivable).max(0) })
}

/// An amount as a decimal, with all of its digits.
pub(super) fn decimal(amount: Money) -> Decimal {
    Money::sum_to_decimal(amount.0, Money::SCALE)
}
