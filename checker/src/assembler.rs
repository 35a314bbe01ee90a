//! What of a log counts: an understanding of transactions and snapshots of its own.
//!
//! Rows are stored by transaction, position in the source's log and number, whichever copy of the transaction brought them: a
//! connector that was restarted may number what is left of one from 1 on, but positions stay. At the first END at which all that it
//! counts is there the transaction counts; whatever comes of it later is a repeat.

mod delivery;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::log::{Entry, Kind, Poison, Row, Snapshot};
use crate::unavailable::complete;

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

/// A row's place in its transaction: its position in the source's log, if that is known, and its number.
type Place = (Option<u64>, u64);

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
    /// The tables that the processor reads.
    tables: BTreeSet<&'static str>,
    /// Offset at which it was found that part of the log is lost …
    lost: Option<i64>,
    /// … and the tables whose rows are not known any more.
    doubtful: BTreeSet<&'static str>,
    brought: BTreeSet<String>,
    /// Tables that any snapshot has brought.
    captured: BTreeSet<String>,
    /// What counted instead of the last time that was too far ahead of its record.
    bounded: Option<DateTime<Utc>>,
    open: Option<Open>,
    pending: HashMap<u64, BTreeMap<Place, Numbered>>,
    /// Number, position and time of each that counted.
    applied: HashSet<(u64, i64, DateTime<Utc>)>,
    /// Highest position that counted since the last whole snapshot.
    high: Option<i64>,
    /// A transaction that was cut off and has to come again.
    incomplete: Option<u64>,
    /// Between BEGIN and END.
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
}

/// What an END says, and where.
struct End {
    offset: i64,
    /// Number, position and time.
    id: (u64, i64, DateTime<Utc>),
    count: u64,
    tables: Option<BTreeMap<String, u64>>,
    /// What counts instead of the time.
    bounded: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug)]
enum Deferred {
    Control { name: String, value: Value },
    Upsert(Row),
}

