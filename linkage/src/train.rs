//! Learns a model from records that nobody has labelled: expectation maximisation over the levels of pairs that share a key
//! (Fellegi and Sunter 1969; Winkler 1988). How different things agree is known from pairs that were drawn by chance, so only
//! how the same things agree is learned, and how many there are. What is believed before the first pair is seen counts like
//! some pairs, so that few records do not lead it astray.

use crate::model::{Chance, Levels, Model, Parameters, probability, thousandths};
use crate::record::Record;

/// Rounds at most; it is over sooner when nothing moves any more.
const ROUNDS: usize = 100;
/// Nothing moves when the expected matches change by less than this share.
const STILL: f64 = 1e-6;
/// What is believed beforehand counts like so many matches.
const BELIEF: f64 = 50.0;

/// A pair that shares a key, and that nothing speaks against.
#[derive(Clone, Debug)]
pub struct Candidate {
    levels: Levels,
    /// By comparison, how often different things agree like this.
    chances: Box<[Chance]>,
}

impl Candidate {
    /// A pair.
    pub fn new(model: &Model, levels: Levels, a: &Record, b: &Record) -> Self {
        let comparisons = 0..model.comparisons().len();
        Self { levels, chances: comparisons.map(|i| model.chance(i, levels[i], a, b)).collect() }
    }

    fn probability(&self, model: &Model, matches: &[Vec<i32>], prior: i32) -> f64 {
        let parts = matches.iter().zip(&self.chances).zip(self.levels);
        probability(model.sum(prior, parts.map(|((matches, chance), level)| chance.weight(matches, level))))
    }
}

/// What was learned, and from what.
#[derive(Clone, Debug)]
pub struct Trained {
    /// What was learned.
    pub parameters: Parameters,
    /// Pairs that were looked at.
    pub candidates: usize,
    /// Rounds that it took.
    pub rounds: usize,
    /// How many of the pairs are the same, in its opinion.
    pub matches: f64,
}

/// Learns how the same things agree.
pub fn train(model: &Model, candidates: &[Candidate]) -> Trained {
    let records = f64::from(model.records());
    let mut parameters = model.parameters.clone();
    parameters.version += 1;
    let (mut rounds, mut expected) = (0, 0.0_f64);
    while rounds < ROUNDS {
        rounds += 1;
        let prior = parameters.duplicates - thousandths(records);
        let mut counts: Vec<Vec<f64>> = believed(model);
        let before = std::mem::take(&mut expected);
        for candidate in candidates {
            let same = candidate.probability(model, &parameters.matches, prior);
            expected += same;
            for (counts, level) in counts.iter_mut().zip(candidate.levels) {
                if let Some(step) = usize::from(level).checked_sub(1) {
                    counts[step] += same;
                }
            }
        }
        let share = |counts: Vec<f64>| {
            let all: f64 = counts.iter().sum();
            counts.into_iter().map(|count| thousandths(count / all)).collect()
        };
        parameters.matches = counts.into_iter().map(share).collect();
        parameters.duplicates = thousandths((expected + 1.0) / records);
        if (expected - before).abs() <= STILL * expected {
            break;
        }
    }
    Trained { parameters, candidates: candidates.len(), rounds, matches: expected }
}

fn believed(model: &Model) -> Vec<Vec<f64>> {
    let levels = model.comparisons().iter().map(|comparison| comparison.measure.levels());
    levels.map(|levels| levels.iter().map(|level| level.matches * BELIEF).collect()).collect()
}

/// How far probabilities are from what came of them, in the mean over ten classes: the expected calibration error.
pub fn calibration_error(pairs: impl IntoIterator<Item = (i32, bool)>) -> f64 {
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
