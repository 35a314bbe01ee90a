//! What is concluded: the seed's `duplicate_groups` and `deduplication_scans`. Their ids are counted along the stream, not taken
//! from a sequence, so that the same stream gives the same ids.

use chrono::NaiveDateTime;
use contract::Table;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;
use utoipa::ToSchema;

/// How two records of a group agree in one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// The two records.
    pub records: (i32, i32),
    /// The field: its columns.
    pub field: String,
    /// How far the two values agree.
    pub level: String,
    /// What that says, in bits: positive for the same, negative against it.
    pub bits: f64,
}

/// A row of `duplicate_groups`.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Group {
    /// Its number.
    pub id: i32,
    /// The scan that was in force when it was found.
    pub scan_id: Option<i32>,
    /// `res.partner`
    pub odoo_model: String,
    /// Its records, ascending.
    #[sqlx(json)]
    pub record_ids: Vec<i32>,
    /// The record that should stay.
    pub master_record_id: Option<i32>,
    /// The probability of the least likely of the pairs that hold it together; `None` where so many hang together that nobody
    /// looked.
    pub similarity_score: Option<Decimal>,
    /// The evidence for those pairs.
    #[sqlx(json)]
    pub match_fields: Vec<Evidence>,
    /// pending, suggested, merge_requested, resolved or dissolved.
    pub status: String,
    /// When it was resolved or dissolved, by the unit's clock.
    pub resolved_at: Option<NaiveDateTime>,
    /// Who asked for the merge, or resolved it.
    pub resolved_by: Option<String>,
    /// merged, not_duplicate, lapsed or split.
    pub resolution: Option<String>,
}

impl Table for Group {
    type Key = i32;

    fn key(&self) -> i32 {
        self.id
    }

    async fn load(connection: &mut PgConnection) -> sqlx::Result<Vec<Self>> {
        Self::load_some("$1 IS NOT NULL", 0, connection).await
    }

    async fn load_some(
        condition: &str,
        parameter: i32,
        connection: &mut PgConnection,
    ) -> sqlx::Result<Vec<Self>> {
        let sql = format!(
            "SELECT id::int AS id, scan_id::int AS scan_id, odoo_model::text AS odoo_model, record_ids::jsonb AS record_ids,
                 master_record_id::int AS master_record_id, similarity_score,
                 COALESCE(match_fields, '[]')::jsonb AS match_fields, COALESCE(status::text, 'pending') AS status,
                 resolved_at::timestamp AS resolved_at, resolved_by::text AS resolved_by, resolution::text AS resolution
             FROM duplicate_groups WHERE {condition}"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(parameter).fetch_all(connection).await
    }

    async fn upsert(rows: &[&Self], connection: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO duplicate_groups (id, scan_id, odoo_model, record_ids, master_record_id, similarity_score,
                 match_fields, status, resolved_at, resolved_by, resolution)
             SELECT * FROM UNNEST($1::int[], $2::int[], $3::text[], $4::jsonb[], $5::int[], $6::numeric[], $7::jsonb[],
                 $8::text[], $9::timestamp[], $10::text[], $11::text[])
             ON CONFLICT (id) DO UPDATE SET scan_id = EXCLUDED.scan_id, odoo_model = EXCLUDED.odoo_model,
                 record_ids = EXCLUDED.record_ids, master_record_id = EXCLUDED.master_record_id,
                 similarity_score = EXCLUDED.similarity_score, match_fields = EXCLUDED.match_fields,
                 status = EXCLUDED.status, resolved_at = EXCLUDED.resolved_at, resolved_by = EXCLUDED.resolved_by,
                 resolution = EXCLUDED.resolution",
        )
        .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.scan_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.odoo_model.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| Json(&row.record_ids)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.master_record_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.similarity_score).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| Json(&row.match_fields)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.status.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.resolved_at).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.resolved_by.as_deref()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.resolution.as_deref()).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
    }

    async fn delete(keys: &[i32], connection: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM duplicate_groups WHERE id = ANY($1)")
            .bind(keys)
            .execute(connection)
            .await
            .map(drop)
    }

    async fn clear(connection: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM duplicate_groups").execute(connection).await.map(drop)
    }
}

/// A row of `deduplication_scans`: all records of an Odoo model were compared, and since then every change.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Scan {
    /// Its number.
    pub id: i32,
    /// Odoo model and why: `res.partner bootstrap`.
    pub scan_type: String,
    /// completed: a scan is one step of the stream.
    pub status: String,
    /// Records that are compared.
    pub total_records: i32,
    /// Records that are in a group besides its master.
    pub duplicates_found: i32,
    /// Groups that were merged without a person being asked.
    pub auto_merged: i32,
    /// Groups that wait for a person.
    pub pending_review: i32,
    /// When, by the unit's clock.
    pub started_at: NaiveDateTime,
    /// The same.
    pub completed_at: NaiveDateTime,
}

impl Table for Scan {
    type Key = i32;

    fn key(&self) -> i32 {
        self.id
    }

    async fn load(connection: &mut PgConnection) -> sqlx::Result<Vec<Self>> {
        Self::load_some("$1 IS NOT NULL", 0, connection).await
    }

    async fn load_some(
        condition: &str,
        parameter: i32,
        connection: &mut PgConnection,
    ) -> sqlx::Result<Vec<Self>> {
        let sql = format!(
            "SELECT id::int AS id, scan_type::text AS scan_type, COALESCE(status::text, 'completed') AS status,
                 COALESCE(total_records, 0)::int AS total_records, COALESCE(duplicates_found, 0)::int AS duplicates_found,
                 COALESCE(auto_merged, 0)::int AS auto_merged, COALESCE(pending_review, 0)::int AS pending_review,
                 COALESCE(started_at, 'epoch')::timestamp AS started_at,
                 COALESCE(completed_at, 'epoch')::timestamp AS completed_at
             FROM deduplication_scans WHERE {condition}"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(parameter).fetch_all(connection).await
    }

    async fn upsert(rows: &[&Self], connection: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO deduplication_scans (id, scan_type, status, total_records, duplicates_found, auto_merged,
                 pending_review, started_at, completed_at)
             SELECT * FROM UNNEST($1::int[], $2::text[], $3::text[], $4::int[], $5::int[], $6::int[], $7::int[],
                 $8::timestamp[], $9::timestamp[])
             ON CONFLICT (id) DO UPDATE SET scan_type = EXCLUDED.scan_type, status = EXCLUDED.status,
                 total_records = EXCLUDED.total_records, duplicates_found = EXCLUDED.duplicates_found,
                 auto_merged = EXCLUDED.auto_merged, pending_review = EXCLUDED.pending_review,
                 started_at = EXCLUDED.started_at, completed_at = EXCLUDED.completed_at",
        )
        .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.scan_type.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.status.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.total_records).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.duplicates_found).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.auto_merged).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.pending_review).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.started_at).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.completed_at).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
    }

    async fn delete(keys: &[i32], connection: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM deduplication_scans WHERE id = ANY($1)")
            .bind(keys)
            .execute(connection)
            .await
            .map(drop)
    }

    async fn clear(connection: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM deduplication_scans").execute(connection).await.map(drop)
    }
}
