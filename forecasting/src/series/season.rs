//! Whether a series has a season, and what is left without it.

use crate::numbers::{mean, to_f64};

/// A season's index for each place in the period, and how it is put on and taken off.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Season {
    /// There is none.
    None,
    /// What is added.
    Additive(Vec<f64>),
    /// What is multiplied.
    Multiplicative(Vec<f64>),
}

/// A correlation as large as this, in standard errors, is no accident nine times of ten.
const SIGNIFICANT: f64 = 1.645;
/// A multiplicative index below this would make of small numbers huge ones.
const SMALLEST: f64 = 1e-2;

impl Season {
    /// The season of a series, if it has one of this period.
    ///
    /// The test of the autocorrelation at the period is that of the M3 competition's Theta method: Assimakopoulos and Nikolopoulos, "The
    /// theta model", International Journal of Forecasting 16 (2000).
    pub(super) fn of(series: &[f64], period: usize) -> Self {
        if period < 2 || series.len() < 2 * period + period / 2 || !is_seasonal(series, period) {
            return Self::None;
        }
        let is_positive = series.iter().all(|value| *value > 0.0);
        let trend = moving_average(series, period);
        let mut sums = vec![(0.0, 0_u32); period];
        for (place, (value, trend)) in series.iter().zip(&trend).enumerate() {
            let Some(trend) = trend else { continue };
            let (sum, count) = &mut sums[place % period];
            *sum += if is_positive { value / trend } else { value - trend };
            *count += 1;
        }
        let mut indices: Vec<f64> =
            sums.iter().map(|(sum, count)| sum / f64::from((*count).max(1))).collect();
        let mean = mean(&indices);
        if is_positive {
            for index in &mut indices {
                *index /= mean;
            }
            if indices.iter().any(|index| *index < SMALLEST) {
                return Self::None;
            }
            return Self::Multiplicative(indices);
        }
        for index in &mut indices {
            *index -= mean;
        }
        Self::Additive(indices)
    }

    /// A value without the season, where it stands at `place` in the series.
    pub(super) fn off(&self, place: usize, value: f64) -> f64 {
        match self {
            Self::None => value,
            Self::Additive(indices) => value - indices[place % indices.len()],
            Self::Multiplicative(indices) => value / indices[place % indices.len()],
        }
    }

    /// The value with the season.
    pub(super) fn on(&self, place: usize, value: f64) -> f64 {
        match self {
            Self::None => value,
            Self::Additive(indices) => value + indices[place % indices.len()],
            Self::Multiplicative(indices) => value * indices[place % indices.len()],
        }
    }

    /// How much wider what is around a value is with the season.
    pub(super) fn width(&self, place: usize) -> f64 {
        match self {
            Self::None | Self::Additive(_) => 1.0,
            Self::Multiplicative(indices) => indices[place % indices.len()],
        }
    }
}

/// Whether the autocorrelation at the period stands out, next to those before it.
fn is_seasonal(series: &[f64], period: usize) -> bool {
    let mean = mean(series);
    let deviations: Vec<f64> = series.iter().map(|value| value - mean).collect();
    let total: f64 = deviations.iter().map(|deviation| deviation * deviation).sum();
    if total <= 0.0 {
        return false;
    }
    let correlation =
        |lag: usize| deviations[lag..].iter().zip(&deviations).map(|(a, b)| a * b).sum::<f64>() / total;
    let before: f64 = (1..period).map(|lag| correlation(lag) * correlation(lag)).sum();
    let error = ((1.0 + 2.0 * before) / to_f64(series.len())).sqrt();
    correlation(period).abs() > SIGNIFICANT * error
}

/// The mean over a period around each value; of an even period half of the first and of the last. Nothing at the ends.
fn moving_average(series: &[f64], period: usize) -> Vec<Option<f64>> {
    let half = period / 2;
    let width = if period.is_multiple_of(2) { period + 1 } else { period };
    let mut averages = vec![None; series.len()];
    for (start, window) in series.windows(width).enumerate() {
        let mut sum: f64 = window.iter().sum();
        if period.is_multiple_of(2) {
            sum -= f64::midpoint(window[0], window[width - 1]);
        }
        averages[start + half] = Some(sum / to_f64(period));
    }
    averages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_season_is_found_and_taken_off() {
        let quarters = [10.0, 20.0, 30.0, 20.0];
        let series: Vec<f64> = (0..24).map(|place| quarters[place % 4] * 2.0).collect();
        let season = Season::of(&series, 4);
        let Season::Multiplicative(indices) = &season else { panic!("{season:?}") };
        assert!(indices.iter().zip([0.5, 1.0, 1.5, 1.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{indices:?}");
        assert!((season.off(6, 60.0) - 40.0).abs() < 1e-9);
        assert!((season.on(6, 40.0) - 60.0).abs() < 1e-9);
    }

    #[test]
    fn with_numbers_that_are_not_positive_a_season_is_added() {
        let series: Vec<f64> = (0..24).map(|place| [-3.0, 1.0, 3.0, -1.0][place % 4]).collect();
        assert!(matches!(Season::of(&series, 4), Season::Additive(_)));
    }

    #[test]
    fn what_does_not_repeat_has_no_season() {
        let series: Vec<f64> = (0..40).map(|place| f64::from((place * place * 7 + place * 3) % 11)).collect();
        assert_eq!(Season::of(&series, 4), Season::None);
        assert_eq!(Season::of(&[5.0; 40], 4), Season::None, "nor has what is always the same");
        assert_eq!(Season::of(&[1.0, 2.0, 3.0], 4), Season::None, "nor what is too short to tell");
    }
}
