//! What writes control records: one Kafka client for all sources of a process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contract::Failure;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::config::{Config, Source};
use crate::feed::control::{DEPLOYMENT, KEY, KIND};

/// Kafka takes a record within this, or it counts as not written. People wait for it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Writes the control records of a deployment. Its client is made when it is first needed.
pub struct Producer {
    settings: ClientConfig,
    deployment: String,
    client: Mutex<Option<Arc<FutureProducer>>>,
}

/// Where a source's control records go.
#[derive(Clone)]
pub struct Target {
    producer: Arc<Producer>,
    source: String,
    topic: String,
}

impl Producer {
    /// For the deployment of a configuration.
    pub fn new(config: &Config) -> Arc<Self> {
        let mut settings = config.kafka();
        let timeout = TIMEOUT.as_millis().to_string();
        for (key, value) in [
            ("enable.idempotence", "true"),
            ("message.timeout.ms", &timeout),
            ("message.max.bytes", "16000000"),
        ] {
            settings.set(key, value);
        }
        Arc::new(Self { settings, deployment: config.prefix.clone(), client: Mutex::new(None) })
    }

    fn client(&self) -> Result<Arc<FutureProducer>, KafkaError> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*client {
            return Ok(Arc::clone(client));
        }
        Ok(Arc::clone(client.insert(Arc::new(self.settings.create()?))))
    }

    /// A client may not find its brokers again, so the next write makes another.
    fn give_up(&self, lost: Arc<FutureProducer>) {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have given it up before.
        client.take_if(|client| Arc::ptr_eq(client, &lost));
        // It may wait for brokers, which nobody else should.
        std::thread::spawn(move || drop(lost));
    }
}

impl Target {
    /// The source's own topic, or its control topic.
    pub fn new(producer: &Arc<Producer>, source: &Source) -> Self {
        let topic = source.control_topic.as_ref().unwrap_or(&source.topic).clone();
        Self { producer: Arc::clone(producer), source: source.name.clone(), topic }
    }

    /// The source.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Who writes, by its prefix.
    pub(super) fn deployment(&self) -> &str {
        &self.producer.deployment
    }

    /// Writes one control record, and waits until it is there.
    ///
    /// # Errors
    /// When Kafka does not take it. It may have come through all the same.
    pub async fn write(&self, kind: &str, value: &str) -> Result<(), Failure> {
        let header = |key, value| Header { key, value: Some(value) };
        let headers =
            OwnedHeaders::new().insert(header(KIND, kind)).insert(header(DEPLOYMENT, self.deployment()));
        let record = FutureRecord::to(&self.topic).partition(0).key(KEY).payload(value).headers(headers);
        let failed = |error: KafkaError| {
            Failure::transient(format!("Kafka: topic {}: {error}", self.topic)).because(error)
        };
        let client = self.producer.client().map_err(failed)?;
        let sent = client.send(record, TIMEOUT).await;
        sent.map(drop).map_err(|(error, _)| {
            // What is wrong with one record is wrong with every client.
            if matches!(
                error.rdkafka_error_code(),
                Some(
                    RDKafkaErrorCode::MessageTimedOut | RDKafkaErrorCode::QueueFull | RDKafkaErrorCode::Fatal
                )
            ) {
                self.producer.give_up(client);
            }
            failed(error)
        })
    }
}
