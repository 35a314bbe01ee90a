//! The outbox's rows.

use contract::Failure;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row};

use super::{Chain, OutboxRow};
use crate::task::{Job, TaskId};

/// Rows of a statement, which copies them.
const ROWS_PER_STATEMENT: usize = 10_000;

/// Stores events, inside the batch's transaction.
pub async fn insert(task: &TaskId, rows: &[OutboxRow], connection: &mut PgConnection) -> Result<(), Failure> {
    for rows in rows.chunks(ROWS_PER_STATEMENT) {
        insert_some(task, rows, connection).await?;
    }
    Ok(())
}

async fn insert_some(
    task: &TaskId,
    rows: &[OutboxRow],
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    let column = |of: fn(&OutboxRow) -> &String| rows.iter().map(|row| of(row).as_str()).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO stream.outbox
             (processor, version, source, out_seq, incarnation, event_id, event_type, key, position, time, data, chain_from, chain,
             schema_version)
         SELECT $1, $2, $3, event.*
         FROM UNNEST($4::bigint[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::timestamptz[],
             $11::text[], $12::bigint[], $13::uuid[], $14::int[]) AS event",
    )
    .bind(task.processor)
    .bind(task.version)
    .bind(&task.source)
    .bind(rows.iter().map(|row| row.out_seq).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.topic_generation).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.event_id).collect::<Vec<_>>())
    .bind(column(|row| &row.event_type))
    .bind(column(|row| &row.key))
    .bind(column(|row| &row.position))
    .bind(rows.iter().map(|row| row.time).collect::<Vec<_>>())
    .bind(column(|row| &row.data))
    .bind(rows.iter().map(|row| row.chain.map(|chain| chain.from)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.chain.map(|chain| chain.hash)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.schema_version).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// The first events.
pub(super) async fn next_rows(
    job: &Job,
    limit: usize,
    connection: &mut PgConnection,
) -> Result<Vec<OutboxRow>, Failure> {
    rows_from(job, 0, i64::try_from(limit).unwrap_or(i64::MAX), connection).await
}

/// The first events from a number on.
pub(super) async fn rows_from(
    job: &Job,
    out_seq: i64,
    limit: i64,
    connection: &mut PgConnection,
) -> Result<Vec<OutboxRow>, Failure> {
    let rows = sqlx::query(
        "SELECT out_seq, incarnation, event_id, event_type, schema_version, key, position, time, data,
             chain_from, chain FROM stream.outbox
         WHERE processor = $1 AND version = $2 AND source = $3 AND out_seq >= $4 ORDER BY out_seq LIMIT $5",
    )
    .bind(job.task.processor)
    .bind(job.task.version)
    .bind(&job.task.source)
    .bind(out_seq)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let read = |row: &PgRow| Ok(OutboxRow { chain: chain(row)?, ..OutboxRow::from_row(row)? });
    Ok(rows.iter().map(read).collect::<sqlx::Result<_>>()?)
}

/// The chain up to an event, or to a checkpoint.
pub(super) fn chain(row: &PgRow) -> sqlx::Result<Option<Chain>> {
    let chain = row.try_get::<Option<_>, _>("chain_from")?.zip(row.try_get::<Option<_>, _>("chain")?);
    Ok(chain.map(|(from, hash)| Chain { from, hash }))
}

/// Deletes the events up to a number.
pub(super) async fn delete_published(
    job: &Job,
    through: i64,
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    sqlx::query(
        "DELETE FROM stream.outbox WHERE processor = $1 AND version = $2 AND source = $3 AND out_seq <= $4",
    )
    .bind(job.task.processor)
    .bind(job.task.version)
    .bind(&job.task.source)
    .bind(through)
    .execute(connection)
    .await?;
    Ok(())
}
