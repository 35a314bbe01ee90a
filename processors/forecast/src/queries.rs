//! What people ask of the results.

use chrono::NaiveDate;
use contract::{Rows, Table};
use forecasting::calendar::day;
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow, PgConnection, Row};
use utoipa::ToSchema;

use crate::domain::bridge::{self, Bridge};
use crate::domain::grid::Grid;
use crate::store::Component;

pub use crate::domain::bridge::Moved;
pub use crate::store::{Accuracy, Document, Position, Promise, Repetition, Scenario};

/// Documents that a bridge names.
const NAMED: usize = 100;

/// What a company, or the group, expects for a day.
#[derive(Clone, Debug, Serialize, ToSchema, FromRow)]
pub struct Day {
    /// The day; beyond ninety days the last one of its week.
    pub target_date: NaiveDate,
    /// The balance at its end.
    pub predicted_balance: Decimal,
    /// Four times of five it is at least this, …
    pub confidence_low: Decimal,
    /// … and at most this.
    pub confidence_high: Decimal,
    /// What customers pay.
    pub ar_expected: Decimal,
    /// What is paid to others.
    pub ap_expected: Decimal,
    /// What orders and opportunities bring.
    pub pipeline_expected: Decimal,
    /// What comes again.
    pub recurring_expected: Decimal,
}

/// The forecast of a company, or of the group.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Outlook {
    /// Where it stands.
    #[serde(flatten)]
    pub position: Position,
    /// Its currency: ISO 4217.
    pub currency: String,
    /// Its days.
    pub days: Vec<Day>,
}

/// A document, and what is expected of it in a row of the forecast.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Expectation {
    /// The document.
    #[serde(flatten)]
    pub document: Document,
    /// How much is expected of it, in the currency of the company or the group.
    pub moves: Decimal,
}

/// All that explains a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DayPage {
    /// Where the company stands.
    #[serde(flatten)]
    pub position: Position,
    /// Its currency: ISO 4217.
    pub currency: String,
    /// The row.
    pub day: Day,
    /// The documents that move on that day, or in its week; their `moves` add up to the row.
    pub documents: Vec<Expectation>,
    /// What has moved the balance since the evaluation before.
    pub since_before: Bridge,
    /// What has moved it since the day before.
    pub since_yesterday: Bridge,
}

/// How good forecasts were that were made so many days ahead.
#[derive(Clone, Debug, Serialize, ToSchema, FromRow)]
pub struct Score {
    /// Days between the forecast and its day.
    pub days_ahead: i32,
    /// How many are known.
    pub forecasts: i64,
    /// How much too much was predicted on average.
    pub bias: Decimal,
    /// How far off they were on average.
    pub mean_error: Decimal,
    /// The share that was inside of the interval; 0.8 is what it says.
    pub covered: Decimal,
}

/// Where companies stand; the group has the number 0.
pub async fn positions(connection: &mut PgConnection) -> sqlx::Result<Vec<Position>> {
    let sql = format!("{} ORDER BY company_id", Position::select());
    sqlx::query(AssertSqlSafe(sql))
        .try_map(|row: PgRow| Position::read(&row, true))
        .fetch_all(connection)
        .await
}

/// The forecast of a company, or of the group with the number 0; `None` where there is none.
pub async fn outlook(company: i32, connection: &mut PgConnection) -> sqlx::Result<Option<Outlook>> {
    let Some((position, currency)) = position(company, connection).await? else { return Ok(None) };
    let days = days(&position, connection).await?;
    Ok(Some(Outlook { position, currency, days }))
}

async fn position(company: i32, connection: &mut PgConnection) -> sqlx::Result<Option<(Position, String)>> {
    let rows: Rows<Position> = Rows::load_some("company_id = $1", company, connection).await?;
    let Some(position) = rows.get(company).cloned() else { return Ok(None) };
    let currency = sqlx::query_scalar("SELECT name FROM currency WHERE id = $1")
        .bind(position.currency_id)
        .fetch_optional(connection)
        .await?;
    Ok(Some((position, currency.unwrap_or_default())))
}

