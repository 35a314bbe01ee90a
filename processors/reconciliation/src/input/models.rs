//! Reconciliation models. Odoo 19 made them anew: one condition on any text of a line in place of one on each, no list of payers, no
//! types. A database that comes from an older one may have the columns of both; what is said here is what its version reads.
//! <https://github.com/odoo/odoo/blob/18.0/addons/account/models/account_reconcile_model.py>
//! <https://github.com/odoo/odoo/blob/19.0/addons/account/models/account_reconcile_model.py>

use contract::column::{Numeric, Text};
use contract::{FromSource, Invalid, Kept, kept};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::text;
use crate::store::{Model, ModelJournal, ModelLine, ModelPartner, ModelPayer, ModelTax};

/// `account_reconcile_model`
#[derive(Deserialize)]
pub struct ModelColumns<'a> {
    active: Option<bool>,
    company_id: i32,
    sequence: Option<i32>,
    /// From Odoo 19 on.
    trigger: Option<&'a str>,
    created_automatically: Option<bool>,
    mapped_partner_id: Option<i32>,
    /// Up to Odoo 18.
    rule_type: Option<&'a str>,
    match_partner: Option<bool>,
    match_nature: Option<&'a str>,
    match_amount: Option<&'a str>,
    match_amount_min: Option<Numeric>,
    match_amount_max: Option<Numeric>,
    match_label: Option<&'a str>,
    match_label_param: Option<Text>,
    match_note: Option<&'a str>,
    match_note_param: Option<Text>,
    match_transaction_details: Option<&'a str>,
    match_transaction_details_param: Option<Text>,
    match_transaction_type: Option<&'a str>,
}

impl FromSource for Model {
    type Columns<'a> = ModelColumns<'a>;
    const KEPT: &'static [Kept<Self>] = kept![
        label_text from "match_label_param",
        notes_text from "match_note_param",
        details_text from "match_transaction_details_param",
    ];

    /// What Odoo has made of bookings by itself is learned here from the same bookings.
    fn from_columns(id: i32, columns: ModelColumns<'_>) -> Result<Option<Self>, Invalid> {
        if columns.active == Some(false) || columns.created_automatically == Some(true) {
            return Ok(None);
        }
        let is_former = columns.trigger.is_none();
        let kind = columns.rule_type.filter(|_| is_former);
        let how = |how: Option<&str>| how.and_then(|how| how.parse().ok());
        let former = |column: Option<&str>| how(column.filter(|_| is_former));
        Ok(Some(Self {
            id,
            company_id: columns.company_id,
            sequence: columns.sequence.unwrap_or(i32::MAX),
            is_former,
            books: kind.is_none_or(|kind| kind == "writeoff_suggestion"),
            names: kind.is_none_or(|kind| kind != "writeoff_button"),
            asks_more: is_former && columns.match_transaction_type.is_some(),
            payer_id: columns.mapped_partner_id.filter(|_| !is_former),
            needs_partner: is_former && columns.match_partner == Some(true),
            is_credit: match columns.match_nature.filter(|_| is_former) {
                Some("amount_received") => Some(true),
                Some("amount_paid") => Some(false),
                _ => None,
            },
            amount: columns.match_amount.and_then(|amount| amount.parse().ok()),
            least: columns.match_amount_min.unwrap_or_default().0.normalize(),
            most: columns.match_amount_max.unwrap_or_default().0.normalize(),
            label: how(columns.match_label),
            label_text: text(columns.match_label_param),
            notes: former(columns.match_note),
            notes_text: text(columns.match_note_param),
            details: former(columns.match_transaction_details),
            details_text: text(columns.match_transaction_details_param),
        }))
    }
}

/// `account_reconcile_model_line`
#[derive(Deserialize)]
pub struct ModelLineColumns<'a> {
    model_id: Option<i32>,
    account_id: Option<i32>,
    amount_type: Option<&'a str>,
    amount: Option<Numeric>,
}

impl FromSource for ModelLine {
    type Columns<'a> = ModelLineColumns<'a>;

    fn from_columns(id: i32, columns: ModelLineColumns<'_>) -> Result<Option<Self>, Invalid> {
        let is_share = matches!(columns.amount_type, Some("percentage" | "percentage_st_line"));
        let is_whole = is_share && columns.amount.is_some_and(|amount| amount.0 == Decimal::ONE_HUNDRED);
        let account_id = columns.account_id;
        Ok(columns.model_id.map(|model_id| Self { id, model_id, account_id, is_whole }))
    }
}

/// The key of `account_reconcile_model_line_account_tax_rel`, which is all that its rows have.
#[derive(Deserialize)]
pub struct ModelTaxKey {
    account_reconcile_model_line_id: i32,
    account_tax_id: i32,
}

impl From<ModelTaxKey> for (i32, i32) {
    fn from(key: ModelTaxKey) -> Self {
        (key.account_reconcile_model_line_id, key.account_tax_id)
    }
}

impl FromSource for ModelTax {
    type Columns<'a> = ModelTaxKey;

    fn from_columns((model_line_id, tax_id): (i32, i32), _: ModelTaxKey) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self { model_line_id, tax_id }))
    }
}

/// `account_reconcile_model_partner_mapping`
#[derive(Deserialize)]
pub struct ModelPayerColumns {
    model_id: Option<i32>,
    partner_id: Option<i32>,
    payment_ref_regex: Option<Text>,
    narration_regex: Option<Text>,
}

impl FromSource for ModelPayer {
    type Columns<'a> = ModelPayerColumns;
    const KEPT: &'static [Kept<Self>] = kept![label from "payment_ref_regex", notes from "narration_regex"];

    fn from_columns(id: i32, columns: ModelPayerColumns) -> Result<Option<Self>, Invalid> {
        let (label, notes) = (text(columns.payment_ref_regex), text(columns.narration_regex));
        let of = columns.model_id.zip(columns.partner_id);
        Ok(of.map(|(model_id, payer_id)| Self { id, model_id, payer_id, label, notes }))
    }
}

/// The key of `account_journal_account_reconcile_model_rel`, which is all that its rows have.
#[derive(Deserialize)]
pub struct ModelJournalKey {
    account_reconcile_model_id: i32,
    account_journal_id: i32,
}

impl From<ModelJournalKey> for (i32, i32) {
    fn from(key: ModelJournalKey) -> Self {
        (key.account_reconcile_model_id, key.account_journal_id)
    }
}

impl FromSource for ModelJournal {
    type Columns<'a> = ModelJournalKey;

    fn from_columns((model_id, journal_id): (i32, i32), _: ModelJournalKey) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self { model_id, journal_id }))
    }
}

/// The key of `account_reconcile_model_res_partner_rel`, which is all that its rows have.
#[derive(Deserialize)]
pub struct ModelPartnerKey {
    account_reconcile_model_id: i32,
    res_partner_id: i32,
}

impl From<ModelPartnerKey> for (i32, i32) {
    fn from(key: ModelPartnerKey) -> Self {
        (key.account_reconcile_model_id, key.res_partner_id)
    }
}

impl FromSource for ModelPartner {
    type Columns<'a> = ModelPartnerKey;

    fn from_columns((model_id, partner_id): (i32, i32), _: ModelPartnerKey) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self { model_id, partner_id }))
    }
}
