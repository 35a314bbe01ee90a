//! `/api/v1/forecast`: how much cash there will be, why, how good that was, and what if.

use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use contract::api::http::{Page, PageQuery, Path, Problem, Query, SourceQuery, Sources};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::NAME;
use crate::queries::{
    self, DayPage, Document, DocumentFilter, Outlook, Position, Repetition, Scenario, Score,
};
use crate::store::{Component, Kind};

pub(super) fn routes() -> OpenApiRouter<Sources> {
    OpenApiRouter::new()
        .routes(routes!(positions))
        .routes(routes!(days))
        .routes(routes!(day))
        .routes(routes!(documents))
        .routes(routes!(repetitions))
        .routes(routes!(accuracy))
        .routes(routes!(scenarios))
        .routes(routes!(scenario))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfCompany {
    /// The root company; the group of all, which has the number 0, where it is not given.
    #[serde(default)]
    company: i32,
}

fn no_forecast(company: i32) -> Problem {
    Problem::not_found(format!(
        "there is no forecast of company {company}; GET /api/v1/forecast/positions says of which there is"
    ))
}

/// Where each company stands today; the group has the number 0.
#[utoipa::path(get, path = "/api/v1/forecast/positions", params(SourceQuery), tag = "forecast",
    responses((status = 200, body = Vec<Position>)))]
async fn positions(
    State(sources): State<Sources>,
    Query(of): Query<SourceQuery>,
) -> Result<Json<Vec<Position>>, Problem> {
    let mut snapshot = sources.get(of.source.as_deref())?.snapshot(NAME).await?;
    Ok(Json(queries::positions(&mut snapshot.connection).await?))
}

/// The balance of each of the next ninety days, and of thirteen weeks after them.
#[utoipa::path(get, path = "/api/v1/forecast/days", params(SourceQuery, OfCompany), tag = "forecast",
    responses((status = 200, body = Outlook)))]
async fn days(
    State(sources): State<Sources>,
    Query(of): Query<SourceQuery>,
    Query(wanted): Query<OfCompany>,
) -> Result<Json<Outlook>, Problem> {
    let mut snapshot = sources.get(of.source.as_deref())?.snapshot(NAME).await?;
    let outlook = queries::outlook(wanted.company, &mut snapshot.connection).await?;
    outlook.map(Json).ok_or_else(|| no_forecast(wanted.company))
}

/// A day with the documents that move on it, and what has moved its balance since the evaluation before and since yesterday.
#[utoipa::path(get, path = "/api/v1/forecast/days/{date}", params(("date" = NaiveDate, Path), SourceQuery, OfCompany),
    tag = "forecast", responses((status = 200, body = DayPage)))]
async fn day(
    State(sources): State<Sources>,
    Path(date): Path<NaiveDate>,
    Query(of): Query<SourceQuery>,
    Query(wanted): Query<OfCompany>,
) -> Result<Json<DayPage>, Problem> {
    let mut snapshot = sources.get(of.source.as_deref())?.snapshot(NAME).await?;
    let page = queries::explain(wanted.company, date, &mut snapshot.connection).await?;
    page.map(Json).ok_or_else(|| {
        Problem::not_found(format!(
            "{date} is not forecast for company {}: name one of the next 181 days",
            wanted.company
        ))
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Documents {
    /// Only those of this root company.
    company: Option<i32>,
    /// Only those of this component.
    #[param(inline)]
    component: Option<Component>,
    /// Only those of this commercial partner.
    partner: Option<i32>,
    /// Only those of which nothing can be expected because something in them cannot be used, or only the others.
    problem: Option<bool>,
}

/// Documents that are open, and when they are paid, by kind and id.
#[utoipa::path(get, path = "/api/v1/forecast/documents", params(PageQuery, Documents), tag = "forecast",
    responses((status = 200, body = Page<Document>)))]
async fn documents(
    State(sources): State<Sources>,
    Query(page): Query<PageQuery>,
    Query(wanted): Query<Documents>,
) -> Result<Json<Page<Document>>, Problem> {
    let limit = page.limit()?;
    let key = |[kind, id]: [&str; 2]| Some((kind.parse::<Kind>().ok()?, id.parse().ok()?));
    let after: Option<(Kind, i32)> = page.after_key(key)?;
    let Documents { company, component, partner, problem } = wanted;
    let filter = DocumentFilter { company, component, partner, has_problem: problem };
    let mut snapshot = sources.get(page.source.as_deref())?.snapshot(NAME).await?;
    let after = after.map_or(("", i32::MIN), |(kind, id)| (kind.as_str(), id));
    let rows = queries::documents(&filter, after, limit.rows(), &mut snapshot.connection).await?;
    Ok(Json(limit.page(rows, |row| [row.kind.to_string(), row.id.to_string()])))
}

/// Payments that come again, by number.
#[utoipa::path(get, path = "/api/v1/forecast/repetitions", params(PageQuery), tag = "forecast",
    responses((status = 200, body = Page<Repetition>)))]
async fn repetitions(
    State(sources): State<Sources>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Repetition>>, Problem> {
    let limit = page.limit()?;
    let [after] = page.after()?.unwrap_or([0]);
    let mut snapshot = sources.get(page.source.as_deref())?.snapshot(NAME).await?;
    let rows = queries::repetitions(after, limit.rows(), &mut snapshot.connection).await?;
    Ok(Json(limit.page(rows, |row| [row.id])))
}

/// How good the group's forecasts were, by how many days ahead they were made.
#[utoipa::path(get, path = "/api/v1/forecast/accuracy", params(SourceQuery), tag = "forecast",
    responses((status = 200, body = Vec<Score>)))]
async fn accuracy(
    State(sources): State<Sources>,
    Query(of): Query<SourceQuery>,
) -> Result<Json<Vec<Score>>, Problem> {
    let mut snapshot = sources.get(of.source.as_deref())?.snapshot(NAME).await?;
    Ok(Json(queries::scores(&mut snapshot.connection).await?))
}

/// Scenarios with what they come to, the latest first.
#[utoipa::path(get, path = "/api/v1/forecast/scenarios", params(PageQuery), tag = "forecast",
    responses((status = 200, body = Page<Scenario>)))]
async fn scenarios(
    State(sources): State<Sources>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Scenario>>, Problem> {
    let limit = page.limit()?;
    let [before] = page.after()?.unwrap_or([i32::MAX]);
    let mut snapshot = sources.get(page.source.as_deref())?.snapshot(NAME).await?;
    let rows = queries::scenarios(before, limit.rows(), &mut snapshot.connection).await?;
    Ok(Json(limit.page(rows, |row| [row.id])))
}

/// A scenario with what it comes to.
#[utoipa::path(get, path = "/api/v1/forecast/scenarios/{id}", params(("id" = i32, Path), SourceQuery), tag = "forecast",
    responses((status = 200, body = Scenario)))]
async fn scenario(
    State(sources): State<Sources>,
    Path(id): Path<i32>,
    Query(of): Query<SourceQuery>,
) -> Result<Json<Scenario>, Problem> {
    let mut snapshot = sources.get(of.source.as_deref())?.snapshot(NAME).await?;
    let row = queries::scenario(id, &mut snapshot.connection).await?;
    row.map(Json).ok_or_else(|| {
        Problem::not_found(format!("there is no scenario {id} in source {}", snapshot.source.name))
    })
}
