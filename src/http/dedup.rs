//! `/api/v1/dedup`: groups of duplicates, why they are taken for the same, and scans.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use dedup::read::{self, GroupLine, GroupPage, ScanLine, Wanted};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::page::{OfSource, Page, Which};
use super::problem::Problem;
use crate::explain;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Groups {
    /// Only those of this Odoo model: `res.partner`, `crm.lead` or `product.template`.
    model: Option<String>,
    /// Only those with this status.
    status: Option<Status>,
    /// Only those with this record.
    record: Option<i32>,
    /// Only those that are at least so likely, from 0 to 1.
    min_score: Option<Decimal>,
}

/// What a group is.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Pending,
    Suggested,
    MergeRequested,
    Resolved,
    Dissolved,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Suggested => "suggested",
            Self::MergeRequested => "merge_requested",
            Self::Resolved => "resolved",
            Self::Dissolved => "dissolved",
        }
    }
}

/// Groups of duplicates, by number.
#[utoipa::path(get, path = "/api/v1/dedup/groups", params(Which, Groups), tag = "dedup",
    responses((status = 200, body = Page<GroupLine>), (status = 400, body = Problem)))]
pub(super) async fn groups(
    State(app): State<App>,
    which: Result<Query<Which>, QueryRejection>,
    of: Result<Query<Groups>, QueryRejection>,
) -> Result<Json<Page<GroupLine>>, Problem> {
    let (Query(which), Query(of)) = (which?, of?);
    let limit = which.limit()?;
    let [after] = which.after()?.unwrap_or([0]);
    let wanted = Wanted {
        model: of.model.as_deref(),
        status: of.status.map(Status::as_str),
        record: of.record,
        least_score: of.min_score,
        after: i32::try_from(after).map_err(|_| Problem::bad_request("after: the number is too large"))?,
        limit: i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1),
    };
    let mut connection = app.sources.get(which.source.as_deref())?.connect().await?;
    let lines = read::groups(&wanted, &mut connection).await?;
    Ok(Json(Page::new(lines, limit, |line| [line.id.into()])))
}

/// A group with all that explains it: values, evidence, vetoes, what should be kept, and what would change it.
#[utoipa::path(get, path = "/api/v1/dedup/groups/{id}", params(("id" = i32, Path), OfSource), tag = "dedup",
    responses((status = 200, body = GroupPage), (status = 404, body = Problem)))]
pub(super) async fn group(
    State(app): State<App>,
    group: Result<Path<i32>, PathRejection>,
    of: Result<Query<OfSource>, QueryRejection>,
) -> Result<Json<GroupPage>, Problem> {
    let (Path(group), Query(of)) = (group?, of?);
    let source = app.sources.get(of.source.as_deref())?;
    let mut moment = source.moment().await?;
    match explain::dedup(&source.source, &source.topic, group, &mut moment).await? {
        Some(page) => Ok(Json(page)),
        None => {
            Err(Problem::not_found(format!("there is no group {group} in source {}", source.source.name)))
        }
    }
}

/// Scans with the counts of the present, the latest first.
#[utoipa::path(get, path = "/api/v1/dedup/scans", params(Which), tag = "dedup",
    responses((status = 200, body = Page<ScanLine>), (status = 400, body = Problem)))]
pub(super) async fn scans(
    State(app): State<App>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Page<ScanLine>>, Problem> {
    let Query(which) = which?;
    let limit = which.limit()?;
    let [before] = which.after()?.unwrap_or([i64::from(i32::MAX)]);
    let before = i32::try_from(before).map_err(|_| Problem::bad_request("after: the number is too large"))?;
    let rows = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut connection = app.sources.get(which.source.as_deref())?.connect().await?;
    let lines = read::scans(before, rows, &mut connection).await?;
    Ok(Json(Page::new(lines, limit, |line| [line.id.into()])))
}
