//! What the demo found: exposures and holds for a finance person, speed for an engineer.

use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use crate::cli::output;
use crate::pipeline::Pipeline;
use crate::runner::State;

/// Who owes how much, per currency, and who is furthest over the limit.
pub(super) async fn exposures(connection: &mut PgConnection) -> sqlx::Result<()> {
    let sums = sqlx::query(
        "SELECT currency, count(*) AS customers, sum(total) AS total, sum(overdue) AS overdue,
             count(*) FILTER (WHERE overdue > 0) AS late, count(*) FILTER (WHERE credit_limit > 0 AND total > credit_limit) AS over
         FROM credit.exposure GROUP BY currency ORDER BY currency",
    )
    .fetch_all(&mut *connection)
    .await?;
    println!("\nCredit exposure");
    let header = ["currency", "customers", "exposure", "overdue", "customers overdue", "over their limit"];
    let mut table = output::table(&header, &header[1..]);
    for row in sums {
        table.add_row([
            row.try_get("currency")?,
            output::thousands(row.try_get::<i64, _>("customers")?),
            output::thousands(row.try_get::<Decimal, _>("total")?),
            output::thousands(row.try_get::<Decimal, _>("overdue")?),
            output::thousands(row.try_get::<i64, _>("late")?),
            output::thousands(row.try_get::<i64, _>("over")?),
        ]);
    }
    println!("{table}");
    let worst = sqlx::query(
        "SELECT partner_name, currency, total, credit_limit, overdue, oldest_due FROM credit.exposure
         WHERE credit_limit > 0 AND total > credit_limit ORDER BY total - credit_limit DESC LIMIT 10",
    )
    .fetch_all(&mut *connection)
    .await?;
    println!("\nFurthest over their limit");
    let header = ["customer", "currency", "exposure", "limit", "over by", "overdue", "oldest due"];
    let mut table = output::table(&header, &["exposure", "limit", "over by", "overdue"]);
    for row in worst {
        let (total, limit): (Decimal, Decimal) = (row.try_get("total")?, row.try_get("credit_limit")?);
        let due: Option<chrono::NaiveDate> = row.try_get("oldest_due")?;
        table.add_row([
            row.try_get("partner_name")?,
            row.try_get("currency")?,
            output::thousands(total),
            output::thousands(limit),
            output::thousands(total - limit),
            output::thousands(row.try_get::<Decimal, _>("overdue")?),
            due.map_or(String::new(), |due| due.to_string()),
        ]);
    }
    println!("{table}");
    Ok(())
}

/// Who is held, or would be, and what would release them.
pub(super) async fn holds(title: &str, connection: &mut PgConnection) -> sqlx::Result<()> {
    let sums = sqlx::query(
        "SELECT status, currency, count(*) AS customers, sum(cardinality(string_to_array(orders, ','))) AS orders,
             sum(missing) AS missing
         FROM credit.hold JOIN credit.exposure USING (company_id, partner_id)
         WHERE status <> 'none' GROUP BY status, currency ORDER BY status, currency",
    )
    .fetch_all(&mut *connection)
    .await?;
    println!("\n{title}");
    let header = ["status", "currency", "customers", "orders", "payments that would release them"];
    let mut table = output::table(&header, &header[2..]);
    for row in sums {
        table.add_row([
            row.try_get("status")?,
            row.try_get("currency")?,
            output::thousands(row.try_get::<i64, _>("customers")?),
            output::thousands(row.try_get::<Option<i64>, _>("orders")?.unwrap_or_default()),
            output::thousands(row.try_get::<Option<Decimal>, _>("missing")?.unwrap_or_default()),
        ]);
    }
    println!("{table}");
    let largest = sqlx::query(
        "SELECT name, status, credit_score, risk_level, reason, release
         FROM credit.hold JOIN credit.assessment USING (company_id, partner_id) JOIN credit.partner ON partner.id = partner_id
         WHERE status <> 'none' ORDER BY missing DESC NULLS LAST, partner_id LIMIT 5",
    )
    .fetch_all(connection)
    .await?;
    let mut table = output::table(&["customer", "status", "score", "risk", "why", "released by"], &["score"]);
    for row in largest {
        let score: Option<Decimal> = row.try_get("credit_score")?;
        table.add_row([
            row.try_get("name")?,
            row.try_get("status")?,
            score.map_or_else(|| "–".to_owned(), output::thousands),
            row.try_get("risk_level")?,
            row.try_get("reason")?,
            row.try_get("release")?,
        ]);
    }
    println!("{table}");
    Ok(())
}

/// Which customers were entered twice, and what became of it.
pub(super) async fn duplicates(connection: &mut PgConnection) -> sqlx::Result<()> {
    let scan: (i64, i64, i64) = sqlx::query_as(
        "SELECT COALESCE(max(total_records), 0)::bigint, COALESCE(max(duplicates_found), 0)::bigint,
             (SELECT count(*) FROM duplicate_groups WHERE resolution = 'merged')
         FROM deduplication_scans WHERE scan_type LIKE 'res.partner%'",
    )
    .fetch_one(&mut *connection)
    .await?;
    let [partners, surplus, merged] = [scan.0, scan.1, scan.2].map(output::thousands);
    println!(
        "\nDuplicates: of {partners} partners {surplus} are too many; {merged} groups were merged in Odoo meanwhile"
    );
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
    .fetch_all(connection)
    .await?;
    let mut table = output::table(
        &["group", "customers", "status", "probability", "stays", "because"],
        &["group", "probability", "stays"],
    );
    for row in groups {
        table.add_row([
            row.try_get::<i32, _>("id")?.to_string(),
            row.try_get("names")?,
            row.try_get("status")?,
            row.try_get::<Option<Decimal>, _>("similarity_score")?.unwrap_or_default().to_string(),
            row.try_get::<Option<i32>, _>("stays")?.unwrap_or_default().to_string(),
            row.try_get::<Option<String>, _>("because")?.unwrap_or_default(),
        ]);
    }
    println!("{table}");
    println!("`ledgerwell explain dedup GROUP` says more");
    Ok(())
}

/// How fast it was.
pub(super) fn pipeline(pipeline: &Pipeline, seconds: f64) {
    println!("\nThe pipeline");
    let header = ["processor", "changes", "seconds", "changes/s", "events emitted", "dead letters", "state"];
    let mut table = output::table(&header, &header[1..6]);
    for (unit, figures) in pipeline.figures() {
        #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = figures.changes as f64 / seconds;
        let state = match figures.state {
            State::Stopped(why) => format!("stopped: {why}"),
            _ if figures.caught_up => "caught up, lag 0".into(),
            _ => "behind".into(),
        };
        table.add_row([
            unit.processor.to_owned(),
            output::thousands(figures.changes),
            format!("{seconds:.1}"),
            output::thousands(format!("{rate:.0}")),
            output::thousands(figures.out_seq),
            output::thousands(figures.dead_letters),
            state,
        ]);
    }
    println!("{table}");
}
