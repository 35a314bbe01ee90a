//! What people and other programs ask of the results: pages of them, and why a customer stands as it does.

use chrono::{DateTime, NaiveDate, Utc};
use contract::{Failure, RuleSet, Source};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use utoipa::ToSchema;

use crate::domain::{Settings, State};
use crate::store::{Check, Exposure, Hold, RiskLevel, Tables};
use crate::{HOLD, NAME, domain};

pub use crate::domain::explain::{
    BucketExplained, CheckExplained, DocumentExplained, Explanation, HoldExplained, PartExplained,
    ScoreExplained,
};

/// Which rows are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Root company and partner of the last row that was read.
    pub after: (i32, i32),
    /// How many there may be.
    pub limit: i64,
}

/// Which exposures are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only customers above their limit.
    pub over_limit: bool,
    /// Only those of this root company.
    pub company: Option<i32>,
    /// Only those whose name has this in it, in capitals or not.
    pub name: Option<String>,
    /// Only those of this risk.
    pub risk: Option<RiskLevel>,
}

/// The row behind which a page of exposures begins.
#[derive(Clone, Debug)]
pub struct After {
    /// Its excess as a number's text; minus infinity without a limit.
    pub excess: String,
    /// Its root company and partner.
    pub customer: (i32, i32),
}

/// A customer's exposure and assessment in one company.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
pub struct ExposureLine {
    /// What it owes.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub exposure: Exposure,
    /// How much of it is above the limit; negative is what is left of the limit, and NULL means that there is none.
    pub excess: Option<Decimal>,
    /// 0 to 100.
    pub credit_score: Option<Decimal>,
    /// The risk; NULL where nothing is assessed.
    pub risk_level: Option<RiskLevel>,
    /// The checks that fail; NULL where nothing is assessed.
    #[schema(value_type = Option<Vec<Check>>)]
    pub failing: Option<Json<Vec<Check>>>,
    /// When the limit is going to be exceeded, as things stand.
    pub breach_on: Option<NaiveDate>,
}

/// A hold, or a suggestion of one.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
pub struct HoldLine {
    /// The customer's name.
    pub partner_name: Option<String>,
    /// The hold.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub hold: Hold,
    /// Numbers of the orders that it is about.
    pub order_numbers: Vec<String>,
}

/// What the customers of a company owe together.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
pub struct Totals {
    /// Root company.
    pub company_id: i32,
    /// ISO 4217 code of its currency; all amounts are in it.
    pub currency: String,
    /// Who owes something, or has something to come.
    pub customers: i64,
    /// Receivable and not due.
    pub not_due: Decimal,
    /// Receivable and past its due date.
    pub overdue: Decimal,
    /// Credits and payments not applied to anything.
    pub unapplied: Decimal,
    /// Draft invoices that no order accounts for.
    pub draft_invoiced: Decimal,
    /// Confirmed and not yet invoiced, nor paid in advance.
    pub to_invoice: Decimal,
    /// The same as Odoo has it.
    pub to_invoice_odoo: Decimal,
    /// Ordered, and counted by nobody yet.
    pub committed: Decimal,
    /// What counts of all that.
    pub total: Decimal,
    /// Customers above their limit.
    pub over_limit: i64,
    /// By how much they are.
    pub excess: Decimal,
}

/// Exposures and assessments with what is above the limit, and the filter's four parameters.
macro_rules! filtered {
    ($select:literal, $rest:literal) => {
        concat!(
            "WITH line AS (
                 SELECT e.*, total - NULLIF(GREATEST(credit_limit, 0), 0) AS excess, credit_score, risk_level, failing, breach_on
                 FROM credit.exposure AS e LEFT JOIN credit.assessment USING (company_id, partner_id)
             ) SELECT ",
            $select,
            " FROM line WHERE (NOT $1 OR excess > 0) AND ($2::int IS NULL OR company_id = $2)
                 AND ($3::text IS NULL OR position(lower($3) IN lower(partner_name)) > 0)
                 AND ($4::text IS NULL OR risk_level = $4) ",
            $rest
        )
    };
}

