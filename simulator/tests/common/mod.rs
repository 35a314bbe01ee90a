//! A reader of the feed that knows nothing of how it was made.

// Each test binary uses a part of this.
#![allow(dead_code, unreachable_pub)]

use std::collections::BTreeMap;

use serde_json::Value;
use simulator::{Record, Settings, Simulation, Unit, UnitKind};

/// The last image of every row, by table and key.
pub type Images = BTreeMap<(String, String), Value>;

pub fn settings() -> Settings {
    Settings { days: 45, customers: 60, orders_per_day: 25, companies: 2, ..Settings::default() }
}

pub fn units(settings: Settings) -> Vec<Unit> {
    let mut simulation = Simulation::new(settings);
    std::iter::from_fn(|| simulation.next_unit()).collect()
}

pub fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| {
        panic!("{error} in {}", String::from_utf8_lossy(bytes));
    })
}

pub fn value(record: &Record) -> Value {
    json(record.value.as_deref().expect("a value"))
}

/// Keeps what a consumer would keep: the newest image, and of a large value that did not change the old one.
pub fn apply(images: &mut Images, record: &Record) {
    let Some(bytes) = &record.value else { return };
    let value = json(bytes);
    let Some(table) = value["source"]["table"].as_str() else { return };
    let key = (table.to_owned(), String::from_utf8(record.key.clone()).unwrap());
    if value["op"] == "d" {
        assert!(images.remove(&key).is_some(), "deleted a row that was not there: {key:?}");
        return;
    }
    let mut after = value["after"].clone();
    let before = images.get(&key);
    match value["op"].as_str() {
        Some("c") => assert!(before.is_none(), "created twice: {key:?}"),
        Some("u") => assert!(before.is_some(), "updated before it was created: {key:?}"),
        _ => {}
    }
    for (column, new) in after.as_object_mut().unwrap() {
        if new == "__debezium_unavailable_value" {
            *new = before.unwrap()[column].clone();
        }
    }
    images.insert(key, after);
}

pub fn images(units: &[Unit]) -> Images {
    let mut images = Images::new();
    for record in units.iter().flat_map(|unit| &unit.records) {
        apply(&mut images, record);
    }
    images
}

pub fn rows<'a>(images: &'a Images, table: &str) -> BTreeMap<i64, &'a Value> {
    images
        .iter()
        .filter(|((of, _), _)| of == table)
        .map(|(_, row)| (row["id"].as_i64().unwrap(), row))
        .collect()
}

/// A decimal string in hundredths.
pub fn cents(value: &Value) -> i64 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no decimal"));
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let part = format!("{part:0<2}");
    assert_eq!(part.len(), 2, "{text} has more than two places");
    sign * (whole.parse::<i64>().unwrap() * 100 + part.parse::<i64>().unwrap())
}

pub fn transactions(units: &[Unit]) -> impl Iterator<Item = &Unit> {
    units.iter().filter(|unit| unit.kind == UnitKind::Transaction)
}
