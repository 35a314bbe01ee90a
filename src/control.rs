//! Records that Ledgerwell writes into a source's stream, so that there is one order of everything: ticks, rule sets, requests.

pub mod asked;
mod producer;
pub mod request;
pub mod rules;
mod state;
mod ticks;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use contract::Failure;
use contract::log::Outage;
use sqlx::PgConnection;

use crate::config::Source;
use crate::connection::connect;
use crate::status::{Figures, State};
use crate::task::Stop;
use crate::task::Task;

pub use producer::{Producer, Target};
pub use state::ControlState;

/// How often it is looked whether something has to be announced.
const EVERY: Duration = Duration::from_secs(1);
/// The same rule set is not announced again before this, in case another instance overwrote it with an older one.
const AGAIN: Duration = Duration::from_secs(10);

/// Announces what a source's tasks have to know, until it is asked to stop. Any instance may, because what is not new
/// changes nothing.
///
/// # Errors
/// When the thread cannot be started.
pub fn spawn(
    producer: &Arc<Producer>,
    source: &Source,
    tasks: Vec<Task>,
    stop: Stop,
) -> std::io::Result<JoinHandle<()>> {
    let mut announcer = Announcer {
        target: Target::new(producer, source),
        database: source.database_url().to_owned(),
        connection: None,
        tick: None,
        rules: None,
        outage: Outage::default(),
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
            match runtime.block_on(announcer.announce(&ready)) {
                Ok(()) => drop(announcer.outage.end()),
                Err(failure) => {
                    announcer.connection = None;
                    if announcer.outage.is_news(&failure) {
                        tracing::warn!(%failure, "nothing was announced; it will be tried again");
                    }
                }
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
    outage: Outage,
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
            self.target.write("tick", &ticks::text(tick)).await?;
            self.tick = Some(tick);
        }
        self.announce_rules(tasks, &rules?).await
    }

    async fn announce_rules(&mut self, tasks: &[Figures], rules: &contract::RuleSet) -> Result<(), Failure> {
        let fingerprint = rules::fingerprint(rules);
        let just_announced = self
            .rules
            .as_ref()
            .is_some_and(|(before, when)| *before == fingerprint && when.elapsed() < AGAIN);
        if just_announced || tasks.iter().all(|figures| figures.rules == fingerprint) {
            return Ok(());
        }
        self.target.write("rules", &rules::text(rules)).await?;
        self.rules = Some((fingerprint, Instant::now()));
        Ok(())
    }
}
