//! The sums of what is expected: by component and row, with how uncertain they are. Documents are put in and taken out again; as all is
//! counted in whole numbers, what is left is exact.

use super::expected::Expected;
use super::grid::{Grid, SLOTS};
use crate::store::Component;

/// What counts of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share<'a> {
    pub(super) component: Component,
    /// How much may move.
    pub(super) amount: i64,
    /// By how much one payment deviates.
    pub(super) deviation: i64,
    pub(super) expected: &'a Expected,
}

/// The sums of a company, or of the group.
#[derive(Clone, Debug)]
pub(super) struct Book {
    grid: Grid,
    /// What moves in each row.
    flows: [[i128; SLOTS]; 4],
    /// How uncertain what has moved up to each row is: the variance, documents being independent.
    variances: [[i128; SLOTS]; 4],
    /// What may come in at most, and go out.
    most: [i128; 2],
}

impl Book {
    /// With nothing in it.
    pub(super) fn new(grid: Grid) -> Self {
        Self { grid, flows: [[0; SLOTS]; 4], variances: [[0; SLOTS]; 4], most: [0; 2] }
    }

    /// Puts a document in, or takes it out.
    pub(super) fn change(&mut self, share: Share<'_>, is_in: bool) {
        let sign = if is_in { 1 } else { -1 };
        let of = share.component as usize;
        let (amount, deviation) = (i128::from(share.amount), i128::from(share.deviation));
        let mut until = 0_i128;
        let mut times = 0_i128;
        let mut parts = share.expected.parts().iter().peekable();
        let Some(first) = parts.peek().and_then(|(day, _)| self.grid.slot(*day)) else { return };
        for slot in first..SLOTS {
            while let Some((_, part)) = parts.next_if(|(day, _)| *day <= self.grid.target(slot)) {
                self.flows[of][slot] += sign * i128::from(*part);
                until += i128::from(*part);
                times += 1;
            }
            // Of an amount of which a share is expected up to a day, all has come by then, or nothing.
            let uncertain =
                if deviation == 0 { until * (amount - until) } else { times * deviation * deviation };
            self.variances[of][slot] = self.variances[of][slot].wrapping_add(sign * uncertain.max(0));
        }
        self.bound(share.component, sign * amount);
    }

    fn bound(&mut self, component: Component, amount: i128) {
        match component {
            Component::Ar | Component::Pipeline => self.most[0] += amount,
            Component::Ap => self.most[1] += amount,
            Component::Recurring => {}
        }
    }

    /// What moves in a row.
    pub(super) fn flow(&self, component: Component, slot: usize) -> i128 {
        self.flows[component as usize][slot]
    }

    /// What moves in a row, with its sign.
    pub(super) fn net(&self, slot: usize) -> i128 {
        self.flow(Component::Ar, slot) - self.flow(Component::Ap, slot)
            + self.flow(Component::Pipeline, slot)
            + self.flow(Component::Recurring, slot)
    }

    /// How far what has moved up to a row is usually from what is expected.
    #[expect(clippy::cast_precision_loss, reason = "estimates are no exact figures")]
    pub(super) fn deviation(&self, component: Component, slot: usize) -> f64 {
        (self.variances[component as usize][slot].max(0) as f64).sqrt()
    }

    /// What may come in of documents at most, and go out.
    pub(super) fn most(&self) -> [i128; 2] {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(expected: &Expected) -> Share<'_> {
        Share { component: Component::Ar, amount: 1_000, deviation: 0, expected }
    }

    #[test]
    fn what_is_put_in_and_taken_out_leaves_nothing() {
        let mut book = Book::new(Grid { today: 100 });
        let half = Expected::of(2, [(110, 500)]);
        book.change(share(&half), true);
        assert_eq!((book.flow(Component::Ar, 9), book.net(9), book.net(10)), (500, 500, 0));
        assert!(
            (book.deviation(Component::Ar, 9) - 500.0).abs() < 1e-9
                && book.deviation(Component::Ar, 8) < 1e-9
        );
        assert_eq!(book.most(), [1_000, 0]);
        book.change(share(&half), false);
        assert_eq!((book.net(9), book.most()), (0, [0, 0]));
        assert!(book.deviation(Component::Ar, 102) < 1e-9);
    }

    #[test]
    fn what_is_certain_has_no_deviation_and_what_varies_has_one_each_time() {
        let mut book = Book::new(Grid { today: 100 });
        let rent = Expected::of(2, [(110, -900), (140, -900)]);
        book.change(
            Share { component: Component::Recurring, amount: -1_800, deviation: 30, expected: &rent },
            true,
        );
        assert!((book.deviation(Component::Recurring, 9) - 30.0).abs() < 1e-9);
        assert!((book.deviation(Component::Recurring, 60) - 42.426).abs() < 1e-3);
        book.change(share(&Expected::of(2, [(110, 1_000)])), true);
        assert!(book.deviation(Component::Ar, 50) < 1e-9);
        assert_eq!(book.net(9), 100);
    }
}
