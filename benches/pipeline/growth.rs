//! The same changes on top of ever more open items and customers: a change must not cost more because there are more.

use std::time::Instant;

use ledgerwell::publish::Publisher;
use serde_json::Value;
use simulator::{Delivery, Record, Settings, Simulation};

use crate::Result;
use crate::feed::Feed;
use crate::instance::Instance;
use crate::report::{Cell, Report, Section};
use crate::usage::Services;
use crate::world::World;

/// Open items per customer that is added.
const ITEMS_EACH: usize = 10;
/// Orders a day: the changes of one day are measured, so there have to be many.
const ORDERS: u32 = 1_500;

const COLUMNS: &[&str] = &[
    "processor",
    "open items",
    "customers",
    "snapshot rows/s",
    "start to first commit s",
    "changes/s",
    "CPU s per 10^6",
    "of that at 100,000",
    "a day begins ms",
    "peak MB",
];

pub(crate) async fn measure(
    world: &World,
    services: &Services,
    sizes: &[usize],
    report: &mut Report,
) -> Result<()> {
    let mut section = Section::new("Growth", COLUMNS);
    for processor in ["credit", "dedup"] {
        let mut reference = None;
        for &items in sizes {
            eprintln!("bench: growth of {processor} to {items} open items");
            let row = run(world, services, processor, items).await?;
            if items == 100_000 {
                reference = Some(row.cpu);
            }
            section.row([
                processor.into(),
                items.to_string().into(),
                row.customers.to_string().into(),
                row.snapshot.into(),
                row.start.into(),
                row.rate.into(),
                row.cpu.into(),
                Cell::from(reference.map(|reference| row.cpu / reference)),
                row.day.into(),
                row.peak.into(),
            ]);
        }
    }
    report.add(section);
    Ok(())
}

struct Row {
    customers: usize,
    snapshot: f64,
    start: f64,
    rate: f64,
    cpu: f64,
    day: f64,
    peak: f64,
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
async fn run(world: &World, services: &Services, processor: &str, items: usize) -> Result<Row> {
    let mut feed = Feed::new(world, "growth").await?;
    let setup = world.setup(&[&feed.topic], &[processor]).await?;
    let publisher = Publisher::new(&world.kafka(), &feed.topic)?;
    let settings = Settings { days: 3, customers: 500, orders_per_day: ORDERS, ..Settings::default() };
    let mut simulation = Simulation::new(settings);
    let (snapshot, first) = snapshot(&mut simulation)?;
    let (grown, customers) = grow(snapshot, items)?;
    feed.publish(&publisher, &grown)?;
    publisher.flush()?;
    let rows = feed.changes as f64;
    let instance = Instance::start(world, &setup, None)?;
    setup.claimed().await?;
    let began = Instant::now();
    setup.caught_up(feed.records).await?;
    let snapshot = rows / began.elapsed().as_secs_f64();
    instance.stop()?;
    // What fills a database at once keeps Postgres busy for a while afterwards; that is not what a change costs.
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut setup.connections().await?.remove(0)).await?;
    let send = |feed: &mut Feed, deliveries: &[Delivery]| -> Result<()> {
        for delivery in deliveries {
            feed.publish(&publisher, &delivery.records)?;
        }
        Ok(publisher.flush()?)
    };

    let mut day = day(&mut simulation, first);
    send(&mut feed, &[day.remove(0)])?;
    let began = Instant::now();
    let instances = [Instance::start(world, &setup, None)?];
    let goal = feed.records;
    setup.until("the first commit", |position| position.offset >= goal).await?;
    let start = began.elapsed().as_secs_f64();
    setup.caught_up(feed.records).await?;

