//! Where a journal item counts.

use chrono::NaiveDate;
use contract::Money;
use rust_decimal::Decimal;

use super::bucket::{Bucket, Part, Party};
use super::indexes::Indexes;
use crate::store::{Item, Tables};

impl Part {
    /// A receivable item counts by its residual: of a posted entry by its due date, negative ones and what was paid to the customer as
    /// not applied; of a draft invoice as far as no order accounts for it.
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
        let party = tables.party(item.company_id, partner);
        if item.draft {
            return Self::from_draft(item, party, amount, tables, indexes);
        }
        let bucket = if amount < Money::ZERO || tables.is_payout(item, indexes) {
            Bucket::Unapplied
        } else if item.due.is_some_and(|due| due < today) {
            Bucket::Overdue
        } else {
            Bucket::NotDue
        };
        // Only of money that came the date says something about payments.
        let dated = bucket != Bucket::Unapplied || (amount < Money::ZERO && tables.is_payment(item));
        Some(Self { party, bucket, amount, due: item.due.filter(|_| dated) })
    }

    /// All of a draft invoice that no order accounts for; of one that is for orders only in part, its other lines' share.
    fn from_draft(
        item: &Item,
        party: Party,
        amount: Money,
        tables: &Tables,
        indexes: &Indexes,
    ) -> Option<Self> {
        tables.invoices.get(item.move_id).filter(|row| row.draft)?;
        let lines = || indexes.items_of_move.members(item.move_id);
        if !lines().any(|line| indexes.links.has(line)) {
            return Some(Self { party, bucket: Bucket::DraftInvoiced, amount, due: item.due });
        }
        let drafted = |line: i32| {
            let line = tables.items.get(line).filter(|line| line.draft);
            line.and_then(|line| line.drafted).unwrap_or_default()
        };
        let all: Decimal = lines().map(drafted).fold(Decimal::ZERO, Decimal::saturating_add);
        let free = lines().filter(|line| !indexes.links.has(*line)).map(drafted);
        let free = free.fold(Decimal::ZERO, Decimal::saturating_add);
        let own = tables.currency_id(party.company).unwrap_or_default();
        let share = tables.rounded(item.residual.checked_mul(free)?.checked_div(all)?, own);
        let amount = Money::from_decimal(share).filter(|amount| *amount != Money::ZERO)?;
        Some(Self { party, bucket: Bucket::Committed, amount, due: item.due })
    }
}