impl Assembler {
    /// One that has read nothing, of a processor that reads these tables.
    pub(crate) fn new(tables: &[&'static str]) -> Self {
        Self {
            stage: Stage::Waiting,
            tables: tables.iter().copied().collect(),
            lost: None,
            doubtful: BTreeSet::new(),
            brought: BTreeSet::new(),
            captured: BTreeSet::new(),
            bounded: None,
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
        }
    }

    /// Where part of the log was lost, if it has not come again since.
    pub(crate) fn lost(&self) -> Option<i64> {
        self.lost
    }

    /// The BEGIN of the transaction that is open.
    pub(crate) fn open_since(&self) -> Option<i64> {
        self.open.as_ref().and_then(|open| open.begin).map(|(offset, _)| offset)
    }

    /// Whether conclusions are drawn: a snapshot is complete, and nothing is lost.
    pub(crate) fn decides(&self) -> bool {
        self.stage == Stage::Complete && self.doubtful.is_empty()
    }

    /// Takes the next record; answers what is whole now.
    pub(crate) fn read(&mut self, entry: Entry) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        let offset = entry.offset;
        let spoiled = entry.poison == Some(Poison::DeadLetter);
        let bounded = entry.bounded().filter(|_| !spoiled);
        match entry.kind {
            Kind::Row(row) if row.snapshot == Snapshot::Incremental => {
                self.expect(spoiled, offset);
                if !spoiled && row.wanted {
                    self.defer(offset, Deferred::Upsert(row), &mut deliveries);
                }
            }
            Kind::Row(row) if row.snapshot != Snapshot::No => {
                self.expect(spoiled, offset);
                let time = self.bound(row.time, bounded);
                self.snapshot_row(offset, Row { time, ..row }, spoiled, &mut deliveries);
            }
            Kind::Row(row) => match row.order {
                Some((transaction, number)) => {
                    self.enter(offset, transaction, None, &mut deliveries);
                    if spoiled {
                        self.may.insert(offset);
                    }
                    let rows = self.pending.entry(transaction).or_default();
                    let place = (row.position, number);
                    let mut copies = rows.remove(&place).map_or_else(Vec::new, |before| before.copies);
                    copies.push(offset);
                    rows.insert(place, Numbered { offset, copies, row, spoiled });
                }
                None => self.expect(spoiled, offset),
            },
            Kind::Begin { transaction, position } => {
                self.cut_off(&mut deliveries);
                let new = self.high.is_none_or(|high| position > high);
                self.enter(offset, transaction, Some((offset, new)), &mut deliveries);
            }
            Kind::End { transaction, position, count, tables, time } => {
                self.enter(offset, transaction, None, &mut deliveries);
                let end = End { offset, id: (transaction, position, time), count, tables, bounded };
                self.end(end, &mut deliveries);
            }
            Kind::Control { name, mut value } => {
                self.expect(spoiled, offset);
                if bounded.is_some() {
                    value["time"] = json!(self.bound(None, bounded));
                }
                if !spoiled && matches!(name.as_str(), "tick" | "rules" | "request") {
                    self.defer(offset, Deferred::Control { name, value }, &mut deliveries);
                }
            }
            Kind::Truncate { table } => self.lose(offset, |name| *name == table),
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

    /// A spoiled record outside of transactions has to become a dead letter.
    fn expect(&mut self, spoiled: bool, offset: i64) {
        if spoiled {
            self.dead_letters.push(vec![offset]);
        }
    }

    /// The time that counts: that of the record itself where the one that it says is too late.
    fn bound(
        &mut self,
        time: Option<DateTime<Utc>>,
        bounded: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        if bounded.is_none() {
            return time;
        }
        self.bounded = bounded;
        bounded
    }

    fn deliver(&self, offset: i64, contents: Contents, deliveries: &mut Vec<Delivery>) {
        deliveries.push(Delivery { offset, contents, complete: self.decides() });
    }

    /// This transaction is being read; another one that was open is cut off.
    fn enter(
        &mut self,
        offset: i64,
        transaction: u64,
        begin: Option<(i64, bool)>,
        deliveries: &mut Vec<Delivery>,
    ) {
        if self.open.as_ref().is_some_and(|open| open.transaction != transaction) {
            self.cut_off(deliveries);
        }
        if self.stage == Stage::Running && self.open.is_none() {
            // A snapshot broke off, and the stream goes on.
            let (first_ever, brought) = (self.captured.is_empty(), self.brought.clone());
            self.stage = Stage::Complete;
            self.lose(offset, |table| first_ever || brought.contains(*table));
        }
        if self.open.is_none() {
            self.open = Some(Open { transaction, begin, unreadable: 0 });
        }
    }

    fn cut_off(&mut self, deliveries: &mut Vec<Delivery>) {
        let Some(open) = self.open.take() else { return };
        self.truncated += 1;
        if open.begin.is_some_and(|(_, new)| new)
            && !self.applied.iter().any(|(transaction, ..)| *transaction == open.transaction)
            && self.stage == Stage::Complete
        {
            self.incomplete = Some(open.transaction);
        }
        self.release(&[], deliveries);
    }

    /// What has to wait for an END is stored, anything else goes out at once.
    fn defer(&mut self, offset: i64, what: Deferred, deliveries: &mut Vec<Delivery>) {
        self.deferred.push((offset, what));
        if self.open.is_none() {
            self.release(&[], deliveries);
        }
    }

    /// What has waited goes out; a row only if the transaction has not written it again behind it.
    fn release(&mut self, written: &[(i64, Row)], deliveries: &mut Vec<Delivery>) {
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

    fn end(&mut self, end: End, deliveries: &mut Vec<Delivery>) {
        let End { offset, id, count, tables, bounded } = end;
        let (transaction, position, time) = id;
        let unreadable = self.open.take().map_or(0, |open| open.unreadable);
        let rows = self.pending.remove(&transaction).unwrap_or_default();
        let missing = self.missing(&rows, count, tables.as_ref(), unreadable);
        let mut written = Vec::new();
        if self.applied.contains(&id) {
            self.repeats += 1;
        } else if self.stage == Stage::Waiting && !missing.is_empty() {
            // It is in the snapshot that has to come.
        } else {
            let passed = self.high.is_some_and(|high| position <= high);
            let owed = self.incomplete.take().is_some_and(|cut_off| cut_off != transaction);
            self.lose(offset, |table| passed || owed || missing.contains(*table));
            self.transactions += 1;
            self.applied.insert(id);
            self.high = self.high.max(Some(position));
            written = self.last_versions(rows);
            let rows = written.iter().map(|(_, row)| row.clone()).collect();
            let time = self.bound(Some(time), bounded).unwrap_or(time);
            self.deliver(offset, Contents::Transaction { rows, time }, deliveries);
        }
        self.release(&written, deliveries);
    }

    /// The tables of which not all changes are there.
    fn missing(
        &self,
        rows: &BTreeMap<Place, Numbered>,
        count: u64,
        tables: Option<&BTreeMap<String, u64>>,
        unreadable: usize,
    ) -> BTreeSet<&'static str> {
        let Some(counts) = tables else {
            let numbers: BTreeSet<_> = rows.keys().map(|(_, number)| *number).collect();
            let missing = (1..=count).filter(|number| !numbers.contains(number)).count();
            return if missing > unreadable { self.tables.clone() } else { BTreeSet::new() };
        };
        let gap = |table: &str| {
            let here =
                rows.values().filter(|numbered| numbered.row.wanted && numbered.row.table == table).count();
            usize::try_from(counts.get(table).copied().unwrap_or(0))
                .unwrap_or(usize::MAX)
                .saturating_sub(here)
        };
        let gaps: BTreeMap<_, _> = self.tables.iter().map(|table| (*table, gap(table))).collect();
        if gaps.values().sum::<usize>() <= unreadable {
            return BTreeSet::new();
        }
        gaps.into_iter().filter(|(_, gap)| *gap > 0).map(|(table, _)| table).collect()
    }

    /// Each row in its last version. One that is spoiled has to have become a dead letter, and changes nothing.
    fn last_versions(&mut self, rows: BTreeMap<Place, Numbered>) -> Vec<(i64, Row)> {
        let mut last: BTreeMap<(String, String), Numbered> = BTreeMap::new();
        for mut numbered in rows.into_values() {
            let key = (numbered.row.table.clone(), numbered.row.id.clone());
            let before = last.get(&key).and_then(|before| before.row.after.as_deref());
            numbered.row.after = numbered.row.after.map(|after| complete(after, before));
            last.insert(key, numbered);
        }
        let (spoiled, good): (Vec<_>, Vec<_>) = last.into_values().partition(|numbered| numbered.spoiled);
        self.dead_letters.extend(spoiled.into_iter().map(|numbered| numbered.copies));
        good.into_iter()
            .map(|numbered| (numbered.offset, numbered.row))
            .filter(|(_, row)| row.wanted)
            .collect()
    }

    /// The rows of some tables are not known any more.
    fn lose(&mut self, offset: i64, doubtful: impl Fn(&&'static str) -> bool) {
        let tables: Vec<_> = self.tables.iter().copied().filter(|table| doubtful(table)).collect();
        if self.stage == Stage::Waiting || tables.is_empty() {
            return;
        }
        self.losses += 1;
        self.lost.get_or_insert(offset);
        self.doubtful.extend(tables);
    }
}
