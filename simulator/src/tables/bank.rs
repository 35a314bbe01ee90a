//! Bank statement lines.

use crate::books::Books;
use crate::calendar::{Day, date_of};
use crate::money::Cents;
use crate::tables::label::Label;
use crate::tables::{Row, Stamp, Table};
use crate::wire::json;
use crate::wire::layout::RowWriter;

pub(crate) const BANK_LINE: &str = r"
    id=?; move_id=?; journal_id=?; company_id=?; statement_id=null; sequence=1; partner_id=?;
    currency_id=?; foreign_currency_id=null; create_uid=?; write_uid=?; account_number=null;
    partner_name=?; transaction_type=null; payment_ref=?; internal_index=?; transaction_details=null;
    amount=?; amount_currency=?; is_reconciled=?; create_date=?; write_date=?; amount_residual=?;
    reconcile_mode=?; reconcile_data=?;
";

/// A line of the bank's statement; its date and state are on its journal entry.
#[derive(Debug, Clone)]
pub(crate) struct BankLine {
    pub(crate) entry: u32,
    pub(crate) partner: u32,
    /// The name the bank gave.
    pub(crate) payer: Box<str>,
    /// The payment it is the bank's side of, `0` for none.
    pub(crate) payment: u32,
    pub(crate) reference: Label,
    pub(crate) day: Day,
    pub(crate) amount: Cents,
    /// What is not explained yet, known once the entry is posted.
    pub(crate) residual: Option<Cents>,
    pub(crate) reconciled: bool,
    /// Someone worked on it in the reconciliation view.
    pub(crate) edited: bool,
    pub(crate) stamp: Stamp,
}

impl Row for BankLine {
    const TABLE: Table = Table::BankLine;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        let entry = &books.moves[self.entry];
        let known = self.residual.is_some();
        row.int(id);
        row.int(self.entry);
        row.int(entry.journal);
        row.int(entry.company);
        row.id(self.partner);
        row.id(if known { entry.currency } else { 0 });
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        row.text(&self.payer);
        row.label(self.reference, books);
        if known {
            row.plain(|out| {
                let digits = date_of(self.day).format("%Y%m%d").to_string();
                out.extend_from_slice(digits.as_bytes());
                out.extend_from_slice(b"2147483646");
                json::padded(out, u64::from(id), 10);
            });
        } else {
            row.null();
        }
        row.decimal(self.amount);
        row.known_text(known, "0.0");
        row.known_bool(known, self.reconciled);
        row.micros(self.stamp.created);
        row.micros(self.stamp.written);
        match self.residual {
            Some(residual) => row.float(residual),
            None => row.null(),
        }
        row.known_text(self.edited, "edit");
        row.known_text(self.reconciled, "{}");
    }
}
