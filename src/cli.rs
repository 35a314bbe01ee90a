//! The command line: one file per command, and those that processors declare.

mod demo;
mod dlq;
mod migrate;
mod output;
mod processors;
mod publish;
mod replay;
mod reset;
mod run;
mod session;
mod simulate;
mod status;
mod token;
mod topics;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use contract::api::Outcome;

use crate::config::{Config, Needs, Source};
use crate::registry::{self, PROCESSORS};
use crate::telemetry;

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
    Replay(replay::Run),
    Verify(verify::Verify),
    Token(token::Token),
    Demo(demo::Demo),
}

impl Global {
    /// The configuration for a command with these needs.
    fn config(&self, needs: Needs) -> Result<Config, crate::config::Invalid> {
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Config::load(self.config.as_deref(), environment, registry::names(), needs)
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

/// The source with this name; without one, the only source.
fn source<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a Source, String> {
    match sources(config, name)?.as_slice() {
        [source] => Ok(source),
        _ => Err("there are several sources: name one with --source".into()),
    }
}

/// Examples with the name of a processor instead of PROCESSOR.
fn with_name(examples: &str) -> String {
    examples.replace("PROCESSOR", PROCESSORS.first().map_or("PROCESSOR", |entry| entry.name))
}

/// Ctrl-C and SIGTERM let what is long stop where it can go on later.
fn stop_with(stop: &crate::task::Stop) {
    let stop = stop.clone();
    tokio::spawn(async move {
        run::stop_signal().await;
        stop.set();
    });
}

/// The shell's own commands and those that processors declare.
fn command_line() -> clap::Command {
    processors::add(Cli::command())
}

/// What was called.
enum Called {
    Own(Command),
    OfProcessor(&'static contract::api::Command, ArgMatches),
}

fn parse() -> Result<(Global, Called), clap::Error> {
    let matches = command_line().try_get_matches()?;
    if let Some((command, of_command)) = processors::find(&matches) {
        return Ok((Global::from_arg_matches(&matches)?, Called::OfProcessor(command, of_command.clone())));
    }
    let Cli { global, command } = Cli::from_arg_matches(&matches)?;
    Ok((global, Called::Own(command)))
}

/// Parses the command line, runs the command and says what went wrong.
pub fn main() -> ExitCode {
    let (global, called) = match parse() {
        Ok(called) => called,
        Err(error) => {
            // A closed output is nothing to report.
            let _ = error.print();
            // Not clap's 2, which says that dead letters are open.
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    // The demo's output is for people; its progress is not a log.
    telemetry::log(
        global.json,
        if matches!(called, Called::Own(Command::Demo(_))) { "warn" } else { "info" },
    );
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            contract::note!("ledgerwell: no threads to run on: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(called.run(&global));
    // A thread that hangs in a client library must not keep the process.
    runtime.shutdown_background();
    let outcome = outcome.unwrap_or_else(|error| {
        let advice = error.downcast_ref::<sqlx::Error>().map_or("", contract::advice);
        contract::note!("ledgerwell: {error}{advice}");
        ExitCode::FAILURE
    });
    match output::failed() {
        Some(error) => {
            contract::note!("ledgerwell: not everything could be printed: {error}");
            ExitCode::FAILURE
        }
        None => outcome,
    }
}

impl Called {
    async fn run(self, global: &Global) -> Outcome {
        match self {
            Self::OfProcessor(command, matches) => (command.run)(&matches, &session::Terminal(global)).await,
            Self::Own(command) => command.run(global).await,
        }
    }
}

impl Command {
    async fn run(self, global: &Global) -> Outcome {
        match self {
            Self::Run(command) => command.run(global).await,
            Self::Migrate(command) => command.run(global).await,
            Self::Topics(command) => command.run(global).await,
            Self::Status(command) => command.run(global).await,
            Self::Reset(command) => command.run(global).await,
            Self::Publish(command) => command.run(global),
            Self::Simulate(command) => command.run(global),
            Self::Dlq(command) => command.run(global).await,
            Self::Replay(command) => command.run(global).await,
            Self::Verify(command) => command.run(global).await,
            Self::Token(command) => command.run(global),
            Self::Demo(command) => command.run(global).await,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed_and_every_command_has_examples() {
        let cli = super::command_line();
        cli.clone().debug_assert();
        for command in cli.get_subcommands() {
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(examples.contains("ledgerwell "), "{} has no examples", command.get_name());
            assert!(!examples.contains("PROCESSOR"), "{} names no processor", command.get_name());
        }
    }
}
