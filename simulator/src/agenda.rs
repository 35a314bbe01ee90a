//! What will happen and when, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::calendar::{Day, Micros};
use crate::tables::sale::Purpose;

/// Something the company will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// A day begins: its business is put on the agenda.
    DayBegins(Day),
    Rates,
    NewCustomer,
    Contact(u32),
    SetLimit(u32),
    DefaultLimit,
    Rename,
    Move,
    ChangeAddress,
    Merge,
    Duplicate,
    PriceChange,
    LockSales,
    Quote,
    EditQuote(u32),
    CancelOrder(u32),
    DeleteQuote(u32),
    Confirm(u32),
    Deliver(u32),
    InvoiceOrder(u32),
    DraftInvoice,
    EditDraft(u32),
    DeleteDraft(u32),
    Post(u32),
    ResetToDraft(u32),
    Repost(u32),
    CancelInvoice(u32),
    CreditNote(u32),
    OpenCreditNote,
    Pay(u32),
    Advance,
    UseCredit(u32),
    UndoPayment(u32),
    CancelPayment(u32),
    BankForPayment(u32),
    MatchBankLine(u32, u32),
    Unreconcile(u32),
    Bill,
    PayBill(u32),
    FurtherOrder(Purpose),
    DownPayment(u32),
    TillDeposit(u32),
    CloseTill(u32),
    Expense(u32),
    InvoicePieces(u32),
    InvoicePart(u32),
    InvoiceMixed(u32),
    PayShort(u32),
    BadDebt(u32),
    PayWithoutEntry(u32),
    BankForInvoice(u32),
    PayOut(u32),
    BranchLimit,
}

/// Which business something belongs to. Each has random numbers of its own, so that what is added to the further one leaves the
/// usual one as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Business {
    /// What every company does.
    #[default]
    Usual,
    /// Down payments, dozens, write-offs, refunds and what else is rarer.
    Further,
}

/// The events to come.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    events: BinaryHeap<Reverse<(Micros, u64, Event, Business)>>,
    /// Events of the same time happen in the order they were planned.
    planned: u64,
}

impl Agenda {
    pub(crate) fn plan(&mut self, at: Micros, event: Event, business: Business) {
        self.planned += 1;
        self.events.push(Reverse((at, self.planned, event, business)));
    }

    pub(crate) fn next(&mut self) -> Option<(Micros, Event, Business)> {
        self.events.pop().map(|Reverse((at, _, event, business))| (at, event, business))
    }
}
