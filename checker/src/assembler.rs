//! What of a log counts: an understanding of transactions and snapshots of its own.
//!
//! Rows are kept by transaction and number, whichever copy of the transaction brought them. At the first END at which all numbers
//! are there the transaction counts; whatever comes of it later is a repeat.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::log::{Entry, Kind, Poison, Row, Snapshot};

/// How much of a snapshot has been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Waiting,
    Running,
    Complete,
}

/// A piece that counts as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// The record that closes it.
    pub(crate) offset: i64,
    pub(crate) what: What,
    /// Whether the last snapshot was complete when it came.
    pub(crate) complete: bool,
}

/// What a unit brings.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// Rows in order, and the commit time.
    Transaction { rows: Vec<Row>, time: DateTime<Utc> },
    /// A row of a snapshot; the first one of its table in this snapshot begins the table anew.
    SnapshotRow { row: Row, anew: bool },
    /// Tables that the snapshot did not bring and that are empty therefore, and its time.
    SnapshotEnd { empty: Vec<String>, time: Option<DateTime<Utc>> },
    /// A row of an incremental snapshot.
    Upsert(Row),
    /// A control record.
    Control { name: String, value: Value },
}

/// The tables that every Odoo database has.
const BASE: [&str; 4] = ["res_company", "res_partner", "res_currency", "account_account"];

/// A row of a transaction, and where it was.
#[derive(Clone, Debug)]
struct Numbered {
    offset: i64,
    /// All offsets at which this very row was emitted.
    copies: Vec<i64>,
    row: Row,
    poison: bool,
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
    owed: Option<u64>,
    /// Between BEGIN and END, or behind a loss.
    deferred: Vec<(i64, Deferred)>,
    /// Offsets of dead letters that have to be there; of each of these groups, one at least.
    pub(crate) letters: Vec<Vec<i64>>,
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
            owed: None,
            deferred: Vec::new(),
            letters: Vec::new(),
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
    pub(crate) fn read(&mut self, entry: Entry) -> Vec<Unit> {
        let mut units = Vec::new();
        let offset = entry.offset;
        let letter = entry.poison == Some(Poison::Letter);
        match entry.kind {
            Kind::Row(row) if row.snapshot == Snapshot::Incremental => {
                self.expect(letter, offset);
                if !letter && row.wanted {
                    self.defer(offset, Deferred::Upsert(row), &mut units);
                }
            }
            Kind::Row(row) if row.snapshot != Snapshot::No => {
                self.expect(letter, offset);
                self.snapshot_row(offset, row, letter, &mut units);
            }
            Kind::Row(row) => match row.place {
                Some((transaction, number)) => {
                    self.enter(transaction, None, &mut units);
                    if letter {
                        self.may.insert(offset);
                    }
                    let rows = self.pending.entry(transaction).or_default();
                    let mut copies = rows.remove(&number).map_or_else(Vec::new, |before| before.copies);
                    copies.push(offset);
                    rows.insert(number, Numbered { offset, copies, row, poison: letter });
                }
                None => self.expect(letter, offset),
            },
            Kind::Begin { transaction, position } => {
                self.cut_off(&mut units);
                let new = self.high.is_none_or(|(high, _)| position > high);
                self.enter(transaction, Some((offset, new)), &mut units);
            }
            Kind::End { transaction, position, count, time } => {
                self.enter(transaction, None, &mut units);
                self.end(offset, transaction, position, count, time, &mut units);
            }
            Kind::Control { name, value } => {
                self.expect(letter, offset);
                if !letter && matches!(name.as_str(), "tick" | "rules" | "request") {
                    self.defer(offset, Deferred::Control { name, value }, &mut units);
                }
            }
            Kind::Truncate => self.lose(offset),
            Kind::Nothing => self.expect(letter, offset),
            Kind::Unreadable => {
                self.expect(letter, offset);
                if let Some(open) = &mut self.open {
                    open.unreadable += 1;
                }
            }
        }
        units
    }

    /// A spoiled record outside of transactions has to become a letter, unless nothing is read there.
    fn expect(&mut self, letter: bool, offset: i64) {
        if letter && self.lost.is_none() {
            self.letters.push(vec![offset]);
        } else if letter {
            self.may.insert(offset);
        }
    }

    fn unit(&self, offset: i64, what: What, units: &mut Vec<Unit>) {
        units.push(Unit { offset, what, complete: self.stage == Stage::Complete });
    }

