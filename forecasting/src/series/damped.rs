//! Exponential smoothing with a trend that fades: a level, a slope, and how fast each forgets.
//!
//! Gardner and McKenzie, "Forecasting trends in time series", Management Science 31 (1985), in its error-correction form, ETS(A,Ad,N). For
//! given factors the one-step errors are linear in the first level and the first slope, so both follow by least squares, and only the
//! factors are searched for.

use super::fit::{Fit, Squares};

/// How much of an error stays in the level.
const LEVELS: [f64; 8] = [0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95];
/// How much of what stays in the level stays in the slope.
const SLOPES: [f64; 4] = [0.0, 0.05, 0.15, 0.4];
/// How much of the slope is left after a step.
const FADES: [f64; 3] = [0.8, 0.9, 0.97];

#[derive(Clone, Copy, Debug)]
struct Factors {
    level: f64,
    slope: f64,
    fade: f64,
}

/// What the model knows between two values.
#[derive(Clone, Copy, Debug)]
struct State {
    level: f64,
    slope: f64,
    fade: f64,
}

/// Fits the model and continues the series; `None` for a series of fewer than four values.
pub(super) fn fit(series: &[f64], horizon: usize) -> Option<Fit> {
    if series.len() < 4 {
        return None;
    }
    let mut best: Option<(f64, Factors)> = None;
    for level in LEVELS {
        for slope in SLOPES {
            for fade in FADES {
                let factors = Factors { level, slope: level * slope, fade };
                let squares = factors.squares(series, |_| {});
                if best.is_none_or(|(least, _)| squares < least) {
                    best = Some((squares, factors));
                }
            }
        }
    }
    let mut states = Vec::with_capacity(series.len() + 1);
    best?.1.squares(series, |state| states.push(state));
    Some(Fit::of(series, horizon, &states, State::step))
}

impl Factors {
    /// Goes over a series, tells what is known before each value and after all, and answers the squares of the one-step errors that are
    /// left.
    fn squares(self, series: &[f64], mut tell: impl FnMut(State)) -> f64 {
        let mut squares = Squares::default();
        // The series alone, and what a first level and a first slope of one become.
        let (mut without, mut of_level, mut of_slope) = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0));
        let known = |squares: &Squares, without: (f64, f64), of_level: (f64, f64), of_slope: (f64, f64)| {
            let (first, second) = squares.both();
            State {
                level: without.0 + first * of_level.0 + second * of_slope.0,
                slope: without.1 + first * of_level.1 + second * of_slope.1,
                fade: self.fade,
            }
        };
        for (place, value) in series.iter().enumerate() {
            tell(known(&squares, without, of_level, of_slope));
            let error = value - self.see(&mut without, *value);
            let (level, slope) = (self.see(&mut of_level, 0.0), self.see(&mut of_slope, 0.0));
            // The first value can always be met, and says nothing of the factors.
            if place > 0 {
                squares.see(error, level, slope);
            }
        }
        tell(known(&squares, without, of_level, of_slope));
        squares.left(squares.both())
    }

    /// What was expected of a value; level and slope are those after it.
    fn see(self, (level, slope): &mut (f64, f64), value: f64) -> f64 {
        let expected = *level + self.fade * *slope;
        let error = value - expected;
        *slope = self.fade * *slope + self.slope * error;
        *level = expected + self.level * error;
        expected
    }
}

impl State {
    /// What is expected next, as if it came.
    fn step(&mut self) -> f64 {
        self.slope *= self.fade;
        self.level += self.slope;
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_goes_on_and_fades() {
        let line: Vec<f64> = (1..=40).map(|place| 10.0 + 2.0 * f64::from(place)).collect();
        let mean = fit(&line, 30).unwrap().mean;
        assert!((mean[0] - 92.0).abs() < 0.5, "{mean:?}");
        let steps: Vec<f64> = mean.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.windows(2).all(|pair| pair[1] < pair[0]), "{steps:?}");
    }

    #[test]
    fn what_is_always_the_same_stays_so() {
        let mean = fit(&[4.0; 10], 3).unwrap().mean;
        assert!(mean.iter().all(|value| (value - 4.0).abs() < 1e-6), "{mean:?}");
    }
}
