//! `/api/v1/dead-letters`: records that could not be used.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use contract::api::Results as _;
use contract::api::http::{Page, PageQuery, Path, Problem, Query, SourceQuery};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::App;
use super::requests::{Accepted, AcceptedAnswer, Id, take_on};
use super::tokens::{Admin, MaySeeRecords};
use crate::control::{asked, request};
use crate::dead_letter::decision::Verb;
use crate::dead_letter::stored::{self, After, Filter, Raw, Shown, Stored};
use crate::registry;

/// Why a dead letter is settled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// In words, for whoever reads the audit log.
    reason: String,
}

/// Dead letters, sorted by the offset of their record.
#[utoipa::path(get, path = "/api/v1/dead-letters", params(PageQuery, Filter), tag = "dead letters",
    responses((status = 200, body = Page<Stored>)))]
pub(super) async fn list(
    State(app): State<App>,
    Query(page): Query<PageQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<Stored>>, Problem> {
    let limit = page.limit()?;
    registry::check_name(filter.processor.as_deref()).map_err(Problem::bad_request)?;
    let after = page.after_key(After::parse)?.unwrap_or_default();
    let source = app.sources.get(page.source.as_deref())?;
    let mut connection = source.connect().await?;
    let dead_letters =
        stored::list(&source.source().name, &filter, &after, limit.rows(), &mut connection).await?;
    Ok(Json(limit.page(dead_letters, Stored::key)))
}

/// One dead letter with its raw record: business data, so it needs the role `admin`.
#[utoipa::path(get, path = "/api/v1/dead-letters/{processor}/{offset}", tag = "dead letters",
    params(("processor" = String, Path), ("offset" = i64, Path), SourceQuery),
    responses((status = 200, body = Shown)))]
pub(super) async fn show(
    State(app): State<App>,
    _: MaySeeRecords,
    Path((processor, offset)): Path<(String, i64)>,
    Query(of): Query<SourceQuery>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(find(&app, &processor, offset, of.source.as_deref()).await?.into()))
}

/// Has a dead letter's record read again, by a program that understands it by now.
#[utoipa::path(post, path = "/api/v1/dead-letters/{processor}/{offset}/replay", tag = "dead letters",
    params(("processor" = String, Path), ("offset" = i64, Path), SourceQuery), request_body = Reason, security(("token" = [])),
    responses((status = 202, body = Accepted)))]
pub(super) async fn replay(
    State(app): State<App>,
    Admin(person): Admin,
    Path((processor, offset)): Path<(String, i64)>,
    Query(of): Query<SourceQuery>,
    Id(id): Id,
    reason: Result<Json<Reason>, JsonRejection>,
) -> Result<AcceptedAnswer, Problem> {
    let Json(Reason { reason }) = reason?;
    settle(&app, id, Verb::Replay, (&processor, offset, of.source.as_deref()), &person, &reason).await
}

/// Settles a dead letter as it is: its row keeps the image it has.
#[utoipa::path(post, path = "/api/v1/dead-letters/{processor}/{offset}/discard", tag = "dead letters",
    params(("processor" = String, Path), ("offset" = i64, Path), SourceQuery), request_body = Reason, security(("token" = [])),
    responses((status = 202, body = Accepted)))]
pub(super) async fn discard(
    State(app): State<App>,
    Admin(person): Admin,
    Path((processor, offset)): Path<(String, i64)>,
    Query(of): Query<SourceQuery>,
    Id(id): Id,
    reason: Result<Json<Reason>, JsonRejection>,
) -> Result<AcceptedAnswer, Problem> {
    let Json(Reason { reason }) = reason?;
    settle(&app, id, Verb::Discard, (&processor, offset, of.source.as_deref()), &person, &reason).await
}

async fn settle(
    app: &App,
    id: Uuid,
    verb: Verb,
    (processor, offset, source): (&str, i64, Option<&str>),
    person: &str,
    reason: &str,
) -> Result<AcceptedAnswer, Problem> {
    let dead_letter = find(app, processor, offset, source).await?;
    let source = app.sources.get(source)?;
    // Who sends a request again may find it done.
    if let Some(why) = dead_letter.about.why_not_settle(source.topic())
        && !asked::is_known(id, &mut *source.connect().await?).await?
    {
        return Err(Problem::bad_request(why));
    }
    let request =
        request::about_dead_letter(id, verb, dead_letter, person, reason).map_err(Problem::bad_request)?;
    take_on(source, request).await
}

async fn find(app: &App, processor: &str, offset: i64, source: Option<&str>) -> Result<Raw, Problem> {
    let source = app.sources.get(source)?;
    let mut connection = source.connect().await?;
    let dead_letter =
        stored::find(processor, &source.source().name, source.topic(), offset, &mut connection).await?;
    dead_letter.ok_or_else(|| {
        let detail = format!(
            "{processor} has no dead letter at offset {offset}; GET /api/v1/dead-letters?all=true lists them"
        );
        Problem::not_found(detail)
    })
}
