//! What other threads see of a task: readiness, lag, the end of a catch-up.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// What the task is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "why", rename_all = "snake_case")]
pub enum State {
    /// Another instance has it, or the group has not spoken yet.
    #[default]
    Standby,
    /// It reads its state from Postgres.
    Claiming,
    /// It runs.
    Running,
    /// It waits before it tries again.
    BackingOff(String),
    /// It needs a person.
    Stopped(String),
}

/// A task's figures.
#[derive(Clone, Debug, Default, Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub struct Figures {
    /// What it is doing.
    #[serde(flatten)]
    pub state: State,
    /// All before this offset is committed.
    pub next_offset: i64,
    /// All before this offset has been read.
    pub seen: i64,
    /// A snapshot has been read to its end.
    pub complete: bool,
    /// Latest commit time or tick applied.
    #[serde(serialize_with = "contract::api::time::optional::serialize")]
    pub clock: Option<DateTime<Utc>>,
    /// When something falls due next without any change.
    #[serde(serialize_with = "contract::api::time::optional::serialize")]
    pub next_due: Option<DateTime<Utc>>,
    /// Fingerprint of the last rule set that was announced to it.
    pub rules: String,
    /// Dead letters that nothing has superseded.
    pub dead_letters: usize,
    /// Number of the last event stored.
    pub out_seq: i64,
    /// Number of the last event published.
    pub published: i64,
    /// The end of the log was reached, and all before it committed, at least once.
    pub caught_up: bool,
    /// The last batch went to the end of the log.
    pub at_end: bool,
    /// No Kafka broker can be reached.
    pub kafka_away: bool,
    /// Why events are not being published, if they are not.
    pub unpublished: Option<String>,
    /// Row changes applied, wanted or not, since the start.
    pub changes: u64,
}

/// Shared by the threads of a task and whoever wants to know.
#[derive(Debug, Default)]
pub struct Status(Mutex<Figures>);

impl Status {
    /// A copy of the figures.
    pub fn figures(&self) -> Figures {
        self.0.lock().map(|figures| figures.clone()).unwrap_or_default()
    }

    /// Changes them.
    pub fn update(&self, change: impl FnOnce(&mut Figures)) {
        if let Ok(mut figures) = self.0.lock() {
            change(&mut figures);
        }
    }

    /// Sets the state.
    pub fn set(&self, state: State) {
        self.update(|figures| figures.state = state);
    }
}

impl Figures {
    /// Caught up and everything published.
    pub fn settled(&self) -> bool {
        self.caught_up && self.published >= self.out_seq
    }
}
