//! What the results have to be, asked of the SQL in `tests/oracle`: see the README there.
//!
//! All is in temporary tables of one connection to the results database, so nothing of it stays.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sqlx::{AssertSqlSafe, PgConnection};

use super::exposure::{Customer, Exposures, Found, by_customer};
use crate::error::Error;
use crate::mirror::Mirror;

const EXPOSURE: &str = include_str!("../../../../tests/oracle/exposure.sql");
const NORMS: &str = include_str!("../../../../tests/oracle/norms.sql");
const ASSESSMENT: &str = include_str!("../../../../tests/oracle/assessment.sql");

/// What has to be found about a customer's credit.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct Assessed {
    pub(super) company_id: i32,
    pub(super) partner_id: i32,
    pub(super) experiences: i32,
    pub(super) payment_history: Option<Decimal>,
    pub(super) order_volume: Decimal,
    pub(super) credit_score: Option<Decimal>,
    f_utilisation: Option<Decimal>,
    f_horizon: Option<Decimal>,
    f_oldest_open: Option<Decimal>,
    f_overdue_share: Option<Decimal>,
    f_single_document: Option<Decimal>,
    f_no_payment: Option<Decimal>,
    f_score_drop: Option<Decimal>,
    pub(super) breach_on: Option<NaiveDate>,
}

impl Assessed {
    /// Whose it is.
    pub(super) fn customer(&self) -> Customer {
        (self.company_id, self.partner_id)
    }

    /// The figure of a check.
    pub(super) fn figure(&self, check: &str) -> Option<Decimal> {
        match check {
            "utilisation" => self.f_utilisation,
            "horizon" => self.f_horizon,
            "oldest_open" => self.f_oldest_open,
            "overdue_share" => self.f_overdue_share,
            "single_document" => self.f_single_document,
            "no_payment" => self.f_no_payment,
            "score_drop" => self.f_score_drop,
            _ => None,
        }
    }
}

/// The oracle.
pub(super) struct Oracle {
    connection: PgConnection,
    rows: usize,
}

impl Oracle {
    /// With an empty mirror.
    pub(super) async fn new(mut connection: PgConnection) -> Result<Self, Error> {
        let tables = "SET jit = off;
            SET max_parallel_workers_per_gather = 0;
            CREATE TEMP TABLE mirror (tbl text, id text, row jsonb, PRIMARY KEY (tbl, id));
            CREATE TEMP TABLE norm (company_id int, mean double precision, revenues numeric[]);
            CREATE TEMP TABLE exposure_now (company_id int, partner_id int, partner_name text, currency text,
                not_due numeric, overdue numeric, unapplied numeric, draft_invoiced numeric, to_invoice numeric,
                to_invoice_odoo numeric, committed numeric, total numeric, credit_limit numeric, oldest_due date);
            CREATE TEMP TABLE score_day (company_id int, partner_id int, day date, score numeric)";
        sqlx::raw_sql(tables).execute(&mut connection).await?;
        Ok(Self { connection, rows: 0 })
    }

