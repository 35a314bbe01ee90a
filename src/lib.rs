//! The shell of Ledgerwell: the only code that knows Kafka, sockets, the wall clock and the command line.
//! ARCHITECTURE.md has the map.

pub mod audit;
pub mod binding;
pub mod cli;
pub mod clock;
pub mod config;
mod connection;
pub mod control;
pub mod dead_letter;
pub mod feed;
pub mod http;
pub mod migrate;
pub mod outbox;
pub mod pipeline;
pub mod publish;
pub mod registry;
pub mod replay;
pub mod results;
pub mod runner;
pub mod status;
pub mod task;
pub mod telemetry;
pub mod topics;
pub mod torture;
pub mod watermarks;
