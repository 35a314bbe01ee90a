//! What a run's pipeline gets to read: a simulated company's torn log, with control records and poison in it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::DateTime;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};
use simulator::Settings;

use crate::poison::{FOREIGN, Poison};
use crate::support::{Processor, control_record};
use crate::torn::{Chance, Record, Torn};
use crate::unavailable::Unavailable;

/// A record, and what it is marked with where it is poison.
#[derive(Clone, Debug)]
pub struct Line {
    pub record: Record,
    /// For the checker, in header `poison`: `letter` where it has to become a dead letter, `harmless` where not.
    pub poison: Option<&'static str>,
}

impl From<Record> for Line {
    fn from(record: Record) -> Self {
        Self { record, poison: None }
    }
}

/// What may be mixed into it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mix {
    pub control: bool,
    pub poison: bool,
}

/// A log in pieces, each of which is published as a whole: the first one is a snapshot.
pub struct Feed {
    pieces: std::vec::IntoIter<Vec<Line>>,
    simulation: Torn,
    /// How often a transaction began in what was taken.
    begun: BTreeMap<String, usize>,
}

impl Feed {
    pub fn new(seed: u64, processor: &Processor, mix: Mix) -> Self {
        let start = DateTime::from_timestamp(1_767_571_200, 0).unwrap().date_naive();
        let settings = Settings {
            start,
            days: 18,
            customers: 14,
            orders_per_day: 4,
            companies: 1,
            ..Settings::default()
        };
        let (mut torn, mut chance, mut poison) =
            (Torn::new(seed, &settings), Chance::new(seed), Poison::new(seed, processor));
        let mut unavailable = Unavailable::default();
        let mut pieces: Vec<Vec<Line>> = Vec::new();
        while let Some(piece) = torn.next() {
            poison.learn(&piece.clean);
            unavailable.learn(&piece.clean, &mut chance);
            let time = piece.clean.last().map_or(0, |record| record.timestamp);
            let log = piece.log.into_iter().map(|record| unavailable.emitted(record).into());
            pieces.push(log.collect());
            if mix.control && piece.transaction && chance.once_in(25) {
                pieces.push(vec![(processor.control)(&mut chance, time).into()]);
            }
            if mix.poison && piece.transaction && chance.once_in(20) {
                pieces.push(poison.brew(&mut chance));
                // What was in a record that cannot be used is not known from it.
                unavailable.forget();
            }
        }
        Self { pieces: pieces.into_iter(), simulation: torn, begun: BTreeMap::new() }
    }

    /// How many pieces are left.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The next pieces.
    pub fn take(&mut self, pieces: usize) -> Vec<Vec<Line>> {
        let taken: Vec<Vec<Line>> = self.pieces.by_ref().take(pieces).collect();
        for transaction in taken.iter().flatten().filter_map(begins) {
            *self.begun.entry(transaction).or_default() += 1;
        }
        taken
    }

    /// Whether a transaction of a piece that was taken was there before: it was emitted again, and nobody misses what it lacks.
    pub fn is_again(&self, piece: &[Line]) -> bool {
        let mut transactions = piece.iter().filter_map(begins);
        transactions.any(|transaction| self.begun.get(&transaction).is_some_and(|times| *times > 1))
    }

    /// A new snapshot of what the simulation is at in the end. Nothing follows it.
    pub fn snapshot(&mut self) -> Vec<Line> {
        self.pieces = Vec::new().into_iter();
        self.simulation.snapshot().into_iter().map(Line::from).collect()
    }
}

/// The transaction that begins with a record.
fn begins(line: &Line) -> Option<String> {
    let value: Value = serde_json::from_slice(line.record.value.as_deref()?).ok()?;
    (value["status"] == "BEGIN").then(|| value["id"].as_str().map(str::to_owned))?
}

/// A tick: this time has come (milliseconds since 1970).
pub fn tick(time: i64) -> Line {
    let value = json!({ "time": DateTime::from_timestamp_millis(time).unwrap() });
    control_record("tick", &value, time).into()
}

/// Puts records into a topic and waits until they are there.
pub fn publish(servers: &str, topic: &str, lines: &[Line]) {
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", servers)
        .set("enable.idempotence", "true")
        .set("reconnect.backoff.max.ms", "500")
        .set("linger.ms", "1");
    let producer: BaseProducer = settings.create().unwrap();
    for Line { record, poison } in lines {
        let deployment = (*poison == Some(FOREIGN)).then_some("elsewhere");
        let texts = [("ce_type", record.kind), ("ce_deployment", deployment), ("poison", *poison)];
        let headers = texts.into_iter().fold(OwnedHeaders::new(), |headers, (key, value)| match value {
            Some(value) => headers.insert(Header { key, value: Some(value) }),
            None => headers,
        });
        let mut message =
            BaseRecord::to(topic).partition(0).key(&record.key).headers(headers).timestamp(record.timestamp);
        message.payload = record.value.as_ref();
        producer.send(message).map_err(|(error, _)| error).unwrap();
        producer.poll(Duration::ZERO);
    }
    producer.flush(Duration::from_mins(5)).unwrap();
}
