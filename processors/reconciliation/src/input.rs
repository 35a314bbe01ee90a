//! The columns that are read, and which rows can matter.

mod models;

use contract::column::{Date, Numeric, PerCompany, Text};
use contract::{FromSource, Invalid, Kept, kept};
use rust_decimal::Decimal;
use serde::Deserialize;
use sqlx::types::Json;

pub use models::{
    ModelColumns, ModelJournalKey, ModelLineColumns, ModelPartnerKey, ModelPayerColumns, ModelTaxKey,
};

use crate::store::{
    Account, Company, Currency, CurrencyRate, Entry, Item, Journal, Partial, Partner, PartnerBank,
    StatementLine,
};

/// `res_company`
#[derive(Deserialize)]
pub struct CompanyColumns {
    parent_path: Option<Text>,
    currency_id: i32,
    partner_id: Option<i32>,
}

impl FromSource for Company {
    type Columns<'a> = CompanyColumns;
    const KEPT: &'static [Kept<Self>] = kept![path from "parent_path"];

    /// `parent_path` is `1/3/` for company 3, a branch of company 1.
    fn from_columns(id: i32, columns: CompanyColumns) -> Result<Option<Self>, Invalid> {
        let path = columns.parent_path.unwrap_or_default().0;
        let mut path: Vec<i32> = path.split('/').filter_map(|id| id.parse().ok()).collect();
        if path.last() != Some(&id) {
            path.push(id);
        }
        let CompanyColumns { currency_id, partner_id, .. } = columns;
        Ok(Some(Self { id, path: Json(path), currency_id, partner_id }))
    }
}

/// `res_currency`
#[derive(Deserialize)]
pub struct CurrencyColumns {
    name: Text,
    decimal_places: Option<i32>,
}

impl FromSource for Currency {
    type Columns<'a> = CurrencyColumns;
    const KEPT: &'static [Kept<Self>] = kept![name];

    fn from_columns(id: i32, columns: CurrencyColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self { id, name: columns.name.0, decimals: columns.decimal_places.unwrap_or(2).clamp(0, 4) }))
    }
}

/// `res_currency_rate`
#[derive(Deserialize)]
pub struct RateColumns {
    currency_id: i32,
    company_id: Option<i32>,
    name: Option<Date>,
    rate: Option<Numeric>,
}

impl FromSource for CurrencyRate {
    type Columns<'a> = RateColumns;

    fn from_columns(id: i32, columns: RateColumns) -> Result<Option<Self>, Invalid> {
        let RateColumns { currency_id, company_id, name, rate } = columns;
        let known = name.zip(rate).filter(|(_, rate)| rate.0 > Decimal::ZERO);
        Ok(known.map(|(Date(day), Numeric(rate))| Self { id, currency_id, company_id, day, rate }))
    }
}

/// `res_partner`
#[derive(Deserialize)]
pub struct PartnerColumns {
    name: Option<Text>,
    commercial_partner_id: Option<i32>,
    company_id: Option<i32>,
}

impl FromSource for Partner {
    type Columns<'a> = PartnerColumns;
    const KEPT: &'static [Kept<Self>] = kept![name];

    /// An archived partner may pay, too.
    fn from_columns(id: i32, columns: PartnerColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self {
            id,
            name: columns.name.unwrap_or_default().0,
            commercial_id: columns.commercial_partner_id.unwrap_or(id),
            company_id: columns.company_id,
        }))
    }
}

/// `res_partner_bank`
#[derive(Deserialize)]
pub struct PartnerBankColumns {
    partner_id: Option<i32>,
    acc_number: Option<Text>,
}

impl FromSource for PartnerBank {
    type Columns<'a> = PartnerBankColumns;
    const KEPT: &'static [Kept<Self>] = kept![number from "acc_number"];

    fn from_columns(id: i32, columns: PartnerBankColumns) -> Result<Option<Self>, Invalid> {
        let number = columns.acc_number.unwrap_or_default().0;
        Ok(columns.partner_id.map(|partner_id| Self { id, partner_id, number }))
    }
}

