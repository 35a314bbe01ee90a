//! `/api/v1/credit`: who owes how much, who is held, and why.

use axum::Json;
use axum::extract::State;
use contract::api::http::{Limit, Page, PageQuery, Path, Problem, Query, SourceQuery, Sources};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Customer;
use crate::NAME;
use crate::queries::{self, ExposureLine, HoldLine};
use crate::store::HoldStatus;

pub(super) fn routes() -> OpenApiRouter<Sources> {
    OpenApiRouter::new().routes(routes!(exposures)).routes(routes!(holds)).routes(routes!(partner))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Exposures {
    /// Only customers above their limit.
    #[serde(default)]
    over_limit: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Holds {
    /// Only those with this status; `none` where a person decided something.
    #[param(inline)]
    status: Option<HoldStatus>,
}

fn rows(page: &PageQuery) -> Result<(queries::Page, Limit), Problem> {
    let limit = page.limit()?;
    let [company, partner] = page.after()?.unwrap_or([i32::MIN; 2]);
    Ok((queries::Page { after: (company, partner), limit: limit.rows() }, limit))
}

/// Exposures and assessments, by company and customer.
#[utoipa::path(get, path = "/api/v1/credit/exposures", params(PageQuery, Exposures), tag = "credit",
    responses((status = 200, body = Page<ExposureLine>), (status = 400, body = Problem)))]
async fn exposures(
    State(sources): State<Sources>,
    Query(page): Query<PageQuery>,
    Query(filter): Query<Exposures>,
) -> Result<Json<Page<ExposureLine>>, Problem> {
    let (rows, limit) = rows(&page)?;
    let mut connection = sources.get(page.source.as_deref())?.connect().await?;
    let lines = queries::exposures(filter.over_limit, rows, &mut connection).await?;
    Ok(Json(limit.page(lines, |line| [line.exposure.company_id, line.exposure.partner_id])))
}

/// Holds, and what people decided about them, by company and customer.
#[utoipa::path(get, path = "/api/v1/credit/holds", params(PageQuery, Holds), tag = "credit",
    responses((status = 200, body = Page<HoldLine>), (status = 400, body = Problem)))]
async fn holds(
    State(sources): State<Sources>,
    Query(page): Query<PageQuery>,
    Query(filter): Query<Holds>,
) -> Result<Json<Page<HoldLine>>, Problem> {
    let (rows, limit) = rows(&page)?;
    let mut connection = sources.get(page.source.as_deref())?.connect().await?;
    let lines = queries::holds(filter.status.map(HoldStatus::as_str), rows, &mut connection).await?;
    Ok(Json(limit.page(lines, |line| [line.hold.company_id, line.hold.partner_id])))
}

/// Why a customer stands as it does: documents, checks, score, decision, and what would change it.
#[utoipa::path(get, path = "/api/v1/credit/partners/{partner_id}", params(("partner_id" = i32, Path), SourceQuery), tag = "credit",
    responses((status = 200, body = Customer), (status = 404, body = Problem)))]
async fn partner(
    State(sources): State<Sources>,
    Path(partner): Path<i32>,
    Query(of): Query<SourceQuery>,
) -> Result<Json<Customer>, Problem> {
    let mut snapshot = sources.get(of.source.as_deref())?.snapshot(NAME).await?;
    let customer = super::customer(partner, &mut snapshot).await?;
    customer.map(Json).ok_or_else(|| {
        Problem::not_found(format!("there is no partner {partner} in source {}", snapshot.source.name))
    })
}
