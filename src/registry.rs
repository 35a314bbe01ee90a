//! THE list of processors. A new one adds a line here and one in Cargo.toml.

use std::thread::JoinHandle;

use contract::{Automation, Processor};

use crate::runner::{self, Job};

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
    /// Starts it on a source.
    pub spawn: fn(Job) -> std::io::Result<JoinHandle<()>>,
}

/// All processors.
pub const PROCESSORS: &[Entry] = &[entry::<credit::Credit>()];

const fn entry<P: Processor>() -> Entry {
    Entry {
        name: P::NAME,
        version: P::VERSION,
        tables: P::TABLES,
        automations: P::AUTOMATIONS,
        spawn: runner::spawn::<P>,
    }
}