/// `account_journal`
#[derive(Deserialize)]
pub struct JournalColumns<'a> {
    r#type: &'a str,
    code: Option<Text>,
    company_id: i32,
    suspense_account_id: Option<i32>,
    currency_id: Option<i32>,
}

impl FromSource for Journal {
    type Columns<'a> = JournalColumns<'a>;
    const KEPT: &'static [Kept<Self>] = kept![code];

    fn from_columns(id: i32, columns: JournalColumns<'_>) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self {
            id,
            company_id: columns.company_id,
            code: columns.code.unwrap_or_default().0,
            moves_money: matches!(columns.r#type, "bank" | "cash" | "credit"),
            suspense_account_id: columns.suspense_account_id,
            currency_id: columns.currency_id,
        }))
    }
}

/// `account_account`
#[derive(Deserialize)]
pub struct AccountColumns {
    account_type: Text,
    reconcile: Option<bool>,
    code_store: Option<PerCompany<String>>,
    code: Option<Text>,
}

impl FromSource for Account {
    type Columns<'a> = AccountColumns;
    const KEPT: &'static [Kept<Self>] = kept![account_type, code from "code_store"];

    /// From Odoo 18 on each company has a number of its own for an account.
    fn from_columns(id: i32, columns: AccountColumns) -> Result<Option<Self>, Invalid> {
        let of_companies = columns.code_store.and_then(|codes| codes.0.into_values().flatten().next());
        let code = of_companies.or(columns.code.map(|code| code.0)).filter(|code| !code.contains('\0'));
        Ok(Some(Self {
            id,
            account_type: columns.account_type.0,
            reconcile: columns.reconcile == Some(true),
            code,
        }))
    }
}

/// `account_move`
#[derive(Deserialize)]
pub struct EntryColumns<'a> {
    state: &'a str,
    move_type: &'a str,
    date: Option<Date>,
    payment_reference: Option<Text>,
    r#ref: Option<Text>,
    narration: Option<Text>,
    statement_line_id: Option<i32>,
}

impl FromSource for Entry {
    type Columns<'a> = EntryColumns<'a>;
    const KEPT: &'static [Kept<Self>] = kept![payment_reference, reference from "ref", narration];

    /// Of documents, what the payer may quote; of bank lines, their day and what else they say. Of any other entry its items say all.
    fn from_columns(id: i32, columns: EntryColumns<'_>) -> Result<Option<Self>, Invalid> {
        let of_line = columns.statement_line_id.is_some();
        if columns.move_type == "entry" && !of_line {
            return Ok(None);
        }
        Ok(Some(Self {
            id,
            move_type: columns.move_type.to_owned(),
            posted: columns.state == "posted",
            day: columns.date.map(|date| date.0),
            payment_reference: text(columns.payment_reference),
            reference: text(columns.r#ref),
            narration: text(columns.narration).filter(|_| of_line),
            line_id: columns.statement_line_id,
        }))
    }
}

/// `account_move_line`
#[derive(Deserialize)]
pub struct ItemColumns<'a> {
    move_id: i32,
    move_name: Option<&'a str>,
    r#ref: Option<Text>,
    company_id: i32,
    partner_id: Option<i32>,
    account_id: Option<i32>,
    currency_id: Option<i32>,
    amount_currency: Option<Numeric>,
    amount_residual_currency: Option<Numeric>,
    reconciled: Option<bool>,
    date: Option<Date>,
    date_maturity: Option<Date>,
    discount_date: Option<Date>,
    discount_amount_currency: Option<Numeric>,
    payment_id: Option<i32>,
    product_id: Option<i32>,
    statement_line_id: Option<i32>,
    parent_state: Option<&'a str>,
}

impl FromSource for Item {
    type Columns<'a> = ItemColumns<'a>;
    const KEPT: &'static [Kept<Self>] = kept![reference from "ref"];

