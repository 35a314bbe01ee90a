//! A reader of the feed that knows nothing of how it was made.

use std::collections::BTreeMap;

use serde_json::Value;
use simulator::{Delivery, DeliveryKind, Record, Settings, Simulation};

/// The last image of every row, by table and key.
pub type Images = BTreeMap<(String, String), Value>;

pub fn settings() -> Settings {
    Settings { days: 45, customers: 60, orders_per_day: 25, companies: 2, ..Settings::default() }
}

pub fn deliveries(settings: Settings) -> Vec<Delivery> {
    let mut simulation = Simulation::new(settings);
    std::iter::from_fn(|| simulation.next_delivery()).collect()
}

pub fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| {
        panic!("{error} in {}", String::from_utf8_lossy(bytes));
    })
}

pub fn value(record: &Record) -> Value {
    json(record.value.as_deref().expect("a value"))
}

/// Stores what a consumer would: the newest image, and the old value where a large one did not change.
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

pub fn images(deliveries: &[Delivery]) -> Images {
    let mut images = Images::new();
    for record in deliveries.iter().flat_map(|delivery| &delivery.records) {
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

/// Rows by the row that a column of theirs names.
pub fn by<'a>(rows: &BTreeMap<i64, &'a Value>, column: &str) -> BTreeMap<i64, Vec<&'a Value>> {
    let mut groups: BTreeMap<i64, Vec<&Value>> = BTreeMap::new();
    for row in rows.values() {
        if let Some(id) = row[column].as_i64() {
            groups.entry(id).or_default().push(row);
        }
    }
    groups
}

/// The order line of every invoice line that has one.
pub fn links(images: &Images) -> BTreeMap<i64, i64> {
    images
        .iter()
        .filter(|((table, _), _)| table == "sale_order_line_invoice_rel")
        .map(|(_, row)| (row["invoice_line_id"].as_i64().unwrap(), row["order_line_id"].as_i64().unwrap()))
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

pub fn transactions(deliveries: &[Delivery]) -> impl Iterator<Item = &Delivery> {
    deliveries.iter().filter(|delivery| delivery.kind == DeliveryKind::Transaction)
}
