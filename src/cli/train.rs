//! `ledgerwell train`

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand, ValueEnum};
use dedup::read::{OdooModel, Training};
use serde::Serialize;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{Global, Outcome, output, sources};
use crate::config::{Config, Source};
use crate::control::{Target, request};
use crate::explain::{self, MOMENT};

/// Learn from the records that are there, without labels
#[derive(Subcommand)]
#[command(after_help = "Examples:
  ledgerwell train dedup --dry-run                     what would be learned, and how many groups it would change
  ledgerwell train dedup                               learn how partners agree, and switch to it
  ledgerwell train dedup --model product-template      the same for products")]
pub(super) enum Train {
    /// Learn how records of the same thing agree, and have all records compared with that at one place of the stream
    Dedup(Dedup),
}

#[derive(Args)]
pub(super) struct Dedup {
    /// The Odoo model
    #[arg(long, value_enum, default_value_t = Which::ResPartner)]
    model: Which,
    /// Only show what was learned
    #[arg(long)]
    dry_run: bool,
    /// Switch although there are fewer than 1,000 records
    #[arg(long)]
    from_few: bool,
    /// Who asks
    #[arg(long, env = "USER", default_value = "operator")]
    person: String,
    /// The source; needed where there are several
    #[arg(long)]
    source: Option<String>,
    /// Seconds to wait for the processor's answer; 0 not to wait
    #[arg(long, default_value_t = 60)]
    wait: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Which {
    ResPartner,
    CrmLead,
    ProductTemplate,
}

impl Which {
    fn model(self) -> OdooModel {
        match self {
            Self::ResPartner => OdooModel::Partner,
            Self::CrmLead => OdooModel::Lead,
            Self::ProductTemplate => OdooModel::Product,
        }
    }
}

/// What is learned from fewer records is often wrong: most pairs that agree in anything are contacts of one company.
const FEW: usize = 1_000;

/// What was learned, and what became of it.
#[derive(Serialize)]
struct Report {
    training: Training,
    request: Option<Uuid>,
    outcome: String,
    #[serde(skip)]
    done: bool,
}

impl Train {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let Self::Dedup(dedup) = self;
        let config = global.config()?;
        let chosen = sources(&config, dedup.source.as_deref())?;
        let [source] = chosen.as_slice() else {
            return Err("there are several sources: name one with --source".into());
        };
        let mut connection = PgConnection::connect(source.database_url()).await?;
        let mut moment = connection.begin_with(MOMENT).await?;
        let model = dedup.model.model();
        eprintln!("reading and comparing all records of {model}: about a minute for half a million");
        let training = explain::train_dedup(&source.identity(), &source.topic, model, &mut moment).await?;
        moment.rollback().await?;
        let Some(training) = training else {
            let why = "are not compared: name it in config.models of the rule dedup / merge, or let `ledgerwell run` read the \
                       first snapshot";
            return Err(format!("records of {model} {why}").into());
        };
        let mut report = Report { training, request: None, outcome: String::new(), done: true };
        if dedup.dry_run {
            report.outcome = "nothing was changed (--dry-run)".into();
        } else if report.training.records < FEW && !dedup.from_few {
            report.done = false;
            report.outcome = format!(
                "nothing was changed: from fewer than {FEW} records what is learned is often wrong; --from-few switches anyway"
            );
        } else {
            dedup.switch(&mut report, &config, source, &mut connection).await?;
        }
        if global.json {
            output::json(&report)?;
        } else {
            show(&report.training);
            println!("{}", report.outcome);
        }
        Ok(if report.done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Dedup {
    /// Asks the processor to switch, and waits until it has.
    async fn switch(
        &self,
        report: &mut Report,
        config: &Config,
        source: &Source,
        connection: &mut PgConnection,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let arguments = json!({ "model": report.training.model, "parameters": report.training.parameters });
        let asked = request::new(dedup::NAME, &self.person, "switch_model", arguments)?;
        let (target, text) = (Target::new(config, source), asked.text);
        tokio::task::spawn_blocking(move || target.write("request", &text)).await??;
        report.request = Some(asked.id);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(self.wait) {
            if let Some((done, outcome)) = request::outcome(asked.id, connection).await? {
                (report.done, report.outcome) = (done, outcome);
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        report.done = self.wait == 0;
        report.outcome = format!(
            "asked for (request {}), not decided yet: it is when the processor runs and gets there",
            asked.id
        );
        Ok(())
    }
}

fn show(training: &Training) {
    let per_cent = |share: f64| format!("{:.1}", share * 100.0);
    let mut table = output::table(
        &["comparison", "agreement", "% of the same, before", "learned"],
        &["% of the same, before", "learned"],
    );
    let mut last = "";
    for level in &training.levels {
        let comparison = if level.comparison == last { "" } else { &level.comparison };
        last = &level.comparison;
        table.add_row([comparison, level.level, &per_cent(level.before), &per_cent(level.after)]);
    }
    println!("{table}");
    println!(
        "{} records of {}, {} pairs compared, about {:.0} of them the same; {} settled groups shift all odds by {:+.2} bits",
        output::thousands(training.records),
        training.model,
        output::thousands(training.candidates),
        training.matches,
        output::thousands(training.settled),
        training.calibration_bits
    );
    println!(
        "groups: {} now, {} with what was learned, {} of them with the same records",
        output::thousands(training.groups_before),
        output::thousands(training.groups_after),
        output::thousands(training.groups_same)
    );
}
