//! What the engine finds, by example and by property.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod names;
mod pairs;
mod properties;
