//! What connectors do to a log: transactions cut off and emitted again, also from the middle of one and numbered anew; new snapshots,
//! between transactions and inside one, also by several threads; events that are nobody's among those that count.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use simulator::{DeliveryKind, Settings, Simulation};

/// A record of a log, its offset being its index in it.
#[derive(Clone, Debug)]
pub struct Record {
    pub key: Vec<u8>,
    pub value: Option<Vec<u8>>,
    pub timestamp: i64,
    /// What a control record is.
    pub kind: Option<&'static str>,
}

impl From<simulator::Record> for Record {
    fn from(record: simulator::Record) -> Self {
        Self { key: record.key, value: record.value, timestamp: record.timestamp_ms, kind: None }
    }
}

/// A small, seeded source of chance.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`. Splitmix64, <https://prng.di.unimi.it/splitmix64.c>.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A simulated company's log, piece by piece, torn on the way.
pub struct Torn {
    pub simulation: Simulation,
    chance: Chance,
    /// The last transactions, for connectors that were killed.
    recent: Vec<Vec<Record>>,
}

/// What the log gets next.
pub struct Piece {
    /// What goes into the log, torn or not.
    pub log: Vec<Record>,
    /// What has truly happened.
    pub clean: Vec<Record>,
    /// Whether it is a source transaction.
    pub transaction: bool,
}

impl Torn {
    pub fn new(seed: u64, settings: &Settings) -> Self {
        let simulation = Simulation::new(Settings { seed, ..settings.clone() });
        Self { simulation, chance: Chance::new(seed), recent: Vec::new() }
    }

    pub fn next(&mut self) -> Option<Piece> {
        if !self.recent.is_empty() && self.chance.once_in(150) {
            self.recent.clear();
            let clean = self.snapshot();
            let clean = self.by_threads(clean);
            // A connector may be killed while it takes a snapshot, and starts over.
            let begun = if self.chance.once_in(2) { self.chance.below(clean.len()) } else { 0 };
            let log = [&clean[..begun], &clean[..]].concat();
            return Some(Piece { log, clean, transaction: false });
        }
        let delivery = self.simulation.next_delivery()?;
        let transaction = delivery.kind == DeliveryKind::Transaction;
        let clean = records(delivery);
        if !transaction {
            let clean = with_country(clean);
            return Some(Piece { log: clean.clone(), clean, transaction });
        }
        let truth = clean.clone();
        let clean = self.with_others(clean);
        let mut log = Vec::new();
        match self.chance.below(14) {
            // The same by a connector that begins the transaction again, and numbers and counts what it still has of it.
            13 => {
                let until = 1 + self.chance.below(clean.len() - 1);
                let from = 1 + self.chance.below(until);
                log.extend_from_slice(&clean[..until]);
                log.push(clean[0].clone());
                log.extend(numbered_anew(&clean[1..from], &clean[from..]));
            }
            // Signalled while this transaction is read: the snapshot is of what comes of it.
            12 if self.chance.once_in(8) => {
                let read = 1 + self.chance.below(clean.len() - 1);
                log.extend_from_slice(&clean[..read]);
                log.extend(self.snapshot());
                log.extend_from_slice(&clean[read..]);
                self.recent.clear();
            }
            // Killed inside this transaction: it is cut off, and some before it come again.
            0 => {
                log.extend_from_slice(&clean[..self.chance.below(clean.len())]);
                if !self.recent.is_empty() && self.chance.once_in(2) {
                    // Killed once more while it emitted those: whole ones, then one that is cut off.
                    let again = self.chance.below(self.recent.len());
                    let last = again + self.chance.below(self.recent.len() - again);
                    log.extend(self.recent[again..last].iter().flatten().cloned());
                    let cut_off = &self.recent[last];
                    log.extend_from_slice(&cut_off[..self.chance.below(cut_off.len())]);
                }
                let again = self.chance.below(self.recent.len() + 1);
                for (n, transaction) in self.recent[again..].iter().enumerate() {
                    // The first may come from its middle, without its BEGIN.
                    let from = if n == 0 { self.chance.below(transaction.len()) } else { 0 };
                    log.extend_from_slice(&transaction[from..]);
                }
                log.extend_from_slice(&clean);
            }
            // Killed inside, and the offset was flushed there: the replay starts in the middle of the same transaction.
            1 => {
                let until = self.chance.below(clean.len());
                let from = self.chance.below(until + 1);
                log.extend_from_slice(&clean[..until]);
                log.extend_from_slice(&clean[from..]);
            }
            _ => log.extend_from_slice(&clean),
        }
        self.recent.push(clean.clone());
        if self.recent.len() > 8 {
            self.recent.remove(0);
        }
        Some(Piece { log, clean: truth, transaction })
    }

    /// A new snapshot of what the simulation is at.
    pub fn snapshot(&mut self) -> Vec<Record> {
        with_country(records(self.simulation.resnapshot()))
    }

