//! What people and other programs ask of the results: pages of them, and why a customer stands as it does.

use chrono::{DateTime, NaiveDate, Utc};
use contract::{Failure, RuleSet, Source};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use utoipa::ToSchema;

use crate::domain::Ledger;
use crate::store::Tables;

pub use crate::domain::explain::{
    BucketExplained, CheckExplained, DocumentExplained, Explanation, HoldExplained, PartExplained,
    ScoreExplained,
};

/// Which rows are wanted: those behind a key, at most so many.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Root company and partner of the last row that was read.
    pub after: (i32, i32),
    /// At most so many.
    pub limit: i64,
}

/// A customer's exposure and assessment in one company.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
pub struct ExposureLine {
    /// Root company.
    pub company_id: i32,
    /// Commercial partner.
    pub partner_id: i32,
    /// Its name.
    pub partner_name: String,
    /// ISO 4217 code; all amounts are in it.
    pub currency: String,
    /// Receivable and not due.
    pub not_due: Decimal,
    /// Receivable and past its due date.
    pub overdue: Decimal,
    /// Not applied to anything: negative.
    pub unapplied: Decimal,
    /// Draft invoices that no order accounts for.
    pub draft_invoiced: Decimal,
    /// Confirmed and not yet invoiced.
    pub to_invoice: Decimal,
    /// The sum.
    pub total: Decimal,
    /// The customer's own limit.
    pub credit_limit: Option<Decimal>,
    /// Earliest due date of what is receivable.
    pub oldest_due: Option<NaiveDate>,
    /// 0 to 100.
    pub credit_score: Option<Decimal>,
    /// low, medium, high, critical, or normal for "not scored yet".
    pub risk_level: Option<String>,
    /// Names of the checks that fail.
    pub failing: Option<String>,
    /// When the limit is going to be exceeded, as things stand.
    pub breach_on: Option<NaiveDate>,
    /// When the exposure last changed, by the stream's clock.
    pub updated_at: DateTime<Utc>,
}

/// A hold, or a suggestion of one.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
pub struct HoldLine {
    /// Root company.
    pub company_id: i32,
    /// Commercial partner.
    pub partner_id: i32,
    /// Its name.
    pub partner_name: Option<String>,
    /// none, shadow, suggested or held.
    pub status: String,
    /// Names of the checks that hold.
    pub checks: String,
    /// Why, in sentences.
    pub reason: String,
    /// What would release it, in sentences.
    pub release: String,
    /// The payment that would release it, where one would.
    pub missing: Option<Decimal>,
    /// Ids of the orders that it is about.
    pub orders: String,
    /// Since when it is what it is.
    pub since: Option<DateTime<Utc>>,
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
}

/// Exposures in the order of company and partner; only those above their limit, where `over_limit` says so.
pub async fn exposures(
    over_limit: bool,
    page: Page,
    connection: &mut PgConnection,
) -> sqlx::Result<Vec<ExposureLine>> {
    sqlx::query_as(
        "SELECT e.company_id, e.partner_id, partner_name, currency, not_due, overdue, unapplied, draft_invoiced, to_invoice,
             total, credit_limit, oldest_due, credit_score, risk_level, failing, breach_on, e.updated_at
         FROM credit.exposure AS e LEFT JOIN credit.assessment USING (company_id, partner_id)
         WHERE (company_id, partner_id) > ($1, $2) AND (NOT $3 OR (credit_limit > 0 AND total > credit_limit))
         ORDER BY company_id, partner_id LIMIT $4",
    )
    .bind(page.after.0)
    .bind(page.after.1)
    .bind(over_limit)
    .bind(page.limit)
    .fetch_all(connection)
    .await
}

/// Holds in the order of company and partner; only those with a status, where one is given.
pub async fn holds(
    status: Option<&str>,
    page: Page,
    connection: &mut PgConnection,
) -> sqlx::Result<Vec<HoldLine>> {
    sqlx::query_as(
        "SELECT company_id, partner_id, name AS partner_name, status, checks, reason, release, missing, orders, since,
             exempt_until, raised_limit, raised_until, person, note
         FROM credit.hold LEFT JOIN credit.partner ON partner.id = partner_id
         WHERE (company_id, partner_id) > ($1, $2) AND ($3::text IS NULL OR status = $3)
         ORDER BY company_id, partner_id LIMIT $4",
    )
    .bind(page.after.0)
    .bind(page.after.1)
    .bind(status)
    .bind(page.limit)
    .fetch_all(connection)
    .await
}

/// Why a customer stands as it does, in each company, as of the unit's clock and by the rules in force. A contact is taken for
/// its commercial partner. `None` where there is no such partner.
pub async fn explain(
    source: &Source,
    clock: DateTime<Utc>,
    rules: &RuleSet,
    partner: i32,
    connection: &mut PgConnection,
) -> Result<Option<(i32, String, Vec<Explanation>)>, Failure> {
    let commercial: Option<(i32, String)> = sqlx::query_as(
        "SELECT customer.id, customer.name FROM credit.partner AS asked
         JOIN credit.partner AS customer ON customer.id = asked.commercial_id WHERE asked.id = $1",
    )
    .bind(partner)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((id, name)) = commercial else { return Ok(None) };
    let tables = Tables::load_customer(id, connection).await?;
    let mut ledger = Ledger::new(tables, source.time_zone, source.main_company);
    ledger.rules(rules).map_err(Failure::permanent)?;
    ledger.resume(Some(clock));
    Ok(Some((id, name, ledger.explain(id, clock))))
}
