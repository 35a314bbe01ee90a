//! Files of series whose continuation is known: what would have been forecast, and how good that was.

mod summary;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use super::{Calibration, Errors, Step};
use crate::files::{self, Invalid};

pub use summary::{Figures, Summary};

/// Values of a series and steps of a horizon: more are no series of business figures.
const MOST: usize = 100_000;

/// A series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its name.
    pub id: String,
    /// What kind of series it is: intervals are calibrated on all of a kind.
    pub kind: String,
    /// After how many values a season begins anew; 1 where there is none.
    pub period: usize,
    /// How many values are to be forecast.
    pub horizon: usize,
    /// What is known.
    pub train: Vec<f64>,
    /// How it went on; may be empty.
    pub test: Vec<f64>,
}

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

/// Reads a file with the columns `id`, `type`, `m` (the period), `h` (the horizon), `train` and `test`, whose values are separated by
/// semicolons.
///
/// # Errors
/// A file that cannot be read, a column that it lacks, or a value that is none: line and column are named.
pub fn read(path: &Path) -> Result<Vec<Series>, Invalid> {
    files::read(path, ["id", "type", "m", "h", "train", "test"], series)
}

fn series([id, kind, period, horizon, train, test]: [&str; 6]) -> Result<Series, String> {
    let series = Series {
        id: id.to_owned(),
        kind: kind.to_owned(),
        period: whole("m", period)?,
        horizon: whole("h", horizon)?,
        train: numbers("train", train)?,
        test: numbers("test", test)?,
    };
    if series.train.is_empty() {
        return Err("train has no values".into());
    }
    Ok(series)
}

fn whole(column: &str, text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| format!("{column} is {text:?}, and has to be a whole number from 1 to {MOST}"))
}

fn numbers(column: &str, text: &str) -> Result<Vec<f64>, String> {
    let numbers = text.split(';').map(str::trim).filter(|value| !value.is_empty()).map(|value| {
        let number: Option<f64> = value.parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| format!("{column} has {value:?}, which is no number"))
    });
    let numbers: Vec<f64> = numbers.collect::<Result<_, _>>()?;
    if numbers.len() > MOST {
        return Err(format!("{column} has more than {MOST} values"));
    }
    Ok(numbers)
}

/// Forecasts all series. Intervals are calibrated on the ends of the training parts, by the type of series.
pub fn run(all: &[Series]) -> Vec<Forecast<'_>> {
    let mut errors: BTreeMap<&str, Errors> = BTreeMap::new();
    for series in all {
        let errors = errors.entry(&series.kind).or_default();
        super::see_errors(&series.train, series.period, series.horizon, errors);
    }
    let calibrations: BTreeMap<&str, Calibration> =
        errors.into_iter().map(|(kind, errors)| (kind, errors.calibration())).collect();
    let usual = Calibration::default();
    all.iter()
        .map(|series| {
            let began = Instant::now();
            let calibration = calibrations.get(series.kind.as_str()).unwrap_or(&usual);
            let steps = super::forecast(&series.train, series.period, series.horizon, calibration);
            Forecast { series, steps, milliseconds: began.elapsed().as_secs_f64() * 1e3 }
        })
        .collect()
}

/// Writes `predictions.csv` and `summary.json`.
///
/// # Errors
/// A folder that cannot be written to.
pub fn write(forecasts: &[Forecast<'_>], out: &Path) -> Result<Summary, Invalid> {
    let steps = forecasts.iter().flat_map(|forecast| {
        forecast.steps.iter().enumerate().map(|(step, of)| {
            let ((low80, high80), (low95, high95)) = (of.interval_80, of.interval_95);
            let [mean, low80, high80, low95, high95] =
                [of.mean, low80, high80, low95, high95].map(|figure| format!("{figure:.6}"));
            [forecast.series.id.clone(), (step + 1).to_string(), mean, low80, high80, low95, high95]
        })
    });
    let summary = Summary::of(forecasts);
    files::write(out, ["id", "step", "mean", "low80", "high80", "low95", "high95"], steps, &summary)?;
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Series, String> {
        series(line.split(',').map(str::trim).collect::<Vec<_>>().try_into().unwrap())
    }

    #[test]
    fn a_line_is_a_series() {
        let series = parsed("A1,yearly,1,2,3.5; -2;1e3,").unwrap();
        assert_eq!((series.period, series.horizon, series.train), (1, 2, vec![3.5, -2.0, 1000.0]));
        assert!(series.test.is_empty());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, what) in [
            ("A1,yearly,1,0,1;2,", "h is \"0\", and has to be a whole number from 1 to 100000"),
            ("A1,yearly,x,2,1;2,", "m is \"x\", and has to be a whole number from 1 to 100000"),
            ("A1,yearly,1,2,1;two,", "train has \"two\", which is no number"),
            ("A1,yearly,1,2,1;2,inf", "test has \"inf\", which is no number"),
            ("A1,yearly,1,2,,", "train has no values"),
        ] {
            assert_eq!(parsed(line).unwrap_err(), what);
        }
    }
}
