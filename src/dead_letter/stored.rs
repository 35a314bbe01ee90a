//! Dead letters as people look for them.

use chrono::{DateTime, Utc};
use contract::Failure;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection};
use utoipa::{IntoParams, ToSchema};

/// Which dead letters.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, clap::Args)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only of this processor
    #[arg(long, value_name = "NAME")]
    pub processor: Option<String>,
    /// Only rows of this table
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
    /// Only the row with these key columns, as JSON: {"id":7}
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Only where the reason holds this: a column, what was expected, what was found
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Only records written at this time or later, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub since: Option<DateTime<Utc>>,
    /// Only records written before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<DateTime<Utc>>,
    /// Also those that are settled: superseded, replayed or discarded
    #[arg(long)]
    #[serde(default)]
    pub all: bool,
}

/// A dead letter without its record.
#[derive(Clone, Debug, FromRow, Serialize, ToSchema)]
pub struct Stored {
    /// The processor that could not use the record.
    pub processor: String,
    /// The source.
    pub source: String,
    /// The record's offset.
    pub record_offset: i64,
    /// When it was written, by Kafka.
    pub record_time: DateTime<Utc>,
    /// The row's table; `?` where the record did not say.
    pub table_name: String,
    /// The row's key columns, as JSON; empty where the record did not say.
    pub row_key: String,
    /// The column that is wrong; `?` where it is the record as a whole.
    pub column_name: String,
    /// What would have been accepted.
    pub expected: String,
    /// What was there.
    pub found: String,
    /// How often it was read.
    pub attempts: i32,
    /// Offset of the later image that made it obsolete.
    pub superseded_by: Option<i64>,
    /// replayed or discarded.
    pub resolution: Option<String>,
    /// Who asked for that.
    pub resolved_by: Option<String>,
}

/// A dead letter's record, as it came.
#[derive(Debug, FromRow)]
pub struct Raw {
    /// What is known of it.
    #[sqlx(flatten)]
    pub about: Stored,
    /// The record's key.
    pub record_key: Option<Vec<u8>>,
    /// The record's value.
    pub record_value: Option<Vec<u8>>,
}

/// A dead letter with its record as text; bytes that are none are shown as U+FFFD.
#[derive(Debug, Serialize, ToSchema)]
pub struct Shown {
    /// What is known of it.
    #[serde(flatten)]
    pub about: Stored,
    /// The record's key.
    pub key: Option<String>,
    /// The record's value.
    pub value: Option<String>,
}

impl From<Raw> for Shown {
    fn from(raw: Raw) -> Self {
        let text = |bytes: Option<Vec<u8>>| bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Self { about: raw.about, key: text(raw.record_key), value: text(raw.record_value) }
    }
}

impl Stored {
    /// What has become of it, in words.
    pub fn state(&self) -> String {
        match (&self.resolution, self.superseded_by) {
            (Some(resolution), _) => {
                format!("{resolution} by {}", self.resolved_by.as_deref().unwrap_or("?"))
            }
            (None, Some(by)) => format!("superseded by {by}"),
            (None, None) => "open".into(),
        }
    }

    /// Whether nothing has settled it.
    pub fn is_open(&self) -> bool {
        self.superseded_by.is_none() && self.resolution.is_none()
    }
}

const COLUMNS: &str = "processor, source, record_offset, record_time, table_name, row_key, column_name, expected, found, attempts, \
     superseded_by, resolution, resolved_by";

/// Of the results in force only: dead letters of another version are about other results.
const CONDITION: &str =
    "source = $1 AND EXISTS (SELECT FROM stream.active WHERE active.processor = dead_letter.processor
         AND active.source = dead_letter.source AND active.version = dead_letter.version)
     AND ($2::text IS NULL OR processor = $2) AND ($3::text IS NULL OR table_name = $3)
     AND ($4::text IS NULL OR row_key = $4)
     AND ($5::text IS NULL OR position(lower($5) IN lower(concat_ws(' ', column_name, expected, found))) > 0)
     AND ($6::timestamptz IS NULL OR record_time >= $6) AND ($7::timestamptz IS NULL OR record_time < $7)
     AND ($8 OR (superseded_by IS NULL AND resolution IS NULL))";

/// At most `limit` dead letters behind an offset, sorted by it.
pub async fn list(
    source: &str,
    filter: &Filter,
    after: i64,
    limit: i64,
    connection: &mut PgConnection,
) -> Result<Vec<Stored>, Failure> {
    query(COLUMNS, source, filter, after, limit, connection).await
}

/// The same with their records, which hold business data.
pub async fn list_raw(
    source: &str,
    filter: &Filter,
    after: i64,
    limit: i64,
    connection: &mut PgConnection,
) -> Result<Vec<Raw>, Failure> {
    query(&format!("{COLUMNS}, record_key, record_value"), source, filter, after, limit, connection).await
}

async fn query<T>(
    columns: &str,
    source: &str,
    filter: &Filter,
    after: i64,
    limit: i64,
    connection: &mut PgConnection,
) -> Result<Vec<T>, Failure>
where
    T: for<'r> FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    let sql = format!(
        "SELECT {columns} FROM stream.dead_letter WHERE {CONDITION} AND record_offset > $9
         ORDER BY record_offset, processor LIMIT $10"
    );
    let dead_letters = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(source)
        .bind(&filter.processor)
        .bind(&filter.table)
        .bind(&filter.key)
        .bind(&filter.reason)
        .bind(filter.since)
        .bind(filter.until)
        .bind(filter.all)
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    Ok(dead_letters)
}

/// The dead letter of a processor at an offset, whatever has become of it.
pub async fn find(
    processor: &str,
    source: &str,
    offset: i64,
    connection: &mut PgConnection,
) -> Result<Option<Raw>, Failure> {
    let filter = Filter { processor: Some(processor.to_owned()), all: true, ..Filter::default() };
    let dead_letters = list_raw(source, &filter, offset - 1, 1, connection).await?;
    Ok(dead_letters.into_iter().find(|raw| raw.about.record_offset == offset))
}
