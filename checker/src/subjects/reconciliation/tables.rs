//! What is in `reconciliation`'s tables: bank lines, what they may pay, and sessions.

use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::PgConnection;

/// A row of `reconciliation.line`.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct Line {
    pub(super) id: i32,
    pub(super) journal_id: i32,
    pub(super) amount: Decimal,
    pub(super) currency: String,
    pub(super) status: String,
    pub(super) allocations: Value,
    pub(super) account_id: Option<i32>,
    pub(super) decided_by: Option<String>,
    pub(super) session_id: Option<i32>,
    pub(super) auto: bool,
}

impl Line {
    /// Whether it is done in Odoo.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.status.as_str(), "matched" | "past")
    }
}

/// A row of `reconciliation.proposal`.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct Proposal {
    pub(super) line_id: i32,
    pub(super) rank: i32,
    pub(super) kind: String,
    pub(super) allocations: Value,
    pub(super) probability: Decimal,
    pub(super) auto: bool,
}

/// A row of `reconciliation_sessions`.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(super) struct Session {
    pub(super) id: i32,
    pub(super) user_id: Option<String>,
    pub(super) journal_id: Option<i32>,
    pub(super) status: String,
    pub(super) total_lines: i32,
    pub(super) auto_matched: i32,
    pub(super) manually_matched: i32,
    pub(super) skipped: i32,
    pub(super) remaining: i32,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    pub(super) lines: Vec<Line>,
    pub(super) proposals: Vec<Proposal>,
    pub(super) sessions: Vec<Session>,
    /// Lines of which somebody has refused something.
    pub(super) refused: Vec<i32>,
}

impl Tables {
    /// Reads all.
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let lines = "SELECT id, journal_id, amount, currency, status, allocations, account_id, decided_by, session_id, auto
                     FROM reconciliation.line ORDER BY id";
        let proposals = "SELECT line_id, rank, kind, allocations, probability, auto
                         FROM reconciliation.proposal ORDER BY line_id, rank";
        let sessions = "SELECT id, user_id, journal_id, status, total_lines, auto_matched, manually_matched, skipped, remaining
                        FROM reconciliation_sessions ORDER BY id";
        Ok(Self {
            lines: sqlx::query_as(lines).fetch_all(&mut *connection).await?,
            proposals: sqlx::query_as(proposals).fetch_all(&mut *connection).await?,
            sessions: sqlx::query_as(sessions).fetch_all(&mut *connection).await?,
            refused: sqlx::query_scalar("SELECT DISTINCT line_id FROM reconciliation.refusal")
                .fetch_all(connection)
                .await?,
        })
    }
}
