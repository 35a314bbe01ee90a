//! How long after its intended time a change can be read in Postgres, and its event in the result topic.

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
use simulator::{Delivery, DeliveryKind, Simulation};
use sqlx::PgConnection;
use tokio::sync::mpsc;

use crate::Result;
use crate::feed::{Feed, changes, settings};
use crate::flood::{Flood, Times};
use crate::generator::{Generated, Generator, Sent, WARM, histogram, record};
use crate::instance::Instance;
use crate::report::{Cell, Report, Section};
use crate::world::{PREFIX, Setup, World, position};

/// Changes that are there before anything is measured.
const BEFORE: u64 = 200_000;
/// Nothing that is waited for takes longer.
const TIMEOUT: Duration = Duration::from_mins(5);
/// Changes that a feed's throughput is measured with.
const PREFILLED: u64 = 500_000;

const COLUMNS: &[&str] = &["load", "what", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "of"];

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
    /// The prober looks at Postgres this often: often enough to see the latency, rarely enough to leave the machine
    /// alone.
    look: Duration,
    customers: u32,
    /// Orders a day, enough for all changes to happen within one, as they do in a company: at 100 orders 12,000 changes.
    orders: u32,
    /// A processor that was stopped and catches up meanwhile.
    catching_up: Option<&'a str>,
    /// Whether many knock at the API, now and then, who have no business there.
    flooded: bool,
}

/// What was seen of one load.
struct Measured {
    /// Changes a second.
    rate: f64,
    /// When Kafka acknowledged the same number of changes that nobody read: what machine and broker need for
    /// themselves.
    unread: Option<Histogram<u64>>,
    generated: Generated,
    readable: Histogram<u64>,
    /// What is sent while the API is flooded.
    flooded: Option<Histogram<u64>>,
    events: Histogram<u64>,
}

