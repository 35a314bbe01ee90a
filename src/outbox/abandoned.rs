//! Transactions that Kafka decided and never ended in every partition.
//!
//! A broker that hangs for longer than its session loses markers at times: the coordinator calls a transaction aborted,
//! one partition has the marker, another has not. What is open there is hidden, and it comes to light as committed with the
//! next commit of the same producer in that partition. So it is ended first: by a transaction of the same producer that takes
//! part in the partition and is aborted. Found by the torture (`kafka_paused_while_committing`) with Kafka 4.3.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use contract::Failure;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Headers;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use uuid::Uuid;

use super::drain::{self, TIMEOUT};
use super::progress::{HIDDEN, committed, uncommitted};
use crate::torture::{Guard, stands};
use crate::watermarks::watermarks;

/// What is open for longer than any transaction of ours may last, which is ten seconds, is abandoned.
const ABANDONED: Duration = Duration::from_secs(15);
/// The events of a transaction are no further apart than this, in milliseconds.
const APART: i64 = 60_000;

/// A part of a partition that is hidden because a transaction is open.
struct Open<'t> {
    topic: &'t str,
    partition: i32,
    from: i64,
    to: i64,
}

/// Where a task writes.
pub(super) struct Target<'t> {
    /// Its result topic …
    pub(super) topic: &'t str,
    /// … and how many partitions it has.
    pub(super) partitions: i32,
    /// The topic of progress records, which has one partition.
    pub(super) progress_topic: &'t str,
    /// The key of its own.
    pub(super) key: &'t str,
}

/// Ends what is open of this producer, whose `init_transactions` is done: nothing of it may be open any more. `unpublished` are
/// the ids of the events that would be published next.
pub(super) fn end(
    kafka: &ClientConfig,
    producer: &BaseProducer,
    target: &Target<'_>,
    unpublished: &BTreeSet<Uuid>,
) -> Result<(), Failure> {
    let topics =
        Topics { committed: committed(kafka, target.key)?, uncommitted: uncommitted(kafka, target.key)? };
    if !stands(Guard::ReadToEnd) {
        return Ok(());
    }
    let mut open = topics.open(target)?;
    let began = Instant::now();
    while !open.is_empty() && began.elapsed() < ABANDONED {
        std::thread::sleep(HIDDEN);
        topics.drop_ended(&mut open)?;
    }
    let mut ours = Vec::new();
    let mut undecided = None;
    for part in open {
        let records = topics.hidden(&part)?;
        if part.topic == target.progress_topic {
            let own = records.iter().find(|record| record.key.as_deref() == Some(target.key.as_bytes()));
            undecided = own.map(|record| record.time);
            ours.extend(own.map(|_| part));
        } else if records.iter().any(|record| record.id.is_some_and(|id| unpublished.contains(&id))) {
            ours.push(part);
        }
    }
    if ours.is_empty() {
        return Ok(());
    }
    // The progress record says whether a transaction was committed. Where that is hidden itself, any of its events does.
    if let Some(time) = undecided
        && topics.is_visible(target, time, unpublished)?
    {
        return Err(Failure::transient(format!(
            "Kafka has committed a transaction and never ended it in topic {}; nothing is published before somebody has \
             looked at it: docs/runbooks.md, \"Events do not go out\"",
            target.progress_topic
        )));
    }
    for part in &ours {
        tracing::warn!(
            topic = part.topic,
            partition = part.partition,
            offset = part.from,
            "Kafka has aborted a transaction and never ended it here; it is ended now"
        );
    }
    abort(producer, &ours)?;
    let began = Instant::now();
    while !ours.is_empty() {
        if began.elapsed() > TIMEOUT {
            return Err(Failure::transient("Kafka: a transaction that it has aborted is still open"));
        }
        std::thread::sleep(HIDDEN);
        topics.drop_ended(&mut ours)?;
    }
    Ok(())
}

