//! What is in `forecast`'s tables: rows of the forecast, documents, and what was scored.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::PgConnection;

/// A row of `forecast.company_forecast`, or of `cash_forecasts` with company 0.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct Row {
    pub(super) company_id: i32,
    pub(super) forecast_date: NaiveDate,
    pub(super) target_date: NaiveDate,
    pub(super) predicted_balance: Decimal,
    pub(super) confidence_low: Decimal,
    pub(super) confidence_high: Decimal,
    pub(super) ar_expected: Decimal,
    pub(super) ap_expected: Decimal,
    pub(super) pipeline_expected: Decimal,
    pub(super) recurring_expected: Decimal,
}

/// A row of `forecast.document`.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct Document {
    pub(super) company_id: i32,
    pub(super) component: String,
    pub(super) expected: Value,
}

/// A row of `forecast.position`.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct Position {
    pub(super) company_id: i32,
    pub(super) currency_id: i32,
    pub(super) forecast_date: NaiveDate,
    pub(super) opening: Decimal,
    pub(super) told: Value,
}

/// A row of `forecast_accuracy_log` beside the forecast that it is of.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct Score {
    pub(super) target_date: NaiveDate,
    pub(super) forecast_target: NaiveDate,
    pub(super) predicted_balance: Decimal,
    pub(super) forecast_balance: Decimal,
    pub(super) actual_balance: Decimal,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    pub(super) rows: Vec<Row>,
    pub(super) documents: Vec<Document>,
    pub(super) positions: Vec<Position>,
    pub(super) scores: Vec<Score>,
    /// Whether something has changed that is not evaluated yet.
    pub(super) is_due: bool,
}

impl Tables {
    /// Reads all.
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let columns =
            "forecast_date, target_date, predicted_balance, confidence_low, confidence_high, ar_expected,
                       ap_expected, pipeline_expected, recurring_expected";
        let rows = format!(
            "SELECT company_id, {columns} FROM forecast.company_forecast
             UNION ALL SELECT 0, {columns} FROM cash_forecasts ORDER BY 1, 2, 3"
        );
        let documents = "SELECT company_id, component, expected FROM forecast.document ORDER BY kind, id";
        let positions =
            "SELECT company_id, currency_id, forecast_date, opening, told FROM forecast.position ORDER BY 1";
        let scores = "SELECT a.target_date, f.target_date AS forecast_target, a.predicted_balance,
                          f.predicted_balance AS forecast_balance, a.actual_balance
                      FROM forecast_accuracy_log AS a JOIN cash_forecasts AS f ON f.id = a.forecast_id ORDER BY a.id";
        let is_due = "SELECT count(*) > 0 FROM forecast.clock WHERE due_at IS NOT NULL";
        Ok(Self {
            rows: sqlx::query_as(sqlx::AssertSqlSafe(rows)).fetch_all(&mut *connection).await?,
            documents: sqlx::query_as(documents).fetch_all(&mut *connection).await?,
            positions: sqlx::query_as(positions).fetch_all(&mut *connection).await?,
            scores: sqlx::query_as(scores).fetch_all(&mut *connection).await?,
            is_due: sqlx::query_scalar(is_due).fetch_one(connection).await?,
        })
    }
}
