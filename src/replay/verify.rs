//! Recomputes a processor's results from the log and says what differs. Nothing is changed.

use contract::Failure;
use serde::Serialize;
use sqlx::{Connection, PgConnection};

use super::compare::{Comparison, compare};
use super::schema::{self, bare, delete_rows, run, tables};
use super::{Progress, Replay, only_one, patiently};
use crate::connection::connect;
use crate::registry::Entry;
use crate::task::{ShadowVersion, TaskId};

/// What a verification has found.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// The processor.
    pub processor: String,
    /// The source.
    pub source: String,
    /// The version in force.
    pub version: i32,
    /// Where it began in the log.
    pub from: i64,
    /// The offset up to which both were compared.
    pub next_offset: i64,
    /// Each table, the runner's own included.
    pub tables: Vec<Comparison>,
}

impl Verified {
    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.tables.iter().all(Comparison::is_equal)
    }
}

/// The tables of the runner that are compared, each with its key and its columns. How often a dead letter was read, and
/// who owns a task, is not part of the results.
const RUNNER_TABLES: [(&str, &str, &str); 4] = [
    (
        "dead_letter",
        "record_offset",
        "record_offset, record_time, table_name, row_key, column_name, expected, found, superseded_by, resolution, resolved_by",
    ),
    ("rules", "topic", "topic, accepted, told"),
    ("request", "id", "id, person, action, arguments, status, outcome, decided_at"),
    (
        "checkpoint",
        "topic",
        "topic, next_offset, control_offset, high_position, high_time, cut_off, snapshot, snapshot_tables, clock, \
         doubtful_tables, bounded_time, missing_columns",
    ),
];

/// Rebuilds a shadow version, up to where the results in force are, and compares.
///
/// # Errors
/// What went wrong, with what to do.
pub async fn verify(replay: &Replay<'_>, progress: &'static Progress) -> Result<Verified, Failure> {
    patiently(&replay.job.stop, async || attempt(replay, progress).await).await
}

async fn attempt(replay: &Replay<'_>, progress: &'static Progress) -> Result<Verified, Failure> {
    let (entry, task) = (replay.entry, &replay.job.task);
    let mut connection = connect(&replay.job.database_url, "ledgerwell.verify").await?;
    only_one(entry.name, &task.source, &mut connection).await?;
    let version = schema::active(task, &mut connection).await?.ok_or_else(|| {
        Failure::permanent(format!(
            "{} has not run on source {} yet: there is nothing to verify",
            entry.name, task.source
        ))
    })?;
    let (from, _) = replay.range().await?;
    let (now, built) = (format!("{}_now", entry.name), format!("{}_verify", entry.name));
    let next_offset = copy(entry, task, version, &now, &mut connection).await?;
    schema::make(entry, &built, &mut connection).await?;
    // No version has a negative number.
    let shadow = ShadowVersion { version: -1, schema: built.clone(), from, emits: false };
    delete_rows(task, -1, &mut connection).await?;
    let done = async {
        replay.build(&shadow, next_offset, progress).await?;
        compare_all(entry, task, version, (&now, &built), &mut connection).await
    };
    let compared = done.await;
    delete_rows(task, -1, &mut connection).await?;
    run(&format!("DROP SCHEMA {now} CASCADE; DROP SCHEMA {built} CASCADE"), &mut connection).await?;
    Ok(Verified {
        processor: entry.name.to_owned(),
        source: task.source.clone(),
        version,
        from,
        next_offset,
        tables: compared?,
    })
}

/// Copies what is in force in one snapshot, and answers the offset of that snapshot.
async fn copy(
    entry: &Entry,
    task: &TaskId,
    version: i32,
    now: &str,
    connection: &mut PgConnection,
) -> Result<i64, Failure> {
    run(&format!("DROP SCHEMA IF EXISTS {now} CASCADE; CREATE SCHEMA {now}"), connection).await?;
    let mut snapshot = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    for (table, _) in tables(entry.name, &entry.public(), &mut snapshot).await? {
        run(&format!("CREATE TABLE {now}.{} AS SELECT * FROM {table}", bare(&table)), &mut snapshot).await?;
    }
    for (table, _, columns) in RUNNER_TABLES {
        run(
            &format!("CREATE TABLE {now}._{table} AS {}", rows_of(table, columns, task, version)),
            &mut snapshot,
        )
        .await?;
    }
    let next_offset = schema::offset(task, version, &mut snapshot).await?;
    snapshot.commit().await?;
    Ok(next_offset)
}

/// A task's rows of one of the runner's tables. Its name and source are ours, and have no quotes in them.
fn rows_of(table: &str, columns: &str, task: &TaskId, version: i32) -> String {
    format!(
        "SELECT {columns} FROM stream.{table} WHERE processor = '{}' AND source = '{}' AND version = {version}",
        task.processor, task.source
    )
}

async fn compare_all(
    entry: &Entry,
    task: &TaskId,
    version: i32,
    (now, built): (&str, &str),
    connection: &mut PgConnection,
) -> Result<Vec<Comparison>, Failure> {
    let mut all = Vec::new();
    for (table, keys) in tables(entry.name, &entry.public(), connection).await? {
        let (copy, rebuilt) = (format!("{now}.{}", bare(&table)), format!("{built}.{}", bare(&table)));
        all.push(Comparison { table, ..compare(&copy, &rebuilt, &keys, connection).await? });
    }
    for (table, key, columns) in RUNNER_TABLES {
        let rebuilt = format!("({})", rows_of(table, columns, task, -1));
        let copy = format!("{now}._{table}");
        let comparison = compare(&copy, &rebuilt, &[key.to_owned()], connection).await?;
        all.push(Comparison { table: format!("stream.{table} of version {version}"), ..comparison });
    }
    Ok(all)
}
