//! Says what a failure means; nothing else does.

use std::time::{Duration, Instant};

use contract::Failure;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(15);

/// What to do about a failure. In every case the working state has been dropped already.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Claim again after the wait.
    Retry(Duration),
    /// Stop this processor; a person has to act.
    Stop,
}

/// Back-off that doubles with each failure in a row.
#[derive(Debug)]
pub(super) struct Policy {
    failures: u32,
    not_before: Instant,
}

impl Policy {
    /// No failure so far.
    pub(super) fn new(now: Instant) -> Self {
        Self { failures: 0, not_before: now }
    }

    /// Something worked.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Judges a failure.
    pub(super) fn judge(&mut self, failure: &Failure, now: Instant) -> Action {
        let wait = match failure {
            Failure::Permanent(_) => return Action::Stop,
            // Whoever took over keeps the task; if nobody did, we are still assigned and claim it back.
            Failure::Fenced(_) => FIRST,
            Failure::Transient(_) => (FIRST * 2_u32.saturating_pow(self.failures)).min(LONGEST),
        };
        self.failures = (self.failures + 1).min(16);
        self.not_before = now + wait;
        Action::Retry(wait)
    }

    /// Whether the wait is over.
    pub(super) fn may_try(&self, now: Instant) -> bool {
        now >= self.not_before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_start_over_after_success() {
        let now = Instant::now();
        let mut policy = Policy::new(now);
        let failure = Failure::transient("x");
        let waits: Vec<_> = (0..12).map(|_| policy.judge(&failure, now)).collect();
        assert_eq!(waits[..3], [100, 200, 400].map(|ms| Action::Retry(Duration::from_millis(ms))));
        assert_eq!(waits[11], Action::Retry(LONGEST));
        assert!(!policy.may_try(now) && policy.may_try(now + LONGEST));
        policy.succeeded();
        assert_eq!(policy.judge(&failure, now), Action::Retry(FIRST));
    }

    #[test]
    fn what_a_person_has_to_mend_is_not_retried() {
        assert_eq!(Policy::new(Instant::now()).judge(&Failure::permanent("x"), Instant::now()), Action::Stop);
    }
}
