//! The tables of schema `reconciliation`, and the seed's `reconciliation_sessions`. Here are the source rows; `results` has what is
//! concluded, `learned` what was learned from lines that are done, `models` what people have set up in Odoo for lines like these.

mod learned;
mod models;
mod results;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sqlx::types::Json;

use crate::input::{ModelJournalKey, ModelPartnerKey, ModelTaxKey};

pub use learned::{Habit, JournalTrust, LearnedRule, LearnedText, LearnedWord, Refreshed, RuleKind};
pub use models::{Amount, How, Model, ModelJournal, ModelLine, ModelPartner, ModelPayer, ModelTax};
pub use results::{Allocation, BankLine, Evidence, LineStatus, Proposal, Refusal, Session, SessionStatus};

contract::table! {
    /// A company.
    pub struct Company in "company" key (id: i32) {
        /// The companies that it is a branch of, the root first, and itself.
        pub path: Json<Vec<i32>>,
        /// Its currency.
        pub currency_id: i32,
        /// The partner that it is itself.
        pub partner_id: Option<i32>,
    }
}

contract::table! {
    /// A currency.
    pub struct Currency in "currency" key (id: i32) {
        /// ISO 4217 code.
        pub name: String,
        /// Digits behind the point.
        pub decimals: i32,
    }
}

contract::table! {
    /// A rate: units of a currency for one of the company's.
    pub struct CurrencyRate in "currency_rate" key (id: i32) {
        /// The currency.
        pub currency_id: i32,
        /// The company that alone uses it.
        pub company_id: Option<i32>,
        /// The day from which it holds.
        pub day: NaiveDate,
        /// The rate.
        pub rate: Decimal,
    }
}

contract::table! {
    /// Somebody who pays, or is paid.
    pub struct Partner in "partner" key (id: i32) {
        /// Its name.
        pub name: String,
        /// The company that it belongs to, or itself.
        pub commercial_id: i32,
        /// The company that alone may see it.
        pub company_id: Option<i32>,
    }
}

contract::table! {
    /// A partner's bank account.
    pub struct PartnerBank in "partner_bank" key (id: i32) {
        /// Whose it is.
        pub partner_id: i32,
        /// Its number.
        pub number: String,
    }
}

contract::table! {
    /// A journal.
    pub struct Journal in "journal" key (id: i32) {
        /// Its company.
        pub company_id: i32,
        /// Short code.
        pub code: String,
        /// Whether statements are imported into it: a bank, a till, a credit card.
        pub moves_money: bool,
        /// The account of what is not matched yet.
        pub suspense_account_id: Option<i32>,
        /// Its currency where that is not the company's.
        pub currency_id: Option<i32>,
    }
}

contract::table! {
    /// An account of the ledger.
    pub struct Account in "account" key (id: i32) {
        /// Odoo's `account_type`.
        pub account_type: String,
        /// Whether its items are matched with each other.
        pub reconcile: bool,
        /// Its number, of whichever company has one.
        pub code: Option<String>,
    }
}

contract::table! {
    /// A journal entry that says more than its items do: an invoice, or that of a bank line.
    pub struct Entry in "entry" key (id: i32) {
        /// Odoo's `move_type`.
        pub move_type: String,
        /// Whether it is posted.
        pub posted: bool,
        /// Its day.
        pub day: Option<NaiveDate>,
        /// What the payer is asked to quote.
        pub payment_reference: Option<String>,
        /// What the other side calls it.
        pub reference: Option<String>,
        /// Notes, as HTML.
        pub narration: Option<String>,
        /// The bank line that it is of.
        pub line_id: Option<i32>,
    }
}

contract::table! {
    /// A posted journal item that is open, was matched, or is of a bank line.
    pub struct Item in "item" key (id: i32) {
        /// Its entry.
        pub move_id: i32,
        /// The entry's number.
        pub number: Option<String>,
        /// What the other side calls it.
        pub reference: Option<String>,
        /// Its company.
        pub company_id: i32,
        /// Whose it is.
        pub partner_id: Option<i32>,
        /// Its account.
        pub account_id: Option<i32>,
        /// Its currency.
        pub currency_id: Option<i32>,
        /// The whole amount in its currency; debit is positive.
        pub amount: Decimal,
        /// What is open of it, in its currency.
        pub residual: Decimal,
        /// Whether it is matched in full.
        pub reconciled: bool,
        /// Its day.
        pub day: NaiveDate,
        /// The day on which it is due.
        pub due: NaiveDate,
        /// The last day of a discount, …
        pub discount_day: Option<NaiveDate>,
        /// … and what is to be paid until then, in its currency.
        pub discounted: Option<Decimal>,
        /// Whether it is of a registered payment.
        pub of_payment: bool,
        /// Whether it is of a product: stock and cost, not what somebody owes.
        pub of_product: bool,
        /// The bank line that it is of.
        pub line_id: Option<i32>,
    }
}

