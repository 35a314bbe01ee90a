//! How far a task's events are published: a record in a compacted topic, written in the same Kafka transaction as the events.

use std::time::{Duration, Instant};

use contract::Failure;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Chain, OutboxRow};
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
    /// The chain of ids up to it; `None` where an older program has published it.
    #[serde(flatten)]
    pub(super) chain: Option<Chain>,
}

impl From<&OutboxRow> for Progress {
    fn from(row: &OutboxRow) -> Self {
        let OutboxRow { out_seq, event_id, topic_generation, chain, .. } = *row;
        Self { out_seq, event_id, topic_generation, chain }
    }
}

/// What is to be done before anything is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The database and Kafka agree about what is published.
    Agree,
    /// A backup was restored: what is published is being made again, and not there yet.
    Wait,
}

impl Progress {
    /// Looks whether the database is the one that has published all this. `next` is its first event that is not before the last
    /// one that is published, `stored` the number of its last event of all, and the chain of ids up to that.
    ///
    /// # Errors
    /// The number of an event that was another one when it was published.
    pub(super) fn judge(
        &self,
        next: Option<&OutboxRow>,
        (stored, chain): (i64, Option<Chain>),
    ) -> Result<Verdict, i64> {
        let contradicts = |chain: Option<Chain>| self.chain.is_some_and(|mine| mine.contradicts(chain));
        let agrees = match next {
            Some(row) if row.out_seq == self.out_seq => {
                row.event_id == self.event_id
                    && row.topic_generation == self.topic_generation
                    && !contradicts(row.chain)
            }
            Some(row) if row.out_seq == self.out_seq + 1 => {
                let after = self.chain.map(|chain| chain.then(row.event_id));
                !after.is_some_and(|after| after.contradicts(row.chain))
            }
            None if stored < self.out_seq => return Ok(Verdict::Wait),
            None if stored == self.out_seq => !contradicts(chain),
            // Kafka has lost what it knew of later ones.
            Some(_) | None => true,
        };
        if agrees { Ok(Verdict::Agree) } else { Err(self.out_seq) }
    }
}

/// The highest version in the keys of progress records, which are `<group>.v<version>`; 0 where there is none.
pub(super) fn highest_version(kafka: &ClientConfig, topic: &str, group: &str) -> Result<i32, Failure> {
    let mut highest = 0;
    scan(kafka, topic, group, |key, _| {
        let version = key.strip_prefix(group.as_bytes()).and_then(|rest| rest.strip_prefix(b".v"));
        let version = version.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        highest = highest.max(version.unwrap_or(0));
        Ok(())
    })?;
    Ok(highest)
}

/// The task's last progress record. To be read only after `init_transactions`, which ends the transactions of an owner before.
pub(super) fn read(kafka: &ClientConfig, topic: &str, key: &str) -> Result<Progress, Failure> {
    let mut progress = Progress::default();
    scan(kafka, topic, key, |of, value| {
        if of == key.as_bytes() {
            progress = serde_json::from_slice(value)
                .map_err(|_| Failure::permanent(format!("topic {topic} holds a record that is not ours")))?;
        }
        Ok(())
    })?;
    Ok(progress)
}

/// Reads the whole topic; `key` names the reader.
///
/// All tasks of a deployment write to this topic. A transaction of another one that is still open hides what was committed
/// behind it, so the end that is visible is no end before it has reached the true one. Its timeout bounds the wait.
fn scan(
    kafka: &ClientConfig,
    topic: &str,
    key: &str,
    mut see: impl FnMut(&[u8], &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
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
    while began.elapsed() < READ {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                see(message.key().unwrap_or_default(), message.payload().unwrap_or_default())?;
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
            Some(Err(error)) => return Err(kafka_failure(error)),
            None => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: i64) -> Uuid {
        Uuid::from_u128(n.unsigned_abs().into())
    }

    /// The chain of ids 1 to `n`, but for `other`.
    fn chain(n: i64, other: Option<i64>) -> Chain {
        let ids = (1..=n).map(|n| if other == Some(n) { id(77) } else { id(n) });
        ids.fold(Chain::behind(0), Chain::then)
    }

    fn row(out_seq: i64, other: Option<i64>) -> OutboxRow {
        OutboxRow {
            out_seq,
            topic_generation: id(1),
            event_id: if other == Some(out_seq) { id(77) } else { id(out_seq) },
            event_type: "e".into(),
            schema_version: 1,
            key: "k".into(),
            position: "1.1".into(),
            time: chrono::DateTime::default(),
            data: "{}".into(),
            chain: Some(chain(out_seq, other)),
        }
    }

    /// Event 3 was the last one that was published.
    fn published() -> Progress {
        (&row(3, None)).into()
    }

    #[test]
    fn who_goes_on_agrees_with_what_is_published() {
        assert_eq!(published().judge(Some(&row(4, None)), (9, None)), Ok(Verdict::Agree));
        assert_eq!(published().judge(None, (3, Some(chain(3, None)))), Ok(Verdict::Agree));
        assert_eq!(published().judge(Some(&row(9, None)), (9, None)), Ok(Verdict::Agree), "Kafka forgot");
    }

    #[test]
    fn after_a_restored_backup_nothing_is_passed_over_before_all_of_it_is_there() {
        assert_eq!(published().judge(None, (2, Some(chain(2, None)))), Ok(Verdict::Wait));
        assert_eq!(published().judge(Some(&row(3, None)), (3, None)), Ok(Verdict::Agree));
    }

    #[test]
    fn another_event_under_a_published_number_stops_wherever_it_is() {
        for other in 1..=3 {
            assert_eq!(published().judge(Some(&row(3, Some(other))), (3, None)), Err(3), "{other}");
            assert_eq!(published().judge(Some(&row(4, Some(other))), (9, None)), Err(3), "{other}");
            assert_eq!(published().judge(None, (3, Some(chain(3, Some(other))))), Err(3), "{other}");
        }
        let elsewhere = OutboxRow { topic_generation: id(2), ..row(3, None) };
        assert_eq!(published().judge(Some(&elsewhere), (3, None)), Err(3));
    }

    #[test]
    fn what_an_older_program_has_published_is_known_by_its_last_event() {
        let old: Progress = serde_json::from_str(&format!(
            r#"{{"out_seq":3,"event_id":"{}","incarnation":"{}"}}"#,
            id(3),
            id(1)
        ))
        .unwrap();
        assert_eq!(old.chain, None);
        assert_eq!(old.judge(Some(&row(3, Some(1))), (3, None)), Ok(Verdict::Agree));
        assert_eq!(old.judge(Some(&row(3, Some(3))), (3, None)), Err(3));
        let new = serde_json::to_string(&published()).unwrap();
        assert_eq!(serde_json::from_str::<Progress>(&new).unwrap(), published());
    }
}
