#![doc = include_str!("../README.md")]

pub mod api;
pub mod domain;
pub mod input;
pub mod queries;
pub mod store;

use chrono::{DateTime, Utc};
use contract::{Done, EventType, Failure, Outbox, Processor, Source};

use crate::domain::{Action, Decision, EVENTS, State};
use crate::store::{RowChange, Tables};

/// The processor's one name.
pub const NAME: &str = "countries";

/// The processor.
pub struct Countries(State);

impl Processor for Countries {
    const NAME: &'static str = NAME;
    const VERSION: i32 = 1;
    const EVENTS: &'static [EventType] = EVENTS;
    type RowChange = RowChange;
    type Tables = Tables;
    type Action = Action;

    fn new(_: &Source, tables: Tables, _: Option<DateTime<Utc>>) -> Result<Self, Failure> {
        Ok(Self(State::new(tables)))
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

    fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox) {
        Decision { state: &mut self.0, now, outbox }.decide();
    }

    fn act(
        &mut self,
        action: Action,
        _person: &str,
        _now: DateTime<Utc>,
        _outbox: &mut Outbox,
    ) -> Result<Done, String> {
        self.0.act(&action)
    }
}
