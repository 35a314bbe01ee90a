//! `ledgerwell backtest reconciliation`: the engine on files.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use contract::api::{Outcome, Run, Session, output};
use matching::backtest::{self, Figures, Files, Summary};

const FILES: &str = "The folder has, as CSV with a header:
  partners.csv  id,name,iban                                    and parent_id, own
  items.csv     id,number,partner_id,date,due,amount,currency   and payment_reference, type, discount_date, discount_amount
  lines.csv     id,date,amount,currency,label,partner_name,account   and journal, bank_id, narration
  truth.csv     line_id,item_ids,category                       and allocations, account
  rates.csv     date,currency,rate                              and base; the file may be missing
Money that comes in is positive. Lines come in the file's order; what a line was is told after its proposals.";

/// Explain the bank lines of a folder of CSV files, one after the other
#[derive(Args)]
#[command(after_help = FILES)]
pub(super) struct Backtest {
    /// The folder with the files
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// Where proposals.csv and summary.json go
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

impl Run for Backtest {
    const EXAMPLES: &'static [&'static str] =
        &["ledgerwell backtest reconciliation --data bank-2026 --out explained"];

    async fn run(self, session: &dyn Session) -> Outcome {
        let files = Files::read(&self.data)?;
        let summary = backtest::write(&files, &backtest::run(&files), &self.out)?;
        if session.json() {
            output::json(&summary)?;
        } else {
            show(&summary);
            contract::say!("proposals.csv and summary.json are in {}", self.out.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(summary: &Summary) {
    let header = ["lines that are", "lines", "booked alone", "of these right", "first right", "in three"];
    let mut table = output::table(&header, &header[1..]);
    let share = |share: f64| format!("{share:.4}");
    let mut add = |name: &str, figures: &Figures| {
        let Figures { auto, auto_precision, top1, top3, .. } = *figures;
        let shares = [auto, auto_precision, top1, top3].map(share);
        let mut row = vec![name.to_owned(), output::thousands(figures.lines)];
        row.extend(shares);
        table.add_row(row);
    };
    for (category, figures) in &summary.categories {
        add(category, figures);
    }
    add("of something open", &summary.matchable);
    add("all", &summary.all);
    contract::say!("{table}");
    contract::say!(
        "booked on something open, and nothing was meant: {:.4}; calibration error {:.4}; a line takes {:.1} µs, 99 % below {:.1} µs",
        summary.false_auto,
        summary.calibration_error,
        summary.p50_us,
        summary.p99_us
    );
}