    let (before, next_day) = (feed.changes, day.pop());
    let (began, cpu) = (Instant::now(), services.cpu(&instances));
    send(&mut feed, &day)?;
    setup.caught_up(feed.records).await?;
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), services.cpu(&instances).since(cpu));
    let count = (feed.changes - before) as f64;

    let began = Instant::now();
    send(&mut feed, next_day.as_slice())?;
    setup.caught_up(feed.records).await?;
    let day_begins = began.elapsed().as_secs_f64() * 1_000.0;
    let row = Row {
        customers,
        snapshot,
        start,
        rate: count / seconds,
        cpu: (cpu.ours + cpu.postgres.unwrap_or_default()) * 1e6 / count,
        day: day_begins,
        peak: instances[0].peak(),
    };
    drop(instances);
    world.delete_topic(&feed.topic).await?;
    Ok(row)
}

/// The transactions of the first day, and the first one of the next.
fn day(simulation: &mut Simulation, first: Delivery) -> Vec<Delivery> {
    let of = |delivery: &Delivery| delivery.commit_ms / 86_400_000;
    let today = of(&first);
    let mut deliveries = vec![first];
    while let Some(delivery) = simulation.next_delivery() {
        let over = of(&delivery) != today;
        deliveries.push(delivery);
        if over {
            break;
        }
    }
    deliveries
}

/// The simulated snapshot, and the first delivery behind it.
fn snapshot(simulation: &mut Simulation) -> Result<(Vec<Record>, Delivery)> {
    let mut records = Vec::new();
    while let Some(delivery) = simulation.next_delivery() {
        if delivery.kind == simulator::DeliveryKind::Transaction {
            return Ok((records, delivery));
        }
        records.extend(delivery.records);
    }
    Err("the simulation has no transaction".into())
}

/// Adds customers with open items of their own, copies of those of the snapshot in turn, until there are `items`. Answers how many
/// partners there are then.
fn grow(mut records: Vec<Record>, items: usize) -> Result<(Vec<Record>, usize)> {
    let parsed = |record: &Record| -> Result<Value> {
        Ok(serde_json::from_slice(record.value.as_deref().unwrap_or_default())?)
    };
    let (mut customers, mut open, mut partners) = (Vec::new(), Vec::new(), 0);
    for record in &records {
        let value = parsed(record)?;
        match value["source"]["table"].as_str() {
            Some("res_partner") => {
                partners += 1;
                if value["after"]["parent_id"].is_null() && value["after"]["customer_rank"].as_i64() > Some(0)
                {
                    customers.push(value);
                }
            }
            Some("account_move_line") => {
                let row = &value["after"];
                let is_open = row["parent_state"] == "posted"
                    && row["display_type"] == "payment_term"
                    && row["reconciled"] != Value::Bool(true);
                if is_open {
                    open.push(value);
                }
            }
            _ => {}
        }
    }
    if customers.is_empty() || open.is_empty() {
        return Err("the snapshot has no open item".into());
    }
    // The last row says that the snapshot is complete, so it stays the last.
    let last = records.pop();
    let missing = items.saturating_sub(open.len());
    for number in 0..missing.div_ceil(ITEMS_EACH) {
        let id = 10_000_000 + i64::try_from(number)?;
        let mut row = customers[number % customers.len()].clone();
        row["after"]["id"] = id.into();
        row["after"]["commercial_partner_id"] = id.into();
        for column in ["name", "complete_name", "email", "vat", "phone", "street"] {
            if let Some(text) = row["after"][column].as_str() {
                row["after"][column] = format!("{id} {text}").into();
            }
        }
        records.push(record(id, &row)?);
        partners += 1;
        for item in number * ITEMS_EACH..missing.min((number + 1) * ITEMS_EACH) {
            let mut row = open[item % open.len()].clone();
            let item = 10_000_000 + i64::try_from(item)?;
            row["after"]["id"] = item.into();
            row["after"]["move_id"] = item.into();
            row["after"]["partner_id"] = id.into();
            records.push(record(item, &row)?);
        }
    }
    records.extend(last);
    Ok((records, partners))
}

fn record(id: i64, value: &Value) -> Result<Record> {
    let mut value = value.clone();
    value["source"]["snapshot"] = "true".into();
    Ok(Record {
        key: format!("{{\"id\":{id}}}").into_bytes(),
        timestamp_ms: value["ts_ms"].as_i64().unwrap_or_default(),
        value: Some(serde_json::to_vec(&value)?),
    })
}
