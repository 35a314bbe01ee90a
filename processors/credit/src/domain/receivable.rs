//! Where a journal item counts.

use chrono::NaiveDate;
use contract::Money;

use super::bucket::{Bucket, Part};
use super::indexes::Indexes;
use crate::store::{Item, Tables};

impl Part {
    /// A receivable item counts by its residual: of a posted entry by its due date, negative ones as not applied; of a draft
    /// invoice only while no order accounts for it.
    pub(super) fn from_item(
        item: &Item,
        tables: &Tables,
        indexes: &Indexes,
        today: NaiveDate,
    ) -> Option<Self> {
        let partner = item.partner_id?;
        let amount = Money::from_decimal(item.residual).filter(|amount| *amount != Money::ZERO)?;
        if !tables.is_receivable(item.account_id?) {
            return None;
        }
        let bucket = if item.draft {
            let is_draft = tables.invoices.get(item.move_id).is_some_and(|row| row.draft);
            if !is_draft || is_linked(item.move_id, indexes) {
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
        // A credit note is no payment, so its date says nothing about payments.
        let dated = bucket != Bucket::Unapplied || !item.falls_due;
        let due = item.due.filter(|_| dated);
        Some(Self { party: tables.party(item.company_id, partner), bucket, amount, due })
    }
}

/// Whether any item of the entry invoices an order line.
fn is_linked(move_id: i32, indexes: &Indexes) -> bool {
    indexes.items_of_move.members(move_id).any(|item| indexes.links.has(item))
}
