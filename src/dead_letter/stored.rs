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

/// The dead letter behind which a page begins; by default all come behind it.
#[derive(Clone, Debug)]
pub struct After {
    offset: i64,
    processor: String,
    topic: String,
}

impl Default for After {
    fn default() -> Self {
        Self { offset: -1, processor: String::new(), topic: String::new() }
    }
}

impl After {
    /// What [`Stored::key`] says; `None` for anything else.
    pub fn parse([offset, processor, topic]: [&str; 3]) -> Option<Self> {
        let offset = offset.parse().ok()?;
        Some(Self { offset, processor: processor.to_owned(), topic: topic.to_owned() })
    }
}

/// A dead letter without its record.
#[derive(Clone, Debug, FromRow, Serialize, ToSchema)]
pub struct Stored {
    /// The processor that could not use the record.
    pub processor: String,
    /// The source.
    pub source: String,
    /// The record's topic …
    pub topic: String,
    /// … and its offset there.
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
    /// What sets it apart from all others of its source, in the order of lists. A topic may have been replaced by another.
    pub fn key(&self) -> [String; 3] {
        [self.record_offset.to_string(), self.processor.clone(), self.topic.clone()]
    }

    /// The page behind it begins here.
    pub fn after(&self) -> After {
        After { offset: self.record_offset, processor: self.processor.clone(), topic: self.topic.clone() }
    }

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

    /// Why it cannot be settled, if so. `topic` is what its source's changes come from now.
    pub fn why_not_settle(&self, topic: &str) -> Option<String> {
        if !self.is_open() {
            return Some(format!("it is {}: nothing to do", self.state()));
        }
        let of = &self.topic;
        (of != topic)
            .then(|| format!("it is of topic {of}, which the source does not read any more: nothing to do"))
    }

    /// Whether nothing has settled it.
    pub fn is_open(&self) -> bool {
        self.superseded_by.is_none() && self.resolution.is_none()
    }
}

/// Topics that a source has had.
const MOST_TOPICS: i64 = 100;

const COLUMNS: &str = "processor, source, topic, record_offset, record_time, table_name, row_key, column_name, expected, found, attempts, \
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

/// At most `limit` dead letters behind another, sorted by offset.
pub async fn list(
    source: &str,
    filter: &Filter,
    after: &After,
    limit: i64,
    connection: &mut PgConnection,
) -> Result<Vec<Stored>, Failure> {
    query(COLUMNS, source, filter, after, limit, connection).await
}

/// The same with their records, which hold business data.
pub async fn list_raw(
    source: &str,
    filter: &Filter,
    after: &After,
    limit: i64,
    connection: &mut PgConnection,
) -> Result<Vec<Raw>, Failure> {
    query(&format!("{COLUMNS}, record_key, record_value"), source, filter, after, limit, connection).await
}

async fn query<T>(
    columns: &str,
    source: &str,
    filter: &Filter,
    after: &After,
    limit: i64,
    connection: &mut PgConnection,
) -> Result<Vec<T>, Failure>
where
    T: for<'r> FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    let sql = format!(
        "SELECT {columns} FROM stream.dead_letter WHERE {CONDITION} AND (record_offset, processor, topic) > ($9, $10, $11)
         ORDER BY record_offset, processor, topic LIMIT $12"
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
        .bind(after.offset)
        .bind(&after.processor)
        .bind(&after.topic)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    Ok(dead_letters)
}

/// The dead letter of a processor at an offset, whatever has become of it: that of `topic`, or else of one that it replaced.
pub async fn find(
    processor: &str,
    source: &str,
    topic: &str,
    offset: i64,
    connection: &mut PgConnection,
) -> Result<Option<Raw>, Failure> {
    let filter = Filter { processor: Some(processor.to_owned()), all: true, ..Filter::default() };
    // An offset may have been in several topics: the source's, and those that it replaced.
    let after = After { offset, ..After::default() };
    let dead_letters = list_raw(source, &filter, &after, MOST_TOPICS, connection).await?;
    let found = dead_letters.into_iter().filter(|raw| raw.about.record_offset == offset);
    Ok(found.max_by_key(|raw| raw.about.topic == topic))
}
