//! Requests from when they are taken on: `stream.asked`. One id is one question, however often it is sent.

use chrono::{DateTime, Utc};
use contract::{Failure, Request};
use sqlx::PgConnection;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use super::Target;
use crate::binding;

/// Why a request was not taken on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its id has been used.
    #[error("this id was used for another request: send a new one with each new request")]
    Used,
    /// It may work when it is sent again with the same id.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// A request that is written down, and may be written into the stream, more than once too.
pub struct Asked(Request);

impl Asked {
    /// Writes it into the stream.
    ///
    /// # Errors
    /// When Kafka does not take it. It may have come through all the same.
    pub async fn write(&self, target: &Target) -> Result<(), Failure> {
        target.write("request", &contract::audit::json(&self.0)).await
    }

    /// Writes down that Kafka has it.
    pub async fn confirm(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let sql = "UPDATE stream.asked SET written = true WHERE id = $1";
        sqlx::query(sql).bind(self.0.id).execute(connection).await.map(drop)
    }
}

/// Writes a request down. Sent once more it is as it was when it was first sent.
pub async fn remember(
    mut request: Request,
    target: &Target,
    connection: &mut PgConnection,
) -> Result<Asked, Error> {
    // Who reads the stream for this database would pass over what another deployment asks.
    binding::check(target.source(), target.deployment(), connection).await.map_err(Failure::from)?;
    let arguments = format!("{}\n{}\n{}", request.processor, request.action, request.arguments);
    let fingerprint = format!("{:032x}", xxh3_128(arguments.as_bytes()));
    let (asked_at, person, of): (DateTime<Utc>, String, String) = sqlx::query_as(
        "INSERT INTO stream.asked AS before (id, processor, person, action, fingerprint, asked_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (id) DO UPDATE SET id = before.id RETURNING asked_at, person, fingerprint",
    )
    .bind(request.id)
    .bind(&request.processor)
    .bind(&request.person)
    .bind(&request.action)
    .bind(&fingerprint)
    .bind(request.time)
    .fetch_one(connection)
    .await
    .map_err(Failure::from)?;
    if person != request.person || of != fingerprint {
        return Err(Error::Used);
    }
    request.time = asked_at;
    Ok(Asked(request))
}

/// Whether there is a request with this id.
pub async fn is_known(id: Uuid, connection: &mut PgConnection) -> sqlx::Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM stream.asked WHERE id = $1)";
    sqlx::query_scalar(sql).bind(id).fetch_one(connection).await
}
