//! How long after its intended time a change can be read in Postgres, and its event in the result topic.
//!
//! The generator is open-loop: each transaction has a time at which it is meant to be sent, and latency counts from there, so
//! that a pipeline that falls behind is not asked less (no coordinated omission).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use ledgerwell::publish::Publisher;
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;
use simulator::{Simulation, Unit, UnitKind};
use sqlx::PgConnection;
use tokio::sync::mpsc;

use crate::Result;
use crate::feed::{Feed, Prompt, changes, settings};
use crate::instance::Instance;
use crate::report::{Cell, Report, Section};
use crate::world::{PREFIX, Setup, World, position};

/// Changes that are there before anything is measured.
const BEFORE: u64 = 200_000;
/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_mins(5);
/// No latency is longer, in microseconds: an hour.
const LONGEST: u64 = 3_600_000_000;
/// Changes that tell a feed's throughput.
const PREFILLED: u64 = 500_000;
/// What is sent first is not measured: broker and Postgres have been still, and their caches and compilers get warm.
const WARM: Duration = Duration::from_secs(5);

const COLUMNS: &[&str] = &["load", "what", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "of"];

/// A transaction on its way: the offset of its last record, when it was meant to be sent, and its changes that are measured.
#[derive(Clone, Copy)]
struct Sent {
    last: i64,
    intended: Instant,
    changes: u64,
}

/// Changes a second.
#[derive(Clone, Copy)]
enum Rate {
    Fixed(f64),
    /// A share of what the first processor reaches on the same feed, prefilled.
    Share(f64),
}

/// What is measured.
struct Load<'a> {
    name: &'a str,
    processors: &'a [&'a str],
    rate: Rate,
    /// For how long it is measured.
    lasts: Duration,
    /// How long the producer waits for more records to send together.
    linger: Duration,
    /// The prober looks at Postgres this often: often enough to tell the latency, rarely enough to leave the machine alone.
    look: Duration,
    customers: u32,
    /// Orders a day. All changes that are measured happen within one day, as they do in a company.
    orders: u32,
    /// A processor that was stopped and catches up beside.
    beside: Option<&'a str>,
}

/// Measures credit under 200 changes/s, alone, with everything, and with dedup catching up beside; and under a half and a quarter of its
/// throughput.
pub(crate) async fn measure(world: &World, report: &mut Report) -> Result<()> {
    let mut section = Section::new("Latency from the intended time of sending", COLUMNS);
    let (few, both) = (Duration::from_secs(20), &["credit", "dedup"][..]);
    let slow = |name, processors, beside| {
        let (linger, look) = (Duration::ZERO, Duration::from_millis(1));
        Load {
            name,
            processors,
            rate: Rate::Fixed(200.0),
            lasts: few,
            linger,
            look,
            customers: 2_000,
            orders: 100,
            beside,
        }
    };
    let fast = |name, share| Load {
        name,
        processors: &["credit"],
        rate: Rate::Share(share),
        lasts: Duration::from_secs(10),
        // Kafka's own default since 4.0.
        linger: Duration::from_millis(5),
        look: Duration::from_millis(5),
        customers: 20_000,
        orders: 10_000,
        beside: None,
    };
    let loads = [
        slow("credit alone", &["credit"][..], None),
        fast("credit alone, a quarter of its throughput", 0.25),
        fast("credit alone, half its throughput", 0.5),
        slow("all together", both, None),
        slow("credit while dedup catches up beside", both, Some("dedup")),
    ];
    for load in &loads {
        eprintln!("bench: latency of {}", load.name);
        let (rate, [sent, readable, told]) = run(world, load).await?;
        let name = format!("{}, {rate:.0} changes/s", load.name);
        row(&mut section, &name, "the generator itself is late", &sent);
        row(&mut section, &name, "change to readable result", &readable);
        row(&mut section, &name, "change to readable event", &told);
    }
    report.add(section);
    Ok(())
}

fn row(section: &mut Section, name: &str, what: &str, histogram: &Histogram<u64>) {
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let ms = |quantile: f64| Cell::from(histogram.value_at_quantile(quantile) as f64 / 1_000.0);
    let count = histogram.len().to_string();
    section.row([name.into(), what.into(), ms(0.5), ms(0.99), ms(0.999), ms(1.0), count.into()]);
}

