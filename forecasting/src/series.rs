//! Continues a series of numbers at equal distances, with intervals.

pub mod backtest;
mod damped;
mod fit;
mod intervals;
mod season;
mod theta;

use fit::Fit;
pub use intervals::{Calibration, Errors};
use season::Season;

/// What is expected of one value to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The mean.
    pub mean: f64,
    /// Four times of five it is between these.
    pub interval_80: (f64, f64),
    /// Nineteen times of twenty it is between these.
    pub interval_95: (f64, f64),
}

/// Continues a series by `horizon` values. `period` is after how many values a season begins anew: 12 for months, 4 for quarters, 1
/// where there is none. `calibration` is that of series of the same kind: [`see_errors`]. An empty series has no continuation.
pub fn forecast(series: &[f64], period: usize, horizon: usize, calibration: &Calibration) -> Vec<Step> {
    let steps = continued(series, period, horizon);
    let deviations: Vec<f64> = steps.iter().map(|(_, deviation)| *deviation).collect();
    let widths = calibration.widths(&deviations);
    let step = |((mean, _), (half_80, half_95)): (&(f64, f64), (f64, f64))| Step {
        mean: *mean,
        interval_80: (mean - half_80, mean + half_80),
        interval_95: (mean - half_95, mean + half_95),
    };
    steps.iter().zip(widths).map(step).collect()
}

/// Puts the last `horizon` values of a series aside, or a third of it where that is less, forecasts them from those before, and adds what
/// was wrong.
pub fn see_errors(series: &[f64], period: usize, horizon: usize, errors: &mut Errors) {
    let aside = horizon.min(series.len() / 3);
    let (before, actual) = series.split_at(series.len() - aside);
    for (step, ((mean, deviation), actual)) in continued(before, period, aside).iter().zip(actual).enumerate()
    {
        errors.add(step, (actual - mean) / deviation);
    }
}

/// Mean and deviation of each value to come.
pub(crate) fn continued(series: &[f64], period: usize, horizon: usize) -> Vec<(f64, f64)> {
    if series.is_empty() {
        return Vec::new();
    }
    let season = Season::of(series, period);
    let without: Vec<f64> =
        series.iter().enumerate().map(|(place, value)| season.off(place, *value)).collect();
    let fits: Vec<Fit> = [theta::fit, damped::fit].iter().filter_map(|fit| fit(&without, horizon)).collect();
    // Theta counts twice: on the 1,001 series of the M1 competition that is better than each alone and than the plain mean.
    let fit = Fit::mean_of(&fits.iter().chain(fits.first()).collect::<Vec<_>>());
    let fit = fit.unwrap_or_else(|| naive(&without, horizon));
    let deviations = intervals::deviations(&fit.errors);
    let steps = fit.mean.iter().zip(deviations).enumerate().map(|(step, (mean, deviation))| {
        let place = series.len() + step;
        (season.on(place, *mean), deviation * season.width(place))
    });
    steps.collect()
}

/// The last value stays.
fn naive(series: &[f64], horizon: usize) -> Fit {
    let before = series.first().into_iter().chain(series);
    Fit::of(series, horizon, &before.copied().collect::<Vec<f64>>(), |last| *last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarters(length: u32) -> Vec<f64> {
        (0..length).map(|place| [80.0, 100.0, 120.0, 100.0][place as usize % 4] + f64::from(place)).collect()
    }

    #[test]
    fn a_season_and_a_trend_go_on() {
        let steps = forecast(&quarters(40), 4, 4, &Calibration::default());
        let means: Vec<f64> = steps.iter().map(|step| step.mean).collect();
        assert!(
            means.iter().zip([120.0, 141.0, 162.0, 143.0]).all(|(a, b)| (a - b).abs() < 6.0),
            "{means:?}"
        );
        for Step { mean, interval_80, interval_95 } in steps {
            assert!(interval_95.0 <= interval_80.0 && interval_80.0 <= mean);
            assert!(mean <= interval_80.1 && interval_80.1 <= interval_95.1);
        }
    }

    #[test]
    fn any_series_has_a_continuation() {
        for series in
            [&[5.0][..], &[5.0, 6.0], &[0.0; 40], &[-3.0, 4.0, -5.0], &[1e12, 1e-12, 1e12, 0.0, 7.0]]
        {
            let steps = forecast(series, 12, 6, &Calibration::default());
            assert_eq!(steps.len(), 6);
            assert!(
                steps.iter().all(|step| step.mean.is_finite() && step.interval_95.1.is_finite()),
                "{steps:?}"
            );
        }
        assert!(forecast(&[], 12, 6, &Calibration::default()).is_empty());
        assert!((forecast(&[5.0], 1, 2, &Calibration::default())[1].mean - 5.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_expected_scales_with_the_series() {
        let (small, large) =
            (quarters(30), quarters(30).iter().map(|value| value * 1_000.0).collect::<Vec<_>>());
        let [small, large] = [small, large].map(|series| forecast(&series, 4, 6, &Calibration::default()));
        assert!(small.iter().zip(&large).all(|(a, b)| (a.mean * 1_000.0 - b.mean).abs() < 1e-3), "{small:?}");
    }

    #[test]
    fn errors_are_seen_on_the_last_values_alone() {
        let mut errors = Errors::default();
        see_errors(&quarters(40), 4, 8, &mut errors);
        see_errors(&[1.0, 2.0], 4, 8, &mut errors);
        let before = forecast(&quarters(40), 4, 8, &Calibration::default());
        let after = forecast(&quarters(40), 4, 8, &errors.calibration());
        assert!(before.iter().zip(&after).all(|(a, b)| a.mean.to_bits() == b.mean.to_bits()));
        assert!(before != after);
    }
}
