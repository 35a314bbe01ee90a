//! What people ask of the results.

use contract::{Failure, Rows, Table};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use utoipa::ToSchema;

use crate::store::Refusal;

pub use crate::store::{BankLine, LearnedRule, Proposal, Session};

/// Which lines are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineFilter<'a> {
    /// Those of a journal.
    pub journal: Option<i32>,
    /// Those with a status.
    pub status: Option<&'a str>,
    /// Those that were done in a session.
    pub session: Option<i32>,
    /// Those behind a number.
    pub after: i32,
    /// The number of lines at most.
    pub limit: i64,
}

/// A line with all that explains it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LinePage {
    /// The row.
    #[serde(flatten)]
    pub line: BankLine,
    /// What the bank and the payer say.
    pub says: Says,
    /// What it may be, the likeliest first; where it is done, what was proposed when it was.
    pub proposals: Vec<Proposal>,
    /// What people have refused.
    pub refused: Vec<Refused>,
}

/// What is written on a line.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Says {
    /// What the payer wrote.
    pub label: Option<String>,
    /// The name on the other side.
    pub name: Option<String>,
    /// The account on the other side.
    pub account: Option<String>,
}

/// What a person has refused.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Refused {
    /// Who.
    pub person: String,
    /// Why.
    pub reason: String,
    /// When.
    pub refused_at: chrono::DateTime<chrono::Utc>,
}

/// Lines in the order of their numbers.
pub async fn lines(filter: &LineFilter<'_>, connection: &mut PgConnection) -> sqlx::Result<Vec<BankLine>> {
    let sql = format!(
        "{} WHERE id > $1 AND ($2::int IS NULL OR journal_id = $2) AND ($3::text IS NULL OR status = $3)
             AND ($4::int IS NULL OR session_id = $4)
         ORDER BY id LIMIT $5",
        BankLine::select()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(filter.after)
        .bind(filter.journal)
        .bind(filter.status)
        .bind(filter.session)
        .bind(filter.limit)
        .try_map(|row: PgRow| BankLine::read(&row, true))
        .fetch_all(connection)
        .await
}

/// A line with all that explains it; `None` where there is none. All of it is from one instant if the connection is in a transaction
/// that reads from one.
pub async fn explain(line: i32, connection: &mut PgConnection) -> Result<Option<LinePage>, Failure> {
    let rows: Rows<BankLine> = Rows::load_some("id = $1", line, connection).await?;
    let Some(row) = rows.get(line).cloned() else { return Ok(None) };
    let proposals: Rows<Proposal> = Rows::load_some("line_id = $1", line, connection).await?;
    let refusals: Rows<Refusal> = Rows::load_some("line_id = $1", line, connection).await?;
    let says = sqlx::query("SELECT label, partner_name, account_number FROM statement_line WHERE id = $1")
        .bind(line)
        .try_map(|row: PgRow| {
            Ok(Says { label: row.try_get(0)?, name: row.try_get(1)?, account: row.try_get(2)? })
        })
        .fetch_optional(connection)
        .await?;
    let mut proposals: Vec<Proposal> = proposals.iter().cloned().collect();
    proposals.sort_unstable_by_key(|row| row.rank);
    let mut refusals: Vec<&Refusal> = refusals.iter().collect();
    refusals.sort_unstable_by_key(|row| row.number);
    let refused = refusals.into_iter().map(|row| Refused {
        person: row.person.clone(),
        reason: row.reason.clone(),
        refused_at: row.refused_at,
    });
    Ok(Some(LinePage { line: row, says: says.unwrap_or_default(), proposals, refused: refused.collect() }))
}

/// Sessions before a number, the latest first.
pub async fn sessions(
    journal: Option<i32>,
    before: i32,
    limit: i64,
    connection: &mut PgConnection,
) -> sqlx::Result<Vec<Session>> {
    let sql = format!(
        "{} WHERE id < $1 AND ($2::int IS NULL OR journal_id = $2) ORDER BY id DESC LIMIT $3",
        Session::select()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(before)
        .bind(journal)
        .bind(limit)
        .try_map(|row: PgRow| Session::read(&row, true))
        .fetch_all(connection)
        .await
}

/// Learned rules in the order of their numbers: all, or those that hold, or those that do not.
pub async fn rules(
    holds: Option<bool>,
    after: i32,
    limit: i64,
    connection: &mut PgConnection,
) -> sqlx::Result<Vec<LearnedRule>> {
    let sql = format!(
        "{} WHERE id > $1 AND ($2::boolean IS NULL OR holds = $2) ORDER BY id LIMIT $3",
        LearnedRule::select()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(after)
        .bind(holds)
        .bind(limit)
        .try_map(|row: PgRow| LearnedRule::read(&row, true))
        .fetch_all(connection)
        .await
}