/// Answers the rate, and how late the generator was, and what was seen of results and of events.
async fn run(world: &World, load: &Load<'_>) -> Result<(f64, [Histogram<u64>; 3])> {
    let Load { processors, beside, .. } = *load;
    let mut feed = Feed::new(world, "latency").await?;
    let setup = world.setup(&[&feed.topic], processors).await?;
    let mut simulation = Simulation::new(settings(load.customers, load.orders, 7));
    let publisher = Publisher::new(&world.kafka(), &feed.topic)?;
    // What catches up beside has ten times as much before it.
    let before = if beside.is_some() { 10 * BEFORE } else { BEFORE };
    let (mut today, mut new_day) = (0, false);
    // A snapshot's end is a day's beginning, too. All customers are assessed when a day begins, which takes a moment that `growth`
    // tells: here the day has begun.
    while !(feed.changes >= before && new_day)
        && let Some(unit) = simulation.next_unit()
    {
        let day = unit.commit_ms / 86_400_000;
        new_day = unit.kind == UnitKind::Transaction && day > today;
        today = if unit.kind == UnitKind::Transaction { day } else { 0 };
        feed.publish(&publisher, &unit.records)?;
    }
    publisher.flush()?;
    let mut first = Instance::start(world, &setup, beside.map(|_| processors[0]))?;
    settled(&setup, processors[0], feed.records).await?;
    let rate = match load.rate {
        Rate::Fixed(rate) => rate,
        Rate::Share(share) => {
            first.stop()?;
            let (start, changes) = (feed.records, feed.changes);
            for unit in units(&mut simulation, PREFILLED) {
                feed.publish(&publisher, &unit.records)?;
            }
            publisher.flush()?;
            first = Instance::start(world, &setup, None)?;
            share * throughput(&setup, processors[0], start, &feed, feed.changes - changes).await?
        }
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of changes")]
    let units = units(&mut simulation, (rate * (WARM + load.lasts).as_secs_f64()) as u64);
    // Gigabytes of the feeds before are still on their way to the disk, and every commit would queue up behind them. Neither is
    // what fills a database at once what keeps Postgres busy on an ordinary day.
    std::process::Command::new("sync").status()?;
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut setup.connections().await?.remove(0)).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let (sent, unread) = mpsc::unbounded_channel();
    let (told, untold) = std::sync::mpsc::channel();
    let listener = listen(world, processors[0], feed.records, untold, Arc::clone(&stop))?;
    let prober = tokio::spawn(probe(
        setup.connections().await?.remove(0),
        processors[0].to_owned(),
        load.look,
        unread,
    ));
    let second = beside.map(|beside| Instance::start(world, &setup, Some(beside))).transpose()?;
    let generator = {
        let prompt = Prompt::new(world, &feed.topic, load.linger)?;
        let mut units = units.into_iter();
        // The first one opens the connection and is not measured.
        if let Some(unit) = units.next() {
            prompt.send(&mut feed, &unit)?;
            prompt.flush()?;
        }
        tokio::task::spawn_blocking(move || -> std::result::Result<_, String> {
            let mut late = Histogram::new_with_max(LONGEST, 3).map_err(|error| error.to_string())?;
            let (began, mut due) = (Instant::now(), 0);
            for unit in &units.collect::<Vec<_>>() {
                #[allow(clippy::cast_precision_loss, reason = "a rate")]
                let intended = began + Duration::from_secs_f64(due as f64 / rate);
                std::thread::sleep(intended.saturating_duration_since(Instant::now()));
                prompt.send(&mut feed, unit).map_err(|error| error.to_string())?;
                let (changes, warm) = (changes(unit), intended >= began + WARM);
                let unit = Sent { last: feed.records - 1, intended, changes: if warm { changes } else { 0 } };
                record(&mut late, intended.elapsed(), unit.changes);
                due += changes;
                // Whoever does not listen any more has an error of its own.
                let _ = (sent.send(unit), told.send(unit));
            }
            prompt.flush().map_err(|error| error.to_string())?;
            Ok((feed, late))
        })
    };
    let (feed, late) = generator.await??;
    let readable = prober.await??;
    settled(&setup, processors[0], feed.records).await?;
    stop.store(true, Ordering::Release);
    let events = listener.join().map_err(|_| "the listener panicked")??;
    drop((first, second));
    world.forget(&feed.topic).await?;
    Ok((rate, [late, readable, events]))
}

/// The next transactions, of so many changes.
fn units(simulation: &mut Simulation, wanted: u64) -> Vec<Unit> {
    let (mut units, mut count) = (Vec::new(), 0);
    while count < wanted
        && let Some(unit) = simulation.next_unit()
    {
        if unit.kind == UnitKind::Transaction {
            count += changes(&unit);
            units.push(unit);
        }
    }
    units
}

