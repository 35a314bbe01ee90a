//! Where a rebuild begins.

use std::time::{Duration, Instant};

use contract::Failure;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

/// Where a rebuild begins in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// At the beginning of the log; at the last snapshot where the log has lost its beginning.
    Beginning,
    /// At the last snapshot that is complete. What people and rules decided before is not known then, nor how scores were
    /// before.
    Snapshot,
}

/// Kafka may be silent for so long while the log is searched.
const SILENCE: Duration = Duration::from_mins(1);

/// The offset to begin at.
pub(super) fn begin(
    from: From,
    low: i64,
    high: i64,
    kafka: &ClientConfig,
    topic: &str,
) -> Result<i64, Failure> {
    if from == From::Beginning && low == 0 {
        return Ok(0);
    }
    let last = last_snapshot(low, high, kafka, topic)?;
    last.ok_or_else(|| {
        Failure::permanent(format!(
            "topic {topic} has neither its beginning nor a complete snapshot (it starts at offset {low}): nothing can be \
             rebuilt from it. Take a new snapshot with the connector, and let the topic keep everything (retention.ms=-1)"
        ))
    })
}

/// Where the last complete snapshot begins.
fn last_snapshot(low: i64, high: i64, kafka: &ClientConfig, topic: &str) -> Result<Option<i64>, Failure> {
    let failed = |error: KafkaError| {
        Failure::transient(format!("Kafka: searching topic {topic}: {error}")).because(error)
    };
    let mut settings = kafka.clone();
    settings
        .set("group.id", "ledgerwell.snapshots")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true");
    let consumer: BaseConsumer = settings.create().map_err(failed)?;
    let mut all = TopicPartitionList::new();
    all.add_partition_offset(topic, 0, Offset::Offset(low)).map_err(failed)?;
    consumer.assign(&all).map_err(failed)?;
    let (mut begun, mut complete, mut heard) = (None, None, Instant::now());
    loop {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(record)) if record.offset() >= high => return Ok(complete),
            Some(Ok(record)) => {
                heard = Instant::now();
                match record.payload().and_then(marker) {
                    Some(Marker::First) => begun = Some(record.offset()),
                    Some(Marker::Last) => complete = begun.or(complete),
                    None => {}
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(complete),
            Some(Err(error)) => return Err(failed(error)),
            None if heard.elapsed() > SILENCE => {
                return Err(Failure::transient(format!("Kafka: topic {topic} delivers nothing")));
            }
            None => {}
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marker {
    First,
    Last,
}

/// What a record's `source.snapshot` says, searched for in its text: parsing every record of a log only for this would take
/// longer than reading it. It is behind the row, whose quotes are escaped.
fn marker(value: &[u8]) -> Option<Marker> {
    const SNAPSHOT: &[u8] = b"\"snapshot\":";
    let rest = &value[memchr::memmem::rfind(value, SNAPSHOT)? + SNAPSHOT.len()..];
    match rest.trim_ascii_start() {
        rest if rest.starts_with(b"\"first\"") => Some(Marker::First),
        rest if rest.starts_with(b"\"last\"") => Some(Marker::Last),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshots_ends_are_known_by_their_markers() {
        let row = |marker: &str| {
            format!(
                r#"{{"after":{{"note":"\"snapshot\":\"last\""}},"source":{{"table":"t","snapshot":"{marker}","ts_ms":1}},"op":"r"}}"#
            )
        };
        assert_eq!(marker(row("first").as_bytes()), Some(Marker::First));
        assert_eq!(marker(row("last").as_bytes()), Some(Marker::Last));
        assert_eq!(marker(row("last_in_data_collection").as_bytes()), None);
        assert_eq!(marker(row("first_in_data_collection").as_bytes()), None);
        assert_eq!(marker(row("false").as_bytes()), None);
    }
}
