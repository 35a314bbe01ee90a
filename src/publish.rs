//! Puts records into a topic, in order, and knows when all of them are there.

use std::sync::Mutex;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

/// Waiting for the last confirmations takes no longer than this.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A record to publish.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its value; `None` for a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its timestamp in milliseconds since 1970; now if not given.
    pub timestamp: Option<i64>,
    /// Its `ce_type` header.
    pub kind: Option<&'a str>,
}

/// A producer for one topic, partition 0.
pub struct Publisher {
    producer: BaseProducer<FirstError>,
    topic: String,
}

#[derive(Default)]
struct FirstError(Mutex<Option<KafkaError>>);

impl ClientContext for FirstError {}

impl ProducerContext for FirstError {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let (Err((error, _)), Ok(mut first)) = (result, self.0.lock()) {
            first.get_or_insert(error.clone());
        }
    }
}

impl Publisher {
    /// For `topic`.
    ///
    /// # Errors
    /// Settings that librdkafka refuses.
    pub fn new(kafka: &ClientConfig, topic: &str) -> Result<Self, KafkaError> {
        let mut settings = kafka.clone();
        for (key, value) in [
            ("enable.idempotence", "true"),
            ("linger.ms", "5"),
            ("batch.size", "1000000"),
            ("compression.type", "zstd"),
            ("compression.level", "1"),
            ("message.max.bytes", "16000000"),
            ("queue.buffering.max.messages", "200000"),
            ("queue.buffering.max.kbytes", "262144"),
        ] {
            settings.set(key, value);
        }
        Ok(Self { producer: settings.create_with_context(FirstError::default())?, topic: topic.to_owned() })
    }

    /// Enqueues one record; waits while the queue is full.
    ///
    /// # Errors
    /// The first record that was not delivered, this one or one before.
    pub fn publish(&self, record: Record<'_>) -> Result<(), KafkaError> {
        let mut message = BaseRecord::to(&self.topic).partition(0).key(record.key);
        message.payload = record.value;
        message.timestamp = record.timestamp;
        if let Some(kind) = record.kind {
            message =
                message.headers(OwnedHeaders::new().insert(Header { key: "ce_type", value: Some(kind) }));
        }
        loop {
            match self.producer.send(message) {
                Ok(()) => break,
                Err((error, back)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                    message = back;
                    self.producer.poll(Duration::from_millis(10));
                }
                Err((error, _)) => return Err(error),
            }
        }
        self.producer.poll(Duration::ZERO);
        self.failed()
    }

    /// Waits until all records are in the topic.
    ///
    /// # Errors
    /// The first record that was not delivered.
    pub fn flush(&self) -> Result<(), KafkaError> {
        self.producer.flush(TIMEOUT)?;
        self.failed()
    }

    fn failed(&self) -> Result<(), KafkaError> {
        match self.producer.context().0.lock() {
            Ok(mut first) => first.take().map_or(Ok(()), Err),
            Err(_) => Ok(()),
        }
    }
}
