//! `/api/v1/dead-letters`: records that could not be used.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::App;
use super::page::{OfSource, Page, Which};
use super::problem::Problem;
use super::requests::{Accepted, Taken, write};
use super::tokens::Person;
use crate::control::request;
use crate::dead_letter::decision::Verb;
use crate::dead_letter::stored::{self, Filter, Raw, Shown, Stored};

/// Why a letter is settled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// In words, for whoever reads the audit log.
    reason: String,
}

/// Dead letters, sorted by the offset of their record.
#[utoipa::path(get, path = "/api/v1/dead-letters", params(Which, Filter), tag = "dead letters",
    responses((status = 200, body = Page<Stored>), (status = 400, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    which: Result<Query<Which>, QueryRejection>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<Page<Stored>>, Problem> {
    let (Query(which), Query(filter)) = (which?, filter?);
    let limit = which.limit()?;
    let [after] = which.after()?.unwrap_or([-1]);
    let source = app.sources.get(which.source.as_deref())?;
    let rows = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut connection = source.connect().await?;
    let letters = stored::list(&source.source.name, &filter, after, rows, &mut connection).await?;
    Ok(Json(Page::new(letters, limit, |letter: &Stored| [letter.record_offset])))
}

/// One dead letter with its raw record.
#[utoipa::path(get, path = "/api/v1/dead-letters/{processor}/{offset}", tag = "dead letters",
    params(("processor" = String, Path), ("offset" = i64, Path), OfSource),
    responses((status = 200, body = Shown), (status = 404, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    letter: Result<Path<(String, i64)>, PathRejection>,
    of: Result<Query<OfSource>, QueryRejection>,
) -> Result<Json<Shown>, Problem> {
    let (Path((processor, offset)), Query(of)) = (letter?, of?);
    Ok(Json(find(&app, &processor, offset, of.source.as_deref()).await?.into()))
}

/// Has a letter's record read again, by a program that understands it by now.
#[utoipa::path(post, path = "/api/v1/dead-letters/{processor}/{offset}/replay", tag = "dead letters",
    params(("processor" = String, Path), ("offset" = i64, Path), OfSource), request_body = Reason, security(("token" = [])),
    responses((status = 202, body = Taken), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn replay(
    State(app): State<App>,
    Person(person): Person,
    letter: Result<Path<(String, i64)>, PathRejection>,
    of: Result<Query<OfSource>, QueryRejection>,
    reason: Result<Json<Reason>, JsonRejection>,
) -> Result<Accepted, Problem> {
    let (Path((processor, offset)), Query(of), Json(Reason { reason })) = (letter?, of?, reason?);
    settle(&app, Verb::Replay, (&processor, offset, of.source.as_deref()), &person, &reason).await
}

/// Settles a letter as it is: its row keeps the image it has.
#[utoipa::path(post, path = "/api/v1/dead-letters/{processor}/{offset}/discard", tag = "dead letters",
    params(("processor" = String, Path), ("offset" = i64, Path), OfSource), request_body = Reason, security(("token" = [])),
    responses((status = 202, body = Taken), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn discard(
    State(app): State<App>,
    Person(person): Person,
    letter: Result<Path<(String, i64)>, PathRejection>,
    of: Result<Query<OfSource>, QueryRejection>,
    reason: Result<Json<Reason>, JsonRejection>,
) -> Result<Accepted, Problem> {
    let (Path((processor, offset)), Query(of), Json(Reason { reason })) = (letter?, of?, reason?);
    settle(&app, Verb::Discard, (&processor, offset, of.source.as_deref()), &person, &reason).await
}

async fn settle(
    app: &App,
    verb: Verb,
    (processor, offset, source): (&str, i64, Option<&str>),
    person: &str,
    reason: &str,
) -> Result<Accepted, Problem> {
    let letter = find(app, processor, offset, source).await?;
    if !letter.letter.is_open() {
        return Err(Problem::bad_request(format!("it is {}: nothing to do", letter.letter.state())));
    }
    let request = request::about_letter(verb, letter, person, reason).map_err(Problem::bad_request)?;
    write(app.sources.get(source)?, request).await
}

async fn find(app: &App, processor: &str, offset: i64, source: Option<&str>) -> Result<Raw, Problem> {
    let source = app.sources.get(source)?;
    let mut connection = source.connect().await?;
    let letter = stored::find(processor, &source.source.name, offset, &mut connection).await?;
    letter.ok_or_else(|| {
        let detail = format!(
            "{processor} has no dead letter at offset {offset}; GET /api/v1/dead-letters?all=true lists them"
        );
        Problem::not_found(detail)
    })
}
