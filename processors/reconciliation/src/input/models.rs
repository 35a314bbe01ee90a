//! Reconciliation models. Odoo 19 made them anew: a condition on any text of a line in place of one on each, no list of payers, and no
//! types. <https://github.com/odoo/odoo/blob/18.0/addons/account/models/account_reconcile_model.py>

use contract::column::{Numeric, Text};
use contract::{FromSource, Invalid, Kept, kept};
use rust_decimal::Decimal;
use serde::Deserialize;
use sqlx::types::Json;

use super::text;
use crate::store::{
    AmountCondition, Condition, How, Model, ModelJournal, ModelLine, ModelPartner, ModelPayer, On,
};

/// `account_reconcile_model`
#[derive(Deserialize)]
pub struct ModelColumns<'a> {
    active: Option<bool>,
    company_id: i32,
    sequence: Option<i32>,
    rule_type: Option<&'a str>,
    mapped_partner_id: Option<i32>,
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
        conditions from "match_label_param",
        conditions from "match_note_param",
        conditions from "match_transaction_details_param",
    ];

    /// One that books nothing by itself may say who is on the other side all the same. One that asks for the type of a transaction is
    /// not used: no line has that.
    fn from_columns(id: i32, columns: ModelColumns<'_>) -> Result<Option<Self>, Invalid> {
        if columns.active == Some(false) || columns.match_transaction_type.is_some() {
            return Ok(None);
        }
        let is_typed = columns.rule_type.is_some();
        let (on_label, regex) =
            if is_typed { (On::Label, How::Begins) } else { (On::Anywhere, How::Matches) };
        let conditions = [
            condition(on_label, columns.match_label, columns.match_label_param, regex),
            condition(On::Notes, columns.match_note, columns.match_note_param, How::Begins),
            condition(
                On::Details,
                columns.match_transaction_details,
                columns.match_transaction_details_param,
                How::Begins,
            ),
        ];
        Ok(Some(Self {
            id,
            company_id: columns.company_id,
            sequence: columns.sequence.unwrap_or(i32::MAX),
            books: columns.rule_type.is_none_or(|rule| rule == "writeoff_suggestion"),
            payer_id: columns.mapped_partner_id,
            needs_partner: columns.match_partner == Some(true),
            is_credit: match columns.match_nature {
                Some("amount_received") => Some(true),
                Some("amount_paid") => Some(false),
                _ => None,
            },
            amount: Json(amount(columns.match_amount, columns.match_amount_min, columns.match_amount_max)),
            conditions: Json(conditions.into_iter().flatten().collect()),
        }))
    }
}

/// A condition without a text is none.
fn condition(on: On, how: Option<&str>, what: Option<Text>, regex: How) -> Option<Condition> {
    let how = match how? {
        "contains" => How::Contains,
        "not_contains" => How::Lacks,
        "match_regex" => regex,
        _ => return None,
    };
    Some(Condition { on, how, text: text(what)? })
}

fn amount(how: Option<&str>, least: Option<Numeric>, most: Option<Numeric>) -> Option<AmountCondition> {
    let [least, most] =
        [least, most].map(|amount| amount.map_or(Decimal::ZERO, |amount| amount.0.normalize()));
    match how? {
        "lower" => Some(AmountCondition::Below(most)),
        "greater" => Some(AmountCondition::Above(least)),
        "between" => Some(AmountCondition::Between(least, most)),
        _ => None,
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
