//! `ledgerwell topics`

use std::process::ExitCode;

use clap::Args;

use super::{Global, Outcome, output};
use crate::config::Needs;
use crate::topics;

/// Create the topics that the configuration needs, and check those that exist
#[derive(Args)]
#[command(after_help = "Examples:
  ledgerwell topics
  ledgerwell topics --replication 3 --json")]
pub(super) struct Topics {
    /// Copies of each new topic; -1 for the cluster's default
    #[arg(long, default_value_t = -1, allow_negative_numbers = true, value_name = "N")]
    replication: i32,
}

impl Topics {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = global.config(Needs::Kafka)?;
        let findings = topics::ensure(&config, self.replication)
            .await
            .map_err(|error| format!("Kafka cannot be asked: {error}. Check KAFKA_BOOTSTRAP_SERVERS"))?;
        if global.json {
            output::json(&findings)?;
        } else {
            let mut table = output::table(&["topic", "finding"], &[]);
            for finding in &findings {
                table.add_row([&finding.topic, &finding.finding]);
            }
            contract::say!("{table}");
        }
        let usable = findings.iter().all(|finding| finding.usable);
        Ok(if usable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
