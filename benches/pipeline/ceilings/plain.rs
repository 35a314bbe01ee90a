//! The fastest plain client that writes the same rows: per batch one statement with everything in it, and a commit.

use std::fmt::Write;
use std::time::Instant;

use sqlx::{AssertSqlSafe, PgConnection};

use crate::Result;

/// Bytes of an event.
const EVENT: usize = 600;

/// A table and its rows, as composite values.
struct Written {
    name: String,
    keys: String,
    set: String,
    rows: Vec<String>,
    /// Rows in each batch.
    batch: usize,
}

/// Writes the number of rows that a run has written into copies of its tables, in the same number of batches. Answers
/// when it began to.
pub(super) async fn write(batches: f64, connection: &mut PgConnection) -> Result<Instant> {
    sqlx::raw_sql("DROP SCHEMA IF EXISTS plain CASCADE; CREATE SCHEMA plain")
        .execute(&mut *connection)
        .await?;
    let (tables, events) = tables(batches, connection).await?;
    let sql = statement(&tables);
    let payload = vec!["x".repeat(EVENT); events];
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of batches")]
    let batches = batches as usize;
    let began = Instant::now();
    for number in 0..batches {
        let mut query =
            sqlx::query(AssertSqlSafe(sql.as_str())).bind(i64::try_from(number * events)?).bind(&payload);
        for table in &tables {
            // A statement may write a row only once.
            let rows = table.rows.iter().cycle().skip(number * table.batch % table.rows.len());
            query = query.bind(rows.take(table.batch).collect::<Vec<_>>());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(began)
}

async fn tables(batches: f64, connection: &mut PgConnection) -> Result<(Vec<Written>, usize)> {
    let all: Vec<(String, String, f64)> = sqlx::query_as(
        "SELECT schemaname::text, relname::text, (n_tup_ins + n_tup_upd)::float8 FROM pg_stat_user_tables
         WHERE n_tup_ins + n_tup_upd > 0 AND schemaname <> 'plain' AND relname NOT LIKE '\\_%'",
    )
    .fetch_all(&mut *connection)
    .await?;
    let (mut tables, mut events) = (Vec::new(), 0);
    for (schema, table, written) in all {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of rows")]
        let batch = (written / batches).ceil() as usize;
        let name = format!("{schema}.{table}");
        let copy = format!("CREATE TABLE plain.{schema}_{table} (LIKE {name} INCLUDING ALL)");
        if name == "stream.outbox" {
            events = batch;
        } else if name == "stream.checkpoint" {
            continue;
        }
        sqlx::raw_sql(AssertSqlSafe(copy)).execute(&mut *connection).await?;
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT t::text FROM {name} AS t")))
            .fetch_all(&mut *connection)
            .await?;
        if rows.is_empty() {
            continue;
        }
        let (keys, set): (String, String) = sqlx::query_as(
            "SELECT string_agg(attname, ', ') FILTER (WHERE attnum = ANY(indkey)),
                 string_agg(format('%1$s = EXCLUDED.%1$s', attname), ', ')
             FROM pg_attribute JOIN pg_index ON indrelid = attrelid AND indisprimary
             WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped",
        )
        .bind(&name)
        .fetch_one(&mut *connection)
        .await?;
        let batch = batch.min(rows.len());
        tables.push(Written { name, keys, set, rows, batch });
    }
    sqlx::raw_sql(
        "CREATE TABLE IF NOT EXISTS plain.stream_outbox (LIKE stream.outbox INCLUDING ALL);
         CREATE TABLE plain.progress (next_offset bigint); INSERT INTO plain.progress VALUES (0)",
    )
    .execute(&mut *connection)
    .await?;
    Ok((tables, events))
}

fn statement(tables: &[Written]) -> String {
    let mut sql =
        "WITH emitted AS (INSERT INTO plain.stream_outbox (processor, version, source, out_seq, incarnation,
        event_id, event_type, key, position, time, data)
        SELECT 'plain', 1, 'bench', $1 + number, gen_random_uuid(), gen_random_uuid(), 'exposure_changed',
        'bench/1/partner-1', '1.1', now(), data FROM UNNEST($2::text[]) WITH ORDINALITY AS e(data, number))"
            .to_owned();
    for (number, table) in tables.iter().enumerate() {
        let Written { name, keys, set, .. } = table;
        let copy = name.replace('.', "_");
        // Writing to a String cannot fail.
        let _ = write!(
            sql,
            ", w{number} AS (INSERT INTO plain.{copy} SELECT row.* FROM UNNEST(${}::text[]::{name}[]) AS row
               ON CONFLICT ({keys}) DO UPDATE SET {set})",
            number + 3
        );
    }
    sql + " UPDATE plain.progress SET next_offset = $1"
}
