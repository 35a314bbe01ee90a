//! `ledgerwell verify`

use std::process::ExitCode;

use clap::Args;

use super::replay::{What, print, progress};
use super::{Global, Outcome, output, with_name};
use crate::config::Needs;
use crate::replay::verify;

/// Recompute a processor's results from the log and say what differs
#[derive(Args)]
#[command(
    after_help = with_name("Reads the log up to where the results are, into tables of its own, and compares row by row. The pipeline goes on
meanwhile, and nothing is changed. Exit code 1 where anything differs.

Examples:
  ledgerwell verify PROCESSOR
  ledgerwell verify PROCESSOR --json")
)]
pub(super) struct Verify {
    #[command(flatten)]
    what: What,
}

impl Verify {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = global.config(Needs::Everything)?;
        let replay = self.what.replay(&config, false)?;
        super::stop_with(&replay.job.stop);
        let verified = verify(&replay, &progress).await?;
        let equal = verified.is_equal();
        if global.json {
            output::json(&verified)?;
        } else {
            print(&verified.tables);
            contract::say!(
                "{}: offsets {} to {} {}",
                verified.processor,
                output::thousands(verified.from),
                output::thousands(verified.next_offset),
                if equal { "give exactly what is there" } else { "give something else than what is there" }
            );
        }
        Ok(if equal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
