//! How far a task's events are published: a record in a compacted topic, written in the same Kafka transaction as the events.

use std::time::{Duration, Instant};

use contract::Failure;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::OutboxRow;
use crate::torture::{Guard, stands};
use crate::watermarks::watermarks;

/// Reading the whole topic takes no longer than this.
const READ: Duration = Duration::from_secs(30);

/// How often it is looked whether another task's transaction has ended.
pub(super) const HIDDEN: Duration = Duration::from_millis(20);

/// The last event that was published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Its number.
    pub(super) out_seq: i64,
    /// Its id.
    pub(super) event_id: Uuid,
    /// Identity of the content of the source's topic.
    #[serde(rename = "incarnation")]
    pub(super) topic_generation: Uuid,
}

impl From<&OutboxRow> for Progress {
    fn from(row: &OutboxRow) -> Self {
        Self { out_seq: row.out_seq, event_id: row.event_id, topic_generation: row.topic_generation }
    }
}

/// The task's last progress record. To be read only after `init_transactions`, which ends the transactions of an owner before.
///
/// All tasks of a deployment write to this topic. A transaction of another one that is still open hides what was committed
/// behind it, so the end that is visible is no end before it has reached the true one. Its timeout bounds the wait.
pub(super) fn read(kafka: &ClientConfig, topic: &str, key: &str) -> Result<Progress, Failure> {
    let kafka_failure =
        |error: KafkaError| Failure::transient(format!("Kafka: reading {topic}: {error}")).because(error);
    let consumer = committed(kafka, key)?;
    let mut all = TopicPartitionList::new();
    all.add_partition_offset(topic, 0, Offset::Beginning).map_err(kafka_failure)?;
    let began = Instant::now();
    let uncommitted = uncommitted(kafka, key)?;
    let end_of = |consumer: &BaseConsumer| watermarks(consumer, topic, 0).map(|(_, end)| end);
    let end = end_of(&uncommitted).map_err(kafka_failure)?;
    while stands(Guard::ReadToEnd) && end_of(&consumer).map_err(kafka_failure)? < end {
        if began.elapsed() > READ {
            return Err(Failure::transient(format!(
                "Kafka: a transaction of another processor keeps topic {topic} from being read to its end"
            )));
        }
        std::thread::sleep(HIDDEN);
    }
    consumer.assign(&all).map_err(kafka_failure)?;
    let mut progress = Progress::default();
    while began.elapsed() < READ {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) if message.key() == Some(key.as_bytes()) => {
                progress = serde_json::from_slice(message.payload().unwrap_or_default()).map_err(|_| {
                    Failure::permanent(format!("topic {topic} holds a record that is not ours"))
                })?;
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(progress),
            Some(Err(error)) => return Err(kafka_failure(error)),
            Some(Ok(_)) | None => {}
        }
    }
    Err(Failure::transient(format!("Kafka: topic {topic} could not be read to its end in time")))
}

/// A consumer that sees nothing of open transactions.
pub(super) fn committed(kafka: &ClientConfig, key: &str) -> Result<BaseConsumer, Failure> {
    consumer(kafka, key, "read_committed")
}

/// A consumer that sees everything.
pub(super) fn uncommitted(kafka: &ClientConfig, key: &str) -> Result<BaseConsumer, Failure> {
    consumer(kafka, key, "read_uncommitted")
}

fn consumer(kafka: &ClientConfig, key: &str, isolation: &str) -> Result<BaseConsumer, Failure> {
    let mut settings = kafka.clone();
    settings
        .set("group.id", format!("{key}.progress"))
        .set("enable.auto.commit", "false")
        .set("isolation.level", isolation)
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "10");
    settings.create().map_err(|error| Failure::transient(format!("Kafka consumer: {error}")).because(error))
}
