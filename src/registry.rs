//! THE list of processors. A new one adds a line here and one in Cargo.toml.

use std::thread::JoinHandle;

use contract::{Automation, Failure, Processor};

use crate::runner::{self, Job, Rebuilding};

/// A processor, without its types.
pub struct Entry {
    /// Its name: folder, crate, Postgres schema, result topic, metric label.
    pub name: &'static str,
    /// Its version.
    pub version: i32,
    /// The source tables it reads.
    pub tables: &'static [&'static str],
    /// What it decides on its own.
    pub automations: &'static [Automation],
    /// The tables outside its schema that it writes, each with its key columns.
    pub public: &'static [(&'static str, &'static str)],
    /// Starts it on a source.
    pub spawn: fn(Job) -> std::io::Result<JoinHandle<()>>,
    /// Builds a version beside the one in force.
    pub rebuild: fn(&Job) -> Result<Box<dyn Rebuilding>, Failure>,
}

/// All processors.
pub const PROCESSORS: &[Entry] = &[entry::<credit::Credit>(), entry::<dedup::Dedup>()];

const fn entry<P: Processor>() -> Entry {
    Entry {
        name: P::NAME,
        version: P::VERSION,
        tables: P::TABLES,
        automations: P::AUTOMATIONS,
        public: P::PUBLIC,
        spawn: runner::spawn::<P>,
        rebuild: runner::rebuild::<P>,
    }
}
