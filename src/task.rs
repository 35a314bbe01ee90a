//! A task: one processor on one source. What it needs to know, and what others see of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contract::Source;
use rdkafka::ClientConfig;

use crate::status::Status;
use crate::telemetry::TaskMetrics;

/// Which task it is: the key of its checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskId {
    /// The processor's name.
    pub processor: &'static str,
    /// The processor's version.
    pub version: i32,
    /// The source's name.
    pub source: String,
    /// The source's topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
}

impl TaskId {
    /// A query whose first five parameters name the task: processor, version, source, topic, partition.
    pub(crate) fn query<'q>(&'q self, sql: &'static str) -> contract::Query<'q> {
        sqlx::query(sql)
            .bind(self.processor)
            .bind(self.version)
            .bind(&self.source)
            .bind(&self.topic)
            .bind(self.partition)
    }
}

/// One task, as seen from outside.
#[derive(Clone)]
pub struct Task {
    /// The processor's name.
    pub processor: &'static str,
    /// The source's name.
    pub source: String,
    /// Its figures.
    pub status: Arc<Status>,
}

/// Rows from which on a transaction is read twice rather than held in memory: about 10 MB of row changes.
pub const LARGE_TRANSACTION: usize = 50_000;

/// All that one task, a processor on a source, needs to know.
#[derive(Clone)]
pub struct Job {
    /// Whose offsets.
    pub task: TaskId,
    /// Where control records are, if not in the source's own topic.
    pub control_topic: Option<String>,
    /// The Odoo database.
    pub source: Source,
    /// Where its results are.
    pub database_url: String,
    /// Kafka client settings, without those that depend on the client's role.
    pub kafka: ClientConfig,
    /// Prefix of result topics, consumer groups and transactional ids.
    pub prefix: String,
    /// Identity of this process among its peers.
    pub instance: String,
    /// What people and other threads see of it.
    pub status: Arc<Status>,
    /// Its metrics.
    pub metrics: TaskMetrics,
    /// Raised when all has to stop.
    pub stop: Stop,
    /// Where async work runs.
    pub runtime: tokio::runtime::Handle,
    /// See [`LARGE_TRANSACTION`].
    pub large: usize,
    /// Where the results are not those in force but a shadow version.
    pub shadow: Option<ShadowVersion>,
}

/// A second version of a task's results, built from the log while the one in force goes on.
#[derive(Clone, Debug)]
pub struct ShadowVersion {
    /// Its number.
    pub version: i32,
    /// The schema of its tables, those outside the processor's own included.
    pub schema: String,
    /// Where it begins in the log.
    pub from: i64,
    /// Whether its events are published and its decisions written down; the version in force has done so already.
    pub emits: bool,
}

impl Job {
    /// The schema of the processor's tables.
    pub fn schema(&self) -> &str {
        self.shadow.as_ref().map_or(self.task.processor, |shadow| &shadow.schema)
    }

    /// Whether events are published and decisions written down.
    pub fn emits(&self) -> bool {
        self.shadow.as_ref().is_none_or(|shadow| shadow.emits)
    }

    /// Transactional id of the outbox drain, and key of its progress record: two versions never share one.
    pub fn transactional_id(&self) -> String {
        format!("{}.v{}", self.group(), self.task.version)
    }

    /// The topic of progress records.
    pub fn progress_topic(&self) -> String {
        format!("_{}.progress", self.prefix)
    }

    /// Consumer group: `<prefix>.<processor>.<source>`.
    pub fn group(&self) -> String {
        format!("{}.{}.{}", self.prefix, self.task.processor, self.source.name)
    }
}

/// A flag that many threads watch.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks everybody to stop.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether somebody has asked.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