/// Exposures, those furthest above their limit first and those without one last.
pub async fn exposures(
    filter: &Filter,
    after: Option<&After>,
    limit: i64,
    connection: &mut PgConnection,
) -> sqlx::Result<Vec<ExposureLine>> {
    sqlx::query_as(filtered!(
        "*",
        "AND ($5::text IS NULL OR COALESCE(excess, '-Infinity') < $5::numeric
              OR (COALESCE(excess, '-Infinity') = $5::numeric AND (company_id, partner_id) > ($6, $7)))
         ORDER BY COALESCE(excess, '-Infinity') DESC, company_id, partner_id LIMIT $8"
    ))
    .bind(filter.over_limit)
    .bind(filter.company)
    .bind(&filter.name)
    .bind(filter.risk.map(RiskLevel::as_str))
    .bind(after.map(|after| &after.excess))
    .bind(after.map(|after| after.customer.0))
    .bind(after.map(|after| after.customer.1))
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// What the same customers owe together, by company.
pub async fn totals(filter: &Filter, connection: &mut PgConnection) -> sqlx::Result<Vec<Totals>> {
    sqlx::query_as(filtered!(
        "company_id, currency, count(*) AS customers, sum(not_due) AS not_due, sum(overdue) AS overdue,
         sum(unapplied) AS unapplied, sum(draft_invoiced) AS draft_invoiced, sum(to_invoice) AS to_invoice,
         sum(to_invoice_odoo) AS to_invoice_odoo, sum(committed) AS committed, sum(total) AS total,
         count(*) FILTER (WHERE excess > 0) AS over_limit, COALESCE(sum(excess) FILTER (WHERE excess > 0), 0) AS excess",
        "GROUP BY company_id, currency ORDER BY company_id, currency"
    ))
    .bind(filter.over_limit)
    .bind(filter.company)
    .bind(&filter.name)
    .bind(filter.risk.map(RiskLevel::as_str))
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
        "SELECT company_id, partner_id, name AS partner_name, status, checks, reason, release, missing, accepted, orders, since,
             released, exempt_until, raised_limit, raised_until, person, note, updated_at,
             ARRAY(SELECT COALESCE(NULLIF(sale_order.name, ''), held.order_id)
                   FROM jsonb_array_elements_text(orders) WITH ORDINALITY AS held (order_id, place)
                   LEFT JOIN credit.sale_order ON sale_order.id = held.order_id::int ORDER BY place) AS order_numbers
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

/// Why a customer stands as it does, in each company, as of the task's clock and by the rules in force. A contact is taken for
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
    let settings = Settings::from_rule(rules.get(NAME, HOLD)).map_err(Failure::permanent)?;
    let mut state = State::new(source, tables, Some(clock));
    Ok(Some((id, name, domain::explain::explain(&mut state, &settings, id, clock))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::HoldStatus;

    #[test]
    fn a_line_is_one_object_with_lists_and_without_what_is_only_for_decisions() {
        let updated_at: DateTime<Utc> = "2026-01-05T08:00:00Z".parse().unwrap();
        let hold = Hold {
            company_id: 1,
            partner_id: 7,
            status: HoldStatus::Held,
            checks: Json(vec![Check::Utilisation]),
            reason: "why".into(),
            release: "how".into(),
            missing: Some(Decimal::ONE),
            accepted: Json::default(),
            orders: Json(vec![4, 12]),
            since: Some(updated_at),
            released: Json(vec![Check::Horizon]),
            exempt_until: None,
            raised_limit: None,
            raised_until: None,
            person: None,
            note: None,
            updated_at,
        };
        let order_numbers = vec!["S00004".into(), "S00012".into()];
        let line = HoldLine { partner_name: Some("Seven".into()), hold, order_numbers };
        let expected = json!({
            "company_id": 1, "partner_id": 7, "partner_name": "Seven", "status": "held", "checks": ["utilisation"],
            "reason": "why", "release": "how", "missing": "1", "accepted": [], "orders": [4, 12],
            "order_numbers": ["S00004", "S00012"], "since": "2026-01-05T08:00:00.000Z",
            "exempt_until": null, "raised_limit": null, "raised_until": null, "person": null, "note": null,
        });
        assert_eq!(serde_json::to_value(line).unwrap(), expected);
    }
}
