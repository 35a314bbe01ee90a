//! `/api/v1/audit`: what was decided and why.

use axum::Json;
use axum::extract::State;
use contract::api::Results as _;
use contract::api::http::{Page, PageQuery, Problem, Query};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::FromRow;
use utoipa::{IntoParams, ToSchema};

use super::App;
use crate::registry;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct About {
    /// Only of this processor.
    automation_type: Option<String>,
    /// Only this kind of decision.
    action_name: Option<String>,
    /// Only about the record with this id.
    odoo_record_id: Option<i32>,
}

/// JSON as the table has it, whatever its type.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Raw(Box<RawValue>);

impl TryFrom<String> for Raw {
    type Error = serde_json::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        RawValue::from_string(text).map(Self)
    }
}

/// A decision.
#[derive(Debug, Serialize, FromRow, ToSchema)]
pub(super) struct Decision {
    /// Microseconds since 1970, and its number among the decisions of that instant.
    #[serde(skip)]
    #[schema(ignore)]
    instant: i64,
    #[serde(skip)]
    #[schema(ignore)]
    number: i64,
    /// When, by the stream's clock, in UTC.
    timestamp: String,
    /// The processor.
    automation_type: String,
    /// What was decided upon.
    action_name: String,
    /// What it is about.
    odoo_model: Option<String>,
    /// Its id.
    odoo_record_id: Option<i64>,
    /// executed, suggested, shadow, approved or rejected.
    status: String,
    /// Why, in sentences.
    reasoning: Option<String>,
    /// What it rests on.
    #[schema(value_type = Object)]
    #[sqlx(try_from = "String")]
    input: Raw,
    /// What was decided, and what would change it.
    #[schema(value_type = Object)]
    #[sqlx(try_from = "String")]
    output: Raw,
}

/// Decisions, the latest first.
#[utoipa::path(get, path = "/api/v1/audit", params(PageQuery, About), tag = "audit",
    responses((status = 200, body = Page<Decision>)))]
pub(super) async fn list(
    State(app): State<App>,
    Query(page): Query<PageQuery>,
    Query(about): Query<About>,
) -> Result<Json<Page<Decision>>, Problem> {
    let limit = page.limit()?;
    // Ids may be random where another service made the table, so a page begins behind an instant, and a number of decisions in it.
    let [instant, number] = page.after()?.unwrap_or([i64::from(u32::MAX) * 1_000_000, 0]);
    let mut connection = app.sources.get(page.source.as_deref())?.connect().await?;
    let decisions: Vec<Decision> = sqlx::query_as(
        "SELECT instant, row_number() OVER (PARTITION BY instant ORDER BY id DESC) + CASE instant WHEN $4 THEN $5 ELSE 0 END AS number,
             to_char(timestamp, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') AS timestamp, COALESCE(automation_type, '') AS automation_type,
             COALESCE(action_name, '') AS action_name, odoo_model, odoo_record_id::bigint, COALESCE(status, '') AS status,
             ai_reasoning AS reasoning, COALESCE(input_data::text, 'null') AS input, COALESCE(output_data::text, 'null') AS output
         FROM (SELECT *, (extract(epoch FROM timestamp) * 1000000)::bigint AS instant FROM audit_logs
               WHERE timestamp <= TIMESTAMP 'epoch' + $4 * INTERVAL '1 microsecond'
                   AND ($1::text IS NULL OR automation_type = $1) AND ($2::text IS NULL OR action_name = $2)
                   AND ($3::int IS NULL OR odoo_record_id = $3)
               ORDER BY timestamp DESC, id DESC OFFSET $5 LIMIT $6) AS page ORDER BY instant DESC, id DESC",
    )
    .bind(&about.automation_type)
    .bind(&about.action_name)
    .bind(about.odoo_record_id)
    .bind(instant)
    .bind(number.max(0))
    .bind(limit.rows())
    .fetch_all(&mut *connection)
    .await?;
    // Another service may have decided something of its own; where nobody has, the name is a mistake.
    if decisions.is_empty() {
        registry::check_name(about.automation_type.as_deref()).map_err(Problem::bad_request)?;
    }
    Ok(Json(limit.page(decisions, |decision: &Decision| [decision.instant, decision.number])))
}