/// Measures credit under 200 changes/s, alone, with everything, and while dedup catches up; and under a half and a
/// quarter of its throughput.
pub(crate) async fn measure(world: &World, report: &mut Report) -> Result<()> {
    let mut section = Section::new("Latency from the intended time of sending", COLUMNS);
    let (few, both) = (Duration::from_secs(20), &["credit", "dedup"][..]);
    let slow = |name, processors, catching_up| {
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
            catching_up,
            flooded: false,
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
        orders: 30_000,
        catching_up: None,
        flooded: false,
    };
    let loads = [
        slow("credit alone", &["credit"][..], None),
        fast("credit alone, a quarter of its throughput", 0.25),
        fast("credit alone, half its throughput", 0.5),
        slow("all together", both, None),
        Load {
            flooded: true,
            lasts: Duration::from_mins(2),
            ..slow("all together, the API flooded every other ten seconds", both, None)
        },
        slow("credit while dedup catches up beside", both, Some("dedup")),
    ];
    for load in &loads {
        eprintln!("bench: latency of {}", load.name);
        let measured = run(world, load).await?;
        let name = format!("{}, {:.0} changes/s", load.name, measured.rate);
        if let Some(acknowledged) = &measured.unread {
            row(&mut section, &name, "Kafka acknowledges the change, and nobody reads", acknowledged);
        }
        row(&mut section, &name, "the generator itself is late", &measured.generated.late);
        row(&mut section, &name, "Kafka acknowledges the change", &measured.generated.acknowledged);
        row(&mut section, &name, "change to readable result", &measured.readable);
        if let Some(flooded) = &measured.flooded {
            row(&mut section, &name, "change to readable result, while it is flooded", flooded);
        }
        row(&mut section, &name, "change to readable event", &measured.events);
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

async fn run(world: &World, load: &Load<'_>) -> Result<Measured> {
    let Load { processors, catching_up, .. } = *load;
    let mut feed = Feed::new(world, "latency").await?;
    let setup = world.setup(&[&feed.topic], processors).await?;
    let mut simulation = Simulation::new(settings(load.customers, load.orders, 7));
    let publisher = Publisher::new(&world.kafka(), &feed.topic)?;
    // What catches up has ten times as much before it.
    let before = if catching_up.is_some() { 10 * BEFORE } else { BEFORE };
    let (mut today, mut new_day) = (0, false);
    // A snapshot's end is a day's beginning, too. All customers are assessed when a day begins, which takes a moment that `growth`
    // measures: here the day has begun.
    while !(feed.changes >= before && new_day)
        && let Some(delivery) = simulation.next_delivery()
    {
        let day = delivery.commit_ms / 86_400_000;
        new_day = delivery.kind == DeliveryKind::Transaction && day > today;
        today = if delivery.kind == DeliveryKind::Transaction { day } else { 0 };
        feed.publish(&publisher, &delivery.records)?;
    }
    publisher.flush()?;
    let mut first = Instance::start(world, &setup, catching_up.map(|_| processors[0]))?;
    settled(&setup, processors[0], feed.records).await?;
    let (rate, unread) = match load.rate {
        Rate::Fixed(rate) => (rate, None),
        Rate::Share(share) => {
            first.stop()?;
            let (start, changes) = (feed.records, feed.changes);
            for delivery in deliveries(&mut simulation, PREFILLED) {
                feed.publish(&publisher, &delivery.records)?;
            }
            publisher.flush()?;
            first = Instance::start(world, &setup, None)?;
            let throughput = throughput(&setup, processors[0], start, &feed, feed.changes - changes).await?;
            let rate = share * throughput;
            first.stop()?;
            let deliveries = load.deliveries(&mut simulation, rate);
            let unread = generate(world, load, feed, (deliveries, rate), |_| ()).await?;
            feed = unread.feed;
            first = Instance::start(world, &setup, None)?;
            settled(&setup, processors[0], feed.records).await?;
            (rate, Some(unread.acknowledged))
        }
    };
    let deliveries = load.deliveries(&mut simulation, rate);
    // Gigabytes of the feeds before are still on their way to the disk, and every commit would queue up behind them. Neither is
    // what fills a database at once what keeps Postgres busy on an ordinary day.
    std::process::Command::new("sync").status()?;
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut setup.connections().await?.remove(0)).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let (sent, unseen) = mpsc::unbounded_channel();
    let (sent_too, unheard) = std::sync::mpsc::channel();
    let listener = listen(world, processors[0], feed.records, unheard, Arc::clone(&stop))?;
    let times = load.flooded.then(Times::from_now);
    let prober = tokio::spawn(probe(
        setup.connections().await?.remove(0),
        processors[0].to_owned(),
        (load.look, times),
        unseen,
    ));
    let address = Instance::address(world).await?;
    let flood = times.map(|times| Flood::start(address, times));
    let second = catching_up.map(|name| Instance::start(world, &setup, Some(name))).transpose()?;
    let generated = generate(world, load, feed, (deliveries, rate), move |delivery| {
        // Whoever does not listen any more has an error of its own.
        let _ = (sent.send(delivery), sent_too.send(delivery));
    })
    .await?;
    let (readable, during) = prober.await??;
    settled(&setup, processors[0], generated.feed.records).await?;
    stop.store(true, Ordering::Release);
    let events = listener.join().map_err(|_| "the listener panicked")??;
    if let Some(flood) = flood {
        eprintln!("bench: {} guesses at a token were refused", flood.stop());
    }
    drop((first, second));
    world.delete_topic(&generated.feed.topic).await?;
    let flooded = load.flooded.then_some(during);
    Ok(Measured { rate, unread, generated, readable, flooded, events })
}

impl Load<'_> {
    /// The next transactions, enough for the time that the load lasts.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of changes")]
    fn deliveries(&self, simulation: &mut Simulation, rate: f64) -> Vec<Delivery> {
        deliveries(simulation, (rate * (WARM + self.lasts).as_secs_f64()) as u64)
    }
}

