//! Who owes how much: live credit exposure per company and commercial partner.
//!
//! **Reads** customers, journal items, draft invoices, confirmed orders ([`event`]). **Keeps** the rows that can still
//! contribute and, per key, the sum of what each contributes ([`domain`]). **Writes** `credit.exposure` and the seed's
//! `credit_scores` ([`store`]). **Emits** `exposure_changed` with the old and the new buckets.
//!
//! Invariants:
//! - a source row contributes to at most one bucket of one key, and what it contributes is a function of the current rows:
//!   any order of changes ends in the same sums;
//! - `not_due + overdue + unapplied` is Odoo's own `partner.credit`;
//! - `total` is the sum of the five buckets;
//! - a row exists exactly while some bucket is not zero or a limit is set.

pub mod domain;
pub mod event;
pub mod store;

use chrono::{DateTime, Utc};
use contract::{Change, Failure, Outbox, Processor, Rejected, Source};
use sqlx::PgConnection;

use crate::domain::Ledger;
use crate::event::Event;
use crate::store::Tables;

/// The processor.
pub struct Credit(Ledger);

impl Processor for Credit {
    const NAME: &'static str = "credit";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = event::TABLES;
    type Event = Event;

    fn decode(change: &Change<'_>) -> Result<Option<Event>, Rejected> {
        event::decode(change)
    }

    async fn load(
        source: &Source,
        clock: Option<DateTime<Utc>>,
        connection: &mut PgConnection,
    ) -> Result<Self, Failure> {
        let tables = Tables::load(connection).await?;
        let mut ledger = Ledger::new(tables, source.time_zone, source.main_company);
        ledger.resume(clock);
        Ok(Self(ledger))
    }

    fn forget(&mut self, table: &str) {
        self.0.forget(table);
    }

    fn apply(&mut self, event: Event) {
        self.0.apply(event);
    }

    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.0.next_due()
    }

    fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox) {
        self.0.decide(now, outbox);
    }

    async fn save(&mut self, connection: &mut PgConnection) -> Result<(), Failure> {
        Ok(self.0.tables.save(connection).await?)
    }
}
