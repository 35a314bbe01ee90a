//! The dynamic optimised Theta model: a level that follows the series, and a share of the line through all that was seen so far.
//!
//! Fiorucci, Pellegrini, Louzada, Petropoulos, Koehler, "Models for optimising the theta method and their relationship to state space
//! models", International Journal of Forecasting 32 (2016), equations of DOTM. For a given smoothing factor the one-step errors are linear
//! in the first level and in the line's share, so both follow by least squares, and only the factor is searched for.

use super::fit::{self, Fit, Squares};

/// The least and the greatest smoothing factor.
const FACTORS: (f64, f64) = (0.1, 0.99);
/// The first values say nothing of a line yet.
const SETTLES: usize = 3;

/// The line through what was seen so far, as it is kept from value to value.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    seen: f64,
    mean: f64,
    intercept: f64,
    slope: f64,
}

impl Line {
    fn see(&mut self, value: f64) {
        self.seen += 1.0;
        let seen = self.seen;
        if seen > 1.0 {
            self.slope = ((seen - 2.0) * self.slope + 6.0 * (value - self.mean) / seen) / (seen + 1.0);
        }
        self.mean += (value - self.mean) / seen;
        self.intercept = self.mean - f64::midpoint(seen, 1.0) * self.slope;
    }

    /// What the line adds to the next value, where `left` is how much of the first level is left after what was seen.
    fn adds(&self, left: f64, factor: f64) -> f64 {
        left * self.intercept + (1.0 - left * (1.0 - factor)) / factor * self.slope
    }
}

/// What the model knows between two values.
#[derive(Clone, Copy, Debug)]
struct State {
    line: Line,
    level: f64,
    /// How much of the first level is left.
    left: f64,
    factor: f64,
    share: f64,
}

/// Fits the model and continues the series; `None` for a series of fewer than three values.
pub(super) fn fit(series: &[f64], horizon: usize) -> Option<Fit> {
    if series.len() < 3 {
        return None;
    }
    let factor = fit::least(FACTORS, |factor| squares(series, factor, |_| {}));
    let mut states = Vec::with_capacity(series.len() + 1);
    squares(series, factor, |state| states.push(state));
    Some(Fit::of(series, horizon, &states, State::step))
}

/// Goes over a series with a smoothing factor, tells what is known before each value and after all, and answers the squares of the
/// one-step errors that are left.
fn squares(series: &[f64], factor: f64, mut tell: impl FnMut(State)) -> f64 {
    let (mut squares, mut line, mut level, mut left) = (Squares::default(), Line::default(), 0.0, 1.0);
    let settles = SETTLES.min(series.len() / 2);
    for (place, value) in series.iter().enumerate() {
        tell(State::known(&squares, line, level, left, factor));
        if place >= settles {
            squares.see(value - level, left, line.adds(left, factor));
        }
        level += factor * (value - level);
        line.see(*value);
        left *= 1.0 - factor;
    }
    tell(State::known(&squares, line, level, left, factor));
    squares.left(unknown(&squares))
}

/// The first level, and the line's share from 0 to 1.
fn unknown(squares: &Squares) -> (f64, f64) {
    let (first, share) = squares.both();
    let within = share.clamp(0.0, 1.0);
    if (share - within).abs() > 0.0 { (squares.first(within), within) } else { (first, share) }
}

impl State {
    /// `level` is that without a first one.
    fn known(squares: &Squares, line: Line, level: f64, left: f64, factor: f64) -> Self {
        let (first, share) = unknown(squares);
        Self { line, level: level + left * first, left, factor, share }
    }

    /// What is expected next, as if it came.
    fn step(&mut self) -> f64 {
        let expected = self.level + self.share * self.line.adds(self.left, self.factor);
        self.level += self.factor * (expected - self.level);
        self.line.see(expected);
        self.left *= 1.0 - self.factor;
        expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_on_and_so_does_what_is_always_the_same() {
        let line: Vec<f64> = (1..=30).map(|place| 100.0 + 5.0 * f64::from(place)).collect();
        let mean = fit(&line, 3).unwrap().mean;
        assert!(mean.windows(2).all(|pair| pair[1] > pair[0]), "{mean:?}");
        assert!((mean[0] - 255.0).abs() < 3.0, "{mean:?}");
        let flat = fit(&[7.0; 12], 2).unwrap().mean;
        assert!(flat.iter().all(|value| (value - 7.0).abs() < 1e-9), "{flat:?}");
    }

    #[test]
    fn the_line_is_that_of_least_squares_at_any_time() {
        let mut line = Line::default();
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0];
        for value in values {
            line.see(value);
        }
        // By hand: mean 23/6, slope (Σ t·y − 6·3.5·23/6) / 17.5 with Σ t·y = 100.
        assert!((line.slope - (100.0 - 80.5) / 17.5).abs() < 1e-12, "{line:?}");
        assert!((line.intercept - (23.0 / 6.0 - 3.5 * line.slope)).abs() < 1e-12, "{line:?}");
    }
}