async fn days(position: &Position, connection: &mut PgConnection) -> sqlx::Result<Vec<Day>> {
    let columns = "target_date, predicted_balance, confidence_low, confidence_high, ar_expected, ap_expected, \
                   pipeline_expected, recurring_expected";
    let sql = if position.company_id == 0 {
        format!(
            "SELECT {columns} FROM cash_forecasts WHERE forecast_date = $1 AND $2 = 0 ORDER BY target_date"
        )
    } else {
        format!(
            "SELECT {columns} FROM company_forecast WHERE forecast_date = $1 AND company_id = $2 ORDER BY target_date"
        )
    };
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(position.forecast_date).bind(position.company_id);
    query.fetch_all(connection).await
}

/// What is expected of a document up to a day, as SQL.
fn until(column: &str, day: &str) -> String {
    format!(
        "COALESCE((SELECT sum(part.value::numeric) FROM jsonb_each_text({column}) AS part WHERE part.key <= {day}), 0)"
    )
}

/// The same for the group: in the proportion of its amount, rounded as the program does.
fn of_group(until: &str) -> String {
    format!(
        "CASE WHEN $1 <> 0 OR amount = group_amount THEN {until}
              WHEN amount = 0 THEN 0
              ELSE round({until} * group_amount / amount, scale(group_amount)) END"
    )
}

/// All that explains a day of a company, or of the group with the number 0; `None` where the day is not forecast.
pub async fn explain(
    company: i32,
    on: NaiveDate,
    connection: &mut PgConnection,
) -> sqlx::Result<Option<DayPage>> {
    let Some((position, currency)) = position(company, connection).await? else { return Ok(None) };
    let grid = Grid { today: day(position.forecast_date) };
    let Some(slot) = grid.slot(day(on)) else { return Ok(None) };
    let target = forecasting::calendar::date(grid.target(slot));
    let all = days(&position, connection).await?;
    let Some(row) = all.into_iter().find(|row| row.target_date == target) else { return Ok(None) };
    let before = slot
        .checked_sub(1)
        .map_or(position.forecast_date, |slot| forecasting::calendar::date(grid.target(slot)));
    let documents = moving(company, before, target, connection).await?;
    let since_before = bridge(&position, target, false, connection).await?;
    let since_yesterday = bridge(&position, target, true, connection).await?;
    Ok(Some(DayPage { position, currency, day: row, documents, since_before, since_yesterday }))
}

const OF_COMPANY: &str = "($1 = 0 AND (group_amount <> 0 OR amount = 0) OR company_id = $1)";

/// The documents that move after a day and up to another, the largest first.
async fn moving(
    company: i32,
    after: NaiveDate,
    target: NaiveDate,
    connection: &mut PgConnection,
) -> sqlx::Result<Vec<Expectation>> {
    let sql = format!(
        "SELECT * FROM ({}) AS d CROSS JOIN LATERAL (SELECT {} - {} AS moves) AS of_day
         WHERE {OF_COMPANY} AND moves <> 0 ORDER BY abs(moves) DESC, kind, id",
        Document::select(),
        of_group(&until("expected", "$3")),
        of_group(&until("expected", "$2"))
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(company)
        .bind(after.to_string())
        .bind(target.to_string())
        .try_map(|row: PgRow| {
            Ok(Expectation { document: Document::read(&row, true)?, moves: row.try_get("moves")? })
        })
        .fetch_all(connection)
        .await
}

/// What has moved the balance of a day since the evaluation before, or since the day before.
async fn bridge(
    position: &Position,
    target: NaiveDate,
    of_day: bool,
    connection: &mut PgConnection,
) -> sqlx::Result<Bridge> {
    // Since the evaluation before, only documents count that this one has changed.
    let (before, evaluation) = if of_day {
        ("day_before", None)
    } else {
        ("COALESCE(before, day_before)", Some(position.evaluation))
    };
    let sql = format!(
        "SELECT * FROM ({}) AS d
             CROSS JOIN LATERAL (SELECT ({} - {}) * CASE component WHEN 'ap' THEN -1 ELSE 1 END AS moved) AS of_day
         WHERE {OF_COMPANY} AND ($3::int IS NULL OR evaluation = $3) AND moved <> 0
         ORDER BY abs(moved) DESC, kind, id",
        Document::select(),
        of_group(&until("expected", "$2")),
        of_group(&until(before, "$2"))
    );
    let rows: Vec<(Document, Decimal)> = sqlx::query(AssertSqlSafe(sql))
        .bind(position.company_id)
        .bind(target.to_string())
        .bind(evaluation)
        .try_map(|row: PgRow| Ok((Document::read(&row, true)?, row.try_get("moved")?)))
        .fetch_all(connection)
        .await?;
    let opening =
        position.opening - if of_day { position.opening_day_before } else { position.opening_before };
    let by: Decimal = rows.iter().map(|(_, by)| *by).sum();
    let named = rows.into_iter().take(NAMED).filter_map(|(row, by)| {
        let before = match (&row.before, of_day) {
            (Some(before), false) => before,
            _ => &row.day_before,
        };
        Some(Moved { by, ..bridge::moved(&row, before, day(target))? })
    });
    Ok(Bridge { target_date: target, opening, documents: named.collect(), by: opening + by })
}

/// Which documents are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct DocumentFilter {
    /// Those of a root company.
    pub company: Option<i32>,
    /// Those of a component.
    pub component: Option<Component>,
    /// Those of a commercial partner.
    pub partner: Option<i32>,
    /// Those of which nothing can be expected, or the others.
    pub has_problem: Option<bool>,
}

