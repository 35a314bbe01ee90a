//! What people ask for: taken here, decided at its position in the stream.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use chrono::{DateTime, Utc};
use contract::Request;
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
use super::tokens::Controller;
use crate::control::{asked, request};
use crate::registry::{self, ACTION, PROCESSORS};
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
    /// pending, done or refused; unconfirmed where Kafka did not say that it has the request: send it again with its key.
    status: String,
    /// In words; absent until it is decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    /// When it was decided, by the stream's clock; not before it was asked. Absent until then.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "contract::api::time::optional::serialize"
    )]
    decided_at: Option<DateTime<Utc>>,
}

/// The request's id, if whoever asks has chosen one: with it a request may be sent again, and is asked once.
const KEY: &str = "Idempotency-Key";

/// The id of a request: what its header `Idempotency-Key` says, or a new one.
pub(super) struct Id(pub(super) Uuid);

impl<S: Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(key) = parts.headers.get(KEY) else { return Ok(Self(Uuid::new_v4())) };
        // With quotes the header is a string as RFC 9651 has them.
        let key = key.to_str().ok().and_then(|key| key.trim_matches('"').parse().ok());
        let key = key.filter(|key: &Uuid| !key.is_nil());
        key.map(Self).ok_or_else(|| Problem::bad_request(format!("{KEY}: it has to be a UUID")))
    }
}

/// Asks a processor for something. It is decided in its turn among the changes of the source.
#[utoipa::path(post, path = "/api/v1/{processor}/requests", tag = "requests",
    params(("processor" = String, Path, description = "The processor"),
        ("Idempotency-Key" = Option<Uuid>, Header, description = "The request's id. Sent again with it, it is asked once"), SourceQuery),
    request_body = Asked, security(("token" = [])), responses((status = 202, body = Accepted, description = "It was taken on")))]
pub(super) async fn ask(
    State(app): State<App>,
    Controller(person): Controller,
    Path(processor): Path<String>,
    Query(of): Query<SourceQuery>,
    Id(id): Id,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Result<AcceptedAnswer, Problem> {
    let Json(asked) = asked?;
    if registry::find(&processor).is_none() {
        return Err(Problem::not_found(format!("there is no processor `{processor}`")));
    }
    let source = app.sources.get(of.source.as_deref())?;
    let (action, arguments) = (asked.action, Value::Object(asked.arguments));
    registry::check_request(&processor, &action, &arguments).map_err(Problem::bad_request)?;
    let request = request::new(id, &processor, &person, &action, arguments).map_err(Problem::bad_request)?;
    take_on(source, request).await
}

/// The answer to whatever is written into the stream.
pub(super) type AcceptedAnswer = (StatusCode, [(HeaderName, String); 1], Json<Accepted>);

/// Writes a request down, and into a source's stream.
pub(super) async fn take_on(source: &Results, request: Request) -> Result<AcceptedAnswer, Problem> {
    let id = request.id;
    let asked = asked::remember(request, &source.target, &mut *source.connect_to_ask().await?).await;
    let asked = asked.map_err(|error| match error {
        asked::Error::Used => Problem::conflict(format!("{KEY}: {error}")),
        asked::Error::Failure(failure) => failure.into(),
    })?;
    asked.write(&source.target).await.map_err(|failure| {
        let again = format!("Send it again with `{KEY}: {id}`, so that it is asked once");
        Problem::unavailable(format!("{failure}. {again}"))
    })?;
    // Kafka has it, whatever becomes of this.
    if let Ok(mut connection) = source.connect_to_ask().await {
        let _ = asked.confirm(&mut connection).await;
    }
    let outcome = format!("/api/v1/requests/{id}?source={}", source.source().name);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, outcome.clone())], Json(Accepted { id, outcome })))
}

/// What became of a request. It is pending until it is decided, which takes as long as the processor is behind.
#[utoipa::path(get, path = "/api/v1/requests/{id}", tag = "requests",
    params(("id" = Uuid, Path, description = "The request"), SourceQuery),
    responses((status = 200, body = Answered, description = "What is known of it")))]
pub(super) async fn outcome(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(of): Query<SourceQuery>,
) -> Result<Json<Answered>, Problem> {
    let mut connection = app.sources.get(of.source.as_deref())?.connect().await?;
    let outcome = sqlx::query_as(
        "SELECT id, processor, person, action, asked_at, status, outcome, decided_at, version FROM stream.request WHERE id = $1
         UNION ALL
         SELECT id, processor, person, action, asked_at, CASE WHEN written THEN 'pending' ELSE 'unconfirmed' END, NULL, NULL, 0
             FROM stream.asked WHERE id = $1
         ORDER BY version DESC LIMIT 1",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    outcome.map(Json).ok_or_else(|| Problem::not_found("there is no request with this id"))
}
