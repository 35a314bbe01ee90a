//! Reads a whole topic, as committed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Headers;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use crate::error::Error;

/// The longest that one topic may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The longest wait for an open transaction of the publisher's to end: it has a timeout of ten seconds.
const OPEN: Duration = Duration::from_secs(25);

/// A record as it came.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) offset: i64,
    /// Its Kafka timestamp, in milliseconds since 1970.
    pub(crate) timestamp: i64,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
    headers: Vec<(String, String)>,
}

impl Raw {
    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What is in a partition.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    /// The first offset that it still has.
    pub(crate) start: i64,
    /// The offset behind its last record.
    pub(crate) end: i64,
    pub(crate) records: Vec<Raw>,
}

/// A whole topic. None when there is none of that name.
pub(crate) fn read(servers: &str, topic: &str) -> Result<Option<Vec<Partition>>, Error> {
    let (committed, all) = (consumer(servers, "read_committed")?, consumer(servers, "read_uncommitted")?);
    let metadata = committed.fetch_metadata(Some(topic), TIMEOUT)?;
    let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
    if partitions == 0 {
        return Ok(None);
    }
    let mut answer = Vec::new();
    let mut assignment = TopicPartitionList::new();
    for number in 0..i32::try_from(partitions).unwrap_or(i32::MAX) {
        let (start, end) = settled(&committed, &all, topic, number)?;
        answer.push(Partition { start, end, records: Vec::new() });
        assignment.add_partition_offset(topic, number, Offset::Beginning)?;
    }
    committed.assign(&assignment)?;
    let (mut ended, began) = (BTreeSet::new(), Instant::now());
    while ended.len() < partitions {
        if began.elapsed() > TIMEOUT {
            return Err(Error::Unfinished(topic.to_owned()));
        }
        match committed.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                let number = usize::try_from(message.partition()).unwrap_or_default();
                if let Some(partition) = answer.get_mut(number) {
                    partition.records.push(raw(&message));
                }
            }
            Some(Err(KafkaError::PartitionEOF(number))) => {
                ended.insert(number);
            }
            // Brokers that come back are found again.
            Some(Err(KafkaError::MessageConsumption(
                RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown,
            )))
            | None => {}
            Some(Err(error)) => return Err(error.into()),
        }
    }
    Ok(Some(answer))
}

fn consumer(servers: &str, isolation: &str) -> Result<BaseConsumer, KafkaError> {
    ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("group.id", "checker")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", isolation)
        .set("reconnect.backoff.max.ms", "500")
        .set("fetch.wait.max.ms", "10")
        .create()
}

/// Start and end of a partition, once no transaction is open in it: what is open hides what stands behind.
fn settled(
    committed: &BaseConsumer,
    all: &BaseConsumer,
    topic: &str,
    partition: i32,
) -> Result<(i64, i64), Error> {
    let began = Instant::now();
    loop {
        let (_, every) = believed(all, topic, partition)?;
        let (start, stable) = believed(committed, topic, partition)?;
        if stable >= every {
            return Ok((start, every));
        }
        if began.elapsed() > OPEN {
            return Err(Error::Unfinished(topic.to_owned()));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The client's answer may take an error for an empty partition, so that is asked thrice.
fn believed(consumer: &BaseConsumer, topic: &str, partition: i32) -> Result<(i64, i64), Error> {
    let mut answer = consumer.fetch_watermarks(topic, partition, TIMEOUT)?;
    for _ in 0..2 {
        if answer.0 == answer.1 {
            std::thread::sleep(Duration::from_millis(50));
            answer = consumer.fetch_watermarks(topic, partition, TIMEOUT)?;
        }
    }
    Ok(answer)
}

fn raw(message: &rdkafka::message::BorrowedMessage<'_>) -> Raw {
    let headers = message.headers().map_or_else(Vec::new, |headers| {
        let text = |value: Option<&[u8]>| String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
        headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect()
    });
    Raw {
        offset: message.offset(),
        timestamp: message.timestamp().to_millis().unwrap_or_default(),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().map(<[u8]>::to_vec),
        headers,
    }
}
