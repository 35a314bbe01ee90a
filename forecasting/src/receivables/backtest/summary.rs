//! The figures of a backtest of a ledger, beside those of what is done without a model.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Day, Invoice, WEEKS, Week, band, known, received};

/// Figures over all origins.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Sum of the absolute errors of all weeks, next to what was received.
    pub wape: f64,
    /// Sum of the errors of all weeks, next to what was received.
    pub bias: f64,
    #[serde(skip)]
    sums: (f64, f64, f64),
}

/// The figures of a run. Keys are weeks after the origin, and `all`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Days at which a forecast was made.
    pub origins: usize,
    /// What was forecast.
    pub forecast: BTreeMap<String, Figures>,
    /// That each invoice is paid when it is due, or else on the next business day.
    pub due_date: BTreeMap<String, Figures>,
    /// That it is paid as late as the customer paid on average, or else everybody.
    pub mean_delay: BTreeMap<String, Figures>,
    /// Share of weeks in the 80 % interval.
    pub coverage_80: f64,
    /// Share of weeks in the 95 % interval.
    pub coverage_95: f64,
}

impl Figures {
    fn see(&mut self, expected: f64, actual: f64) {
        let (errors, error, received) = &mut self.sums;
        *errors += (expected - actual).abs();
        *error += expected - actual;
        *received += actual;
        if *received > 0.0 {
            (self.wape, self.bias) = (*errors / *received, *error / *received);
        }
    }
}

impl Summary {
    pub(super) fn of(ledger: &[Invoice], weeks: &[Week]) -> Self {
        let mut summary = Self::default();
        let mut covered = (0.0, 0.0, 0.0);
        for week in weeks {
            see(&mut summary.forecast, week.week, week.expected, week.actual);
            let is_in = |(low, high): (f64, f64)| if (low..=high).contains(&week.actual) { 1.0 } else { 0.0 };
            covered =
                (covered.0 + 1.0, covered.1 + is_in(week.interval_80), covered.2 + is_in(week.interval_95));
        }
        for origin in weeks.iter().filter(|week| week.week == 1).map(|week| week.origin) {
            summary.origins += 1;
            let (known, received) = (known(ledger, origin), received(ledger, origin));
            for (figures, expected) in [
                (&mut summary.due_date, expected(&known, origin, |_| 0)),
                (&mut summary.mean_delay, expected(&known, origin, delays(&known))),
            ] {
                for (week, (expected, actual)) in expected.iter().zip(&received).enumerate() {
                    see(figures, week + 1, *expected, *actual);
                }
            }
        }
        let share = |count: f64| if covered.0 > 0.0 { count / covered.0 } else { 0.0 };
        Self { coverage_80: share(covered.1), coverage_95: share(covered.2), ..summary }
    }
}

fn see(figures: &mut BTreeMap<String, Figures>, week: usize, expected: f64, actual: f64) {
    for key in ["all", band(week)] {
        figures.entry(key.to_owned()).or_default().see(expected, actual);
    }
}

/// What is received in each week if each invoice is paid so many days after it is due, or else on the next business day.
fn expected(known: &[Invoice], origin: Day, delay: impl Fn(&Invoice) -> Day) -> [f64; WEEKS] {
    let mut weeks = [0.0; WEEKS];
    for invoice in known.iter().filter(|invoice| invoice.paid.is_none()) {
        let paid = (invoice.due + delay(invoice)).max(origin + 1);
        // 1970 began on a Thursday.
        let paid =
            paid + [0, 0, 0, 0, 0, 2, 1][usize::try_from((paid + 3).rem_euclid(7)).unwrap_or_default()];
        let week = usize::try_from((paid - origin - 1) / 7).ok();
        if let Some(week) = week.and_then(|week| weeks.get_mut(week)) {
            *week += invoice.amount;
        }
    }
    weeks
}

/// The mean delay of an invoice's customer so far, or of everybody.
fn delays(known: &[Invoice]) -> impl Fn(&Invoice) -> Day {
    let mut all: BTreeMap<Option<i32>, (f64, f64)> = BTreeMap::new();
    for invoice in known {
        let Some(paid) = invoice.paid else { continue };
        for key in [None, Some(invoice.customer)] {
            let (sum, number) = all.entry(key).or_default();
            *sum += f64::from(paid - invoice.due);
            *number += 1.0;
        }
    }
    move |invoice| {
        let mean = all.get(&Some(invoice.customer)).or_else(|| all.get(&None));
        #[expect(clippy::cast_possible_truncation, reason = "days")]
        let days = mean.map_or(0, |(sum, number)| (sum / number).round() as Day);
        days
    }
}
