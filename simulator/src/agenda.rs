//! What will happen and when, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::calendar::{Day, Micros};

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
}

/// The events to come.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    events: BinaryHeap<Reverse<(Micros, u64, Event)>>,
    /// Events of the same time happen in the order they were planned.
    planned: u64,
}

impl Agenda {
    pub(crate) fn plan(&mut self, at: Micros, event: Event) {
        self.planned += 1;
        self.events.push(Reverse((at, self.planned, event)));
    }

    pub(crate) fn next(&mut self) -> Option<(Micros, Event)> {
        self.events.pop().map(|Reverse((at, _, event))| (at, event))
    }
}
