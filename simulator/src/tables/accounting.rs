//! The chart of accounts, journals, taxes and payment terms: master data of each root company.

use crate::books::Books;
use crate::calendar::Micros;
use crate::tables::{Row, Table};
use crate::wire::json;
use crate::wire::layout::{Key, RowWriter};

pub(crate) const ACCOUNT: &str = r"
    id=?; currency_id=null; create_uid=1; write_uid=1; account_type=?; name=?; code_store=?; note=null;
    deprecated=false; reconcile=?; non_trade=false; create_date=?; write_date=?;
";

pub(crate) const ACCOUNT_COMPANY: &str = "account_account_id=?; res_company_id=?;";

pub(crate) const JOURNAL: &str = r#"
    id=?; alias_id=null; default_account_id=?; suspense_account_id=?; sequence=10; currency_id=null;
    company_id=?; profit_account_id=null; loss_account_id=null; bank_account_id=null; create_uid=1;
    write_uid=1; color=0; access_token=null; code=?; type=?; invoice_reference_type="invoice";
    invoice_reference_model="odoo"; bank_statements_source="undefined"; name=?;
    sequence_override_regex=null; active=true; autocheck_on_post=true; restrict_mode_hash_table=null;
    refund_sequence=?; payment_sequence=?; show_on_dashboard=?; create_date=?; write_date=?;
    reconcile_mode="edit"; reconcile_aggregate=null;
"#;

pub(crate) const TAX: &str = r#"
    id=?; company_id=?; sequence=1; tax_group_id=?; cash_basis_transition_account_id=null; country_id=?;
    create_uid=1; write_uid=1; type_tax_use=?; tax_scope=null; amount_type="percent";
    price_include_override=null; tax_exigibility="on_invoice"; name=?; description=null;
    invoice_label=null; invoice_legal_notes=null; amount=?; active=true; include_base_amount=false;
    is_base_affected=true; analytic=null; create_date=?; write_date=?;
"#;

pub(crate) const PAYMENT_TERM: &str = r#"
    id=?; company_id=null; sequence=10; discount_days=10; create_uid=1; write_uid=1;
    early_pay_discount_computation="included"; name=?; note=?; active=true; display_on_invoice=true;
    early_discount=null; create_date=?; write_date=?; discount_percentage=2.0;
"#;

pub(crate) const PAYMENT_TERM_LINE: &str = r#"
    id=?; nb_days=?; payment_id=?; create_uid=1; write_uid=1; value="percent"; delay_type="days_after";
    days_next_month="10"; value_amount=?; create_date=?; write_date=?;
"#;

/// What an account is used for; each root company has one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Receivable,
    Payable,
    Income,
    Expense,
    TaxReceived,
    TaxPaid,
    Bank,
    Suspense,
    OutstandingReceipts,
    OutstandingPayments,
    ExchangeGain,
    ExchangeLoss,
    WriteOff,
    BadDebt,
    Cash,
}

/// Code, name, type and whether it can be reconciled, in the order of [`Use`].
const CHART: [(u32, &str, &str, bool); 15] = [
    (121_000, "Trade Receivables", "asset_receivable", true),
    (211_000, "Trade Payables", "liability_payable", true),
    (400_000, "Sales of Goods", "income", false),
    (600_000, "Purchases", "expense", false),
    (251_000, "Sales Tax Due", "liability_current", false),
    (131_000, "Purchase Tax Paid", "asset_current", false),
    (101_401, "Main Bank", "asset_cash", false),
    (101_402, "Bank Clearing", "asset_current", false),
    (101_403, "Receipts in Transit", "asset_current", true),
    (101_404, "Payments in Transit", "asset_current", true),
    (441_000, "Exchange Gains", "income_other", false),
    (641_000, "Exchange Losses", "expense", false),
    (642_000, "Small Differences", "expense", false),
    (643_000, "Bad Debts", "expense", false),
    (101_501, "Cash", "asset_cash", false),
];

/// The account of a root company, counted from 0, for a use.
pub(crate) fn account(root: u32, of: Use) -> u32 {
    root * u32::try_from(CHART.len()).unwrap_or(0) + of as u32 + 1
}

/// Whether lines of an account are matched with each other, or are money in the bank: those have a residual.
pub(crate) fn keeps_residual(account: u32) -> bool {
    let (_, _, kind, reconcile) = CHART[used_for(account)];
    account != 0 && (reconcile || kind == "asset_cash")
}

/// Whether an account counts in its partner's receivable balance.
pub(crate) fn is_receivable(account: u32) -> bool {
    account != 0 && used_for(account) == Use::Receivable as usize
}

fn used_for(account: u32) -> usize {
    (account as usize).saturating_sub(1) % CHART.len()
}

/// An account of a chart; which one follows from its id.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) company: u32,
    pub(crate) created: Micros,
}

impl Account {
    /// All accounts of one root company.
    pub(crate) fn chart(company: u32, created: Micros) -> impl Iterator<Item = Self> {
        CHART.iter().map(move |_| Self { company, created })
    }
}

impl Row for Account {
    const TABLE: Table = Table::Account;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        let (code, name, kind, reconcile) = CHART[used_for(id)];
        row.int(id);
        row.text(kind);
        row.translated(name);
        row.plain(|out| {
            out.extend_from_slice(b"{\\\"");
            json::unsigned(out, u64::from(self.company));
            out.extend_from_slice(b"\\\": \\\"");
            json::unsigned(out, u64::from(code));
            out.extend_from_slice(b"\\\"}");
        });
        row.bool(reconcile);
        row.micros(self.created);
        row.micros(self.created);
    }
}

