//! Ledgers whose payments are known: `RECORDINGS` names the folder that has them in `forecast`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;

use forecasting::receivables::Invoice;
use forecasting::receivables::backtest::{self, Steps, Summary, WEEKS, Week};

const FORTNIGHTS: Steps = Steps { every: 14, warmup: 365, horizon: 91 };

fn ledger(name: &str) -> Option<Vec<Invoice>> {
    let Some(recordings) = std::env::var_os("RECORDINGS").map(PathBuf::from) else {
        println!("skipped: RECORDINGS is not set");
        return None;
    };
    Some(backtest::read(&recordings.join("forecast").join(name)).unwrap())
}

/// The figures of a ledger; what is always true of the forecasts is.
fn summary(name: &str) -> Option<Summary> {
    let ledger = ledger(name)?;
    let weeks = backtest::run(&ledger, FORTNIGHTS);
    for of in weeks.chunks(WEEKS) {
        let known = ledger.iter().filter(|invoice| invoice.issued <= of[0].origin);
        let open = known.filter(|invoice| invoice.paid.is_none_or(|paid| paid > of[0].origin));
        let most: f64 = open.map(|invoice| invoice.amount).sum();
        assert!(of.iter().map(|week| week.expected).sum::<f64>() <= most * (1.0 + 1e-9), "{of:?}");
        for Week { interval_80, interval_95, .. } in of {
            assert!(0.0 <= interval_95.0 && interval_95.0 <= interval_80.0, "{of:?}");
            assert!(interval_80.0 <= interval_80.1 && interval_80.1 <= interval_95.1, "{of:?}");
            assert!(interval_95.1 <= most, "{of:?}");
        }
    }
    let out =
        std::env::temp_dir().join(format!("ledgerwell-{}-{}", name.replace('/', "-"), std::process::id()));
    let summary = backtest::write(&ledger, &weeks, &out).unwrap();
    std::fs::remove_dir_all(out).unwrap();
    println!("{name}: {summary:#?}");
    Some(summary)
}

/// Of all the weeks that are meant to be within the interval four times of five, about as many are.
#[track_caller]
fn holds(summary: &Summary) {
    assert!((0.73..=0.87).contains(&summary.coverage_80), "{summary:?}");
}

#[track_caller]
fn at_most(summary: &Summary, weeks: &str, wape: f64) {
    assert!(summary.forecast[weeks].wape <= wape, "{weeks}: {}", summary.forecast[weeks].wape);
}

#[test]
fn receipts_are_forecast_twice_as_well_as_by_due_date_and_mean_delay() {
    let Some(summary) = summary("ledger_dev1.csv") else { return };
    at_most(&summary, "all", 0.12);
    at_most(&summary, "1", 0.08);
    at_most(&summary, "9-13", 0.30);
    at_most(&summary, "all", summary.mean_delay["all"].wape / 2.0);
    assert!(summary.forecast["all"].bias.abs() <= 0.05, "{summary:?}");
    assert!((0.77..=0.83).contains(&summary.coverage_80), "{summary:?}");
}

#[test]
fn customers_may_change_their_behaviour() {
    let Some(summary) = summary("ledger_dev2_shift.csv") else { return };
    at_most(&summary, "all", 0.12 * 1.3);
    holds(&summary);
}

/// Half of the way from the best of the baselines, 42.1 %, to what whoever made the ledger could expect, 6.5 %.
#[test]
fn customers_pay_in_runs() {
    let Some(summary) = summary("reports/ledger_payruns.csv") else { return };
    at_most(&summary, "all", 0.243);
    holds(&summary);
    assert!(summary.forecast["all"].bias.abs() <= 0.05, "{summary:?}");
}

/// Half of the way from 30.1 % to 13.3 %.
#[test]
fn customers_close_in_summer_and_between_the_years() {
    let Some(summary) = summary("reports/ledger_seasonal.csv") else { return };
    at_most(&summary, "all", 0.217);
    holds(&summary);
    assert!(summary.forecast["all"].bias.abs() <= 0.05, "{summary:?}");
}

/// Half of the way from 40.7 % to 24.8 %: one customer is 40 % of the volume, and pays 35 days later from one invoice to the next.
#[test]
fn a_large_customer_changes_its_behaviour() {
    let Some(summary) = summary("reports/ledger_whale.csv") else { return };
    at_most(&summary, "all", 0.328);
    holds(&summary);
    assert!(summary.forecast["all"].bias.abs() <= 0.05, "{summary:?}");
}

/// For three months everybody pays 20 days later. The best of the baselines is 32.3 %.
#[test]
fn everybody_pays_later_for_a_while() {
    let Some(summary) = summary("reports/ledger_crisis.csv") else { return };
    at_most(&summary, "all", 0.29);
    holds(&summary);
    assert!(summary.forecast["all"].bias.abs() <= 0.05, "{summary:?}");
}

/// No worse than the best of the baselines.
#[test]
fn disputes_new_customers_growth_losses_and_discounts_are_no_worse() {
    for (name, wape) in [
        ("disputes", 0.121),
        ("onetime", 0.230),
        ("growth", 0.109),
        ("writeoffs", 0.142),
        ("earlypay", 0.145),
    ] {
        let Some(summary) = summary(&format!("reports/ledger_{name}.csv")) else { return };
        at_most(&summary, "all", wape);
        holds(&summary);
        assert!(summary.forecast["all"].bias.abs() <= 0.05, "{name}: {summary:?}");
    }
}

/// Of 40 invoices, few of a week: the best of the baselines is 110.8 %.
#[test]
fn a_company_may_be_tiny() {
    let Some(summary) = summary("reports/ledger_tiny.csv") else { return };
    at_most(&summary, "all", 1.108);
    holds(&summary);
}

/// What is known at an origin is all that is looked at: in a ledger that ends there, nothing else is forecast.
#[test]
fn another_future_changes_no_forecast() {
    let Some(ledger) = ledger("reports/ledger_payruns.csv") else { return };
    let steps = Steps { every: 84, ..FORTNIGHTS };
    let weeks = backtest::run(&ledger, steps);
    let origin = weeks[2 * WEEKS].origin;
    let last = ledger.iter().map(|invoice| invoice.issued).max().unwrap();
    let others: Vec<Invoice> = ledger
        .iter()
        .map(|invoice| Invoice {
            customer: if invoice.issued > origin { 1 } else { invoice.customer },
            amount: if (origin + 1..last).contains(&invoice.issued) { 1.0 } else { invoice.amount },
            paid: invoice.paid.map(|paid| if paid > origin { paid.max(origin + 60) } else { paid }),
            ..*invoice
        })
        .collect();
    let forecast = |weeks: Vec<Week>| {
        let known = weeks.into_iter().filter(move |week| week.origin <= origin);
        known.map(|week| Week { actual: 0.0, ..week }).collect::<Vec<_>>()
    };
    assert_eq!(forecast(backtest::run(&others, steps)), forecast(weeks));
}
