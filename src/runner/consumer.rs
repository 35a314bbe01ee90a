//! The Kafka consumer of one task, as librdkafka has to be set for it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contract::Failure;
use contract::log::Outage;
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};
use xxhash_rust::xxh3::xxh3_64;

use crate::task::Job;

/// How long a metadata request may take.
pub(super) const REQUEST: Duration = Duration::from_secs(10);

/// What the group announced to this member. The callback only notes it: claiming waits for Postgres and belongs
/// elsewhere.
#[derive(Default)]
pub(super) struct Assignment {
    /// Counts assignments and revocations; odd while the partition is ours.
    generation: AtomicU64,
    topic: String,
    /// End of the source's topic, from the client's statistics.
    pub(super) high_watermark: Arc<AtomicI64>,
    /// Where the client last found the topic's end. Markers of transactions take offsets and are never delivered.
    pub(super) end_reached: AtomicI64,
    /// Whether no broker can be reached, as of the last statistics.
    unreachable: AtomicBool,
    /// Why the last broker that did not take us did not, until one does. The client says it once and then only tries
    /// again.
    refused: Mutex<Option<String>>,
    /// What was told of the present outage, whichever client it was told for.
    outage: Arc<Mutex<Outage>>,
    /// Whether the group has spoken at all.
    spoken: AtomicBool,
    /// Where the client says that a topic ended, until somebody takes it.
    ended_at: AtomicI64,
}

impl Assignment {
    /// The number of the current assignment, if there is one.
    pub(super) fn current(&self) -> Option<u64> {
        let generation = self.generation.load(Ordering::Acquire);
        (generation % 2 == 1).then_some(generation)
    }

    /// Whether the group has said who has the partition.
    pub(super) fn has_spoken(&self) -> bool {
        self.spoken.load(Ordering::Acquire)
    }

    /// Whether no broker can be reached.
    pub(super) fn is_unreachable(&self) -> bool {
        self.unreachable.load(Ordering::Relaxed)
    }

    /// Why no broker takes us, and what to check, if that is why none can be reached.
    pub(super) fn refusal(&self) -> Option<String> {
        if !self.is_unreachable() {
            return None;
        }
        self.refused.lock().ok()?.clone()
    }

    /// Takes over what the client before knew: how far the log goes, and that no broker was reached.
    pub(super) fn take_over(&self, before: &Self) {
        for (now, then) in
            [(&*self.high_watermark, &*before.high_watermark), (&self.end_reached, &before.end_reached)]
        {
            now.store(then.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.unreachable.store(true, Ordering::Relaxed);
    }

    fn note_refusal(&self, refusal: Option<String>) {
        if let Ok(mut refused) = self.refused.lock() {
            *refused = refusal;
        }
    }

    /// The offset at which a topic has just ended. Records stop short of it where markers of Kafka transactions, which are
    /// never delivered, are last.
    pub(super) fn take_end(&self) -> Option<i64> {
        Some(self.ended_at.swap(-1, Ordering::AcqRel)).filter(|offset| *offset >= 0)
    }

    fn set(&self, assigned: bool) {
        let generation = self.generation.load(Ordering::Acquire);
        if (generation % 2 == 1) != assigned {
            self.generation.store(generation + 1, Ordering::Release);
        }
    }
}

impl ClientContext for Assignment {
    /// Nothing: what the client logs here it reports below, too.
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn stats(&self, statistics: Statistics) {
        let up = statistics.brokers.values().any(|broker| broker.state == "UP");
        self.unreachable.store(!up, Ordering::Relaxed);
        if up {
            self.note_refusal(None);
            let ended = self.outage.lock().ok().and_then(|mut outage| outage.end());
            if let Some((lasted, errors)) = ended {
                tracing::info!(seconds = lasted.as_secs(), errors, "Kafka is reached");
            }
        }
        let partition = statistics.topics.get(&self.topic).and_then(|topic| topic.partitions.get(&0));
        if let Some(partition) = partition {
            self.high_watermark.store(partition.hi_offset, Ordering::Relaxed);
            self.end_reached.store(partition.eof_offset, Ordering::Relaxed);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The end of the log is no error; the poll loop hears of it too.
        if matches!(error, KafkaError::Global(RDKafkaErrorCode::PartitionEOF)) {
            // The offset is in the text alone; without it the position of the last record has to do.
            self.ended_at.store(read_end(reason).unwrap_or(-1), Ordering::Release);
            return;
        }
        if let Some(check) = error.rdkafka_error_code().and_then(what_to_check) {
            self.note_refusal(Some(format!("Kafka refuses us: {reason}. Check {check}")));
        }
        let kind = match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::Resolve,
            ) => "no broker is reached".to_owned(),
            Some(code) => format!("{code:?}"),
            None => error.to_string(),
        };
        if self.outage.lock().is_ok_and(|mut outage| outage.is_news(&kind)) {
            tracing::warn!(%error, reason, "Kafka; told once until a broker is reached again");
        }
    }
}

/// What to check when a connection is refused for this; nothing for what passes by itself.
fn what_to_check(code: RDKafkaErrorCode) -> Option<&'static str> {
    Some(match code {
        RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => {
            "security.protocol, sasl.mechanism, sasl.username and sasl.password under [kafka]"
        }
        RDKafkaErrorCode::SSL => {
            "ssl.ca.location under [kafka], and that the broker's certificate is in date and names the host that we connect to"
        }
        RDKafkaErrorCode::Resolve => "bootstrap.servers, and the addresses that the brokers advertise",
        _ => return None,
    })
}

