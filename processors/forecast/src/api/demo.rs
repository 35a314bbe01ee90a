//! Its part of the demo: how much cash there will be, and what comes and goes next.

use chrono::NaiveDate;
use contract::api::output::thousands;
use contract::api::{Section, Step};
use rust_decimal::Decimal;
use sqlx::PgConnection;

pub(super) const STEPS: &[Step] =
    &[Step::Show(|connection| Box::pin(weeks(connection))), Step::Open("/api/v1/forecast/days")];

/// The balance at the end of each of eight weeks, and the largest documents that are expected.
async fn weeks(connection: &mut PgConnection) -> sqlx::Result<Vec<Section>> {
    let position: Option<(Decimal, NaiveDate, Decimal, NaiveDate, Option<NaiveDate>)> = sqlx::query_as(
        "SELECT opening, forecast_date, lowest, lowest_date, shortfall FROM forecast.position WHERE company_id = 0",
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some((opening, today, lowest, lowest_date, shortfall)) = position else { return Ok(Vec::new()) };
    let weeks: Vec<(NaiveDate, Decimal, Decimal, Decimal, Decimal)> = sqlx::query_as(
        "SELECT target_date, predicted_balance, confidence_low, confidence_high,
             sum(ar_expected - ap_expected + pipeline_expected + recurring_expected)
                 OVER (ORDER BY target_date ROWS BETWEEN 6 PRECEDING AND CURRENT ROW)
         FROM cash_forecasts WHERE forecast_date = $1 ORDER BY target_date",
    )
    .bind(today)
    .fetch_all(&mut *connection)
    .await?;
    let week = |(number, row): (usize, &(NaiveDate, Decimal, Decimal, Decimal, Decimal))| {
        ((number + 1) % 7 == 0).then(|| {
            let (day, balance, low, high, moves) = row;
            let mut cells = vec![day.to_string()];
            cells.extend([moves, balance, low, high].map(thousands));
            cells
        })
    };
    let rows = weeks.iter().enumerate().filter_map(week).take(8);
    let documents: Vec<(String, String, Decimal, Option<NaiveDate>, String)> = sqlx::query_as(
        "SELECT component, name, group_amount, due, why FROM forecast.document
         WHERE problem IS NULL ORDER BY abs(group_amount) DESC, kind, id LIMIT 5",
    )
    .fetch_all(connection)
    .await?;
    let largest = documents.into_iter().map(|(component, name, amount, due, why)| {
        vec![component, name, thousands(amount), due.map(|due| due.to_string()).unwrap_or_default(), why]
    });
    let outlook = match shortfall {
        Some(day) => format!("on {day} there will be too little"),
        None => format!("the lowest balance is {} on {lowest_date}", thousands(lowest)),
    };
    Ok(vec![
        Section {
            title: Some(format!("Cash: {} on {today}; {outlook}", thousands(opening))),
            header: &["week until", "in and out", "balance", "from", "to"],
            right: &["in and out", "balance", "from", "to"],
            rows: rows.collect(),
            closing: None,
        },
        Section {
            title: None,
            header: &["of", "document", "amount", "due", "when it is paid"],
            right: &["amount"],
            rows: largest.collect(),
            closing: Some("`ledgerwell explain forecast` draws it, and says why".into()),
        },
    ])
}
