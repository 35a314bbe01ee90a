//! How wide intervals are: as wide as forecasts of about such a distance were wrong before, and wider for a while where too many weeks
//! were outside of theirs. Gibbs and Candès, "Adaptive conformal inference under distribution shift", Advances in Neural Information
//! Processing Systems 34 (2021).

use crate::calendar::Day;
use crate::numbers::to_f64;

/// Errors that are assumed until there are own ones, in deviations: quantiles of a normal distribution, a little wider.
const ASSUMED: [f64; 10] = [-1.8, -1.15, -0.75, -0.42, -0.14, 0.14, 0.42, 0.75, 1.15, 1.8];
/// By how much a week changes which share of errors an interval leaves out.
const RATE: f64 = 0.05;
/// Shares that are never left: of what is meant to be outside, so much at least, and so much at most.
const BOUNDS: [f64; 2] = [0.1, 2.5];

/// What is known of forecasts of about the same distance.
#[derive(Debug)]
pub(super) struct Errors {
    /// How wrong forecasts were, in deviations, and the day on which that is known.
    known_on: Vec<(Day, f64)>,
    of_80: Level,
    of_95: Level,
}

/// Which share of errors intervals leave out.
#[derive(Debug)]
struct Level {
    /// What is meant to be outside of an interval.
    meant: f64,
    /// What is left out so that as much is.
    left_out: f64,
    /// Whether a week was outside of its interval, and the day on which that is known.
    outside: Vec<(Day, bool)>,
}

/// What is forecast of a week, and by how much such forecasts deviate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) mean: f64,
    pub(super) deviation: f64,
    /// No more can come.
    pub(super) most: f64,
}

impl Default for Errors {
    fn default() -> Self {
        Self { known_on: Vec::new(), of_80: Level::new(0.20), of_95: Level::new(0.05) }
    }
}

impl Errors {
    /// The intervals that hold four times of five, and nineteen times of twenty, by what is known on a day.
    pub(super) fn around(&mut self, expected: Expected, today: Day) -> [(f64, f64); 2] {
        let known = self.known_on.iter().filter(|(day, _)| *day <= today).map(|(_, error)| *error);
        let mut errors: Vec<f64> = known.chain(ASSUMED).collect();
        errors.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| {
            (expected.mean + quantile(&errors, share) * expected.deviation).clamp(0.0, expected.most)
        };
        let around = |left_out: f64| (at(left_out / 2.0), at(1.0 - left_out / 2.0));
        let of_80 = around(self.of_80.left_out(today));
        // The wider one is never inside of the narrower one.
        let of_95 = around(self.of_95.left_out(today).min(self.of_80.left_out));
        [of_80, of_95]
    }

    /// What came in the week, as it will be known on a day.
    pub(super) fn see(&mut self, expected: Expected, intervals: [(f64, f64); 2], actual: f64, known_on: Day) {
        self.known_on.push((known_on, (actual - expected.mean) / expected.deviation));
        for (level, (low, high)) in [&mut self.of_80, &mut self.of_95].into_iter().zip(intervals) {
            level.outside.push((known_on, !(low..=high).contains(&actual)));
        }
    }
}

impl Level {
    fn new(meant: f64) -> Self {
        Self { meant, left_out: meant, outside: Vec::new() }
    }

    fn left_out(&mut self, today: Day) -> f64 {
        for (_, is_outside) in self.outside.extract_if(.., |(day, _)| *day <= today) {
            let outside = if is_outside { 1.0 } else { 0.0 };
            let [least, most] = BOUNDS.map(|bound| bound * self.meant);
            self.left_out = (self.left_out + RATE * (self.meant - outside)).clamp(least, most);
        }
        self.left_out
    }
}

/// The value below which a share of sorted values is.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let place = (share * to_f64(sorted.len())).floor() as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Expected = Expected { mean: 100.0, deviation: 10.0, most: 1_000.0 };

    /// The share of weeks outside of the interval that is meant to hold four of five, where each week's error is `of` its number.
    fn outside(weeks: i32, of: impl Fn(i32) -> f64) -> f64 {
        let mut errors = Errors::default();
        let mut outside = 0.0;
        for week in 0..weeks {
            let around = errors.around(USUAL, 7 * week);
            let [(low, high), (lower, higher)] = around;
            assert!(0.0 <= lower && lower <= low && high <= higher && higher <= 1_000.0, "{around:?}");
            let actual = USUAL.mean + USUAL.deviation * of(week);
            outside += if (low..=high).contains(&actual) { 0.0 } else { 1.0 };
            errors.see(USUAL, around, actual, 7 * week + 7);
        }
        outside / f64::from(weeks)
    }

    #[test]
    fn as_many_weeks_are_outside_as_are_meant_to_be() {
        let noise = |week: i32| f64::from(week * 7_919 % 1_000) / 500.0 - 1.0;
        for scale in [0.2, 1.0, 5.0] {
            let share = outside(400, |week| scale * noise(week));
            assert!((0.17..0.23).contains(&share), "{scale}: {share}");
        }
    }

    #[test]
    fn where_forecasts_get_worse_intervals_get_wider() {
        let noise = |week: i32| f64::from(week * 7_919 % 1_000) / 500.0 - 1.0;
        let share = outside(120, |week| if week < 60 { noise(week) } else { 4.0 * noise(week) });
        assert!(share < 0.3, "{share}");
    }

    #[test]
    fn what_is_not_known_yet_is_not_looked_at() {
        let mut errors = Errors::default();
        let before = errors.around(USUAL, 0);
        errors.see(USUAL, before, 900.0, 8);
        assert_eq!(errors.around(USUAL, 7), before);
        assert_ne!(errors.around(USUAL, 8), before);
    }
}
