//! The command line: one file per command.

mod backtest;
mod demo;
mod dlq;
mod explain;
mod migrate;
mod output;
mod publish;
mod replay;
mod reset;
mod run;
mod simulate;
mod status;
mod token;
mod topics;
mod train;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Source};
use crate::telemetry;

/// What a command answers: the exit code, or an error that says what to do next.
type Outcome = Result<ExitCode, Box<dyn std::error::Error + Send + Sync>>;

/// Live finance answers from an Odoo change feed, exactly once.
#[derive(Parser)]
#[command(name = "ledgerwell", version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Exit code for a command line that cannot be understood (EX_USAGE of sysexits.h).
const USAGE: u8 = 64;

const EXAMPLES: &str = "Examples:
  export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 DATABASE_URL=postgres://user@127.0.0.1/ledgerwell
  ledgerwell migrate up
  ledgerwell topics
  ledgerwell run";

#[derive(Args)]
struct Global {
    /// Configuration file (TOML); without one there is a single source, `odoo`, on topic `odoo.changes`
    #[arg(long, global = true, env = "LEDGERWELL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Logs and results as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Run),
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    Topics(topics::Topics),
    Status(status::Status),
    Reset(reset::Reset),
    Publish(publish::Publish),
    Simulate(simulate::Simulate),
    #[command(subcommand)]
    Dlq(dlq::Dlq),
    #[command(subcommand)]
    Explain(explain::Explain),
    Replay(replay::Run),
    Verify(verify::Verify),
    #[command(subcommand)]
    Train(train::Train),
    #[command(subcommand)]
    Backtest(backtest::Backtest),
    Token(token::Token),
    Demo(demo::Demo),
}

impl Global {
    fn config(&self) -> Result<Config, crate::config::Invalid> {
        Config::load(self.config.as_deref(), |name| {
            std::env::var(name).ok().filter(|value| !value.is_empty())
        })
    }
}

/// Chooses sources by name; all where none is given.
fn sources<'a>(config: &'a Config, only: Option<&str>) -> Result<Vec<&'a Source>, String> {
    let chosen: Vec<_> =
        config.sources.iter().filter(|source| only.is_none_or(|name| source.name == name)).collect();
    if chosen.is_empty() {
        let known: Vec<_> = config.sources.iter().map(|source| source.name.as_str()).collect();
        return Err(format!("there is no such source; there are: {}", known.join(", ")));
    }
    Ok(chosen)
}

/// Ctrl-C and SIGTERM let what is long stop where it can go on later.
fn stop_with(stop: &crate::runner::Stop) {
    let stop = stop.clone();
    tokio::spawn(async move {
        run::stop_signal().await;
        stop.set();
    });
}

/// Parses the command line, runs the command and says what went wrong.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed output is nothing to report.
            let _ = error.print();
            // Not clap's 2, which says that dead letters are open.
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    // The demo's output is for people; its progress is not a log.
    telemetry::log(cli.global.json, if matches!(cli.command, Command::Demo(_)) { "warn" } else { "info" });
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("ledgerwell: no threads to run on: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        let global = &cli.global;
        match cli.command {
            Command::Run(command) => command.run(global).await,
            Command::Migrate(command) => command.run(global).await,
            Command::Topics(command) => command.run(global).await,
            Command::Status(command) => command.run(global).await,
            Command::Reset(command) => command.run(global).await,
            Command::Publish(command) => command.run(global),
            Command::Simulate(command) => command.run(global),
            Command::Dlq(command) => command.run(global).await,
            Command::Explain(command) => command.run(global).await,
            Command::Replay(command) => command.run(global).await,
            Command::Verify(command) => command.run(global).await,
            Command::Train(command) => command.run(global).await,
            Command::Backtest(command) => command.run(global),
            Command::Token(command) => command.run(global),
            Command::Demo(command) => command.run(global).await,
        }
    });
    // A thread that hangs in a client library must not keep the process.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| {
        eprintln!("ledgerwell: {error}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed_and_every_command_has_examples() {
        let cli = super::Cli::command();
        cli.clone().debug_assert();
        for command in cli.get_subcommands() {
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(examples.contains("ledgerwell "), "{} has no examples", command.get_name());
        }
    }
}
