//! The transactions that were applied last: one that comes again is known by its id, position and time together.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::xxh3_64;

use super::progress::Position;

/// How many are kept. A connector that was killed emits again what it had emitted since it last stored its offset, which it does
/// every minute by default (`offset.flush.interval.ms`): a busy Odoo commits some thousand transactions in that time.
pub const KEPT: usize = 65_536;

/// The last transactions, the oldest first.
#[derive(Debug, Default)]
pub struct Recent {
    known: FxHashSet<u64>,
    order: VecDeque<u64>,
}

impl Recent {
    /// Counts a transaction among them.
    pub(super) fn insert(&mut self, transaction: u64) {
        if !self.known.insert(transaction) {
            return;
        }
        self.order.push_back(transaction);
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// Whether it is one of them.
    pub(super) fn contains(&self, transaction: u64) -> bool {
        self.known.contains(&transaction)
    }
}

/// From what was stored of them, the oldest first.
impl FromIterator<u64> for Recent {
    fn from_iter<T: IntoIterator<Item = u64>>(stored: T) -> Self {
        let mut recent = Self::default();
        stored.into_iter().for_each(|transaction| recent.insert(transaction));
        recent
    }
}

/// What a transaction is known by. Neither number nor position suffices: a server that was restored or promoted gives both away
/// for a second time.
pub(super) fn digest(transaction: u64, end: Position) -> u64 {
    let parts = [transaction, end.commit, end.time.cast_unsigned()].map(u64::to_le_bytes);
    xxh3_64(parts.as_flattened())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_known_by_all_three_together() {
        let end = Position { commit: 99, time: 5 };
        let recent: Recent = [digest(12, end)].into_iter().collect();
        assert!(recent.contains(digest(12, end)));
        for other in [
            digest(13, end),
            digest(12, Position { commit: 98, ..end }),
            digest(12, Position { time: 6, ..end }),
        ] {
            assert!(!recent.contains(other));
        }
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let recent: Recent = (0..=KEPT as u64).collect();
        assert!(!recent.contains(0) && recent.contains(1) && recent.contains(KEPT as u64));
        assert_eq!(recent.known.len(), KEPT);
    }
}
