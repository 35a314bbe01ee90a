//! Reconciliation models: what people have set up in Odoo for lines that fulfil certain conditions.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

contract::table! {
    /// A reconciliation model that is active, and says what lines have to be.
    pub struct Model in "model" key (id: i32) {
        /// The company whose lines it is for, and those of its branches.
        pub company_id: i32,
        /// Of several that fit, the one with the smallest is meant, then the one with the smallest id.
        pub sequence: i32,
        /// Whether lines are booked as its own lines say.
        pub books: bool,
        /// Who is on the other side.
        pub payer_id: Option<i32>,
        /// Whether a line has to have a partner.
        pub needs_partner: bool,
        /// Whether a line has to come in, or to go out.
        pub is_credit: Option<bool>,
        /// How much a line has to be.
        pub amount: Json<Option<AmountCondition>>,
        /// What has to be written on a line: all of it.
        pub conditions: Json<Vec<Condition>>,
    }
}

/// How much a line has to be, in the journal's currency; whether it comes in or goes out does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountCondition {
    /// Less than this.
    Below(Decimal),
    /// More than this.
    Above(Decimal),
    /// From the first to the second.
    Between(Decimal, Decimal),
}

/// What has to be written on a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Where.
    pub on: On,
    /// How `text` is compared with it; capitals do not matter.
    pub how: How,
    /// A piece of text, or a regular expression.
    pub text: String,
}

/// Where something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// In the label.
    Label,
    /// In the notes.
    Notes,
    /// In what else the bank says.
    Details,
    /// In any of them.
    Anywhere,
}

/// How a text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It has the piece of text.
    Contains,
    /// It does not have it.
    Lacks,
    /// It begins as the regular expression says.
    Begins,
    /// The regular expression is found in it.
    Matches,
}

contract::table! {
    /// What a model books.
    pub struct ModelLine in "model_line" key (id: i32) {
        /// The model.
        pub model_id: i32,
        /// The account of the ledger.
        pub account_id: Option<i32>,
        /// Whether it takes all that is left of the bank line.
        pub is_whole: bool,
    }
}

contract::table! {
    /// Who is on the other side of lines with certain texts, up to Odoo 18.
    pub struct ModelPayer in "model_payer" key (id: i32) {
        /// The model.
        pub model_id: i32,
        /// Who is on the other side.
        pub payer_id: i32,
        /// What the label begins with, as a regular expression; capitals matter.
        pub label: Option<String>,
        /// What the notes begin with.
        pub notes: Option<String>,
    }
}

contract::table! {
    /// A journal whose lines alone a model is for.
    pub struct ModelJournal in "model_journal" key (model_id: i32, journal_id: i32) {}
}

contract::table! {
    /// A partner whose lines alone a model is for.
    pub struct ModelPartner in "model_partner" key (model_id: i32, partner_id: i32) {}
}
