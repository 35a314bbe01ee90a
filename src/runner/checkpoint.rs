//! Offsets live in Postgres: claimed by bumping an epoch, moved by compare-and-set in the batch's transaction.

use std::time::Duration;

use chrono::{DateTime, Utc};
use contract::Failure;
use contract::odoo::NEVER_EMPTY;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::clock;
use crate::feed::{Bringing, Doubt, KEPT, Position, Progress, Recent, RecordRef, Snapshot, Tables};
use crate::outbox::{Chain, Closing};
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
    /// The chain of ids up to it.
    pub chain: Chain,
    /// What the topic's content is known by; `None` until its first record is read.
    pub topic_generation: Option<Uuid>,
    /// The record that closed the last applied delivery.
    pub last: Option<RecordRef>,
    /// What was applied of the source's log.
    pub progress: Progress,
    /// Latest commit time or tick applied.
    pub clock: Option<DateTime<Utc>>,
    /// The record that closed the last delivery that was decided, in whole or in part, and how many events it has so far.
    pub closing: Option<(Closing, u32)>,
}

/// The version of the results that is in force: the program's own for a task that never ran. Held until the claim is committed,
/// so that nobody puts another one in force between. Results whose program did not say what it reads and stores are taken for
/// results of this one.
///
/// # Errors
/// [`Failure::Permanent`] when a program has made them whose results mean something else, or that reads or stores something else.
pub(super) async fn in_force(
    task: &TaskId,
    fingerprint: &str,
    connection: &mut PgConnection,
) -> Result<i32, Failure> {
    sqlx::query(
        "INSERT INTO stream.active (processor, source, version, program, fingerprint) VALUES ($1, $2, $3, $3, $4)
         ON CONFLICT (processor, source) DO UPDATE SET fingerprint = $4
             WHERE active.fingerprint IS NULL AND active.program = $3",
    )
    .bind(task.processor)
    .bind(&task.source)
    .bind(task.version)
    .bind(fingerprint)
    .execute(&mut *connection)
    .await?;
    let (version, program, made_by): (i32, i32, Option<String>) = sqlx::query_as(
        "SELECT version, program, fingerprint FROM stream.active WHERE processor = $1 AND source = $2 FOR SHARE",
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
    if made_by.is_some_and(|made_by| made_by != fingerprint) {
        return Err(Failure::permanent(format!(
            "the results of {processor} were made by a program that reads or stores other tables or columns than this one: \
             `ledgerwell replay {processor}` builds them again as a shadow version and switches",
            processor = task.processor,
        )));
    }
    Ok(version)
}

/// Takes the task over: waits for a transaction of the owner before, then bumps the epoch, so that the offset read is final
/// and the owner before cannot write any more. A task that was never claimed begins at `start`. `declared` are the tables that the
/// processor reads.
pub(super) async fn claim(
    task: &TaskId,
    owner: &str,
    start: i64,
    declared: &'static [&'static str],
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
    let out_seq = row.try_get("out_seq")?;
    let chain = row.try_get::<Option<_>, _>("chain_from")?.zip(row.try_get::<Option<_>, _>("chain")?);
    Ok(Checkpoint {
        next_offset: row.try_get("next_offset")?,
        control_offset: row.try_get("control_offset")?,
        owner_epoch: row.try_get("owner_epoch")?,
        out_seq,
        chain: chain.map_or_else(|| Chain::behind(out_seq), |(from, hash)| Chain { from, hash }),
        topic_generation: row.try_get("incarnation")?,
        last,
        progress: progress(&row, declared)?,
        clock: row.try_get("clock")?,
        closing: row
            .try_get::<Option<&str>, _>("closing")?
            .and_then(|closing| closing.parse().ok())
            .zip(u32::try_from(row.try_get::<i64, _>("closing_events")?).ok()),
    })
}

