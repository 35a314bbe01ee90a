//! `ledgerwell dedup train`

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use contract::api::{Outcome, Question, Run, Session, output};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::NAME;
use crate::queries::{self, OdooModel, Training};

/// Learn how records of the same thing agree, and have all records compared with that at one place of the stream
#[derive(Args)]
pub(super) struct Train {
    /// The Odoo model
    #[arg(long, value_enum, default_value_t = Model::ResPartner)]
    model: Model,
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
enum Model {
    ResPartner,
    CrmLead,
    ProductTemplate,
}

impl Model {
    fn odoo_model(self) -> OdooModel {
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

impl Run for Train {
    const EXAMPLES: &'static [&'static str] = &[
        "ledgerwell dedup train --dry-run                     what would be learned, and how many groups it would change",
        "ledgerwell dedup train                               learn how partners agree, and switch to it",
        "ledgerwell dedup train --model product-template      the same for products",
    ];

    async fn run(self, session: &dyn Session) -> Outcome {
        let training = self.learn(session).await?;
        let mut report = Report { training, request: None, outcome: String::new(), done: true };
        if self.dry_run {
            report.outcome = "nothing was changed (--dry-run)".into();
        } else if report.training.records < FEW && !self.from_few {
            report.done = false;
            report.outcome = format!(
                "nothing was changed: from fewer than {FEW} records what is learned is often wrong; --from-few switches anyway"
            );
        } else {
            self.switch(&mut report, session).await?;
        }
        if session.json() {
            output::json(&report)?;
        } else {
            show(&report.training);
            contract::say!("{}", report.outcome);
        }
        Ok(if report.done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Train {
    /// Learns from the records at one instant.
    async fn learn(&self, session: &dyn Session) -> Outcome<Training> {
        let mut snapshot = session.results(self.source.as_deref())?.snapshot(NAME).await?;
        let model = self.model.odoo_model();
        contract::note!("reading and comparing all records of {model}: about a minute for half a million");
        let training = queries::train(model, &mut snapshot.connection).await?;
        let why = "are not compared: name it in config.models of the rule dedup / merge, or let `ledgerwell run` read the \
                   first snapshot";
        Ok(training.ok_or_else(|| format!("records of {model} {why}"))?)
    }

    /// Asks the processor to switch, and waits until it has.
    async fn switch(&self, report: &mut Report, session: &dyn Session) -> Outcome<()> {
        let question = Question {
            processor: NAME,
            source: self.source.as_deref(),
            person: &self.person,
            action: "switch_model",
            arguments: json!({ "model": report.training.model, "parameters": report.training.parameters }),
            wait: Duration::from_secs(self.wait),
        };
        let answer = session.ask(question).await?;
        report.request = Some(answer.request);
        (report.done, report.outcome) = (answer.done, answer.outcome);
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
    contract::say!("{table}");
    contract::say!(
        "{} records of {}, {} pairs compared, about {:.0} of them the same; {} settled groups shift all odds by {:+.2} bits",
        output::thousands(training.records),
        training.model,
        output::thousands(training.candidates),
        training.matches,
        output::thousands(training.settled),
        training.calibration_bits
    );
    contract::say!(
        "groups: {} now, {} with what was learned, {} of them with the same records",
        output::thousands(training.groups_before),
        output::thousands(training.groups_after),
        output::thousands(training.groups_same)
    );
}
