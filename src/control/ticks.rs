//! Announces due moments while nothing changes: any instance may, and one that is not newer changes nothing.

use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use contract::Failure;

use crate::config::{Config, Source};
use crate::pipeline::Unit;
use crate::publish::{Publisher, Record};
use crate::runner::{Stop, connect};

/// How often it is looked whether something fell due.
const EVERY: Duration = Duration::from_secs(1);

/// Writes a source's ticks until it is told to stop.
///
/// # Errors
/// When the thread cannot be started.
pub fn spawn(
    config: &Config,
    source: &Source,
    units: Vec<Unit>,
    stop: Stop,
) -> std::io::Result<JoinHandle<()>> {
    let (kafka, topic, database) = (
        config.kafka(),
        source.control_topic.as_ref().unwrap_or(&source.topic).clone(),
        source.database_url().to_owned(),
    );
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new().name(format!("{}.ticks", source.name)).spawn(move || {
        let mut announced: Option<DateTime<Utc>> = None;
        while !stop.is_set() {
            std::thread::park_timeout(EVERY);
            let Some(due) = next_due(&units).filter(|due| announced.is_none_or(|before| before < *due))
            else {
                continue;
            };
            let reached = runtime.block_on(now(&database)).map(|now| due <= now);
            let written =
                reached.and_then(
                    |reached| if reached { write(&kafka, &topic, due).map(|()| true) } else { Ok(false) },
                );
            match written {
                Ok(true) => announced = Some(due),
                Ok(false) => {}
                Err(failure) => tracing::warn!(%failure, "no tick was written; it will be tried again"),
            }
        }
    })
}

/// The earliest due moment, if this instance has a unit of the source that is caught up.
fn next_due(units: &[Unit]) -> Option<DateTime<Utc>> {
    let figures = units.iter().map(|unit| unit.status.figures());
    figures.filter(|figures| figures.at_end && figures.complete).filter_map(|figures| figures.next_due).min()
}

/// Postgres' clock: one for all instances.
async fn now(database: &str) -> Result<DateTime<Utc>, Failure> {
    let mut connection = connect(database, "ledgerwell.ticks").await?;
    Ok(sqlx::query_scalar("SELECT now()").fetch_one(&mut connection).await?)
}

fn write(kafka: &rdkafka::ClientConfig, topic: &str, due: DateTime<Utc>) -> Result<(), Failure> {
    let value = format!(r#"{{"time":"{}"}}"#, due.to_rfc3339_opts(SecondsFormat::Millis, true));
    let record =
        Record { key: b"ledgerwell", value: Some(value.as_bytes()), timestamp: None, kind: Some("tick") };
    Publisher::new(kafka, topic)
        .and_then(|publisher| publisher.publish(record).and_then(|()| publisher.flush()))
        .map_err(|error| Failure::transient(format!("Kafka: {error}")))
}
