//! The figures of a backtest.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Files, Outcome, is_booked, is_right};

/// Lines of one category, or all.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// Lines.
    pub lines: usize,
    /// Share of lines that were booked alone.
    pub auto: f64,
    /// Share of those whose items were exactly right.
    pub auto_precision: f64,
    /// Share of lines whose first proposal was exactly right.
    pub top1: f64,
    /// Share of lines one of whose first three proposals was exactly right.
    pub top3: f64,
    #[serde(skip)]
    counts: [usize; 4],
}

/// The figures of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// All lines.
    pub all: Figures,
    /// Lines that pay something that is open.
    pub matchable: Figures,
    /// Lines after the five hundredth.
    pub after_500: Figures,
    /// By category.
    pub categories: BTreeMap<String, Figures>,
    /// Share of lines that pay nothing which were booked alone against items.
    pub false_auto: f64,
    /// Expected calibration error of first proposals, in ten bins.
    pub calibration_error: f64,
    /// Time of a line in microseconds: half of them took less, …
    pub p50_us: f64,
    /// … and ninety-nine of a hundred less than this.
    pub p99_us: f64,
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn see(&mut self, right: [bool; 3], booked: bool) {
        self.lines += 1;
        for (count, yes) in
            self.counts.iter_mut().zip([booked, booked && right[0], right[0], right.contains(&true)])
        {
            *count += usize::from(yes);
        }
        let [auto, good, first, any] = self.counts.map(|count| count as f64);
        let lines = self.lines as f64;
        (self.auto, self.top1, self.top3) = (auto / lines, first / lines, any / lines);
        self.auto_precision = if auto > 0.0 { good / auto } else { 1.0 };
    }
}

impl Summary {
    /// The figures of some lines.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub fn of(files: &Files, outcomes: &[Outcome]) -> Self {
        let mut summary = Self::default();
        let (mut none, mut wrong) = (0_usize, 0_usize);
        let mut bins = [(0_usize, 0.0, 0_usize); 10];
        for (i, outcome) in outcomes.iter().enumerate() {
            let Some(truth) = outcome.truth.and_then(|row| files.truth.get(row)) else { continue };
            let mut right = [false; 3];
            for (right, proposal) in right.iter_mut().zip(&outcome.proposals) {
                *right = is_right(proposal, truth);
            }
            let booked = outcome.proposals.first().is_some_and(is_booked);
            summary.all.see(right, booked);
            if truth.items.is_empty() {
                none += 1;
                wrong += usize::from(booked);
            } else {
                summary.matchable.see(right, booked);
                if i >= 500 {
                    summary.after_500.see(right, booked);
                }
            }
            summary.categories.entry(truth.category.clone()).or_default().see(right, booked);
            if let Some(first) = outcome.proposals.first() {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between 0 and 9"
                )]
                let bin = &mut bins[(first.probability * 10.0).clamp(0.0, 9.0) as usize];
                *bin = (bin.0 + 1, bin.1 + first.probability, bin.2 + usize::from(right[0]));
            }
        }
        summary.false_auto = wrong as f64 / none.max(1) as f64;
        let total = outcomes.len().max(1) as f64;
        summary.calibration_error =
            bins.iter().map(|(_, sum, right)| (sum - *right as f64).abs()).sum::<f64>() / total;
        let mut times: Vec<u64> = outcomes.iter().map(|outcome| outcome.nanoseconds).collect();
        times.sort_unstable();
        let quantile =
            |of: usize| times.get(times.len() * of / 100).map_or(0.0, |time| *time as f64 / 1000.0);
        (summary.p50_us, summary.p99_us) = (quantile(50), quantile(99));
        summary
    }
}
