//! Its part of the demo: which customers were entered twice, and what became of it.

use contract::api::output::thousands;
use contract::api::{Section, Step};
use rust_decimal::Decimal;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

pub(super) const STEPS: &[Step] = &[Step::Show(|connection| Box::pin(duplicates(connection)))];

async fn duplicates(connection: &mut PgConnection) -> sqlx::Result<Vec<Section>> {
    let counts: (i64, i64, i64) = sqlx::query_as(
        "SELECT COALESCE(max(total_records), 0)::bigint, COALESCE(max(duplicates_found), 0)::bigint,
             (SELECT count(*) FROM duplicate_groups WHERE resolution = 'merged')
         FROM deduplication_scans WHERE scan_type LIKE 'res.partner%'",
    )
    .fetch_one(&mut *connection)
    .await?;
    let [partners, surplus, merged] = [counts.0, counts.1, counts.2].map(thousands);
    let groups = sqlx::query(
        "SELECT g.id, g.status, g.similarity_score, master_record_id AS stays,
             string_agg(DISTINCT p.name, ' = ') AS names,
             (SELECT string_agg(field || ' ' || level, ', ') FROM (SELECT DISTINCT ON (field) field, level, bits
                  FROM jsonb_to_recordset(g.match_fields) AS e(field text, level text, bits float)
                  ORDER BY field, bits DESC) AS best WHERE bits > 3) AS because
         FROM duplicate_groups AS g JOIN dedup.partner AS p ON g.record_ids @> to_jsonb(p.id)
         WHERE g.odoo_model = 'res.partner' AND g.status NOT IN ('resolved', 'dissolved')
         GROUP BY g.id ORDER BY g.id DESC LIMIT 5",
    )
    .try_map(|row: PgRow| {
        Ok(vec![
            row.try_get::<i32, _>("id")?.to_string(),
            row.try_get("names")?,
            row.try_get("status")?,
            row.try_get::<Option<Decimal>, _>("similarity_score")?.unwrap_or_default().to_string(),
            row.try_get::<Option<i32>, _>("stays")?.unwrap_or_default().to_string(),
            row.try_get::<Option<String>, _>("because")?.unwrap_or_default(),
        ])
    })
    .fetch_all(connection)
    .await?;
    Ok(vec![Section {
        title: Some(format!(
            "Duplicates: {surplus} of {partners} partners are entered again; {merged} groups were merged in Odoo meanwhile"
        )),
        header: &["group", "customers", "status", "probability", "stays", "because"],
        right: &["group", "probability", "stays"],
        rows: groups,
        closing: Some("`ledgerwell explain dedup GROUP` says more".into()),
    }])
}