fn progress(row: &PgRow, declared: &'static [&'static str]) -> sqlx::Result<Progress> {
    let none = Tables::none(declared);
    let tables = |column| {
        let names = row.try_get::<Option<Vec<String>>, _>(column)?;
        Ok::<_, sqlx::Error>(names.map(|names| none.with(names.iter().map(String::as_str))))
    };
    let number =
        |column| Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(column)?.map(i64::cast_unsigned));
    let millis = |column| {
        let time = row.try_get::<Option<DateTime<Utc>>, _>(column)?;
        Ok::<_, sqlx::Error>(time.map(|time| time.timestamp_millis()))
    };
    // Tables that are never empty stand beside those that are read.
    let never_empty = |column| {
        let names = row.try_get::<Option<Vec<String>>, _>(column)?.unwrap_or_default();
        Ok::<_, sqlx::Error>(Tables::none(&NEVER_EMPTY).with(names.iter().map(String::as_str)))
    };
    let bringing = || {
        Ok::<_, sqlx::Error>(Bringing {
            first: row.try_get::<Option<&str>, _>("snapshot_first")?.unwrap_or_default().into(),
            lsn: number("snapshot_lsn")?,
            inside: number("snapshot_inside")?,
            begun: tables("snapshot_tables")?.unwrap_or(none),
            marked: tables("snapshot_marked")?.unwrap_or(none),
            never_empty: never_empty("snapshot_tables")?,
        })
    };
    Ok(Progress {
        high: number("high_position")?
            .zip(millis("high_time")?)
            .map(|(commit, time)| Position { commit, time }),
        without_ids: number("without_ids")?,
        snapshot: match (row.try_get("snapshot")?, row.try_get("snapshot_read")?) {
            ("waiting", _) => Snapshot::Waiting,
            ("running", false) => Snapshot::Running(bringing()?),
            ("running", true) => Snapshot::Trailing(bringing()?),
            (_, true) => Snapshot::Read(bringing()?),
            (_, false) => Snapshot::Complete,
        },
        captured: tables("captured_tables")?.unwrap_or(Tables::all(declared)),
        never_empty: never_empty("captured_tables")?,
        doubt: tables("doubtful_tables")?
            .map(|tables| {
                Ok::<_, sqlx::Error>(Doubt { tables, why: row.try_get::<&str, _>("doubtful_since")?.into() })
            })
            .transpose()?,
        missing_columns: row
            .try_get::<Vec<String>, _>("missing_columns")?
            .into_iter()
            .map(Into::into)
            .collect(),
        incomplete: number("cut_off")?,
        bounded: millis("bounded_time")?,
    })
}

/// The transactions that were applied last, and how many there were in all.
pub(super) async fn recent(task: &TaskId, connection: &mut PgConnection) -> Result<(Recent, i64), Failure> {
    let sql = "SELECT applied, digests FROM stream.recent_transactions
               WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5 ORDER BY applied";
    let (mut digests, mut applied) = (Vec::new(), 0);
    for row in task.query(sql).fetch_all(connection).await? {
        applied = row.try_get("applied")?;
        digests.extend(row.try_get::<Vec<i64>, _>("digests")?.into_iter().map(i64::cast_unsigned));
    }
    Ok((digests.into_iter().collect(), applied))
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

/// Transactions that were applied since the last save, and how many there were before them.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// What each is known by, in order.
    pub(super) digests: Vec<i64>,
    /// How many there were before.
    pub(super) before: i64,
}

impl Applied {
    /// They are stored.
    pub(super) fn clear(&mut self) {
        self.before += i64::try_from(self.digests.len()).unwrap_or(i64::MAX);
        self.digests.clear();
    }
}

