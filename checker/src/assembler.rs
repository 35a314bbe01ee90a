//! What of a log counts: an understanding of transactions and snapshots of its own.
//!
//! Rows are stored by transaction and number, whichever copy of the transaction brought them. At the first END at which all numbers
//! are there the transaction counts; whatever comes of it later is a repeat.

mod delivery;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::log::{Entry, Kind, Poison, Row, Snapshot};

pub(crate) use delivery::{Contents, Delivery, Stage};

/// A row of a transaction, and where it was.
#[derive(Clone, Debug)]
struct Numbered {
    offset: i64,
    /// All offsets at which this very row was emitted.
    copies: Vec<i64>,
    row: Row,
    spoiled: bool,
}

/// The transaction that is being read.
#[derive(Clone, Debug)]
struct Open {
    transaction: u64,
    /// Its BEGIN: offset, and whether it stood behind everything that counted.
    begin: Option<(i64, bool)>,
    unreadable: usize,
}

/// Judges records, one after the other.
#[derive(Debug)]
pub(crate) struct Assembler {
    stage: Stage,
    /// Offset at which it was found that part of the log is lost.
    lost: Option<i64>,
    brought: BTreeSet<String>,
    open: Option<Open>,
    pending: HashMap<u64, BTreeMap<u64, Numbered>>,
    applied: HashSet<u64>,
    /// Highest position and latest commit time that counted since the last snapshot began.
    high: Option<(i64, DateTime<Utc>)>,
    /// A transaction that was cut off and has to come again.
    incomplete: Option<u64>,
    /// Between BEGIN and END, or behind a loss.
    deferred: Vec<(i64, Deferred)>,
    /// Offsets of dead letters that have to be there; of each of these groups, one at least.
    pub(crate) dead_letters: Vec<Vec<i64>>,
    /// Offsets of dead letters that may be there besides.
    pub(crate) may: BTreeSet<i64>,
    /// Figures for the report.
    pub(crate) transactions: usize,
    pub(crate) repeats: usize,
    pub(crate) truncated: usize,
    pub(crate) snapshots: usize,
    pub(crate) losses: usize,
    /// Whether a tick stood behind a loss: what became of it is not defined.
    pub(crate) tick_behind_loss: bool,
}

#[derive(Clone, Debug)]
enum Deferred {
    Control { name: String, value: Value },
    Upsert(Row),
}

impl Default for Assembler {
    fn default() -> Self {
        Self {
            stage: Stage::Waiting,
            lost: None,
            brought: BTreeSet::new(),
            open: None,
            pending: HashMap::new(),
            applied: HashSet::new(),
            high: None,
            incomplete: None,
            deferred: Vec::new(),
            dead_letters: Vec::new(),
            may: BTreeSet::new(),
            transactions: 0,
            repeats: 0,
            truncated: 0,
            snapshots: 0,
            losses: 0,
            tick_behind_loss: false,
        }
    }
}

impl Assembler {
    /// Where part of the log was lost, if no snapshot has begun since.
    pub(crate) fn lost(&self) -> Option<i64> {
        self.lost
    }

    /// How far the last snapshot has come.
    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// The BEGIN of the transaction that is open.
    pub(crate) fn open_since(&self) -> Option<i64> {
        self.open.as_ref().and_then(|open| open.begin).map(|(offset, _)| offset)
    }

