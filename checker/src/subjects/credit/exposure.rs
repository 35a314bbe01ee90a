//! A row of `credit.exposure`, as the tables, the events and the oracle say it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

/// Company and customer.
pub(super) type Customer = (i32, i32);

/// Exposures by customer.
pub(super) type Exposures = BTreeMap<Customer, Exposure>;

/// Which amounts there are, in order.
pub(super) const AMOUNTS: [&str; 8] = [
    "not_due",
    "overdue",
    "unapplied",
    "draft_invoiced",
    "to_invoice",
    "to_invoice_odoo",
    "committed",
    "total",
];

/// What a query has to select to give exposures.
const COLUMNS: &str = "company_id, partner_id, partner_name, currency, \
    not_due, overdue, unapplied, draft_invoiced, to_invoice, to_invoice_odoo, committed, total, credit_limit, oldest_due";

/// What a customer owes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exposure {
    pub(super) name: Option<String>,
    pub(super) currency: Option<String>,
    /// As in [`AMOUNTS`].
    pub(super) amounts: [Decimal; 8],
    pub(super) limit: Option<Decimal>,
    pub(super) oldest_due: Option<NaiveDate>,
}

impl Exposure {
    /// What `before` or `after` of an event says; Ok(None) where it is null.
    pub(super) fn from_event(event: &Value, image: &str) -> Result<Option<Self>, String> {
        let image = &event[image];
        if image.is_null() {
            return Ok(None);
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let decimal = |name: &str| -> Result<Decimal, String> {
            let text = image[name].as_str().unwrap_or_default();
            text.parse::<Decimal>()
                .map(|amount| amount.normalize())
                .map_err(|_| format!("`{name}` is no amount"))
        };
        let mut amounts = [Decimal::ZERO; 8];
        for (amount, name) in amounts.iter_mut().zip(AMOUNTS) {
            *amount = decimal(name)?;
        }
        let limit = if image["credit_limit"].is_null() { None } else { Some(decimal("credit_limit")?) };
        let oldest_due = match image["oldest_due"].as_str() {
            Some(day) => Some(day.parse().map_err(|_| "`oldest_due` is no day".to_owned())?),
            None => None,
        };
        let (name, currency) = (text(&event["partner_name"]), text(&event["currency"]));
        Ok(Some(Self { name, currency, amounts, limit, oldest_due }))
    }
}

/// A row as PostgreSQL sends it.
#[derive(sqlx::FromRow)]
pub(super) struct Found {
    company_id: i32,
    partner_id: i32,
    partner_name: Option<String>,
    currency: Option<String>,
    not_due: Decimal,
    overdue: Decimal,
    unapplied: Decimal,
    draft_invoiced: Decimal,
    to_invoice: Decimal,
    to_invoice_odoo: Decimal,
    committed: Decimal,
    total: Decimal,
    credit_limit: Option<Decimal>,
    oldest_due: Option<NaiveDate>,
}

/// Rows by customer.
pub(super) fn by_customer(rows: Vec<Found>) -> Exposures {
    let amounts = |row: &Found| {
        [
            row.not_due,
            row.overdue,
            row.unapplied,
            row.draft_invoiced,
            row.to_invoice,
            row.to_invoice_odoo,
            row.committed,
            row.total,
        ]
        .map(|amount| amount.normalize())
    };
    rows.into_iter()
        .map(|row| {
            let exposure = Exposure {
                amounts: amounts(&row),
                name: row.partner_name,
                currency: row.currency,
                limit: row.credit_limit.map(|limit| limit.normalize()),
                oldest_due: row.oldest_due,
            };
            ((row.company_id, row.partner_id), exposure)
        })
        .collect()
}

/// Everybody's row as it is now.
pub(super) async fn read(connection: &mut PgConnection) -> Result<Exposures, sqlx::Error> {
    let sql = format!("SELECT {COLUMNS} FROM credit.exposure ORDER BY company_id, partner_id");
    Ok(by_customer(sqlx::query_as(AssertSqlSafe(sql)).fetch_all(connection).await?))
}

/// The first customer about whom two sides do not agree, in words.
pub(super) fn difference(expected: &Exposures, found: &Exposures, names: (&str, &str)) -> Option<String> {
    let customers: std::collections::BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let differing: Vec<_> =
        customers.into_iter().filter(|customer| expected.get(*customer) != found.get(*customer)).collect();
    let (company, partner) = differing.first()?;
    let say = |side: &Exposures| side.get(&(*company, *partner)).map_or("no row".to_owned(), describe);
    Some(format!(
        "{} customers differ; the first is company {company}, partner {partner}: {} has {}, {} has {}",
        differing.len(),
        names.0,
        say(expected),
        names.1,
        say(found)
    ))
}

/// An exposure in one line.
pub(super) fn describe(exposure: &Exposure) -> String {
    let amounts: Vec<_> =
        AMOUNTS.iter().zip(exposure.amounts).map(|(name, amount)| format!("{name} {amount}")).collect();
    let limit = exposure.limit.map_or("none".to_owned(), |limit| limit.to_string());
    let due = exposure.oldest_due.map_or("none".to_owned(), |day| day.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    format!(
        "{} (limit {limit}, oldest due {due}, {}, {:?})",
        amounts.join(", "),
        text(&exposure.currency),
        text(&exposure.name)
    )
}
