//! `ledgerwell dlq export`

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::{Connection, PgConnection};

use crate::cli::{Global, Outcome, output, sources};
use crate::config::Needs;
use crate::dead_letter::stored::{self, After, Filter, Raw, Stored};
use crate::registry;

/// Dead letters that are held in memory at a time: a record may have megabytes.
const PAGE: i64 = 20;

#[derive(Args)]
pub(in crate::cli) struct Export {
    /// The file to write: one record a line, as `ledgerwell publish` reads it, with the dead letter next to it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    filter: Filter,
    /// Only this source
    #[arg(long)]
    source: Option<String>,
}

/// A record as `ledgerwell publish` reads it. What is no JSON is a string.
#[derive(Serialize)]
struct Line {
    topic: String,
    key: Option<Box<RawValue>>,
    value: Option<Box<RawValue>>,
    timestamp: i64,
    #[serde(rename = "letter")]
    dead_letter: Stored,
}

impl Line {
    fn new(topic: &str, raw: Raw) -> Self {
        Self {
            topic: topic.to_owned(),
            key: raw.record_key.as_deref().map(json_or_text),
            value: raw.record_value.as_deref().map(json_or_text),
            timestamp: raw.about.record_time.timestamp_millis(),
            dead_letter: raw.about,
        }
    }
}

fn json_or_text(bytes: &[u8]) -> Box<RawValue> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    // On one line, whatever line breaks the record has between its values.
    let one_line = |text: &str| !text.contains(['\n', '\r']);
    RawValue::from_string(text.clone()).ok().filter(|raw| one_line(raw.get())).unwrap_or_else(|| {
        let quoted = serde_json::Value::String(text).to_string();
        RawValue::from_string(quoted).unwrap_or_else(|_| RawValue::NULL.to_owned())
    })
}

impl Export {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = global.config(Needs::Databases)?;
        registry::check_name(self.filter.processor.as_deref())?;
        let mut count = 0;
        let file = File::create(&self.out).map_err(|error| format!("{}: {error}", self.out.display()))?;
        let mut out = BufWriter::new(file);
        for source in sources(&config, self.source.as_deref())? {
            let mut connection = PgConnection::connect(source.database_url()).await?;
            let mut after = After::default();
            loop {
                let dead_letters =
                    stored::list_raw(&source.name, &self.filter, &after, PAGE, &mut connection).await?;
                let Some(last) = dead_letters.last() else { break };
                after = last.about.after();
                for dead_letter in dead_letters {
                    serde_json::to_writer(&mut out, &Line::new(&source.topic, dead_letter))?;
                    out.write_all(b"\n")?;
                    count += 1;
                }
            }
        }
        out.flush()?;
        if global.json {
            output::json(&serde_json::json!({ "letters": count }))?;
        } else {
            contract::say!("{} dead letters written to {}", output::thousands(count), self.out.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}
