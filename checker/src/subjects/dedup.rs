//! Processor `dedup`: which partners are there, that each is in one live group at most, that clear duplicates are grouped unless a
//! person said otherwise, and that nothing is grouped without a reason. `ledgerwell verify` recomputes the rest.

mod clear_cases;
mod groups;
mod partners;
mod tables;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::{NotSampled, Subject};
use crate::checks::{Audited, Case};
use crate::error::Error;
use crate::mirror::Mirror;
use crate::report::Report;

use tables::Tables;

/// The rows of `res_partner` by id.
type Partners = BTreeMap<i64, Value>;

/// What the log says in the end.
pub(super) struct Dedup {
    /// None where the log ends in a snapshot.
    partners: Option<Partners>,
}

impl Subject for Dedup {
    const NAME: &'static str = "dedup";
    const TABLES: &'static [&'static str] =
        &["res_country", "res_partner", "crm_lead", "product_template", "product_product"];
    const AUDITED: Option<Audited> = None;
    type Tables = Tables;
    type Sample = NotSampled;

    async fn read(connection: &mut PgConnection) -> Result<Tables, sqlx::Error> {
        Tables::read(connection).await
    }

    async fn new(_: PgConnection, _: Option<DateTime<Utc>>) -> Result<Self, Error> {
        Ok(Self { partners: None })
    }

    async fn conclude(&mut self, _: Option<NaiveDate>, mirror: &mut Mirror) -> Result<(), Error> {
        let rows = mirror.rows_of("res_partner");
        let rows = rows.iter().filter_map(|row| serde_json::from_str::<Value>(row).ok());
        self.partners = Some(rows.filter_map(|row| Some((row["id"].as_i64()?, row))).collect());
        Ok(())
    }

    fn check(&self, tables: &Tables, case: &Case<'_>, report: &mut Report) {
        groups::check(tables, case, report);
        let Some(partners) = &self.partners else {
            report.not_checked("partners: the log ends in a snapshot");
            return;
        };
        partners::check(partners, &tables.partners, report);
        clear_cases::check(partners, tables, report);
    }
}
