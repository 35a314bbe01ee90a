//! The files of a backtest of series.

use std::fmt;
use std::path::Path;

use csv::StringRecord;

use super::{Forecast, Summary};

/// Values of a series and steps of a horizon: more are no series of business figures.
const MOST: usize = 100_000;

/// What is wrong with a file, and where.
#[derive(Debug)]
pub struct Invalid(pub(crate) String);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}

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

/// Reads a file with the columns `id`, `type`, `m` (the period), `h` (the horizon), `train` and `test`, whose values are separated by
/// semicolons; other columns are left alone.
///
/// # Errors
/// A file that cannot be read, a column that it lacks, or a value that is none: line and column are named.
pub fn read(path: &Path) -> Result<Vec<Series>, Invalid> {
    let failed = |what: String| Invalid(format!("{}: {what}", path.display()));
    let mut csv = csv::Reader::from_path(path).map_err(|error| failed(error.to_string()))?;
    let header = csv.headers().map_err(|error| failed(error.to_string()))?.clone();
    let place = |name: &str| {
        let place = header.iter().position(|column| column.trim() == name);
        place.ok_or_else(|| {
            failed(format!(
                "there is no column {name}; it has {}",
                header.iter().collect::<Vec<_>>().join(", ")
            ))
        })
    };
    let places = [place("id")?, place("type")?, place("m")?, place("h")?, place("train")?, place("test")?];
    let mut all = Vec::new();
    for (number, record) in csv.records().enumerate() {
        let record = record.map_err(|error| failed(error.to_string()))?;
        all.push(series(&record, places).map_err(|what| failed(format!("line {}: {what}", number + 2)))?);
    }
    Ok(all)
}

fn series(record: &StringRecord, places: [usize; 6]) -> Result<Series, String> {
    let [id, kind, period, horizon, train, test] =
        places.map(|place| record.get(place).unwrap_or_default().trim());
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

/// Writes `predictions.csv` and `summary.json`.
///
/// # Errors
/// A folder that cannot be written to.
pub fn write(forecasts: &[Forecast<'_>], out: &Path) -> Result<Summary, Invalid> {
    let failed = |error: String| Invalid(format!("{}: {error}", out.display()));
    std::fs::create_dir_all(out).map_err(|error| failed(error.to_string()))?;
    let mut csv =
        csv::Writer::from_path(out.join("predictions.csv")).map_err(|error| failed(error.to_string()))?;
    csv.write_record(["id", "step", "mean", "low80", "high80", "low95", "high95"])
        .map_err(|error| failed(error.to_string()))?;
    for forecast in forecasts {
        for (step, of) in forecast.steps.iter().enumerate() {
            let ((low80, high80), (low95, high95)) = (of.interval_80, of.interval_95);
            let figures = [of.mean, low80, high80, low95, high95].map(|figure| format!("{figure:.6}"));
            let record = [forecast.series.id.clone(), (step + 1).to_string()].into_iter().chain(figures);
            csv.write_record(record).map_err(|error| failed(error.to_string()))?;
        }
    }
    csv.flush().map_err(|error| failed(error.to_string()))?;
    let summary = Summary::of(forecasts);
    let text = serde_json::to_string_pretty(&summary).unwrap_or_default();
    std::fs::write(out.join("summary.json"), text + "\n").map_err(|error| failed(error.to_string()))?;
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Series, String> {
        series(&StringRecord::from(line.split(',').collect::<Vec<_>>()), [0, 1, 2, 3, 4, 5])
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
