//! What is concluded: exposures, assessments, holds, and the seed's `credit_scores`.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rust_decimal::Decimal;

contract::table! {
    /// What a commercial partner owes a company, by bucket, in the company's currency.
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
        /// Confirmed and not yet invoiced.
        pub to_invoice: Decimal,
        /// The sum.
        pub total: Decimal,
        /// The explicit limit, if there is one.
        pub credit_limit: Option<Decimal>,
        /// Earliest due date of what is receivable.
        pub oldest_due: Option<NaiveDate>,
        /// When it last changed, by the unit's clock.
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
        /// low, medium, high, critical, or normal for "not scored yet".
        pub risk_level: String,
        /// Names of the checks that fail, with a comma between them.
        pub failing: String,
        /// When the limit is going to be exceeded, as things stand.
        pub breach_on: Option<NaiveDate>,
        /// Scores at the start of each day, the latest first, in hundredths.
        pub day_scores: String,
        /// The score that was last told.
        pub told_score: Option<Decimal>,
        /// The risk level that was last told.
        pub told_risk: String,
        /// When it last changed, by the unit's clock.
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

contract::table! {
    /// A hold on a customer's undelivered orders in a company, and what people decided about it.
    pub struct Hold in "hold" key (company_id: i32, partner_id: i32) {
        /// none, shadow, suggested or held.
        pub status: String,
        /// Names of the checks that hold, with a comma between them.
        pub checks: String,
        /// Why, in sentences.
        pub reason: String,
        /// What would release it, in sentences.
        pub release: String,
        /// The payment that would release it, where one would.
        pub missing: Option<Decimal>,
        /// Ids of the orders that it is about, with a comma between them.
        pub orders: String,
        /// Since when it is what it is.
        pub since: Option<DateTime<Utc>>,
        /// Checks that a person lets pass until they have passed by themselves.
        pub released: String,
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
        /// When it last changed, by the unit's clock.
        pub updated_at: DateTime<Utc>,
    }
}

contract::seed_table! {
    /// A customer's line in the seed's `credit_scores`: all companies together, in the main company's currency.
    pub struct Score in "credit_scores" key (customer_id: i32 as "int") {
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
        pub risk_level: String as "text" or "'normal'",
        /// Whether some company holds it.
        pub hold_active: bool as "bool" or "false",
        /// Why, by company.
        pub hold_reason: Option<String> as "text",
        /// When it last changed, by the unit's clock.
        pub last_calculated: NaiveDateTime as "timestamp" or "'epoch'",
        /// When it came to be, by the unit's clock.
        pub created_at: NaiveDateTime as "timestamp" or "'epoch'",
    }
}