/// Documents by kind and id.
pub async fn documents(
    filter: &DocumentFilter,
    after: (&str, i32),
    limit: i64,
    connection: &mut PgConnection,
) -> sqlx::Result<Vec<Document>> {
    let sql = format!(
        "{} WHERE (kind, id) > ($1, $2) AND ($3::int IS NULL OR company_id = $3)
             AND ($4::text IS NULL OR component = $4) AND ($5::int IS NULL OR partner_id = $5)
             AND ($6::boolean IS NULL OR (problem IS NOT NULL) = $6)
         ORDER BY kind, id LIMIT $7",
        Document::select()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(after.0)
        .bind(after.1)
        .bind(filter.company)
        .bind(filter.component.map(Component::as_str))
        .bind(filter.partner)
        .bind(filter.has_problem)
        .bind(limit)
        .try_map(|row: PgRow| Document::read(&row, true))
        .fetch_all(connection)
        .await
}

/// What comes again, in the order of its numbers.
pub async fn repetitions(
    after: i32,
    limit: i64,
    connection: &mut PgConnection,
) -> sqlx::Result<Vec<Repetition>> {
    let sql = format!("{} WHERE id > $1 ORDER BY id LIMIT $2", Repetition::select());
    let query = sqlx::query(AssertSqlSafe(sql)).bind(after).bind(limit);
    query.try_map(|row: PgRow| Repetition::read(&row, true)).fetch_all(connection).await
}

/// How good the group's forecasts were, by how far ahead they were made.
pub async fn scores(connection: &mut PgConnection) -> sqlx::Result<Vec<Score>> {
    sqlx::query_as(
        "SELECT f.target_date - f.forecast_date AS days_ahead, count(*) AS forecasts,
             round(avg(a.predicted_balance - a.actual_balance), 2) AS bias,
             round(avg(abs(a.predicted_balance - a.actual_balance)), 2) AS mean_error,
             round(avg((a.actual_balance BETWEEN f.confidence_low AND f.confidence_high)::int), 4) AS covered
         FROM forecast_accuracy_log AS a JOIN cash_forecasts AS f ON f.id = a.forecast_id
         GROUP BY 1 ORDER BY 1",
    )
    .fetch_all(connection)
    .await
}

/// Scenarios before a number, the latest first.
pub async fn scenarios(
    before: i32,
    limit: i64,
    connection: &mut PgConnection,
) -> sqlx::Result<Vec<Scenario>> {
    let sql = format!("{} WHERE id < $1 ORDER BY id DESC LIMIT $2", Scenario::select());
    let query = sqlx::query(AssertSqlSafe(sql)).bind(before).bind(limit);
    query.try_map(|row: PgRow| Scenario::read(&row, true)).fetch_all(connection).await
}

/// A scenario; `None` where there is none.
pub async fn scenario(id: i32, connection: &mut PgConnection) -> sqlx::Result<Option<Scenario>> {
    let rows: Rows<Scenario> = Rows::load_some("id = $1", id, connection).await?;
    Ok(rows.get(id).cloned())
}
