//! What people ask of the results.

use chrono::NaiveDateTime;
use contract::Failure;
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use utoipa::ToSchema;

use crate::domain::Catalogue;
use crate::store::{Evidence, Tables};

pub use crate::domain::explain::Explanation;
pub use crate::domain::models::OdooModel;
pub use crate::domain::training::Training;

/// Which groups, and how many.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// Those of an Odoo model.
    pub model: Option<&'a str>,
    /// Those with a status.
    pub status: Option<&'a str>,
    /// Those with a record.
    pub record: Option<i32>,
    /// Those that are at least so likely.
    pub least_score: Option<Decimal>,
    /// Those behind a number.
    pub after: i32,
    /// At most so many.
    pub limit: i64,
}

/// A row of `duplicate_groups`.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
pub struct GroupLine {
    /// Its number.
    pub id: i32,
    /// The scan that was in force when it was found.
    pub scan_id: Option<i32>,
    /// `res.partner`, `crm.lead` or `product.template`.
    pub odoo_model: String,
    /// Its records.
    #[schema(value_type = Vec<i32>)]
    pub record_ids: Json<Vec<i32>>,
    /// The record that should stay.
    pub master_record_id: Option<i32>,
    /// The probability of the least likely of the pairs that hold it together.
    pub similarity_score: Option<Decimal>,
    /// The evidence for those pairs.
    #[schema(value_type = Vec<Evidence>)]
    pub match_fields: Json<Vec<Evidence>>,
    /// pending, suggested, merge_requested, resolved or dissolved.
    pub status: String,
    /// When it was resolved or dissolved.
    pub resolved_at: Option<NaiveDateTime>,
    /// Who asked for the merge, or resolved it.
    pub resolved_by: Option<String>,
    /// merged, not_duplicate, lapsed or split.
    pub resolution: Option<String>,
}

/// A row of `deduplication_scans`.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
pub struct ScanLine {
    /// Its number.
    pub id: i32,
    /// Odoo model and why it was made.
    pub scan_type: String,
    /// completed
    pub status: String,
    /// Records that are compared.
    pub total_records: i32,
    /// Records that are in a group besides the one that stays.
    pub duplicates_found: i32,
    /// Groups that were merged without a person being asked.
    pub auto_merged: i32,
    /// Groups that wait for a person.
    pub pending_review: i32,
    /// When, by the stream's clock.
    pub started_at: NaiveDateTime,
}

/// A group with all that explains it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GroupPage {
    /// The row.
    #[serde(flatten)]
    pub group: GroupLine,
    /// Why it is what it is; `None` where its records are not compared any more.
    pub explanation: Option<Explanation>,
}

const COLUMNS: &str = "id::int AS id, scan_id::int AS scan_id, odoo_model::text AS odoo_model, record_ids::jsonb AS record_ids,
    master_record_id::int AS master_record_id, similarity_score, COALESCE(match_fields, '[]')::jsonb AS match_fields,
    COALESCE(status::text, 'pending') AS status, resolved_at::timestamp AS resolved_at, resolved_by::text AS resolved_by,
    resolution::text AS resolution";

/// Groups in the order of their numbers.
pub async fn groups(wanted: &Wanted<'_>, connection: &mut PgConnection) -> sqlx::Result<Vec<GroupLine>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM duplicate_groups
         WHERE id > $1 AND ($2::text IS NULL OR odoo_model = $2) AND ($3::text IS NULL OR status = $3)
             AND ($4::int IS NULL OR record_ids::jsonb @> to_jsonb($4::int))
             AND ($5::numeric IS NULL OR similarity_score >= $5)
         ORDER BY id LIMIT $6"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(wanted.after)
        .bind(wanted.model)
        .bind(wanted.status)
        .bind(wanted.record)
        .bind(wanted.least_score)
        .bind(wanted.limit)
        .fetch_all(connection)
        .await
}

/// Scans before a number, the latest first.
pub async fn scans(before: i32, limit: i64, connection: &mut PgConnection) -> sqlx::Result<Vec<ScanLine>> {
    sqlx::query_as(
        "SELECT id::int AS id, scan_type::text AS scan_type, COALESCE(status::text, '') AS status,
             COALESCE(total_records, 0)::int AS total_records, COALESCE(duplicates_found, 0)::int AS duplicates_found,
             COALESCE(auto_merged, 0)::int AS auto_merged, COALESCE(pending_review, 0)::int AS pending_review,
             COALESCE(started_at, 'epoch')::timestamp AS started_at
         FROM deduplication_scans WHERE id < $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(before)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// A group with all that explains it, from one moment; `None` where there is none.
pub async fn explain(group: i32, connection: &mut PgConnection) -> Result<Option<GroupPage>, Failure> {
    let sql = format!("SELECT {COLUMNS} FROM duplicate_groups WHERE id = $1");
    let line: Option<GroupLine> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(group).fetch_optional(&mut *connection).await?;
    let Some(line) = line else { return Ok(None) };
    let tables = Tables::load_group(group, connection).await?;
    let catalogue = Catalogue::new(tables).map_err(Failure::permanent)?;
    Ok(Some(GroupPage { explanation: catalogue.explain(group), group: line }))
}

/// Learns what agreement is worth from the records of an Odoo model; `None` where they are not compared. Reads everything.
pub async fn train(model: OdooModel, connection: &mut PgConnection) -> Result<Option<Training>, Failure> {
    let tables = Tables::load(connection).await?;
    Ok(Catalogue::new(tables).map_err(Failure::permanent)?.train(model))
}
