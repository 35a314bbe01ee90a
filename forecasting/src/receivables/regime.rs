//! Whether everybody pays later since some day: payments that would fall on that day or after it come so many days later, until it is over.
//!
//! Each such regime is weighed by how much likelier it makes what was paid and what was not in the last weeks. While nothing is paid,
//! nobody knows yet by how much later it will be, and nobody knows when it ends.

use crate::calendar::Day;

/// Days that are looked back.
pub(super) const BACK: Day = 100;
/// Days before today on which a regime may have begun.
const BEGUN: [Day; 15] = [4, 7, 10, 14, 18, 21, 25, 28, 35, 42, 49, 56, 70, 84, 98];
/// By how many days payments may be later.
const LATER: [Day; 10] = [7, 10, 14, 17, 20, 24, 28, 35, 45, 60];
/// Days ago on which a regime may have ended, and …
const ENDED: [Day; 7] = [4, 7, 10, 14, 18, 24, 30];
/// … days after today on which it may end, with how likely that is: it lasts for some months.
const ENDS: [(Day, f64); 4] = [(15, 0.15), (45, 0.15), (75, 0.15), (10_000, 0.55)];
/// How much likelier a regime has to make it, as a logarithm: there is one in a few years.
const COST: f64 = 12.0;
/// So many invoices say as much as one would alone: those of one customer, and of one week, are not independent.
const ALIKE: f64 = 4.0;
/// Regimes that are less likely than this share of the likeliest are left out, …
const LEAST: f64 = 0.01;
/// … and all but so many.
const KEPT: usize = 6;
/// Invoices that are looked at: they say enough.
pub(super) const MOST: usize = 3_000;

/// Payments that would fall on certain days come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    /// The first of these days.
    start: Day,
    /// The first day after them.
    end: Day,
    /// How much later they come.
    days: Day,
}

impl Shift {
    /// The share that is open after a day, where `open` is that without the regime.
    pub(super) fn open(self, day: Day, open: impl Fn(Day) -> f64) -> f64 {
        if day < self.start {
            return open(day);
        }
        // What has come by then would have come up to this day.
        let until = (day - self.days).max(self.start - 1);
        if day < self.end {
            return open(until);
        }
        let waits = if until < self.end { open(until) - open(self.end - 1) } else { 0.0 };
        open(day) + waits.max(0.0)
    }
}

/// Regimes, and how likely each is; none is one of them.
pub(super) type Regimes = Vec<(Option<Shift>, f64)>;

/// Weighs all regimes; `likelihood` is the logarithm of how likely what was seen is under one.
pub(super) fn weighed(today: Day, likelihood: impl Fn(Option<Shift>) -> f64) -> Regimes {
    let usual = likelihood(None);
    let starts = BEGUN.iter().map(|ago| today - ago);
    let lasting = starts.flat_map(|start| LATER.map(|days| Shift { start, end: today + ENDS[3].0, days }));
    let over = BEGUN.iter().flat_map(|ago| {
        let ends = ENDED.iter().filter(move |ended| *ended + 20 <= *ago);
        ends.flat_map(move |ended| LATER.map(|days| Shift { start: today - ago, end: today - ended, days }))
    });
    let shifts: Vec<Shift> = lasting.chain(over).collect();
    let cost = COST + crate::numbers::to_f64(shifts.len()).ln();
    let weight = |shift: Shift| (likelihood(Some(shift)) - usual) / ALIKE - cost;
    let mut all: Vec<(Option<Shift>, f64)> =
        shifts.into_iter().map(|shift| (Some(shift), weight(shift))).collect();
    all.push((None, 0.0));
    let most = all.iter().map(|(_, weight)| *weight).fold(f64::MIN, f64::max);
    for (_, weight) in &mut all {
        *weight = (*weight - most).exp();
    }
    all.retain(|(_, weight)| *weight >= LEAST);
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.truncate(KEPT);
    let sum: f64 = all.iter().map(|(_, weight)| weight).sum();
    for (_, weight) in &mut all {
        *weight /= sum;
    }
    all.into_iter().flat_map(|(shift, weight)| ends(shift, weight, today)).collect()
}

/// One that goes on ends some day.
fn ends(shift: Option<Shift>, weight: f64, today: Day) -> Regimes {
    match shift {
        Some(shift) if shift.end > today => ENDS
            .map(|(after, likely)| (Some(Shift { end: today + after, ..shift }), weight * likely))
            .to_vec(),
        _ => vec![(shift, weight)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A share of a hundredth is paid each day from the 50th on.
    fn usual(day: Day) -> f64 {
        1.0 - 0.01 * f64::from(day - 50)
    }

    #[test]
    fn nothing_is_paid_while_a_shift_begins_and_all_later_after_it() {
        let shift = Shift { start: 100, end: 1_000, days: 20 };
        let open = [98, 99, 100, 110, 119, 120, 130].map(|day| (shift.open(day, usual) * 100.0).round());
        assert_eq!(open.map(|share| format!("{share}")).join(" "), "52 51 51 51 51 50 40");
    }

    #[test]
    fn when_it_is_over_what_waits_comes_beside_what_comes_as_ever() {
        let shift = Shift { start: 100, end: 110, days: 5 };
        let open = [109, 110, 114, 115].map(|day| (shift.open(day, usual) * 100.0).round());
        let open = open.map(|share| format!("{share}")).join(" ");
        assert_eq!(open, "46 44 36 35", "two a day for five days, then as ever");
    }

    #[test]
    fn what_makes_it_likelier_is_believed() {
        assert_eq!(weighed(1_000, |_| -50.0), [(None, 1.0)]);
        let one = weighed(1_000, |shift| {
            let is_it =
                shift.is_some_and(|shift| (shift.start, shift.days) == (979, 20) && shift.end > 1_000);
            if is_it { 0.0 } else { -100.0 }
        });
        assert!(
            one.iter().all(|(shift, _)| shift.is_some_and(|shift| (shift.start, shift.days) == (979, 20)))
        );
        assert!((one.iter().map(|(_, likely)| likely).sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
