//! The one trait.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::control::{Automation, Done, RuleSet};
use crate::error::Failure;
use crate::event::EventType;
use crate::format::Format;
use crate::outbox::Outbox;
use crate::source::Decode;
use crate::table::{StoredTable, TableSet};

/// The Odoo database whose stream is folded.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in the configuration; part of every event's key.
    pub name: String,
    /// How its connector is set up.
    pub format: Format,
    /// Where its days begin.
    pub time_zone: Tz,
    /// The company whose currency the company-wide figures are in; the lowest root company when not configured.
    pub main_company: Option<i32>,
}

/// A stream processor. The value is its working state: one per source, owned by one thread at a time.
pub trait Processor: Sized + Send + 'static {
    /// Its one name: folder, crate, Postgres schema, result topic, metric label, log field.
    const NAME: &'static str;
    /// Raised when its results change meaning, so that a replay can build a shadow version next to the old ones.
    const VERSION: i32;
    /// What it decides on its own as far as a rule lets it.
    const AUTOMATIONS: &'static [Automation] = &[];
    /// What it emits.
    const EVENTS: &'static [EventType];
    /// One row change, reduced to what matters here.
    type RowChange: Decode<Tables = Self::Tables>;
    /// Its tables.
    type Tables: TableSet;
    /// What people may ask of it: a serde enum ([`action`](crate::action)).
    type Action: DeserializeOwned;

    /// The working state over what is stored. `clock` is the latest time that the stored results know of.
    ///
    /// # Errors
    /// Something stored that cannot be used, and what to do about it.
    fn new(source: &Source, tables: Self::Tables, clock: Option<DateTime<Utc>>) -> Result<Self, Failure>;

    /// Its tables. What has changed in them is saved after each batch.
    fn tables(&mut self) -> &mut Self::Tables;

    /// Drops all rows of a source table: a snapshot that follows brings them again.
    fn clear_table(&mut self, table: &str);

    /// Stores one row's latest version, or its deletion.
    fn apply(&mut self, change: Self::RowChange);

    /// The next instant at which something falls due without any change, if there is one. [`Self::decide`] is called with that
    /// time before anything later is applied.
    fn next_due(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// Draws the conclusions of what was applied since the last call, as of `now`: called at the end of each source
    /// transaction, at due instants, and once when a snapshot is complete. `now` never runs backwards.
    fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox);

    /// What was applied since the last decision was no single source transaction: a snapshot was read, or part of the log is lost.
    /// Whatever is remembered of it beyond the rows themselves is forgotten, as it is when the process starts again.
    /// [`Self::decide`] is called after it.
    fn forget(&mut self) {}

    /// Takes over a rule set: the one that was last accepted, if any, when it starts, and later each one that comes.
    /// [`Self::decide`] is called after it.
    ///
    /// # Errors
    /// Rules that cannot be used, and what to change. The ones before stay in force.
    fn rules(&mut self, _rules: &RuleSet) -> Result<(), String> {
        Ok(())
    }

    /// Does what `person` asks for, as of `now`. [`Self::decide`] is called after it.
    ///
    /// # Errors
    /// Why it cannot be done, and what would do, for the person who asked.
    fn act(
        &mut self,
        action: Self::Action,
        person: &str,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> Result<Done, String>;
}

/// What a processor declares, without its types.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    /// [`Processor::NAME`].
    pub name: &'static str,
    /// [`Processor::VERSION`].
    pub version: i32,
    /// The source tables it reads.
    pub tables: &'static [&'static str],
    /// The tables it writes.
    pub stored: &'static [StoredTable],
    /// [`Processor::AUTOMATIONS`].
    pub automations: &'static [Automation],
    /// [`Processor::EVENTS`].
    pub events: &'static [EventType],
    /// What tells programs apart that cannot go on from each other's results: [`fingerprint`].
    pub fingerprint: fn() -> String,
}

/// Namespace of fingerprints.
const FINGERPRINT: Uuid = Uuid::from_u128(0x9c34_61be_07d2_4f0a_b1d5_28e6_4c9a_7f13);

/// A hash of what a processor reads, what it stores and what it means by that: source tables and their columns, working tables and
/// theirs, and [`Processor::VERSION`]. A program with another one does not understand what is stored.
pub fn fingerprint<P: Processor>() -> String {
    let reads = P::RowChange::columns().into_iter().map(|(table, columns)| (table, columns, false));
    let stores = P::Tables::STORED.iter().map(|table| (table.name, table.columns, table.public));
    let text = reads.chain(stores).fold(format!("{}", P::VERSION), |text, (table, columns, public)| {
        format!("{text};{table}({}){}", columns.join(","), if public { " public" } else { "" })
    });
    Uuid::new_v5(&FINGERPRINT, text.as_bytes()).to_string()
}

impl Descriptor {
    /// That of `P`.
    pub const fn of<P: Processor>() -> Self {
        Self {
            name: P::NAME,
            version: P::VERSION,
            tables: P::RowChange::TABLES,
            stored: P::Tables::STORED,
            automations: P::AUTOMATIONS,
            events: P::EVENTS,
            fingerprint: fingerprint::<P>,
        }
    }

    /// The tables outside its schema that it writes.
    pub fn public(&self) -> Vec<&'static StoredTable> {
        self.stored.iter().filter(|table| table.public).collect()
    }
}
