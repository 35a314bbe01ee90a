//! Which changes of a transaction have been seen, by their number in it.

use std::collections::BTreeSet;

/// The numbers seen, from 1. They come in order but for replays (again) and records that could not be read (gaps), so a
/// counter and a small set hold them.
#[derive(Debug, Default)]
pub(super) struct Order {
    through: u64,
    beyond: BTreeSet<u64>,
    unreadable: u64,
}

impl Order {
    /// Change `number` has been seen. False when it had been seen before.
    pub(super) fn see(&mut self, number: u64) -> bool {
        if number <= self.through || (number > self.through + 1 && !self.beyond.insert(number)) {
            return false;
        }
        if number == self.through + 1 {
            self.through = number;
            while self.beyond.remove(&(self.through + 1)) {
                self.through += 1;
            }
        }
        true
    }

    /// A record inside the transaction could not be read: it was one of its changes, perhaps.
    pub(super) fn see_unreadable(&mut self) {
        self.unreadable += 1;
    }

    /// How many of the transaction's `changes` are missing with no unreadable record to explain it.
    pub(super) fn missing(&self, changes: u64) -> u64 {
        let seen = self.through + self.beyond.len() as u64;
        changes.saturating_sub(seen + self.unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn all_numbers_in_any_order_leave_nothing_missing() {
        let mut order = Order::default();
        for number in [1, 4, 3, 2, 5] {
            assert!(order.see(number));
        }
        assert_eq!(order.missing(5), 0);
        assert_eq!(order.missing(7), 2);
    }

    #[test]
    fn a_replay_is_recognised() {
        let mut order = Order::default();
        assert!(order.see(1) && order.see(3));
        assert!(!order.see(1) && !order.see(3) && order.see(2));
    }

    #[test]
    fn an_unreadable_record_explains_one_gap() {
        let mut order = Order::default();
        order.see(1);
        order.see_unreadable();
        assert_eq!((order.missing(2), order.missing(3)), (0, 1));
    }
}
