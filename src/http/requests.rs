//! What people ask for: taken here, decided where it stands in the stream.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

use super::App;
use super::page::OfSource;
use super::problem::Problem;
use super::sources::Results;
use super::tokens::Person;
use crate::control::request::{self, Written};
use crate::registry::PROCESSORS;

/// What is asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Of `credit`: release, exempt or raise_limit. Of `dedup`: approve, reject, split, choose_master, reopen, scan or switch_model.
    action: String,
    /// Of `credit`: company_id, partner_id, reason; for exempt and raise_limit `until` (a date), for raise_limit `limit`. Of `dedup`:
    /// group and reason; for split `parts` (lists of record ids), for choose_master `record`; for scan only `model`.
    #[schema(value_type = Object, example = json!({ "company_id": 1, "partner_id": 7, "reason": "paid by cheque" }))]
    arguments: Map<String, Value>,
}

/// It was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Taken {
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
    asked_at: DateTime<Utc>,
    /// done or refused.
    status: String,
    /// In words.
    outcome: String,
    /// When it was decided, by the stream's clock.
    decided_at: DateTime<Utc>,
}

/// Asks a processor for something. It is decided in its turn among the changes of the source.
#[utoipa::path(post, path = "/api/v1/{processor}/requests", params(("processor" = String, Path), OfSource), tag = "requests",
    request_body = Asked, security(("token" = [])),
    responses((status = 202, body = Taken), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn ask(
    State(app): State<App>,
    Person(person): Person,
    processor: Result<Path<String>, PathRejection>,
    of: Result<Query<OfSource>, QueryRejection>,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Result<Accepted, Problem> {
    let (Path(processor), Query(of), Json(asked)) = (processor?, of?, asked?);
    if !PROCESSORS.iter().any(|entry| entry.name == processor) {
        return Err(Problem::not_found(format!("there is no processor `{processor}`")));
    }
    let source = app.sources.get(of.source.as_deref())?;
    let request = request::new(&processor, &person, &asked.action, asked.arguments.into());
    write(source, request.map_err(Problem::bad_request)?).await
}

/// The answer to whatever is written into the stream.
pub(super) type Accepted = (StatusCode, [(HeaderName, String); 1], Json<Taken>);

/// Writes a request into a source's stream.
pub(super) async fn write(source: &Results, request: Written) -> Result<Accepted, Problem> {
    let target = source.target.clone();
    let written = tokio::task::spawn_blocking(move || target.write("request", &request.text)).await;
    written.map_err(|error| Problem::unavailable(error.to_string()))??;
    let outcome = format!("/api/v1/requests/{}?source={}", request.id, source.source.name);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, outcome.clone())], Json(Taken { id: request.id, outcome })))
}

/// What became of a request. 404 until it is decided, which takes as long as the processor is behind.
#[utoipa::path(get, path = "/api/v1/requests/{id}", params(("id" = Uuid, Path), OfSource), tag = "requests",
    responses((status = 200, body = Answered), (status = 404, body = Problem)))]
pub(super) async fn outcome(
    State(app): State<App>,
    id: Result<Path<Uuid>, PathRejection>,
    of: Result<Query<OfSource>, QueryRejection>,
) -> Result<Json<Answered>, Problem> {
    let (Path(id), Query(of)) = (id?, of?);
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
