//! Puts one version of a processor's results in force instead of another, in one transaction.

use std::time::{Duration, Instant};

use contract::Failure;
use sqlx::PgConnection;

use super::schema::{bare, next, previous, run, tables};
use crate::connection::connect;
use crate::registry::Entry;
use crate::task::{Job, TaskId};

/// How often it is tried to find all events published while nothing new is saved.
const TRIES: u32 = 10;
/// How long a running pipeline may take to publish what is stored.
const PUBLISHING: Duration = Duration::from_secs(30);
/// The same while its checkpoint is held: not so long that its owner gives up.
const HELD: Duration = Duration::from_secs(3);

/// Begins a transaction that holds the checkpoint of the version in force, so that its owner cannot save, at an instant
/// when all its events are published: nobody would publish them once another version is in force. Whoever commits ends
/// it; it ends with the connection, too.
pub(super) async fn hold(task: &TaskId, version: i32, connection: &mut PgConnection) -> Result<(), Failure> {
    let task = TaskId { version, ..task.clone() };
    for _ in 0..TRIES {
        if !published(&task, PUBLISHING, connection).await? {
            break;
        }
        // Building the last piece and comparing take as long as they take.
        run("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0", connection).await?;
        let sql = "SELECT FROM stream.checkpoint
                   WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5 FOR UPDATE";
        task.query(sql).fetch_one(&mut *connection).await?;
        if published(&task, HELD, connection).await? {
            return Ok(());
        }
        run("ROLLBACK", connection).await?;
    }
    Err(Failure::transient(format!(
        "events of version {version} of {} wait to be published, and would not be any more: let `ledgerwell run` publish them, \
         then replay again; it goes on where it was",
        task.processor
    )))
}

/// Whether all stored events of a version are published, within some time.
async fn published(task: &TaskId, within: Duration, connection: &mut PgConnection) -> Result<bool, Failure> {
    let began = Instant::now();
    loop {
        let left: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM stream.outbox WHERE processor = $1 AND version = $2 AND source = $3)",
        )
        .bind(task.processor)
        .bind(task.version)
        .bind(&task.source)
        .fetch_one(&mut *connection)
        .await?;
        if !left || began.elapsed() >= within {
            return Ok(!left);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Puts the version in the schema `<processor>_next` in force. Its owner before is fenced and claims the new one; what was in
/// force stays in `<processor>_previous`.
pub(super) async fn put_in_force(
    task: &TaskId,
    entry: &Entry,
    before: Option<i32>,
    version: i32,
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    let (schema, old, new) = (entry.name, previous(entry.name), next(entry.name));
    if let Some(before) = before {
        let task = TaskId { version: before, ..task.clone() };
        let sql = "UPDATE stream.checkpoint SET owner_epoch = owner_epoch + 1, updated_at = now()
                   WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5";
        task.query(sql).execute(&mut *connection).await?;
    }
    run(&format!("DROP SCHEMA IF EXISTS {old} CASCADE; ALTER SCHEMA {schema} RENAME TO {old}"), connection)
        .await?;
    for (table, _) in tables(&new, &[], connection).await? {
        let name = bare(&table).to_owned();
        if let Some(public) = entry.public().into_iter().find(|public| public.name == name) {
            // Copied next to what was in force, then brought to what is: only rows that differ are written.
            run(
                &format!(
                    "CREATE TABLE {old}.{name} (LIKE {name} INCLUDING ALL); INSERT INTO {old}.{name} SELECT * FROM {name}"
                ),
                connection,
            )
            .await?;
            bring(&name, &table, &public.keys.join(", "), connection).await?;
            run(&format!("DROP TABLE {table}"), connection).await?;
        }
    }
    run(&format!("ALTER SCHEMA {new} RENAME TO {schema}"), connection).await?;
    sqlx::query(
        "UPDATE stream.active SET version = $3, program = $4, rebuilding = NULL WHERE processor = $1 AND source = $2",
    )
    .bind(task.processor)
    .bind(&task.source)
    .bind(version)
    .bind(task.version)
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes `table` say what `wanted` says, by its key: where that is not the id, ids of rows that stay stay.
async fn bring(table: &str, wanted: &str, key: &str, connection: &mut PgConnection) -> Result<(), Failure> {
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
             AND (attname <> 'id' OR $2 = 'id') ORDER BY attnum",
    )
    .bind(table)
    .bind(key)
    .fetch_all(&mut *connection)
    .await?;
    let all = columns.join(", ");
    let of =
        |name: &str| columns.iter().map(|column| format!("{name}.{column}")).collect::<Vec<_>>().join(", ");
    let set: Vec<_> = columns.iter().map(|column| format!("{column} = wanted.{column}")).collect();
    run(
        &format!(
            "DELETE FROM {table} AS present WHERE NOT EXISTS (SELECT FROM {wanted} AS wanted WHERE wanted.{key} = present.{key});
             UPDATE {table} AS present SET {set} FROM {wanted} AS wanted
             WHERE wanted.{key} = present.{key} AND ({present}) IS DISTINCT FROM ({new});
             INSERT INTO {table} ({all}) SELECT {new} FROM {wanted} AS wanted
             WHERE NOT EXISTS (SELECT FROM {table} AS present WHERE present.{key} = wanted.{key})",
            set = set.join(", "),
            present = of("present"),
            new = of("wanted"),
        ),
        connection,
    )
    .await
}

/// Puts the version back that was in force before the last replay. It goes on where it stood.
///
/// # Errors
/// When there is none.
pub async fn rollback(job: &Job, entry: &Entry) -> Result<i32, Failure> {
    let mut connection = connect(&job.database_url, "ledgerwell.replay").await?;
    super::only_one(entry.name, &job.task.source, &mut connection).await?;
    let (schema, new) = (previous(entry.name), next(entry.name));
    let present: Option<i32> = super::schema::active(&job.task, &mut connection).await?;
    let before: Option<i32> = sqlx::query_scalar(
        "SELECT max(version) FROM stream.checkpoint WHERE processor = $1 AND source = $2 AND version < $3
             AND EXISTS (SELECT FROM pg_namespace WHERE nspname = $4)",
    )
    .bind(job.task.processor)
    .bind(&job.task.source)
    .bind(present)
    .bind(&schema)
    .fetch_one(&mut connection)
    .await?;
    let (Some(present), Some(before)) = (present, before) else {
        return Err(Failure::permanent(
            "no version before the one in force is stored: there is nothing to go back to",
        ));
    };
    hold(&job.task, present, &mut connection).await?;
    run(
        &format!("DROP SCHEMA IF EXISTS {new} CASCADE; ALTER SCHEMA {schema} RENAME TO {new}"),
        &mut connection,
    )
    .await?;
    put_in_force(&job.task, entry, Some(present), before, &mut connection).await?;
    run("COMMIT", &mut connection).await?;
    Ok(before)
}
