//! What is concluded: exposures, assessments, holds, and the seed's `credit_scores`. Rows that people read have their JSON here too.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::FromRow;
use sqlx::types::Json;
use utoipa::ToSchema;

contract::text_enum! {
    /// A check: decisions.md, "Checks". They are shown in this order.
    pub enum Check {
        /// How much of the limit is used.
        Utilisation = "utilisation",
        /// The same, without orders that ship later.
        Horizon = "horizon",
        /// How long the oldest open item is overdue.
        OldestOpen = "oldest_open",
        /// How much of what is receivable is long overdue.
        OverdueShare = "overdue_share",
        /// How much of the limit one document takes.
        SingleDocument = "single_document",
        /// How long nothing was paid while something is overdue.
        NoPayment = "no_payment",
        /// How far the credit score fell.
        ScoreDrop = "score_drop",
    }
}

contract::text_enum! {
    /// How likely it is that a customer does not pay, the worst last.
    pub enum RiskLevel else Normal {
        /// Not scored yet: the seed's default.
        Normal = "normal",
        /// It pays.
        Low = "low",
        /// It pays late.
        Medium = "medium",
        /// It may not pay.
        High = "high",
        /// A check that holds fails.
        Critical = "critical",
    }
}

contract::table! {
    /// What a commercial partner owes a company, by bucket, in the company's currency.
    #[derive(Serialize, FromRow, ToSchema)]
    pub struct Exposure in "exposure" key (company_id: i32, partner_id: i32) {
        /// The partner's name.
        pub partner_name: String,
        /// The company's currency, as ISO 4217 code.
        pub currency: String,
        /// Receivable and not due.
        pub not_due: Decimal,
        /// Receivable and past its due date.
        pub overdue: Decimal,
        /// Credits and payments not applied to anything: negative.
        pub unapplied: Decimal,
        /// Draft invoices that no order accounts for.
        pub draft_invoiced: Decimal,
        /// Confirmed and not yet invoiced, nor paid in advance.
        pub to_invoice: Decimal,
        /// The same as Odoo has it, which counts posted down payments as if they were not there.
        pub to_invoice_odoo: Decimal,
        /// Ordered, and counted by nobody yet: what is invoiced by delivery and not delivered, and the like.
        pub committed: Decimal,
        /// The sum, without what only Odoo counts, and without what is committed unless the rule counts it.
        pub total: Decimal,
        /// The limit, if there is one: the customer's own, or the company's default.
        pub credit_limit: Option<Decimal>,
        /// Earliest due date of what is receivable.
        pub oldest_due: Option<NaiveDate>,
        /// When it last changed, by the task's clock.
        #[serde(serialize_with = "contract::api::time::serialize")]
        pub updated_at: DateTime<Utc>,
    }
}

contract::table! {
    /// How good a customer's credit is in a company, and which checks fail.
    pub struct Assessment in "assessment" key (company_id: i32, partner_id: i32) {
        /// Payments and overdue items that the payment history rests on.
        pub experiences: i32,
        /// 0 to 100; `None` for insufficient history.
        pub payment_history: Option<Decimal>,
        /// 0 to 100.
        pub order_volume: Decimal,
        /// 0 to 100; `None` without a payment history.
        pub credit_score: Option<Decimal>,
        /// The risk.
        pub risk_level: RiskLevel,
        /// The checks that fail.
        pub failing: Json<Vec<Check>>,
        /// When the limit is going to be exceeded, as things stand.
        pub breach_on: Option<NaiveDate>,
        /// Scores at the start of each day, the latest first, in hundredths.
        pub day_scores: String,
        /// The score that was last emitted.
        pub told_score: Option<Decimal>,
        /// The risk level that was last emitted.
        pub told_risk: RiskLevel,
        /// When it last changed, by the task's clock.
        pub updated_at: DateTime<Utc>,
    }
}

