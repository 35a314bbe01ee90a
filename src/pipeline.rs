//! All tasks of a configuration, running.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use sqlx::{Connection, PgConnection};

use crate::binding;
use crate::config::{Clock, Config, Listen, Source};
use crate::control::{self, Producer};
use crate::http;
use crate::migrate;
use crate::registry::{Entry, PROCESSORS, check_name};
use crate::status::{Figures, State, Status};
use crate::task::{Job, LARGE_TRANSACTION, Stop, Task, TaskId};
use crate::telemetry::Metrics;

/// Why the pipeline cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such processor.
    #[error("{0}")]
    NoSuchProcessor(String),
    /// The results database is not ready.
    #[error("source {0}: {1}")]
    Database(String, migrate::Error),
    /// The results database is another's.
    #[error("source {0}: {1}")]
    Bound(String, binding::Error),
    /// The operating system refused a thread, or a metric's name is taken.
    #[error("{0}")]
    Start(String),
}

/// What may differ from run to run.
#[derive(Debug, Default)]
pub struct Options {
    /// Only these processors; all where empty.
    pub only: Vec<String>,
    /// Stop when the ends of the logs are reached. Time is then what the changes say.
    pub until_caught_up: bool,
    /// See [`LARGE_TRANSACTION`]; 0 for the default.
    pub large: usize,
}

/// The running pipeline.
pub struct Pipeline {
    /// Its tasks.
    pub tasks: Vec<Task>,
    /// Its metrics.
    pub metrics: Metrics,
    /// What writes control records.
    pub producer: Arc<Producer>,
    stop: Stop,
    threads: Vec<JoinHandle<()>>,
}

impl Pipeline {
    /// Starts all tasks.
    ///
    /// # Errors
    /// See [`Error`]; nothing runs then.
    pub async fn start(config: &Config, options: &Options) -> Result<Self, Error> {
        let chosen = choose(&options.only)?;
        for source in &config.sources {
            let checked = migrate::check(source.database_url()).await;
            checked.map_err(|error| Error::Database(source.name.clone(), error))?;
            let bound = bound(source, &config.prefix).await;
            bound.map_err(|error| Error::Bound(source.name.clone(), error))?;
        }
        let metrics = Metrics::new().map_err(|error| Error::Start(error.to_string()))?;
        let producer = Producer::new(config);
        let mut pipeline =
            Self { tasks: Vec::new(), metrics, producer, stop: Stop::default(), threads: Vec::new() };
        let instance = instance();
        for source in &config.sources {
            let mut of_source = Vec::new();
            for entry in chosen.iter().filter(|entry| source.runs(entry.name)) {
                let job = Job {
                    stop: pipeline.stop.clone(),
                    large: if options.large == 0 { LARGE_TRANSACTION } else { options.large },
                    ..job_of(config, source, entry, &instance, &pipeline.metrics)
                };
                of_source.push(Task {
                    processor: entry.name,
                    source: source.name.clone(),
                    status: Arc::clone(&job.status),
                });
                pipeline.threads.push((entry.spawn)(job).map_err(|error| Error::Start(error.to_string()))?);
            }
            if source.clock == Clock::Wall && !options.until_caught_up {
                let announcer =
                    control::spawn(&pipeline.producer, source, of_source.clone(), pipeline.stop.clone());
                pipeline.threads.push(announcer.map_err(|error| Error::Start(error.to_string()))?);
            }
            pipeline.tasks.extend(of_source);
        }
        Ok(pipeline)
    }

    /// Serves health, metrics and the API until the process ends. Answers where.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn serve(&self, config: &Arc<Config>) -> std::io::Result<Listen> {
        let (config, producer) = (Arc::clone(config), Arc::clone(&self.producer));
        http::serve(config, producer, self.metrics.clone(), self.tasks.clone()).await
    }

    /// Waits until every task has reached the end of its log and published its events, has stopped for good, or `cancelled`
    /// says so.
    pub async fn caught_up(&self, cancelled: &Stop) {
        while !cancelled.is_set() {
            let settled = |task: &Task| {
                let figures = task.status.figures();
                figures.settled() || matches!(figures.state, State::Stopped(_))
            };
            if self.tasks.iter().all(settled) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What each task is doing.
    pub fn figures(&self) -> Vec<(&Task, Figures)> {
        self.tasks.iter().map(|task| (task, task.status.figures())).collect()
    }

    /// Stops all tasks, each at the end of the batch in work, and waits for them.
    pub async fn stop(self) {
        self.stop.set();
        let threads = self.threads;
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                // A thread that panicked has reported it.
                let _ = thread.join();
            }
        });
        if tokio::time::timeout(Duration::from_secs(9), joined).await.is_err() {
            tracing::warn!("a task did not stop in time; what it had not committed will be read again");
        }
    }
}

/// The job of one task that belongs to no running pipeline.
///
/// # Errors
/// When a metric's name is taken.
pub fn job(config: &Config, source: &Source, entry: &Entry) -> Result<Job, prometheus::Error> {
    Ok(job_of(config, source, entry, &instance(), &Metrics::new()?))
}

fn job_of(config: &Config, source: &Source, entry: &Entry, instance: &str, metrics: &Metrics) -> Job {
    Job {
        task: TaskId {
            processor: entry.name,
            version: entry.version,
            source: source.name.clone(),
            topic: source.topic.clone(),
            partition: 0,
        },
        control_topic: source.control_topic.clone(),
        source: source.identity(),
        database_url: source.database_url().to_owned(),
        kafka: config.kafka(),
        prefix: config.prefix.clone(),
        instance: instance.to_owned(),
        status: Arc::new(Status::default()),
        metrics: metrics.task(entry.name, &source.name),
        stop: Stop::default(),
        runtime: tokio::runtime::Handle::current(),
        large: LARGE_TRANSACTION,
        shadow: None,
    }
}

/// Refuses a database that belongs to another source, or another deployment.
async fn bound(source: &Source, deployment: &str) -> Result<(), binding::Error> {
    let mut connection = PgConnection::connect(source.database_url()).await?;
    binding::check(&source.name, deployment, &mut connection).await
}

fn choose(only: &[String]) -> Result<Vec<&'static Entry>, Error> {
    only.iter().try_for_each(|name| check_name(Some(name)).map_err(Error::NoSuchProcessor))?;
    Ok(PROCESSORS
        .iter()
        .filter(|entry| only.is_empty() || only.iter().any(|name| entry.name == name))
        .collect())
}

/// This process among its peers.
fn instance() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "ledgerwell".into());
    format!("{host}-{}", std::process::id())
}
