//! Files of a backtest: tables that are read and written, with errors that say where.

use std::fmt;
use std::path::Path;

use csv::StringRecord;
use serde::Serialize;

/// What is wrong with a file, and where.
#[derive(Debug)]
pub struct Invalid(String);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}

fn failed(path: &Path, what: impl fmt::Display) -> Invalid {
    Invalid(format!("{}: {what}", path.display()))
}

/// Reads a CSV file: `read` makes something of the values of `columns`; other columns are left alone. What it says is wrong is told with
/// file and line.
pub(crate) fn read<const COLUMNS: usize, T>(
    path: &Path,
    columns: [&str; COLUMNS],
    mut read: impl FnMut([&str; COLUMNS]) -> Result<T, String>,
) -> Result<Vec<T>, Invalid> {
    let mut csv = csv::Reader::from_path(path).map_err(|error| failed(path, error))?;
    let header = csv.headers().map_err(|error| failed(path, error))?.clone();
    let mut places = [0; COLUMNS];
    for (place, name) in places.iter_mut().zip(columns) {
        let found = header.iter().position(|column| column.trim() == name);
        let there = || header.iter().collect::<Vec<_>>().join(", ");
        *place =
            found.ok_or_else(|| failed(path, format!("there is no column {name}; it has {}", there())))?;
    }
    let mut all = Vec::new();
    for (number, record) in csv.records().enumerate() {
        let record: StringRecord = record.map_err(|error| failed(path, error))?;
        let values = places.map(|place| record.get(place).unwrap_or_default().trim());
        all.push(read(values).map_err(|what| failed(path, format!("line {}: {what}", number + 2)))?);
    }
    Ok(all)
}

/// Writes `predictions.csv` and `summary.json` into a folder, which is made where it is not there.
pub(crate) fn write<const COLUMNS: usize>(
    out: &Path,
    columns: [&str; COLUMNS],
    predictions: impl Iterator<Item = [String; COLUMNS]>,
    summary: &impl Serialize,
) -> Result<(), Invalid> {
    std::fs::create_dir_all(out).map_err(|error| failed(out, error))?;
    let path = out.join("predictions.csv");
    let mut csv = csv::Writer::from_path(&path).map_err(|error| failed(&path, error))?;
    csv.write_record(columns).map_err(|error| failed(&path, error))?;
    for prediction in predictions {
        csv.write_record(prediction).map_err(|error| failed(&path, error))?;
    }
    csv.flush().map_err(|error| failed(&path, error))?;
    let path = out.join("summary.json");
    let text = serde_json::to_string_pretty(summary).map_err(|error| failed(&path, error))?;
    std::fs::write(&path, text + "\n").map_err(|error| failed(&path, error))
}
