//! `/api/v1/reconciliation`: bank lines and what they may pay, sessions, and what was learned.

use axum::Json;
use axum::extract::State;
use contract::api::http::{Page, PageQuery, Path, Problem, Query, SourceQuery, Sources};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::NAME;
use crate::queries::{self, BankLine, LearnedRule, LineFilter, LinePage, Session};
use crate::store::LineStatus;

pub(super) fn routes() -> OpenApiRouter<Sources> {
    OpenApiRouter::new()
        .routes(routes!(lines))
        .routes(routes!(line))
        .routes(routes!(sessions))
        .routes(routes!(rules))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Lines {
    /// Only those of this journal.
    journal: Option<i32>,
    /// Only those with this status.
    #[param(inline)]
    status: Option<LineStatus>,
    /// Only those that were done in this session.
    session: Option<i32>,
}

/// Bank lines, by number.
#[utoipa::path(get, path = "/api/v1/reconciliation/lines", params(PageQuery, Lines), tag = "reconciliation",
    responses((status = 200, body = Page<BankLine>)))]
async fn lines(
    State(sources): State<Sources>,
    Query(page): Query<PageQuery>,
    Query(wanted): Query<Lines>,
) -> Result<Json<Page<BankLine>>, Problem> {
    let limit = page.limit()?;
    let [after] = page.after()?.unwrap_or([0]);
    let filter = LineFilter {
        journal: wanted.journal,
        status: wanted.status.map(LineStatus::as_str),
        session: wanted.session,
        after,
        limit: limit.rows(),
    };
    let mut snapshot = sources.get(page.source.as_deref())?.snapshot(NAME).await?;
    let lines = queries::lines(&filter, &mut snapshot.connection).await?;
    Ok(Json(limit.page(lines, |line| [line.id])))
}

/// A bank line with all that explains it: what it may pay, what speaks for it, why it waits, and what was refused.
#[utoipa::path(get, path = "/api/v1/reconciliation/lines/{id}", params(("id" = i32, Path), SourceQuery), tag = "reconciliation",
    responses((status = 200, body = LinePage)))]
async fn line(
    State(sources): State<Sources>,
    Path(line): Path<i32>,
    Query(of): Query<SourceQuery>,
) -> Result<Json<LinePage>, Problem> {
    let mut snapshot = sources.get(of.source.as_deref())?.snapshot(NAME).await?;
    let page = queries::explain(line, &mut snapshot.connection).await?;
    page.map(Json).ok_or_else(|| {
        Problem::not_found(format!("there is no bank line {line} in source {}", snapshot.source.name))
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfJournal {
    /// Only those of this journal.
    journal: Option<i32>,
}

/// Sessions with their counts, the latest first.
#[utoipa::path(get, path = "/api/v1/reconciliation/sessions", params(PageQuery, OfJournal), tag = "reconciliation",
    responses((status = 200, body = Page<Session>)))]
async fn sessions(
    State(sources): State<Sources>,
    Query(page): Query<PageQuery>,
    Query(of): Query<OfJournal>,
) -> Result<Json<Page<Session>>, Problem> {
    let limit = page.limit()?;
    let [before] = page.after()?.unwrap_or([i32::MAX]);
    let mut connection = sources.get(page.source.as_deref())?.connect().await?;
    let lines = queries::sessions(of.journal, before, limit.rows(), &mut connection).await?;
    Ok(Json(limit.page(lines, |line| [line.id])))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Rules {
    /// Only those that are relied on, or only the others.
    holds: Option<bool>,
}

/// What was learned from lines that are done, by number.
#[utoipa::path(get, path = "/api/v1/reconciliation/rules", params(PageQuery, Rules), tag = "reconciliation",
    responses((status = 200, body = Page<LearnedRule>)))]
async fn rules(
    State(sources): State<Sources>,
    Query(page): Query<PageQuery>,
    Query(wanted): Query<Rules>,
) -> Result<Json<Page<LearnedRule>>, Problem> {
    let limit = page.limit()?;
    let [after] = page.after()?.unwrap_or([0]);
    let mut snapshot = sources.get(page.source.as_deref())?.snapshot(NAME).await?;
    let lines = queries::rules(wanted.holds, after, limit.rows(), &mut snapshot.connection).await?;
    Ok(Json(limit.page(lines, |line| [line.id])))
}
