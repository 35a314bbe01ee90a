#![doc = include_str!("../README.md")]
//!
//! ## The crate
//!
//! [`input`] reads columns, [`store`] has the tables, [`domain`] decides, [`queries`] answers what people ask of the results. When open
//! documents are paid, and what comes again, is worked out by the crate `forecasting`.

pub mod api;
pub mod domain;
pub mod input;
pub mod queries;
pub mod store;

use chrono::{DateTime, Utc};
use contract::{Automation, Calendar, Done, EventType, Failure, Outbox, Processor, RuleSet, Source};

use crate::domain::events::EVENTS;
use crate::domain::{Action, State};
use crate::store::{RowChange, Tables};

/// The processor's one name.
pub const NAME: &str = "forecast";
/// Its automation: to say that there will be too little.
pub const WARN: &str = "warn";

/// The processor.
pub struct Forecast(State);

impl Processor for Forecast {
    const NAME: &'static str = NAME;
    const VERSION: i32 = 1;
    const AUTOMATIONS: &'static [Automation] = &[Automation { action: WARN, name: "Warn of shortfalls" }];
    const EVENTS: &'static [EventType] = EVENTS;
    type RowChange = RowChange;
    type Tables = Tables;
    type Action = Action;

    fn new(source: &Source, tables: Tables, _clock: Option<DateTime<Utc>>) -> Result<Self, Failure> {
        Ok(Self(State::new(tables, Calendar::new(source.time_zone), source.main_company)))
    }

    fn tables(&mut self) -> &mut Tables {
        &mut self.0.tables
    }

    fn clear_table(&mut self, table: &str) {
        self.0.clear_table(table);
    }

    fn apply(&mut self, change: RowChange) {
        self.0.apply(change);
    }

    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.0.next_due()
    }

    fn forget(&mut self) {
        self.0.forget();
    }

    fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox) {
        self.0.decide(now, outbox);
    }

    fn rules(&mut self, rules: &RuleSet) -> Result<(), String> {
        self.0.rules(rules)
    }

    fn act(
        &mut self,
        action: Action,
        person: &str,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> Result<Done, String> {
        self.0.act(action, person, now, outbox)
    }
}
