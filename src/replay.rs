//! Builds a shadow version of a processor's results from the log, and compares it with what is in force or puts it in
//! force.
//!
//! A rebuild is the same fold with the same runner into a schema of its own, under a version of its own, up to exactly the
//! offset of the results in force. So what differs is due to the program, or to something that wrote the tables
//! behind its back.

mod compare;
mod schema;
mod snapshots;
mod switch;
mod verify;

use std::time::{Duration, Instant};

use contract::Failure;
use rdkafka::consumer::BaseConsumer;
use serde::Serialize;
use sqlx::PgConnection;

use crate::config::{Config, Source};
use crate::connection::connect;
use crate::outbox;
use crate::registry::Entry;
use crate::task::{Job, ShadowVersion, Stop};
use crate::watermarks::watermarks;

pub use compare::{Comparison, Example};
pub use snapshots::From;
use switch::Program;

pub use switch::rollback;
pub use verify::{Verified, verify};

/// A rebuild that fails this often in a row, without getting any further, is given up.
const TRIES: u32 = 20;

/// A replay as a whole: the running pipeline may lock what it needs, or PostgreSQL be away.
const ATTEMPTS: u32 = 5;
/// How long a rebuild may still seem to be at work when its process has ended.
const ENDING: Duration = Duration::from_secs(5);

/// What is rebuilt, and how.
pub struct Replay<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The source.
    pub source: &'a Source,
    /// The processor.
    pub entry: &'static Entry,
    /// Where in the log it begins.
    pub from: From,
    /// Whether its events are published and its decisions written down, under the new version.
    pub emits: bool,
    /// Its job, as `run` would have it.
    pub job: Job,
}

/// What a replay has done.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The version that was in force; `None` for a processor that never ran here.
    pub before: Option<i32>,
    /// The version that is in force now.
    pub version: i32,
    /// Where it began in the log.
    pub from: i64,
    /// All before this offset is in it.
    pub next_offset: i64,
    /// What differs between the two.
    pub tables: Vec<Comparison>,
}

/// Hears how far a rebuild is: the offset reached, and the one to reach.
pub type Progress = dyn Fn(i64, i64) + Send + Sync;

impl Replay<'_> {
    /// Rebuilds, compares and switches. When it is interrupted, the next one goes on where this one was.
    ///
    /// # Errors
    /// What went wrong, with what to do. The results in force are untouched then.
    pub async fn run(&self, progress: &'static Progress) -> Result<Report, Failure> {
        patiently(&self.job.stop, async || self.attempt(progress).await).await
    }

    async fn attempt(&self, progress: &'static Progress) -> Result<Report, Failure> {
        let mut connection = connect(&self.job.database_url, "ledgerwell.replay").await?;
        only_one(self.entry.name, &self.source.name, &mut connection).await?;
        let before = schema::active(&self.job.task, &mut connection).await?;
        let (from, end) = self.range().await?;
        let published = self.published().await?;
        let version = schema::begin(&self.job.task, self.entry, published, &mut connection).await?;
        let shadow =
            ShadowVersion { version, schema: schema::next(self.entry.name), from, emits: self.emits };
        // As far as the version in force is, or the log where there is none; then behind it, while it goes on …
        let mut reached = match before {
            Some(before) => schema::offset(&self.job.task, before, &mut connection).await?,
            None => end,
        };
        self.build(&shadow, reached, progress).await?;
        if let Some(before) = before {
            let further = schema::offset(&self.job.task, before, &mut connection).await?;
            if further > reached {
                reached = further;
                self.build(&shadow, reached, progress).await?;
            }
        }
        // … and the last piece while it is paused: it cannot save as long as somebody holds its checkpoint.
        let tables = if let Some(before) = before {
            switch::hold(&self.job, before, &mut connection).await?;
            reached = schema::offset(&self.job.task, before, &mut connection).await?;
            self.build(&shadow, reached, progress).await?;
            compare::schemas(self.entry.name, &shadow.schema, &self.entry.public(), &mut connection).await?
        } else {
            schema::run("BEGIN", &mut connection).await?;
            Vec::new()
        };
        let program =
            Program { version: self.job.task.version, fingerprint: Some((self.entry.fingerprint)()) };
        switch::put_in_force(&self.job.task, self.entry, before, (version, program), &mut connection).await?;
        schema::run("COMMIT", &mut connection).await?;
        Ok(Report { before, version, from, next_offset: reached, tables })
    }

    /// The highest version of which events were ever published, whatever the database knows of it.
    async fn published(&self) -> Result<i32, Failure> {
        let job = self.job.clone();
        blocking(move || outbox::published_version(&job)).await
    }

    /// Where to begin, and the end of the log.
    async fn range(&self) -> Result<(i64, i64), Failure> {
        let (kafka, topic, from) = (self.config.kafka(), self.source.topic.clone(), self.from);
        blocking(move || {
            let consumer: BaseConsumer = kafka.create().map_err(|error| unreachable_kafka(&error))?;
            let (low, high) = watermarks(&consumer, &topic, 0).map_err(|error| unreachable_kafka(&error))?;
            Ok((snapshots::begin(from, low, high, &kafka, &topic)?, high))
        })
        .await
    }

    /// Reads on to `offset` and saves; over and over while what fails may pass.
    async fn build(
        &self,
        shadow: &ShadowVersion,
        offset: i64,
        progress: &'static Progress,
    ) -> Result<(), Failure> {
        let job = Job { shadow: Some(shadow.clone()), ..self.job.clone() };
        let rebuild = self.entry.rebuild;
        let (mut failures, mut furthest) = (0, i64::MIN);
        loop {
            let (job, status) = (job.clone(), job.status.clone());
            let built = blocking(move || {
                let mut building = rebuild(&job)?;
                building.read_to(offset, &|reached| progress(reached, offset))?;
                building.finish(offset)
            })
            .await;
            match built {
                Err(Failure::Transient(why)) if failures < TRIES && !self.job.stop.is_set() => {
                    let reached = status.figures().next_offset;
                    failures = if reached > furthest { 0 } else { failures + 1 };
                    furthest = furthest.max(reached);
                    tracing::warn!(failure = %why, "the rebuild will be tried again");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                done => return done,
            }
        }
    }
}

/// Tries again while what fails may pass: what was begun is rolled back, and what was built is gone on with.
async fn patiently<T>(stop: &Stop, attempt: impl AsyncFn() -> Result<T, Failure>) -> Result<T, Failure> {
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(Failure::Transient(why)) if !stop.is_set() => {
                tracing::warn!(failure = %why, "will be tried again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            done => return done,
        }
    }
    attempt().await
}

/// Runs what blocks on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(Failure::permanent(format!("a thread panicked: {error}. This is a bug: report it")))
    })
}

fn unreachable_kafka(error: &rdkafka::error::KafkaError) -> Failure {
    Failure::transient(format!("Kafka: {error}. Check KAFKA_BOOTSTRAP_SERVERS"))
}

/// Two rebuilds of the same results would write the same tables. PostgreSQL notices a moment late that one has ended.
async fn only_one(processor: &str, source: &str, connection: &mut PgConnection) -> Result<(), Failure> {
    let began = Instant::now();
    while began.elapsed() < ENDING {
        let mine: bool = sqlx::query_scalar(
            "SELECT pg_try_advisory_lock(hashtextextended('ledgerwell.replay/' || $1 || '/' || $2, 0))",
        )
        .bind(processor)
        .bind(source)
        .fetch_one(&mut *connection)
        .await?;
        if mine {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(Failure::permanent(format!(
        "another `ledgerwell replay` or `verify` of {processor} on source {source} is at work: wait for it"
    )))
}
