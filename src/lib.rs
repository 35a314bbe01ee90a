//! The shell of Ledgerwell: the only code that knows Kafka, sockets, the wall clock and the command line.
//! ARCHITECTURE.md has the map.

pub mod feed;
