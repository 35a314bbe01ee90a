//! What `credit` does, as stories, and the laws that hold of every processor.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod debts;
mod laws;
mod stories;
