//! Runs a processor on a source: claim, read, fold, save, one Postgres transaction per batch.
//!
//! Per processor and source there is one consumer thread (`reader`), one that owns the working state (`writer`) and one
//! outbox drain. Memory is a copy of Postgres that belongs to one epoch: whatever fails, it is dropped and claimed
//! again, and `policy` alone says when.

mod checkpoint;
mod consumer;
#[cfg(test)]
mod model;
mod policy;
mod reader;
mod rebuild;
mod session;
mod writer;

use std::thread::JoinHandle;

use contract::Processor;

use crate::task::Job;

pub use checkpoint::Checkpoint;
pub use rebuild::{Rebuilding, rebuild};
pub use writer::Writer;

/// Starts the task on a thread of its own.
///
/// # Errors
/// When the thread cannot be started.
pub fn spawn<P: Processor>(job: Job) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(job.group()).spawn(move || reader::run::<P>(&job))
}
