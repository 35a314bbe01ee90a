//! Whether an item is money that came or went, rather than something that was only written in the books.

use rust_decimal::Decimal;

use super::indexes::Indexes;
use crate::store::{Item, Tables};

impl Tables {
    /// Whether an item is of a payment, of a bank line, or of a journal through which money moves. A write-off, an exchange difference
    /// or a bad debt is in another journal. Where the feed does not have the journal, any item is taken for a payment.
    pub(super) fn is_payment(&self, item: &Item) -> bool {
        if item.falls_due {
            return false;
        }
        let journal = item.journal_id.and_then(|journal| self.journals.get(journal));
        item.of_payment || journal.is_none_or(|journal| journal.moves_money)
    }

    /// Whether an open debit is what was paid to a customer: no claim, but a payment that is not applied to its credit note yet. Where
    /// the feed does not have the journal, it is one that is as large as an open credit note of the same partner's.
    pub(super) fn is_payout(&self, item: &Item, indexes: &Indexes) -> bool {
        if item.falls_due || !item.debit {
            return false;
        }
        if item.journal_id.is_some() || item.of_payment {
            let journal = item.journal_id.and_then(|journal| self.journals.get(journal));
            return item.of_payment || journal.is_some_and(|journal| journal.moves_money);
        }
        let Some(partner) = item.partner_id else { return false };
        let others = indexes.items_of_partner.members(partner).filter_map(|other| self.items.get(other));
        let mut notes = others.filter(|other| is_credit_note(other) && other.company_id == item.company_id);
        notes.any(|note| {
            note.residual == -item.residual && note.account_id.is_some_and(|id| self.is_receivable(id))
        })
    }
}

/// Whether it is what is left of a posted credit note.
pub(super) fn is_credit_note(item: &Item) -> bool {
    item.falls_due && !item.draft && item.residual < Decimal::ZERO
}
