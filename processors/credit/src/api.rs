//! What people meet of it: `/api/v1/credit/…`, `ledgerwell explain credit`, and its part of the demo.

mod demo;
mod explain;
mod http;

use chrono::{DateTime, Utc};
use contract::api::{Command, Snapshot, Verb};
use contract::{Api, Failure};
use serde::Serialize;
use utoipa::ToSchema;

use crate::queries::{self, Explanation};

/// What the shell serves.
pub const API: Api = Api {
    routes: http::routes,
    commands: &[Command::new::<explain::Explain>(Verb::Explain)],
    demo: demo::STEPS,
};

/// A customer, explained.
#[derive(Debug, Serialize, ToSchema)]
struct Customer {
    /// Commercial partner.
    partner_id: i32,
    /// Its name.
    partner_name: String,
    /// The stream's clock: all that was committed up to then is in it.
    #[serde(serialize_with = "contract::api::time::serialize")]
    as_of: DateTime<Utc>,
    /// Each company that knows the customer.
    companies: Vec<Explanation>,
}

/// Why a customer stands as it does; `None` where there is no such partner.
async fn customer(partner: i32, snapshot: &mut Snapshot) -> Result<Option<Customer>, Failure> {
    let Snapshot { source, as_of, rules, connection } = snapshot;
    let customer = queries::explain(source, *as_of, rules, partner, connection).await?;
    Ok(customer.map(|(partner_id, partner_name, companies)| Customer {
        partner_id,
        partner_name,
        as_of: *as_of,
        companies,
    }))
}
