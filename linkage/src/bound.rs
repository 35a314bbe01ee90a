//! What two records can weigh at most while not all comparisons are made. Most records that share a key are not the same, and a few
//! cheap comparisons show it: the costly ones are left out.

use crate::measure::Group;
use crate::model::{MOST_COMPARISONS, Model};
use crate::record::Record;

/// The most that each comparison of one record can contribute, whatever the other record is.
pub(crate) struct Best([i32; MOST_COMPARISONS]);

impl Best {
    /// Of a record.
    pub(crate) fn new(model: &Model, record: &Record) -> Self {
        let mut best = [0; MOST_COMPARISONS];
        for (i, best) in best.iter_mut().enumerate().take(model.comparisons().len()) {
            let slot = record.slot(i);
            if !slot.is_missing() {
                let rarest = slot.tokens.iter().map(|token| token.rarity).max().unwrap_or(0);
                *best = model.most(i, rarest).max(0);
            }
        }
        Self(best)
    }
}

/// A sum of contributions that were made, and of the most that the others can be.
pub(crate) struct Bound<'b> {
    best: &'b Best,
    free: i32,
    groups: [i32; Group::ALL.len()],
    /// What was taken off where a value is missing in the other record, by comparison.
    open: [i32; MOST_COMPARISONS],
}

impl<'b> Bound<'b> {
    /// Before anything is compared with `other`.
    pub(crate) fn new(model: &Model, best: &'b Best, other: &Record) -> Self {
        let mut bound = Self { best, free: 0, groups: [0; Group::ALL.len()], open: [0; MOST_COMPARISONS] };
        for (i, comparison) in model.comparisons().iter().enumerate() {
            if !other.slot(i).is_missing() {
                bound.open[i] = bound.best.0[i];
                bound.add(comparison.measure.group(), bound.open[i]);
            }
        }
        bound
    }

    fn add(&mut self, group: Option<Group>, part: i32) {
        match group {
            Some(group) => self.groups[group as usize] += part,
            None => self.free += part,
        }
    }

    /// A comparison was made.
    pub(crate) fn made(&mut self, comparison: usize, group: Option<Group>, contribution: i32) {
        self.add(group, contribution - self.open[comparison]);
    }

    /// What the two can weigh at most.
    pub(crate) fn most(&self, prior: i32) -> i32 {
        let groups =
            Group::ALL.into_iter().map(|group| group.bound(self.groups[group as usize], prior, false));
        prior + self.free + groups.sum::<i32>()
    }
}