/// The compare-and-set: moves the checkpoint from `from` to `to` if nobody else has, and keeps what was applied. The first statement
/// of every batch.
///
/// # Errors
/// [`Failure::Fenced`] when the row has another epoch or offset than this owner left.
pub(super) async fn advance(
    task: &TaskId,
    from: i64,
    to: &Checkpoint,
    applied: &Applied,
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    let Progress {
        high,
        without_ids,
        snapshot,
        captured,
        never_empty,
        doubt,
        missing_columns,
        incomplete,
        bounded,
    } = &to.progress;
    let (snapshot, is_read, bringing) = match snapshot {
        Snapshot::Waiting => ("waiting", false, None),
        Snapshot::Running(bringing) => ("running", false, Some(bringing)),
        Snapshot::Trailing(bringing) => ("running", true, Some(bringing)),
        Snapshot::Read(bringing) => ("complete", true, Some(bringing)),
        Snapshot::Complete => ("complete", false, None),
    };
    let names = |tables: Tables| tables.names().collect::<Vec<_>>();
    let both = |read: Tables, never_empty: Tables| {
        let others = never_empty.names().filter(|name| !read.contains(name));
        read.names().chain(others).collect::<Vec<_>>()
    };
    // NULL, which takes any, only where torture has taken the guard away.
    let ours = stands(Guard::Epoch).then_some(to.owner_epoch);
    let left = stands(Guard::Offset).then_some(from);
    let query = task
        .query(
            "WITH moved AS (
                 UPDATE stream.checkpoint SET next_offset = $8, out_seq = $9, incarnation = $10, last_offset = $11,
                     last_timestamp = $12, last_hash = $13, high_position = $14, high_time = $15, snapshot = $16,
                     snapshot_tables = $17, clock = $18, control_offset = $19, cut_off = $20, without_ids = $21,
                     snapshot_first = $22, snapshot_inside = $23, captured_tables = $24, doubtful_tables = $25,
                     doubtful_since = $26, bounded_time = $27, snapshot_read = $31, missing_columns = $32, unknown = $33,
                     closing = $34, closing_events = $35, chain_from = $36, chain = $37, snapshot_lsn = $38,
                     snapshot_marked = $39, updated_at = now()
                 WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5
                     AND owner_epoch = COALESCE($6, owner_epoch) AND next_offset = COALESCE($7, next_offset)
                 RETURNING 1
             ), kept AS (
                 INSERT INTO stream.recent_transactions (processor, version, source, topic, partition, applied, digests)
                 SELECT $1, $2, $3, $4, $5, $28, $29 FROM moved WHERE cardinality($29) > 0
             ), dropped AS (
                 DELETE FROM stream.recent_transactions
                 WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5
                     AND applied <= $30 AND EXISTS (SELECT FROM moved)
             )
             SELECT count(*) FROM moved",
        )
        .bind(ours)
        .bind(left)
        .bind(to.next_offset)
        .bind(to.out_seq)
        .bind(to.topic_generation)
        .bind(to.last.map(|last| last.offset))
        .bind(to.last.map(|last| last.timestamp))
        .bind(to.last.map(|last| last.hash))
        .bind(high.map(|high| high.commit.cast_signed()))
        .bind(high.map(|high| clock::from_millis(high.time)))
        .bind(snapshot)
        .bind(bringing.map(|bringing| both(bringing.begun, bringing.never_empty)).unwrap_or_default())
        .bind(to.clock)
        .bind(to.control_offset)
        .bind(incomplete.map(u64::cast_signed))
        .bind(without_ids.map(u64::cast_signed))
        .bind(bringing.map(|bringing| &*bringing.first))
        .bind(bringing.and_then(|bringing| bringing.inside).map(u64::cast_signed))
        .bind(both(*captured, *never_empty))
        .bind(doubt.as_ref().map(|doubt| names(doubt.tables)))
        .bind(doubt.as_ref().map(|doubt| &*doubt.why))
        .bind(bounded.map(clock::from_millis));
    let all = applied.before + i64::try_from(applied.digests.len()).unwrap_or(i64::MAX);
    // A row is dropped with the last transaction in it that has to be kept.
    let oldest = all - i64::try_from(KEPT).unwrap_or(i64::MAX);
    let missing_columns: Vec<_> = missing_columns.iter().map(|column| &**column).collect();
    let query = query.bind(all).bind(&applied.digests).bind(oldest).bind(is_read);
    let query = query.bind(missing_columns).bind(to.progress.unknown());
    let query = query.bind(to.closing.map(|(closing, _)| closing.to_string()));
    let query = query.bind(to.closing.map_or(0, |(_, events)| i64::from(events)));
    let query = query.bind(to.chain.from).bind(to.chain.hash);
    let query = query.bind(bringing.and_then(|bringing| bringing.lsn).map(u64::cast_signed));
    let query = query.bind(bringing.map(|bringing| names(bringing.marked)));
    let row = query.fetch_one(connection).await?;
    match row.try_get::<i64, _>(0)? {
        1 => Ok(()),
        _ => Err(Failure::Fenced(
            format!("offset {from} of epoch {} is not ours any more", to.owner_epoch).into(),
        )),
    }
}