    /// A transaction as it is captured: END counts messages and rows of tables that nobody reads, which come or are routed elsewhere.
    fn with_others(&mut self, mut clean: Vec<Record>) -> Vec<Record> {
        if !self.chance.once_in(6) {
            return clean;
        }
        let Some(end) = clean.pop() else { return clean };
        let mut marker = json(&end);
        let transaction = marker["id"].clone();
        let count = marker["event_count"].as_u64().unwrap();
        let (messages, notes) = (self.chance.below(3) as u64, self.chance.below(3) as u64);
        let is_here = self.chance.once_in(2);
        for n in (0..messages + notes).filter(|_| is_here) {
            let place =
                json!({ "id": transaction, "total_order": count + n + 1, "data_collection_order": n + 1 });
            let table = if n < messages { "" } else { "debezium_signal" };
            let source =
                json!({ "schema": "public", "table": table, "snapshot": "false", "ts_ms": end.timestamp });
            let value = if n < messages {
                json!({ "op": "m", "source": source, "message": { "prefix": "p", "content": "eA==" }, "transaction": place })
            } else {
                json!({ "op": "c", "before": null, "after": { "id": n }, "source": source, "transaction": place })
            };
            clean.push(Record {
                key: br#"{"id":1}"#.into(),
                value: Some(value.to_string().into()),
                ..end.clone()
            });
        }
        marker["event_count"] = (count + messages + notes).into();
        if let Some(counts) = marker["data_collections"].as_array_mut() {
            for (table, count) in [("LOGICAL_DECODING_MESSAGE", messages), ("public.debezium_signal", notes)]
            {
                counts.push(json!({ "data_collection": table, "event_count": count }));
            }
        }
        clean.push(Record { value: Some(marker.to_string().into()), ..end });
        clean
    }

    /// A snapshot as several threads write it, now and then: rows of one table among those of others.
    fn by_threads(&mut self, snapshot: Vec<Record>) -> Vec<Record> {
        if self.chance.once_in(2) {
            return snapshot;
        }
        let last = snapshot.len() - 1;
        let mut tables: Vec<(Value, VecDeque<Record>)> = Vec::new();
        for record in &snapshot[1..last] {
            let table = json(record)["source"]["table"].take();
            match tables.last_mut().filter(|(of, _)| *of == table) {
                Some((_, rows)) => rows.push_back(record.clone()),
                None => tables.push((table, [record.clone()].into())),
            }
        }
        let mut log = vec![snapshot[0].clone()];
        while !tables.is_empty() {
            let thread = self.chance.below(tables.len().min(3));
            log.extend(tables[thread].1.pop_front());
            tables.retain(|(_, rows)| !rows.is_empty());
        }
        log.push(snapshot[last].clone());
        log
    }
}

/// A snapshot has a country in it, as every database of Odoo has, and the simulation has not.
fn with_country(mut snapshot: Vec<Record>) -> Vec<Record> {
    let Some(first) = snapshot.first().filter(|record| json(record)["source"]["snapshot"] == "first") else {
        return snapshot;
    };
    let mut country = json(first);
    country["source"]["snapshot"] = "first_in_data_collection".into();
    country["source"]["table"] = "res_country".into();
    country["after"] = json!({ "id": 1, "code": "AD" });
    let value = Some(country.to_string().into());
    let country = Record { key: br#"{"id":1}"#.into(), value, ..first.clone() };
    snapshot.insert(1, country);
    snapshot
}

/// What is left of a transaction behind changes that were emitted before, as Debezium numbered and counted it before
/// <https://github.com/debezium/debezium/pull/7624>.
fn numbered_anew(before: &[Record], left: &[Record]) -> Vec<Record> {
    let table = |change: &Value| format!("public.{}", change["source"]["table"].as_str().unwrap_or_default());
    let mut emitted: BTreeMap<String, u64> = BTreeMap::new();
    // Behind a deletion stands a record without a value, which is no change.
    for change in before.iter().filter(|record| record.value.is_some()) {
        *emitted.entry(table(&json(change))).or_default() += 1;
    }
    let all: u64 = emitted.values().sum();
    let anew = |record: &Record| {
        if record.value.is_none() {
            return record.clone();
        }
        let mut value = json(record);
        let less = |of: &mut Value, by: u64| *of = (of.as_u64().unwrap() - by).into();
        if value["status"].is_null() {
            less(&mut value["transaction"]["total_order"], all);
        } else {
            less(&mut value["event_count"], all);
            for count in value["data_collections"].as_array_mut().into_iter().flatten() {
                let table = count["data_collection"].as_str().unwrap();
                let gone = emitted.get(table).copied().unwrap_or_default();
                less(&mut count["event_count"], gone);
            }
        }
        Record { value: Some(value.to_string().into()), ..record.clone() }
    };
    left.iter().map(anew).collect()
}

fn json(record: &Record) -> Value {
    serde_json::from_slice(record.value.as_deref().unwrap()).unwrap()
}

fn records(delivery: simulator::Delivery) -> Vec<Record> {
    delivery.records.into_iter().map(Record::from).collect()
}
