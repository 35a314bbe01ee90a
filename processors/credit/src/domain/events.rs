//! What is emitted. Amounts are decimal strings in the company's currency.

use chrono::NaiveDate;
use contract::Subject;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::store::{Check, Exposure, HoldStatus, RiskLevel};

contract::events! {
    /// All that is emitted.
    pub const EVENTS;

    "exposure_changed": ExposureChanged<'_>, |event| customer(event.company_id, event.partner_id);
    "score_changed": ScoreChanged<'_>, |event| customer(event.company_id, event.partner_id);
    "hold_placed": HoldPlaced<'_>, |event| customer(event.0.company_id, event.0.partner_id);
    "hold_suggested": HoldSuggested<'_>, |event| customer(event.0.company_id, event.0.partner_id);
    "hold_released": HoldReleased<'_>, |event| customer(event.company_id, event.partner_id);
    "limit_breach_predicted": LimitBreachPredicted<'_>, |event| customer(event.0.company_id, event.0.partner_id);
    "limit_breach_cleared": LimitBreachCleared<'_>, |event| customer(event.0.company_id, event.0.partner_id);
}

/// Order holds per company and customer.
fn customer(company: i32, partner: i32) -> Subject {
    Subject::in_company(company, format!("partner-{partner}"))
}

/// An exposure came, changed or went.
#[derive(Serialize)]
pub struct ExposureChanged<'a> {
    pub(super) company_id: i32,
    pub(super) partner_id: i32,
    pub(super) partner_name: &'a str,
    pub(super) currency: &'a str,
    /// `null` where there was none.
    pub(super) before: Option<Buckets>,
    /// `null` where there is none any more.
    pub(super) after: Option<Buckets>,
}

/// An exposure by bucket.
#[derive(Serialize)]
pub(super) struct Buckets {
    not_due: Decimal,
    overdue: Decimal,
    unapplied: Decimal,
    draft_invoiced: Decimal,
    to_invoice: Decimal,
    to_invoice_odoo: Decimal,
    committed: Decimal,
    total: Decimal,
    credit_limit: Option<Decimal>,
    oldest_due: Option<NaiveDate>,
}

impl Buckets {
    /// Those of a row; `scaled` gives amounts the currency's decimals.
    pub(super) fn from_row(row: &Exposure, scaled: impl Fn(Decimal) -> Decimal) -> Self {
        Self {
            not_due: scaled(row.not_due),
            overdue: scaled(row.overdue),
            unapplied: scaled(row.unapplied),
            draft_invoiced: scaled(row.draft_invoiced),
            to_invoice: scaled(row.to_invoice),
            to_invoice_odoo: scaled(row.to_invoice_odoo),
            committed: scaled(row.committed),
            total: scaled(row.total),
            credit_limit: row.credit_limit.map(&scaled),
            oldest_due: row.oldest_due,
        }
    }
}

/// A score moved by five points or more, or the risk level changed.
#[derive(Serialize)]
pub struct ScoreChanged<'a> {
    pub(super) company_id: i32,
    pub(super) partner_id: i32,
    pub(super) partner_name: &'a str,
    pub(super) before: Score,
    pub(super) after: Score,
    pub(super) payment_history: Option<Decimal>,
    pub(super) order_volume: Decimal,
    pub(super) experiences: i32,
    pub(super) failing: &'a [Check],
}

/// A score and a risk level as they are emitted.
#[derive(Serialize)]
pub(super) struct Score {
    pub(super) credit_score: Option<Decimal>,
    pub(super) risk_level: RiskLevel,
}

/// A check that fails, as events and audit rows show it.
#[derive(Debug, Serialize)]
pub(super) struct Failing {
    pub(super) check: Check,
    pub(super) figure: Option<Decimal>,
    pub(super) at: Decimal,
    pub(super) release: Decimal,
    pub(super) text: String,
}

/// A customer is held: why, what would release it, and the orders that wait.
#[derive(Serialize)]
#[serde(transparent)]
pub struct HoldPlaced<'a>(pub(super) HoldData<'a>);

/// A customer should be held, and the rule only lets it be suggested.
#[derive(Serialize)]
#[serde(transparent)]
pub struct HoldSuggested<'a>(pub(super) HoldData<'a>);

/// What both say.
#[derive(Serialize)]
pub(super) struct HoldData<'a> {
    pub(super) company_id: i32,
    pub(super) partner_id: i32,
    pub(super) partner_name: &'a str,
    pub(super) currency: &'a str,
    pub(super) total: Decimal,
    pub(super) credit_limit: Option<Decimal>,
    pub(super) checks: &'a [Failing],
    pub(super) missing: Option<Decimal>,
    pub(super) release: &'a str,
    pub(super) orders: &'a [i32],
    pub(super) order_numbers: Vec<&'a str>,
}

/// A hold or a suggestion of one is over: what it was, and why.
#[derive(Serialize)]
pub struct HoldReleased<'a> {
    pub(super) company_id: i32,
    pub(super) partner_id: i32,
    pub(super) partner_name: &'a str,
    pub(super) was: HoldStatus,
    pub(super) why: &'a str,
}

/// As things stand, the limit is going to be exceeded on a day.
#[derive(Serialize)]
#[serde(transparent)]
pub struct LimitBreachPredicted<'a>(pub(super) BreachData<'a>);

/// A breach that was predicted is not ahead any more.
#[derive(Serialize)]
#[serde(transparent)]
pub struct LimitBreachCleared<'a>(pub(super) BreachData<'a>);

/// What both say.
#[derive(Serialize)]
pub(super) struct BreachData<'a> {
    pub(super) company_id: i32,
    pub(super) partner_id: i32,
    pub(super) partner_name: &'a str,
    pub(super) credit_limit: Option<Decimal>,
    pub(super) total: Decimal,
    pub(super) breach_on: Option<NaiveDate>,
    pub(super) before: Option<NaiveDate>,
}
