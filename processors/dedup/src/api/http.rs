//! `/api/v1/dedup`: groups of duplicates, why they are taken for the same, and scans.

use axum::Json;
use axum::extract::State;
use contract::api::http::{Page, PageQuery, Path, Problem, Query, SourceQuery, Sources};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::NAME;
use crate::queries::{self, Group, GroupFilter, GroupPage, OdooModel, Scan};
use crate::store::GroupStatus;

pub(super) fn routes() -> OpenApiRouter<Sources> {
    OpenApiRouter::new().routes(routes!(groups)).routes(routes!(group)).routes(routes!(scans))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Groups {
    /// Only those of this Odoo model.
    #[param(inline)]
    model: Option<OdooModel>,
    /// Only those with this status.
    #[param(inline)]
    status: Option<GroupStatus>,
    /// Only those with this record.
    record: Option<i32>,
    /// Only those that are at least so likely, from 0 to 1.
    #[param(minimum = 0, maximum = 1)]
    min_score: Option<f64>,
}

/// Groups of duplicates, by number.
#[utoipa::path(get, path = "/api/v1/dedup/groups", params(PageQuery, Groups), tag = "dedup",
    responses((status = 200, body = Page<Group>)))]
async fn groups(
    State(sources): State<Sources>,
    Query(page): Query<PageQuery>,
    Query(wanted): Query<Groups>,
) -> Result<Json<Page<Group>>, Problem> {
    let limit = page.limit()?;
    let [after] = page.after()?.unwrap_or([0]);
    if let Some(score) = wanted.min_score.filter(|score| !(0.0..=1.0).contains(score)) {
        return Err(Problem::bad_request(format!("min_score is {score}; it has to be from 0 to 1")));
    }
    let filter = GroupFilter {
        model: wanted.model.map(OdooModel::as_str),
        status: wanted.status.map(GroupStatus::as_str),
        record: wanted.record,
        least_score: wanted.min_score,
        after,
        limit: limit.rows(),
    };
    let mut connection = sources.get(page.source.as_deref())?.connect().await?;
    let lines = queries::groups(&filter, &mut connection).await?;
    Ok(Json(limit.page(lines, |line| [line.id])))
}

/// A group with all that explains it: values, evidence, vetoes, what should be kept, and what would change it.
#[utoipa::path(get, path = "/api/v1/dedup/groups/{id}", params(("id" = i32, Path), SourceQuery), tag = "dedup",
    responses((status = 200, body = GroupPage)))]
async fn group(
    State(sources): State<Sources>,
    Path(group): Path<i32>,
    Query(of): Query<SourceQuery>,
) -> Result<Json<GroupPage>, Problem> {
    let mut snapshot = sources.get(of.source.as_deref())?.snapshot(NAME).await?;
    let page = queries::explain(group, &mut snapshot.connection).await?;
    page.map(Json).ok_or_else(|| {
        Problem::not_found(format!("there is no group {group} in source {}", snapshot.source.name))
    })
}

/// Scans with the counts of the present, the latest first.
#[utoipa::path(get, path = "/api/v1/dedup/scans", params(PageQuery), tag = "dedup",
    responses((status = 200, body = Page<Scan>)))]
async fn scans(
    State(sources): State<Sources>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Scan>>, Problem> {
    let limit = page.limit()?;
    let [before] = page.after()?.unwrap_or([i32::MAX]);
    let mut connection = sources.get(page.source.as_deref())?.connect().await?;
    let lines = queries::scans(before, limit.rows(), &mut connection).await?;
    Ok(Json(limit.page(lines, |line| [line.id])))
}
