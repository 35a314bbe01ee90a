//! The shell of Ledgerwell: the only code that knows Kafka, sockets, the wall clock and the command line.
//! ARCHITECTURE.md has the map.

pub mod audit;
pub mod backtest;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod dead_letter;
pub mod explain;
pub mod feed;
pub mod http;
pub mod migrate;
pub mod outbox;
pub mod pipeline;
pub mod publish;
pub mod registry;
pub mod replay;
pub mod runner;
pub mod telemetry;
pub mod topics;
pub mod torture;
pub mod watermarks;
