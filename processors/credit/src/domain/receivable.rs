//! Where a journal item counts.

use chrono::NaiveDate;
use contract::Money;

use super::Ledger;
use super::bucket::{Bucket, Part};
use crate::store::Item;

impl Ledger {
    /// A receivable item counts by its residual: of a posted entry by its due date, negative ones as not applied; of a draft
    /// invoice only while no order accounts for it.
    pub(super) fn place_item(&self, item: &Item, today: NaiveDate) -> Option<Part> {
        let partner = item.partner_id?;
        let amount = Money::from_decimal(item.residual).filter(|amount| *amount != Money::ZERO)?;
        if !self.is_receivable(item.account_id?) {
            return None;
        }
        let bucket = if item.draft {
            if self.tables.invoices.get(item.move_id).is_none_or(|row| !row.draft)
                || self.is_linked(item.move_id)
            {
                return None;
            }
            Bucket::DraftInvoiced
        } else if amount < Money::ZERO {
            Bucket::Unapplied
        } else if item.due.is_some_and(|due| due < today) {
            Bucket::Overdue
        } else {
            Bucket::NotDue
        };
        // A credit note is no payment, so its date tells nothing.
        let dated = bucket != Bucket::Unapplied || !item.falls_due;
        let due = item.due.filter(|_| dated);
        Some(Part { party: self.party(item.company_id, partner), bucket, amount, due })
    }

    /// Whether any item of the entry invoices an order line.
    fn is_linked(&self, move_id: i32) -> bool {
        self.items_of_move.of(move_id).any(|item| self.links.has(item))
    }
}
