//! Records that Ledgerwell writes into a source's stream, so that there is one order of everything: ticks, rule sets, requests.

pub mod request;
pub mod rules;
mod state;
mod ticks;

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use contract::Failure;
use rdkafka::ClientConfig;
use sqlx::PgConnection;

use crate::config::{Config, Source};
use crate::connection::connect;
use crate::feed::control::KEY;
use crate::publish::{Publisher, Record};
use crate::status::{Figures, State};
use crate::task::Stop;
use crate::task::Task;

pub use state::ControlState;

/// How often it is looked whether something has to be announced.
const EVERY: Duration = Duration::from_secs(1);
/// The same rule set is not announced again before this, in case another instance overwrote it with an older one.
const AGAIN: Duration = Duration::from_secs(10);

/// Where a source's control records go.
#[derive(Clone)]
pub struct Target {
    kafka: ClientConfig,
    topic: String,
}

impl Target {
    /// The source's own topic, or its control topic.
    pub fn new(config: &Config, source: &Source) -> Self {
        Self { kafka: config.kafka(), topic: source.control_topic.as_ref().unwrap_or(&source.topic).clone() }
    }

    /// Writes one control record, and waits until it is there.
    ///
    /// # Errors
    /// When Kafka does not take it.
    pub fn write(&self, kind: &str, value: &str) -> Result<(), Failure> {
        let record = Record { key: KEY, value: Some(value.as_bytes()), timestamp: None, kind: Some(kind) };
        Publisher::new(&self.kafka, &self.topic)
            .and_then(|publisher| publisher.publish(record).and_then(|()| publisher.flush()))
            .map_err(|error| {
                Failure::transient(format!("Kafka: topic {}: {error}", self.topic)).because(error)
            })
    }
}

/// Announces what a source's tasks have to know, until it is asked to stop. Any instance may, because what is not new
/// changes nothing.
///
/// # Errors
/// When the thread cannot be started.
pub fn spawn(
    config: &Config,
    source: &Source,
    tasks: Vec<Task>,
    stop: Stop,
) -> std::io::Result<JoinHandle<()>> {
    let mut announcer = Announcer {
        target: Target::new(config, source),
        database: source.database_url().to_owned(),
        connection: None,
        tick: None,
        rules: None,
    };
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new().name(format!("{}.control", source.name)).spawn(move || {
        while !stop.is_set() {
            std::thread::park_timeout(EVERY);
            // Who is behind, or has nothing, would announce what the stream says already.
            let ready: Vec<_> = tasks
                .iter()
                .map(|task| task.status.figures())
                .filter(|figures| figures.state == State::Running && figures.at_end && figures.complete)
                .collect();
            if ready.is_empty() {
                continue;
            }
            if let Err(failure) = runtime.block_on(announcer.announce(&ready)) {
                announcer.connection = None;
                tracing::warn!(%failure, "nothing was announced; it will be tried again");
            }
        }
    })
}

/// What one instance has announced on a source.
struct Announcer {
    target: Target,
    database: String,
    connection: Option<PgConnection>,
    tick: Option<chrono::DateTime<chrono::Utc>>,
    rules: Option<(String, Instant)>,
}

impl Announcer {
    async fn announce(&mut self, tasks: &[Figures]) -> Result<(), Failure> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(connect(&self.database, "ledgerwell.control").await?),
        };
        // Time goes on, whatever is wrong with the rules.
        let due = ticks::due(tasks, connection).await?;
        let rules = rules::read(connection).await;
        if let Some(tick) = due.filter(|due| self.tick.is_none_or(|before| before < *due)) {
            self.target.write("tick", &ticks::text(tick))?;
            self.tick = Some(tick);
        }
        self.announce_rules(tasks, &rules?)
    }

    fn announce_rules(&mut self, tasks: &[Figures], rules: &contract::RuleSet) -> Result<(), Failure> {
        let fingerprint = rules::fingerprint(rules);
        let just_announced = self
            .rules
            .as_ref()
            .is_some_and(|(before, when)| *before == fingerprint && when.elapsed() < AGAIN);
        if just_announced || tasks.iter().all(|figures| figures.rules == fingerprint) {
            return Ok(());
        }
        self.target.write("rules", &rules::text(rules))?;
        self.rules = Some((fingerprint, Instant::now()));
        Ok(())
    }
}
