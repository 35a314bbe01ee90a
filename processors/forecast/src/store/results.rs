//! What is expected: of each document, of each company, of the group.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;

use crate::domain::Settings;
use crate::domain::expected::Expected;

contract::text_enum! {
    /// What a document is.
    pub enum Kind {
        /// A journal item that somebody owes, or that is owed: Odoo's `account.move.line`.
        Item = "item",
        /// A journal item of a payment that the bank has not confirmed, or that is dated later.
        UnderWay = "under_way",
        /// A registered payment without a journal entry: Odoo's `account.payment`.
        Payment = "payment",
        /// A sales order, as far as it is not invoiced.
        SaleOrder = "sale_order",
        /// A purchase order, as far as it is not billed.
        PurchaseOrder = "purchase_order",
        /// An opportunity that is open.
        Lead = "lead",
        /// Payments that come again, without a document yet: `forecast.repetition`.
        Repetition = "repetition",
        /// What forecasts miss again and again: the number of the company.
        Residual = "residual",
    }
}

contract::text_enum! {
    /// What an expected payment is of.
    pub enum Component {
        /// What customers owe.
        Ar = "ar",
        /// What is owed to others.
        Ap = "ap",
        /// What is ordered, or may be.
        Pipeline = "pipeline",
        /// What comes again without a document.
        Recurring = "recurring",
    }
}

contract::table! {
    /// A document, and when it is paid.
    #[derive(Serialize, ToSchema)]
    pub struct Document in "document" key (kind: Kind, id: i32) {
        /// Its root company.
        pub company_id: i32,
        /// What its payments are of.
        pub component: Component,
        /// Who pays or is paid, by the commercial partner.
        pub partner_id: Option<i32>,
        /// What it is called.
        pub name: String,
        /// Its currency.
        pub currency_id: i32,
        /// The day on which it is due, confirmed, or expected to close.
        pub due: Option<NaiveDate>,
        /// How much may move, in the company's currency: what is open after credits, or what it would bring. Money that goes out is
        /// positive in `ap`, and negative in `recurring`.
        pub amount: Decimal,
        /// The same for the group, in its currency; 0 where it is between companies of the group.
        pub group_amount: Decimal,
        /// By how much one payment deviates, in the company's currency, where amounts vary.
        pub deviation: Decimal,
        /// How much is expected on which day; what is missing to `amount` comes later or never.
        #[schema(value_type = BTreeMap<NaiveDate, Decimal>)]
        pub expected: Json<Expected>,
        /// The same before the evaluation that changed it last; nothing where that was the day's first.
        #[serde(skip)]
        pub before: Option<Json<Expected>>,
        /// The same at the end of the day before.
        #[serde(skip)]
        pub day_before: Json<Expected>,
        /// The number of the evaluation that changed it last.
        #[serde(skip)]
        pub evaluation: i32,
        /// What its days rest on, in words.
        pub why: String,
        /// Why nothing is expected of it, where something in it cannot be used.
        pub problem: Option<String>,
    }
}

impl Document {
    /// What its amounts are multiplied with to be positive where money comes in.
    pub fn sign(&self) -> i64 {
        if self.component == Component::Ap { -1 } else { 1 }
    }

    /// How many decimals its company's figures have.
    pub fn decimals(&self) -> u32 {
        self.amount.scale()
    }
}

contract::table! {
    /// What a company expects for a day, in its currency.
    #[derive(Serialize, ToSchema)]
    pub struct CompanyForecast in "company_forecast" key (company_id: i32, id: i32) {
        /// The day on which it was forecast.
        pub forecast_date: NaiveDate,
        /// The day that it is about; beyond ninety days the last one of its week.
        pub target_date: NaiveDate,
        /// The balance at its end.
        pub predicted_balance: Decimal,
        /// Four times of five it is at least this, …
        pub confidence_low: Decimal,
        /// … and at most this.
        pub confidence_high: Decimal,
        /// What customers pay.
        pub ar_expected: Decimal,
        /// What is paid to others.
        pub ap_expected: Decimal,
        /// What orders and opportunities bring.
        pub pipeline_expected: Decimal,
        /// What comes again, and …
        pub recurring_expected: Decimal,
        /// … what of it is for what forecasts miss again and again.
        pub residual_expected: Decimal,
        /// By how much what customers pay up to this day deviates from what is expected.
        pub ar_deviation: Decimal,
        /// The same of what is paid to others.
        pub ap_deviation: Decimal,
        /// The same of orders and opportunities.
        pub pipeline_deviation: Decimal,
        /// The same of what comes again.
        pub recurring_deviation: Decimal,
    }
}

