//! `/api/v1/credit`: who owes how much, who is held, and why.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use credit::read::{self, ExposureLine, HoldLine};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::page::{OfSource, Page, Which};
use super::problem::Problem;
use crate::explain::{self, Customer};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Exposures {
    /// Only customers above their limit.
    #[serde(default)]
    over_limit: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Holds {
    /// Only those with this status; `none` where a person decided something.
    status: Option<Status>,
}

/// What a hold is.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    None,
    Shadow,
    Suggested,
    Held,
}

fn page(which: &Which) -> Result<(read::Page, usize), Problem> {
    let limit = which.limit()?;
    let [company, partner] = which.after()?.unwrap_or([i64::from(i32::MIN); 2]);
    let number =
        |number| i32::try_from(number).map_err(|_| Problem::bad_request("after: a number is too large"));
    let rows = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    Ok((read::Page { after: (number(company)?, number(partner)?), limit: rows }, limit))
}

/// Exposures and assessments, by company and customer.
#[utoipa::path(get, path = "/api/v1/credit/exposures", params(Which, Exposures), tag = "credit",
    responses((status = 200, body = Page<ExposureLine>), (status = 400, body = Problem)))]
pub(super) async fn exposures(
    State(app): State<App>,
    which: Result<Query<Which>, QueryRejection>,
    of: Result<Query<Exposures>, QueryRejection>,
) -> Result<Json<Page<ExposureLine>>, Problem> {
    let (Query(which), Query(of)) = (which?, of?);
    let (rows, limit) = page(&which)?;
    let mut connection = app.sources.get(which.source.as_deref())?.connect().await?;
    let lines = read::exposures(of.over_limit, rows, &mut connection).await?;
    Ok(Json(Page::new(lines, limit, |line| [line.company_id.into(), line.partner_id.into()])))
}

/// Holds, and what people decided about them, by company and customer.
#[utoipa::path(get, path = "/api/v1/credit/holds", params(Which, Holds), tag = "credit",
    responses((status = 200, body = Page<HoldLine>), (status = 400, body = Problem)))]
pub(super) async fn holds(
    State(app): State<App>,
    which: Result<Query<Which>, QueryRejection>,
    of: Result<Query<Holds>, QueryRejection>,
) -> Result<Json<Page<HoldLine>>, Problem> {
    let (Query(which), Query(of)) = (which?, of?);
    let (rows, limit) = page(&which)?;
    let mut connection = app.sources.get(which.source.as_deref())?.connect().await?;
    let status = of.status.map(|status| match status {
        Status::None => "none",
        Status::Shadow => "shadow",
        Status::Suggested => "suggested",
        Status::Held => "held",
    });
    let lines = read::holds(status, rows, &mut connection).await?;
    Ok(Json(Page::new(lines, limit, |line| [line.company_id.into(), line.partner_id.into()])))
}

/// Why a customer stands as it does: documents, checks, score, decision, and what would change it.
#[utoipa::path(get, path = "/api/v1/credit/partners/{partner_id}", params(("partner_id" = i32, Path), OfSource), tag = "credit",
    responses((status = 200, body = Customer), (status = 404, body = Problem)))]
pub(super) async fn partner(
    State(app): State<App>,
    partner: Result<Path<i32>, PathRejection>,
    of: Result<Query<OfSource>, QueryRejection>,
) -> Result<Json<Customer>, Problem> {
    let (Path(partner), Query(of)) = (partner?, of?);
    let source = app.sources.get(of.source.as_deref())?;
    let mut moment = source.moment().await?;
    match explain::credit(&source.source, &source.topic, partner, &mut moment).await? {
        Some(customer) => Ok(Json(customer)),
        None => {
            Err(Problem::not_found(format!("there is no partner {partner} in source {}", source.source.name)))
        }
    }
}
