//! Rows of golden streams, and what is left of them when their columns hold something else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use crate::change::{Change, Op};
use crate::column::UNAVAILABLE;
use crate::format::Times;

/// A row of a golden stream.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    table: &'static str,
    key: String,
    image: Map<String, Value>,
}

/// A row with something else in some of its columns.
#[derive(Clone, Debug)]
pub(super) struct Garbage {
    pub(super) table: &'static str,
    key: String,
    image: Option<String>,
}

impl Sample {
    /// The row as it is.
    pub(super) fn whole(&self) -> Garbage {
        let image = Some(Value::Object(self.image.clone()).to_string());
        Garbage { table: self.table, key: self.key.clone(), image }
    }

    /// The row without the value of one of its texts, for each of them.
    pub(super) fn without_each_text(&self) -> impl Iterator<Item = Garbage> {
        let texts = self.image.iter().filter(|(_, value)| value.is_string()).map(|(column, _)| column);
        texts.map(|column| {
            let mut row = self.clone();
            row.image.insert(column.clone(), json!(UNAVAILABLE));
            row.whole()
        })
    }
}

impl Garbage {
    /// The change that brings it.
    pub(super) fn change(&self) -> Change<'_> {
        let Self { table, key, image } = self;
        let (op, image) = (image.as_ref().map_or(Op::Delete, |_| Op::Upsert), image.as_deref());
        Change { table, op, key, image, times: Times::default(), ignored_columns: 0.into() }
    }
}

/// A row of each table that is read, and of each shape that golden streams have it in.
pub(super) struct Samples(Vec<Sample>);

impl Samples {
    /// Reads those of a crate's `tests/golden/`.
    pub(super) fn read(crate_root: &str, tables: &'static [&'static str]) -> Self {
        let mut found = BTreeMap::new();
        let golden = Path::new(crate_root).join("tests/golden");
        let cases = fs::read_dir(&golden).unwrap_or_else(|error| panic!("{}: {error}", golden.display()));
        for case in cases.flatten() {
            let stream = fs::read_to_string(case.path().join("in.jsonl")).unwrap_or_default();
            for line in stream.lines() {
                let record: Value = serde_json::from_str(line).unwrap_or_default();
                let table = record["value"]["source"]["table"].as_str().unwrap_or_default();
                let table = tables.iter().copied().find(|known| *known == table);
                if let (Some(table), Some(image)) = (table, record["value"]["after"].as_object()) {
                    let columns: Vec<String> = image.keys().cloned().collect();
                    let sample = || Sample { table, key: record["key"].to_string(), image: image.clone() };
                    found.entry((table, columns)).or_insert_with(sample);
                }
            }
        }
        for table in tables {
            let sampled = found.keys().any(|(of, _)| of == table);
            assert!(sampled, "no golden stream has a row of {table}");
        }
        Self(found.into_values().collect())
    }

    /// Each of them.
    pub(super) fn all(&self) -> &[Sample] {
        &self.0
    }

    /// Rows in which some columns hold something else, or are not there; also of their keys; and deletions of such rows.
    pub(super) fn garbage(&self) -> impl Strategy<Value = Vec<Garbage>> + use<> {
        let changes = prop::collection::vec((any::<Index>(), value()), 0..4);
        let key = prop::option::weighted(0.1, value());
        let row = (select(self.0.clone()), changes, key, prop::bool::weighted(0.1));
        let row = row.prop_map(|(Sample { table, mut key, mut image }, changes, other_key, gone)| {
            if let Some(value) = other_key {
                key = value.map_or("{}".into(), |value| json!({ "id": value }).to_string());
            }
            for (index, value) in changes {
                let Some(column) = image.keys().nth(index.index(image.len().max(1))).cloned() else { break };
                match value {
                    Some(value) => _ = image.insert(column, value),
                    None => _ = image.remove(&column),
                }
            }
            Garbage { table, key, image: (!gone).then(|| Value::Object(image).to_string()) }
        });
        prop::collection::vec(row, 1..20)
    }
}

/// What a column may hold that nobody expects; `None` where the column is missing.
fn value() -> impl Strategy<Value = Option<Value>> {
    let numbers =
        [json!(0), json!(-1), json!(i32::MAX), json!(i64::MAX), json!(i64::MIN), json!(1e300), json!(0.1)];
    let texts = [
        json!(""),
        json!("x"),
        json!("NaN"),
        json!("99999999999999999999999999999"),
        json!("-0.00000000000000000000001"),
        json!("2026-02-30"),
        json!(UNAVAILABLE),
        json!("{\"en_US\": 7}"),
        json!("{\"1\": \"Infinity\"}"),
        json!("Ü\u{202e}\u{0}"),
    ];
    let others = [
        json!(null),
        json!(true),
        json!([]),
        json!({}),
        json!([1, [2]]),
        json!({ "scale": -9, "value": "!" }),
    ];
    prop_oneof![
        1 => Just(None),
        4 => select(numbers.to_vec()).prop_map(Some),
        4 => select(texts.to_vec()).prop_map(Some),
        3 => select(others.to_vec()).prop_map(Some),
        2 => any::<i32>().prop_map(|number| Some(json!(number))),
        2 => ".{0,12}".prop_map(|text| Some(json!(text))),
    ]
}