/// "… reached end of partition at offset 26641 (HighwaterMark 26641)"
fn read_end(reason: &str) -> Option<i64> {
    let (_, offset) = reason.split_once("at offset ")?;
    offset.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

impl ConsumerContext for Assignment {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        event: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let ours = partitions.elements().iter().any(|partition| partition.topic() == self.topic);
        let assigned = event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && ours;
        self.spoken.store(true, Ordering::Release);
        // Nothing is fetched before the claim has said from where.
        if let Err(error) = consumer.assign(&TopicPartitionList::new()) {
            tracing::warn!(%error, "the group's assignment could not be acknowledged");
        }
        if event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS
            && let Err(error) = consumer.unassign()
        {
            tracing::warn!(%error, "the revocation could not be acknowledged");
        }
        self.set(assigned);
    }
}

/// A consumer that belongs to no group: somebody reads the log for itself.
pub(super) fn alone(job: &Job) -> Result<BaseConsumer<Assignment>, Failure> {
    settings(&job.kafka)
        .set("group.id", format!("{}.shadow", job.group()))
        .create_with_context(Assignment { topic: job.task.topic.clone(), ..Assignment::default() })
        .map_err(|error| Failure::permanent(format!("Kafka consumer: {error}")).because(error))
}

/// A consumer that has joined the task's group, instead of the one `before` if there was one.
pub(super) fn join(job: &Job, before: Option<&Assignment>) -> Result<BaseConsumer<Assignment>, Failure> {
    let outage = before.map(|before| Arc::clone(&before.outage)).unwrap_or_default();
    // The range assignor sorts members by id, which starts with the client id: a hash per group spreads tasks evenly.
    let spread = xxh3_64(format!("{}/{}", job.instance, job.group()).as_bytes());
    let consumer: BaseConsumer<Assignment> = settings(&job.kafka)
        .set("group.id", job.group())
        .set("client.id", format!("{spread:016x}-{}", job.instance))
        .create_with_context(Assignment { topic: job.task.topic.clone(), outage, ..Assignment::default() })
        .map_err(|error| Failure::permanent(format!("Kafka consumer: {error}")).because(error))?;
    consumer
        .subscribe(
            &[Some(&job.task.topic), job.control_topic.as_ref()]
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        )
        .map_err(|error| Failure::permanent(format!("Kafka consumer: {error}")).because(error))?;
    Ok(consumer)
}

/// What a deployment may tune.
const TUNABLE: [(&str, &str); 10] = [
    ("session.timeout.ms", "6000"),
    ("heartbeat.interval.ms", "1500"),
    // Saving may wait long for Postgres; the epoch fences us, not the group.
    ("max.poll.interval.ms", "3600000"),
    // A full local queue makes the fetcher sleep this long, a second by default.
    ("fetch.queue.backoff.ms", "5"),
    ("queued.min.messages", "20000"),
    ("queued.max.messages.kbytes", "32768"),
    ("fetch.wait.max.ms", "100"),
    // Compressed; in memory it is ten times as much.
    ("fetch.message.max.bytes", "1048576"),
    ("socket.nagle.disable", "true"),
    ("topic.metadata.refresh.interval.ms", "30000"),
];

