//! What a line may be: some items, paid in some way, or nothing that is open; and what speaks for it.

use crate::bits::Bits;
use crate::records::ItemId;

/// In which way a line pays its items.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The amounts agree.
    Exact,
    /// They agree but for a cent or a coin.
    Rounding,
    /// A discount was taken.
    Discount,
    /// A bank kept a fee.
    Fee,
    /// They agree at a rate of the day.
    Exchange,
    /// The line is less: the rest stays open.
    Part,
    /// The line is more: the rest is a credit.
    Over,
    /// A payment provider's payout, less its fees.
    Payout,
    /// Nothing that is open; lines like it are booked on this account.
    WriteOff(String),
    /// Nothing that is open.
    Nothing,
}

impl Kind {
    /// In one word.
    pub fn name(&self) -> String {
        match self {
            Self::Exact => "exact".into(),
            Self::Rounding => "rounding".into(),
            Self::Discount => "discount".into(),
            Self::Fee => "fee".into(),
            Self::Exchange => "exchange".into(),
            Self::Part => "partial".into(),
            Self::Over => "overpayment".into(),
            Self::Payout => "payout".into(),
            Self::WriteOff(account) => format!("write_off:{account}"),
            Self::Nothing => "none".into(),
        }
    }
}

/// What a piece of evidence is of. Pieces of one family are not independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// How often it is so.
    Prior,
    /// Numbers and references.
    Number,
    /// Who is on the other side.
    Payer,
    /// How much it is.
    Amount,
    /// When it is.
    Time,
    /// What words say.
    Words,
}

/// One thing that speaks for a hypothesis, or against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What it is of.
    pub family: Family,
    /// How much it says.
    pub bits: Bits,
    /// In words.
    pub what: &'static str,
}

/// What a line may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hypothesis {
    /// In which way.
    pub kind: Kind,
    /// The items, in order, and how much of each is paid, in the item's currency.
    pub allocations: Vec<(ItemId, i64)>,
    /// What the line has more than the items, in the line's currency.
    pub difference: i64,
    /// Whether the text names the difference, or it needs no name.
    pub is_explained: bool,
    /// What speaks for it.
    pub evidence: Vec<Evidence>,
    /// All of it together.
    pub score: Bits,
    /// Other sets of the same partner's items that would do as well.
    pub others: usize,
}

impl Hypothesis {
    /// The items, in order.
    pub fn items(&self) -> impl Iterator<Item = ItemId> {
        self.allocations.iter().map(|(id, _)| *id)
    }

    /// What a family says.
    pub fn of(&self, family: Family) -> Bits {
        self.evidence.iter().filter(|evidence| evidence.family == family).map(|evidence| evidence.bits).sum()
    }

    /// Whether both take one of the same items.
    pub fn shares(&self, other: &Self) -> bool {
        self.items().any(|id| other.items().any(|other| other == id))
    }

    /// Whether only one of both can be: they take one of the same items, and do not each pay a part of it that leaves room for the
    /// other's.
    pub fn rivals(&self, other: &Self) -> bool {
        self.shares(other) && !self.leaves_room_for(other)
    }

    fn leaves_room_for(&self, other: &Self) -> bool {
        match (&self.kind, &self.allocations[..], &other.kind, &other.allocations[..]) {
            (Kind::Part, [(_, paid)], Kind::Part, [(_, others)]) => {
                let open = paid.saturating_sub(self.difference);
                paid.saturating_add(*others).saturating_abs() <= open.saturating_abs()
            }
            _ => false,
        }
    }
}
