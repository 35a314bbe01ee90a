//! The laws that hold of every processor, and stories of bank lines.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod laws;
mod models;
mod reports;
mod stories;
mod story;
