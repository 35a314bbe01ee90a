//! A model that was fitted, and least squares of one and two unknowns.

use crate::numbers::to_f64;

/// What a fitted model expects.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fit {
    /// The values to come.
    pub(super) mean: Vec<f64>,
    /// By step, what it would have expected of each value from so many values before, less the value; the earliest first.
    pub(super) errors: Vec<Vec<f64>>,
}

impl Fit {
    /// Runs a model over a series. `states` are what it knows before each value, as it was fitted to those before, and after all of them;
    /// `step` answers what is expected next, as if it came.
    pub(super) fn of<S: Copy>(
        series: &[f64],
        horizon: usize,
        states: &[S],
        step: impl Fn(&mut S) -> f64,
    ) -> Self {
        let mut errors = vec![Vec::with_capacity(series.len()); horizon];
        for (place, state) in states.iter().enumerate().take(series.len()) {
            let mut ahead = *state;
            for (actual, errors) in series[place..].iter().zip(&mut errors) {
                errors.push(step(&mut ahead) - actual);
            }
        }
        let mean = states.last().map(|last| {
            let mut ahead = *last;
            (0..horizon).map(|_| step(&mut ahead)).collect()
        });
        Self { mean: mean.unwrap_or_default(), errors }
    }

    /// What several models say together, each as often as it is there; `None` where there is none.
    pub(super) fn mean_of(fits: &[&Self]) -> Option<Self> {
        let (first, others) = fits.split_first()?;
        let mut all = (*first).clone();
        for other in others {
            all.mean.iter_mut().zip(&other.mean).for_each(|(sum, value)| *sum += value);
            for (sums, errors) in all.errors.iter_mut().zip(&other.errors) {
                sums.iter_mut().zip(errors).for_each(|(sum, error)| *sum += error);
            }
        }
        let number = to_f64(fits.len());
        all.mean.iter_mut().chain(all.errors.iter_mut().flatten()).for_each(|sum| *sum /= number);
        Some(all)
    }
}

/// Steps of a first look.
const STEPS: u32 = 12;
/// Steps of a closer one, each of which leaves .618 of the interval.
const CLOSER: u32 = 12;
/// The golden section.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Where in a range a function is least: a first look in equal steps, then a golden section around the best.
pub(super) fn least((from, to): (f64, f64), of: impl Fn(f64) -> f64) -> f64 {
    let step = (to - from) / f64::from(STEPS);
    let at = |place: u32| from + step * f64::from(place);
    let mut best = (at(0), of(at(0)));
    for place in 1..=STEPS {
        let value = of(at(place));
        if value < best.1 {
            best = (at(place), value);
        }
    }
    let (mut low, mut high) = ((best.0 - step).max(from), (best.0 + step).min(to));
    let (mut left, mut right) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut of_left, mut of_right) = (of(left), of(right));
    for _ in 0..CLOSER {
        if of_left <= of_right {
            (high, right, of_right) = (right, left, of_left);
            left = high - GOLDEN * (high - low);
            of_left = of(left);
        } else {
            (low, left, of_left) = (left, right, of_right);
            right = low + GOLDEN * (high - low);
            of_right = of(right);
        }
    }
    for (place, value) in [(left, of_left), (right, of_right)] {
        if value < best.1 {
            best = (place, value);
        }
    }
    best.0
}

/// Least squares with two unknowns, value by value: how much of `a` and of `b` is in `y`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Squares {
    aa: f64,
    ab: f64,
    bb: f64,
    ay: f64,
    by: f64,
    yy: f64,
}

impl Squares {
    pub(super) fn see(&mut self, y: f64, a: f64, b: f64) {
        self.aa += a * a;
        self.ab += a * b;
        self.bb += b * b;
        self.ay += a * y;
        self.by += b * y;
        self.yy += y * y;
    }

    /// Both; of `b` nothing where it says the same as `a`.
    pub(super) fn both(&self) -> (f64, f64) {
        let determinant = self.aa * self.bb - self.ab * self.ab;
        if determinant <= 1e-12 * self.aa * self.bb {
            return (self.first(0.0), 0.0);
        }
        (
            (self.ay * self.bb - self.by * self.ab) / determinant,
            (self.by * self.aa - self.ay * self.ab) / determinant,
        )
    }

    /// How much of `a` is in `y` where so much of `b` is; 0 where `a` is nothing.
    pub(super) fn first(&self, b: f64) -> f64 {
        if self.aa > 0.0 { (self.ay - b * self.ab) / self.aa } else { 0.0 }
    }

    /// The squares that are left.
    pub(super) fn left(&self, (a, b): (f64, f64)) -> f64 {
        self.yy - 2.0 * (a * self.ay + b * self.by)
            + a * a * self.aa
            + 2.0 * a * b * self.ab
            + b * b * self.bb
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_is_found() {
        assert!((least((0.0, 1.0), |x| (x - 0.3712).powi(2)) - 0.3712).abs() < 1e-3);
        assert!((least((0.1, 0.9), |x| x) - 0.1).abs() < 1e-12, "at the end of the range");
    }

    #[test]
    fn both_parts_are_found() {
        let (mut line, mut same) = (Squares::default(), Squares::default());
        for b in [1.0, 2.0, 3.0, 4.0] {
            line.see(3.0 + 2.0 * b, 1.0, b);
            same.see(3.0 * b, b, b);
        }
        let (of_a, of_b) = line.both();
        assert!((of_a - 3.0).abs() < 1e-9 && (of_b - 2.0).abs() < 1e-9);
        assert!(line.left((of_a, of_b)).abs() < 1e-9);
        assert!((line.first(2.0) - 3.0).abs() < 1e-9, "where so much of the other is known");
        assert_eq!(same.both(), (3.0, 0.0));
    }
}
