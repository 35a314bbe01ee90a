//! Arbitrary streams.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::driver::Driver;
use super::laws::{RowChange, Specimen};
use crate::source::{Decode, Keyed, Partial};

/// One step of a stream.
#[derive(Clone, Debug)]
pub enum Step<R> {
    /// A source transaction.
    Transaction(Vec<R>),
    /// Hours pass.
    Hours(u8),
    /// The connector takes a new snapshot of all tables.
    Snapshot(NewSnapshot<R>),
    /// Part of the log is lost: these transactions are applied and nothing is decided, then the connector takes a new snapshot.
    Loss(Vec<Vec<R>>, NewSnapshot<R>),
    /// The rule of an automation is changed.
    Rule(&'static str, Value),
    /// A person asks for something.
    Request(&'static str, Value),
}

/// What a new snapshot of all tables brings that the stream had not: the connector was away, and has lost its place in the log.
#[derive(Clone, Debug)]
pub struct NewSnapshot<R> {
    /// Rows that have changed since.
    changed: Vec<R>,
    /// Rows that have gone since, of those that the source had.
    gone: Vec<Index>,
    /// Behind which of its rows the process ends, where it does.
    ends_behind: Index,
}

/// A stream: steps, each with whether the process ends behind it.
pub(super) type Stream<R> = Vec<(Step<R>, bool)>;

/// When streams begin: a noon, far from any day's beginning.
pub(super) const BEGIN: DateTime<Utc> = DateTime::from_timestamp(1_767_268_800, 0).unwrap();

/// Rows alone, in transactions and new snapshots, and passing time.
pub(super) fn rows<S: Specimen>() -> BoxedStrategy<Stream<RowChange<S>>> {
    let step = prop_oneof![
        8 => transaction::<S>(),
        2 => (1..40_u8).prop_map(Step::Hours),
        1 => new_snapshot::<S>().prop_map(Step::Snapshot),
        1 => loss::<S>(),
    ];
    prop::collection::vec((step, any::<bool>()), 1..40).boxed()
}

/// Everything that a stream may hold.
pub(super) fn everything<S: Specimen>() -> BoxedStrategy<Stream<RowChange<S>>> {
    let step = prop_oneof![
        12 => transaction::<S>(),
        2 => (1..40_u8).prop_map(Step::Hours),
        1 => new_snapshot::<S>().prop_map(Step::Snapshot),
        1 => loss::<S>(),
        4 => S::control(),
    ];
    prop::collection::vec((step, prop::bool::weighted(0.3)), 1..40).boxed()
}

fn loss<S: Specimen>() -> impl Strategy<Value = Step<RowChange<S>>> {
    let transactions = prop::collection::vec(rows_of_one::<S>(), 0..4);
    (transactions, new_snapshot::<S>())
        .prop_map(|(transactions, snapshot)| Step::Loss(transactions, snapshot))
}

fn new_snapshot<S: Specimen>() -> impl Strategy<Value = NewSnapshot<RowChange<S>>> {
    let changed = prop::collection::vec(S::row_change(), 0..4);
    let gone = prop::collection::vec(any::<Index>(), 0..3);
    (changed, gone, any::<Index>()).prop_map(|(changed, gone, ends_behind)| NewSnapshot {
        changed,
        gone,
        ends_behind,
    })
}

fn transaction<S: Specimen>() -> impl Strategy<Value = Step<RowChange<S>>> {
    rows_of_one::<S>().prop_map(Step::Transaction)
}

/// The rows of a transaction: each once, in its last version.
fn rows_of_one<S: Specimen>() -> impl Strategy<Value = Vec<RowChange<S>>> {
    prop::collection::vec(S::row_change(), 1..5).prop_map(|rows| {
        let last: BTreeMap<_, _> = rows.into_iter().map(|row| (row.row(), row)).collect();
        last.into_values().collect()
    })
}

/// A driver on its way through an arbitrary stream, and the rows that the source has by now.
pub(super) struct Run<S: Specimen> {
    pub(super) driver: Driver<S::Processor>,
    pub(super) rows: BTreeMap<(&'static str, String), RowChange<S>>,
    /// What every Odoo database has.
    always: BTreeSet<(&'static str, String)>,
    now: DateTime<Utc>,
    restarts: bool,
}

impl<S: Specimen> Run<S> {
    /// At the beginning. Whether the process ever ends is up to `restarts`.
    pub(super) fn new(restarts: bool) -> Self {
        let first = S::first_snapshot();
        let rows = first.iter().map(|row| (row.row(), row.clone())).collect();
        let always = first.iter().map(Keyed::row).collect();
        Self { driver: Driver::behind(first, BEGIN), rows, always, now: BEGIN, restarts }
    }

    pub(super) fn all(mut self, stream: &Stream<RowChange<S>>) -> Self {
        for (step, ends) in stream {
            self.step(step);
            if *ends && self.restarts {
                self.driver.restart();
            }
        }
        self
    }

    pub(super) fn step(&mut self, step: &Step<RowChange<S>>) {
        self.now += TimeDelta::minutes(1);
        match step {
            Step::Transaction(rows) => self.transaction(rows.clone()),
            Step::Hours(hours) => {
                self.now += TimeDelta::hours(i64::from(*hours));
                self.driver.tick(self.now);
            }
            Step::Snapshot(snapshot) => self.new_snapshot(snapshot),
            Step::Loss(transactions, snapshot) => {
                self.driver.snapshot_begin([]);
                for rows in transactions {
                    self.transaction(rows.clone());
                    if self.restarts {
                        self.driver.restart();
                    }
                }
                self.new_snapshot(snapshot);
            }
            Step::Rule(action, config) => {
                self.driver.rule(action, config.clone());
            }
            // What is refused changes nothing.
            Step::Request(action, arguments) => drop(self.driver.request("anna", action, arguments.clone())),
        }
    }

    fn new_snapshot(&mut self, NewSnapshot { changed, gone, ends_behind }: &NewSnapshot<RowChange<S>>) {
        self.rows.extend(changed.iter().map(|row| (row.row(), row.clone())));
        for index in gone {
            let row = self.rows.keys().nth(index.index(self.rows.len().max(1))).cloned();
            row.filter(|row| !self.always.contains(row)).map(|row| self.rows.remove(&row));
        }
        self.snapshot(Some(ends_behind));
    }

    pub(super) fn transaction(&mut self, mut rows: Vec<RowChange<S>>) {
        self.now += TimeDelta::minutes(1);
        for row in &rows {
            self.rows.insert(row.row(), row.clone());
        }
        // A large transaction comes in parts.
        let last = rows.split_off(rows.len().min(2));
        if last.is_empty() {
            self.driver.transaction(rows, self.now);
        } else {
            self.driver.part(rows, self.now);
            self.driver.transaction(last, self.now);
        }
    }

    /// A row of which some values were not sent. False where they are not known.
    pub(super) fn partial(&mut self, row: Partial<RowChange<S>>) -> bool {
        self.now += TimeDelta::minutes(1);
        self.driver.partial(row, self.now)
    }

    /// All rows once more, as a snapshot has them: those that are gone are not in it. The process may end behind some of them.
    pub(super) fn snapshot(&mut self, ends_behind: Option<&Index>) {
        self.rows.retain(|_, row| !row.is_deletion());
        let rows: Vec<_> = self.rows.values().cloned().collect();
        let (first, second) = rows.split_at(ends_behind.map_or(0, |index| index.index(rows.len() + 1)));
        self.driver.snapshot_begin(RowChange::<S>::TABLES.iter().copied());
        self.driver.snapshot_rows(first.iter().cloned());
        if self.restarts {
            self.driver.restart();
        }
        self.driver.snapshot_rows(second.iter().cloned());
        self.driver.snapshot_end(self.now);
    }

    /// So much time passes that what waits for a short while has come.
    pub(super) fn wait(&mut self) {
        self.now += TimeDelta::minutes(5);
        self.driver.tick(self.now);
    }

    /// The processor hears what time it is: rules and requests do not say it, and a day may have begun meanwhile.
    pub(super) fn tell_the_time(&mut self) {
        self.driver.tick(self.now);
    }

    /// Time passes until the same instant, however long the stream was.
    pub(super) fn finish(mut self) -> Self {
        self.driver.tick(BEGIN + TimeDelta::days(100));
        self
    }
}
