//! `ledgerwell reset`

use std::process::ExitCode;

use clap::Args;
use rdkafka::consumer::BaseConsumer;
use sqlx::{Connection, PgConnection};

use super::{Global, Outcome, output, source, with_name};
use crate::binding;
use crate::config::Needs;
use crate::watermarks::watermarks;

/// Let a processor start over at the beginning of its source's topic
#[derive(Args)]
#[command(
    after_help = with_name("For a topic that was made again, or one that has lost records which were not read. The topic must hold a
new snapshot: nothing is decided before it has been read, and it replaces all rows. Events keep their numbers.

Examples:
  ledgerwell reset PROCESSOR
  ledgerwell reset PROCESSOR --source odoo")
)]
pub(super) struct Reset {
    /// The processor
    processor: String,
    /// The source; needed where there are several
    #[arg(long)]
    source: Option<String>,
}

impl Reset {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = global.config(Needs::Everything)?;
        let source = source(&config, self.source.as_deref())?;
        let consumer: BaseConsumer = config.kafka().create()?;
        let (start, _) = watermarks(&consumer, &source.topic, 0)
            .map_err(|error| format!("topic {}: {error}. `ledgerwell topics` creates it", source.topic))?;
        let mut connection = PgConnection::connect(source.database_url()).await?;
        binding::check(&source.name, &config.prefix, &mut connection).await?;
        // A new epoch: an owner that runs is fenced and claims from here.
        let done = sqlx::query(
            "UPDATE stream.checkpoint SET owner_epoch = owner_epoch + 1, topic = $3, next_offset = $4, control_offset = 0,
                 incarnation = NULL, last_offset = NULL, last_timestamp = NULL, last_hash = NULL, high_position = NULL,
                 high_time = NULL, cut_off = NULL, snapshot = 'waiting', snapshot_tables = '{}', without_ids = NULL,
                 snapshot_read = false, snapshot_first = NULL, snapshot_inside = NULL, snapshot_lsn = NULL,
                 snapshot_marked = NULL, captured_tables = '{}', doubtful_tables = NULL, doubtful_since = NULL,
                 bounded_time = NULL, missing_columns = '{}', unknown = NULL, closing = NULL, closing_events = 0, updated_at = now()
             WHERE processor = $1 AND source = $2
                 AND version = (SELECT version FROM stream.active WHERE processor = $1 AND source = $2)",
        )
        .bind(&self.processor)
        .bind(&source.name)
        .bind(&source.topic)
        .bind(start)
        .execute(&mut connection)
        .await?;
        // What comes is not emitted again: it is read for the first time.
        let recent = "DELETE FROM stream.recent_transactions WHERE processor = $1 AND source = $2
                          AND version = (SELECT version FROM stream.active WHERE processor = $1 AND source = $2)";
        sqlx::query(recent).bind(&self.processor).bind(&source.name).execute(&mut connection).await?;
        let dead_letters = "UPDATE stream.dead_letter SET superseded_by = $3
                       WHERE processor = $1 AND source = $2 AND superseded_by IS NULL AND resolution IS NULL
                           AND version = (SELECT version FROM stream.active WHERE processor = $1 AND source = $2)";
        sqlx::query(dead_letters)
            .bind(&self.processor)
            .bind(&source.name)
            .bind(start)
            .execute(&mut connection)
            .await?;
        if done.rows_affected() == 0 {
            return Err(format!(
                "{} has not run on source {} yet: there is nothing to reset",
                self.processor, source.name
            )
            .into());
        }
        if global.json {
            output::json(
                &serde_json::json!({ "processor": self.processor, "source": source.name, "next_offset": start }),
            )?;
        } else {
            contract::say!("{} will start over at offset {start} of {}", self.processor, source.topic);
        }
        Ok(ExitCode::SUCCESS)
    }
}
