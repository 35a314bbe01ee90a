//! What the engine is told: open items, partners, bank lines. Amounts are in the currency's smallest unit, positive where money comes
//! in: customers' invoices and suppliers' credit notes are positive, bills and customers' credit notes negative. Days are days since 1970.

/// An open item's number: in Odoo the journal item's.
pub type ItemId = i32;
/// A partner's number.
pub type PartnerId = i32;
/// A bank line's number.
pub type LineId = i64;
/// Days since 1970-01-01.
pub type Day = i32;

/// A currency by its place in the list that the engine was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(pub u16);

/// What kind of document an item is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// It was not said; the sign says whether money comes or goes.
    #[default]
    Unknown,
    /// A customer's invoice.
    Invoice,
    /// A credit note, of ours or of a supplier.
    CreditNote,
    /// A supplier's bill.
    Bill,
    /// Money that goes back.
    Refund,
    /// A payment that is registered and not on any statement yet: an outstanding account.
    Payment,
    /// Money on its way from one of our own accounts to another.
    Transfer,
}

/// A discount for paying early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discount {
    /// The last day on which it may be taken.
    pub until: Day,
    /// What may be left out, with the item's sign.
    pub amount: i64,
}

/// What is printed on an item, in one piece of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    text: Box<str>,
    /// Where the number ends, and where the reference.
    ends: [u16; 2],
}

impl Names {
    /// A number such as `INV/2026/00012`; the structured reference that the payer is asked to quote; what the other side calls it:
    /// their order, their bill's number, a payment's memo. What there is none of is empty.
    pub fn new(number: &str, reference: &str, theirs: &str) -> Self {
        // What is longer than any number is no number.
        const LONGEST: usize = 200;
        let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
        let [number, reference, theirs] = [number, reference, theirs].map(cut);
        let end = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
        Self {
            ends: [end(number.len()), end(number.len() + reference.len())],
            text: (number + &reference + &theirs).into(),
        }
    }
}

/// The sum of amounts; what no bank can hold stays at the largest that a number can.
pub fn total(amounts: impl IntoIterator<Item = i64>) -> i64 {
    amounts.into_iter().fold(0, i64::saturating_add)
}

/// Something that is to be paid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// Its number.
    pub id: ItemId,
    /// What is printed on it.
    pub names: Names,
    /// Who owes, or is owed.
    pub partner: Option<PartnerId>,
    /// The day from which it is there.
    pub date: Day,
    /// The day on which it is due.
    pub due: Day,
    /// What is open.
    pub residual: i64,
    /// The currency that it is open in.
    pub currency: Currency,
    /// What kind of document it is.
    pub kind: Kind,
    /// A discount that may be taken.
    pub discount: Option<Box<Discount>>,
}

impl Item {
    /// What is printed on it: `INV/2026/00012`.
    pub fn number(&self) -> &str {
        &self.names.text[..usize::from(self.names.ends[0])]
    }

    /// The structured reference that the payer is asked to quote; empty where there is none.
    pub fn reference(&self) -> &str {
        &self.names.text[usize::from(self.names.ends[0])..usize::from(self.names.ends[1])]
    }

    /// What the other side calls it; empty where there is nothing.
    pub fn their_reference(&self) -> &str {
        &self.names.text[usize::from(self.names.ends[1])..]
    }
}

/// Somebody who pays, or is paid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partner {
    /// Its number.
    pub id: PartnerId,
    /// Its name.
    pub name: String,
    /// Its bank accounts.
    pub accounts: Vec<String>,
    /// The company that it belongs to.
    pub parent: Option<PartnerId>,
    /// Whether it is the company itself.
    pub own: bool,
}

/// A line of a bank statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub id: LineId,
    /// The journal that it is in.
    pub journal: i64,
    /// The day on which the bank booked it.
    pub date: Day,
    /// What came, or went where it is negative.
    pub amount: i64,
    /// Its currency.
    pub currency: Currency,
    /// What the payer wrote, and all else that the bank says of it.
    pub text: String,
    /// Who is on the other side, where the bank's file or a person says so.
    pub partner: Option<PartnerId>,
    /// The name of whoever is on the other side; empty where the bank does not say.
    pub name: String,
    /// Their account; empty where the bank does not say.
    pub account: String,
    /// What the bank knows it by; empty where it does not say.
    pub bank_id: String,
    /// What people have set up for lines like it.
    pub model: Model,
}

/// What people have set up in the accounting system for lines whose text fulfils a condition: in Odoo, reconciliation models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// Who is on the other side of them.
    pub partner: Option<PartnerId>,
    /// The account of the ledger that they are booked on; empty where none is named.
    pub account: String,
}
