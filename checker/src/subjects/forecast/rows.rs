//! That documents add up to rows, rows to balances, companies to the group, and that scores are of their forecasts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::Value;

use super::tables::{Row, Tables};
use crate::checks::Case;
use crate::report::Report;

/// Components in the order of their columns.
const COMPONENTS: [&str; 4] = ["ar", "ap", "pipeline", "recurring"];

fn flows(row: &Row) -> [Decimal; 4] {
    [row.ar_expected, row.ap_expected, row.pipeline_expected, row.recurring_expected]
}

pub(super) fn check(tables: &Tables, report: &mut Report) {
    let mut days: BTreeMap<(i32, NaiveDate), Vec<&Row>> = BTreeMap::new();
    for row in &tables.rows {
        days.entry((row.company_id, row.forecast_date)).or_default().push(row);
        if !(row.confidence_low <= row.predicted_balance && row.predicted_balance <= row.confidence_high) {
            let text = format!("company {} on {}: {row:?}", row.company_id, row.target_date);
            report.violation("cash: interval", text, Vec::new());
        }
    }
    for ((company, day), rows) in &days {
        let is_whole =
            rows.len() == 103 && rows.windows(2).all(|pair| pair[0].target_date < pair[1].target_date);
        if !is_whole {
            let text = format!("company {company} has {} rows of {day}", rows.len());
            report.violation("cash: rows", text, Vec::new());
        }
        for pair in rows.windows(2) {
            let [ar, ap, pipeline, recurring] = flows(pair[1]);
            let expected = pair[0].predicted_balance + ar - ap + pipeline + recurring;
            if pair[1].predicted_balance != expected {
                let text = format!("company {company}, {day}: {} is not carried on", pair[1].target_date);
                report.violation("cash: carried on", text, Vec::new());
            }
        }
    }
    for position in tables.positions.iter().filter(|position| position.company_id != 0) {
        let Some(rows) = days.get(&(position.company_id, position.forecast_date)) else { continue };
        add_up(tables, position.company_id, rows, report);
        if let Some(first) = rows.first() {
            let [ar, ap, pipeline, recurring] = flows(first);
            if first.predicted_balance != position.opening + ar - ap + pipeline + recurring {
                let text = format!("company {} does not begin with what there is", position.company_id);
                report.violation("cash: begins", text, Vec::new());
            }
        }
    }
    for score in &tables.scores {
        if score.target_date != score.forecast_target || score.predicted_balance != score.forecast_balance {
            report.violation("cash: score", format!("{score:?} is not of its forecast"), Vec::new());
        }
    }
    let mut actual: BTreeMap<NaiveDate, Decimal> = BTreeMap::new();
    for score in &tables.scores {
        if *actual.entry(score.target_date).or_insert(score.actual_balance) != score.actual_balance {
            let text = format!("{} has several actual balances", score.target_date);
            report.violation("cash: actual", text, Vec::new());
        }
    }
    report.figure("rows of forecasts", tables.rows.len());
    report.figure("days that were scored", actual.len());
    report.figure("documents of the forecast", tables.documents.len());
}

/// What is expected of documents on each day is the row.
fn add_up(tables: &Tables, company: i32, rows: &[&Row], report: &mut Report) {
    let mut sums = vec![[Decimal::ZERO; 4]; rows.len()];
    for document in tables.documents.iter().filter(|document| document.company_id == company) {
        let Some(of) = COMPONENTS.iter().position(|name| *name == document.component) else { continue };
        for (day, amount) in document.expected.as_object().into_iter().flatten() {
            let (Ok(day), Some(amount)) = (day.parse::<NaiveDate>(), amount.as_str()) else { continue };
            let slot = rows.partition_point(|row| row.target_date < day);
            if let Some(sum) = sums.get_mut(slot) {
                sum[of] += amount.parse::<Decimal>().unwrap_or_default();
            }
        }
    }
    for (row, sums) in rows.iter().zip(sums) {
        if flows(row) != sums {
            let text = format!(
                "company {company}, {}: documents are {sums:?}, the row {:?}",
                row.target_date,
                flows(row)
            );
            report.violation("cash: documents", text, Vec::new());
        }
    }
}

/// The last event about a shortfall is what was told.
pub(super) fn from_events(tables: &Tables, case: &Case<'_>, report: &mut Report) {
    let results = &case.evidence.results;
    if !results.outbox.is_empty() {
        report
            .not_checked("whether events fold to what was told of shortfalls: some are still in the outbox");
        return;
    }
    let mut last: BTreeMap<i64, ((i32, i64), Value)> = BTreeMap::new();
    for event in case.events.iter().filter(|event| event.kind.starts_with("shortfall_")) {
        let Some(logged) = event.logged.map(|n| &results.logged[n]) else { continue };
        let data: Value = serde_json::from_slice(event.data).unwrap_or_default();
        let latest = last.entry(data["company_id"].as_i64().unwrap_or_default()).or_default();
        let number = (logged.version, logged.out_seq);
        if latest.0 < number {
            *latest = (number, data);
        }
    }
    for position in &tables.positions {
        let told =
            if position.told["is_silent"] == true { &Value::Null } else { &position.told["shortfall"] };
        let event =
            last.get(&position.company_id.into()).map_or(&Value::Null, |(_, data)| &data["first_day"]);
        if told != event {
            let text =
                format!("company {}: {event} was told last, and {told} is stored", position.company_id);
            report.violation("cash: fold", text, Vec::new());
        }
    }
}
