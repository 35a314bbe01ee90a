//! `/api/v1/rules`: how far each automation may go.

use axum::Json;
use axum::extract::State;
use contract::Mode;
use contract::api::Results as _;
use contract::api::http::{Problem, Query, SourceQuery};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::App;
use crate::control::rules;

/// A row of `automation_rules`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rule {
    /// What people call it.
    name: String,
    /// The processor.
    automation_type: String,
    /// The automation.
    action_name: String,
    /// off, shadow, suggest or auto; absent where the rule cannot be used.
    #[schema(value_type = Option<String>)]
    mode: Option<Mode>,
    /// Its settings.
    #[schema(value_type = Object)]
    config: Value,
}

/// The rules, as the table has them. A change of it reaches the processors within seconds.
#[utoipa::path(get, path = "/api/v1/rules", params(SourceQuery), tag = "rules", responses((status = 200, body = Vec<Rule>)))]
pub(super) async fn list(
    State(app): State<App>,
    Query(of): Query<SourceQuery>,
) -> Result<Json<Vec<Rule>>, Problem> {
    let mut connection = app.sources.get(of.source.as_deref())?.connect().await?;
    let rules = rules::read(&mut connection).await?.rules;
    let rule = |rule: contract::Rule| Rule {
        mode: rule.mode().ok(),
        name: rule.name,
        automation_type: rule.automation_type,
        action_name: rule.action_name,
        config: rule.config,
    };
    Ok(Json(rules.into_iter().map(rule).collect()))
}
