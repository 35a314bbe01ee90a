//! Where money counts.

use chrono::NaiveDate;
use contract::Money;

/// Who owes whom: a root company and a commercial partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Party {
    pub(super) company: i32,
    pub(super) partner: i32,
}

/// An exposure's key is its party.
pub(super) type Key = Party;

impl Party {
    /// Its key in the tables.
    pub(super) fn id(self) -> (i32, i32) {
        (self.company, self.partner)
    }
}

impl From<(i32, i32)> for Party {
    fn from((company, partner): (i32, i32)) -> Self {
        Self { company, partner }
    }
}

/// What kind of claim a journal item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bucket {
    NotDue,
    Overdue,
    Unapplied,
    DraftInvoiced,
    /// A draft's share that no order accounts for, while the rest of it does.
    Committed,
}

impl Bucket {
    pub(super) const COUNT: usize = 5;

    /// Whether it is a posted claim.
    pub(super) fn is_receivable(self) -> bool {
        matches!(self, Self::NotDue | Self::Overdue)
    }
}

/// What one journal item contributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) party: Party,
    pub(super) bucket: Bucket,
    pub(super) amount: Money,
    /// When an item is due; of a payment, its date.
    pub(super) due: Option<NaiveDate>,
}
