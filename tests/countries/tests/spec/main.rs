//! The laws that hold of every processor.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod laws;