/// The companies an account belongs to.
#[derive(Debug, Clone)]
pub(crate) struct AccountCompany {
    pub(crate) account: u32,
    pub(crate) company: u32,
}

impl Row for AccountCompany {
    const TABLE: Table = Table::AccountCompany;

    fn key(&self, _: u32) -> Key {
        Key::Pair(self.account, self.company)
    }

    fn write(&self, _: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(self.account);
        row.int(self.company);
    }
}

/// The journals of a root company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Book {
    Sales,
    Purchases,
    Exchange,
    Bank,
    General,
}

/// In the order of [`Book`]; nothing is entered into the till's own journal.
const JOURNALS: [(&str, &str, &str, Option<Use>); 6] = [
    ("INV", "sale", "Sales Invoices", Some(Use::Income)),
    ("BILL", "purchase", "Purchase Bills", Some(Use::Expense)),
    ("EXCH", "general", "Exchange Differences", None),
    ("BNK1", "bank", "Main Bank", Some(Use::Bank)),
    ("MISC", "general", "Miscellaneous Operations", None),
    ("CSH1", "cash", "Till", Some(Use::Cash)),
];

/// The journal of a root company, counted from 0.
pub(crate) fn journal(root: u32, book: Book) -> u32 {
    root * u32::try_from(JOURNALS.len()).unwrap_or(0) + book as u32 + 1
}

/// A journal; which one follows from its id.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    pub(crate) root: u32,
    pub(crate) company: u32,
    pub(crate) created: Micros,
}

impl Journal {
    /// All journals of one root company.
    pub(crate) fn all(root: u32, company: u32, created: Micros) -> impl Iterator<Item = Self> {
        JOURNALS.iter().map(move |_| Self { root, company, created })
    }
}

impl Row for Journal {
    const TABLE: Table = Table::Journal;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        let (code, kind, name, of) = JOURNALS[(id as usize).saturating_sub(1) % JOURNALS.len()];
        row.int(id);
        row.id(of.map_or(0, |of| account(self.root, of)));
        let holds_money = matches!(kind, "bank" | "cash");
        row.id(if holds_money { account(self.root, Use::Suspense) } else { 0 });
        row.int(self.company);
        row.text(code);
        row.text(kind);
        row.translated(name);
        row.bool(matches!(kind, "sale" | "purchase"));
        row.bool(holds_money);
        row.bool(kind != "general");
        row.micros(self.created);
        row.micros(self.created);
    }
}

/// The tax rate on taxed products, in percent.
pub(crate) const TAX_PERCENT: i64 = 20;

/// A company's tax on sales (odd id) or purchases (even id).
#[derive(Debug, Clone)]
pub(crate) struct Tax {
    pub(crate) company: u32,
    pub(crate) created: Micros,
}

/// The tax on sales of a root company, counted from 0.
pub(crate) fn sales_tax(root: u32) -> u32 {
    root * 2 + 1
}

/// The tax on purchases of a root company, counted from 0.
pub(crate) fn purchase_tax(root: u32) -> u32 {
    root * 2 + 2
}

impl Row for Tax {
    const TABLE: Table = Table::Tax;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(id);
        row.int(self.company);
        row.int(id.div_ceil(2));
        row.int(233);
        row.text(if id % 2 == 1 { "sale" } else { "purchase" });
        row.translated("20% Sales Tax");
        row.text("20.0000");
        row.micros(self.created);
        row.micros(self.created);
    }
}

/// Days until each share of an invoice is due.
pub(crate) struct Terms {
    name: &'static str,
    /// Percent and days of each instalment.
    pub(crate) parts: &'static [(i64, i32)],
}

/// The payment terms; a term's id is its position here, counted from 1.
pub(crate) const TERMS: [Terms; 7] = [
    Terms { name: "On Receipt", parts: &[(100, 0)] },
    Terms { name: "14 Days Net", parts: &[(100, 14)] },
    Terms { name: "21 Days Net", parts: &[(100, 21)] },
    Terms { name: "30 Days Net", parts: &[(100, 30)] },
    Terms { name: "45 Days Net", parts: &[(100, 45)] },
    Terms { name: "60 Days Net", parts: &[(100, 60)] },
    Terms { name: "40% in 10 Days, Rest in 40 Days", parts: &[(40, 10), (60, 40)] },
];

/// The instalments of a term by its id; an unknown term is due at once.
pub(crate) fn instalments(term: u32) -> &'static [(i64, i32)] {
    TERMS.get((term as usize).wrapping_sub(1)).map_or(&[(100, 0)], |term| term.parts)
}

#[derive(Debug, Clone)]
pub(crate) struct PaymentTerm {
    pub(crate) created: Micros,
}

impl Row for PaymentTerm {
    const TABLE: Table = Table::PaymentTerm;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        let name = TERMS.get((id as usize).wrapping_sub(1)).map_or("", |term| term.name);
        row.int(id);
        row.translated(name);
        row.null();
        row.micros(self.created);
        row.micros(self.created);
    }
}

#[derive(Debug, Clone)]
pub(crate) struct PaymentTermLine {
    pub(crate) term: u32,
    pub(crate) percent: i64,
    pub(crate) days: i32,
    pub(crate) created: Micros,
}

impl Row for PaymentTermLine {
    const TABLE: Table = Table::PaymentTermLine;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(id);
        row.int(self.days);
        row.int(self.term);
        row.plain(|out| {
            json::unsigned(out, self.percent.unsigned_abs());
            out.extend_from_slice(b".000000");
        });
        row.micros(self.created);
        row.micros(self.created);
    }
}