contract::table! {
    /// Two items that are matched with each other.
    pub struct Partial in "partial" key (id: i32) {
        /// The debit item.
        pub debit_id: i32,
        /// The credit item.
        pub credit_id: i32,
        /// How much, in the debit item's currency, …
        pub debit_amount: Decimal,
        /// … and in the credit item's.
        pub credit_amount: Decimal,
    }
}

contract::table! {
    /// A line of a bank statement, as the bank and people have it.
    pub struct StatementLine in "statement_line" key (id: i32) {
        /// Its entry.
        pub move_id: i32,
        /// Its journal.
        pub journal_id: i32,
        /// Its company, where that is not the journal's.
        pub company_id: Option<i32>,
        /// Who is on the other side, where somebody says so.
        pub partner_id: Option<i32>,
        /// Their name, as the bank writes it.
        pub partner_name: Option<String>,
        /// Their account.
        pub account_number: Option<String>,
        /// What the payer wrote.
        pub label: Option<String>,
        /// What else the bank says, as JSON.
        pub details: Option<String>,
        /// What the bank knows it by.
        pub bank_id: Option<String>,
        /// What came, or went where it is negative, in the journal's currency.
        pub amount: Decimal,
        /// The currency in which it was paid, where that is another, …
        pub foreign_currency_id: Option<i32>,
        /// … and the amount in it.
        pub foreign_amount: Decimal,
        /// What is not matched of it, with the opposite sign; in the foreign currency where there is one.
        pub residual: Decimal,
        /// Whether it is done.
        pub reconciled: bool,
    }
}

contract::tables! {
    /// Everything that is stored.
    pub struct Tables;
    /// A row's new state; `None` when it is gone or cannot matter.
    pub enum RowChange;

    companies: Company from "res_company",
    currencies: Currency from "res_currency",
    rates: CurrencyRate from "res_currency_rate",
    partners: Partner from "res_partner",
    banks: PartnerBank from "res_partner_bank",
    journals: Journal from "account_journal",
    accounts: Account from "account_account",
    entries: Entry from "account_move",
    items: Item from "account_move_line",
    partials: Partial from "account_partial_reconcile",
    statement_lines: StatementLine from "account_bank_statement_line",
    models: Model from "account_reconcile_model",
    model_lines: ModelLine from "account_reconcile_model_line",
    model_taxes: ModelTax from "account_reconcile_model_line_account_tax_rel" by ModelTaxKey,
    model_payers: ModelPayer from "account_reconcile_model_partner_mapping",
    model_journals: ModelJournal from "account_journal_account_reconcile_model_rel" by ModelJournalKey,
    model_partners: ModelPartner from "account_reconcile_model_res_partner_rel" by ModelPartnerKey,
    lines: BankLine,
    proposals: Proposal,
    refusals: Refusal,
    sessions: Session,
    rules: LearnedRule,
    texts: LearnedText,
    words: LearnedWord,
    habits: Habit,
    trust: JournalTrust,
    refreshed: Refreshed,
}

impl Tables {
    /// The companies that a company is a branch of, the root first, and itself. What a branch has is theirs, too.
    pub fn path(&self, company: i32) -> &[i32] {
        self.companies.get(company).map_or(&[], |row| row.path.as_slice())
    }

    /// The company that a company is a branch of, in the end.
    pub fn root(&self, company: i32) -> i32 {
        self.path(company).first().copied().unwrap_or(company)
    }

    /// The company of a bank line.
    pub fn company_of(&self, line: &StatementLine) -> Option<i32> {
        line.company_id.or_else(|| self.journals.get(line.journal_id).map(|journal| journal.company_id))
    }

    /// How many decimals a currency has.
    pub fn decimals(&self, currency: i32) -> u32 {
        let decimals = self.currencies.get(currency).map_or(2, |row| row.decimals);
        u32::try_from(decimals).unwrap_or(2)
    }

    /// A currency's code.
    pub fn currency_code(&self, currency: i32) -> &str {
        self.currencies.get(currency).map_or("", |row| &row.name)
    }
}
