//! Publishes a task's outbox to its result topic, each event once and in order.
//!
//! Events and the progress record are one Kafka transaction. After any error that leaves its outcome in doubt the producer
//! is dropped, never repaired: the next one's `init_transactions` ends what was open, and the progress record says what
//! got through.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use contract::log::Outage;
use contract::{Event, Failure, Tick};
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::OutboxRow;
use super::abandoned::{self, Target};
use super::agreement::Agreement;
use super::progress::{self, Progress};
use super::stored::{delete_published, next_rows};
use crate::connection::connect;
use crate::task::{Job, Stop};
use crate::torture::{Guard, Point, pass, stands};

/// Events per Kafka transaction.
const BATCH: usize = 5_000;
/// How long a Kafka call may take before its outcome is in doubt.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// How often it is asked what Kafka has confirmed.
const REPORT: Duration = Duration::from_micros(500);
/// Nothing that it does lasts longer than this. One that has not been heard of since then hangs in the client library, which a
/// broker that hangs and comes back can bring about.
const HANGS: Duration = Duration::from_mins(1);
/// How long a statement may take.
const STATEMENT: Duration = Duration::from_secs(30);
/// How long stopping waits for what is in work.
const STOP: Duration = Duration::from_secs(3);

/// The drain's handle: ask it whether it failed, stop it.
pub struct Drain {
    notifier: Notifier,
    thread: Option<JoinHandle<Result<(), Failure>>>,
    stop: Stop,
    beat: Beat,
}

/// Notifies the drain of what is stored.
#[derive(Clone)]
pub struct Notifier(Sender<i64>);

impl Notifier {
    /// Events up to `out_seq` are in the outbox.
    pub fn stored(&self, out_seq: i64) {
        // A drain that is gone is noticed by `Drain::check`.
        let _ = self.0.send(out_seq);
    }
}

/// When the drain was last heard of.
#[derive(Clone, Debug)]
struct Beat(Arc<Mutex<Instant>>);

impl Default for Beat {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }
}

impl Beat {
    fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn is_still(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed() > HANGS
    }
}

impl Drain {
    /// Starts to publish; events up to `stored` are in the outbox.
    pub fn start(job: Job, stored: i64) -> Self {
        let (wake, woken) = channel();
        let stop = Stop::default();
        let stopped = stop.clone();
        let beat = Beat::default();
        let beats = beat.clone();
        let name = format!("{}.outbox", job.group());
        let run = move || {
            let (mut failures, mut outage) = (0, Outage::default());
            loop {
                match publish(&job, &woken, &stopped, &beats, stored) {
                    Err(Failure::Transient(text)) if !stopped.is_set() => {
                        failures += 1;
                        if job.status.figures().unpublished.is_none() {
                            outage.end();
                        }
                        if outage.is_news(&text) {
                            tracing::warn!(failure = %text, failures, "publishing starts over with a new producer");
                        }
                        job.status.update(|figures| figures.unpublished = Some(text.to_string()));
                        pause(Duration::from_millis(200 * failures.min(25)), &stopped);
                    }
                    result => return result,
                }
            }
        };
        let thread = std::thread::Builder::new().name(name).spawn(run).ok();
        let notifier = Notifier(wake);
        notifier.stored(stored);
        Self { notifier, thread, stop, beat }
    }

    /// For the one who stores events.
    pub fn notifier(&self) -> Notifier {
        self.notifier.clone()
    }

    /// # Errors
    /// What made it stop.
    pub fn check(&mut self) -> Result<(), Failure> {
        if self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return if self.beat.is_still() {
                Err(Failure::transient("the Kafka client does not come back from publishing"))
            } else {
                Ok(())
            };
        }
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(Err(failure))) => Err(failure),
            _ => Err(Failure::transient("the outbox drain ended early")),
        }
    }

    /// Stops it; what it has not published stays in the outbox.
    pub fn stop(mut self) {
        self.stop.set();
        // It may be asleep.
        self.notifier.stored(i64::MIN);
        let began = Instant::now();
        if let Some(thread) = self.thread.take() {
            // One that hangs is left alone: the next owner's producer fences it.
            while !thread.is_finished() && began.elapsed() < STOP {
                std::thread::park_timeout(Duration::from_millis(5));
            }
        }
    }
}

