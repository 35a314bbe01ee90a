//! Learns a model from records that nobody has labelled: expectation maximisation over the levels of pairs that share a key
//! (Fellegi and Sunter 1969; Winkler 1988). How different things agree is known from pairs that were drawn by chance, so only
//! how the same things agree is learned, and how many there are. What is believed before the first pair is seen counts like
//! some pairs, so that few records do not lead it astray.

use crate::keys::keys;
use crate::model::{Chance, Levels, Model, Parameters, probability, thousandths};
use crate::postings::Postings;
use crate::record::Record;
use crate::veto;

/// Rounds at most; it is over sooner when nothing moves any more.
const ROUNDS: usize = 100;
/// Nothing moves when the expected matches change by less than this share.
const STILL: f64 = 1e-6;
/// What is believed beforehand counts like this number of matches.
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
        probability(model.sum(
            prior,
            &self.levels,
            parts.map(|((matches, chance), level)| chance.weight(matches, level)),
        ))
    }
}

/// The pairs of records that share a key and that nothing speaks against, for training; of more than a million some are
/// left out.
pub fn candidates(model: &Model, records: &[Record]) -> Vec<Candidate> {
    const MOST: usize = 1_000_000;
    let mut candidates = Vec::new();
    let mut postings = Postings::default();
    let mut seen = vec![0; records.len()];
    let all: Vec<_> = records.iter().map(|record| keys(record, model.comparisons())).collect();
    for (handle, keys) in (0..).zip(&all) {
        for key in keys {
            postings.add(*key, handle);
        }
    }
    // Those of every record in turn, spread over all of them.
    let stride = (records.len() / 50_000).max(1);
    for (round, (keys, record)) in (1..).zip(all.iter().zip(records)).step_by(stride) {
        for other in keys.iter().flat_map(|key| postings.awake(*key)).filter(|other| other + 1 < round) {
            let last = &mut seen[other as usize];
            if *last == round || candidates.len() >= MOST {
                continue;
            }
            *last = round;
            let other = &records[other as usize];
            let levels = model.levels(record, other);
            if veto::find(model.comparisons(), &levels, record, other).is_none() {
                candidates.push(Candidate::new(model, levels, record, other));
            }
        }
    }
    candidates
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
    let mut parameters = model.parameters.clone();
    parameters.version += 1;
    let (mut rounds, mut expected) = (0, 0.0_f64);
    while rounds < ROUNDS {
        rounds += 1;
        let prior = model.prior_of(&parameters);
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
        parameters.duplicates = model.duplicates(expected + 1.0);
        if (expected - before).abs() <= STILL * expected {
            break;
        }
    }
    Trained { parameters, candidates: candidates.len(), rounds, matches: expected }
}

/// What became of a group that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// How likely it was thought to be one.
    pub probability: f64,
    /// Whether it was.
    pub same: bool,
}

/// That outcomes are as likely as was thought is believed like this: a deviation of one bit is as surprising as a standard
/// deviation.
const CALIBRATION_DEVIATION: f64 = 1.0;
/// Probabilities are known to four digits, so the surest one is no certainty.
const SUREST: f64 = 0.999_95;

/// How much more likely things turned out to be the same than was thought, in thousandths of a bit: the most likely intercept of a
/// logistic regression (Platt 1999 with a fixed slope), given a normal prior around zero.
pub fn calibration(outcomes: &[Outcome]) -> i32 {
    // Above zero while the shift is too small: its slope is falling everywhere.
    let too_small = |shift: f64| {
        let surplus: f64 = outcomes
            .iter()
            .map(|outcome| {
                let probability = outcome.probability.clamp(1.0 - SUREST, SUREST);
                let odds = probability / (1.0 - probability) * shift.exp2();
                f64::from(u8::from(outcome.same)) - odds / (1.0 + odds)
            })
            .sum();
        surplus * std::f64::consts::LN_2 > shift / CALIBRATION_DEVIATION.powi(2)
    };
    let (mut low, mut high) = (-16.0, 16.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if too_small(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    thousandths(f64::exp2(low))
}

fn believed(model: &Model) -> Vec<Vec<f64>> {
    let levels = model.comparisons().iter().map(|comparison| comparison.measure.levels());
    levels.map(|levels| levels.iter().map(|level| level.matches * BELIEF).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(probability: f64, same: usize, different: usize) -> Vec<Outcome> {
        let of = |same| Outcome { probability, same };
        [vec![of(true); same], vec![of(false); different]].concat()
    }

    #[test]
    fn what_turns_out_as_was_thought_shifts_nothing() {
        assert_eq!(calibration(&[]), 0);
        assert!(calibration(&outcomes(0.75, 300, 100)).abs() < 20);
    }

    #[test]
    fn many_outcomes_shift_the_odds_to_what_they_say_and_few_hardly() {
        // One in two instead of three in four are odds of 1 instead of 3: 1.58 bits.
        let many = calibration(&outcomes(0.75, 5_000, 5_000));
        assert!((-1_590..-1_560).contains(&many), "{many}");
        let few = calibration(&outcomes(0.75, 2, 2));
        assert!((-500..-100).contains(&few), "{few}");
        assert!(calibration(&outcomes(0.75, 4, 0)) > 0);
    }

    #[test]
    fn one_rejected_certainty_does_not_upset_everything() {
        let shift = calibration(&outcomes(1.0, 200, 1));
        assert!((-2_500..0).contains(&shift), "{shift}");
    }
}
