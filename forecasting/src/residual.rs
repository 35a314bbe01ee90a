//! What forecasts miss again and again: business that nobody has ordered when they are made, and costs of which no document speaks.
//!
//! By how much more moved than was forecast so far ahead is a series with a value for each week. It is continued where that would have
//! made the forecasts of the last weeks better, and left alone where it would not.

use crate::numbers::mean;
use crate::series;

/// Values that are looked at: two years.
const VALUES: usize = 104;
/// Values that a series has to have before it is continued.
const FEWEST: usize = 6;
/// Weeks for which it is tried out, …
const TRIED: usize = 26;
/// … if there are so many.
const FEWEST_TRIED: usize = 8;
/// Of the error that is left without it, so much may be left with it at most: less could be chance.
const LEFT: f64 = 0.9;

/// What is to be added to a forecast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residual {
    /// How much.
    pub mean: f64,
    /// By how much that was wrong: the root of the mean square.
    pub deviation: f64,
}

/// Continues `missed`, a value for each week, the oldest first. What a forecast missed is known `behind` weeks after it was made: the value
/// of the one that is made now is so many after the last. `None` where that is no better than to add nothing.
pub fn residual(missed: &[f64], behind: usize) -> Option<Residual> {
    let missed = &missed[missed.len().saturating_sub(VALUES)..];
    let first = (FEWEST + behind - 1).max(missed.len().saturating_sub(TRIED));
    if missed.len() < first + FEWEST_TRIED {
        return None;
    }
    let errors =
        (first..missed.len()).map(|week| missed[week] - continued(&missed[..=week - behind], behind));
    let errors: Vec<f64> = errors.collect();
    let size = |values: &[f64]| values.iter().map(|value| value.abs()).sum::<f64>();
    let without = size(&missed[first..]);
    if without <= 0.0 || size(&errors) > LEFT * without {
        return None;
    }
    let squares: Vec<f64> = errors.iter().map(|error| error * error).collect();
    Some(Residual { mean: continued(missed, behind), deviation: mean(&squares).sqrt() })
}

/// The value so many weeks after the last, within what was seen.
fn continued(values: &[f64], ahead: usize) -> f64 {
    let (least, most) =
        values.iter().fold((f64::MAX, f64::MIN), |(least, most), value| (value.min(least), value.max(most)));
    let next = series::continued(values, 1, ahead).last().map_or(0.0, |(mean, _)| *mean);
    next.clamp(least.min(most), most)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from -1 to 1 without a pattern.
    fn noise(number: u32) -> f64 {
        f64::from(number.wrapping_mul(2_654_435_761) >> 8) / f64::from(1_u32 << 23) - 1.0
    }

    fn missed(weeks: u32, of: impl Fn(u32) -> f64) -> Vec<f64> {
        (0..weeks).map(of).collect()
    }

    #[test]
    fn what_is_missed_each_week_is_expected() {
        let shop = missed(40, |week| 1_000.0 + 100.0 * noise(week));
        for behind in [1, 4, 12] {
            let residual = residual(&shop, behind).unwrap();
            assert!((residual.mean - 1_000.0).abs() < 60.0, "{residual:?}");
            assert!(residual.deviation < 120.0, "{residual:?}");
        }
    }

    #[test]
    fn what_grows_goes_on_growing_no_further_than_was_seen() {
        let growing = missed(60, |week| 10.0 * f64::from(week));
        let mean = residual(&growing, 1).unwrap().mean;
        assert!((560.0..=590.0).contains(&mean), "{mean}");
    }

    #[test]
    fn what_has_no_pattern_is_not_added() {
        assert_eq!(residual(&missed(100, noise), 1), None);
        assert_eq!(residual(&missed(100, |_| 0.0), 1), None);
    }

    #[test]
    fn it_is_tried_out_before_it_is_believed() {
        let shop = |weeks| residual(&missed(weeks, |_| 1_000.0), 4);
        assert_eq!(shop(16), None);
        assert!(shop(17).is_some());
        assert_eq!(residual(&[], 1), None);
    }

    /// At a week on which it is tried out, nothing is looked at that was not known then.
    #[test]
    fn what_comes_later_is_not_known() {
        let until = |week: u32| move |of: u32| if of < week { 0.0 } else { 1_000.0 };
        // All was right until forecasts of the last eight weeks missed something: known so late, it helps none of those.
        assert_eq!(residual(&missed(40, until(32)), 8), None);
        assert!(residual(&missed(60, until(32)), 8).is_some());
    }
}
