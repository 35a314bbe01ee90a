//! How good what was found is, against the truth.

use std::collections::BTreeSet;

use linkage::model::{LINK, probability};
use serde::Serialize;

/// Two rows that are worth a look, or in one group.
pub(super) struct Pair {
    /// The position of the first …
    pub(super) left: usize,
    /// … and of the second.
    pub(super) right: usize,
    /// In thousandths of a bit.
    pub(super) weight: i32,
    /// Whether they are in one group.
    pub(super) grouped: bool,
}

/// How good links and groups are.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Quality {
    /// Pairs that are the same.
    pub true_links: usize,
    /// Of pairs in one group that are links by themselves.
    pub links: Rates,
    /// Of all pairs within groups.
    pub groups: Rates,
    /// The cut, as a probability, at which links would have been best.
    pub best_cut: f64,
    /// How good they would have been there.
    pub best_f1: f64,
    /// Expected calibration error over ten classes of all scored pairs.
    pub calibration_error: f64,
}

/// The usual three, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Rates {
    /// How many of those found are right.
    pub precision: f64,
    /// How many of the right ones were found.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

impl Rates {
    #[expect(clippy::cast_precision_loss, reason = "counts of pairs")]
    fn of(right: usize, found: usize, all: usize) -> Self {
        let part = |right: usize, of: usize| if of == 0 { 0.0 } else { right as f64 / of as f64 };
        let f1 = if found + all == 0 { 0.0 } else { 2.0 * right as f64 / (found + all) as f64 };
        Self { precision: part(right, found), recall: part(right, all), f1 }
    }
}

impl Quality {
    /// Of pairs, against those that are the same: positions of records, the smaller first.
    pub(super) fn of(pairs: &[Pair], truth: &BTreeSet<(usize, usize)>) -> Self {
        let is_true = |pair: &Pair| truth.contains(&(pair.left, pair.right));
        let rates = |found: Vec<&Pair>| {
            Rates::of(found.iter().filter(|pair| is_true(pair)).count(), found.len(), truth.len())
        };
        let grouped = || pairs.iter().filter(|pair| pair.grouped);
        let mut by_weight: Vec<_> = pairs.iter().map(|pair| (pair.weight, is_true(pair))).collect();
        by_weight.sort_unstable_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        let (mut right, mut best) = (0, (0.0, 0));
        for (i, (weight, is_same)) in by_weight.iter().enumerate() {
            right += usize::from(*is_same);
            let f1 = Rates::of(right, i + 1, truth.len()).f1;
            if f1 > best.0 {
                best = (f1, *weight);
            }
        }
        Self {
            true_links: truth.len(),
            links: rates(grouped().filter(|pair| pair.weight >= LINK).collect()),
            groups: rates(grouped().collect()),
            best_cut: probability(best.1),
            best_f1: best.0,
            calibration_error: calibration_error(by_weight),
        }
    }
}

/// How far probabilities are from what came of them, in the mean over ten classes: the expected calibration error.
fn calibration_error(pairs: impl IntoIterator<Item = (i32, bool)>) -> f64 {
    let mut classes = [(0.0_f64, 0.0_f64, 0.0_f64); 10];
    let mut all = 0.0;
    for (weight, truth) in pairs {
        let p = probability(weight);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10")]
        let class = &mut classes[((p * 10.0) as usize).min(9)];
        class.0 += 1.0;
        class.1 += p;
        class.2 += f64::from(u8::from(truth));
        all += 1.0;
    }
    classes.iter().map(|(_, p, truth)| (p - truth).abs()).sum::<f64>() / f64::max(all, 1.0)
}
