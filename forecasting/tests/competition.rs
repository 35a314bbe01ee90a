//! The 1,001 series of the M1 competition, whose continuations are known: `RECORDINGS` names the folder that has them in `forecast`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;

use forecasting::series::backtest::{self, Series, Summary};

fn competition() -> Option<Vec<Series>> {
    let Some(recordings) = std::env::var_os("RECORDINGS").map(PathBuf::from) else {
        println!("skipped: RECORDINGS is not set");
        return None;
    };
    Some(backtest::read(&recordings.join("forecast/M1.csv")).unwrap())
}

/// As good as the best single model of libraries, which reaches 15.78 and 1.67 at forty times the cost, and intervals that hold what they
/// say.
#[test]
fn series_are_forecast_as_well_as_by_the_best_library() {
    let Some(series) = competition() else { return };
    let out = std::env::temp_dir().join(format!("ledgerwell-competition-{}", std::process::id()));
    let summary: Summary = backtest::write(&backtest::run(&series), &out).unwrap();
    std::fs::remove_dir_all(out).unwrap();
    println!("{summary:#?}");
    assert_eq!(summary.all.series, 1_001);
    assert!(summary.all.smape <= 15.78, "{summary:?}");
    assert!(summary.all.mase <= 1.67, "{summary:?}");
    assert!((0.77..=0.83).contains(&summary.all.coverage_80), "{summary:?}");
    assert!((0.93..=0.97).contains(&summary.all.coverage_95), "{summary:?}");
}

/// What comes after the training part is never looked at.
#[test]
fn another_future_changes_no_forecast() {
    let Some(series) = competition() else { return };
    let others: Vec<Series> =
        series.iter().map(|series| Series { test: Vec::new(), ..series.clone() }).collect();
    let [forecasts, blind] = [&series, &others].map(|series| backtest::run(series));
    assert!(forecasts.iter().zip(&blind).all(|(a, b)| a.steps == b.steps));
}
