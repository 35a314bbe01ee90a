//! Commands: what a processor adds to the command line.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::ArgMatches;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{BoxFuture, Results, output};

/// What a command answers: the exit code, or an error that says what to do next.
pub type Outcome<T = ExitCode> = Result<T, Box<dyn Error + Send + Sync>>;

/// A command, without its type. [`Command::new`] makes it of one.
#[derive(Clone, Copy)]
pub struct Command {
    /// What it is called.
    pub verb: Verb,
    /// [`Run::EXAMPLES`].
    pub examples: &'static [&'static str],
    /// Describes it and what it takes.
    pub arguments: fn(clap::Command) -> clap::Command,
    /// Runs it.
    pub run: for<'a> fn(&'a ArgMatches, &'a dyn Session) -> BoxFuture<'a, Outcome>,
}

/// What a command is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `ledgerwell explain <processor>`: says why something is as it is.
    Explain,
    /// `ledgerwell backtest <processor>`: runs its engine on files; stores and sends nothing.
    Backtest,
    /// `ledgerwell <processor> <verb>`: what no other processor can do.
    Own(&'static str),
}

/// What implements a command: its arguments, as [`clap::Args`]. Its documentation is what the help says of it.
pub trait Run: clap::Args + Send {
    /// Whole command lines that are worth a try, each with a few words if it needs them. One a line.
    const EXAMPLES: &'static [&'static str];

    /// Does it.
    ///
    /// # Errors
    /// What went wrong, and what to do next.
    fn run(self, session: &dyn Session) -> impl Future<Output = Outcome> + Send;
}

impl Command {
    /// The command that `C` implements.
    pub const fn new<C: Run>(verb: Verb) -> Self {
        Self {
            verb,
            examples: C::EXAMPLES,
            arguments: C::augment_args,
            run: |matches, session| Box::pin(async move { C::from_arg_matches(matches)?.run(session).await }),
        }
    }
}

/// What a command may reach: the shell implements it.
pub trait Session: Send + Sync {
    /// Whether a program reads the output, and not a person.
    fn json(&self) -> bool;

    /// The results of the source with this name; without one, of the only source.
    ///
    /// # Errors
    /// A configuration that cannot be used, no such source, or several where none was named.
    fn results(&self, source: Option<&str>) -> Outcome<Box<dyn Results>>;

    /// Asks a processor for something through the stream, and waits until it is decided or `wait` is over.
    ///
    /// # Errors
    /// When it could not be asked. That it was refused is an answer.
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Outcome<Answer>>;
}

/// What a processor is asked for.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The processor.
    pub processor: &'a str,
    /// The source; needed where there are several.
    pub source: Option<&'a str>,
    /// Who asks.
    pub person: &'a str,
    /// One of its actions …
    pub action: &'a str,
    /// … and what that takes.
    pub arguments: Value,
    /// How long to wait for the outcome; zero not to wait.
    pub wait: Duration,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it is known by.
    pub request: Uuid,
    /// Whether it was done; also where nobody wanted to wait.
    pub done: bool,
    /// In words.
    pub outcome: String,
}

/// Prints what a processor was asked about, for a program or with `show` for a person.
///
/// # Errors
/// Nothing was found: `none` says of what there is none.
pub fn answer<T: Serialize>(
    found: Option<&T>,
    none: &str,
    processor: &str,
    session: &dyn Session,
    show: fn(&T),
) -> Outcome {
    let found = found.ok_or_else(|| {
        format!("this source knows {none}. `ledgerwell status` shows how far {processor} is")
    })?;
    if session.json() {
        output::json(found)?;
    } else {
        show(found);
    }
    Ok(ExitCode::SUCCESS)
}
