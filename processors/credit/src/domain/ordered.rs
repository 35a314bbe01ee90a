//! What confirmed orders contribute. Like other contributions, an order's old part is taken back before its new one is added; they
//! are apart because Odoo adds up what orders of one currency are invoiced to one address, and converts the sum.

use std::collections::{BTreeMap, BTreeSet};

use contract::{Dense, Money};

use super::bucket::Key;
use super::rates::Rates;
use crate::store::Tables;

/// What one order contributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OrderPart {
    pub(super) party: Key,
    /// Who will be invoiced: the customer, or a contact.
    pub(super) address: i32,
    pub(super) currency: i32,
    /// In that currency.
    pub(super) amounts: Amounts<Money>,
}

/// What orders will still be invoiced for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amounts<T> {
    /// As things stand.
    pub(super) to_invoice: T,
    /// The same by Odoo's count.
    pub(super) to_invoice_odoo: T,
    /// What was ordered besides, and counts once it is delivered.
    pub(super) committed: T,
}

impl<T> Amounts<T> {
    pub(super) fn map<U>(self, change: impl Fn(T) -> U) -> Amounts<U> {
        Amounts {
            to_invoice: change(self.to_invoice),
            to_invoice_odoo: change(self.to_invoice_odoo),
            committed: change(self.committed),
        }
    }
}

impl Amounts<i128> {
    fn add(&mut self, other: Amounts<i128>, sign: i128) {
        self.to_invoice += sign * other.to_invoice;
        self.to_invoice_odoo += sign * other.to_invoice_odoo;
        self.committed += sign * other.committed;
    }
}

/// Parts, and their sums per customer, address and currency.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    parts: Dense<i32, OrderPart>,
    sums: BTreeMap<(Key, i32, i32), Sum>,
    /// Every company that a key was ever of; there are few.
    companies: BTreeSet<i32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    parts: usize,
    amounts: Amounts<i128>,
}

impl Ordered {
    /// Sets what an order contributes, and answers the keys that it touches.
    pub(super) fn set(&mut self, id: i32, new: Option<OrderPart>) -> impl Iterator<Item = Key> + use<> {
        let old = self.parts.set(id, new);
        let parts = if old == new { [None, None] } else { [old, new] };
        for (part, sign) in parts.into_iter().zip([-1, 1]) {
            if let Some(part) = part {
                self.add(part, sign);
            }
        }
        parts.into_iter().flatten().map(|part| part.party)
    }

    fn add(&mut self, part: OrderPart, sign: i8) {
        self.companies.insert(part.party.company);
        let group = (part.party, part.address, part.currency);
        let sum = self.sums.entry(group).or_default();
        sum.amounts.add(part.amounts.map(|amount| amount.0), sign.into());
        sum.parts = sum.parts.saturating_add_signed(isize::from(sign));
        if sum.parts == 0 {
            self.sums.remove(&group);
        }
    }

    /// A customer's sums in ten-thousandths of the company's currency, each group converted for itself.
    pub(super) fn sums(&self, key: Key, rates: &Rates, tables: &Tables) -> Amounts<i128> {
        let mut sums = Amounts::default();
        for ((_, _, currency), sum) in self.groups(key) {
            let converted = |sum| rates.to_company(sum, key.company, *currency, tables).unwrap_or_default();
            sums.add(sum.amounts.map(converted), 1);
        }
        sums
    }

    fn groups(&self, key: Key) -> impl Iterator<Item = (&(Key, i32, i32), &Sum)> {
        self.sums.range((key, i32::MIN, i32::MIN)..=(key, i32::MAX, i32::MAX))
    }

    /// Whether an order contributes to a key, even where all of them together come to nothing.
    pub(super) fn is_open(&self, key: Key) -> bool {
        self.groups(key).next().is_some()
    }

    /// All keys that an order contributes to.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.sums.keys().map(|(key, ..)| *key)
    }

    /// Companies that a key may be of, whether or not their rows are known.
    pub(super) fn companies(&self) -> impl Iterator<Item = i32> + '_ {
        self.companies.iter().copied()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = i32> + '_ {
        self.parts.keys()
    }

    /// The keys that an order in another currency than the company's contributes to.
    pub(super) fn foreign(&self, tables: &Tables) -> impl Iterator<Item = Key> {
        let groups = self.sums.keys().map(|(key, _, currency)| (*key, *currency));
        groups
            .filter(|(key, currency)| tables.currency_id(key.company) != Some(*currency))
            .map(|(key, _)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_moves_takes_back_what_it_gave() {
        let mut ordered = Ordered::default();
        let (seven, eight) = (Key { company: 1, partner: 7 }, Key { company: 1, partner: 8 });
        let part = |party: Key, amount| OrderPart {
            party,
            address: party.partner,
            currency: 1,
            amounts: Amounts { to_invoice: Money(amount), ..Amounts::default() },
        };
        let sum =
            |ordered: &Ordered, key| ordered.sums(key, &Rates::default(), &Tables::default()).to_invoice;
        assert_eq!(ordered.set(1, Some(part(seven, 100))).collect::<Vec<_>>(), [seven]);
        assert_eq!(ordered.set(2, Some(part(seven, 5))).collect::<Vec<_>>(), [seven]);
        assert_eq!(ordered.set(1, Some(part(eight, 90))).collect::<Vec<_>>(), [seven, eight]);
        assert_eq!((sum(&ordered, seven), sum(&ordered, eight)), (5, 90));
        ordered.set(1, None).for_each(drop);
        ordered.set(2, None).for_each(drop);
        assert!(ordered.sums.is_empty());
    }
}
