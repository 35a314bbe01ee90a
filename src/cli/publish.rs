//! `ledgerwell publish`

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Global, Outcome, output};
use crate::config::Needs;
use crate::publish::{Publisher, Record};

/// Send a recorded file to Kafka, in order
#[derive(Args)]
#[command(
    after_help = "One record a line, in JSON: {\"topic\": ..., \"key\": ..., \"value\": ...}. A value of null is a
tombstone; a key that is a string is sent as plain text; \"type\" becomes the header ce_type.

Examples:
  ledgerwell publish odoo.changes.jsonl.gz
  ledgerwell publish odoo.changes.jsonl --topic test.changes"
)]
pub(super) struct Publish {
    /// The file, gzip or plain
    file: PathBuf,
    /// Send everything here instead of to the topics in the file
    #[arg(long)]
    topic: Option<String>,
}

#[derive(Deserialize)]
struct Line<'a> {
    topic: Option<String>,
    #[serde(borrow)]
    key: &'a RawValue,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    timestamp: Option<i64>,
}

impl Publish {
    pub(super) fn run(self, global: &Global) -> Outcome {
        let config = global.config(Needs::Kafka)?;
        let name = self.file.display().to_string();
        let file = File::open(&self.file).map_err(|error| format!("{name}: {error}"))?;
        let bar = output::progress(file.metadata()?.len(), "publishing", true);
        let mut raw = BufReader::with_capacity(1 << 20, bar.wrap_read(file));
        let zipped = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let plain: Box<dyn Read> = if zipped { Box::new(MultiGzDecoder::new(raw)) } else { Box::new(raw) };
        let mut lines = BufReader::with_capacity(1 << 20, plain);
        let mut publishers: Vec<(String, Publisher)> = Vec::new();
        let (mut text, mut count) = (String::new(), 0_u64);
        while lines.read_line(&mut text)? > 0 {
            count += 1;
            let line: Line<'_> =
                serde_json::from_str(&text).map_err(|error| format!("{name}, line {count}: {error}"))?;
            let topic = self
                .topic
                .clone()
                .or(line.topic)
                .ok_or_else(|| format!("{name}, line {count}: no topic. Name one with --topic"))?;
            let n = if let Some(n) = publishers.iter().position(|(of, _)| *of == topic) {
                n
            } else {
                publishers.push((topic.clone(), Publisher::new(&config.kafka(), &topic)?));
                publishers.len() - 1
            };
            let plain_key: Option<String> = serde_json::from_str(line.key.get()).ok();
            let key = plain_key.as_deref().unwrap_or_else(|| line.key.get()).as_bytes();
            let value = line.value.map(|value| value.get().as_bytes());
            publishers[n]
                .1
                .publish(Record { key, value, timestamp: line.timestamp, kind: line.kind })
                .map_err(|error| format!("{name}, line {count}: topic {topic}: {error}"))?;
            text.clear();
        }
        for (topic, publisher) in &publishers {
            publisher.flush().map_err(|error| format!("topic {topic}: {error}"))?;
        }
        bar.finish();
        if global.json {
            output::json(&serde_json::json!({ "records": count }))?;
        } else {
            contract::say!("{} records published", output::thousands(count));
        }
        Ok(ExitCode::SUCCESS)
    }
}