/// Sends transactions at a rate, from a thread of its own.
async fn generate(
    world: &World,
    load: &Load<'_>,
    feed: Feed,
    (deliveries, rate): (Vec<Delivery>, f64),
    sent: impl Fn(Sent) + Send + 'static,
) -> Result<Generated> {
    let generator = Generator::new(world, &feed.topic, load.linger)?;
    let run = move || generator.run(feed, deliveries, rate, sent).map_err(|error| error.to_string());
    Ok(tokio::task::spawn_blocking(run).await??)
}

/// The next transactions, until they have `wanted` changes.
fn deliveries(simulation: &mut Simulation, wanted: u64) -> Vec<Delivery> {
    let (mut deliveries, mut count) = (Vec::new(), 0);
    while count < wanted
        && let Some(delivery) = simulation.next_delivery()
    {
        if delivery.kind == DeliveryKind::Transaction {
            count += changes(&delivery);
            deliveries.push(delivery);
        }
    }
    deliveries
}

/// Waits until a processor has applied all before `offset` and published its events.
async fn settled(setup: &Setup, processor: &str, offset: i64) -> Result<()> {
    let mut connection = setup.connections().await?.remove(0);
    let began = Instant::now();
    while next_offset(&mut connection, processor).await? < offset
        || !position(&mut connection).await?.published
    {
        if began.elapsed() > TIMEOUT {
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
        if waited.elapsed() > TIMEOUT {
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

/// Looks at Postgres until everything that was sent can be read there. What was sent during a flood is told apart.
async fn probe(
    mut connection: PgConnection,
    processor: String,
    (look, flood): (Duration, Option<Times>),
    mut sent: mpsc::UnboundedReceiver<Sent>,
) -> std::result::Result<(Histogram<u64>, Histogram<u64>), String> {
    let mut quiet = histogram().map_err(|error| error.to_string())?;
    let mut flooded = quiet.clone();
    let (mut waiting, mut open): (VecDeque<Sent>, _) = (VecDeque::new(), true);
    while open || !waiting.is_empty() {
        if waiting.front().is_some_and(|delivery| delivery.intended.elapsed() > TIMEOUT) {
            return Err(format!("{processor} does not apply what is sent"));
        }
        loop {
            match sent.try_recv() {
                Ok(delivery) => waiting.push_back(delivery),
                Err(error) => {
                    open = error == mpsc::error::TryRecvError::Empty;
                    break;
                }
            }
        }
        let next = next_offset(&mut connection, &processor).await.map_err(|error| error.to_string())?;
        let now = Instant::now();
        while let Some(delivery) = waiting.front().filter(|delivery| delivery.last < next) {
            let during = flood.is_some_and(|times| times.have(delivery.intended));
            let histogram = if during { &mut flooded } else { &mut quiet };
            record(histogram, now - delivery.intended, delivery.changes);
            waiting.pop_front();
        }
        tokio::time::sleep(look).await;
    }
    Ok((quiet, flooded))
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
        let mut histogram = histogram().map_err(|error| error.to_string())?;
        let mut deliveries = Vec::<Sent>::new();
        while !stop.load(Ordering::Acquire) {
            let Some(message) = consumer.poll(Duration::from_millis(20)) else { continue };
            let (message, now) = (message.map_err(|error| error.to_string())?, Instant::now());
            let position = message.headers().and_then(|headers| {
                let header = headers.iter().find(|header| header.key == "ce_position")?;
                std::str::from_utf8(header.value?).ok()?.split('.').next()?.parse::<i64>().ok()
            });
            deliveries.extend(sent.try_iter());
            let Some(position) = position.filter(|position| *position >= from) else { continue };
            if let Ok(delivery) = deliveries.binary_search_by_key(&position, |delivery| delivery.last) {
                record(
                    &mut histogram,
                    now - deliveries[delivery].intended,
                    deliveries[delivery].changes.min(1),
                );
            }
        }
        Ok(histogram)
    }))
}
