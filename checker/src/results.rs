//! What is in the results database now, as every processor has it.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::error::Error;
use crate::subjects::Subject;
use crate::witness::{self, Logged, Step};

/// A task's checkpoint.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Checkpoint {
    pub(crate) processor: String,
    pub(crate) version: i32,
    pub(crate) next_offset: i64,
    pub(crate) control_offset: i64,
    pub(crate) owner_epoch: i64,
    pub(crate) out_seq: i64,
    pub(crate) snapshot: String,
    pub(crate) clock: Option<DateTime<Utc>>,
}

/// A dead letter.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct DeadLetter {
    pub(crate) processor: String,
    pub(crate) version: i32,
    pub(crate) topic: String,
    pub(crate) record_offset: i64,
    pub(crate) record_value: Option<Vec<u8>>,
    pub(crate) table_name: String,
    pub(crate) superseded_by: Option<i64>,
}

/// A row of `audit_logs` of the processor's automation.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Audit {
    pub(crate) id: i64,
    pub(crate) timestamp: NaiveDateTime,
    pub(crate) action_name: String,
    pub(crate) odoo_record_id: Option<i64>,
    pub(crate) status: String,
    pub(crate) reasoning: Option<String>,
    pub(crate) input: Value,
    pub(crate) output: Value,
}

/// What became of a request.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Request {
    pub(crate) version: i32,
    pub(crate) id: String,
    pub(crate) action: String,
    pub(crate) arguments: String,
    pub(crate) status: String,
    pub(crate) outcome: String,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) steps: Vec<Step>,
    /// Every event that was ever put into the outbox.
    pub(crate) logged: Vec<Logged>,
    /// Events that are in the outbox now: version and number.
    pub(crate) outbox: Vec<(i32, i64)>,
    pub(crate) checkpoints: Vec<Checkpoint>,
    /// The version whose results are in force, where there is a table that says so.
    active: Option<i32>,
    pub(crate) dead_letters: Vec<DeadLetter>,
    pub(crate) audit: Vec<Audit>,
    pub(crate) requests: Vec<Request>,
    processor: &'static str,
}

impl Results {
    /// Reads all, and the processor's own tables, as of one instant.
    pub(crate) async fn read<S: Subject>(
        connection: &mut PgConnection,
        source: &str,
    ) -> Result<(Self, S::Tables), Error> {
        sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut *connection).await?;
        let steps = witness::steps(connection, source).await?;
        let logged = witness::outbox(connection, source).await?;
        let outbox = sqlx::query_as("SELECT version, out_seq FROM stream.outbox WHERE source = $1")
            .bind(source)
            .fetch_all(&mut *connection)
            .await?;
        let checkpoints = sqlx::query_as(
            "SELECT processor, version, next_offset, control_offset, owner_epoch, out_seq, snapshot, clock
             FROM stream.checkpoint WHERE source = $1 ORDER BY processor, version",
        )
        .bind(source)
        .fetch_all(&mut *connection)
        .await?;
        let active = active(connection, source, S::NAME).await?;
        let dead_letters = sqlx::query_as(
            "SELECT processor, version, topic, record_offset, record_value, table_name, superseded_by
             FROM stream.dead_letter WHERE source = $1 ORDER BY version, record_offset",
        )
        .bind(source)
        .fetch_all(&mut *connection)
        .await?;
        let audit = sqlx::query_as(
            "SELECT id::bigint AS id, timestamp::timestamp AS timestamp, action_name, odoo_record_id::bigint AS odoo_record_id,
                 status, ai_reasoning AS reasoning, input_data::jsonb AS input, output_data::jsonb AS output
             FROM audit_logs WHERE automation_type = $1 ORDER BY id",
        )
        .bind(S::NAME)
        .fetch_all(&mut *connection)
        .await?;
        let requests = sqlx::query_as(
            "SELECT version, id::text AS id, action, arguments, status, outcome FROM stream.request
             WHERE source = $1 AND processor = $2 ORDER BY version, id",
        )
        .bind(source)
        .bind(S::NAME)
        .fetch_all(&mut *connection)
        .await?;
        let tables = S::read(connection).await?;
        sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
        let results = Self {
            steps,
            logged,
            outbox,
            checkpoints,
            active,
            dead_letters,
            audit,
            requests,
            processor: S::NAME,
        };
        Ok((results, tables))
    }

    /// The checkpoint of the version that the tables are of: the one in force, or the latest.
    pub(crate) fn latest(&self) -> Option<&Checkpoint> {
        self.checkpoints
            .iter()
            .filter(|checkpoint| checkpoint.processor == self.processor)
            .max_by_key(|checkpoint| (Some(checkpoint.version) == self.active, checkpoint.version))
    }
}

/// The version of a processor in force. A schema without versions side by side has no table of them.
pub(crate) async fn active(
    connection: &mut PgConnection,
    source: &str,
    processor: &str,
) -> Result<Option<i32>, sqlx::Error> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass('stream.active') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT version FROM stream.active WHERE source = $1 AND processor = $2")
        .bind(source)
        .bind(processor)
        .fetch_optional(connection)
        .await
}
