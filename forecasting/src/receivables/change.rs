//! Whether a customer has changed its behaviour: from some invoice on, delays are others than before.
//!
//! At each delay, the share that is paid has a prior from what is known of such invoices, and invoices before a change say nothing of those
//! after it. A change is told where two such histories explain what was seen better than one does, by more than it takes to choose it:
//! Barry and Hartigan, "A Bayesian analysis for change point problems", Journal of the American Statistical Association 88 (1993).

use super::curve::{Counts, Seen};
use crate::numbers::ln_gamma;

/// Invoices that have to be on each side of a change.
pub(super) const FEWEST: usize = 4;
/// Changes that are tried.
const TRIED: usize = 32;
/// How much better two histories have to explain it, as a logarithm: a customer changes every few hundred invoices.
const COST: f64 = 6.0;
/// Shares that are never quite none or all.
const LEAST: f64 = 1e-4;

/// From which of its invoices on a customer behaves as it does now: 0 where it never changed. What is seen of them is in the order in
/// which they were issued, each with the shares by which its time is spread; `usual` is the prior share at each delay, which counts as
/// much as `weight` invoices.
pub(super) fn since(seen: &[(&Seen, Vec<f64>)], usual: impl Fn(usize) -> f64, weight: f64) -> usize {
    if seen.len() < 2 * FEWEST {
        return 0;
    }
    let whole = Counts::of(seen);
    let beta = Beta::of(&whole, usual, weight);
    let together = beta.evidence(&whole);
    let step = (seen.len() - 2 * FEWEST).div_ceil(TRIED).max(1);
    let mut before = Counts::new();
    let mut best = (together + COST + crate::numbers::to_f64(TRIED).ln(), 0);
    for (place, (one, shares)) in (1..=seen.len() - FEWEST).zip(seen) {
        before.see(one, shares);
        if place >= FEWEST && (place - FEWEST).is_multiple_of(step) {
            let apart = beta.evidence(&before) + beta.evidence(&whole.without(&before));
            if apart > best.0 {
                best = (apart, place);
            }
        }
    }
    best.1
}

/// Delays at which somebody was at risk, with the prior of the share that is paid at each.
struct Beta(Vec<(usize, f64, f64, f64)>);

impl Beta {
    fn of(whole: &Counts, usual: impl Fn(usize) -> f64, weight: f64) -> Self {
        let at_risk = (0..super::curve::COUNT).filter(|at| whole.at(*at).0 > 0.0);
        let of = |at: usize| {
            let share = usual(at).clamp(LEAST, 1.0 - LEAST);
            let (a, b) = (weight * share, weight * (1.0 - share));
            (at, a, b, ln_beta(a, b))
        };
        Self(at_risk.map(of).collect())
    }

    /// The logarithm of how likely what was seen is.
    fn evidence(&self, counts: &Counts) -> f64 {
        let of = |(at, a, b, prior): &(usize, f64, f64, f64)| {
            let (at_risk, ready) = counts.at(*at);
            if at_risk < 1e-9 {
                return 0.0;
            }
            ln_beta(a + ready, b + (at_risk - ready).max(0.0)) - prior
        };
        self.0.iter().map(of).sum()
    }
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(delays: &[i32]) -> Vec<Seen> {
        let one =
            |delay: &i32| Seen { customer: 0, segment: 0, issued: -30, after: delay - 1, until: *delay };
        delays.iter().map(one).collect()
    }

    fn since_of(seen: &[Seen]) -> usize {
        let spread: Vec<(&Seen, Vec<f64>)> =
            seen.iter().map(|one| (one, vec![1.0; usize::from(one.after < one.until)])).collect();
        since(&spread, |_| 0.03, 3.0)
    }

    #[test]
    fn who_pays_later_from_one_invoice_to_the_next_has_changed() {
        let delays: Vec<i32> = (0..60).map(|n| if n < 40 { 8 + n % 5 } else { 43 + n % 5 }).collect();
        assert!((39..=41).contains(&since_of(&seen(&delays))), "{}", since_of(&seen(&delays)));
    }

    #[test]
    fn invoices_that_are_open_for_longer_than_ever_tell_it_too() {
        let mut all = seen(&(0..40).map(|n| 8 + n % 5).collect::<Vec<_>>());
        all.extend((0..12).map(|n| 50 - 3 * n).map(|age| Seen {
            customer: 0,
            segment: 0,
            issued: -30,
            after: age,
            until: age,
        }));
        assert!((39..=41).contains(&since_of(&all)), "{}", since_of(&all));
    }

    #[test]
    fn who_pays_as_ever_has_not() {
        assert_eq!(since_of(&seen(&(0..40).map(|n| 5 + n * 7 % 30).collect::<Vec<_>>())), 0);
        assert_eq!(since_of(&seen(&[10; 5])), 0, "too few to tell");
    }
}
