//! Whether a database is the one that has published what is published.
//!
//! A backup that was restored makes events again that were published. None is passed over before the last of them is there, and
//! the ids of all up to it are the same.

use std::time::{Duration, Instant};

use contract::Failure;
use sqlx::{PgConnection, Row};

use super::drain::{in_time, read_progress};
use super::progress::{self, Progress, Verdict};
use super::stored;
use crate::task::Job;

/// What was published before a backup was restored has come when the log is read to its end, or this long after.
const NEVER_COMES: Duration = Duration::from_secs(10);

/// Whether the database and Kafka agree about what is published. Nothing is published before they do.
pub(super) struct Agreement {
    pub(super) reached: bool,
    /// Since when the log is read to its end, and what was published has not come.
    waiting: Option<Instant>,
}

impl Agreement {
    /// One of a producer that has read this.
    pub(super) fn with(progress: &Progress) -> Self {
        Self { reached: progress.out_seq == 0, waiting: None }
    }

    /// False while what was published is still being made again.
    pub(super) fn reach(
        &mut self,
        job: &Job,
        progress: &Progress,
        connection: &mut PgConnection,
    ) -> Result<bool, Failure> {
        if self.reached {
            return Ok(true);
        }
        if job.runtime.block_on(in_time(verify(job, progress, connection)))? == Verdict::Wait {
            let at_end = job.status.figures().at_end.then(Instant::now);
            self.waiting = at_end.map(|now| self.waiting.unwrap_or(now));
            if self.waiting.is_some_and(|since| since.elapsed() > NEVER_COMES) {
                return Err(never_comes(job, progress));
            }
            return Ok(false);
        }
        self.reached = true;
        job.runtime.block_on(in_time(stored::delete_published(job, progress.out_seq, connection)))?;
        job.status.update(|figures| figures.published = progress.out_seq);
        Ok(true)
    }
}

/// Looks whether the database is the one that has published what is published. After a restored backup its events are made again:
/// none is passed over before the last one that is published is there, and all up to it are the same.
async fn verify(job: &Job, progress: &Progress, connection: &mut PgConnection) -> Result<Verdict, Failure> {
    compare(job, progress, connection).await?.map_err(|out_seq| {
        Failure::permanent(format!(
            "event {out_seq}, or one before it, was published with another id: the database is not the one that published it. \
             Restore the right one, or build the results again under a new version with `ledgerwell replay {}`",
            job.task.processor
        ))
    })
}

/// What [`Progress::judge`] says of the database.
async fn compare(
    job: &Job,
    progress: &Progress,
    connection: &mut PgConnection,
) -> Result<Result<Verdict, i64>, Failure> {
    let next = stored::rows_from(job, progress.out_seq, 1, connection).await?;
    let elsewhere: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM stream.outbox WHERE processor = $1 AND version = $2 AND source = $3 AND out_seq <= $4
             AND incarnation <> $5)",
    )
    .bind(job.task.processor)
    .bind(job.task.version)
    .bind(&job.task.source)
    .bind(progress.out_seq)
    .bind(progress.topic_generation)
    .fetch_one(&mut *connection)
    .await?;
    let stored = job
        .task
        .query(
            "SELECT out_seq, chain_from, chain FROM stream.checkpoint
             WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5",
        )
        .fetch_optional(connection)
        .await?;
    let stored = match stored {
        Some(row) => (row.try_get("out_seq")?, stored::chain(&row)?),
        None => (0, None),
    };
    Ok(if elsewhere { Err(progress.out_seq) } else { progress.judge(next.first(), stored) })
}

/// The log was read to its end, and what was published before did not come of it.
fn never_comes(job: &Job, progress: &Progress) -> Failure {
    Failure::permanent(format!(
        "events up to {} were published, and the log does not lead to them any more: the database is older than Kafka, and not of \
         the same history. Restore the right one, or build the results again under a new version with `ledgerwell replay {}`",
        progress.out_seq, job.task.processor
    ))
}

/// Deletes what waits and is never to be published: events that were published before a backup was restored, and all events where
/// others were published under their numbers. Nothing where the database agrees with Kafka.
///
/// # Errors
/// What Kafka or PostgreSQL says.
pub async fn drop_unpublishable(job: &Job, connection: &mut PgConnection) -> Result<(), Failure> {
    let asked = job.clone();
    let progress = tokio::task::spawn_blocking(move || {
        read_progress(&asked, &asked.progress_topic(), &asked.transactional_id())
    });
    let progress = progress.await.unwrap_or_else(|error| Err(Failure::transient(error.to_string())))?;
    if progress.out_seq == 0 {
        return Ok(());
    }
    let version = job.task.version;
    match compare(job, &progress, connection).await? {
        Ok(Verdict::Agree) => Ok(()),
        // Who makes them again may have come further since: those behind them are new.
        Ok(Verdict::Wait) => stored::delete_published(job, progress.out_seq, connection).await,
        Err(_) => {
            tracing::warn!(
                version,
                "events that wait are dropped: others were published under their numbers, by a database of another history. \
                 `ledgerwell replay --events send` publishes all events under the new version"
            );
            stored::delete_published(job, i64::MAX, connection).await
        }
    }
}

/// The highest version of a task's results of which events were ever published, or 0.
///
/// # Errors
/// What Kafka says.
pub fn published_version(job: &Job) -> Result<i32, Failure> {
    progress::highest_version(&job.kafka, &job.progress_topic(), &job.group())
}