contract::table! {
    /// A row of `cash_forecasts`: what the group expects for a day, in the main company's currency.
    #[derive(Serialize, ToSchema)]
    pub struct CashForecast in public "cash_forecasts" key (id: i32 as "int") {
        /// The day on which it was forecast.
        pub forecast_date: NaiveDate as "date",
        /// The day that it is about; beyond ninety days the last one of its week.
        pub target_date: NaiveDate as "date",
        /// The balance at its end.
        pub predicted_balance: Decimal as "numeric",
        /// Four times of five it is at least this, …
        pub confidence_low: Decimal as "numeric" or "0",
        /// … and at most this.
        pub confidence_high: Decimal as "numeric" or "0",
        /// What customers pay.
        pub ar_expected: Decimal as "numeric" or "0",
        /// What is paid to others.
        pub ap_expected: Decimal as "numeric" or "0",
        /// What orders and opportunities bring.
        pub pipeline_expected: Decimal as "numeric" or "0",
        /// What comes again.
        pub recurring_expected: Decimal as "numeric" or "0",
        /// How it was made.
        pub model_version: String as "text" or "''",
        /// When it was evaluated, by the task's clock.
        #[serde(serialize_with = "contract::api::time::utc::serialize")]
        #[schema(value_type = DateTime<Utc>)]
        pub created_at: NaiveDateTime as "timestamp" or "'epoch'",
    }
}

contract::table! {
    /// A row of `forecast_accuracy_log`: what was predicted for a day that has passed, and what was.
    #[derive(Serialize, ToSchema)]
    pub struct Accuracy in public "forecast_accuracy_log" key (id: i32 as "int") {
        /// The row of `cash_forecasts`.
        pub forecast_id: i32 as "int",
        /// The day.
        pub target_date: NaiveDate as "date",
        /// What was predicted.
        pub predicted_balance: Decimal as "numeric" or "0",
        /// What was.
        pub actual_balance: Decimal as "numeric" or "0",
        /// How much more was predicted, in per cent of what was; nothing where that is 0.
        pub error_pct: Option<Decimal> as "numeric",
        /// When it was known, by the task's clock.
        #[serde(serialize_with = "contract::api::time::utc::serialize")]
        #[schema(value_type = DateTime<Utc>)]
        pub logged_at: NaiveDateTime as "timestamp" or "'epoch'",
    }
}

/// What was told of a company last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The balances, by day.
    pub balances: Expected,
    /// The first day on which there is too little, where that was told.
    pub shortfall: Option<NaiveDate>,
    /// The lowest balance that was told with it.
    pub lowest: Option<Decimal>,
    /// Whether it was written down alone, because the rule lets nobody be told.
    pub is_silent: bool,
}

contract::table! {
    /// Where a company stands today; the group has the number 0.
    #[derive(Serialize, ToSchema)]
    pub struct Position in "position" key (company_id: i32) {
        /// Its currency.
        pub currency_id: i32,
        /// The day.
        pub forecast_date: NaiveDate,
        /// When it was evaluated, by the task's clock.
        pub evaluated_at: DateTime<Utc>,
        /// The number of the evaluation.
        pub evaluation: i32,
        /// What there is: banks, tills, and what is between two of them.
        pub opening: Decimal,
        /// The same in the evaluation before.
        pub opening_before: Decimal,
        /// The same at the end of the day before.
        pub opening_day_before: Decimal,
        /// Below this there is too little.
        pub floor: Decimal,
        /// The first day on which there will be too little.
        pub shortfall: Option<NaiveDate>,
        /// The first day on which there may be too little, one time of ten.
        pub at_risk: Option<NaiveDate>,
        /// The lowest balance within 181 days, …
        pub lowest: Decimal,
        /// … and its day.
        pub lowest_date: NaiveDate,
        /// What was told last.
        #[serde(skip)]
        pub told: Json<Told>,
        /// What could not be used in it.
        pub problem: Option<String>,
    }
}

contract::table! {
    /// How far evaluations are. There is one row.
    pub struct Clock in "clock" key (id: i32) {
        /// The day of the forecast.
        pub day: NaiveDate,
        /// When something was evaluated last.
        pub evaluated_at: DateTime<Utc>,
        /// When what has changed since is evaluated.
        pub due_at: Option<DateTime<Utc>>,
        /// How many evaluations there were.
        pub evaluation: i32,
        /// The highest number of a repetition.
        pub last_repetition: i32,
        /// The highest number of a scenario.
        pub last_scenario: i32,
        /// The settings by which was evaluated.
        pub settings: Json<Settings>,
    }
}
