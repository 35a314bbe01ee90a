//! `ledgerwell migrate`

use std::process::ExitCode;

use clap::Subcommand;

use super::{Global, Outcome, output};
use crate::{migrate, registry};

/// Bring the results databases to this program's schema, or back
#[derive(Subcommand)]
#[command(after_help = "Examples:
  ledgerwell migrate status
  ledgerwell migrate up
  ledgerwell migrate down                     undo the last one
  ledgerwell migrate down --to 12             undo all after migration 12
  ledgerwell migrate down --to 0              undo everything; all results are lost, adopted tables stay")]
pub(super) enum Migrate {
    /// Apply all that is missing, and adopt the tables that another service has made and that fit
    Up,
    /// Undo migrations; what their tables hold is lost
    Down {
        /// The last migration to keep, 0 for none; without it only the last one is undone
        #[arg(long, value_name = "N")]
        to: Option<i64>,
    },
    /// Show which migrations the databases have, and which tables were adopted
    Status,
}

impl Migrate {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = global.config()?;
        for source in &config.sources {
            let url = source.database_url();
            match self {
                Self::Up => migrate::up(url, registry::descriptors()).await?,
                Self::Down { to: Some(to) } => migrate::down(url, to).await?,
                Self::Down { to: None } => {
                    let applied = migrate::status(url).await?.into_iter().filter(|step| step.applied);
                    let before_last = applied.map(|step| step.version).rev().nth(1).unwrap_or(0);
                    migrate::down(url, before_last).await?;
                }
                Self::Status => {}
            }
            let steps = migrate::status(url).await?;
            let adopted = migrate::adopted(url).await?;
            if global.json {
                let answer =
                    serde_json::json!({ "source": source.name, "migrations": steps, "adopted": adopted });
                output::json(&answer)?;
                continue;
            }
            if let Self::Status = self {
                let mut table = output::table(&["migration", "name", "applied"], &["migration"]);
                for step in &steps {
                    let applied = if step.applied { "yes" } else { "no" };
                    table.add_row([step.version.to_string(), step.name.clone(), applied.into()]);
                }
                println!("source {}\n{table}", source.name);
            } else {
                let applied = steps.iter().filter(|step| step.applied).count();
                println!("source {}: {applied} of {} migrations applied", source.name, steps.len());
            }
            if !adopted.is_empty() {
                println!("adopted, never dropped: {}", adopted.join(", "));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