    fn from_columns(id: i32, columns: ItemColumns<'_>) -> Result<Option<Self>, Invalid> {
        let reconciled = columns.reconciled == Some(true);
        let residual = amount(columns.amount_residual_currency);
        let matters = !residual.is_zero() || reconciled || columns.statement_line_id.is_some();
        let Some(Date(day)) = columns.date.filter(|_| matters && columns.parent_state == Some("posted"))
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            move_id: columns.move_id,
            number: columns.move_name.filter(|name| *name != "/").map(ToOwned::to_owned),
            reference: text(columns.r#ref),
            company_id: columns.company_id,
            partner_id: columns.partner_id,
            account_id: columns.account_id,
            currency_id: columns.currency_id,
            amount: amount(columns.amount_currency),
            residual,
            reconciled,
            day,
            due: columns.date_maturity.map_or(day, |date| date.0),
            discount_day: columns.discount_date.map(|date| date.0),
            discounted: columns.discount_amount_currency.map(|amount| amount.0),
            of_payment: columns.payment_id.is_some(),
            of_product: columns.product_id.is_some(),
            line_id: columns.statement_line_id,
        }))
    }
}

/// `account_partial_reconcile`
#[derive(Deserialize)]
pub struct PartialColumns {
    debit_move_id: i32,
    credit_move_id: i32,
    debit_amount_currency: Option<Numeric>,
    credit_amount_currency: Option<Numeric>,
}

impl FromSource for Partial {
    type Columns<'a> = PartialColumns;

    /// One without an amount in either item's currency settles an exchange difference.
    fn from_columns(id: i32, columns: PartialColumns) -> Result<Option<Self>, Invalid> {
        let debit_amount = amount(columns.debit_amount_currency);
        let credit_amount = amount(columns.credit_amount_currency);
        let (debit_id, credit_id) = (columns.debit_move_id, columns.credit_move_id);
        let settles = !debit_amount.is_zero() || !credit_amount.is_zero();
        Ok(settles.then_some(Self { id, debit_id, credit_id, debit_amount, credit_amount }))
    }
}

/// `account_bank_statement_line`
#[derive(Deserialize)]
pub struct StatementLineColumns {
    move_id: i32,
    journal_id: Option<i32>,
    company_id: Option<i32>,
    partner_id: Option<i32>,
    partner_name: Option<Text>,
    account_number: Option<Text>,
    payment_ref: Option<Text>,
    transaction_details: Option<Text>,
    unique_import_id: Option<Text>,
    amount: Option<Numeric>,
    foreign_currency_id: Option<i32>,
    amount_currency: Option<Numeric>,
    amount_residual: Option<Numeric>,
    is_reconciled: Option<bool>,
}

impl FromSource for StatementLine {
    type Columns<'a> = StatementLineColumns;
    const KEPT: &'static [Kept<Self>] =
        kept![partner_name, account_number, label from "payment_ref", details from "transaction_details"];

    fn from_columns(id: i32, columns: StatementLineColumns) -> Result<Option<Self>, Invalid> {
        let Some(journal_id) = columns.journal_id else { return Ok(None) };
        // One without an amount in it was chosen and not filled in.
        let foreign_amount = amount(columns.amount_currency);
        let foreign_currency_id = columns.foreign_currency_id.filter(|_| !foreign_amount.is_zero());
        Ok(Some(Self {
            id,
            move_id: columns.move_id,
            journal_id,
            company_id: columns.company_id,
            partner_id: columns.partner_id,
            partner_name: text(columns.partner_name),
            account_number: text(columns.account_number),
            label: text(columns.payment_ref),
            details: text(columns.transaction_details),
            bank_id: text(columns.unique_import_id),
            amount: amount(columns.amount),
            foreign_currency_id,
            foreign_amount: if foreign_currency_id.is_some() { foreign_amount } else { Decimal::ZERO },
            residual: amount(columns.amount_residual),
            reconciled: columns.is_reconciled == Some(true),
        }))
    }
}

fn amount(amount: Option<Numeric>) -> Decimal {
    amount.unwrap_or_default().0.normalize()
}

/// A value that says something.
fn text(text: Option<Text>) -> Option<String> {
    text.map(|text| text.0).filter(|text| !text.trim().is_empty())
}
