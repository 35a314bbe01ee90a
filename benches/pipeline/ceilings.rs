//! What cannot be beaten: the same feed read, decoded or counted by less than Ledgerwell does, and the same rows written by a plain
//! client. Measured in the same run, on the same machine.

mod bare;
mod plain;

use std::time::{Duration, Instant};

use contract::Processor;
use credit::Credit;
use dedup::Dedup;
use forecast::Forecast;
use ledgerwell::feed::{Assembler, Input};
use ledgerwell::task::LARGE_TRANSACTION;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedMessage;
use rdkafka::{Message, Offset, TopicPartitionList};
use reconciliation::Reconciliation;
use sqlx::PgConnection;

use crate::Result;
use crate::feed::Feed;
use crate::report::Section;
use crate::usage::of_process;
use crate::world::World;

/// Records of the feed's end that the decoding ceiling holds in memory.
const SAMPLE: i64 = 300_000;

/// Changes per second of each run.
#[derive(Default)]
pub(crate) struct Ceilings {
    pub(crate) reading: Vec<f64>,
    pub(crate) bare: Vec<f64>,
    bare_cpu: Vec<f64>,
    decoding: Vec<(&'static str, Vec<f64>)>,
    writing: Vec<(String, Vec<f64>)>,
}

impl Ceilings {
    /// librdkafka reads everything, and nobody looks at it.
    pub(crate) fn read(&mut self, world: &World, feed: &Feed) -> Result<()> {
        let mut bytes = 0;
        let began = Instant::now();
        read(world, feed, 0, |message| bytes += message.payload_len() as u64)?;
        if bytes == 0 {
            return Err("nothing was read".into());
        }
        self.reading.push(rate(feed.changes, began));
        Ok(())
    }

    /// The assembler alone: one thread, records in memory, deliveries thrown away.
    pub(crate) fn decode(&mut self, world: &World, feed: &Feed) -> Result<()> {
        let mut sample: Vec<OwnedMessage> = Vec::new();
        read(world, feed, (feed.records - SAMPLE).max(0), |message| sample.push(message.detach()))?;
        for (name, rate) in [
            ("credit", decode::<Credit>(&sample)),
            ("dedup", decode::<Dedup>(&sample)),
            ("reconciliation", decode::<Reconciliation>(&sample)),
            ("forecast", decode::<Forecast>(&sample)),
        ] {
            push(&mut self.decoding, &name, rate);
        }
        Ok(())
    }

    /// A loop that knows of no transactions, keeps no order and emits nothing.
    pub(crate) async fn bare_loop(&mut self, world: &World, feed: &Feed) -> Result<()> {
        let setup = world.setup(&[&feed.topic], &["credit"]).await?;
        let mut connection = setup.connections().await?.remove(0);
        let (began, cpu) = (Instant::now(), of_process(std::process::id()));
        bare::run(world, feed, &mut connection).await?;
        self.bare.push(rate(feed.changes, began));
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        self.bare_cpu.push((of_process(std::process::id()) - cpu) * 1e6 / feed.changes as f64);
        Ok(())
    }

    /// The rows of a run, written again by a client that does nothing else.
    pub(crate) async fn write(
        &mut self,
        name: &str,
        feed: &Feed,
        batches: f64,
        results: &mut PgConnection,
    ) -> Result<()> {
        let began = plain::write(batches, results).await?;
        push(&mut self.writing, &name.to_owned(), rate(feed.changes, began));
        Ok(())
    }

    pub(crate) fn decoding(&self, name: &str) -> Option<f64> {
        self.decoding.iter().find(|(of, _)| *of == name).map(|(_, runs)| crate::report::median(runs))
    }

    pub(crate) fn writing(&self, name: &str) -> Option<f64> {
        self.writing.iter().find(|(of, _)| of == name).map(|(_, runs)| crate::report::median(runs))
    }

    pub(crate) fn section(&self, feed: &Feed) -> Section {
        let mut section = Section::new("Ceilings", &["what", "changes/s", "MB/s", "CPU s per 10^6"]);
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        let size = feed.bytes as f64 / feed.changes as f64;
        let mega = |rates: &[f64]| rates.iter().map(|rate| rate * size / 1e6).collect::<Vec<_>>();
        let mut row = |what: String, rates: &Vec<f64>| {
            section.row([what.into(), rates.clone().into(), mega(rates).into(), crate::report::Cell::None]);
        };
        row("librdkafka reads, nobody looks".into(), &self.reading);
        for (name, rates) in &self.decoding {
            row(format!("{name} decodes and assembles, one thread, no Kafka"), rates);
        }
        for (name, rates) in &self.writing {
            row(format!("a plain client writes the rows of {name}"), rates);
        }
        section.row([
            "bare loop: open receivables per customer, no transactions, no events".into(),
            self.bare.clone().into(),
            mega(&self.bare).into(),
            self.bare_cpu.clone().into(),
        ]);
        section
    }
}

fn push<N: PartialEq + Clone>(to: &mut Vec<(N, Vec<f64>)>, name: &N, figure: f64) {
    match to.iter_mut().find(|(of, _)| of == name) {
        Some((_, runs)) => runs.push(figure),
        None => to.push((name.clone(), vec![figure])),
    }
}

#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(changes: u64, began: Instant) -> f64 {
    changes as f64 / began.elapsed().as_secs_f64()
}

/// Changes per second through a processor's assembler.
fn decode<P: Processor>(sample: &[OwnedMessage]) -> f64 {
    let mut assembler = Assembler::<P::RowChange>::new(None, LARGE_TRANSACTION);
    let began = Instant::now();
    for message in sample {
        assembler.push(&Input {
            offset: message.offset(),
            timestamp: message.timestamp().to_millis().unwrap_or_default(),
            key: message.key(),
            value: message.payload(),
            kind: None,
        });
        while assembler.next_delivery().is_some() {}
    }
    rate(assembler.take_counts().changes, began)
}

/// Reads from an offset to the end, in larger fetches than the pipeline, which saves memory: a ceiling may be generous.
fn read(
    world: &World,
    feed: &Feed,
    from: i64,
    mut each: impl FnMut(&rdkafka::message::BorrowedMessage<'_>),
) -> Result<()> {
    let mut settings = world.kafka();
    for (key, value) in [
        ("group.id", "ledgerwell-bench.read"),
        ("enable.auto.commit", "false"),
        ("enable.partition.eof", "true"),
        ("check.crcs", "true"),
        ("fetch.queue.backoff.ms", "5"),
        ("queued.max.messages.kbytes", "65536"),
        ("fetch.message.max.bytes", "8388608"),
    ] {
        settings.set(key, value);
    }
    let consumer: BaseConsumer = settings.create()?;
    let mut all = TopicPartitionList::new();
    all.add_partition_offset(&feed.topic, 0, Offset::Offset(from))?;
    consumer.assign(&all)?;
    loop {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => each(&message),
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
            Some(Err(error)) => return Err(error.into()),
            None => {}
        }
    }
}
