//! `/api/v1/credit`: who owes how much, who is held, and why.

use axum::Json;
use axum::extract::State;
use contract::Money;
use contract::api::http::{Limit, Page, PageQuery, Path, Problem, Query, SourceQuery, Sources};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Customer;
use crate::NAME;
use crate::queries::{self, After, ExposureLine, Filter, HoldLine, Totals};
use crate::store::{HoldStatus, RiskLevel};

pub(super) fn routes() -> OpenApiRouter<Sources> {
    OpenApiRouter::new()
        .routes(routes!(exposures))
        .routes(routes!(totals))
        .routes(routes!(holds))
        .routes(routes!(partner))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Exposures {
    /// Only customers above their limit.
    #[serde(default)]
    over_limit: bool,
    /// Only customers of this root company.
    company: Option<i32>,
    /// Only customers whose name has this in it, in capitals or not.
    name: Option<String>,
    /// Only customers of this risk.
    #[param(inline)]
    risk: Option<RiskLevel>,
}

impl From<Exposures> for Filter {
    fn from(Exposures { over_limit, company, name, risk }: Exposures) -> Self {
        Self { over_limit, company, name, risk }
    }
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

/// What stands for the excess of a customer without a limit where a page says what it ends with.
const NO_EXCESS: i128 = i128::MIN;

/// Exposures and assessments, those furthest above their limit first.
#[utoipa::path(get, path = "/api/v1/credit/exposures", params(PageQuery, Exposures), tag = "credit",
    responses((status = 200, body = Page<ExposureLine>)))]
async fn exposures(
    State(sources): State<Sources>,
    Query(page): Query<PageQuery>,
    Query(filter): Query<Exposures>,
) -> Result<Json<Page<ExposureLine>>, Problem> {
    let limit = page.limit()?;
    let after = page.after()?.map(after).transpose()?;
    let mut connection = sources.get(page.source.as_deref())?.connect().await?;
    let lines = queries::exposures(&filter.into(), after.as_ref(), limit.rows(), &mut connection).await?;
    Ok(Json(limit.page(lines, |line| {
        let excess = line.excess.map_or(NO_EXCESS, ten_thousandths);
        [excess, line.exposure.company_id.into(), line.exposure.partner_id.into()]
    })))
}

/// Ends of pages have whole numbers; amounts have four digits after the point at most.
fn ten_thousandths(mut amount: Decimal) -> i128 {
    amount.rescale(Money::SCALE);
    amount.mantissa()
}

fn after([excess, company, partner]: [i128; 3]) -> Result<After, Problem> {
    let unknown = || Problem::bad_request("after: pass `next` of the page before, as it was".to_owned());
    let text = if excess == NO_EXCESS {
        "-Infinity".into()
    } else {
        let excess = Decimal::try_from_i128_with_scale(excess, Money::SCALE);
        excess.map_err(|_| unknown())?.to_string()
    };
    let id = |id: i128| i32::try_from(id).map_err(|_| unknown());
    Ok(After { excess: text, customer: (id(company)?, id(partner)?) })
}

/// What customers owe together, by company.
#[utoipa::path(get, path = "/api/v1/credit/totals", params(SourceQuery, Exposures), tag = "credit",
    responses((status = 200, body = Vec<Totals>)))]
async fn totals(
    State(sources): State<Sources>,
    Query(of): Query<SourceQuery>,
    Query(filter): Query<Exposures>,
) -> Result<Json<Vec<Totals>>, Problem> {
    let mut connection = sources.get(of.source.as_deref())?.connect().await?;
    Ok(Json(queries::totals(&filter.into(), &mut connection).await?))
}

/// Holds, and what people decided about them, by company and customer.
#[utoipa::path(get, path = "/api/v1/credit/holds", params(PageQuery, Holds), tag = "credit",
    responses((status = 200, body = Page<HoldLine>)))]
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
    responses((status = 200, body = Customer)))]
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
