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
    /// What stays open of the one item that is paid in part, in the item's currency; 0 where there is none.
    pub rest: i64,
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

    /// Whether it can be beside others: no item that it takes is taken already, but for parts that together are not more than the item.
    pub fn fits(&self, others: &[&Self]) -> bool {
        self.allocations.iter().all(|(id, paid)| {
            let takers = others.iter().filter_map(|other| Some((other, other.paid(*id)?)));
            let (mut together, mut are_parts, mut are_any) = (*paid, self.rest != 0, false);
            for (other, amount) in takers {
                are_any = true;
                are_parts &= other.rest != 0;
                together = together.saturating_add(amount);
            }
            !are_any
                || are_parts && together.saturating_abs() <= paid.saturating_add(self.rest).saturating_abs()
        })
    }

    fn paid(&self, item: ItemId) -> Option<i64> {
        self.allocations.iter().find(|(id, _)| *id == item).map(|(_, paid)| *paid)
    }
}
