//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::subjects::{self, ALL, Processor};

/// Proves that a pipeline did everything exactly once
#[derive(Parser)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Puts the witness into a results database: triggers that write down what commits
    Install(Target),
    /// Writes down every state that can be seen, until SIGTERM or until standard input closes
    Watch(Watch),
    /// Checks everything. 0: all holds; 1: something does not; 2: it could not be done
    Check(Check),
}

/// A results database.
#[derive(Args)]
pub(crate) struct Target {
    /// URL of the results database
    #[arg(long)]
    pub(crate) database: String,
}

/// What the observer needs.
#[derive(Args)]
pub(crate) struct Watch {
    /// URL of the results database
    #[arg(long)]
    pub(crate) database: String,
    /// The source's name
    #[arg(long, default_value = "odoo")]
    pub(crate) source: String,
    /// The processor whose results are observed
    #[arg(long, default_value = ALL[0].name, value_parser = subjects::parser())]
    pub(crate) processor: Processor,
    /// The file that states are appended to, as JSON lines
    #[arg(long)]
    pub(crate) out: PathBuf,
}

/// What a check needs.
#[derive(Args)]
pub(crate) struct Check {
    /// Bootstrap servers
    #[arg(long)]
    pub(crate) kafka: String,
    /// The source's topic
    #[arg(long)]
    pub(crate) topic: String,
    /// The source's control topic, if it has one
    #[arg(long)]
    pub(crate) control_topic: Option<String>,
    /// The pipeline's prefix: its result topics are `<prefix>.<processor>`
    #[arg(long)]
    pub(crate) prefix: String,
    /// The processor that runs on the source
    #[arg(long, default_value = ALL[0].name, value_parser = subjects::parser())]
    pub(crate) processor: Processor,
    /// URL of the results database
    #[arg(long)]
    pub(crate) database: String,
    /// The source's name
    #[arg(long, default_value = "odoo")]
    pub(crate) source: String,
    /// What the observer wrote
    #[arg(long)]
    pub(crate) observed: Option<PathBuf>,
    /// How many of the observed states to compare with a recomputation, evenly spread
    #[arg(long, default_value_t = 60)]
    pub(crate) max_observed: usize,
    /// Events up to this number belong to a log that is not there any more: what led to them is not looked for
    #[arg(long, default_value_t = 0)]
    pub(crate) after_seq: i64,
    /// How many seconds Kafka and PostgreSQL may take to come back
    #[arg(long = "patience", value_name = "PATIENCE", default_value_t = 60)]
    pub(crate) timeout: u64,
    /// Prints the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Prints how long each part took
    #[arg(long)]
    pub(crate) timings: bool,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Arguments, Command};
    use crate::subjects::ALL;

    fn watched(more: &[&str]) -> Option<&'static str> {
        let arguments = ["checker", "watch", "--database", "postgres:///", "--out", "states.jsonl"];
        let parsed = Arguments::try_parse_from(arguments.iter().chain(more)).ok()?;
        if let Command::Watch(watch) = parsed.command { Some(watch.processor.name) } else { None }
    }

    #[test]
    fn a_processor_is_picked_by_its_name() {
        Arguments::command().debug_assert();
        assert_eq!(watched(&[]), Some(ALL[0].name));
        for processor in &ALL {
            assert_eq!(watched(&["--processor", processor.name]), Some(processor.name));
        }
        assert_eq!(watched(&["--processor", "unheard-of"]), None);
    }
}
