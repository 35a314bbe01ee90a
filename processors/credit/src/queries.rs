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

/// A customer's exposure and assessment in one company.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
pub struct ExposureLine {
    /// What it owes.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub exposure: Exposure,
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
             released, exempt_until, raised_limit, raised_until, person, note, updated_at
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
        let line = HoldLine { partner_name: Some("Seven".into()), hold };
        let expected = json!({
            "company_id": 1, "partner_id": 7, "partner_name": "Seven", "status": "held", "checks": ["utilisation"],
            "reason": "why", "release": "how", "missing": "1", "orders": [4, 12], "since": "2026-01-05T08:00:00Z",
            "exempt_until": null, "raised_limit": null, "raised_until": null, "person": null, "note": null,
        });
        assert_eq!(serde_json::to_value(line).unwrap(), expected);
    }
}
