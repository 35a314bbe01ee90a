//! Records that could not be used: stored with the reason until a later image of the same row supersedes them, or a
//! person has them replayed or discarded.

pub mod decision;
mod open;
mod settle;
pub mod stored;

pub use open::OpenDeadLetters;
pub use settle::answer;
