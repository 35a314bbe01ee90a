//! Runs a stream in memory, as the runner does.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::audit::Audit;
use crate::control::{Outcome, Request, Rule, RuleSet, Tick};
use crate::fold::Fold;
use crate::format::Format;
use crate::outbox::Emitted;
use crate::processor::{Processor, Source};
use crate::source::Partial;
use crate::table::TableSet;

/// A processor on its way through a stream.
pub struct Driver<P: Processor> {
    fold: Fold<P>,
    source: Source,
    rules: RuleSet,
    requests: u128,
    events: Vec<Emitted>,
    audits: Vec<Audit>,
}

impl<P: Processor> Driver<P> {
    /// Behind a first snapshot that brought no rows, which was complete at `now`. Days begin in UTC.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self::behind([], now)
    }

    /// Behind a first snapshot that brought these rows.
    pub fn behind(rows: impl IntoIterator<Item = P::RowChange>, now: DateTime<Utc>) -> Self {
        let source = Source {
            name: "odoo".into(),
            format: Format::default(),
            time_zone: chrono_tz::UTC,
            main_company: None,
        };
        let rules = RuleSet::default();
        let fold = Fold::new(start(&source, P::Tables::default(), None, &rules), None);
        let mut driver = Self { fold, source, rules, requests: 0, events: Vec::new(), audits: Vec::new() };
        driver.snapshot_rows(rows);
        driver.snapshot_end(now);
        driver
    }

    /// A source transaction, committed at `now`.
    pub fn transaction(&mut self, rows: impl IntoIterator<Item = P::RowChange>, now: DateTime<Utc>) {
        self.fold.transaction(rows, Some(now));
        self.collect();
    }

    /// A part of a large source transaction, whose last part is a [`transaction`](Self::transaction).
    pub fn part(&mut self, rows: impl IntoIterator<Item = P::RowChange>, now: DateTime<Utc>) {
        self.fold.part(rows, Some(now));
        self.collect();
    }

    /// A source transaction of one row of which some values were not sent, committed at `now`. False where they are not known.
    pub fn partial(&mut self, row: Partial<P::RowChange>, now: DateTime<Utc>) -> bool {
        self.fold.part([], Some(now));
        let known = self.fold.apply_partial(row);
        self.transaction([], now);
        known
    }

    /// A snapshot begins to bring these tables again. Nothing is decided until [`snapshot_end`](Self::snapshot_end).
    pub fn snapshot_begin<'t>(&mut self, tables: impl IntoIterator<Item = &'t str>) {
        self.fold.set_deciding(false);
        for table in tables {
            self.fold.clear_table(table);
        }
    }

    /// Some of its rows.
    pub fn snapshot_rows(&mut self, rows: impl IntoIterator<Item = P::RowChange>) {
        self.fold.apply(rows);
    }

    /// It is complete.
    pub fn snapshot_end(&mut self, now: DateTime<Utc>) {
        self.fold.set_deciding(true);
        self.fold.snapshot_end(Some(now));
        self.collect();
    }

    /// Time passes, up to `now`.
    pub fn tick(&mut self, now: DateTime<Utc>) {
        self.fold.tick(Tick { time: now });
        self.collect();
    }

    /// The rule of one of the processor's automations is changed: enabled, with these settings. False when it cannot be used.
    pub fn rule(&mut self, action: &str, config: Value) -> bool {
        let rule = Rule {
            name: action.into(),
            automation_type: P::NAME.into(),
            action_name: action.into(),
            enabled: true,
            confidence_threshold: None,
            auto_approve: false,
            config,
        };
        let mut rules = self.rules.clone();
        rules.rules.retain(|rule| rule.action_name != action);
        rules.rules.push(rule);
        let usable = self.fold.rules(&self.rules, &rules);
        if usable {
            self.rules = rules;
        }
        self.collect();
        usable
    }

    /// A person asks for something.
    pub fn request(&mut self, person: &str, action: &str, arguments: Value) -> Outcome {
        self.requests += 1;
        let outcome = self.fold.request(&Request {
            id: Uuid::from_u128(self.requests),
            processor: P::NAME.into(),
            person: person.into(),
            time: self.clock(),
            action: action.into(),
            arguments,
        });
        self.collect();
        outcome
    }

    /// The process ends and another one goes on from what is stored, which a database answers in whatever order.
    pub fn restart(&mut self) {
        let (clock, deciding) = (self.fold.clock(), self.fold.is_deciding());
        let mut tables = std::mem::take(self.fold.tables());
        tables.reverse();
        self.fold = Fold::new(start(&self.source, tables, clock, &self.rules), clock);
        self.fold.set_deciding(deciding);
    }

    /// The processor.
    pub fn processor(&self) -> &P {
        self.fold.processor()
    }

    /// The working tables.
    pub fn tables(&mut self) -> &mut P::Tables {
        self.fold.tables()
    }

    /// The latest time that it knows of.
    pub fn clock(&self) -> DateTime<Utc> {
        self.fold.clock().unwrap_or_default()
    }

    /// What was emitted since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Emitted> {
        std::mem::take(&mut self.events)
    }

    /// What was written down since the last call, in order.
    pub fn take_audits(&mut self) -> Vec<Audit> {
        std::mem::take(&mut self.audits)
    }

    fn collect(&mut self) {
        let (events, audits) = self.fold.take();
        self.events.extend(events);
        self.audits.extend(audits);
    }
}

/// A processor over what is stored, with the rules in force.
fn start<P: Processor>(
    source: &Source,
    tables: P::Tables,
    clock: Option<DateTime<Utc>>,
    rules: &RuleSet,
) -> P {
    let mut processor = P::new(source, tables, clock).unwrap_or_else(|failure| panic!("{failure}"));
    processor.rules(rules).unwrap_or_else(|why| panic!("rules that were in force are refused: {why}"));
    processor
}
