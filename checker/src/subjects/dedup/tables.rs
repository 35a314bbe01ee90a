//! What is in `dedup`'s tables: groups of duplicates, and the partners they are made of.

use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::PgConnection;

/// A row of `duplicate_groups`.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct Group {
    pub(super) id: i32,
    pub(super) odoo_model: String,
    pub(super) record_ids: Value,
    pub(super) master_record_id: Option<i32>,
    pub(super) similarity_score: Option<Decimal>,
    pub(super) status: String,
    pub(super) resolved_by: Option<String>,
    pub(super) resolution: Option<String>,
}

impl Group {
    /// Its records.
    pub(super) fn records(&self) -> Vec<i64> {
        self.record_ids.as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
    }

    /// Whether its records are taken for the same now.
    pub(super) fn is_live(&self) -> bool {
        !matches!(self.status.as_str(), "resolved" | "dissolved")
    }
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    pub(super) groups: Vec<Group>,
    /// The rows of `dedup.partner`, as JSON.
    pub(super) partners: Vec<Value>,
    /// Pairs of partners of which a person said whether they are the same.
    pub(super) decisions: Vec<(i32, i32, bool)>,
    /// By Odoo model, the latest scan: records, surplus records, groups that wait.
    pub(super) scans: Vec<(String, i32, i32, i32)>,
}

impl Tables {
    /// Reads all.
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let groups = "SELECT id, odoo_model, record_ids, master_record_id, similarity_score, status, resolved_by, resolution
                      FROM duplicate_groups ORDER BY id";
        let scans = "SELECT DISTINCT ON (1) split_part(scan_type, ' ', 1), total_records, duplicates_found, pending_review
                     FROM deduplication_scans ORDER BY 1, id DESC";
        Ok(Self {
            groups: sqlx::query_as(groups).fetch_all(&mut *connection).await?,
            partners: sqlx::query_scalar("SELECT to_jsonb(p) FROM dedup.partner AS p ORDER BY id")
                .fetch_all(&mut *connection)
                .await?,
            decisions: sqlx::query_as("SELECT first_id, second_id, same FROM dedup.decision WHERE model = 1")
                .fetch_all(&mut *connection)
                .await?,
            scans: sqlx::query_as(scans).fetch_all(connection).await?,
        })
    }
}
