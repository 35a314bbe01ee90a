//! Log lines that are written once, however often what they tell happens.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The time between two lines about the same kind of thing.
const EVERY: Duration = Duration::from_secs(10);
/// Failures of one outage that are told apart.
const MOST: usize = 8;

/// Lets a line be written now and then, and counts those that were not.
///
/// ```
/// let dead_letters = contract::log::Seldom::new();
/// assert_eq!(dead_letters.may_say(), Some(0));
/// assert_eq!(dead_letters.may_say(), None, "not again so soon");
/// ```
#[derive(Debug)]
pub struct Seldom(Mutex<(Option<Instant>, u64)>);

impl Seldom {
    /// Nothing was written so far.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new((None, 0)))
    }

    /// How many lines were left out since the last one, if one may be written now.
    pub fn may_say(&self) -> Option<u64> {
        let Ok(mut said) = self.0.lock() else { return None };
        if said.0.is_some_and(|last| last.elapsed() < EVERY) {
            said.1 += 1;
            return None;
        }
        said.0 = Some(Instant::now());
        Some(std::mem::take(&mut said.1))
    }
}

impl Default for Seldom {
    fn default() -> Self {
        Self::new()
    }
}

/// Something that fails until it works again. Each kind of failure is news once, and so is the end.
///
/// ```
/// let mut outage = contract::log::Outage::default();
/// assert!(outage.is_news(&"refused") && !outage.is_news(&"refused") && outage.is_news(&"is starting up"));
/// assert_eq!(outage.end().map(|(_, failures)| failures), Some(3));
/// assert_eq!(outage.end(), None);
/// ```
#[derive(Debug, Default)]
pub struct Outage {
    began: Option<Instant>,
    failures: u64,
    seen: BTreeSet<String>,
}

impl Outage {
    /// Whether nobody was told of this failure since it last worked.
    pub fn is_news(&mut self, failure: &dyn std::fmt::Display) -> bool {
        self.began.get_or_insert_with(Instant::now);
        self.failures += 1;
        self.seen.len() < MOST && self.seen.insert(failure.to_string())
    }

    /// It works: how long it did not, and how often it had failed; `None` where nothing had.
    pub fn end(&mut self) -> Option<(Duration, u64)> {
        let Self { began, failures, .. } = std::mem::take(self);
        Some((began?.elapsed(), failures))
    }
}