contract::table! {
    /// What payment histories of a company are measured against today.
    pub struct Norm in "norm" key (company_id: i32) {
        /// The mean value of all experiences.
        pub mean: f64,
        /// The day at whose start it was frozen.
        pub day: NaiveDate,
    }
}

contract::table! {
    /// A customer's revenue when the day began, where it was positive: order volumes are ranked among these.
    pub struct Ranked in "ranked" key (company_id: i32, partner_id: i32) {
        /// In ten-thousandths of the company's currency.
        pub revenue: i64,
    }
}

contract::text_enum! {
    /// What a hold is at present.
    pub enum HoldStatus {
        /// There is none; a person may have decided something.
        None = "none",
        /// The rule only watches: it would be suggested or placed.
        Shadow = "shadow",
        /// It is suggested to people.
        Suggested = "suggested",
        /// It is placed.
        Held = "held",
    }
}

contract::table! {
    /// A hold on a customer's undelivered orders in a company, and what people decided about it.
    #[derive(Serialize, FromRow, ToSchema)]
    pub struct Hold in "hold" key (company_id: i32, partner_id: i32) {
        /// What it is at present.
        pub status: HoldStatus,
        /// The checks that hold.
        #[schema(value_type = Vec<Check>)]
        pub checks: Json<Vec<Check>>,
        /// Why, in sentences.
        pub reason: String,
        /// What would release it, in sentences.
        pub release: String,
        /// The payment that would release it, where one would.
        pub missing: Option<Decimal>,
        /// Checks whose hold a person accepted when it was suggested, as long as they hold.
        #[schema(value_type = Vec<Check>)]
        pub accepted: Json<Vec<Check>>,
        /// Ids of the orders that it is about.
        #[schema(value_type = Vec<i32>)]
        pub orders: Json<Vec<i32>>,
        /// Since when it is what it is.
        #[serde(serialize_with = "contract::api::time::optional::serialize")]
        pub since: Option<DateTime<Utc>>,
        /// Checks that a person lets pass until they have passed by themselves.
        #[serde(skip)]
        pub released: Json<Vec<Check>>,
        /// No hold up to and including this day.
        pub exempt_until: Option<NaiveDate>,
        /// A limit in place of the customer's own …
        pub raised_limit: Option<Decimal>,
        /// … up to and including this day.
        pub raised_until: Option<NaiveDate>,
        /// Who decided last.
        pub person: Option<String>,
        /// Why.
        pub note: Option<String>,
        /// When it last changed, by the task's clock.
        #[serde(skip)]
        pub updated_at: DateTime<Utc>,
    }
}

contract::table! {
    /// A customer's line in the seed's `credit_scores`: all companies together, in the main company's currency.
    pub struct Score in public "credit_scores" key (customer_id: i32 as "int") {
        /// Its name, cut to what the column holds.
        pub customer_name: String as "text" or "''",
        /// The worst of its credit scores.
        pub credit_score: Option<Decimal> as "numeric",
        /// Sum of its limits; `None` where one company sets none.
        pub credit_limit: Option<Decimal> as "numeric",
        /// Sum of its exposures.
        pub current_exposure: Decimal as "numeric" or "0",
        /// Sum of what is overdue.
        pub overdue_amount: Decimal as "numeric" or "0",
        /// The worst of its payment histories.
        pub payment_history_score: Option<Decimal> as "numeric",
        /// The lowest of its order volumes.
        pub order_volume_score: Option<Decimal> as "numeric",
        /// The worst of its risk levels.
        pub risk_level: RiskLevel as "text" or "'normal'",
        /// Whether some company holds it.
        pub hold_active: bool as "bool" or "false",
        /// Why, by company.
        pub hold_reason: Option<String> as "text",
        /// When it last changed, by the task's clock.
        pub last_calculated: NaiveDateTime as "timestamp" or "'epoch'",
        /// When it came to be, by the task's clock.
        pub created_at: NaiveDateTime as "timestamp" or "'epoch'",
    }
}
