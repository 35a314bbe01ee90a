//! Proves from Kafka and PostgreSQL alone that a pipeline did everything exactly once.
//!
//! It shares no code with the product: it folds the log by an understanding of its own, works out what the results have to be, and
//! compares. A witness, installed in the results database as triggers, writes down what commits; an observer writes down what
//! anybody could see meanwhile. `subjects.rs` lists the processors; nothing else here knows any of them.

mod assembler;
mod check;
mod checks;
mod cli;
mod error;
mod kafka;
mod log;
mod mirror;
mod observed;
mod replay;
mod report;
mod results;
mod subjects;
mod unavailable;
mod watch;
mod witness;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Arguments, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Install(target) => witness::install(&target.database).await.map(|()| true),
        Command::Watch(what) => (what.processor.watch)(&what).await.map(|()| true),
        Command::Check(what) => (what.processor.check)(&what).await,
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
