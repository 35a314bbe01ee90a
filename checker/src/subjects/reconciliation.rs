//! Processor `reconciliation`: which bank lines there are and which are done, that events fold to them, that what is asked for can be paid,
//! that a line that names one open invoice of its amount is explained by it, and that sessions count what is there. `ledgerwell verify`
//! recomputes the rest.

mod allocations;
mod lines;
mod sessions;
mod tables;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::{NotSampled, Subject};
use crate::checks::{Audited, Case};
use crate::error::Error;
use crate::mirror::{Mirror, Rows};
use crate::report::Report;

use tables::Tables;

/// The rows of Odoo that say which lines there are, and what is open.
#[derive(Default)]
struct Books {
    lines: Rows,
    moves: Rows,
    items: Rows,
    accounts: Rows,
    journals: Rows,
}

/// What the log says in the end.
pub(super) struct Reconciliation {
    /// None where the log ends in a snapshot.
    books: Option<Books>,
}

impl Subject for Reconciliation {
    const NAME: &'static str = "reconciliation";
    const TABLES: &'static [&'static str] = &[
        "res_company",
        "res_currency",
        "res_currency_rate",
        "res_partner",
        "res_partner_bank",
        "account_journal",
        "account_account",
        "account_move",
        "account_move_line",
        "account_partial_reconcile",
        "account_bank_statement_line",
        "account_reconcile_model",
        "account_reconcile_model_line",
        "account_reconcile_model_line_account_tax_rel",
        "account_reconcile_model_partner_mapping",
        "account_journal_account_reconcile_model_rel",
        "account_reconcile_model_res_partner_rel",
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
            lines: mirror.by_id("account_bank_statement_line"),
            moves: mirror.by_id("account_move"),
            items: mirror.by_id("account_move_line"),
            accounts: mirror.by_id("account_account"),
            journals: mirror.by_id("account_journal"),
        });
        Ok(())
    }

    fn check(&self, tables: &Tables, case: &Case<'_>, report: &mut Report) {
        lines::from_events(tables, case, report);
        sessions::check(tables, report);
        let Some(books) = &self.books else {
            report.not_checked("bank lines: the log ends in a snapshot");
            return;
        };
        lines::check(books, tables, report);
        allocations::check(books, tables, report);
    }
}
