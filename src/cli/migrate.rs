//! `ledgerwell migrate`

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Subcommand;

use super::{Global, Outcome, output};
use crate::config::Needs;
use crate::{migrate, registry};

/// Bring the results databases to this program's schema, or back
#[derive(Subcommand)]
#[command(after_help = "Examples:
  ledgerwell migrate status
  ledgerwell migrate up
  ledgerwell migrate down                     undo the last one; it asks before
  ledgerwell migrate down --to 12             undo all after migration 12
  ledgerwell migrate down --to 0 --yes        undo everything; all results are lost, adopted tables stay")]
pub(super) enum Migrate {
    /// Apply all that is missing, and adopt the tables that another service has made and that fit
    Up,
    /// Undo migrations; what their tables hold is lost
    Down {
        /// The last migration to keep, 0 for none; without it only the last one is undone
        #[arg(long, value_name = "N")]
        to: Option<i64>,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
    /// Show which migrations the databases have, and which tables were adopted
    Status,
}

impl Migrate {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = global.config(Needs::Databases)?;
        for source in &config.sources {
            let url = source.database_url();
            match self {
                Self::Up => migrate::up(url, registry::descriptors()).await?,
                Self::Down { to, yes } => {
                    let (to, undone) = migrate::undone(url, to).await?;
                    if undone > 0 && !yes && !confirmed(&source.name, undone)? {
                        return Err("nothing was changed".into());
                    }
                    migrate::down(url, to).await?;
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
                contract::say!("source {}\n{table}", source.name);
            } else {
                let applied = steps.iter().filter(|step| step.applied).count();
                contract::say!("source {}: {applied} of {} migrations applied", source.name, steps.len());
            }
            if !adopted.is_empty() {
                contract::say!("adopted, never dropped: {}", adopted.join(", "));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Asks whoever is at the terminal.
fn confirmed(source: &str, undone: usize) -> Outcome<bool> {
    if !std::io::stdin().is_terminal() {
        return Err("what the tables hold would be lost, and nobody can be asked: say --yes".into());
    }
    contract::note!(
        "{undone} migrations of source {source} will be undone, and what their tables hold is lost. Type `yes` to go on:"
    );
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
