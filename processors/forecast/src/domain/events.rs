//! What is emitted. Consumers who keep the last shortfall event of each company know who will have too little.

use chrono::NaiveDate;
use contract::Subject;
use rust_decimal::Decimal;
use serde::Serialize;

use super::bridge::Moved;
use crate::store::Component;

contract::events! {
    /// All that is emitted.
    pub const EVENTS;

    "updated": Updated, |event| of(event.company_id);
    "shortfall_predicted": ShortfallPredicted, |event| of(event.company_id);
    "shortfall_cleared": ShortfallCleared, |event| of(event.company_id);
    "resolved": Resolved, |event| of(event.company_id);
}

/// A company's cash; that of the group has the number 0.
fn of(company: i32) -> Subject {
    Subject::in_company(company, "cash")
}

/// A forecast has moved by something that matters.
#[derive(Serialize)]
pub struct Updated {
    pub(super) company_id: i32,
    pub(super) currency: String,
    pub(super) forecast_date: NaiveDate,
    /// What there is.
    pub(super) opening: Decimal,
    /// The lowest balance within 181 days.
    pub(super) lowest: Decimal,
    pub(super) lowest_date: NaiveDate,
    /// What moves within thirty days, by component.
    pub(super) next_30_days: Vec<Moves>,
    /// The day whose balance has moved most since it was told.
    pub(super) target_date: NaiveDate,
    pub(super) balance: Decimal,
    /// By how much; all of it where nothing was told yet.
    pub(super) by: Decimal,
    /// What has moved it in this evaluation, the largest first.
    pub(super) because: Vec<Moved>,
}

/// What moves of a component.
#[derive(Serialize)]
pub struct Moves {
    pub(super) component: Component,
    pub(super) amount: Decimal,
}

/// There will be too little.
#[derive(Serialize)]
pub struct ShortfallPredicted {
    pub(super) company_id: i32,
    pub(super) currency: String,
    /// The first day on which there is.
    pub(super) first_day: NaiveDate,
    pub(super) balance: Decimal,
    pub(super) floor: Decimal,
    /// The lowest balance from then on.
    pub(super) lowest: Decimal,
    pub(super) lowest_date: NaiveDate,
    /// What takes most until then, and what comes too late.
    pub(super) drivers: Vec<Driver>,
}

/// A document that leads to a shortfall.
#[derive(Serialize)]
pub struct Driver {
    pub(super) kind: crate::store::Kind,
    pub(super) id: i32,
    pub(super) name: String,
    pub(super) partner_id: Option<i32>,
    /// How much: negative where it goes out until then, positive where it comes in later.
    pub(super) amount: Decimal,
    pub(super) expected: Option<NaiveDate>,
}

/// There will be enough after all.
#[derive(Serialize)]
pub struct ShortfallCleared {
    pub(super) company_id: i32,
    pub(super) floor: Decimal,
    pub(super) lowest: Decimal,
    pub(super) lowest_date: NaiveDate,
}

/// A day has passed.
#[derive(Serialize)]
pub struct Resolved {
    pub(super) company_id: i32,
    pub(super) target_date: NaiveDate,
    /// The balance at its end.
    pub(super) actual: Decimal,
    /// What had been predicted.
    pub(super) predictions: Vec<Prediction>,
}

/// What was predicted for a day.
#[derive(Serialize)]
pub struct Prediction {
    pub(super) days_ahead: i32,
    pub(super) predicted: Decimal,
    pub(super) low: Decimal,
    pub(super) high: Decimal,
}
