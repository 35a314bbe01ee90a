//! The simulated company keeps its books, and writes what a connector would have read.

#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod common;
mod feed;
mod further;
mod money;
mod stories;
