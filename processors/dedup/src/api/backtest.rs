//! `ledgerwell backtest dedup`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use contract::api::{Outcome, Run, Session, output};
use linkage::waterfall::Waterfall;

use crate::backtest::quality::Rates;
use crate::backtest::{self, ModelFile, Summary, Task};

const MODEL: &str = "The model says what columns mean:
  id = \"customer_no\"
  [[field]]
  column = \"name\"
  kind = \"company_name\"
  [[field]]
  columns = [\"phone\", \"mobile\"]
  kind = \"phone\"";

/// Find the records of CSV files that are the same
#[derive(Args)]
#[command(after_help = MODEL)]
pub(super) struct Backtest {
    /// What the columns mean (TOML)
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Records (CSV with a header); twice for two files
    #[arg(long, value_name = "FILE", required = true)]
    records: Vec<PathBuf>,
    /// Only pairs across two files, each of which has nothing twice
    #[arg(long)]
    link_only: bool,
    /// Pairs that are the same (CSV, two columns with a header): says how good the result is, and is used for nothing else
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Learn from the records first how the same things agree
    #[arg(long)]
    train: bool,
    /// Where pairs.csv, groups.csv and summary.json go
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Show why two records weigh what they do
    #[arg(long, num_args = 2, value_names = ["LEFT", "RIGHT"])]
    pair: Vec<String>,
}

impl Run for Backtest {
    const EXAMPLES: &'static [&'static str] = &[
        "ledgerwell backtest dedup --model customers.toml --records customers.csv --train --out found",
        "ledgerwell backtest dedup --model shops.toml --records ours.csv --records theirs.csv --link-only --out found",
        "ledgerwell backtest dedup --model customers.toml --records customers.csv --out found --pair 17 4711",
    ];

    async fn run(self, session: &dyn Session) -> Outcome {
        if self.records.len() > 2 || (self.link_only && self.records.len() != 2) {
            return Err("give --records once or twice; --link-only needs two files".into());
        }
        let text = std::fs::read_to_string(&self.model)
            .map_err(|error| format!("{}: {error}", self.model.display()))?;
        let task = Task {
            model: ModelFile::parse(&text)?,
            records: self.records,
            link_only: self.link_only,
            truth: self.truth,
            train: self.train,
        };
        let found = backtest::run(&task)?;
        found.write(&self.out)?;
        let why = match self.pair.as_slice() {
            [left, right] => Some(found.waterfall(left, right)?),
            _ => None,
        };
        if session.json() {
            match &why {
                Some(why) => output::json(why)?,
                None => output::json(&found.summary)?,
            }
        } else {
            show(&found.summary);
            why.iter().for_each(show_waterfall);
            contract::say!("pairs.csv, groups.csv and summary.json are in {}", self.out.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(summary: &Summary) {
    let mut table = output::table(&["figure", "value"], &["value"]);
    let whole = |number: usize| output::thousands(number);
    let rate = |number: f64| output::thousands(format!("{number:.0}"));
    for (figure, value) in [
        ("records", whole(summary.records)),
        ("groups", whole(summary.groups)),
        ("links", whole(summary.links)),
        ("to review", whole(summary.review)),
        ("sets too large to divide", whole(summary.too_large)),
        ("records/s, one after the other", rate(summary.records_per_second)),
        ("records/s, all at once", rate(summary.bulk_records_per_second)),
        ("µs per record, half below", format!("{:.1}", summary.p50_us)),
        ("µs per record, 99 % below", format!("{:.1}", summary.p99_us)),
        ("bytes per record", rate(summary.bytes_per_record)),
    ] {
        table.add_row([figure, &value]);
    }
    contract::say!("{table}");
    let Some(truth) = &summary.truth else { return };
    let mut table =
        output::table(&["against the truth", "precision", "recall", "F1"], &["precision", "recall", "F1"]);
    let row = |name: &str, rates: Rates| {
        [
            name.to_owned(),
            format!("{:.4}", rates.precision),
            format!("{:.4}", rates.recall),
            format!("{:.4}", rates.f1),
        ]
    };
    table.add_row(row("links", truth.links));
    table.add_row(row("groups", truth.groups));
    contract::say!("{table}");
    contract::say!(
        "best F1 of scored pairs {:.4}, at probability {:.4}; calibration error {:.4}",
        truth.best_f1,
        truth.best_cut,
        truth.calibration_error
    );
}

fn show_waterfall(why: &Waterfall) {
    let mut table = output::table(&["comparison", "agreement", "bits"], &["bits"]);
    table.add_row(["before anything is compared", "", &format!("{:.2}", why.prior_bits)]);
    for step in &why.steps {
        table.add_row([&step.comparison, step.level, &format!("{:+.2}", step.bits)]);
    }
    table.add_row(["together", "", &format!("{:.2}", why.bits)]);
    contract::say!("{table}");
    match why.veto {
        Some(veto) => contract::say!("probability {:.4}, but: {veto}", why.probability),
        None => contract::say!("probability {:.4}", why.probability),
    }
}
