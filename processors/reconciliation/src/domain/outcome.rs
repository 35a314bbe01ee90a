//! What a line that is done in Odoo has paid: its entry's items that are matched with others, or else the account that it is booked on.

use std::collections::BTreeMap;

use matching::records;
use rust_decimal::Decimal;

use super::records as read;
use super::state::State;
use crate::store::{Allocation, Item};

/// What a line has paid.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The items, and how much of each.
    pub(super) allocations: Vec<Allocation>,
    /// The account that it is booked on where it paid none.
    pub(super) account_id: Option<i32>,
}

impl State {
    /// What a line has paid, as the rows have it.
    pub(super) fn outcome(&self, line: i32) -> Outcome {
        let own: Vec<&Item> =
            self.indexes.items_of_line.members(line).filter_map(|id| self.tables.items.get(id)).collect();
        let mut paid: BTreeMap<i32, Decimal> = BTreeMap::new();
        for item in &own {
            for partial in self.indexes.partials_of_item.members(item.id) {
                let Some(partial) = self.tables.partials.get(partial) else { continue };
                let (other, amount) = if partial.debit_id == item.id {
                    (partial.credit_id, -partial.credit_amount)
                } else {
                    (partial.debit_id, partial.debit_amount)
                };
                if !own.iter().any(|own| own.id == other) && !amount.is_zero() {
                    *paid.entry(other).or_default() += amount;
                }
            }
        }
        let allocations: Vec<Allocation> =
            paid.into_iter().map(|(id, amount)| self.allocation(id, amount)).collect();
        let account_id = if allocations.is_empty() { self.booked_on(&own) } else { None };
        Outcome { allocations, account_id }
    }

    /// How much of an item is paid, with what is printed on it.
    pub(super) fn allocation(&self, id: i32, amount: Decimal) -> Allocation {
        let row = self.tables.items.get(id);
        let currency = row.and_then(|row| row.currency_id);
        let decimals = currency.map_or(2, |currency| self.tables.decimals(currency));
        let scaled = |mut amount: Decimal| {
            amount.rescale(decimals);
            amount
        };
        Allocation {
            item_id: id,
            move_id: row.map_or(0, |row| row.move_id),
            number: row.and_then(|row| row.number.clone()).unwrap_or_default(),
            amount: scaled(amount),
            currency: currency.map(|id| self.tables.currency_code(id).to_owned()).unwrap_or_default(),
            left_open: scaled(Decimal::ZERO),
        }
    }

    /// How much of an open item would be paid, and what would stay open of it.
    pub(super) fn part_of(&self, id: i32, amount: Decimal) -> Allocation {
        let mut allocation = self.allocation(id, amount);
        if let Some(row) = self.tables.items.get(id) {
            let mut left = row.residual - allocation.amount;
            left.rescale(allocation.amount.scale());
            allocation.left_open = left;
        }
        allocation
    }

    /// The account of the largest item that is neither the bank's own nor waits for something.
    fn booked_on(&self, own: &[&Item]) -> Option<i32> {
        let is_counterpart = |item: &&&Item| {
            let account = item.account_id.and_then(|id| self.tables.accounts.get(id));
            account.is_some_and(|account| {
                !matches!(account.account_type.as_str(), "asset_cash" | "liability_credit_card")
                    && !self.suspense.contains(&account.id)
            })
        };
        let largest = own.iter().filter(is_counterpart).max_by_key(|item| (item.amount.abs(), -item.id))?;
        largest.account_id
    }

    /// An item as it was before so much of it was paid; `None` where it is not known any more, or nothing that lines pay.
    pub(super) fn item_before(&self, paid: &Allocation) -> Option<records::Item> {
        let row = self.tables.items.get(paid.item_id)?;
        let open = Item { residual: row.residual + paid.amount, reconciled: false, ..row.clone() };
        read::item(&open, &self.tables, &self.suspense).map(|(item, _)| item)
    }
}
