//! What the writer does with units, without Postgres: everything goes through the processor's working state, and whatever
//! would be stored has to be something that Postgres can store.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use contract::{Outbox, RuleSet};
use credit::domain::Ledger;
use credit::event::Event;
use credit::store::Tables;
use ledgerwell::clock;
use ledgerwell::dead_letter::decision::Decision;
use ledgerwell::feed::{Bulk, Control, Input, Snapshot, Step, Unit, decode_alone};

/// The writer decides at the start of each day on the way to a later time. Here only so many of them are, or an absurd time
/// would cost more than everything else.
const DAYS: usize = 3;

/// The working state of `credit`, and the unit's clock.
pub struct Fold {
    ledger: Ledger,
    outbox: Outbox,
    clock: Option<DateTime<Utc>>,
}

impl Fold {
    /// Nothing is known yet; days begin in `zone`.
    pub fn new(zone: Tz) -> Self {
        Self { ledger: Ledger::new(Tables::default(), zone, None), outbox: Outbox::default(), clock: None }
    }

    /// Folds a unit, as `runner::Writer` does.
    pub fn fold(&mut self, unit: Unit<Event>) {
        let complete = unit.progress.snapshot == Snapshot::Complete;
        if let Some(high) = unit.progress.high {
            storable_time(clock::from_millis(high.time));
        }
        match unit.step {
            Step::Transaction { rows, time } => {
                let now = self.reach(time, complete);
                self.apply(rows);
                if complete {
                    self.ledger.decide(now, &mut self.outbox);
                }
            }
            Step::Part { rows, time } => {
                self.reach(time, complete);
                self.apply(rows);
            }
            Step::Snapshot { begins, rows } => {
                for (table, _) in &begins {
                    self.ledger.forget(table);
                }
                self.apply(rows);
            }
            Step::SnapshotEnd { absent, time } => {
                for table in absent {
                    self.ledger.forget(table);
                }
                let now = self.reach(time, false);
                self.ledger.decide(now, &mut self.outbox);
            }
            Step::Control { control, .. } => self.control(control, complete),
            Step::Begin | Step::Unreadable { .. } | Step::Advance | Step::Large { .. } => {}
        }
        self.check_news();
    }

    fn control(&mut self, control: Control, complete: bool) {
        let now = self.clock.unwrap_or_default();
        match control {
            Control::Tick(tick) => {
                if self.clock.is_none_or(|clock| clock < tick.time) {
                    self.reach(tick.time.timestamp_millis(), complete);
                    if complete {
                        self.ledger.decide(tick.time, &mut self.outbox);
                    }
                }
            }
            Control::Rules(rules) => {
                if self.rules(&rules) && complete {
                    self.ledger.decide(now, &mut self.outbox);
                }
            }
            Control::Request(mut request) => {
                match Decision::read(&mut request) {
                    None => {
                        self.ledger.request(&request, now, &mut self.outbox);
                    }
                    Some(Ok(decision)) => self.replay(&decision),
                    Some(Err(_)) => {}
                }
                storable_time(request.time);
                storable(&request.person);
                storable_json(&request.arguments.to_string());
                if complete {
                    self.ledger.decide(now, &mut self.outbox);
                }
            }
        }
    }

    fn rules(&mut self, rules: &RuleSet) -> bool {
        self.ledger.rules(rules).is_ok()
    }

    fn replay(&mut self, decision: &Decision) {
        let Some(record) = &decision.arguments.record else { return };
        let input = Input {
            offset: decision.arguments.offset,
            timestamp: 0,
            key: record.key.as_deref().map(str::as_bytes),
            value: record.value.as_deref().map(str::as_bytes),
            kind: None,
        };
        if let Ok((_, Some(event))) = decode_alone(credit::event::TABLES, credit::event::decode, &input) {
            self.ledger.apply(event);
        }
    }

    fn reach(&mut self, time: i64, complete: bool) -> DateTime<Utc> {
        if time == i64::MIN && self.clock.is_none() {
            return DateTime::UNIX_EPOCH;
        }
        let time = clock::from_millis(time);
        let now = self.clock.map_or(time, |clock| clock.max(time));
        for _ in 0..DAYS {
            let Some(due) = self.ledger.next_due().filter(|due| complete && *due <= now) else { break };
            self.ledger.decide(due, &mut self.outbox);
        }
        storable_time(now);
        self.clock = Some(now);
        now
    }

    fn apply(&mut self, rows: Bulk<Event>) {
        assert!(rows.events.len() + rows.letters.len() <= rows.keys.len() + rows.letters.len());
        for event in rows.events {
            self.ledger.apply(event);
        }
    }

    /// Events, and decisions as they are written down.
    fn check_news(&mut self) {
        for event in self.outbox.take() {
            storable_json(&event.data);
            storable_time(event.time);
        }
        for audit in self.outbox.take_audits() {
            storable(&audit.reasoning);
            storable_json(&audit.input);
            storable_json(&audit.output);
            storable_time(audit.time);
        }
    }

    /// The end: all rows are what Postgres can store.
    pub fn finish(self) {
        let tables = &self.ledger.tables;
        tables.partners.iter().for_each(|row| storable(&row.name));
        tables.currencies.iter().for_each(|row| storable(&row.name));
        tables.orders.iter().filter_map(|row| row.ships_at).for_each(|time| storable_date(time.date_naive()));
        tables.items.iter().filter_map(|row| row.due).for_each(storable_date);
        tables.invoices.iter().filter_map(|row| row.day).for_each(storable_date);
        tables.settlements.iter().for_each(|row| storable_date(row.day));
        tables.rates.iter().for_each(|row| storable_date(row.day));
        for hold in tables.holds.iter() {
            [hold.exempt_until, hold.raised_until].into_iter().flatten().for_each(storable_date);
            hold.note.iter().for_each(|note| storable(note));
        }
        tables.scores.iter().for_each(|row| assert!(row.customer_name.chars().count() <= 255));
    }
}

/// Postgres cannot store NUL.
fn storable(text: &str) {
    assert!(!text.contains('\0'), "text with a NUL would be stored");
}

/// In JSON, Postgres cannot store the escape of NUL either, unless it is a backslash that is escaped itself.
fn storable_json(json: &str) {
    storable(json);
    for (at, _) in json.match_indices("\\u0000") {
        let backslashes = json[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        assert!(backslashes % 2 == 1, "JSON with a NUL would be stored");
    }
}

/// A clock is also written down in JSON, which Postgres reads back; there years have four digits.
fn storable_time(time: DateTime<Utc>) {
    assert!((1..=9_999).contains(&time.year()), "a time in the year {} would be stored", time.year());
}

/// Postgres' calendar begins in -4713, and ends later than ours.
fn storable_date(date: NaiveDate) {
    assert!(date.year() > -4_713, "a date in the year {} would be stored", date.year());
}
