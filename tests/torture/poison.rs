//! Records that no connector should write, of every kind.

use serde_json::{Value, json};

use crate::feed::Line;
use crate::support::Processor;
use crate::torn::{Chance, Record};

/// What another deployment wrote: nothing to this one, whatever it is.
pub const FOREIGN: &str = "foreign";

/// Knows enough of the log to spoil it: the last customer and the last commit.
pub struct Poison {
    customer: Option<Record>,
    commit: u64,
    time: i64,
    transactions: u64,
    /// Two columns of a customer that the processor reads, and values that neither can have.
    columns: [(&'static str, Value); 2],
}

impl Poison {
    /// One that knows nothing. Runs differ in the ids of its transactions.
    pub fn new(seed: u64, processor: &Processor) -> Self {
        let columns = (processor.poison)();
        Self { customer: None, commit: 0, time: 0, transactions: 4_000_000_000 + seed * 1_000, columns }
    }

    /// Looks at what was truly written.
    pub fn learn(&mut self, records: &[Record]) {
        for record in records {
            let Some(value) = &record.value else { continue };
            let value: Value = serde_json::from_slice(value).unwrap();
            if value["status"] == "END" {
                let (_, commit) = value["id"].as_str().unwrap().split_once(':').unwrap();
                self.commit = commit.parse().unwrap();
                self.time = value["ts_ms"].as_i64().unwrap();
            }
            if value["source"]["table"] == "res_partner" && value["op"] != "d" {
                self.customer = Some(record.clone());
            }
        }
    }

    /// One of its kinds.
    pub fn brew(&mut self, chance: &mut Chance) -> Vec<Line> {
        let dead_letter = |key: &[u8], value: &[u8], kind| vec![self.line(key, value, kind, Some("letter"))];
        let harmless = |key: &[u8], value: &[u8], kind| vec![self.line(key, value, kind, Some("harmless"))];
        match chance.below(14) {
            0 => dead_letter(b"{\"id\":1}", b"no JSON at all", None),
            1 => dead_letter(
                b"{\"id\":1}",
                b"{\"before\":null,\"after\":{\"id\":1,\"name\":\"\xff\xfe\"},\"op\":\"u\"}",
                None,
            ),
            2 => dead_letter(b"{\"id\":1}", "[".repeat(50_000).as_bytes(), None),
            3 => dead_letter(b"ledgerwell", b"{\"time\":\"yesterday\"}", Some("tick")),
            4 => dead_letter(b"ledgerwell", b"{\"id\":7}", Some("request")),
            5 => {
                dead_letter(b"{\"id\":1}", br#"{"op":"x","source":{"table":"res_partner","ts_ms":1}}"#, None)
            }
            6 => harmless(b"{\"id\":1}", br#"{"ts_ms":5}"#, None),
            7 => harmless(b"ledgerwell", b"{}", Some("weather")),
            8 => vec![Line {
                record: Record { key: b"{\"id\":1}".to_vec(), value: None, timestamp: self.time, kind: None },
                poison: Some("harmless"),
            }],
            n @ 9..=10 => {
                let (column, value) = self.columns[n - 9].clone();
                self.transaction(|row| row[column] = value)
            }
            11 => vec![self.line(b"ledgerwell", br#"{"rules":[]}"#, Some("rules"), Some(FOREIGN))],
            12 => vec![self.line(b"ledgerwell", b"{\"id\":7}", Some("request"), Some(FOREIGN))],
            _ => {
                let (column, _) = self.columns[1];
                self.transaction(|row| row[column] = json!({ "of": ["another", "kind"] }))
            }
        }
    }

    fn line(
        &self,
        key: &[u8],
        value: &[u8],
        kind: Option<&'static str>,
        poison: Option<&'static str>,
    ) -> Line {
        let record = Record { key: key.to_vec(), value: Some(value.to_vec()), timestamp: self.time, kind };
        Line { record, poison }
    }

    /// A transaction that spoils the last customer, between the last one and the next.
    fn transaction(&mut self, spoil: impl FnOnce(&mut Value)) -> Vec<Line> {
        let Some(customer) = self.customer.clone() else { return Vec::new() };
        self.transactions += 1;
        let id = |position: u64| format!("{}:{}", self.transactions, self.commit + position);
        let marker = |status: &str, position: u64, count: Option<u32>| {
            let key = json!({ "id": id(position) }).to_string();
            let value =
                json!({ "status": status, "id": id(position), "event_count": count, "ts_ms": self.time });
            self.line(key.as_bytes(), value.to_string().as_bytes(), None, None)
        };
        let mut value: Value = serde_json::from_slice(customer.value.as_deref().unwrap()).unwrap();
        spoil(&mut value["after"]);
        value["op"] = json!("u");
        value["source"]["snapshot"] = json!("false");
        value["transaction"] = json!({ "id": id(2), "total_order": 1, "data_collection_order": 1 });
        let row = self.line(&customer.key, value.to_string().as_bytes(), None, Some("letter"));
        let lines = vec![marker("BEGIN", 1, None), row, marker("END", 3, Some(1))];
        self.commit += 3;
        lines
    }
}
