//! Which changes of a transaction have been seen, by their number in it.

use std::ops::RangeInclusive;

/// The numbers seen, from 1, as ranges in order. They come one after the other but for replays (again) and for changes that never
/// reach this topic (gaps): logical messages, and tables that the connector leaves out or sends elsewhere. So there are few ranges.
#[derive(Debug, Default)]
pub(super) struct Order {
    seen: Vec<RangeInclusive<u64>>,
    unreadable: u64,
}

impl Order {
    /// Change `number` has been seen. False when it had been seen before.
    pub(super) fn see(&mut self, number: u64) -> bool {
        match self.seen.last_mut() {
            Some(last) if number <= *last.end() => return self.see_within(number),
            Some(last) if number - last.end() == 1 => *last = *last.start()..=number,
            _ => self.seen.push(number..=number),
        }
        true
    }

    /// The same for a number that is not behind all others.
    fn see_within(&mut self, number: u64) -> bool {
        let place = self.seen.partition_point(|range| *range.end() < number);
        let before = place.checked_sub(1);
        if self.seen.get(place).is_some_and(|range| range.contains(&number)) {
            return false;
        }
        let joins_before = before.is_some_and(|before| number - self.seen[before].end() == 1);
        let joins_behind = self.seen.get(place).is_some_and(|range| range.start() - number == 1);
        match (before.filter(|_| joins_before), joins_behind) {
            (Some(before), true) => {
                self.seen[before] = *self.seen[before].start()..=*self.seen[place].end();
                self.seen.remove(place);
            }
            (Some(before), false) => self.seen[before] = *self.seen[before].start()..=number,
            (None, true) => self.seen[place] = number..=*self.seen[place].end(),
            (None, false) => self.seen.insert(place, number..=number),
        }
        true
    }

    /// A record inside the transaction could not be read: it was one of its changes, perhaps.
    pub(super) fn see_unreadable(&mut self) {
        self.unreadable += 1;
    }

    /// How many records could not be read.
    pub(super) fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How many changes have been seen.
    pub(super) fn seen(&self) -> u64 {
        let numbers = self.seen.iter().map(|range| (range.end() - range.start()).saturating_add(1));
        numbers.fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::Order;

    #[test]
    fn a_replay_is_recognised() {
        let mut order = Order::default();
        assert!(order.see(1) && order.see(3));
        assert!(!order.see(1) && !order.see(3) && order.see(2));
        assert_eq!(order.seen, [1..=3]);
    }

    #[test]
    fn the_largest_number_is_one_like_others() {
        let mut order = Order::default();
        assert!(order.see(u64::MAX) && order.see(0) && !order.see(u64::MAX) && order.see(u64::MAX - 1));
        assert_eq!(order.seen(), 3);
        order.seen = vec![0..=u64::MAX];
        assert_eq!(order.seen(), u64::MAX);
    }

    proptest! {
        #[test]
        fn numbers_in_any_order_are_a_set(numbers in prop::collection::vec(1_u64..40, 0..80)) {
            let (mut order, mut set) = (Order::default(), BTreeSet::new());
            for number in numbers {
                prop_assert_eq!(order.see(number), set.insert(number));
            }
            prop_assert_eq!(order.seen(), set.len() as u64);
            prop_assert!(order.seen.windows(2).all(|pair| pair[0].end() + 1 < *pair[1].start()));
        }
    }
}
