//! The laws that hold of every processor, small cases after public reports, and stories of cash.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod cases;
mod laws;
mod reports;
mod stories;
mod story;
