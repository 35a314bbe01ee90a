//! Processor `forecast`: what there is in banks by Odoo's journal items, that documents add up to the rows of the forecast and each row to
//! the one before, that a score is of its forecast, and that the last event about a shortfall is what was told. `ledgerwell verify`
//! recomputes the rest.

mod opening;
mod rows;
mod tables;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::{NotSampled, Subject};
use crate::checks::{Audited, Case};
use crate::error::Error;
use crate::mirror::{Mirror, Rows};
use crate::report::Report;

use tables::Tables;

/// The rows of Odoo that say what there is.
#[derive(Default)]
struct Books {
    items: Rows,
    accounts: Rows,
    companies: Rows,
}

/// What the log says in the end.
pub(super) struct Forecast {
    /// None where the log ends in a snapshot.
    books: Option<Books>,
}

impl Subject for Forecast {
    const NAME: &'static str = "forecast";
    const TABLES: &'static [&'static str] = &[
        "res_company",
        "res_currency",
        "res_currency_rate",
        "res_country",
        "res_partner",
        "account_account",
        "account_move",
        "account_move_line",
        "account_partial_reconcile",
        "account_bank_statement_line",
        "account_payment",
        "sale_order",
        "sale_order_line",
        "purchase_order",
        "purchase_order_line",
        "crm_stage",
        "crm_lead",
    ];
    const AUDITED: Option<Audited> = None;
    type Tables = Tables;
    type Sample = NotSampled;

    async fn read(connection: &mut PgConnection) -> Result<Tables, sqlx::Error> {
        Tables::read(connection).await
    }

    async fn new(_: PgConnection, _: Option<DateTime<Utc>>) -> Result<Self, Error> {
        Ok(Self { books: None })
    }

    async fn conclude(&mut self, _: Option<NaiveDate>, mirror: &mut Mirror) -> Result<(), Error> {
        self.books = Some(Books {
            items: mirror.by_id("account_move_line"),
            accounts: mirror.by_id("account_account"),
            companies: mirror.by_id("res_company"),
        });
        Ok(())
    }

    fn check(&self, tables: &Tables, case: &Case<'_>, report: &mut Report) {
        rows::check(tables, report);
        rows::from_events(tables, case, report);
        let Some(books) = &self.books else {
            report.not_checked("what there is: the log ends in a snapshot");
            return;
        };
        opening::check(books, tables, report);
    }
}
