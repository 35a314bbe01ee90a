//! A processor's engine on files: people try it on their own history before it acts, and anybody can measure it.

pub mod dedup;
mod model_file;
pub mod quality;

pub use model_file::ModelFile;
