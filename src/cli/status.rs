//! `ledgerwell status`

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use rdkafka::consumer::BaseConsumer;
use serde::Serialize;
use sqlx::{Connection, PgConnection, Row};

use super::{Global, Outcome, output};
use crate::clock;
use crate::config::Needs;
use crate::watermarks::watermarks;

/// Show how far each processor is, from Postgres and Kafka
#[derive(Args)]
#[command(after_help = "Examples:
  ledgerwell status
  ledgerwell status --json | jq '.[].lag_records'")]
pub(super) struct Status {}

#[derive(Serialize)]
struct Line {
    processor: String,
    source: String,
    next_offset: i64,
    lag_records: i64,
    /// Age of the last applied change while behind.
    lag_seconds: i64,
    snapshot: String,
    /// What is not known of its rows, why, and what to do.
    unknown: Option<String>,
    clock: Option<DateTime<Utc>>,
    outbox_pending: i64,
    dead_letters: i64,
    owner: String,
    epoch: i64,
}

impl Status {
    #[allow(clippy::unused_self, reason = "it has no options yet")]
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = global.config(Needs::Everything)?;
        let consumer: BaseConsumer = config.kafka().create()?;
        let mut lines = Vec::new();
        for source in &config.sources {
            let (_, end) = watermarks(&consumer, &source.topic, 0).map_err(|error| {
                format!("topic {}: {error}. `ledgerwell topics` creates it", source.topic)
            })?;
            let mut connection = PgConnection::connect(source.database_url()).await?;
            let rows = sqlx::query(
                "SELECT processor, next_offset, owner_epoch, owner_id, snapshot, unknown, clock,
                     (SELECT count(*) FROM stream.outbox WHERE outbox.processor = mine.processor
                         AND outbox.version = mine.version AND outbox.source = mine.source) AS pending,
                     (SELECT count(*) FROM stream.dead_letter AS dead WHERE dead.processor = mine.processor
                         AND dead.source = mine.source AND dead.version = mine.version AND dead.superseded_by IS NULL
                         AND dead.resolution IS NULL) AS dead_letters
                 FROM stream.checkpoint AS mine JOIN stream.active USING (processor, source, version)
                 WHERE source = $1 ORDER BY processor",
            )
            .bind(&source.name)
            .fetch_all(&mut connection)
            .await?;
            for row in rows {
                let next_offset: i64 = row.try_get("next_offset")?;
                let clock: Option<DateTime<Utc>> = row.try_get("clock")?;
                let lag_records = (end - next_offset).max(0);
                let age = clock.map_or(0, |clock| (clock::wall() - clock).num_seconds().max(0));
                lines.push(Line {
                    processor: row.try_get("processor")?,
                    source: source.name.clone(),
                    next_offset,
                    lag_records,
                    lag_seconds: if lag_records == 0 { 0 } else { age },
                    snapshot: row.try_get("snapshot")?,
                    unknown: row.try_get("unknown")?,
                    clock,
                    outbox_pending: row.try_get("pending")?,
                    dead_letters: row.try_get("dead_letters")?,
                    owner: row.try_get("owner_id")?,
                    epoch: row.try_get("owner_epoch")?,
                });
            }
        }
        if global.json {
            output::json(&lines)?;
            return Ok(ExitCode::SUCCESS);
        }
        let header = [
            "processor",
            "source",
            "offset",
            "lag",
            "lag s",
            "snapshot",
            "clock",
            "outbox",
            "dead letters",
            "owner",
        ];
        let mut table = output::table(&header, &["offset", "lag", "lag s", "outbox", "dead letters"]);
        for line in &lines {
            table.add_row([
                line.processor.clone(),
                line.source.clone(),
                output::thousands(line.next_offset),
                output::thousands(line.lag_records),
                output::thousands(line.lag_seconds),
                line.snapshot.clone(),
                line.clock.map_or(String::new(), |clock| clock.format("%F %T").to_string()),
                output::thousands(line.outbox_pending),
                output::thousands(line.dead_letters),
                line.owner.clone(),
            ]);
        }
        contract::say!("{table}");
        for line in &lines {
            if let Some(unknown) = &line.unknown {
                contract::say!("{} decides nothing on source {}: {unknown}", line.processor, line.source);
            }
        }
        if lines.is_empty() {
            contract::say!("nothing has run yet: `ledgerwell run` starts the processors");
        }
        Ok(ExitCode::SUCCESS)
    }
}
