//! `/api/v1/credit`: who owes how much, who is held, and why.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use chrono::{DateTime, Utc};
use credit::read::{self, Explanation, ExposureLine, HoldLine};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::page::{Page, Which};
use super::problem::Problem;
use crate::control::rules;

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
    /// Only those that are shadow, suggested, held, or none (a person decided something).
    status: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfSource {
    /// The source; needed where there are several.
    pub(super) source: Option<String>,
}

/// A customer, explained.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Customer {
    /// Commercial partner.
    pub(crate) partner_id: i32,
    /// Its name.
    pub(crate) partner_name: String,
    /// The stream's clock: all that was committed up to then is in it.
    pub(crate) as_of: DateTime<Utc>,
    /// Each company that knows the customer.
    pub(crate) companies: Vec<Explanation>,
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
    let lines = read::holds(of.status.as_deref(), rows, &mut connection).await?;
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
    match explain(&source.source, partner, &mut moment).await? {
        Some(customer) => Ok(Json(customer)),
        None => {
            Err(Problem::not_found(format!("there is no partner {partner} in source {}", source.source.name)))
        }
    }
}

/// Explains a customer by the clock and the rules that the processor goes by.
pub(crate) async fn explain(
    source: &contract::Source,
    partner: i32,
    connection: &mut sqlx::PgConnection,
) -> Result<Option<Customer>, contract::Failure> {
    let clock: Option<DateTime<Utc>> = sqlx::query_scalar(
        "SELECT clock FROM stream.checkpoint WHERE processor = $1 AND source = $2 ORDER BY version DESC LIMIT 1",
    )
    .bind(credit::NAME)
    .bind(&source.name)
    .fetch_optional(&mut *connection)
    .await?
    .flatten();
    let Some(as_of) = clock else { return Ok(None) };
    let rules = rules::in_force(credit::NAME, &source.name, connection).await?;
    let customer = read::explain(source, as_of, &rules, partner, connection).await?;
    Ok(customer.map(|(partner_id, partner_name, companies)| Customer {
        partner_id,
        partner_name,
        as_of,
        companies,
    }))
}
