//! Values that the connector does not send, because PostgreSQL stores them out of line and they did not change.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::torn::{Chance, Record};

/// Columns of a customer that may be stored out of line.
const LONG: [&str; 5] = ["name", "email", "street", "city", "credit_limit"];

/// Takes values out of a log that was complete.
#[derive(Default)]
pub struct Unavailable {
    /// The last image of each customer, by key.
    last: HashMap<Vec<u8>, Value>,
    /// What became of a record: it is emitted again as it was.
    known: HashMap<Vec<u8>, Vec<u8>>,
}

impl Unavailable {
    /// Looks at what was truly written, and takes out of some changes what did not change.
    pub fn learn(&mut self, records: &[Record], chance: &mut Chance) {
        for record in records {
            let Some(bytes) = &record.value else { continue };
            let mut value: Value = serde_json::from_slice(bytes).unwrap();
            if value["source"]["table"] != "res_partner" {
                continue;
            }
            let image = value["after"].clone();
            let before = self.last.insert(record.key.clone(), image.clone()).unwrap_or_default();
            if value["op"] != "u" || chance.once_in(2) {
                continue;
            }
            for column in LONG {
                if image[column].is_string() && image[column] == before[column] {
                    value["after"][column] = json!("__debezium_unavailable_value");
                }
            }
            self.known.insert(bytes.clone(), value.to_string().into_bytes());
        }
    }

    /// Nothing is known of any row: what comes next comes whole.
    pub fn forget(&mut self) {
        self.last.clear();
    }

    /// A record as the connector emits it.
    pub fn emitted(&self, record: Record) -> Record {
        let value = record.value.map(|value| self.known.get(&value).cloned().unwrap_or(value));
        Record { value, ..record }
    }
}