    /// This transaction is being read; another one that was open is cut off.
    fn enter(&mut self, transaction: u64, begin: Option<(i64, bool)>, units: &mut Vec<Unit>) {
        if self.open.as_ref().is_some_and(|open| open.transaction != transaction) {
            self.cut_off(units);
        }
        if self.open.is_none() {
            self.open = Some(Open { transaction, begin, unreadable: 0 });
        }
    }

    fn cut_off(&mut self, units: &mut Vec<Unit>) {
        let Some(open) = self.open.take() else { return };
        self.truncated += 1;
        if open.begin.is_some_and(|(_, new)| new)
            && !self.applied.contains(&open.transaction)
            && self.stage == Stage::Complete
        {
            self.owed = Some(open.transaction);
        }
        self.release(&[], units);
    }

    /// What has to wait for an END is kept, anything else goes out at once.
    fn defer(&mut self, offset: i64, what: Deferred, units: &mut Vec<Unit>) {
        self.tick_behind_loss |=
            self.lost.is_some() && matches!(&what, Deferred::Control { name, .. } if name == "tick");
        self.deferred.push((offset, what));
        if self.open.is_none() {
            self.release(&[], units);
        }
    }

    /// What has waited goes out; a row only if the transaction has not written it again behind it.
    fn release(&mut self, written: &[(i64, Row)], units: &mut Vec<Unit>) {
        if self.lost.is_some() {
            return;
        }
        for (offset, what) in std::mem::take(&mut self.deferred) {
            match what {
                Deferred::Control { name, value } => self.unit(offset, What::Control { name, value }, units),
                Deferred::Upsert(row) => {
                    let again = |(at, other): &(i64, Row)| {
                        *at > offset && other.table == row.table && other.id == row.id
                    };
                    if !written.iter().any(again) {
                        self.unit(offset, What::Upsert(row), units);
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
        units: &mut Vec<Unit>,
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
        } else if self.owed.is_some_and(|owed| owed != transaction) {
            return self.lose(offset);
        } else {
            self.owed = None;
            self.transactions += 1;
            self.applied.insert(transaction);
            self.high = Some((position, self.high.map_or(time, |(_, latest)| latest.max(time))));
            written = self.last_versions(rows);
            let rows = written.iter().map(|(_, row)| row.clone()).collect();
            self.unit(offset, What::Transaction { rows, time }, units);
        }
        self.release(&written, units);
    }

    /// Each row in its last version. One that is spoiled has to have become a letter, and changes nothing.
    fn last_versions(&mut self, rows: BTreeMap<u64, Numbered>) -> Vec<(i64, Row)> {
        let mut last: BTreeMap<(String, String), Numbered> = BTreeMap::new();
        for place in rows.into_values() {
            last.insert((place.row.table.clone(), place.row.id.clone()), place);
        }
        let (spoiled, good): (Vec<_>, Vec<_>) = last.into_values().partition(|place| place.poison);
        self.letters.extend(spoiled.into_iter().map(|place| place.copies));
        good.into_iter().map(|place| (place.offset, place.row)).filter(|(_, row)| row.wanted).collect()
    }

    fn lose(&mut self, offset: i64) {
        if self.stage == Stage::Waiting {
            return;
        }
        self.losses += 1;
        self.lost = Some(offset);
        self.open = None;
    }

    fn snapshot_row(&mut self, offset: i64, row: Row, letter: bool, units: &mut Vec<Unit>) {
        if row.snapshot == Snapshot::First {
            self.snapshots += 1;
            self.stage = Stage::Running;
            self.lost = None;
            self.brought.clear();
            self.open = None;
            self.pending.clear();
            self.applied.clear();
            self.high = None;
            self.owed = None;
            self.release(&[], units);
        }
        if self.lost.is_some() || self.stage != Stage::Running {
            return;
        }
        let (last, time) = (row.snapshot == Snapshot::Last, row.time);
        if row.wanted {
            let anew = self.brought.insert(row.table.clone());
            if !letter || anew {
                let row = Row { after: row.after.filter(|_| !letter), ..row };
                self.unit(offset, What::SnapshotRow { row, anew }, units);
            }
        }
        if last {
            self.stage = Stage::Complete;
            let all = BASE.iter().all(|table| self.brought.contains(*table));
            let missing = crate::log::TABLES.iter().filter(|table| all && !self.brought.contains(**table));
            let empty = missing.map(|table| (*table).to_owned()).collect();
            self.unit(offset, What::SnapshotEnd { empty, time }, units);
        }
    }
}
