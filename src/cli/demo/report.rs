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
