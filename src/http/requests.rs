//! What people ask for: taken here, decided at its position in the stream.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderName, StatusCode, header};
use chrono::{DateTime, Utc};
use contract::api::Results as _;
use contract::api::http::{Path, Problem, Query, SourceQuery};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::FromRow;
use utoipa::openapi::{OneOf, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::App;
use super::description::{qualified, qualify_schemas};
use super::tokens::Person;
use crate::control::request::{self, Written};
use crate::registry::{ACTION, PROCESSORS};
use crate::results::Results;

/// What is asked. Which actions there are and what they take depends on the processor, which reads them at their
/// position in the stream.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    action: String,
    arguments: Map<String, Value>,
}

impl PartialSchema for Asked {
    fn schema() -> RefOr<Schema> {
        let ask = |name: &str| Ref::from_schema_name(qualified(name, ACTION));
        let actions = PROCESSORS.iter().filter(|entry| !(entry.actions)().is_empty());
        let of_each = actions.fold(OneOf::builder(), |all, entry| all.item(ask(entry.name)));
        of_each.description(Some("What is asked: an action of the processor that the path names.")).into()
    }
}

impl ToSchema for Asked {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        for entry in PROCESSORS {
            let mut actions = (entry.actions)();
            qualify_schemas(entry.name, &mut actions);
            schemas.extend(actions);
        }
    }
}

/// It was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    /// What to ask for the outcome with.
    id: Uuid,
    /// Where the outcome will be.
    outcome: String,
}

/// What became of a request.
#[derive(Debug, Serialize, FromRow, ToSchema)]
pub(super) struct Answered {
    /// The request.
    id: Uuid,
    /// The processor that was asked.
    processor: String,
    /// Who asked.
    person: String,
    /// What was asked.
    action: String,
    /// When it was asked.
    #[serde(serialize_with = "contract::api::time::serialize")]
    asked_at: DateTime<Utc>,
    /// done or refused.
    status: String,
    /// In words.
    outcome: String,
    /// When it was decided, by the stream's clock; not before it was asked.
    #[serde(serialize_with = "contract::api::time::serialize")]
    decided_at: DateTime<Utc>,
}

/// Asks a processor for something. It is decided in its turn among the changes of the source.
#[utoipa::path(post, path = "/api/v1/{processor}/requests", params(("processor" = String, Path), SourceQuery), tag = "requests",
    request_body = Asked, security(("token" = [])),
    responses((status = 202, body = Accepted), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn ask(
    State(app): State<App>,
    Person(person): Person,
    Path(processor): Path<String>,
    Query(of): Query<SourceQuery>,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Result<AcceptedAnswer, Problem> {
    let Json(asked) = asked?;
    if !PROCESSORS.iter().any(|entry| entry.name == processor) {
        return Err(Problem::not_found(format!("there is no processor `{processor}`")));
    }
    let source = app.sources.get(of.source.as_deref())?;
    let request = request::new(&processor, &person, &asked.action, asked.arguments.into());
    write(source, request.map_err(Problem::bad_request)?).await
}

/// The answer to whatever is written into the stream.
pub(super) type AcceptedAnswer = (StatusCode, [(HeaderName, String); 1], Json<Accepted>);

/// Writes a request into a source's stream.
pub(super) async fn write(source: &Results, request: Written) -> Result<AcceptedAnswer, Problem> {
    let target = source.target.clone();
    let written = tokio::task::spawn_blocking(move || target.write("request", &request.text)).await;
    written.map_err(|error| Problem::unavailable(error.to_string()))??;
    let outcome = format!("/api/v1/requests/{}?source={}", request.id, source.source().name);
    Ok((
        StatusCode::ACCEPTED,
        [(header::LOCATION, outcome.clone())],
        Json(Accepted { id: request.id, outcome }),
    ))
}

/// What became of a request. 404 until it is decided, which takes as long as the processor is behind.
#[utoipa::path(get, path = "/api/v1/requests/{id}", params(("id" = Uuid, Path), SourceQuery), tag = "requests",
    responses((status = 200, body = Answered), (status = 404, body = Problem)))]
pub(super) async fn outcome(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(of): Query<SourceQuery>,
) -> Result<Json<Answered>, Problem> {
    let mut connection = app.sources.get(of.source.as_deref())?.connect().await?;
    let outcome = sqlx::query_as(
        "SELECT id, processor, person, action, asked_at, status, outcome, decided_at FROM stream.request
         WHERE id = $1 ORDER BY version DESC LIMIT 1",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    let unknown = "no request with this id is decided yet; ask again, or see in /readyz what holds it up";
    outcome.map(Json).ok_or_else(|| Problem::not_found(unknown))
}
