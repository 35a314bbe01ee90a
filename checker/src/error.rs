//! Why something could not be done.

use std::path::PathBuf;

/// Why a check, or the observer, could not do its work. A violation is none of these.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Kafka did not answer, or refused.
    #[error("Kafka: {0}")]
    Kafka(#[from] rdkafka::error::KafkaError),
    /// A topic did not come to its end in time.
    #[error("topic {0} could not be read to its end")]
    Unfinished(String),
    /// PostgreSQL did not answer, or refused.
    #[error("PostgreSQL: {0}")]
    Postgres(#[from] sqlx::Error),
    /// A file could not be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// What was written by the observer is not what it writes.
    #[error("{0}, line {1}: {2}")]
    Line(PathBuf, usize, serde_json::Error),
    /// A signal cannot be waited for.
    #[error("signals: {0}")]
    Signal(std::io::Error),
}

impl Error {
    /// Whether it may be better soon.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Kafka(_) | Self::Unfinished(_) | Self::Postgres(_))
    }
}
