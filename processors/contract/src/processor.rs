//! The one trait.

use std::future::Future;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;

use crate::change::Change;
use crate::control::{Automation, Outcome, Request, RuleSet};
use crate::error::{Failure, Rejected};
use crate::outbox::Outbox;

/// The Odoo database whose stream is folded.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in the configuration; part of every event's key.
    pub name: String,
    /// Where its days begin.
    pub time_zone: Tz,
    /// The company whose currency the company-wide figures are in; the lowest root company when not configured.
    pub main_company: Option<i32>,
}

/// A stream processor. The value is its working state: one per source, owned by one thread at a time.
pub trait Processor: Sized + Send + 'static {
    /// Its one name: folder, crate, Postgres schema, result topic, metric label, log field.
    const NAME: &'static str;
    /// Raised when its results change meaning, so that a replay can stand beside the old ones.
    const VERSION: i32;
    /// The source tables it reads.
    const TABLES: &'static [&'static str];
    /// The tables outside its schema that it writes, each with the columns that tell its rows apart, separated by commas.
    const PUBLIC: &'static [(&'static str, &'static str)] = &[];
    /// What it decides on its own as far as a rule lets it.
    const AUTOMATIONS: &'static [Automation] = &[];
    /// One row change, reduced to what matters here.
    type Event: Send + 'static;

    /// Decodes one change of one of [`Self::TABLES`]. `None` when this row can never matter.
    fn decode(change: &Change<'_>) -> Result<Option<Self::Event>, Rejected>;

    /// Reads the working state. `clock` is the latest time that the stored results know of.
    fn load(
        source: &Source,
        clock: Option<DateTime<Utc>>,
        connection: &mut PgConnection,
    ) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// Forgets all rows of a source table: a snapshot that follows brings them anew.
    fn forget(&mut self, table: &str);

    /// Stores one row's latest version, or its deletion.
    fn apply(&mut self, event: Self::Event);

    /// The next moment at which something falls due without any change, if there is one. The runner calls
    /// [`Self::decide`] with that time before it applies anything later.
    fn next_due(&self) -> Option<DateTime<Utc>>;

    /// Draws the conclusions of what was applied since the last call, as of `now`: called at the end of each source
    /// transaction, at due moments, and once when a snapshot is complete. `now` never runs backwards.
    fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox);

    /// Takes over a rule set: after [`Self::load`] the one that was last accepted, if any, and later each one that comes. The
    /// runner calls [`Self::decide`] after it.
    ///
    /// # Errors
    /// Rules that cannot be used, and what to change. The ones before stay in force.
    fn rules(&mut self, _rules: &RuleSet) -> Result<(), String> {
        Ok(())
    }

    /// Does what a person asks for, as of `now`. The runner calls [`Self::decide`] after it.
    fn request(&mut self, request: &Request, _now: DateTime<Utc>, _outbox: &mut Outbox) -> Outcome {
        Outcome::Refused(format!("{} takes no request `{}`", Self::NAME, request.action))
    }

    /// Writes the net effect since the last call. Runs inside the batch's transaction.
    fn save(&mut self, connection: &mut PgConnection) -> impl Future<Output = Result<(), Failure>> + Send;
}
