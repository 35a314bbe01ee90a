//! The topics that a configuration needs: created where missing, checked where they exist.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use serde::Serialize;

use crate::config::Config;
use crate::registry::PROCESSORS;

const TIMEOUT: Duration = Duration::from_secs(15);
/// Enough for consumers to share the work; order holds per key.
const RESULT_PARTITIONS: i32 = 6;

/// A topic as it has to be.
struct Wanted {
    name: String,
    partitions: i32,
    /// Whether the number of partitions is part of the contract.
    exact: bool,
    compacted: bool,
}

/// What is the case for a topic.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// Its name.
    pub topic: String,
    /// `created`, `fine`, or what is wrong and what to do.
    pub finding: String,
    /// Whether it can be used.
    pub usable: bool,
}

fn wanted(config: &Config) -> Vec<Wanted> {
    let source = |name: &String| Wanted { name: name.clone(), partitions: 1, exact: true, compacted: false };
    let result = |name: &str| Wanted {
        name: format!("{}.{name}", config.prefix),
        partitions: RESULT_PARTITIONS,
        exact: false,
        compacted: false,
    };
    let progress =
        Wanted { name: format!("_{}.progress", config.prefix), partitions: 1, exact: true, compacted: true };
    let topics = config.sources.iter().flat_map(|of| [Some(&of.topic), of.control_topic.as_ref()]);
    let sources = topics.flatten().map(source);
    sources.chain(PROCESSORS.iter().map(|processor| result(processor.name))).chain([progress]).collect()
}

/// Creates what is missing and checks the rest.
///
/// # Errors
/// When Kafka cannot be asked.
pub async fn ensure(config: &Config, replication: i32) -> Result<Vec<Finding>, KafkaError> {
    let admin: AdminClient<DefaultClientContext> = config.kafka().create()?;
    let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
    let until = Instant::now() + TIMEOUT;
    let mut findings = Vec::new();
    for wanted in wanted(config) {
        let topic = NewTopic::new(&wanted.name, wanted.partitions, TopicReplication::Fixed(replication))
            .set("cleanup.policy", if wanted.compacted { "compact" } else { "delete" })
            // What the log does not have can neither be replayed nor verified.
            .set("retention.ms", "-1")
            .set("retention.bytes", "-1");
        let (finding, usable) = match create(&admin, &options, &topic, until).await? {
            Err(RDKafkaErrorCode::TopicAlreadyExists) => check(&admin, &options, &wanted).await?,
            Err(RDKafkaErrorCode::InvalidReplicationFactor) => {
                let advice = "start them, or choose fewer with --replication";
                (format!("not created: fewer brokers are up than it gets replicas: {advice}"), false)
            }
            Err(error) => (format!("not created: {error}"), false),
            Ok(()) => ("created".into(), true),
        };
        findings.push(Finding { topic: wanted.name, finding, usable });
    }
    Ok(findings)
}

/// Creates a topic. A broker that has just started answers before the controller counts it: until then any number of replicas is
/// too large, which is waited for, up to `until`.
async fn create(
    admin: &AdminClient<DefaultClientContext>,
    options: &AdminOptions,
    topic: &NewTopic<'_>,
    until: Instant,
) -> Result<Result<(), RDKafkaErrorCode>, KafkaError> {
    loop {
        match admin.create_topics([topic], options).await?.into_iter().next() {
            Some(Err((_, RDKafkaErrorCode::InvalidReplicationFactor))) if Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Some(Err((_, error))) => return Ok(Err(error)),
            Some(Ok(_)) | None => return Ok(Ok(())),
        }
    }
}

async fn check(
    admin: &AdminClient<DefaultClientContext>,
    options: &AdminOptions,
    wanted: &Wanted,
) -> Result<(String, bool), KafkaError> {
    let partitions = partitions(admin, &wanted.name).await?;
    if wanted.exact && partitions != usize::try_from(wanted.partitions).unwrap_or_default() {
        let advice = "one partition keeps the source's commit order: recreate it with one";
        return Ok((format!("{partitions} partitions; {advice}"), false));
    }
    let resource = ResourceSpecifier::Topic(&wanted.name);
    let described = admin.describe_configs([&resource], options).await?;
    let config: BTreeMap<String, String> = described
        .into_iter()
        .filter_map(Result::ok)
        .flat_map(|resource| resource.entries)
        .filter_map(|entry| Some((entry.name, entry.value?)))
        .collect();
    let compacted = config.get("cleanup.policy").is_some_and(|policy| policy.contains("compact"));
    let unlimited = |name: &str| config.get(name).is_none_or(|value| value.starts_with('-'));
    let log = wanted.exact && !wanted.compacted && !compacted;
    let deletes = !unlimited("retention.ms") || !unlimited("retention.bytes");
    if log && deletes {
        // It works, so it is said and no failure.
        let lost = "keeps only a part of the log: `replay` and `verify` then begin at the last snapshot in it, without what \
                    people and rules decided before, and not at all where none is left. Set retention.ms=-1 and \
                    retention.bytes=-1 to keep all";
        return Ok((lost.into(), true));
    }
    Ok(match (wanted.compacted, compacted) {
        (false, true) => ("compacted, which loses changes: set cleanup.policy=delete".into(), false),
        (true, false) => ("not compacted, so it grows for ever: set cleanup.policy=compact".into(), false),
        _ => ("fine".into(), true),
    })
}

/// How many partitions a topic has. A broker learns of a new one a moment later than whoever has created it.
async fn partitions(admin: &AdminClient<DefaultClientContext>, topic: &str) -> Result<usize, KafkaError> {
    for _ in 0..100 {
        let metadata = admin.inner().fetch_metadata(Some(topic), TIMEOUT)?;
        match metadata.topics().first().map_or(0, |topic| topic.partitions().len()) {
            0 => tokio::time::sleep(Duration::from_millis(50)).await,
            partitions => return Ok(partitions),
        }
    }
    Ok(0)
}

/// Deletes topics, and waits until they are gone.
///
/// # Errors
/// When Kafka cannot be asked.
pub async fn delete(config: &Config) -> Result<(), KafkaError> {
    let admin: AdminClient<DefaultClientContext> = config.kafka().create()?;
    let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
    let names: Vec<_> = wanted(config).into_iter().map(|topic| topic.name).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    admin.delete_topics(&names, &options).await?;
    for _ in 0..100 {
        let metadata = admin.inner().fetch_metadata(None, TIMEOUT)?;
        if !metadata.topics().iter().any(|topic| names.contains(&topic.name())) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