/// Waits until a processor has applied all before `offset` and published its events.
async fn settled(setup: &Setup, processor: &str, offset: i64) -> Result<()> {
    let mut connection = setup.connections().await?.remove(0);
    let began = Instant::now();
    while next_offset(&mut connection, processor).await? < offset
        || !position(&mut connection).await?.published
    {
        if began.elapsed() > PATIENCE {
            return Err(format!("{processor} did not reach offset {offset} in time").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Changes a second with which a processor gets from record `start` to the end of the feed, counted from its first
/// commit: its start does not count.
#[allow(clippy::cast_precision_loss, reason = "a rate")]
async fn throughput(setup: &Setup, processor: &str, start: i64, feed: &Feed, changes: u64) -> Result<f64> {
    let mut connection = setup.connections().await?.remove(0);
    let waited = Instant::now();
    let first = loop {
        let next = next_offset(&mut connection, processor).await?;
        if next > start {
            break next;
        }
        if waited.elapsed() > PATIENCE {
            return Err(format!("{processor} does not apply what is there").into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let began = Instant::now();
    settled(setup, processor, feed.records).await?;
    let share = (feed.records - first) as f64 / (feed.records - start) as f64;
    Ok(share * changes as f64 / began.elapsed().as_secs_f64())
}

async fn next_offset(connection: &mut PgConnection, processor: &str) -> sqlx::Result<i64> {
    let sql = "SELECT COALESCE(max(next_offset), -1) FROM stream.checkpoint WHERE processor = $1";
    sqlx::query_scalar(sql).bind(processor).fetch_one(connection).await
}

/// Looks at Postgres until everything that was sent can be read there.
async fn probe(
    mut connection: PgConnection,
    processor: String,
    look: Duration,
    mut sent: mpsc::UnboundedReceiver<Sent>,
) -> std::result::Result<Histogram<u64>, String> {
    let mut histogram = Histogram::new_with_max(LONGEST, 3).map_err(|error| error.to_string())?;
    let (mut waiting, mut open): (VecDeque<Sent>, _) = (VecDeque::new(), true);
    while open || !waiting.is_empty() {
        if waiting.front().is_some_and(|unit| unit.intended.elapsed() > PATIENCE) {
            return Err(format!("{processor} does not apply what is sent"));
        }
        loop {
            match sent.try_recv() {
                Ok(unit) => waiting.push_back(unit),
                Err(error) => {
                    open = error == mpsc::error::TryRecvError::Empty;
                    break;
                }
            }
        }
        let next = next_offset(&mut connection, &processor).await.map_err(|error| error.to_string())?;
        let now = Instant::now();
        while let Some(unit) = waiting.front().filter(|unit| unit.last < next) {
            record(&mut histogram, now - unit.intended, unit.changes);
            waiting.pop_front();
        }
        tokio::time::sleep(look).await;
    }
    Ok(histogram)
}

type Listener = JoinHandle<std::result::Result<Histogram<u64>, String>>;

/// Reads the result topic under read_committed; an event's position names the record that closed its transaction.
fn listen(
    world: &World,
    processor: &str,
    from: i64,
    sent: std::sync::mpsc::Receiver<Sent>,
    stop: Arc<AtomicBool>,
) -> Result<Listener> {
    let mut kafka = world.kafka();
    for (key, value) in [
        ("group.id", "ledgerwell-bench.events"),
        ("isolation.level", "read_committed"),
        ("auto.offset.reset", "latest"),
        ("enable.auto.commit", "false"),
        ("fetch.wait.max.ms", "5"),
    ] {
        kafka.set(key, value);
    }
    let consumer: BaseConsumer = kafka.create()?;
    let topic = format!("{PREFIX}.{processor}");
    let metadata = consumer.fetch_metadata(Some(&topic), Duration::from_secs(10))?;
    let mut all = rdkafka::TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(rdkafka::metadata::MetadataTopic::partitions) {
        let (_, end) = consumer.fetch_watermarks(&topic, partition.id(), Duration::from_secs(10))?;
        all.add_partition_offset(&topic, partition.id(), rdkafka::Offset::Offset(end))?;
    }
    consumer.assign(&all)?;
    Ok(std::thread::spawn(move || {
        let mut histogram = Histogram::new_with_max(LONGEST, 3).map_err(|error| error.to_string())?;
        let mut units = Vec::<Sent>::new();
        while !stop.load(Ordering::Acquire) {
            let Some(message) = consumer.poll(Duration::from_millis(20)) else { continue };
            let (message, now) = (message.map_err(|error| error.to_string())?, Instant::now());
            let position = message.headers().and_then(|headers| {
                let header = headers.iter().find(|header| header.key == "ce_position")?;
                std::str::from_utf8(header.value?).ok()?.split('.').next()?.parse::<i64>().ok()
            });
            units.extend(sent.try_iter());
            let Some(position) = position.filter(|position| *position >= from) else { continue };
            if let Ok(unit) = units.binary_search_by_key(&position, |unit| unit.last) {
                record(&mut histogram, now - units[unit].intended, units[unit].changes.min(1));
            }
        }
        Ok(histogram)
    }))
}

fn record(histogram: &mut Histogram<u64>, latency: Duration, changes: u64) {
    histogram.saturating_record_n(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX), changes);
}
