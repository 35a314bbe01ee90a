//! Changes per second of each processor and of all together, end to end on real Kafka and Postgres, beside ceilings of the same
//! run.
//!
//! `make bench`. The feed is simulated; BENCH_DAYS (90) and BENCH_ORDERS (100 a day) set its size.

#![allow(clippy::cast_precision_loss, reason = "rates for people")]

use std::time::{Duration, Instant};

use contract::Processor;
use credit::Credit;
use dedup::Dedup;
use ledgerwell::config::Config;
use ledgerwell::feed::{Assembler, Input};
use ledgerwell::pipeline::{Options, Pipeline};
use ledgerwell::publish::{Publisher, Record};
use ledgerwell::registry::PROCESSORS;
use ledgerwell::runner::{LARGE_TRANSACTION, Stop};
use ledgerwell::{migrate, topics};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use simulator::{Settings, Simulation};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

const RUNS: usize = 3;
/// Records that the decoding ceiling holds in memory.
const SAMPLE: usize = 200_000;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let number =
        |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let settings = Settings {
        days: number("BENCH_DAYS", 90),
        orders_per_day: number("BENCH_ORDERS", 100),
        customers: 2_000,
        ..Settings::default()
    };
    let mut config = Config::load(None, |name| std::env::var(name).ok())?;
    let server = config.sources[0].database_url().to_owned();
    config.prefix = "ledgerwell-bench".into();
    config.sources[0].topic = "ledgerwell-bench.changes".into();
    topics::delete(&config).await?;
    topics::ensure(&config, -1).await?;

    let publisher = Publisher::new(&config.kafka(), &config.sources[0].topic)?;
    let (mut records, mut bytes) = (0_u64, 0_u64);
    let mut sample = Vec::new();
    let began = Instant::now();
    for record in Simulation::new(settings) {
        let (value, timestamp) = (record.value.as_deref(), Some(record.timestamp_ms));
        publisher.publish(Record { key: &record.key, value, timestamp, kind: None })?;
        bytes += value.map_or(0, <[u8]>::len) as u64;
        records += 1;
        if sample.len() < SAMPLE {
            sample.push(record);
        }
    }
    publisher.flush()?;
    let seconds = began.elapsed().as_secs_f64();
    println!("feed: {records} records, {} MB, published in {seconds:.1} s", bytes / 1_000_000);

    let decoded = [
        ("credit", best(|| Ok(decode::<Credit>(&sample)))?),
        ("dedup", best(|| Ok(decode::<Dedup>(&sample)))?),
    ];
    drop(sample);
    let read = best(|| read(&config, records))?;
    println!("\nchanges per second (every row change of the feed, wanted or not; best of {RUNS})");
    for (processor, rate) in decoded {
        println!("  decoding and folding alone, one thread, no Kafka: {processor:<14}{rate:>10.0}");
    }
    println!("  reading alone, no decoding: the ceiling{read:>35.0}");
    let all: Vec<&str> = PROCESSORS.iter().map(|entry| entry.name).collect();
    let alone = all.iter().map(std::slice::from_ref);
    for (number, processors) in alone.chain([all.as_slice()]).enumerate() {
        let mut runs = Vec::new();
        for run in 0..RUNS {
            runs.push(pipeline(&mut config, &server, processors, number * RUNS + run).await?);
        }
        runs.sort_by(|a, b| b.rate.total_cmp(&a.rate));
        let fastest = &runs[0];
        let ceiling = read * fastest.changes as f64 / records as f64;
        let name = processors.join(" and ");
        let rate = fastest.rate;
        println!(
            "  {name:<22}, exactly once into Postgres, events out{rate:>24.0}   {:.2} of the ceiling",
            rate / ceiling
        );
        let all: Vec<_> = runs.iter().map(|run| format!("{:.0}", run.rate)).collect();
        println!(
            "    all runs: {}; with start and claim: {:.0}; {} events",
            all.join(", "),
            fastest.with_start,
            fastest.events
        );
    }
    topics::delete(&config).await?;
    Ok(())
}

