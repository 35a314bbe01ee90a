//! Payments and the matching of lines.

use crate::books::Books;
use crate::calendar::Day;
use crate::money::Cents;
use crate::tables::label::Label;
use crate::tables::{Row, Stamp, Table};
use crate::wire::layout::{Key, RowWriter};

pub(crate) const PAYMENT: &str = r"
    id=?; message_main_attachment_id=null; move_id=?; journal_id=?; company_id=?; partner_bank_id=null;
    paired_internal_transfer_payment_id=null; payment_method_line_id=?; payment_method_id=?;
    currency_id=?; partner_id=?; outstanding_account_id=?; destination_account_id=?; create_uid=?;
    write_uid=?; name=?; state=?; payment_type=?; partner_type=?; memo=?; payment_reference=null;
    date=?; amount=?; amount_company_currency_signed=?; is_reconciled=?; is_matched=?; is_sent=null;
    create_date=?; write_date=?; payment_transaction_id=null; payment_token_id=null;
    source_payment_id=null;
";

pub(crate) const PARTIAL_RECONCILE: &str = r"
    id=?; debit_move_id=?~0; credit_move_id=?~0; full_reconcile_id=?; exchange_move_id=?;
    debit_currency_id=?; credit_currency_id=?; company_id=?; create_uid=?; write_uid=?; max_date=?;
    amount=?; debit_amount_currency=?; credit_amount_currency=?; create_date=?; write_date=?;
";

pub(crate) const FULL_RECONCILE: &str = r"
    id=?; exchange_move_id=null; create_uid=?; write_uid=?; create_date=?; write_date=?;
";

pub(crate) const MOVE_PAYMENT: &str = "invoice_id=?; payment_id=?;";

/// How far a payment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Draft,
    InProcess,
    Paid,
    Cancelled,
}

/// A payment from a customer or to a vendor.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    /// The journal entry, known once posted.
    pub(crate) entry: u32,
    pub(crate) journal: u32,
    pub(crate) company: u32,
    pub(crate) currency: u32,
    pub(crate) partner: u32,
    pub(crate) outgoing: bool,
    /// To a vendor, not to or from a customer.
    pub(crate) to_vendor: bool,
    /// `0` where there will be no entry.
    pub(crate) outstanding: u32,
    pub(crate) destination: u32,
    pub(crate) name: Label,
    pub(crate) progress: Progress,
    pub(crate) memo: Label,
    pub(crate) date: Day,
    pub(crate) amount: Cents,
    /// In the company's currency, known last.
    pub(crate) signed: Option<Cents>,
    /// Whether it is matched, known once its entry is made.
    pub(crate) reconciled: Option<bool>,
    pub(crate) stamp: Stamp,
}

impl Row for Payment {
    const TABLE: Table = Table::Payment;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        row.int(id);
        row.id(self.entry);
        row.int(self.journal);
        row.int(self.company);
        let method = if self.outgoing { 2 } else { 1 };
        row.int(method);
        row.id(if self.signed.is_some() { method } else { 0 });
        row.int(self.currency);
        row.int(self.partner);
        row.id(if self.reconciled.is_some() { self.outstanding } else { 0 });
        row.int(self.destination);
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        row.label(self.name, books);
        row.text(match self.progress {
            Progress::Draft => "draft",
            Progress::InProcess => "in_process",
            Progress::Paid => "paid",
            Progress::Cancelled => "canceled",
        });
        row.text(if self.outgoing { "outbound" } else { "inbound" });
        row.text(if self.to_vendor { "supplier" } else { "customer" });
        row.label(self.memo, books);
        row.int(self.date);
        row.decimal(self.amount);
        row.known_decimal(self.signed.is_some(), self.signed.unwrap_or(0));
        row.known_bool(self.reconciled.is_some(), self.reconciled == Some(true));
        let settled_by_bank = self.outstanding == 0 && self.progress == Progress::Paid;
        row.known_bool(self.reconciled.is_some(), settled_by_bank);
        row.micros(self.stamp.created);
        row.micros(self.stamp.written);
    }
}

/// A match of a debit line with a credit line.
#[derive(Debug, Clone)]
pub(crate) struct PartialReconcile {
    pub(crate) debit: u32,
    pub(crate) credit: u32,
    pub(crate) full: u32,
    pub(crate) exchange: u32,
    pub(crate) date: Day,
    pub(crate) amount: Cents,
    pub(crate) debit_currency: Cents,
    pub(crate) credit_currency: Cents,
    pub(crate) stamp: Stamp,
}

impl Row for PartialReconcile {
    const TABLE: Table = Table::PartialReconcile;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        let (debit, credit) = (&books.lines[self.debit], &books.lines[self.credit]);
        row.int(id);
        row.int(self.debit);
        row.int(self.credit);
        row.id(self.full);
        row.id(self.exchange);
        row.int(debit.currency);
        row.int(credit.currency);
        row.int(books.moves[debit.entry].company);
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        row.int(self.date);
        row.decimal(self.amount);
        row.decimal(self.debit_currency);
        row.decimal(self.credit_currency);
        row.micros(self.stamp.created);
        row.micros(self.stamp.written);
    }
}

/// The record that all lines of a group of matches are settled.
#[derive(Debug, Clone)]
pub(crate) struct FullReconcile {
    pub(crate) stamp: Stamp,
}

impl Row for FullReconcile {
    const TABLE: Table = Table::FullReconcile;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(id);
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        row.micros(self.stamp.created);
        row.micros(self.stamp.written);
    }
}

/// Which invoice a payment was registered for.
#[derive(Debug, Clone)]
pub(crate) struct MovePayment {
    pub(crate) invoice: u32,
    pub(crate) payment: u32,
}

impl Row for MovePayment {
    const TABLE: Table = Table::MovePayment;

    fn key(&self, _: u32) -> Key {
        Key::Pair(self.invoice, self.payment)
    }

    fn write(&self, _: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(self.invoice);
        row.int(self.payment);
    }
}
