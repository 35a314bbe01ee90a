//! What each fuzz target does with an input. `tests/fuzz_regressions.rs` of the root package does the same with the inputs
//! that once failed, on the stable toolchain.
//!
//! No input may make anything panic, hang or take memory without bound. What else has to hold is asserted where it is cheap.

mod config;
mod control;
mod feed;
mod fold;
mod http;
mod row;

/// The targets: folders of `seeds` and `regressions` are named after them.
pub const TARGETS: [&str; 5] = ["feed", "row", "control", "config", "http"];

/// Gives `input` to what a target is about.
pub fn drive(target: &str, input: &[u8]) {
    match target {
        "feed" => feed::drive(input),
        "row" => row::drive(input),
        "control" => control::drive(input),
        "config" => config::drive(input),
        "http" => http::drive(input),
        other => panic!("there is no target {other}"),
    }
}
