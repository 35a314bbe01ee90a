//! `ledgerwell dlq replay` and `ledgerwell dlq discard`

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::cli::{Global, Outcome, output, source};
use crate::config::{Config, Needs, Source};
use crate::control::{Producer, Target, asked, request};
use crate::dead_letter::decision::Verb;
use crate::dead_letter::stored::{self, After, Filter, Raw};

/// Dead letters that one command settles.
const MOST: i64 = 1_000;

#[derive(Args)]
pub(in crate::cli) struct Ask {
    /// The processor
    processor: String,
    /// Offsets of the dead letters' records; all open ones that the filters leave where none is given
    offsets: Vec<i64>,
    /// Why, for whoever reads the audit log
    #[arg(long)]
    reason: String,
    /// Who asks
    #[arg(long, env = "USER", default_value = "operator")]
    person: String,
    #[command(flatten)]
    only: Only,
    /// The source; needed where there are several
    #[arg(long)]
    source: Option<String>,
    /// Seconds to wait for the processor's answer; 0 not to wait
    #[arg(long, default_value_t = 30)]
    wait: u64,
}

/// The filters that make sense without the processor, which is named already.
#[derive(Args)]
struct Only {
    /// Only rows of this table
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// Only where the reason of the dead letter holds this
    #[arg(long, value_name = "TEXT")]
    found: Option<String>,
}

/// What became of one dead letter.
#[derive(Serialize)]
struct Answer {
    offset: i64,
    request: Option<Uuid>,
    outcome: String,
    done: bool,
}

impl Ask {
    pub(super) async fn run(self, verb: Verb, global: &Global) -> Outcome {
        let config = global.config(Needs::Everything)?;
        let source = source(&config, self.source.as_deref())?;
        let mut connection = PgConnection::connect(source.database_url()).await?;
        let dead_letters = self.dead_letters(source, &mut connection).await?;
        if dead_letters.is_empty() {
            return Err("no open dead letter is meant; `ledgerwell dlq list --all` lists all".into());
        }
        let mut answers = self.write(verb, dead_letters, &config, source, &mut connection).await?;
        self.await_outcomes(&mut answers, &mut connection).await?;
        if global.json {
            output::json(&answers)?;
        } else {
            for answer in &answers {
                contract::say!("{}: {}", answer.offset, answer.outcome);
            }
        }
        let all_done = answers.iter().all(|answer| answer.done);
        Ok(if all_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn dead_letters(
        &self,
        source: &Source,
        connection: &mut PgConnection,
    ) -> Result<Vec<Raw>, Box<dyn std::error::Error + Send + Sync>> {
        if self.offsets.is_empty() {
            let filter = Filter {
                processor: Some(self.processor.clone()),
                table: self.only.table.clone(),
                reason: self.only.found.clone(),
                ..Filter::default()
            };
            return Ok(stored::list_raw(&source.name, &filter, &After::default(), MOST, connection).await?);
        }
        let mut dead_letters = Vec::new();
        for offset in &self.offsets {
            let found =
                stored::find(&self.processor, &source.name, &source.topic, *offset, connection).await?;
            let dead_letter = found.ok_or_else(|| {
                format!(
                    "{} has no dead letter at offset {offset}; `ledgerwell dlq list` lists them",
                    self.processor
                )
            })?;
            dead_letters.push(dead_letter);
        }
        Ok(dead_letters)
    }

    /// Writes a request for each dead letter that is open.
    async fn write(
        &self,
        verb: Verb,
        dead_letters: Vec<Raw>,
        config: &Config,
        source: &Source,
        connection: &mut PgConnection,
    ) -> Result<Vec<Answer>, Box<dyn std::error::Error + Send + Sync>> {
        let target = Target::new(&Producer::new(config), source);
        let mut answers = Vec::new();
        for dead_letter in dead_letters {
            let offset = dead_letter.about.record_offset;
            let mut answer = Answer { offset, request: None, outcome: String::new(), done: false };
            if let Some(why) = dead_letter.about.why_not_settle(&source.topic) {
                answer.outcome = why;
            } else {
                let id = Uuid::new_v4();
                match request::about_dead_letter(id, verb, dead_letter, &self.person, &self.reason) {
                    Ok(request) => {
                        let asked = asked::remember(request, &target, connection).await?;
                        asked.write(&target).await?;
                        asked.confirm(connection).await?;
                        answer.request = Some(id);
                    }
                    Err(why) => answer.outcome = why,
                }
            }
            answers.push(answer);
        }
        Ok(answers)
    }

    async fn await_outcomes(
        &self,
        answers: &mut [Answer],
        connection: &mut PgConnection,
    ) -> sqlx::Result<()> {
        let began = Instant::now();
        loop {
            for answer in answers.iter_mut().filter(|answer| answer.outcome.is_empty()) {
                let Some(id) = answer.request else { continue };
                if let Some((done, outcome)) = request::outcome(id, connection).await? {
                    (answer.done, answer.outcome) = (done, outcome);
                }
            }
            let open = answers.iter().any(|answer| answer.outcome.is_empty());
            if !open {
                return Ok(());
            }
            if began.elapsed() >= Duration::from_secs(self.wait) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for answer in answers.iter_mut().filter(|answer| answer.outcome.is_empty()) {
            answer.outcome = format!(
                "asked for (request {}), not decided yet: it is when the processor runs and gets there",
                answer.request.unwrap_or_default()
            );
            answer.done = self.wait == 0;
        }
        Ok(())
    }
}
