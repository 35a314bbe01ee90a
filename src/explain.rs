//! Why things stand as they do, by the clock and the rules that a processor goes by.

use chrono::{DateTime, Utc};
use contract::{Failure, Source};
use credit::read::{self, Explanation};
use dedup::read::{GroupPage, OdooModel, Training};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::control::rules;
use crate::runner::look_in;

/// One moment: an explanation takes many statements, and its figures must belong together.
pub const MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A customer, explained.
#[derive(Debug, Serialize, ToSchema)]
pub struct Customer {
    /// Commercial partner.
    pub partner_id: i32,
    /// Its name.
    pub partner_name: String,
    /// The stream's clock: all that was committed up to then is in it.
    pub as_of: DateTime<Utc>,
    /// Each company that knows the customer.
    pub companies: Vec<Explanation>,
}

/// The clock of a processor's results. From here on the connection looks into its schema.
///
/// # Errors
/// [`Failure::Transient`] while there is nothing whole to explain from.
async fn as_of(
    processor: &str,
    source: &Source,
    topic: &str,
    connection: &mut PgConnection,
) -> Result<DateTime<Utc>, Failure> {
    let checkpoint: Option<(Option<DateTime<Utc>>, String)> = sqlx::query_as(
        "SELECT clock, snapshot FROM stream.checkpoint JOIN stream.active USING (processor, source, version)
         WHERE processor = $1 AND source = $2 AND topic = $3",
    )
    .bind(processor)
    .bind(&source.name)
    .bind(topic)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((Some(as_of), snapshot)) = checkpoint else {
        return Err(Failure::transient(format!(
            "nothing is decided yet: `ledgerwell status` shows how far {processor} is"
        )));
    };
    if snapshot != "complete" {
        return Err(Failure::transient("a snapshot is being read: ask again when it is complete"));
    }
    look_in(processor, connection).await?;
    Ok(as_of)
}

/// Explains a group of duplicates, inside a transaction that sees one [`MOMENT`]. `None` where there is no such group.
///
/// # Errors
/// [`Failure::Transient`] while there is nothing whole to explain from.
pub async fn dedup(
    source: &Source,
    topic: &str,
    group: i32,
    connection: &mut PgConnection,
) -> Result<Option<GroupPage>, Failure> {
    as_of(dedup::NAME, source, topic, connection).await?;
    dedup::read::explain(group, connection).await
}

/// Learns what agreement is worth, inside a transaction that sees one [`MOMENT`]. `None` where records of the model are not compared.
///
/// # Errors
/// [`Failure::Transient`] while there is nothing whole to learn from.
pub async fn train_dedup(
    source: &Source,
    topic: &str,
    model: OdooModel,
    connection: &mut PgConnection,
) -> Result<Option<Training>, Failure> {
    as_of(dedup::NAME, source, topic, connection).await?;
    dedup::read::train(model, connection).await
}

/// Explains a customer, inside a transaction that sees one [`MOMENT`]. `None` where there is no such partner.
///
/// # Errors
/// [`Failure::Transient`] while there is nothing whole to explain from.
pub async fn credit(
    source: &Source,
    topic: &str,
    partner: i32,
    connection: &mut PgConnection,
) -> Result<Option<Customer>, Failure> {
    let as_of = as_of(credit::NAME, source, topic, connection).await?;
    let rules = rules::in_force(credit::NAME, &source.name, topic, connection).await?;
    let customer = read::explain(source, as_of, &rules, partner, connection).await?;
    Ok(customer.map(|(partner_id, partner_name, companies)| Customer {
        partner_id,
        partner_name,
        as_of,
        companies,
    }))
}
