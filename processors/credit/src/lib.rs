//! Who owes how much, and who should get no more on credit? Per company and commercial partner.
//!
//! **Reads** customers, journal items, invoices, what settles them, and confirmed orders ([`event`]). **Keeps** the rows that
//! can still count and, per key, the sum of what each contributes ([`domain`]). **Writes** `credit.exposure`,
//! `credit.assessment`, `credit.hold` and the seed's `credit_scores` ([`store`]). **Emits** `exposure_changed`,
//! `score_changed`, `hold_placed | hold_suggested | hold_released` and `limit_breach_predicted | limit_breach_cleared`.
//! **Decides** about holds, as far as the rule `credit` / `hold` lets it. How: docs/credit-decisions.md.
//!
//! Invariants:
//! - a source row contributes to at most one bucket of one key, and what it contributes is a function of the current rows:
//!   any order of changes ends in the same sums;
//! - `not_due + overdue + unapplied` is Odoo's own `partner.credit`;
//! - `total` is the sum of the five buckets;
//! - an exposure exists exactly while some bucket is not zero or a limit is set;
//! - a decision is a function of the current rows, of what was frozen when the day began, of the checks that failed before,
//!   and of what people decided.

pub mod domain;
pub mod event;
pub mod read;
pub mod store;

use chrono::{DateTime, Utc};
use contract::{Automation, Change, Failure, Outbox, Outcome, Processor, Rejected, Request, RuleSet, Source};
use sqlx::PgConnection;

use crate::domain::Ledger;
use crate::event::Event;
use crate::store::Tables;

/// The processor's one name.
pub const NAME: &str = "credit";
/// Its automation: holds.
pub const HOLD: &str = "hold";

/// The processor.
pub struct Credit(Ledger);

impl Processor for Credit {
    const NAME: &'static str = NAME;
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = event::TABLES;
    const PUBLIC: &'static [(&'static str, &'static str)] = &[("credit_scores", "customer_id")];
    const AUTOMATIONS: &'static [Automation] = &[Automation { action: HOLD, name: "Credit hold" }];
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
