//! The figures of a backtest of series.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Forecast;
use crate::numbers::to_f64;

/// Figures of series of one kind, or of all: each the mean over the series of its mean over the steps, as in the M competitions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Series whose continuation is known.
    pub series: usize,
    /// Symmetric mean absolute percentage error, from 0 to 200: Makridakis and Hibon, "The M3-Competition", International Journal of
    /// Forecasting 16 (2000).
    pub smape: f64,
    /// Absolute error, next to that of repeating the value a season before within what is known: Hyndman and Koehler, "Another look at
    /// measures of forecast accuracy", International Journal of Forecasting 22 (2006).
    pub mase: f64,
    /// Share of values in the 80 % interval.
    pub coverage_80: f64,
    /// Share of values in the 95 % interval.
    pub coverage_95: f64,
    /// Width of the 95 % interval and forty times what is outside, scaled as `mase`: Gneiting and Raftery, "Strictly proper scoring
    /// rules", Journal of the American Statistical Association 102 (2007).
    pub msis: f64,
}

/// The figures of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// All series.
    pub all: Figures,
    /// By kind.
    pub kinds: BTreeMap<String, Figures>,
    /// Milliseconds that a series takes: half of them less, …
    pub p50_ms: f64,
    /// … and ninety-nine of a hundred less than this.
    pub p99_ms: f64,
}

impl Summary {
    pub(super) fn of(forecasts: &[Forecast<'_>]) -> Self {
        let mut summary = Self::default();
        for forecast in forecasts {
            if let Some(figures) = figures(forecast) {
                summary.all.add(&figures);
                summary.kinds.entry(forecast.series.kind.clone()).or_default().add(&figures);
            }
        }
        let mut times: Vec<f64> = forecasts.iter().map(|forecast| forecast.milliseconds).collect();
        times.sort_by(f64::total_cmp);
        let quantile =
            |hundredths: usize| times.get(times.len() * hundredths / 100).copied().unwrap_or_default();
        Self { p50_ms: quantile(50), p99_ms: quantile(99), ..summary }
    }
}

impl Figures {
    /// Takes another one's into the means.
    fn add(&mut self, other: &Self) {
        self.series += other.series;
        let weight = to_f64(other.series) / to_f64(self.series);
        for (mean, figure) in [
            (&mut self.smape, other.smape),
            (&mut self.mase, other.mase),
            (&mut self.coverage_80, other.coverage_80),
            (&mut self.coverage_95, other.coverage_95),
            (&mut self.msis, other.msis),
        ] {
            *mean += (figure - *mean) * weight;
        }
    }
}

/// The figures of one series; `None` where nothing is known of its continuation.
fn figures(forecast: &Forecast<'_>) -> Option<Figures> {
    let series = forecast.series;
    let pairs: Vec<_> = series.test.iter().zip(&forecast.steps).collect();
    if pairs.is_empty() {
        return None;
    }
    let lag = series.period.min(series.train.len().saturating_sub(1)).max(1);
    let changes = series.train.iter().skip(lag).zip(&series.train).map(|(now, before)| (now - before).abs());
    let scale = changes.sum::<f64>() / to_f64(series.train.len().saturating_sub(lag).max(1));
    // What never changes has no scale: an error is worth itself then.
    let scale = if scale > 0.0 { scale } else { 1.0 };
    let mut sums = Figures { series: 1, ..Figures::default() };
    for (actual, step) in &pairs {
        let error = (*actual - step.mean).abs();
        let size = actual.abs() + step.mean.abs();
        let covers = |(low, high): (f64, f64)| if (low..=high).contains(*actual) { 1.0 } else { 0.0 };
        let (low, high) = step.interval_95;
        let outside = (low - *actual).max(*actual - high).max(0.0);
        sums.smape += if size > 0.0 { 200.0 * error / size } else { 0.0 };
        sums.mase += error / scale;
        sums.coverage_80 += covers(step.interval_80);
        sums.coverage_95 += covers(step.interval_95);
        sums.msis += (high - low + 40.0 * outside) / scale;
    }
    let steps = to_f64(pairs.len());
    for sum in [&mut sums.smape, &mut sums.mase, &mut sums.coverage_80, &mut sums.coverage_95, &mut sums.msis]
    {
        *sum /= steps;
    }
    Some(sums)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Step;
    use crate::series::backtest::Series;

    #[test]
    fn figures_are_those_of_the_competitions() {
        let series = Series {
            period: 1,
            horizon: 2,
            train: vec![10.0, 12.0, 11.0, 13.0],
            test: vec![10.0, 20.0],
            ..Series::default()
        };
        let step = |mean: f64, half: f64| Step {
            mean,
            interval_80: (mean - half, mean + half),
            interval_95: (mean - 2.0 * half, mean + 2.0 * half),
        };
        let forecast =
            Forecast { series: &series, steps: vec![step(12.0, 3.0), step(14.0, 2.0)], milliseconds: 1.0 };
        let summary = Summary::of(&[forecast]);
        let Figures { smape, mase, coverage_80, coverage_95, msis, .. } = summary.all;
        let near =
            |figure: f64, right: f64| assert!((figure - right).abs() < 1e-9, "{figure} is not {right}");
        near(smape, 100.0 * 2.0 / 22.0 + 100.0 * 6.0 / 34.0);
        // The values before differ by 2, 1 and 2.
        near(mase, 4.0 / (5.0 / 3.0));
        near(coverage_80, 0.5);
        near(coverage_95, 0.5);
        near(msis, (6.0 + 4.0 + 20.0 * 2.0) / (5.0 / 3.0));
        assert_eq!(summary.kinds.len(), 1);
    }
}
