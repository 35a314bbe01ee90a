//! Source transactions of one row and of a hundred thousand: rates, and memory that stays bounded.

use std::time::Instant;

use ledgerwell::publish::Publisher;
use serde_json::Value;
use simulator::{DeliveryKind, Record, Simulation};

use crate::Result;
use crate::feed::{Feed, settings};
use crate::instance::Instance;
use crate::report::{Report, Section};
use crate::world::World;

const SIZES: [usize; 4] = [1, 10, 1_000, 100_000];
/// Row changes with each size.
const ROWS: usize = 200_000;

pub(crate) async fn measure(world: &World, report: &mut Report) -> Result<()> {
    let columns = &["rows a transaction", "changes/s", "peak MB before", "peak MB after"];
    let mut section = Section::new("Source transactions by size, every row a wanted one", columns);
    for size in SIZES {
        eprintln!("bench: transactions of {size} rows");
        let mut feed = Feed::new(world, "transactions").await?;
        let setup = world.setup(&[&feed.topic], &["credit"]).await?;
        let publisher = Publisher::new(&world.kafka(), &feed.topic)?;
        let mut simulation = Simulation::new(settings(2_000, 100, 5));
        let (mut items, mut position) = (Vec::new(), 0);
        while let Some(delivery) = simulation.next_delivery() {
            if delivery.kind == DeliveryKind::Transaction {
                position = commit_position(&delivery.records)?;
                break;
            }
            // Of different customers: one with thousands of open items is dear to assess.
            items.extend(delivery.records.iter().filter_map(item_of));
            feed.publish(&publisher, &delivery.records)?;
        }
        publisher.flush()?;
        let instance = Instance::start(world, &setup, None)?;
        setup.caught_up(feed.records).await?;
        let before = instance.peak();
        if items.is_empty() {
            return Err("the snapshot has no open item".into());
        }
        let began_with = feed.changes;
        let mut records = Vec::new();
        for number in 0..ROWS / size {
            transaction(&items, number, size, position, &mut records)?;
        }
        let began = Instant::now();
        feed.publish(&publisher, &records)?;
        drop(records);
        publisher.flush()?;
        setup.caught_up(feed.records).await?;
        #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = (feed.changes - began_with) as f64 / began.elapsed().as_secs_f64();
        section.row([size.to_string().into(), rate.into(), before.into(), instance.peak().into()]);
        drop(instance);
        world.delete_topic(&feed.topic).await?;
    }
    report.add(section);
    Ok(())
}

/// The change of an open receivable item.
fn item_of(record: &Record) -> Option<Value> {
    let value: Value = serde_json::from_slice(record.value.as_deref()?).ok()?;
    let row = &value["after"];
    let wanted = value["source"]["table"] == "account_move_line"
        && row["parent_state"] == "posted"
        && row["display_type"] == "payment_term"
        && row["reconciled"] != Value::Bool(true);
    wanted.then_some(value)
}

/// Where the log is when the first transaction ends.
fn commit_position(records: &[Record]) -> Result<u64> {
    let end = records.last().and_then(|record| record.value.as_deref()).unwrap_or_default();
    let end: Value = serde_json::from_slice(end)?;
    let id = end["id"].as_str().unwrap_or_default();
    Ok(id.split_once(':').ok_or("no transaction id")?.1.parse()?)
}

/// Transaction `number` of `size` new items.
fn transaction(
    items: &[Value],
    number: usize,
    size: usize,
    behind: u64,
    out: &mut Vec<Record>,
) -> Result<()> {
    let time = items[0]["ts_ms"].as_i64().unwrap_or_default() + 60_000 + i64::try_from(number)?;
    let (id, begin) = (900_000 + number, behind + 1_000 * number as u64);
    let end = begin + 1_000;
    let record = |key: String, value: String| Record {
        key: key.into_bytes(),
        value: Some(value.into_bytes()),
        timestamp_ms: time,
    };
    let marker = |status: &str, position: u64, count: Option<usize>| {
        let value = serde_json::json!({ "status": status, "id": format!("{id}:{position}"), "event_count": count,
            "data_collections": null, "ts_ms": time });
        record(format!("{{\"id\":\"{id}\"}}"), value.to_string())
    };
    out.push(marker("BEGIN", begin, None));
    for row in 0..size {
        let row_id = 20_000_000 + i64::try_from(number * size + row)?;
        let mut value = items[(number * size + row) % items.len()].clone();
        value["after"]["id"] = row_id.into();
        // In the order in which the connector writes them; a map of serde_json's has its own.
        let (after, source) = (&value["after"], &value["source"]);
        let version = source["version"].as_str().unwrap_or_default();
        let value = format!(
            "{{\"before\":null,\"after\":{after},\"source\":{{\"version\":\"{version}\",\"snapshot\":\"false\",\
             \"schema\":\"public\",\"table\":\"account_move_line\",\"ts_ms\":{time}}},\"transaction\":{{\"id\":\"{id}:{}\",\
             \"total_order\":{},\"data_collection_order\":{}}},\"op\":\"c\",\"ts_ms\":{time}}}",
            begin + 1,
            row + 1,
            row + 1
        );
        out.push(record(format!("{{\"id\":{row_id}}}"), value));
    }
    out.push(marker("END", end, Some(size)));
    Ok(())
}
