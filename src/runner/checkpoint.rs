//! Offsets live in Postgres: claimed by bumping an epoch, moved by compare-and-set in the batch's transaction.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contract::Failure;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::clock;
use crate::feed::{Position, Progress, RecordRef, Snapshot};
use crate::task::TaskId;
use crate::torture::{Guard, stands};

/// How long a look at a checkpoint may take.
const ANSWER: Duration = Duration::from_secs(30);

/// A task's checkpoint, as its owner knows it.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Where to read on.
    pub next_offset: i64,
    /// Where to read on in the control topic, if the source has one.
    pub control_offset: i64,
    /// The epoch of this claim.
    pub owner_epoch: i64,
    /// Number of the last event in the outbox.
    pub out_seq: i64,
    /// What the topic's content is known by; `None` until its first record is read.
    pub topic_generation: Option<Uuid>,
    /// The record that closed the last applied delivery.
    pub last: Option<RecordRef>,
    /// What was applied of the source's log.
    pub progress: Progress,
    /// Latest commit time or tick applied.
    pub clock: Option<DateTime<Utc>>,
}

/// The version of the results that is in force: the program's own for a task that never ran. Held until the claim is committed,
/// so that nobody puts another one in force between.
///
/// # Errors
/// [`Failure::Permanent`] when another version of the program has made them.
pub(super) async fn in_force(task: &TaskId, connection: &mut PgConnection) -> Result<i32, Failure> {
    sqlx::query(
        "INSERT INTO stream.active (processor, source, version, program) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING",
    )
    .bind(task.processor)
    .bind(&task.source)
    .bind(task.version)
    .execute(&mut *connection)
    .await?;
    let (version, program): (i32, i32) = sqlx::query_as(
        "SELECT version, program FROM stream.active WHERE processor = $1 AND source = $2 FOR SHARE",
    )
    .bind(task.processor)
    .bind(&task.source)
    .fetch_one(connection)
    .await?;
    if program != task.version {
        return Err(Failure::permanent(format!(
            "the results of {processor} were made by its version {program}, and this program has version {}: \
             `ledgerwell replay {processor}` builds them again as a shadow version and switches",
            task.version,
            processor = task.processor,
        )));
    }
    Ok(version)
}

/// Takes the task over: waits for a transaction of the owner before, then bumps the epoch, so that the offset read is final
/// and the owner before cannot write any more. A task that was never claimed begins at `start`.
pub(super) async fn claim(
    task: &TaskId,
    owner: &str,
    start: i64,
    connection: &mut PgConnection,
) -> Result<Checkpoint, Failure> {
    let row = task
        .query(
        "INSERT INTO stream.checkpoint AS mine (processor, version, source, topic, partition, next_offset, control_offset, owner_epoch,
             owner_id, owner_pid, out_seq, snapshot, snapshot_tables, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, 0, 1, $7, pg_backend_pid(), 0, 'waiting', '{}', now())
         ON CONFLICT (processor, version, source, topic, partition) DO UPDATE
             SET owner_epoch = mine.owner_epoch + 1, owner_id = $7, owner_pid = pg_backend_pid(), updated_at = now()
         RETURNING *",
    )
    .bind(start)
    .bind(owner)
    .fetch_one(connection)
    .await?;
    let last = match row.try_get("last_offset")? {
        Some(offset) => Some(RecordRef {
            offset,
            timestamp: row.try_get("last_timestamp")?,
            hash: row.try_get("last_hash")?,
        }),
        None => None,
    };
    let high = match row.try_get::<Option<i64>, _>("high_position")? {
        Some(commit) => {
            let time = row.try_get::<DateTime<Utc>, _>("high_time")?.timestamp_millis();
            Some(Position { commit: commit.cast_unsigned(), time })
        }
        None => None,
    };
    let tables: Vec<String> = row.try_get("snapshot_tables")?;
    let snapshot = match row.try_get("snapshot")? {
        "waiting" => Snapshot::Waiting,
        "running" => Snapshot::Running(tables.into_iter().collect()),
        _ => Snapshot::Complete,
    };
    Ok(Checkpoint {
        next_offset: row.try_get("next_offset")?,
        control_offset: row.try_get("control_offset")?,
        owner_epoch: row.try_get("owner_epoch")?,
        out_seq: row.try_get("out_seq")?,
        topic_generation: row.try_get("incarnation")?,
        last,
        progress: Progress {
            high,
            snapshot,
            incomplete: row.try_get::<Option<i64>, _>("cut_off")?.map(i64::cast_unsigned),
        },
        clock: row.try_get("clock")?,
    })
}

/// Looks whether nobody else has claimed the task.
///
/// # Errors
/// [`Failure::Fenced`] when somebody has.
pub(super) async fn still_ours(
    task: &TaskId,
    epoch: i64,
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    let query = task.query(
        "SELECT owner_epoch FROM stream.checkpoint
         WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5",
    );
    let row = tokio::time::timeout(ANSWER, query.fetch_one(connection))
        .await
        .map_err(|_| Failure::transient("Postgres does not answer"))??;
    match row.try_get::<i64, _>("owner_epoch")? {
        present if present == epoch => Ok(()),
        present => Err(Failure::Fenced(format!("epoch {present} has come after {epoch}").into())),
    }
}

/// The compare-and-set: moves the checkpoint from `from` to `to` if nobody else has. The first statement of every batch.
///
/// # Errors
/// [`Failure::Fenced`] when the row has another epoch or offset than this owner left.
pub(super) async fn advance(
    task: &TaskId,
    from: i64,
    to: &Checkpoint,
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    let none = BTreeSet::new();
    let (snapshot, tables) = match &to.progress.snapshot {
        Snapshot::Waiting => ("waiting", &none),
        Snapshot::Running(tables) => ("running", tables),
        Snapshot::Complete => ("complete", &none),
    };
    // NULL, which takes any, only where torture has taken the guard away.
    let ours = stands(Guard::Epoch).then_some(to.owner_epoch);
    let left = stands(Guard::Offset).then_some(from);
    let done = task
        .query(
        "UPDATE stream.checkpoint SET next_offset = $8, out_seq = $9, incarnation = $10, last_offset = $11,
             last_timestamp = $12, last_hash = $13, high_position = $14, high_time = $15, snapshot = $16,
             snapshot_tables = $17, clock = $18, control_offset = $19, cut_off = $20, updated_at = now()
         WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5
             AND owner_epoch = COALESCE($6, owner_epoch) AND next_offset = COALESCE($7, next_offset)",
    )
    .bind(ours)
    .bind(left)
    .bind(to.next_offset)
    .bind(to.out_seq)
    .bind(to.topic_generation)
    .bind(to.last.map(|last| last.offset))
    .bind(to.last.map(|last| last.timestamp))
    .bind(to.last.map(|last| last.hash))
    .bind(to.progress.high.map(|high| high.commit.cast_signed()))
    .bind(to.progress.high.map(|high| clock::from_millis(high.time)))
    .bind(snapshot)
    .bind(tables.iter().cloned().collect::<Vec<_>>())
    .bind(to.clock)
    .bind(to.control_offset)
    .bind(to.progress.incomplete.map(u64::cast_signed))
    .execute(connection)
    .await?;
    match done.rows_affected() {
        1 => Ok(()),
        _ => Err(Failure::Fenced(
            format!("offset {from} of epoch {} is not ours any more", to.owner_epoch).into(),
        )),
    }
}
