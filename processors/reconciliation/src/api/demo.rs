//! Its part of the demo: what bank lines may pay, and how far the sessions are.

use contract::api::output::thousands;
use contract::api::{Section, Step};
use rust_decimal::Decimal;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

pub(super) const STEPS: &[Step] = &[
    Step::Show(|connection| Box::pin(lines(connection))),
    Step::Open("/api/v1/reconciliation/lines?status=proposed"),
];

async fn lines(connection: &mut PgConnection) -> sqlx::Result<Vec<Section>> {
    let counts: (i64, i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE status NOT IN ('matched', 'past')),
             count(*) FILTER (WHERE status IN ('matched', 'past')),
             (SELECT count(*) FROM reconciliation.learned_rule WHERE holds)
         FROM reconciliation.line",
    )
    .fetch_one(&mut *connection)
    .await?;
    let [open, done, rules] = [counts.0, counts.1, counts.2].map(thousands);
    let open_lines = sqlx::query(
        "SELECT l.id, l.amount, l.currency, s.label, p.kind, p.probability, p.auto,
             COALESCE((SELECT string_agg(a->>'number', ', ') FROM jsonb_array_elements(p.allocations) AS a), '') AS pays
         FROM reconciliation.line AS l
             JOIN reconciliation.statement_line AS s USING (id)
             JOIN reconciliation.proposal AS p ON p.line_id = l.id AND p.rank = 1
         WHERE l.status NOT IN ('matched', 'past') ORDER BY p.probability DESC, l.id LIMIT 5",
    )
    .try_map(|row: PgRow| {
        Ok(vec![
            row.try_get::<i32, _>("id")?.to_string(),
            format!("{} {}", row.try_get::<Decimal, _>("amount")?, row.try_get::<String, _>("currency")?),
            row.try_get::<Option<String>, _>("label")?.unwrap_or_default(),
            row.try_get("kind")?,
            row.try_get("pays")?,
            row.try_get::<Decimal, _>("probability")?.to_string(),
            if row.try_get("auto")? { "yes" } else { "no" }.into(),
        ])
    })
    .fetch_all(connection)
    .await?;
    Ok(vec![Section {
        title: Some(format!(
            "Bank lines: {open} are open, {done} are done in Odoo; {rules} rules were learned from those"
        )),
        header: &["line", "amount", "label", "kind", "pays", "probability", "alone"],
        right: &["line", "amount", "probability"],
        rows: open_lines,
        closing: Some("`ledgerwell explain reconciliation LINE` says more".into()),
    }])
}
