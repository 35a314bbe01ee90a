//! Proves from Kafka and PostgreSQL alone that a pipeline did everything exactly once.
//!
//! It shares no code with the product: it folds the log by an understanding of its own, asks the SQL in `tests/oracle` what the
//! results have to be, and compares. A witness, installed in the results database as triggers, writes down what commits; an
//! observer writes down what anybody could see meanwhile.

mod assembler;
mod check;
mod checks;
mod cli;
mod duplicates;
mod error;
mod exposure;
mod fold;
mod kafka;
mod log;
mod observed;
mod oracle;
mod replay;
mod report;
mod results;
mod rules;
mod watch;
mod witness;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Arguments, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Install(target) => witness::install(&target.database).await.map(|()| true),
        Command::Watch(what) => watch::watch(&what).await.map(|()| true),
        Command::Check(what) => check::check(&what).await,
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
