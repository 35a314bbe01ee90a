//! `ledgerwell replay`

use std::process::ExitCode;
use std::sync::OnceLock;

use clap::Args;
use indicatif::ProgressBar;

use super::{Global, Outcome, output, source, with_name};
use crate::config::{Config, Needs, Source};
use crate::pipeline;
use crate::registry::{Entry, PROCESSORS};
use crate::replay::{Comparison, From, Replay, rollback};

/// Rebuild a processor's results from the log, compare, and switch
#[derive(Args)]
#[command(
    after_help = with_name("The results in force go on while a new version is built in the schema <processor>_next. In the end both are
compared at the same offset, and the new one is put in force in one transaction. The old one stays in
<processor>_previous, for --rollback. A replay that was interrupted goes on where it was.

Examples:
  ledgerwell replay PROCESSOR                    its events are not published again
  ledgerwell replay PROCESSOR --events send      they are, under the new version
  ledgerwell replay PROCESSOR --from snapshot    faster; what people decided before is not known then
  ledgerwell replay PROCESSOR --rollback         back to the version before")
)]
pub(super) struct Run {
    #[command(flatten)]
    what: What,
    /// What becomes of the events of the rebuild, and of what it would write into audit_logs
    #[arg(long, value_enum, default_value_t = Events::Suppress)]
    events: Events,
    /// Put the version back that was in force before the last replay
    #[arg(long)]
    rollback: bool,
}

/// The results that are meant.
#[derive(Args)]
pub(super) struct What {
    /// The processor
    processor: String,
    /// The source; needed where there are several
    #[arg(long)]
    source: Option<String>,
    /// Where in the log to begin
    #[arg(long, value_enum, default_value_t = Begin::Beginning)]
    from: Begin,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Events {
    /// Nobody hears of them: consumers have had those of the old version
    Suppress,
    /// They are published under the new version
    Send,
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum Begin {
    /// The beginning of the log; the last snapshot where the log has lost its beginning
    Beginning,
    /// The last complete snapshot
    Snapshot,
}

impl What {
    pub(super) fn source<'a>(&self, config: &'a Config) -> Result<&'a Source, String> {
        source(config, self.source.as_deref())
    }

    pub(super) fn entry(&self) -> Result<&'static Entry, String> {
        let known = || PROCESSORS.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
        PROCESSORS
            .iter()
            .find(|entry| entry.name == self.processor)
            .ok_or_else(|| format!("there is no processor `{}`; there are: {}", self.processor, known()))
    }

    pub(super) fn replay<'a>(&self, config: &'a Config, emits: bool) -> Result<Replay<'a>, String> {
        let (source, entry) = (self.source(config)?, self.entry()?);
        let from = match self.from {
            Begin::Beginning => From::Beginning,
            Begin::Snapshot => From::Snapshot,
        };
        let job = pipeline::job(config, source, entry).map_err(|error| error.to_string())?;
        Ok(Replay { config, source, entry, from, emits, job })
    }
}

/// Shows how far a rebuild is.
pub(super) fn progress(reached: i64, of: i64) {
    static BAR: OnceLock<ProgressBar> = OnceLock::new();
    let bar = BAR.get_or_init(|| output::progress(0, "rebuilding", false));
    bar.set_length(of.unsigned_abs());
    bar.set_position(reached.unsigned_abs());
    if reached >= of {
        bar.finish_and_clear();
    }
}

/// Prints what differs, table by table.
pub(super) fn print(tables: &[Comparison]) {
    let header = ["table", "equal", "differing", "only before", "only rebuilt"];
    let mut table = output::table(&header, &header[1..]);
    for comparison in tables {
        table.add_row([
            comparison.table.clone(),
            output::thousands(comparison.equal),
            output::thousands(comparison.differing),
            output::thousands(comparison.only_before),
            output::thousands(comparison.only_rebuilt),
        ]);
    }
    contract::say!("{table}");
    for comparison in tables {
        for example in &comparison.examples {
            contract::say!("{} {}: {}", comparison.table, example.key, example.differs);
        }
    }
}

impl Run {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = global.config(Needs::Everything)?;
        let replay = self.what.replay(&config, matches!(self.events, Events::Send))?;
        if self.rollback {
            let version = rollback(&replay.job, replay.entry).await?;
            if global.json {
                output::json(&serde_json::json!({ "version": version }))?;
            } else {
                contract::say!("version {version} of {} is in force again", replay.entry.name);
            }
            return Ok(ExitCode::SUCCESS);
        }
        super::stop_with(&replay.job.stop);
        let report = replay.run(&progress).await?;
        if global.json {
            output::json(&report)?;
            return Ok(ExitCode::SUCCESS);
        }
        print(&report.tables);
        contract::say!(
            "version {} of {} is in force: offsets {} to {}",
            report.version,
            replay.entry.name,
            output::thousands(report.from),
            output::thousands(report.next_offset)
        );
        Ok(ExitCode::SUCCESS)
    }
}
