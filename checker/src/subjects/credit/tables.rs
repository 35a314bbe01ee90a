//! What is in `credit`'s tables.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::exposure::{self, Customer, Exposures};

/// What is concluded about a customer.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Assessment {
    company_id: i32,
    partner_id: i32,
    pub(super) experiences: i32,
    pub(super) payment_history: Option<Decimal>,
    pub(super) order_volume: Decimal,
    pub(super) credit_score: Option<Decimal>,
    pub(super) risk_level: String,
    pub(super) failing: String,
    pub(super) breach_on: Option<NaiveDate>,
}

impl Assessment {
    /// Whose it is.
    pub(super) fn customer(&self) -> Customer {
        (self.company_id, self.partner_id)
    }
}

/// Whether a customer is held.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Hold {
    company_id: i32,
    partner_id: i32,
    pub(super) status: String,
    pub(super) raised_limit: Option<Decimal>,
}

impl Hold {
    /// Whose it is.
    pub(super) fn customer(&self) -> Customer {
        (self.company_id, self.partner_id)
    }
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(super) exposures: Exposures,
    pub(super) assessments: Vec<Assessment>,
    pub(super) holds: Vec<Hold>,
}

impl Tables {
    /// Reads all.
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let assessments = sqlx::query_as(
            "SELECT company_id, partner_id, experiences, payment_history, order_volume, credit_score, risk_level,
                 (SELECT COALESCE(string_agg(name, ',' ORDER BY place), '')
                  FROM jsonb_array_elements_text(failing) WITH ORDINALITY AS fails(name, place)) AS failing,
                 breach_on
             FROM credit.assessment",
        )
        .fetch_all(&mut *connection)
        .await?;
        let holds = sqlx::query_as("SELECT company_id, partner_id, status, raised_limit FROM credit.hold")
            .fetch_all(&mut *connection)
            .await?;
        Ok(Self { exposures: exposure::read(connection).await?, assessments, holds })
    }
}
