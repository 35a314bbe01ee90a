//! Why two records weigh what they do, for people.

use serde::Serialize;

use crate::model::{Model, probability};
use crate::record::Record;
use crate::veto::Veto;

/// What each comparison of a pair adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waterfall {
    /// What a pair weighs before it is looked at, in bits: 0 is even odds.
    pub prior_bits: f64,
    /// What each comparison adds. What changes together is bounded together, so the sum may be another.
    pub steps: Vec<Step>,
    /// What it comes to.
    pub bits: f64,
    /// The same as a probability.
    pub probability: f64,
    /// What speaks against the pair, however much it weighs.
    pub veto: Option<&'static str>,
}

/// What one comparison adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Its columns.
    pub comparison: String,
    /// The level on which the two agree.
    pub level: &'static str,
    /// What that is worth.
    pub bits: f64,
}

impl Waterfall {
    /// Of two records.
    pub fn of(model: &Model, a: &Record, b: &Record) -> Self {
        let levels = model.levels(a, b);
        let steps = model.comparisons().iter().enumerate().map(|(i, comparison)| Step {
            comparison: comparison.name.clone(),
            level: levels[i]
                .checked_sub(1)
                .map_or("missing", |step| comparison.measure.levels()[usize::from(step)].name),
            bits: bits(model.contribution(i, levels[i], a, b)),
        });
        let score = model.score(a, b);
        Self {
            prior_bits: bits(model.prior()),
            steps: steps.collect(),
            bits: bits(score.weight),
            probability: probability(score.weight),
            veto: score.veto.map(Veto::as_str),
        }
    }
}

/// Thousandths of a bit as bits.
pub fn bits(thousandths: i32) -> f64 {
    f64::from(thousandths) / 1_000.0
}