/// What correctness rests on, whatever the configuration says.
const FIXED: [(&str, &str); 8] = [
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    // An offset that the log does not have must be seen, not papered over.
    ("auto.offset.reset", "error"),
    ("isolation.level", "read_committed"),
    ("enable.partition.eof", "true"),
    ("partition.assignment.strategy", "range"),
    ("statistics.interval.ms", "1000"),
    ("check.crcs", "true"),
];

fn settings(base: &ClientConfig) -> ClientConfig {
    // A copy, because what the base shows of itself has no passwords in it.
    let mut settings = base.clone();
    let untuned = TUNABLE.into_iter().filter(|(key, _)| base.get(key).is_none());
    for (key, value) in untuned.chain(FIXED) {
        settings.set(key, value);
    }
    settings
}

/// First offset of a topic, and the one after its last.
pub(super) fn watermarks(consumer: &BaseConsumer<Assignment>, topic: &str) -> Result<(i64, i64), Failure> {
    crate::watermarks::watermarks(consumer, topic, 0).map_err(|error| {
        Failure::transient(format!("Kafka: offsets of topic {topic}: {error}")).because(error)
    })
}

/// # Errors
/// [`Failure::Permanent`] when a topic has several partitions, among which the commit order would be lost.
pub(super) fn check_partitions(consumer: &BaseConsumer<Assignment>, topic: &str) -> Result<(), Failure> {
    let failed =
        |error| Failure::transient(format!("Kafka: partitions of topic {topic}: {error}")).because(error);
    let metadata = consumer.fetch_metadata(Some(topic), REQUEST).map_err(failed)?;
    match metadata.topics().first().map_or(0, |topic| topic.partitions().len()) {
        0 | 1 => Ok(()),
        several => Err(Failure::permanent(format!(
            "topic {topic} has {several} partitions, so the commit order of the source is lost. Create it again with \
             one partition and take a new snapshot with the connector"
        ))),
    }
}

/// Starts to fetch at `offset`, and the control topic, where there is one, at `control`.
pub(super) fn fetch_from(
    consumer: &BaseConsumer<Assignment>,
    job: &Job,
    offset: i64,
    control: i64,
) -> Result<(), Failure> {
    let mut from = TopicPartitionList::new();
    let topics = [Some((&job.task.topic, offset)), job.control_topic.as_ref().map(|topic| (topic, control))];
    topics
        .into_iter()
        .flatten()
        .try_for_each(|(topic, offset)| {
            from.add_partition_offset(topic, job.task.partition, Offset::Offset(offset))
        })
        .and_then(|()| consumer.assign(&from))
        .map_err(|error| {
            Failure::transient(format!("Kafka: cannot read from offset {offset}: {error}")).because(error)
        })
}

/// Fetches nothing any more.
pub(super) fn fetch_nothing(consumer: &BaseConsumer<Assignment>) {
    if let Err(error) = consumer.assign(&TopicPartitionList::new()) {
        tracing::warn!(%error, "fetching could not be stopped");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_overrules_tuning_and_not_what_correctness_rests_on() {
        let mut base = ClientConfig::new();
        base.set("session.timeout.ms", "1")
            .set("isolation.level", "read_uncommitted")
            .set("sasl.password", "secret");
        let settings = settings(&base);
        assert_eq!(settings.get("session.timeout.ms"), Some("1"));
        assert_eq!(settings.get("heartbeat.interval.ms"), Some("1500"));
        assert_eq!(settings.get("isolation.level"), Some("read_committed"));
        assert_eq!(settings.get("sasl.password"), Some("secret"), "not what is shown instead of it");
    }

    #[test]
    fn a_refusal_holds_until_a_broker_takes_us() {
        let assignment = Assignment::default();
        assignment.error(KafkaError::Global(RDKafkaErrorCode::Authentication), "wrong password");
        assert_eq!(assignment.refusal(), None, "another broker may take us");
        assignment.stats(Statistics::default());
        assert!(
            assignment.refusal().is_some_and(|why| why.contains("wrong password. Check security.protocol"))
        );
        assignment.error(KafkaError::Global(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        assert!(
            assignment.refusal().is_some_and(|why| why.contains("wrong password")),
            "this says nothing new"
        );
        let up = rdkafka::statistics::Broker { state: "UP".into(), ..Default::default() };
        assignment.stats(Statistics { brokers: [("1".into(), up)].into(), ..Statistics::default() });
        assert_eq!(assignment.refusal(), None);
    }
}