    /// Lets it know what has changed.
    pub(super) async fn update(&mut self, mirror: &mut Mirror) -> Result<(), Error> {
        let changes = mirror.take_changes();
        if changes.gone.0.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "DELETE FROM mirror USING UNNEST($1::text[], $2::text[]) AS gone(tbl, id)
             WHERE mirror.tbl = gone.tbl AND mirror.id = gone.id",
        )
        .bind(&changes.gone.0)
        .bind(&changes.gone.1)
        .execute(&mut self.connection)
        .await?;
        sqlx::query(
            "INSERT INTO mirror SELECT tbl, id, row::jsonb FROM UNNEST($1::text[], $2::text[], $3::text[]) AS new(tbl, id, row)",
        )
        .bind(&changes.tables)
        .bind(&changes.ids)
        .bind(&changes.rows)
        .execute(&mut self.connection)
        .await?;
        // Statements stay quick only while the planner knows how much there is.
        if mirror.len() > self.rows + self.rows / 4 {
            self.rows = mirror.len();
            sqlx::query("ANALYZE mirror").execute(&mut self.connection).await?;
        }
        Ok(())
    }

    /// Everybody's exposure on a day.
    pub(super) async fn exposures(&mut self, day: NaiveDate) -> Result<Exposures, Error> {
        let rows: Vec<Found> = sqlx::query_as(EXPOSURE).bind(day).fetch_all(&mut self.connection).await?;
        Ok(by_customer(rows))
    }

    /// A day begins: norms are frozen, and everybody's score is noted.
    pub(super) async fn begin_day(&mut self, day: NaiveDate) -> Result<(), Error> {
        sqlx::query("DELETE FROM norm").execute(&mut self.connection).await?;
        self.fill("norm", NORMS, day).await?;
        let scores: Vec<_> = self
            .assess(day)
            .await?
            .into_iter()
            .filter_map(|row| Some((row.company_id, row.partner_id, row.credit_score?)))
            .collect();
        sqlx::query(
            "INSERT INTO score_day SELECT company_id, partner_id, $1, score
             FROM UNNEST($2::int[], $3::int[], $4::numeric[]) AS new(company_id, partner_id, score)",
        )
        .bind(day)
        .bind(scores.iter().map(|(company, ..)| *company).collect::<Vec<_>>())
        .bind(scores.iter().map(|(_, partner, _)| *partner).collect::<Vec<_>>())
        .bind(scores.iter().map(|(.., score)| *score).collect::<Vec<_>>())
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// Everybody's assessment on a day that has begun.
    pub(super) async fn assess(&mut self, day: NaiveDate) -> Result<Vec<Assessed>, Error> {
        sqlx::query("DELETE FROM exposure_now").execute(&mut self.connection).await?;
        self.fill("exposure_now", EXPOSURE, day).await?;
        // Quotients have more digits than anybody compares.
        let sql = format!(
            "SELECT company_id, partner_id, experiences, payment_history, order_volume, credit_score, {}, breach_on FROM ({}) AS a",
            [
                "utilisation",
                "horizon",
                "oldest_open",
                "overdue_share",
                "single_document",
                "no_payment",
                "score_drop"
            ]
            .map(|check| format!("round(f_{check}, 9) AS f_{check}"))
            .join(", "),
            statement(ASSESSMENT)
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(day).fetch_all(&mut self.connection).await?)
    }

    async fn fill(&mut self, table: &str, sql: &str, day: NaiveDate) -> Result<(), Error> {
        let sql = format!("INSERT INTO {table} {}", statement(sql));
        sqlx::query(AssertSqlSafe(sql)).bind(day).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Per root company, what is left to pay of posted receivable items that are not reconciled: a sum straight from the rows.
    pub(super) async fn receivables(&mut self) -> Result<Vec<(i32, Decimal)>, Error> {
        let sql = "
            SELECT split_part(COALESCE(NULLIF(company.row ->> 'parent_path', ''), item.row ->> 'company_id'), '/', 1)::int AS root,
                   sum((item.row ->> 'amount_residual')::numeric)
            FROM mirror AS item
            JOIN mirror AS account ON account.tbl = 'account_account' AND account.id = item.row ->> 'account_id'
            LEFT JOIN mirror AS company ON company.tbl = 'res_company' AND company.id = item.row ->> 'company_id'
            WHERE item.tbl = 'account_move_line' AND item.row ->> 'parent_state' = 'posted'
              AND item.row ->> 'partner_id' IS NOT NULL AND account.row ->> 'account_type' = 'asset_receivable'
              AND item.row ->> 'reconciled' = 'false'
            GROUP BY 1 ORDER BY 1";
        Ok(sqlx::query_as(sql).fetch_all(&mut self.connection).await?)
    }
}

fn statement(sql: &str) -> &str {
    sql.trim().trim_end_matches(';')
}
