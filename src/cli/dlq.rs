//! `ledgerwell dlq`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;
use sqlx::{Connection, FromRow, PgConnection};

use super::{Global, Outcome, output, sources};

/// Look at the records that could not be used
#[derive(Subcommand)]
#[command(after_help = "Examples:
  ledgerwell dlq list                         open dead letters, oldest first
  ledgerwell dlq list --all --json            superseded ones too
  ledgerwell dlq show credit 4711             one of them with its raw record (it holds business data)")]
pub(super) enum Dlq {
    /// List dead letters: whose row, which column, what was expected and found
    List(List),
    /// Show the raw record of one
    Show(Show),
}

#[derive(Args)]
pub(super) struct List {
    /// Also those that a later image of the row has superseded
    #[arg(long)]
    all: bool,
    /// Only this source
    #[arg(long)]
    source: Option<String>,
}

#[derive(Args)]
pub(super) struct Show {
    /// The processor
    processor: String,
    /// The record's offset
    offset: i64,
    /// The source; needed where there are several
    #[arg(long)]
    source: Option<String>,
}

#[derive(FromRow, Serialize)]
struct Letter {
    processor: String,
    source: String,
    record_offset: i64,
    table_name: String,
    row_key: String,
    column_name: String,
    expected: String,
    found: String,
    superseded_by: Option<i64>,
}

#[derive(FromRow)]
struct Raw {
    #[sqlx(flatten)]
    letter: Letter,
    record_key: Option<Vec<u8>>,
    record_value: Option<Vec<u8>>,
}

/// A dead letter with its raw record; bytes that are no text are shown as U+FFFD.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    letter: Letter,
    key: Option<String>,
    value: Option<String>,
}

const COLUMNS: &str =
    "processor, source, record_offset, table_name, row_key, column_name, expected, found, superseded_by";

impl Dlq {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        match self {
            Self::List(list) => list.run(global).await,
            Self::Show(show) => show.run(global).await,
        }
    }
}

impl List {
    async fn run(self, global: &Global) -> Outcome {
        let config = global.config()?;
        let mut letters: Vec<Letter> = Vec::new();
        for source in sources(&config, self.source.as_deref())? {
            let mut connection = PgConnection::connect(source.database_url()).await?;
            let sql = format!(
                "SELECT {COLUMNS} FROM stream.dead_letter WHERE source = $1 AND ($2 OR superseded_by IS NULL)
                 ORDER BY processor, record_offset"
            );
            let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(&source.name).bind(self.all);
            letters.extend(rows.fetch_all(&mut connection).await?);
        }
        if global.json {
            output::json(&letters)?;
            return Ok(ExitCode::SUCCESS);
        }
        let header = ["processor", "source", "offset", "row", "column", "expected", "found", "state"];
        let mut table = output::table(&header, &["offset"]);
        for letter in &letters {
            let state = letter.superseded_by.map_or("open".into(), |by| format!("superseded by {by}"));
            table.add_row([
                letter.processor.clone(),
                letter.source.clone(),
                letter.record_offset.to_string(),
                format!("{} {}", letter.table_name, letter.row_key),
                letter.column_name.clone(),
                letter.expected.clone(),
                letter.found.clone(),
                state,
            ]);
        }
        println!("{table}\n{} dead letters", letters.len());
        Ok(ExitCode::SUCCESS)
    }
}

impl Show {
    async fn run(self, global: &Global) -> Outcome {
        let config = global.config()?;
        for source in sources(&config, self.source.as_deref())? {
            let mut connection = PgConnection::connect(source.database_url()).await?;
            let sql = format!(
                "SELECT {COLUMNS}, record_key, record_value FROM stream.dead_letter WHERE source = $1 AND processor = $2 AND record_offset = $3"
            );
            let row = sqlx::query_as::<_, Raw>(sqlx::AssertSqlSafe(sql))
                .bind(&source.name)
                .bind(&self.processor)
                .bind(self.offset)
                .fetch_optional(&mut connection)
                .await?;
            if let Some(raw) = row {
                let text =
                    |bytes: Option<Vec<u8>>| bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                let (key, value) = (text(raw.record_key), text(raw.record_value));
                output::json(&Shown { letter: raw.letter, key, value })?;
                return Ok(ExitCode::SUCCESS);
            }
        }
        Err(format!(
            "{} has no dead letter at offset {}; `ledgerwell dlq list --all` lists them",
            self.processor, self.offset
        )
        .into())
    }
}
