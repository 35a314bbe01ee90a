//! A seeded Odoo company that writes the change events a real Odoo 18 database writes through Debezium.
//!
//! The same [`Settings`] give the same bytes on every machine and in every release. The company quotes,
//! delivers, invoices, is paid late, merges duplicates and corrects mistakes; every transaction is written
//! as the connector would emit it, with the half-finished row versions and the chatter of a real feed.
//!
//! Besides this usual business there is a rarer one with random numbers of its own: down payments by invoice and at the till,
//! orders by the dozen, expenses put on orders, invoices with a line that nobody ordered, small differences and bad debts that
//! are written off, payments without an entry, credit notes that are paid out, and credit limits of a branch.

mod agenda;
mod books;
mod calendar;
mod money;
mod names;
mod random;
mod stories;
mod tables;
mod truth;
mod wire;

use std::collections::VecDeque;

use chrono::NaiveDate;

pub use truth::{PartnerTruth, Truth};

use crate::agenda::{Agenda, Business};
use crate::books::Books;
use crate::calendar::{Micros, SECOND, day_of, midnight};
use crate::random::Random;
use crate::wire::envelope::Recorder;

/// Records in one delivery of the initial snapshot.
const SNAPSHOT_CHUNK: usize = 2_000;
/// Days of business before the first snapshot, so that it holds open documents.
const PAST_DAYS: i32 = 12;
/// What the seed is changed by for the further business.
const FURTHER_SEED: u64 = 0x6675_7274_6865_7221;

/// The size and time of the simulated company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Everything random follows from it.
    pub seed: u64,
    /// The first day that is written as changes; what happened before is in the snapshot.
    pub start: NaiveDate,
    /// How many days are simulated.
    pub days: u32,
    /// Customers at the start; some more come with time.
    pub customers: u32,
    /// Quotations on a working day.
    pub orders_per_day: u32,
    /// Root companies; the first has a branch besides.
    pub companies: u32,
    /// Customers, the first ones, that pay ever later: a day more every second day. Each has a limit that is ample at first, and
    /// so has the same number behind them that pay like everybody else.
    pub slipping: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            start: NaiveDate::from_ymd_opt(2026, 1, 5).unwrap_or_default(),
            days: 90,
            customers: 300,
            orders_per_day: 25,
            companies: 1,
            slipping: 0,
        }
    }
}

/// One Kafka record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The key's JSON.
    pub key: Vec<u8>,
    /// The value's JSON; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The record's time in milliseconds: when its transaction committed.
    pub timestamp_ms: i64,
}

/// What a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryKind {
    /// Rows of a snapshot.
    Snapshot,
    /// One source transaction with its markers.
    Transaction,
}

/// Records that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Snapshot rows or a transaction.
    pub kind: DeliveryKind,
    /// The records in order.
    pub records: Vec<Record>,
    /// When the transaction committed, or the snapshot was read, in milliseconds.
    pub commit_ms: i64,
}

/// The running company.
pub struct Simulation {
    settings: Settings,
    /// The random numbers of the business that is done now.
    random: Random,
    /// Those of the other one.
    other_random: Random,
    business: Business,
    books: Books,
    out: Recorder,
    agenda: Agenda,
    numbers: stories::Numbers,
    /// The start of the current transaction.
    now: Micros,
    /// The commit of the last transaction.
    committed: Micros,
    user: u8,
    /// The first instant that is not simulated any more.
    end: Micros,
    snapshot: VecDeque<Delivery>,
    pending: VecDeque<Record>,
    records: u64,
    transactions: u64,
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Simulation").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Simulation {
    /// Founds the company and lives through its past, which only the snapshot will show.
    pub fn new(settings: Settings) -> Self {
        let start = day_of(settings.start);
        let first = start - PAST_DAYS;
        let random = Random::new(settings.seed);
        let other_random = Random::new(settings.seed ^ FURTHER_SEED);
        let end = midnight(start + i32::try_from(settings.days).unwrap_or(i32::MAX - start));
        let mut simulation = Self {
            settings,
            random,
            other_random,
            business: Business::Usual,
            books: Books::default(),
            out: Recorder::new(),
            agenda: Agenda::default(),
            numbers: stories::Numbers::default(),
            now: midnight(first) - SECOND,
            committed: 0,
            user: 2,
            end,
            snapshot: VecDeque::new(),
            pending: VecDeque::new(),
            records: 0,
            transactions: 0,
        };
        simulation.found(first);
        simulation.live_until(midnight(start));
        simulation.out.unmute();
        simulation.committed = simulation.committed.max(midnight(start));
        let delivery = simulation.read_snapshot();
        simulation.split(delivery);
        simulation
    }

    /// The next delivery: first the initial snapshot in several ones, then source transactions in commit
    /// order; `None` when the days are over.
    pub fn next_delivery(&mut self) -> Option<Delivery> {
        let delivery = if let Some(delivery) = self.snapshot.pop_front() {
            delivery
        } else {
            let delivery = self.next_transaction()?;
            self.transactions += 1;
            delivery
        };
        self.records += delivery.records.len() as u64;
        Some(delivery)
    }

    /// A complete new snapshot of the current state of all tables, as a connector emits it after a lost
    /// stretch of the log. Call it between deliveries. What remained of the initial snapshot is dropped: it is
    /// older.
    pub fn resnapshot(&mut self) -> Delivery {
        self.snapshot.clear();
        let delivery = self.read_snapshot();
        self.records += delivery.records.len() as u64;
        delivery
    }

    /// What must be true now, from the simulator's own books.
    pub fn truth(&self) -> Truth {
        Truth {
            as_of_ms: self.committed / 1000,
            records: self.records,
            transactions: self.transactions,
            partners: truth::partners(&self.books),
        }
    }

    fn read_snapshot(&mut self) -> Delivery {
        self.committed += SECOND;
        self.out.snapshot(self.committed, &self.books)
    }

    fn split(&mut self, delivery: Delivery) {
        let mut records = delivery.records.into_iter().peekable();
        while records.peek().is_some() {
            let records = records.by_ref().take(SNAPSHOT_CHUNK).collect();
            self.snapshot.push_back(Delivery { kind: delivery.kind, records, commit_ms: delivery.commit_ms });
        }
    }
}

impl Iterator for Simulation {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            if let Some(record) = self.pending.pop_front() {
                return Some(record);
            }
            self.pending = self.next_delivery()?.records.into();
        }
    }
}
