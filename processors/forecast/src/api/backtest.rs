//! `ledgerwell backtest forecast`: the engines on files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use contract::api::{Outcome, Run, Session, output};
use forecasting::receivables::backtest::{self as receivables, Steps};
use forecasting::series::backtest as series;

const SERIES: &str = "The file is CSV with a header, as the M1 competition has it:
  id,type,m,h,n,description,train,test   train and test are values separated by `;`; test may be empty
Only train is looked at. OUT gets predictions.csv and summary.json.";

const RECEIVABLES: &str = "The file is CSV with a header, an invoice a line:
  partner_id,invoice_date,due_date,amount,paid_date   paid_date is empty where it was not paid
At each origin only what was known then is used. OUT gets predictions.csv and summary.json.";

/// Forecast series, or receipts of a ledger, whose continuation is known
#[derive(Args)]
pub(super) struct Backtest {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Continue each series of a file, with intervals
    #[command(after_help = SERIES)]
    Series {
        /// The file
        #[arg(long, value_name = "FILE")]
        data: PathBuf,
        /// Where predictions.csv and summary.json go
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Forecast what is received of open invoices, again and again through a ledger
    #[command(after_help = RECEIVABLES)]
    Receivables {
        /// The file
        #[arg(long, value_name = "FILE")]
        ledger: PathBuf,
        /// Days between two forecasts
        #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(i32).range(1..=366))]
        every: i32,
        /// Days from the first invoice to the first forecast
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(i32).range(0..=36_600))]
        warmup: i32,
        /// Days that a forecast looks ahead
        #[arg(long, default_value_t = 91, value_parser = clap::value_parser!(i32).range(91..=366))]
        horizon: i32,
        /// Where predictions.csv and summary.json go
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
}

impl Run for Backtest {
    const EXAMPLES: &'static [&'static str] = &[
        "ledgerwell backtest forecast series --data M1.csv --out continued",
        "ledgerwell backtest forecast receivables --ledger invoices.csv --out received",
    ];

    async fn run(self, session: &dyn Session) -> Outcome {
        match self.what {
            What::Series { data, out } => {
                let summary = series::write(&series::run(&series::read(&data)?), &out)?;
                if session.json() {
                    output::json(&summary)?;
                } else {
                    show_series(&summary, &out);
                }
            }
            What::Receivables { ledger, every, warmup, horizon, out } => {
                let invoices = receivables::read(&ledger)?;
                let weeks = receivables::run(&invoices, Steps { every, warmup, horizon });
                let summary = receivables::write(&invoices, &weeks, &out)?;
                if session.json() {
                    output::json(&summary)?;
                } else {
                    show_receivables(&summary, &out);
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show_series(summary: &series::Summary, out: &Path) {
    let header = ["series that are", "sMAPE", "MASE", "in 80 %", "in 95 %", "MSIS"];
    let mut table = output::table(&header, &header[1..]);
    let kinds = summary.kinds.iter().map(|(kind, figures)| (kind.as_str(), figures));
    for (kind, of) in kinds.chain([("all", &summary.all)]) {
        let figures = [of.smape, of.mase, of.coverage_80, of.coverage_95, of.msis];
        table.add_row([kind.to_owned()].into_iter().chain(figures.map(|figure| format!("{figure:.3}"))));
    }
    contract::say!("{table}");
    contract::say!("a series takes {:.3} ms, 99 % below {:.3} ms", summary.p50_ms, summary.p99_ms);
    contract::say!("predictions.csv and summary.json are in {}", out.display());
}

fn show_receivables(summary: &receivables::Summary, out: &Path) {
    let header = ["weeks", "WAPE", "bias", "by due date", "due date and mean delay"];
    let mut table = output::table(&header, &header[1..]);
    for (weeks, of) in &summary.forecast {
        let wape = |of: &std::collections::BTreeMap<String, receivables::Figures>| {
            of.get(weeks).map_or(String::new(), |figures| format!("{:.3}", figures.wape))
        };
        let row = [
            format!("{:.3}", of.wape),
            format!("{:+.3}", of.bias),
            wape(&summary.due_date),
            wape(&summary.mean_delay),
        ];
        table.add_row([weeks.clone()].into_iter().chain(row));
    }
    contract::say!("{table}");
    contract::say!(
        "{} forecasts; {:.3} of the weeks were in the 80 % interval, {:.3} in the 95 % one",
        summary.origins,
        summary.coverage_80,
        summary.coverage_95
    );
    contract::say!("predictions.csv and summary.json are in {}", out.display());
}
