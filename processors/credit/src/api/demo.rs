//! Its part of the demo: exposures and holds for a finance person.

use contract::Mode;
use contract::api::output::thousands;
use contract::api::{Section, Step};
use rust_decimal::Decimal;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::HOLD;

pub(super) const STEPS: &[Step] = &[
    Step::Show(|connection| Box::pin(exposures(connection))),
    Step::Show(|connection| Box::pin(holds("As it was installed: holds are suggested", connection))),
    // What a credit controller does who trusts what was suggested.
    Step::Switch { automation: HOLD, mode: Mode::Auto },
    Step::Show(|connection| {
        Box::pin(holds("The rule `Credit hold` switched to auto: holds are in force", connection))
    }),
    Step::Open("/api/v1/credit/holds"),
];

/// Who owes how much, per currency, and who is furthest over the limit.
async fn exposures(connection: &mut PgConnection) -> sqlx::Result<Vec<Section>> {
    let sums = sqlx::query(
        "SELECT currency, count(*) AS customers, sum(total) AS total, sum(overdue) AS overdue,
             count(*) FILTER (WHERE overdue > 0) AS late, count(*) FILTER (WHERE credit_limit > 0 AND total > credit_limit) AS over
         FROM credit.exposure GROUP BY currency ORDER BY currency",
    )
    .try_map(|row: PgRow| {
        Ok(vec![
            row.try_get("currency")?,
            thousands(row.try_get::<i64, _>("customers")?),
            thousands(row.try_get::<Decimal, _>("total")?),
            thousands(row.try_get::<Decimal, _>("overdue")?),
            thousands(row.try_get::<i64, _>("late")?),
            thousands(row.try_get::<i64, _>("over")?),
        ])
    })
    .fetch_all(&mut *connection)
    .await?;
    let worst = sqlx::query(
        "SELECT partner_name, currency, total, credit_limit, overdue, oldest_due FROM credit.exposure
         WHERE credit_limit > 0 AND total > credit_limit ORDER BY total - credit_limit DESC LIMIT 10",
    )
    .try_map(|row: PgRow| {
        let (total, limit): (Decimal, Decimal) = (row.try_get("total")?, row.try_get("credit_limit")?);
        let due: Option<chrono::NaiveDate> = row.try_get("oldest_due")?;
        Ok(vec![
            row.try_get("partner_name")?,
            row.try_get("currency")?,
            thousands(total),
            thousands(limit),
            thousands(total - limit),
            thousands(row.try_get::<Decimal, _>("overdue")?),
            due.map_or_else(String::new, |due| due.to_string()),
        ])
    })
    .fetch_all(connection)
    .await?;
    Ok(vec![
        Section {
            title: Some("Credit exposure".into()),
            header: &[
                "currency",
                "customers",
                "exposure",
                "overdue",
                "customers overdue",
                "over their limit",
            ],
            right: &["customers", "exposure", "overdue", "customers overdue", "over their limit"],
            rows: sums,
            closing: None,
        },
        Section {
            title: Some("Furthest over their limit".into()),
            header: &["customer", "currency", "exposure", "limit", "over by", "overdue", "oldest due"],
            right: &["exposure", "limit", "over by", "overdue"],
            rows: worst,
            closing: None,
        },
    ])
}

/// Who is held, or would be, and what would release them.
async fn holds(title: &str, connection: &mut PgConnection) -> sqlx::Result<Vec<Section>> {
    let sums = sqlx::query(
        "SELECT status, currency, count(*) AS customers, sum(jsonb_array_length(orders)) AS orders,
             sum(missing) AS missing
         FROM credit.hold JOIN credit.exposure USING (company_id, partner_id)
         WHERE status <> 'none' GROUP BY status, currency ORDER BY status, currency",
    )
    .try_map(|row: PgRow| {
        Ok(vec![
            row.try_get("status")?,
            row.try_get("currency")?,
            thousands(row.try_get::<i64, _>("customers")?),
            thousands(row.try_get::<Option<i64>, _>("orders")?.unwrap_or_default()),
            thousands(row.try_get::<Option<Decimal>, _>("missing")?.unwrap_or_default()),
        ])
    })
    .fetch_all(&mut *connection)
    .await?;
    let largest = sqlx::query(
        "SELECT name, status, credit_score, risk_level, reason, release
         FROM credit.hold JOIN credit.assessment USING (company_id, partner_id) JOIN credit.partner ON partner.id = partner_id
         WHERE status <> 'none' ORDER BY missing DESC NULLS LAST, partner_id LIMIT 5",
    )
    .try_map(|row: PgRow| {
        let score: Option<Decimal> = row.try_get("credit_score")?;
        Ok(vec![
            row.try_get("name")?,
            row.try_get("status")?,
            score.map_or_else(|| "–".to_owned(), thousands),
            row.try_get("risk_level")?,
            row.try_get("reason")?,
            row.try_get("release")?,
        ])
    })
    .fetch_all(connection)
    .await?;
    Ok(vec![
        Section {
            title: Some(title.into()),
            header: &["status", "currency", "customers", "orders", "payments that would release them"],
            right: &["customers", "orders", "payments that would release them"],
            rows: sums,
            closing: None,
        },
        Section {
            title: None,
            header: &["customer", "status", "score", "risk", "why", "released by"],
            right: &["score"],
            rows: largest,
            closing: None,
        },
    ])
}
