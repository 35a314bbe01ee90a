//! What people ask of the results.

use contract::{Failure, Table, TableSet};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection};
use utoipa::ToSchema;

use crate::domain::{State, explain as explanation, training};
use crate::store::Tables;

pub use crate::domain::explain::Explanation;
pub use crate::domain::odoo_model::OdooModel;
pub use crate::domain::training::Training;
pub use crate::store::{Group, Scan};

/// Which groups are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct GroupFilter<'a> {
    /// Those of an Odoo model.
    pub model: Option<&'a str>,
    /// Those with a status.
    pub status: Option<&'a str>,
    /// Those with a record.
    pub record: Option<i32>,
    /// Those with this score or a higher one.
    pub least_score: Option<f64>,
    /// Those behind a number.
    pub after: i32,
    /// The number of groups at most.
    pub limit: i64,
}

/// A group with all that explains it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GroupPage {
    /// The row.
    #[serde(flatten)]
    pub group: Group,
    /// Why it is what it is; `None` where its records are not compared any more.
    pub explanation: Option<Explanation>,
}

/// Groups in the order of their numbers.
pub async fn groups(filter: &GroupFilter<'_>, connection: &mut PgConnection) -> sqlx::Result<Vec<Group>> {
    let sql = format!(
        "{} WHERE id > $1 AND ($2::text IS NULL OR odoo_model = $2) AND ($3::text IS NULL OR status = $3)
             AND ($4::int IS NULL OR record_ids::jsonb @> to_jsonb($4::int))
             AND ($5::float8 IS NULL OR similarity_score >= $5::numeric)
         ORDER BY id LIMIT $6",
        Group::select()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(filter.after)
        .bind(filter.model)
        .bind(filter.status)
        .bind(filter.record)
        .bind(filter.least_score)
        .bind(filter.limit)
        .try_map(|row: PgRow| Group::read(&row, true))
        .fetch_all(connection)
        .await
}

/// Scans before a number, the latest first.
pub async fn scans(before: i32, limit: i64, connection: &mut PgConnection) -> sqlx::Result<Vec<Scan>> {
    let sql = format!("{} WHERE id < $1 ORDER BY id DESC LIMIT $2", Scan::select());
    sqlx::query(AssertSqlSafe(sql))
        .bind(before)
        .bind(limit)
        .try_map(|row: PgRow| Scan::read(&row, true))
        .fetch_all(connection)
        .await
}

/// A group with all that explains it; `None` where there is none. All of it is from one instant if the connection is in a
/// transaction that reads from one.
pub async fn explain(group: i32, connection: &mut PgConnection) -> Result<Option<GroupPage>, Failure> {
    let tables = Tables::load_group(group, connection).await?;
    let Some(row) = tables.groups.get(group).cloned() else { return Ok(None) };
    let state = State::new(tables).map_err(Failure::permanent)?;
    Ok(Some(GroupPage { explanation: explanation::explain(&state, group), group: row }))
}

/// Learns what agreement is worth from the records of an Odoo model; `None` where they are not compared. Reads everything.
pub async fn train(model: OdooModel, connection: &mut PgConnection) -> Result<Option<Training>, Failure> {
    let tables = Tables::load(connection).await?;
    Ok(training::train(&State::new(tables).map_err(Failure::permanent)?, model))
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use utoipa::PartialSchema;

    use super::*;
    use crate::store::{Evidence, GroupStatus};

    /// What HTTP shows, and what the API's description says about it.
    fn check<T: Serialize + PartialSchema>(row: &T, fields: &[&str], required: &[&str]) {
        let value = serde_json::to_value(row).unwrap();
        let schema = serde_json::to_value(T::schema()).unwrap();
        let names = |value: &serde_json::Value| {
            let mut names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
            names.sort();
            names
        };
        let mut fields = fields.to_vec();
        fields.sort_unstable();
        assert_eq!(names(&value), fields);
        assert_eq!(names(&schema["properties"]), fields);
        assert_eq!(schema["required"], serde_json::json!(required));
    }

    #[test]
    fn rows_are_shown_as_they_are_described() {
        let group = Group {
            id: 1,
            scan_id: None,
            odoo_model: "res.partner".into(),
            record_ids: vec![7, 8].into(),
            master_record_id: Some(7),
            similarity_score: Some(Decimal::new(9_998, 4)),
            match_fields: Vec::<Evidence>::new().into(),
            status: GroupStatus::Pending,
            resolved_at: None,
            resolved_by: None,
            resolution: None,
        };
        let required = ["id", "odoo_model", "record_ids", "match_fields", "status"];
        let more =
            ["scan_id", "master_record_id", "similarity_score", "resolved_at", "resolved_by", "resolution"];
        check(&group, &[&required[..], &more[..]].concat(), &required);
        let time = chrono::DateTime::UNIX_EPOCH.naive_utc();
        let scan = Scan {
            id: 1,
            scan_type: "res.partner bootstrap".into(),
            status: "completed".into(),
            total_records: 2,
            duplicates_found: 1,
            auto_merged: 0,
            pending_review: 1,
            started_at: time,
            completed_at: time,
        };
        let fields = [
            "id",
            "scan_type",
            "status",
            "total_records",
            "duplicates_found",
            "auto_merged",
            "pending_review",
            "started_at",
        ];
        check(&scan, &fields, &fields);
    }
}
