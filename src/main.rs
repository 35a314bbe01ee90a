//! Ledgerwell.
fn main() {}
