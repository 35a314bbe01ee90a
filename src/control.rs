//! Records that Ledgerwell writes into a source's stream, so that there is one order of everything.

pub mod ticks;
