//! Which customers, leads and products are the same?
//!
//! **Reads** partners, leads, product templates and countries ([`event`]). **Keeps** their rows, one frozen model per Odoo model, and
//! what people decided ([`store`]); in memory, what `linkage` needs to keep groups of duplicates true ([`domain`]). **Writes** the
//! seed's `duplicate_groups` and `deduplication_scans`. **Emits** `group_created | group_grown | group_shrunk | group_split |
//! group_merged | group_changed | group_dissolved | group_resolved`, each with the whole group, so that the last event of each group
//! is its row, and `merge_requested`. **Decides** about merges, as far as the rule `dedup` / `merge` lets it. How: docs/dedup.md.
//!
//! Invariants:
//! - the groups of an Odoo model are a function of its current records, the frozen model and people's decisions;
//! - a record is in at most one group that is not resolved or dissolved, and each such group has at least two records;
//! - nothing speaks against any two records of a group, unless a person said that they are the same;
//! - a decision is in force exactly while the values that it was based on are what they were;
//! - ids of groups and scans are counted along the stream: the same stream gives the same ids.

pub mod domain;
pub mod event;
pub mod read;
pub mod store;

use chrono::{DateTime, Utc};
use contract::{Automation, Change, Failure, Outbox, Outcome, Processor, Rejected, Request, RuleSet, Source};
use sqlx::PgConnection;

use crate::domain::Catalogue;
use crate::event::Event;
use crate::store::Tables;

/// The processor's one name.
pub const NAME: &str = "dedup";
/// Its automation: merges.
pub const MERGE: &str = "merge";

/// The processor.
pub struct Dedup(Catalogue);

impl Processor for Dedup {
    const NAME: &'static str = NAME;
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = event::TABLES;
    const PUBLIC: &'static [(&'static str, &'static str)] =
        &[("deduplication_scans", "id"), ("duplicate_groups", "id")];
    const AUTOMATIONS: &'static [Automation] = &[Automation { action: MERGE, name: "Merge duplicates" }];
    type Event = Event;

    fn decode(change: &Change<'_>) -> Result<Option<Event>, Rejected> {
        event::decode(change)
    }

    async fn load(
        _source: &Source,
        _clock: Option<DateTime<Utc>>,
        connection: &mut PgConnection,
    ) -> Result<Self, Failure> {
        let tables = Tables::load(connection).await?;
        Catalogue::new(tables).map(Self).map_err(|why| Failure::permanent(format!("dedup.model: {why}")))
    }

    fn forget(&mut self, table: &str) {
        self.0.forget(table);
    }

    fn apply(&mut self, event: Event) {
        self.0.apply(event);
    }

    /// Nothing falls due.
    fn next_due(&self) -> Option<DateTime<Utc>> {
        None
    }

    fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox) {
        self.0.decide(now, outbox);
    }

    fn rules(&mut self, rules: &RuleSet) -> Result<(), String> {
        self.0.rules(rules)
    }

    fn request(&mut self, request: &Request, now: DateTime<Utc>, outbox: &mut Outbox) -> Outcome {
        self.0.request(request, now, outbox)
    }

    async fn save(&mut self, connection: &mut PgConnection) -> Result<(), Failure> {
        Ok(self.0.tables.save(connection).await?)
    }
}
