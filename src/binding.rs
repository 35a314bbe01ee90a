//! A results database belongs to one source of one deployment, and remembers which: its tables have no column to tell two apart, and
//! two URLs may lead to one database.

use contract::Failure;
use sqlx::PgConnection;

/// Why a database is not this source's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is another source's.
    #[error(
        "this database holds the results of source `{0}`: give each source a database of its own. If it is the same source under \
         another name, delete the row of stream.binding"
    )]
    Source(String),
    /// It is another deployment's.
    #[error(
        "this database holds the results of deployment `{0}`: give this one (`prefix`) a database of its own, or set `prefix` back. \
         Rules and requests in the stream belong to the deployment that wrote them, and no other reads them"
    )]
    Deployment(String),
    /// It could not be asked.
    #[error("Postgres: {0}{advice}", advice = contract::advice(.0))]
    Postgres(#[from] sqlx::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Postgres(error) => error.into(),
            others => Self::permanent(others.to_string()),
        }
    }
}

/// Refuses a database that belongs to another.
pub async fn check(source: &str, deployment: &str, connection: &mut PgConnection) -> Result<(), Error> {
    is_bound(source, deployment, connection).await.map(drop)
}

/// The same, and makes it this one's where it is nobody's.
pub async fn bind(source: &str, deployment: &str, connection: &mut PgConnection) -> Result<(), Error> {
    // Most are bound, and to write would let claims wait for each other.
    if is_bound(source, deployment, connection).await? {
        return Ok(());
    }
    let sql = "INSERT INTO stream.binding AS mine (source, deployment) VALUES ($1, $2)
               ON CONFLICT (only_row) DO UPDATE SET deployment = EXCLUDED.deployment
                   WHERE mine.source = EXCLUDED.source AND mine.deployment IS NULL";
    sqlx::query(sql).bind(source).bind(deployment).execute(&mut *connection).await?;
    check(source, deployment, connection).await
}

/// Whether it is this one's; if not, it is nobody's yet.
async fn is_bound(source: &str, deployment: &str, connection: &mut PgConnection) -> Result<bool, Error> {
    let bound: Option<(String, Option<String>)> =
        sqlx::query_as("SELECT source, deployment FROM stream.binding").fetch_optional(connection).await?;
    match bound {
        Some((name, _)) if name != source => Err(Error::Source(name)),
        Some((_, Some(of))) if of != deployment => Err(Error::Deployment(of)),
        Some((_, of)) => Ok(of.is_some()),
        None => Ok(false),
    }
}
