//! How far from its mean a value to come may be: what the model's own errors say, times what they turned out to be worth.
//!
//! Models know of the errors that they have made, and hardly of those that they will make, so their intervals are too narrow. What the
//! errors are worth is seen where the last values of a series are put aside and forecast from those before: conformal prediction with
//! normalised errors, pooled by step over all series of a kind. Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World"
//! (2005); Stankeviciute, Alaa, van der Schaar, "Conformal time-series forecasting", NeurIPS 2021.

use crate::numbers::{mean, to_f64};

/// So many errors have to be known before they outweigh what is assumed of any series.
const ASSUMED: f64 = 40.0;
/// What is assumed: how many deviations the 80 % and the 95 % interval reach to each side. Those of the M1 competition's 1,001 series, all
/// steps together.
const USUAL: (f64, f64) = (1.6, 3.0);

/// How many deviations the intervals reach at each step: of series of one kind. By default what is assumed of any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration(Vec<(f64, f64)>);

/// What was wrong with forecasts of series of one kind, in deviations that were expected, by step.
#[derive(Clone, Debug, Default)]
pub struct Errors(Vec<Vec<f64>>);

impl Errors {
    /// Adds what was wrong at a step, from 0.
    pub(super) fn add(&mut self, step: usize, error: f64) {
        if error.is_finite() {
            self.0.resize_with(self.0.len().max(step + 1), Vec::new);
            self.0[step].push(error.abs());
        }
    }

    /// What they say.
    pub fn calibration(mut self) -> Calibration {
        let reach = |errors: &mut Vec<f64>| {
            errors.sort_by(f64::total_cmp);
            (mixed(errors, 0.80, USUAL.0), mixed(errors, 0.95, USUAL.1))
        };
        Calibration(self.0.iter_mut().map(reach).collect())
    }
}

impl Calibration {
    /// Half widths of the 80 % and the 95 % interval at each step; beyond the last step that is known they reach as far as there.
    pub(super) fn widths(&self, deviations: &[f64]) -> Vec<(f64, f64)> {
        let half = |(step, deviation): (usize, &f64)| {
            let (reach_80, reach_95) = self.0.get(step).or(self.0.last()).copied().unwrap_or(USUAL);
            (reach_80 * deviation, reach_95.max(reach_80) * deviation)
        };
        deviations.iter().enumerate().map(half).collect()
    }
}

/// The deviation of errors at each step. Those of the first values are not counted, where the model knew next to nothing; where too few
/// are left, they are taken from the step before, and the next is as much wider as the last one was.
pub(super) fn deviations(errors: &[Vec<f64>]) -> Vec<f64> {
    let mut all: Vec<f64> = Vec::with_capacity(errors.len());
    for errors in errors {
        let squares: Vec<f64> =
            errors.iter().skip(3.min(errors.len() / 2)).map(|error| error * error).collect();
        let widest = all.last().copied().unwrap_or(0.0);
        let own = if squares.is_empty() { 0.0 } else { mean(&squares).sqrt() };
        all.push(if squares.len() < 3 { own.max(widest) } else { own });
    }
    all
}

/// The quantile of sorted errors, and what is assumed of any, by how many there are.
fn mixed(sorted: &[f64], share: f64, usual: f64) -> f64 {
    let number = to_f64(sorted.len());
    // One more than there are, because the next one is to be covered.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let place = ((number + 1.0) * share).ceil() as usize;
    let Some(own) = sorted.get(place.saturating_sub(1)).or(sorted.last()) else { return usual };
    (own * number + usual * ASSUMED) / (number + ASSUMED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_as_wide_as_errors_were() {
        let mut errors = Errors::default();
        for error in 1..=400 {
            errors.add(0, f64::from(error) / 100.0);
        }
        let calibration = errors.calibration();
        let [(half_80, half_95), later] = calibration.widths(&[10.0, 10.0])[..] else { panic!() };
        // A tenth is what is assumed of any series.
        assert!((half_80 - (32.1 * 400.0 + 16.0 * 40.0) / 440.0).abs() < 0.05, "{half_80}");
        assert!((half_95 - (38.1 * 400.0 + 30.0 * 40.0) / 440.0).abs() < 0.05, "{half_95}");
        assert_eq!((half_80, half_95), later, "what is not known of a step is that of the one before");
    }

    #[test]
    fn with_few_errors_the_usual_is_assumed() {
        assert_eq!(Calibration::default().widths(&[2.0]), [(3.2, 6.0)]);
        let mut errors = Errors::default();
        errors.add(0, 100.0);
        errors.add(0, f64::NAN);
        let half = errors.calibration().widths(&[1.0])[0].0;
        assert!((half - (100.0 + 1.6 * 40.0) / 41.0).abs() < 1e-12, "{half}");
    }

    #[test]
    fn where_a_step_was_seen_too_seldom_it_is_no_nearer_than_the_one_before() {
        let errors = [vec![9.0, 9.0, 9.0, 2.0, -2.0, 2.0, -2.0], vec![9.0, 9.0, 0.1], vec![]];
        let second = f64::midpoint(9.0 * 9.0, 0.1 * 0.1).sqrt();
        assert_eq!(deviations(&errors), [2.0, second, second]);
    }
}
