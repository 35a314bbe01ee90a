//! One module per area of Odoo's models: the columns of each table and the row that fills them.

pub(crate) mod accounting;
pub(crate) mod bank;
pub(crate) mod company;
pub(crate) mod invoice;
pub(crate) mod label;
pub(crate) mod mail;
pub(crate) mod partner;
pub(crate) mod payment;
pub(crate) mod product;
pub(crate) mod sale;
pub(crate) mod stock;
pub(crate) mod till;

use crate::books::Books;
use crate::calendar::Micros;
use crate::wire::layout::{Key, RowWriter};

/// A row that knows its table and writes its own columns.
pub(crate) trait Row {
    const TABLE: Table;

    fn key(&self, id: u32) -> Key {
        Key::Id(id)
    }

    /// Writes every varying column of the table's layout, in order.
    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books);
}

/// Who made a row and who last wrote it, and when: the start of that transaction.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stamp {
    pub(crate) created: Micros,
    pub(crate) written: Micros,
    pub(crate) creator: u8,
    pub(crate) writer: u8,
}

macro_rules! tables {
    ($($variant:ident $name:literal $keys:literal $size:literal $columns:path;)*) => {
        /// The captured tables, in the order a snapshot reads them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Table { $($variant),* }

        impl Table {
            pub(crate) const ALL: &'static [Table] = &[$(Table::$variant),*];
            pub(crate) const COUNT: usize = Self::ALL.len();

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The column list that the layout is compiled from.
            pub(crate) fn columns(self) -> &'static str {
                match self { $(Self::$variant => $columns),* }
            }

            /// How many of the first columns are the primary key.
            pub(crate) fn key_columns(self) -> usize {
                match self { $(Self::$variant => $keys),* }
            }

            /// Room for a change record of this table, so that its buffer grows rarely.
            pub(crate) fn usual_size(self) -> usize {
                match self { $(Self::$variant => $size),* }
            }
        }
    };
}

tables! {
    Account "account_account" 1 1024 accounting::ACCOUNT;
    AccountCompany "account_account_res_company_rel" 2 768 accounting::ACCOUNT_COMPANY;
    BankLine "account_bank_statement_line" 1 1536 bank::BANK_LINE;
    FullReconcile "account_full_reconcile" 1 768 payment::FULL_RECONCILE;
    Journal "account_journal" 1 1536 accounting::JOURNAL;
    Move "account_move" 1 2688 invoice::MOVE;
    MovePayment "account_move__account_payment" 2 768 payment::MOVE_PAYMENT;
    MoveLine "account_move_line" 1 2176 invoice::MOVE_LINE;
    MoveLineTax "account_move_line_account_tax_rel" 2 768 invoice::MOVE_LINE_TAX;
    PartialReconcile "account_partial_reconcile" 1 1152 payment::PARTIAL_RECONCILE;
    Payment "account_payment" 1 1536 payment::PAYMENT;
    PaymentTerm "account_payment_term" 1 1152 accounting::PAYMENT_TERM;
    PaymentTermLine "account_payment_term_line" 1 1024 accounting::PAYMENT_TERM_LINE;
    Tax "account_tax" 1 1280 accounting::TAX;
    MergeWizard "base_partner_merge_automatic_wizard" 1 1152 partner::MERGE_WIZARD;
    Default "ir_default" 1 896 company::DEFAULT;
    ModelField "ir_model_fields" 1 1280 company::MODEL_FIELD;
    Message "mail_message" 1 1664 mail::MESSAGE;
    Tracking "mail_tracking_value" 1 1152 mail::TRACKING;
    PosOrder "pos_order" 1 1536 till::POS_ORDER;
    PosLine "pos_order_line" 1 1536 till::POS_LINE;
    Product "product_product" 1 1152 product::PRODUCT;
    Template "product_template" 1 2048 product::TEMPLATE;
    Company "res_company" 1 4096 company::COMPANY;
    Currency "res_currency" 1 1024 company::CURRENCY;
    CurrencyRate "res_currency_rate" 1 896 company::CURRENCY_RATE;
    Partner "res_partner" 1 2944 partner::PARTNER;
    SaleOrder "sale_order" 1 2048 sale::ORDER;
    SaleOrderLine "sale_order_line" 1 1920 sale::ORDER_LINE;
    SaleOrderLineInvoice "sale_order_line_invoice_rel" 2 768 sale::ORDER_LINE_INVOICE;
    StockMove "stock_move" 1 1792 stock::MOVE;
    StockPicking "stock_picking" 1 1408 stock::PICKING;
    UnitOfMeasure "uom_uom" 1 896 product::UNIT;
}
