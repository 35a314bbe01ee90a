#![doc = include_str!("../README.md")]
//!
//! # The code
//!
//! [`input`] has the columns that are read and [`store`] the tables. [`domain`] is pure: its `State` stores rows and what they
//! contribute, and its `Decision` concludes from them. [`queries`] has what people ask of the results.

pub mod api;
pub mod domain;
pub mod input;
pub mod queries;
pub mod store;

use chrono::{DateTime, Utc};
use contract::{Automation, Done, EventType, Failure, Outbox, Processor, RuleSet, Source};

use crate::domain::events::EVENTS;
use crate::domain::{Action, Decision, Settings, State, act};
use crate::store::{RowChange, Tables};

/// The processor's one name.
pub const NAME: &str = "credit";
/// Its automation: holds.
pub const HOLD: &str = "hold";

/// The processor.
pub struct Credit {
    state: State,
    settings: Settings,
}

impl Processor for Credit {
    const NAME: &'static str = NAME;
    const VERSION: i32 = 1;
    const AUTOMATIONS: &'static [Automation] = &[Automation { action: HOLD, name: "Credit hold" }];
    const EVENTS: &'static [EventType] = EVENTS;
    type RowChange = RowChange;
    type Tables = Tables;
    type Action = Action;

    fn new(source: &Source, tables: Tables, clock: Option<DateTime<Utc>>) -> Result<Self, Failure> {
        Ok(Self { state: State::new(source, tables, clock), settings: Settings::default() })
    }

    fn tables(&mut self) -> &mut Tables {
        &mut self.state.tables
    }

    fn clear_table(&mut self, table: &str) {
        self.state.clear_table(table);
    }

    fn apply(&mut self, change: RowChange) {
        self.state.apply(change);
    }

    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.state.next_due()
    }

    fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox) {
        Decision::new(&mut self.state, &self.settings, now, outbox).decide();
    }

    fn rules(&mut self, rules: &RuleSet) -> Result<(), String> {
        let settings = Settings::from_rule(rules.get(NAME, HOLD))?;
        self.state.touched.settings |= settings != self.settings;
        self.settings = settings;
        Ok(())
    }

    fn act(
        &mut self,
        action: Action,
        person: &str,
        now: DateTime<Utc>,
        _outbox: &mut Outbox,
    ) -> Result<Done, String> {
        act(&mut self.state, &self.settings, action, person, now)
    }
}