fn pause(wait: Duration, stop: &Stop) {
    let began = Instant::now();
    while began.elapsed() < wait && !stop.is_set() {
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// Publishes with one producer until it is stopped or fails.
fn publish(
    job: &Job,
    woken: &Receiver<i64>,
    stop: &Stop,
    beat: &Beat,
    mut stored: i64,
) -> Result<(), Failure> {
    beat.beat();
    let id = job.transactional_id();
    let progress_topic = job.progress_topic();
    let topic = format!("{}.{}", job.prefix, job.task.processor);
    let producer = producer(&job.kafka, &id)?;
    let early =
        if stands(Guard::ReadAfterInit) { None } else { Some(read_progress(job, &progress_topic, &id)?) };
    pass(Point::ProducerMade);
    producer.init_transactions(TIMEOUT).map_err(doubtful)?;
    beat.beat();
    let partitions = partitions(&producer, &topic)?;
    let mut connection = job.runtime.block_on(connect(&job.database_url, &id))?;
    let next = job.runtime.block_on(in_time(next_rows(job, BATCH, &mut connection)))?;
    beat.beat();
    let next = next.iter().map(|row| row.event_id).collect();
    let target = Target { topic: &topic, partitions, progress_topic: &progress_topic, key: &id };
    abandoned::end(&job.kafka, &producer, &target, &next)?;
    beat.beat();
    let mut progress = match early {
        Some(progress) => progress,
        None => read_progress(job, &progress_topic, &id)?,
    };
    job.status.update(|figures| figures.unpublished = None);
    let mut agreement = Agreement::with(&progress);
    loop {
        loop {
            beat.beat();
            if !agreement.reach(job, &progress, &mut connection)? {
                break;
            }
            let rows = job.runtime.block_on(in_time(next_rows(job, BATCH, &mut connection)))?;
            stored = stored.max(rows.last().map_or(stored, |row| row.out_seq));
            let Some(last) = rows.last().map(|row| row.out_seq) else { break };
            let full = rows.len() == BATCH;
            let new: Vec<_> = rows.into_iter().filter(|row| row.out_seq > progress.out_seq).collect();
            pass(Point::BeforePublish);
            if let Some(newest) = new.last() {
                let sent = send(job, &producer, (&topic, partitions), &progress_topic, &new, newest.into());
                if sent.is_err() && !stands(Guard::DoubtfulProducer) {
                    // The producer may get over it; then all is sent again.
                    while producer.commit_transaction(TIMEOUT).is_err() && !stop.is_set() {
                        let _ = producer.abort_transaction(TIMEOUT);
                    }
                    continue;
                }
                sent?;
                progress = newest.into();
            }
            pass(Point::AfterPublish);
            job.runtime.block_on(in_time(delete_published(job, last, &mut connection)))?;
            job.metrics.published.inc_by(new.len() as u64);
            job.status.update(|figures| figures.published = figures.published.max(last));
            if stop.is_set() {
                return Ok(());
            }
            if !full {
                // Whoever has stored more since then has sent word.
                break;
            }
        }
        // All is published, so nothing up to `stored` is pending even where the outbox was empty from the start.
        if agreement.reached {
            job.status.update(|figures| figures.published = figures.published.max(stored));
        }
        if stop.is_set() {
            return Ok(());
        }
        beat.beat();
        match woken.recv_timeout(Duration::from_secs(1)) {
            Ok(seq) => stored = stored.max(woken.try_iter().last().unwrap_or(seq)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// A statement that hangs is a connection that is gone.
pub(super) async fn in_time<T>(statement: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let done = tokio::time::timeout(STATEMENT, statement).await;
    done.unwrap_or_else(|_| Err(Failure::transient("Postgres does not answer")))
}

fn producer(kafka: &ClientConfig, id: &str) -> Result<BaseProducer, Failure> {
    let mut settings = kafka.clone();
    for (key, value) in [
        ("transactional.id", id),
        // A drain that dies holds readers up no longer than this.
        ("transaction.timeout.ms", "10000"),
        ("message.timeout.ms", "9000"),
        ("linger.ms", "0"),
        ("socket.nagle.disable", "true"),
        // The partitioner of every other Kafka client, so that keys meet.
        ("partitioner", "murmur2_random"),
        ("compression.type", "zstd"),
        ("queue.buffering.max.messages", "100000"),
    ] {
        settings.set(key, value);
    }
    settings.create().map_err(|error| Failure::permanent(format!("Kafka producer: {error}")).because(error))
}

pub(super) fn read_progress(job: &Job, topic: &str, id: &str) -> Result<Progress, Failure> {
    if stands(Guard::ProgressRecord) {
        progress::read(&job.kafka, topic, id)
    } else {
        Ok(Progress::default())
    }
}

fn partitions(producer: &BaseProducer, topic: &str) -> Result<i32, Failure> {
    let metadata = producer.client().fetch_metadata(Some(topic), TIMEOUT).map_err(doubtful)?;
    let found = metadata.topics().first();
    if found.and_then(rdkafka::metadata::MetadataTopic::error)
        == Some(rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    {
        let check = "give this user the ACLs Write and Describe on it: docs/security.md";
        return Err(Failure::transient(format!("Kafka refuses us topic {topic}: {check}")));
    }
    match found.map_or(0, |topic| topic.partitions().len()) {
        0 => Err(Failure::transient(format!("topic {topic} does not exist: `ledgerwell topics` creates it"))),
        partitions => Ok(i32::try_from(partitions).unwrap_or(i32::MAX)),
    }
}

/// Whatever the error, this producer is not used again.
#[allow(clippy::needless_pass_by_value, reason = "the shape of map_err")]
pub(super) fn doubtful(error: rdkafka::error::KafkaError) -> Failure {
    use rdkafka::types::RDKafkaErrorCode as Code;
    if let Some(
        Code::TransactionalIdAuthorizationFailed
        | Code::TopicAuthorizationFailed
        | Code::ClusterAuthorizationFailed,
    ) = error.rdkafka_error_code()
    {
        return Failure::permanent(format!("Kafka: publishing: {error}. Check the ACLs of this client"));
    }
    Failure::transient(format!("Kafka: publishing: {error}"))
}

fn send(
    job: &Job,
    producer: &BaseProducer,
    (topic, partitions): (&str, i32),
    progress_topic: &str,
    rows: &[OutboxRow],
    progress: Progress,
) -> Result<(), Failure> {
    producer.begin_transaction().map_err(doubtful)?;
    for row in rows {
        let record = || BaseRecord::to(topic).key(&row.key).payload(&row.data).headers(headers(job, row));
        if row.event_type == Tick::TYPE {
            // A tick is for every consumer, whichever partitions it reads.
            for partition in 0..partitions {
                enqueue(producer, record().partition(partition))?;
            }
        } else {
            enqueue(producer, record())?;
        }
    }
    let value = serde_json::to_string(&progress).unwrap_or_default();
    enqueue(
        producer,
        BaseRecord::to(progress_topic).partition(0).key(&job.transactional_id()).payload(&value),
    )?;
    confirmed(producer)?;
    pass(Point::InKafkaTransaction);
    producer.commit_transaction(TIMEOUT).map_err(doubtful)
}

/// Waits until Kafka has everything. librdkafka's commit waits for delivery reports that nobody polls for (100 ms each time), so
/// they are polled for first.
pub(super) fn confirmed(producer: &BaseProducer) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        producer.poll(Duration::ZERO);
        if producer.in_flight_count() == 0 {
            return Ok(());
        }
        if began.elapsed() > TIMEOUT {
            return Err(Failure::transient("Kafka did not confirm events in time"));
        }
        // The client's own waiting spins through its last millisecond.
        std::thread::sleep(REPORT);
    }
}

fn enqueue(producer: &BaseProducer, mut record: BaseRecord<'_, String, String>) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((error, back)) => {
                if error.rdkafka_error_code() != Some(rdkafka::types::RDKafkaErrorCode::QueueFull)
                    || began.elapsed() > TIMEOUT
                {
                    return Err(doubtful(error));
                }
                record = back;
                producer.poll(Duration::from_millis(5));
            }
        }
    }
}

/// CloudEvents in binary mode, <https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/kafka-protocol-binding.md>,
/// and a W3C trace context that is derived from the event's id.
fn headers(job: &Job, row: &OutboxRow) -> OwnedHeaders {
    let id = row.event_id;
    let (trace, span) = (id.simple().to_string(), id.as_u64_pair().1);
    let source = format!("/ledgerwell/{}/{}", job.task.processor, job.task.source);
    // It names the shape of the data; there is nothing to fetch.
    let schema = format!("urn:ledgerwell:{}:{}:{}", job.task.processor, row.event_type, row.schema_version);
    let time = row.time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    [
        ("ce_specversion", "1.0"),
        ("ce_id", &id.to_string()),
        ("ce_type", &row.event_type),
        ("ce_source", &source),
        ("ce_subject", &row.key),
        ("ce_time", &time),
        ("ce_position", &row.position),
        ("ce_dataschema", &schema),
        ("content-type", "application/json"),
        ("traceparent", &format!("00-{trace}-{span:016x}-01")),
    ]
    .into_iter()
    .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}
