//! What was measured, as tables for people and as JSON for programs.

use std::path::Path;

use serde_json::{Value, json};

use crate::Result;

/// All that was measured.
#[derive(Default)]
pub(crate) struct Report {
    machine: String,
    sections: Vec<Section>,
}

/// One table.
pub(crate) struct Section {
    title: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
}

/// A figure, or a word.
pub(crate) enum Cell {
    Text(String),
    /// Several runs of one measurement.
    Runs(Vec<f64>),
    /// Not measured here.
    None,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Cell {
    fn from(figure: f64) -> Self {
        Self::Runs(vec![figure])
    }
}

impl From<Vec<f64>> for Cell {
    fn from(runs: Vec<f64>) -> Self {
        Self::Runs(runs)
    }
}

impl From<Option<f64>> for Cell {
    fn from(figure: Option<f64>) -> Self {
        figure.map_or(Self::None, Self::from)
    }
}

impl Cell {
    /// One cell of the runs of a figure that may not have been measured.
    pub(crate) fn new(runs: impl Iterator<Item = Option<f64>>) -> Self {
        runs.collect::<Option<Vec<_>>>().map_or(Self::None, Self::Runs)
    }

    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::None => "–".into(),
            Self::Runs(runs) => {
                let (min, median, max) = spread(runs);
                if runs.len() == 1 {
                    number(median)
                } else {
                    format!("{} ({} … {})", number(median), number(min), number(max))
                }
            }
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::None => Value::Null,
            Self::Runs(runs) => {
                let (min, median, max) = spread(runs);
                json!({ "min": min, "median": median, "max": max, "runs": runs.len() })
            }
        }
    }
}

/// Least, median and greatest.
fn spread(runs: &[f64]) -> (f64, f64, f64) {
    let mut sorted = runs.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    (at(0), median(runs), at(sorted.len().saturating_sub(1)))
}

/// The middle one of several runs.
pub(crate) fn median(runs: &[f64]) -> f64 {
    let mut sorted = runs.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Three digits that matter, thousands apart.
fn number(figure: f64) -> String {
    let magnitude = figure.abs();
    if magnitude >= 1_000.0 {
        #[allow(clippy::cast_possible_truncation, reason = "for people")]
        let digits = ((figure / 100.0).round() * 100.0) as i64;
        let text = digits.to_string();
        let groups: Vec<&str> =
            text.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
        groups.join(",")
    } else if magnitude >= 100.0 {
        format!("{figure:.0}")
    } else if magnitude >= 10.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.2}")
    }
}

impl Section {
    pub(crate) fn new(title: &'static str, columns: &'static [&'static str]) -> Self {
        Self { title, columns, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// A Markdown table.
    fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let head = line(self.columns.iter().map(|column| (*column).to_owned()).collect());
        let rule = line(self.columns.iter().map(|_| "---".to_owned()).collect());
        let rows: String = self.rows.iter().map(|row| line(row.iter().map(Cell::text).collect())).collect();
        format!("\n## {}\n\n{head}{rule}{rows}", self.title)
    }

    fn json(&self) -> Value {
        let row = |cells: &Vec<Cell>| {
            let pairs =
                self.columns.iter().zip(cells).map(|(column, cell)| ((*column).to_owned(), cell.json()));
            Value::Object(pairs.collect())
        };
        json!({ "title": self.title, "rows": self.rows.iter().map(row).collect::<Vec<_>>() })
    }
}

impl Report {
    pub(crate) fn new(machine: String) -> Self {
        println!("{machine}");
        Self { machine, sections: Vec::new() }
    }

    /// Takes in a section, and shows it at once.
    pub(crate) fn add(&mut self, section: Section) {
        println!("{}", section.markdown());
        self.sections.push(section);
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let sections: Vec<_> = self.sections.iter().map(Section::json).collect();
        let text = serde_json::to_string_pretty(&json!({ "machine": self.machine, "sections": sections }))?;
        Ok(std::fs::write(file, text + "\n")?)
    }
}
