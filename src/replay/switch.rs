//! Puts one version of a processor's results in force instead of another, in one transaction.

use std::time::{Duration, Instant};

use contract::Failure;
use sqlx::PgConnection;

use super::schema::{bare, make, next, previous, run, tables};
use crate::connection::connect;
use crate::outbox::{Drain, drop_unpublishable};
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
/// it; it ends with the connection, too. What nobody publishes, because this program does not run on these results, is
/// published here.
pub(super) async fn hold(job: &Job, version: i32, connection: &mut PgConnection) -> Result<(), Failure> {
    let task = TaskId { version, ..job.task.clone() };
    for _ in 0..TRIES {
        if !published(&task, PUBLISHING, connection).await? {
            publish(Job { task: task.clone(), ..job.clone() }, connection).await?;
        }
        // Building the last piece and comparing take as long as they take.
        run("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0", connection).await?;
        // In the order in which a claim locks them.
        let sql = "SELECT FROM stream.active WHERE processor = $1 AND source = $2 FOR UPDATE";
        sqlx::query(sql).bind(task.processor).bind(&task.source).fetch_one(&mut *connection).await?;
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

/// Publishes the events of a version that nobody else does, as far as they may be published.
async fn publish(job: Job, connection: &mut PgConnection) -> Result<(), Failure> {
    let (task, version) = (job.task.clone(), job.task.version);
    drop_unpublishable(&job, connection).await?;
    if published(&task, Duration::ZERO, connection).await? {
        return Ok(());
    }
    tracing::info!(version, "publishes the events that wait, because nobody else does");
    let mut drain = Drain::start(job, 0);
    let done = async {
        let began = Instant::now();
        while !published(&task, HELD, connection).await? && began.elapsed() < PUBLISHING {
            drain.check()?;
        }
        Ok(())
    };
    let done = done.await;
    tokio::task::spawn_blocking(move || drain.stop()).await.ok();
    done
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

/// Who made a version of results.
pub(super) struct Program {
    /// [`Processor::VERSION`](contract::Processor::VERSION) of the program.
    pub(super) version: i32,
    /// Its [`fingerprint`](contract::processor::fingerprint); `None` where it did not say.
    pub(super) fingerprint: Option<String>,
}

/// Puts the version in the schema `<processor>_next` in force, which `program` has made. Its owner before is fenced and claims the
/// new one; what was in force stays in `<processor>_previous`. The tables stay the tables that they are, with all that people
/// have made on them, and only rows that differ are written.
pub(super) async fn put_in_force(
    task: &TaskId,
    entry: &Entry,
    before: Option<i32>,
    (version, program): (i32, Program),
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    let (old, new) = (previous(entry.name), next(entry.name));
    if let Some(before) = before {
        let task = TaskId { version: before, ..task.clone() };
        let sql = "UPDATE stream.checkpoint SET owner_epoch = owner_epoch + 1, updated_at = now()
                   WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5";
        task.query(sql).execute(&mut *connection).await?;
    }
    if before.is_some() {
        make(entry, &old, connection).await?;
    }
    for (table, keys) in tables(entry.name, &entry.public(), connection).await? {
        let (kept, wanted) = (format!("{old}.{}", bare(&table)), format!("{new}.{}", bare(&table)));
        if before.is_some() {
            run(&format!("INSERT INTO {kept} SELECT * FROM {table}"), connection).await?;
        }
        run(&format!("ANALYZE {wanted}"), connection).await?;
        bring(&table, &wanted, &keys, connection).await?;
    }
    run(&format!("DROP SCHEMA {new} CASCADE"), connection).await?;
    sqlx::query(
        "UPDATE stream.active SET version = $3, program = $4, fingerprint = $5, rebuilding = NULL,
             rebuilding_fingerprint = NULL, previous = $6, previous_program = program, previous_fingerprint = fingerprint
         WHERE processor = $1 AND source = $2",
    )
    .bind(task.processor)
    .bind(&task.source)
    .bind(version)
    .bind(program.version)
    .bind(program.fingerprint)
    .bind(before)
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes `table` say what `wanted` says, by its key: where that is not the id, ids of rows that stay stay.
async fn bring(
    table: &str,
    wanted: &str,
    keys: &[String],
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    let columns = columns(table, keys, connection).await?;
    if columns != self::columns(wanted, keys, connection).await? {
        return Err(Failure::permanent(format!(
            "{table} has other columns now than when {wanted} was made: a replay builds these results again"
        )));
    }
    let all = columns.join(", ");
    let of =
        |name: &str| columns.iter().map(|column| format!("{name}.{column}")).collect::<Vec<_>>().join(", ");
    let set: Vec<_> = columns.iter().map(|column| format!("{column} = wanted.{column}")).collect();
    let same: Vec<_> = keys.iter().map(|key| format!("wanted.\"{key}\" = present.\"{key}\"")).collect();
    run(
        &format!(
            "DELETE FROM {table} AS present WHERE NOT EXISTS (SELECT FROM {wanted} AS wanted WHERE {same});
             UPDATE {table} AS present SET {set} FROM {wanted} AS wanted
             WHERE {same} AND ({present}) IS DISTINCT FROM ({new});
             INSERT INTO {table} ({all}) SELECT {new} FROM {wanted} AS wanted
             WHERE NOT EXISTS (SELECT FROM {table} AS present WHERE {same})",
            set = set.join(", "),
            same = same.join(" AND "),
            present = of("present"),
            new = of("wanted"),
        ),
        connection,
    )
    .await
}

/// The columns of a table that are written; an id that is no key counts for itself.
async fn columns(
    table: &str,
    keys: &[String],
    connection: &mut PgConnection,
) -> Result<Vec<String>, Failure> {
    let columns = sqlx::query_scalar(
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
             AND attgenerated = '' AND (attname <> 'id' OR 'id' = ANY($2)) ORDER BY attname",
    )
    .bind(table)
    .bind(keys)
    .fetch_all(connection)
    .await?;
    Ok(columns)
}

/// Puts the version back that was in force before the last switch. It goes on where it stood.
///
/// # Errors
/// When there is none, or it is not known which one is stored.
pub async fn rollback(job: &Job, entry: &Entry) -> Result<i32, Failure> {
    let mut connection = connect(&job.database_url, "ledgerwell.replay").await?;
    super::only_one(entry.name, &job.task.source, &mut connection).await?;
    let (kept, new) = (previous(entry.name), next(entry.name));
    let nothing =
        || Failure::permanent("no version before the one in force is stored: there is nothing to go back to");
    let present = super::schema::active(&job.task, &mut connection).await?.ok_or_else(nothing)?;
    hold(job, present, &mut connection).await?;
    let (before, program, fingerprint): (Option<i32>, Option<i32>, Option<String>) = sqlx::query_as(
        "SELECT previous, previous_program, previous_fingerprint FROM stream.active
         WHERE processor = $1 AND source = $2 AND EXISTS (SELECT FROM pg_namespace WHERE nspname = $3)",
    )
    .bind(job.task.processor)
    .bind(&job.task.source)
    .bind(&kept)
    .fetch_optional(&mut connection)
    .await?
    .ok_or_else(nothing)?;
    let (before, program) = before.zip(program).ok_or_else(|| {
        Failure::permanent(format!(
            "it is not known which version {kept} holds: an older program has stored it. `ledgerwell replay {}` builds the results \
             again",
            entry.name
        ))
    })?;
    run(
        &format!("DROP SCHEMA IF EXISTS {new} CASCADE; ALTER SCHEMA {kept} RENAME TO {new}"),
        &mut connection,
    )
    .await?;
    let program = Program { version: program, fingerprint };
    put_in_force(&job.task, entry, Some(present), (before, program), &mut connection).await?;
    run("COMMIT", &mut connection).await?;
    Ok(before)
}