    /// Takes the next record; answers what is whole now.
    pub(crate) fn read(&mut self, entry: Entry) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        let offset = entry.offset;
        let spoiled = entry.poison == Some(Poison::DeadLetter);
        match entry.kind {
            Kind::Row(row) if row.snapshot == Snapshot::Incremental => {
                self.expect(spoiled, offset);
                if !spoiled && row.wanted {
                    self.defer(offset, Deferred::Upsert(row), &mut deliveries);
                }
            }
            Kind::Row(row) if row.snapshot != Snapshot::No => {
                self.expect(spoiled, offset);
                self.snapshot_row(offset, row, spoiled, &mut deliveries);
            }
            Kind::Row(row) => match row.order {
                Some((transaction, number)) => {
                    self.enter(transaction, None, &mut deliveries);
                    if spoiled {
                        self.may.insert(offset);
                    }
                    let rows = self.pending.entry(transaction).or_default();
                    let mut copies = rows.remove(&number).map_or_else(Vec::new, |before| before.copies);
                    copies.push(offset);
                    rows.insert(number, Numbered { offset, copies, row, spoiled });
                }
                None => self.expect(spoiled, offset),
            },
            Kind::Begin { transaction, position } => {
                self.cut_off(&mut deliveries);
                let new = self.high.is_none_or(|(high, _)| position > high);
                self.enter(transaction, Some((offset, new)), &mut deliveries);
            }
            Kind::End { transaction, position, count, time } => {
                self.enter(transaction, None, &mut deliveries);
                self.end(offset, transaction, position, count, time, &mut deliveries);
            }
            Kind::Control { name, value } => {
                self.expect(spoiled, offset);
                if !spoiled && matches!(name.as_str(), "tick" | "rules" | "request") {
                    self.defer(offset, Deferred::Control { name, value }, &mut deliveries);
                }
            }
            Kind::Truncate => self.lose(offset),
            Kind::Nothing => self.expect(spoiled, offset),
            Kind::Unreadable => {
                self.expect(spoiled, offset);
                if let Some(open) = &mut self.open {
                    open.unreadable += 1;
                }
            }
        }
        deliveries
    }

    /// A spoiled record outside of transactions has to become a dead letter, unless nothing is read there.
    fn expect(&mut self, spoiled: bool, offset: i64) {
        if spoiled && self.lost.is_none() {
            self.dead_letters.push(vec![offset]);
        } else if spoiled {
            self.may.insert(offset);
        }
    }

    fn deliver(&self, offset: i64, contents: Contents, deliveries: &mut Vec<Delivery>) {
        deliveries.push(Delivery { offset, contents, complete: self.stage == Stage::Complete });
    }

    /// This transaction is being read; another one that was open is cut off.
    fn enter(&mut self, transaction: u64, begin: Option<(i64, bool)>, deliveries: &mut Vec<Delivery>) {
        if self.open.as_ref().is_some_and(|open| open.transaction != transaction) {
            self.cut_off(deliveries);
        }
        if self.open.is_none() {
            self.open = Some(Open { transaction, begin, unreadable: 0 });
        }
    }

    fn cut_off(&mut self, deliveries: &mut Vec<Delivery>) {
        let Some(open) = self.open.take() else { return };
        self.truncated += 1;
        if open.begin.is_some_and(|(_, new)| new)
            && !self.applied.contains(&open.transaction)
            && self.stage == Stage::Complete
        {
            self.incomplete = Some(open.transaction);
        }
        self.release(&[], deliveries);
    }

    /// What has to wait for an END is stored, anything else goes out at once.
    fn defer(&mut self, offset: i64, what: Deferred, deliveries: &mut Vec<Delivery>) {
        self.tick_behind_loss |=
            self.lost.is_some() && matches!(&what, Deferred::Control { name, .. } if name == "tick");
        self.deferred.push((offset, what));
        if self.open.is_none() {
            self.release(&[], deliveries);
        }
    }

    /// What has waited goes out; a row only if the transaction has not written it again behind it.
    fn release(&mut self, written: &[(i64, Row)], deliveries: &mut Vec<Delivery>) {
        if self.lost.is_some() {
            return;
        }
        for (offset, what) in std::mem::take(&mut self.deferred) {
            match what {
                Deferred::Control { name, value } => {
                    self.deliver(offset, Contents::Control { name, value }, deliveries);
                }
                Deferred::Upsert(row) => {
                    let again = |(at, other): &(i64, Row)| {
                        *at > offset && other.table == row.table && other.id == row.id
                    };
                    if !written.iter().any(again) {
                        self.deliver(offset, Contents::Upsert(row), deliveries);
                    }
                }
            }
        }
    }

    fn end(
        &mut self,
        offset: i64,
        transaction: u64,
        position: i64,
        count: u64,
        time: DateTime<Utc>,
        deliveries: &mut Vec<Delivery>,
    ) {
        let unreadable = self.open.take().map_or(0, |open| open.unreadable);
        let rows = self.pending.remove(&transaction).unwrap_or_default();
        let missing = (1..=count).filter(|number| !rows.contains_key(number)).count();
        let is_new = self.high.is_none_or(|(high, _)| position > high);
        let mut written = Vec::new();
        if self.lost.is_some() {
            return;
        } else if !is_new || self.applied.contains(&transaction) {
            self.repeats += 1;
            if self.high.is_some_and(|(_, latest)| time > latest) {
                return self.lose(offset);
            }
        } else if missing > unreadable {
            if self.stage != Stage::Waiting {
                return self.lose(offset);
            }
        } else if self.incomplete.is_some_and(|cut_off| cut_off != transaction) {
            return self.lose(offset);
        } else {
            self.incomplete = None;
            self.transactions += 1;
            self.applied.insert(transaction);
            self.high = Some((position, self.high.map_or(time, |(_, latest)| latest.max(time))));
            written = self.last_versions(rows);
            let rows = written.iter().map(|(_, row)| row.clone()).collect();
            self.deliver(offset, Contents::Transaction { rows, time }, deliveries);
        }
        self.release(&written, deliveries);
    }

    /// Each row in its last version. One that is spoiled has to have become a dead letter, and changes nothing.
    fn last_versions(&mut self, rows: BTreeMap<u64, Numbered>) -> Vec<(i64, Row)> {
        let mut last: BTreeMap<(String, String), Numbered> = BTreeMap::new();
        for numbered in rows.into_values() {
            last.insert((numbered.row.table.clone(), numbered.row.id.clone()), numbered);
        }
        let (spoiled, good): (Vec<_>, Vec<_>) = last.into_values().partition(|numbered| numbered.spoiled);
        self.dead_letters.extend(spoiled.into_iter().map(|numbered| numbered.copies));
        good.into_iter()
            .map(|numbered| (numbered.offset, numbered.row))
            .filter(|(_, row)| row.wanted)
            .collect()
    }

    fn lose(&mut self, offset: i64) {
        if self.stage == Stage::Waiting {
            return;
        }
        self.losses += 1;
        self.lost = Some(offset);
        self.open = None;
    }
}
