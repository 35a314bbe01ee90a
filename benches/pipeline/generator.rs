//! The open-loop generator: each transaction has a time at which it is meant to be sent, and latency counts from there, so that a
//! pipeline that falls behind is not asked less (no coordinated omission).

use std::sync::Mutex;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rdkafka::ClientContext;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use simulator::Delivery;

use crate::Result;
use crate::feed::{Feed, changes, is_change};
use crate::world::World;

/// What is sent first is not measured: broker and Postgres have been still, and their caches and compilers get warm.
pub(crate) const WARM: Duration = Duration::from_secs(5);

/// A transaction on its way: the offset of its last record, when it was meant to be sent, and its changes that are measured.
#[derive(Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) last: i64,
    pub(crate) intended: Instant,
    pub(crate) changes: u64,
}

/// What was sent, and when.
pub(crate) struct Generated {
    pub(crate) feed: Feed,
    /// How late the generator itself was.
    pub(crate) late: Histogram<u64>,
    /// How long after a change's intended time Kafka had acknowledged it.
    pub(crate) acknowledged: Histogram<u64>,
}

/// A producer that sends uncompressed, as Kafka Connect's does unless configured otherwise.
pub(crate) struct Generator {
    producer: ThreadedProducer<Acknowledged>,
    topic: String,
}

/// Hears when Kafka has acknowledged a record.
struct Acknowledged {
    /// What the records' times are counted from.
    origin: Instant,
    latency: Mutex<Histogram<u64>>,
}

impl Acknowledged {
    /// A record's time in microseconds; 0 where it is not measured.
    fn stamp(&self, intended: Option<Instant>) -> usize {
        let since = intended.map_or(Duration::ZERO, |intended| intended.duration_since(self.origin));
        usize::try_from(since.as_micros()).unwrap_or(0)
    }
}

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = usize;

    fn delivery(&self, _: &DeliveryResult<'_>, stamp: usize) {
        if stamp > 0
            && let Ok(mut latency) = self.latency.lock()
        {
            latency.saturating_record(self.stamp(Some(Instant::now())).saturating_sub(stamp) as u64);
        }
    }
}

impl Generator {
    /// `linger` is how long the producer waits for more records to send together.
    pub(crate) fn new(world: &World, topic: &str, linger: Duration) -> Result<Self> {
        let mut settings = world.kafka();
        settings.set("linger.ms", linger.as_millis().to_string());
        for (key, value) in [
            ("enable.idempotence", "true"),
            ("queue.buffering.max.messages", "1000000"),
            ("queue.buffering.max.kbytes", "2000000"),
        ] {
            settings.set(key, value);
        }
        let acknowledged = Acknowledged { origin: Instant::now(), latency: Mutex::new(histogram()?) };
        Ok(Self { producer: settings.create_with_context(acknowledged)?, topic: topic.to_owned() })
    }

    /// Appends transactions to the feed at `rate` changes a second, and calls `sent` with each.
    pub(crate) fn run(
        &self,
        mut feed: Feed,
        deliveries: Vec<Delivery>,
        rate: f64,
        sent: impl Fn(Sent),
    ) -> Result<Generated> {
        let mut deliveries = deliveries.into_iter();
        // The first one opens the connection and is not measured.
        if let Some(delivery) = deliveries.next() {
            self.send(&mut feed, &delivery, None)?;
            self.producer.flush(Duration::from_mins(1))?;
        }
        let mut late = histogram()?;
        let (began, mut due) = (Instant::now(), 0);
        for delivery in deliveries {
            #[allow(clippy::cast_precision_loss, reason = "a rate")]
            let intended = began + Duration::from_secs_f64(due as f64 / rate);
            std::thread::sleep(intended.saturating_duration_since(Instant::now()));
            let (count, warm) = (changes(&delivery), intended >= began + WARM);
            self.send(&mut feed, &delivery, warm.then_some(intended))?;
            let delivery = Sent { last: feed.records - 1, intended, changes: if warm { count } else { 0 } };
            record(&mut late, intended.elapsed(), delivery.changes);
            due += count;
            sent(delivery);
        }
        self.producer.flush(Duration::from_mins(1))?;
        let acknowledged =
            self.producer.context().latency.lock().map_err(|_| "the producer panicked")?.clone();
        Ok(Generated { feed, late, acknowledged })
    }

    /// Sends a delivery's records, in order. Its changes are measured if it was meant to be sent at a certain time.
    fn send(&self, feed: &mut Feed, delivery: &Delivery, intended: Option<Instant>) -> Result<()> {
        for record in &delivery.records {
            let stamp = self.producer.context().stamp(intended.filter(|_| is_change(record)));
            let mut message: BaseRecord<'_, [u8], [u8], _> = BaseRecord::with_opaque_to(&self.topic, stamp)
                .partition(0)
                .key(record.key.as_slice())
                .timestamp(record.timestamp_ms);
            message.payload = record.value.as_deref();
            self.producer.send(message).map_err(|(error, _)| error)?;
            feed.count(record);
        }
        Ok(())
    }
}

/// An empty histogram of microseconds, up to an hour.
pub(crate) fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_max(3_600_000_000, 3)?)
}

/// Notes the latency of some changes.
pub(crate) fn record(histogram: &mut Histogram<u64>, latency: Duration, changes: u64) {
    histogram.saturating_record_n(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX), changes);
}