/// The best of several measurements: the one least disturbed.
fn best(mut measure: impl FnMut() -> Result<f64>) -> Result<f64> {
    let mut best = 0.0_f64;
    for _ in 0..RUNS {
        best = best.max(measure()?);
    }
    Ok(best)
}

/// Changes per second through a processor's assembler, units thrown away.
fn decode<P: Processor>(sample: &[simulator::Record]) -> f64 {
    let mut assembler = Assembler::new(P::TABLES, P::decode, None, LARGE_TRANSACTION);
    let began = Instant::now();
    for (offset, record) in (0..).zip(sample) {
        let (key, value) = (Some(record.key.as_slice()), record.value.as_deref());
        assembler.push(&Input { offset, timestamp: record.timestamp_ms, key, value, kind: None });
        while assembler.next_unit().is_some() {}
    }
    assembler.take_counts().changes as f64 / began.elapsed().as_secs_f64()
}

/// Records per second of a consumer that does nothing with them.
fn read(config: &Config, records: u64) -> Result<f64> {
    let mut settings = config.kafka();
    for (key, value) in [
        ("group.id", "ledgerwell-bench.read"),
        ("enable.auto.commit", "false"),
        ("enable.partition.eof", "true"),
        ("fetch.queue.backoff.ms", "5"),
        ("queued.max.messages.kbytes", "65536"),
        ("fetch.message.max.bytes", "8388608"),
    ] {
        settings.set(key, value);
    }
    let consumer: BaseConsumer = settings.create()?;
    let mut all = rdkafka::TopicPartitionList::new();
    all.add_partition_offset(&config.sources[0].topic, 0, rdkafka::Offset::Beginning)?;
    consumer.assign(&all)?;
    let (mut began, mut bytes) = (None, 0);
    loop {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                began.get_or_insert_with(Instant::now);
                bytes += message.payload_len();
            }
            Some(Err(KafkaError::PartitionEOF(_))) => break,
            Some(Err(error)) => return Err(error.into()),
            None => {}
        }
    }
    assert!(bytes > 0);
    Ok(records as f64 / began.map_or(f64::MAX, |began| began.elapsed().as_secs_f64()))
}

struct Run {
    changes: u64,
    events: i64,
    rate: f64,
    with_start: f64,
}

/// The whole pipeline over the whole feed, into an empty database.
async fn pipeline(config: &mut Config, server: &str, processors: &[&str], run: usize) -> Result<Run> {
    let mut connection = PgConnection::connect(server).await?;
    for sql in ["DROP DATABASE IF EXISTS ledgerwell_bench WITH (FORCE)", "CREATE DATABASE ledgerwell_bench"] {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await?;
    }
    let url = format!("{}/ledgerwell_bench", server.rsplit_once('/').map_or(server, |(head, _)| head));
    migrate::up(&url).await?;
    config.sources[0].database_url = Some(url);
    // A source of its own each time: what another database published would stop it.
    config.sources[0].name = format!("run{run}");
    config.sources[0].processors = Some(processors.iter().map(|name| (*name).to_owned()).collect());
    let started = Instant::now();
    let pipeline = Pipeline::start(config, &Options { until_caught_up: true, ..Options::default() }).await?;
    while pipeline.figures().iter().all(|(_, figures)| figures.changes == 0)
        && started.elapsed() < Duration::from_mins(1)
    {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let began = Instant::now();
    pipeline.caught_up(&Stop::default()).await;
    let (seconds, with_start) = (began.elapsed().as_secs_f64(), started.elapsed().as_secs_f64());
    let figures: Vec<_> = pipeline.figures().into_iter().map(|(_, figures)| figures).collect();
    pipeline.stop().await;
    if let Some(stopped) = figures.iter().find(|figures| !figures.settled()) {
        return Err(format!("the pipeline stopped: {:?}", stopped.state).into());
    }
    let changes = figures[0].changes;
    Ok(Run {
        changes,
        events: figures.iter().map(|figures| figures.out_seq).sum(),
        rate: changes as f64 / seconds,
        with_start: changes as f64 / with_start,
    })
}
