//! Which changes of a transaction have been seen, by their number in it.
//!
//! A connector that was restarted inside a transaction may begin it again and number what it still has to emit from 1 on, and count
//! only that in its END: Debezium did before <https://github.com/debezium/debezium/pull/7624>. Its first change is another one then
//! than the one that had this number, at another position in the source's log. What follows is numbered on behind all that was seen:
//! it holds everything from there to the end, so later versions of rows stay the later ones.

use std::ops::RangeInclusive;

/// The numbers seen, from 1, as ranges in order. They come one after the other but for replays (again) and for changes that never
/// reach this topic (gaps): logical messages, and tables that the connector leaves out or sends elsewhere. So there are few ranges.
#[derive(Debug, Default)]
pub(super) struct Order {
    seen: Vec<RangeInclusive<u64>>,
    unreadable: u64,
    /// The first change of the present numbering: its number, and its position in the source's log.
    first: Option<(u64, u64)>,
    begun_again: bool,
    /// What is added to the connector's numbers.
    shift: u64,
    /// How many changes had been seen when the present numbering began.
    before: u64,
}

impl Order {
    /// The transaction begins again: the next change says whether its changes are numbered anew.
    pub(super) fn begin_again(&mut self) {
        self.begun_again = self.first.is_some();
    }

    /// Whether the next change needs its position.
    pub(super) fn needs_position(&self) -> bool {
        self.first.is_none() || self.begun_again
    }

    /// The change that comes next has this number and position. True when the connector numbers anew from it on.
    pub(super) fn begin_at(&mut self, number: u64, position: u64) -> bool {
        self.begun_again = false;
        let (first, known) = *self.first.get_or_insert((number, position));
        if number > first || position == known {
            return false;
        }
        let last = self.seen.last().map_or(0, |range| *range.end());
        self.shift = last.saturating_add(1).saturating_sub(number);
        self.before = self.seen.iter().fold(0, add);
        self.first = Some((number, position));
        true
    }

    /// Change `number`, as the connector counts, has been seen. Answers its number in the transaction; `None` when it had been seen
    /// before.
    pub(super) fn see(&mut self, number: u64) -> Option<u64> {
        let number = number.saturating_add(self.shift);
        self.see_number(number).then_some(number)
    }

    /// False when it had been seen before.
    fn see_number(&mut self, number: u64) -> bool {
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

    /// How many changes have been seen of those that END counts.
    pub(super) fn seen(&self) -> u64 {
        self.seen.iter().fold(0, add).saturating_sub(self.before)
    }
}

fn add(sum: u64, range: &RangeInclusive<u64>) -> u64 {
    sum.saturating_add((range.end() - range.start()).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::Order;

    #[test]
    fn a_replay_is_recognised() {
        let mut order = Order::default();
        assert_eq!((order.see(1), order.see(3)), (Some(1), Some(3)));
        assert_eq!((order.see(1), order.see(3), order.see(2)), (None, None, Some(2)));
        assert_eq!(order.seen, [1..=3]);
    }

    #[test]
    fn a_connector_that_numbers_anew_is_known_by_the_position_of_its_first_change() {
        let seen = || {
            let mut order = Order::default();
            assert!(order.needs_position() && !order.begin_at(1, 100) && !order.needs_position());
            assert_eq!((order.see(1), order.see(2)), (Some(1), Some(2)));
            order.begin_again();
            assert!(order.needs_position());
            order
        };
        let mut whole = seen();
        assert!(!whole.begin_at(1, 100), "all of it comes again");
        assert_eq!((whole.see(1), whole.see(2), whole.see(3), whole.seen()), (None, None, Some(3), 3));
        let mut goes_on = seen();
        assert!(!goes_on.begin_at(2, 110), "its numbers go on");
        assert_eq!((goes_on.see(2), goes_on.see(3), goes_on.seen()), (None, Some(3), 3));
        let mut anew = seen();
        assert!(anew.begin_at(1, 110));
        assert_eq!((anew.see(1), anew.see(2), anew.seen()), (Some(3), Some(4), 2));
        anew.begin_again();
        assert!(!anew.begin_at(1, 110), "the same again");
        assert_eq!((anew.see(1), anew.see(3), anew.seen()), (None, Some(5), 3));
    }

    #[test]
    fn the_largest_number_is_one_like_others() {
        let mut order = Order::default();
        let seen = [u64::MAX, 0, u64::MAX, u64::MAX - 1].map(|number| order.see(number).is_some());
        assert_eq!(seen, [true, true, false, true]);
        assert_eq!(order.seen(), 3);
        order.seen = vec![0..=u64::MAX];
        assert_eq!(order.seen(), u64::MAX);
    }

    proptest! {
        #[test]
        fn numbers_in_any_order_are_a_set(numbers in prop::collection::vec(1_u64..40, 0..80)) {
            let (mut order, mut set) = (Order::default(), BTreeSet::new());
            for number in numbers {
                prop_assert_eq!(order.see(number), set.insert(number).then_some(number));
            }
            prop_assert_eq!(order.seen(), set.len() as u64);
            prop_assert!(order.seen.windows(2).all(|pair| pair[0].end() + 1 < *pair[1].start()));
        }
    }
}
