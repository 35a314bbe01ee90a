//! Runs a processor on a source: claim, read, fold, save, one Postgres transaction per batch.
//!
//! Per processor and source there is one consumer thread (`reader`), one that owns the working state (`writer`) and one
//! outbox drain. Memory is a copy of Postgres that belongs to one epoch: whatever fails, it is dropped and claimed
//! anew, and `policy` alone says when.

mod checkpoint;
mod consumer;
#[cfg(test)]
mod model;
mod policy;
mod reader;
mod rebuild;
mod session;
mod status;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use contract::{Processor, Source};
use rdkafka::ClientConfig;

use crate::telemetry::UnitMetrics;

pub use checkpoint::{Checkpoint, Place};
pub use rebuild::{Rebuilding, rebuild};
pub use status::{Figures, State, Status};
pub use writer::{Writer, connect, look_in};

/// Rows from which on a transaction is read twice rather than held in memory: about 10 MB of events.
pub const LARGE_TRANSACTION: usize = 50_000;

/// All that one unit, a processor on a source, needs to know.
#[derive(Clone)]
pub struct Job {
    /// Whose offsets.
    pub place: Place,
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
    pub metrics: UnitMetrics,
    /// Raised when all has to stop.
    pub stop: Stop,
    /// Where async work runs.
    pub runtime: tokio::runtime::Handle,
    /// See [`LARGE_TRANSACTION`].
    pub large: usize,
    /// Where the results are not those in force but a version beside them.
    pub beside: Option<Beside>,
}

/// A version of a unit's results that is built beside the one in force.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Its number.
    pub version: i32,
    /// The schema of its tables, those outside the processor's own included.
    pub schema: String,
    /// Where it begins in the log.
    pub from: i64,
    /// Whether its events are published and its decisions written down; the version in force has done so already.
    pub tells: bool,
}

impl Job {
    /// The schema of the processor's tables.
    pub fn schema(&self) -> &str {
        self.beside.as_ref().map_or(self.place.processor, |beside| &beside.schema)
    }

    /// Whether events are published and decisions written down.
    pub fn tells(&self) -> bool {
        self.beside.as_ref().is_none_or(|beside| beside.tells)
    }

    /// Transactional id of the outbox drain, and key of its progress record: two versions never share one.
    pub fn transactional_id(&self) -> String {
        format!("{}.v{}", self.group(), self.place.version)
    }

    /// Consumer group: `<prefix>.<processor>.<source>`.
    pub fn group(&self) -> String {
        format!("{}.{}.{}", self.prefix, self.place.processor, self.source.name)
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

/// Starts the unit on a thread of its own.
///
/// # Errors
/// When the thread cannot be started.
pub fn spawn<P: Processor>(job: Job) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(job.group()).spawn(move || reader::run::<P>(&job))
}