/// Takes part in partitions, and aborts.
fn abort(producer: &BaseProducer, parts: &[Open<'_>]) -> Result<(), Failure> {
    producer.begin_transaction().map_err(drain::doubtful)?;
    for part in parts {
        let nothing = BaseRecord::to(part.topic).partition(part.partition).key("aborted").payload("");
        producer.send(nothing).map_err(|(error, _)| drain::doubtful(error))?;
    }
    drain::confirmed(producer)?;
    producer.abort_transaction(TIMEOUT).map_err(drain::doubtful)
}

/// A record, as far as it matters here.
struct Seen {
    key: Option<Vec<u8>>,
    /// Its `ce_id`.
    id: Option<Uuid>,
    /// When it was produced, in milliseconds.
    time: i64,
}

/// The topics, with and without what is hidden.
struct Topics {
    committed: BaseConsumer,
    uncommitted: BaseConsumer,
}

#[allow(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn failure(error: KafkaError) -> Failure {
    Failure::transient(format!("Kafka: looking for transactions that are still open: {error}"))
}

impl Topics {
    fn open<'t>(&self, target: &Target<'t>) -> Result<Vec<Open<'t>>, Failure> {
        let results = (0..target.partitions).map(|partition| (target.topic, partition));
        let mut open = Vec::new();
        for (topic, partition) in results.chain([(target.progress_topic, 0)]) {
            let (from, to) =
                (end_of(&self.committed, topic, partition)?, end_of(&self.uncommitted, topic, partition)?);
            if from < to {
                open.push(Open { topic, partition, from, to });
            }
        }
        Ok(open)
    }

    fn drop_ended(&self, open: &mut Vec<Open<'_>>) -> Result<(), Failure> {
        for part in std::mem::take(open) {
            if end_of(&self.committed, part.topic, part.partition)? < part.to {
                open.push(part);
            }
        }
        Ok(())
    }

    /// The records of an open part.
    fn hidden(&self, part: &Open<'_>) -> Result<Vec<Seen>, Failure> {
        read(&self.uncommitted, part.topic, part.partition, Offset::Offset(part.from))
    }

    /// Whether one of these events can be read, of those that were produced about that time.
    fn is_visible(&self, target: &Target<'_>, time: i64, events: &BTreeSet<Uuid>) -> Result<bool, Failure> {
        let mut times = TopicPartitionList::new();
        for partition in 0..target.partitions {
            let since = Offset::Offset(time.saturating_sub(APART).max(0));
            times.add_partition_offset(target.topic, partition, since).map_err(failure)?;
        }
        let starts = self.committed.offsets_for_times(times, TIMEOUT).map_err(failure)?;
        for start in starts.elements() {
            let Offset::Offset(_) = start.offset() else { continue };
            let records = read(&self.committed, target.topic, start.partition(), start.offset())?;
            if records.iter().any(|record| record.id.is_some_and(|id| events.contains(&id))) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn end_of(consumer: &BaseConsumer, topic: &str, partition: i32) -> Result<i64, Failure> {
    watermarks(consumer, topic, partition).map(|(_, end)| end).map_err(failure)
}

/// What a consumer sees of a partition, from an offset on.
fn read(consumer: &BaseConsumer, topic: &str, partition: i32, from: Offset) -> Result<Vec<Seen>, Failure> {
    let mut part = TopicPartitionList::new();
    part.add_partition_offset(topic, partition, from).map_err(failure)?;
    consumer.assign(&part).map_err(failure)?;
    let began = Instant::now();
    let mut seen = Vec::new();
    while began.elapsed() < TIMEOUT {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                let mut headers = message.headers().into_iter().flat_map(Headers::iter);
                let id = headers.find(|header| header.key == "ce_id").and_then(|header| header.value);
                seen.push(Seen {
                    key: message.key().map(<[u8]>::to_vec),
                    id: id.and_then(|id| Uuid::try_parse_ascii(id).ok()),
                    time: message.timestamp().to_millis().unwrap_or(0),
                });
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(seen),
            Some(Err(error)) => return Err(failure(error)),
            None => {}
        }
    }
    Err(Failure::transient(format!("Kafka: topic {topic} could not be read to its end in time")))
}
