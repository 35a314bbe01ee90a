//! Files of series whose continuation is known: what would have been forecast, and how good that was.

mod files;
mod summary;

use std::collections::BTreeMap;
use std::time::Instant;

use crate::series::{self, Calibration, Errors, Step};

pub use files::{Invalid, Series, read, write};
pub use summary::{Figures, Summary};

/// A series, and what was forecast from its training part alone.
#[derive(Debug)]
pub struct Forecast<'a> {
    /// The series.
    pub series: &'a Series,
    /// What is expected at each step.
    pub steps: Vec<Step>,
    /// How long that took, in milliseconds.
    pub milliseconds: f64,
}

/// Forecasts all series. Intervals are calibrated on the ends of the training parts, by the type of series.
pub fn run(all: &[Series]) -> Vec<Forecast<'_>> {
    let mut errors: BTreeMap<&str, Errors> = BTreeMap::new();
    for series in all {
        let errors = errors.entry(&series.kind).or_default();
        series::see_errors(&series.train, series.period, series.horizon, errors);
    }
    let calibrations: BTreeMap<&str, Calibration> =
        errors.into_iter().map(|(kind, errors)| (kind, errors.calibration())).collect();
    let usual = Calibration::default();
    all.iter()
        .map(|series| {
            let began = Instant::now();
            let calibration = calibrations.get(series.kind.as_str()).unwrap_or(&usual);
            let steps = series::forecast(&series.train, series.period, series.horizon, calibration);
            Forecast { series, steps, milliseconds: began.elapsed().as_secs_f64() * 1e3 }
        })
        .collect()
}
