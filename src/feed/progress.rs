//! What has been applied of a source's log, as far as judging the next transaction needs it.

use std::collections::BTreeSet;

use crate::torture::{Guard, stands};

/// A transaction's position in the source's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Commit position (an LSN).
    pub commit: u64,
    /// Commit time, in milliseconds since 1970.
    pub time: i64,
}

/// How far snapshots are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Snapshot {
    /// No snapshot has been seen: nothing can be decided yet.
    Waiting,
    /// One is being read; it has brought these tables.
    Running(BTreeSet<String>),
    /// The last one was read to its end.
    Complete,
}

/// Stored in the checkpoint, so that a restart judges as if it had read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Highest commit position, and latest commit time, applied since the last snapshot began.
    pub high: Option<Position>,
    /// How far snapshots are.
    pub snapshot: Snapshot,
    /// A transaction that was cut off: the connector has to emit it again before any new one.
    pub incomplete: Option<u64>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { high: None, snapshot: Snapshot::Waiting, incomplete: None }
    }
}

/// What a transaction is to us, judged at its END.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not applied yet.
    New,
    /// Applied before: a restarted connector emits it again.
    Again,
    /// At a position that was passed, yet committed later than anything: the source's log began again.
    LogBeganAgain,
}

impl Progress {
    /// Judges the transaction that ends at `end`.
    pub(super) fn judge(&self, end: Position) -> Verdict {
        match self.high {
            _ if !stands(Guard::ReEmission) => Verdict::New,
            Some(high) if end.commit <= high.commit && end.time <= high.time => Verdict::Again,
            Some(high) if end.commit <= high.commit => Verdict::LogBeganAgain,
            _ => Verdict::New,
        }
    }

    /// Counts the transaction as applied.
    pub(super) fn advance(&mut self, end: Position) {
        let high = self.high.get_or_insert(end);
        high.commit = high.commit.max(end.commit);
        high.time = high.time.max(end.time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_and_time_together_distinguish_a_repeat_from_a_new_log() {
        let mut progress = Progress::default();
        let end = |commit, time| Position { commit, time };
        assert_eq!(progress.judge(end(5, 5)), Verdict::New);
        progress.advance(end(50, 500));
        assert_eq!(progress.judge(end(51, 499)), Verdict::New, "commit times only nearly increase");
        assert_eq!(progress.judge(end(50, 500)), Verdict::Again);
        assert_eq!(progress.judge(end(7, 70)), Verdict::Again);
        assert_eq!(progress.judge(end(7, 501)), Verdict::LogBeganAgain);
    }
}
