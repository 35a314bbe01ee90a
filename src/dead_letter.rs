//! Records that could not be used: kept with the reason until a later image of the same row supersedes them, or a person has
//! them replayed or discarded.

pub mod decision;
mod open;
pub mod stored;

pub use open::OpenLetters;
