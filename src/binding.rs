//! A results database belongs to one source of one deployment, and remembers which: its tables have no column to tell two apart, and
//! two URLs may lead to one database.

use contract::Failure;
use sqlx::PgConnection;

/// Why a database is not this source's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is another's.
    #[error(
        "this database holds the results of source `{source_name}` of deployment `{deployment}`. Give each source of each deployment \
         (`prefix`) a database of its own. If it was renamed on purpose, delete the row of stream.binding"
    )]
    Others {
        /// Whose it is.
        source_name: String,
        /// Its deployment.
        deployment: String,
    },
    /// It could not be asked.
    #[error("Postgres: {0}{advice}", advice = contract::advice(.0))]
    Postgres(#[from] sqlx::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Others { .. } => Self::permanent(error.to_string()),
            Error::Postgres(error) => error.into(),
        }
    }
}

/// Refuses a database that belongs to another.
pub async fn check(source: &str, deployment: &str, connection: &mut PgConnection) -> Result<(), Error> {
    let bound: Option<(String, Option<String>)> =
        sqlx::query_as("SELECT source, deployment FROM stream.binding").fetch_optional(connection).await?;
    match bound {
        Some((name, of)) if name != source || of.as_ref().is_some_and(|of| of != deployment) => {
            let unknown = || "of before this was remembered".to_owned();
            Err(Error::Others { source_name: name, deployment: of.unwrap_or_else(unknown) })
        }
        _ => Ok(()),
    }
}

/// The same, and makes it this one's where it is nobody's.
pub async fn bind(source: &str, deployment: &str, connection: &mut PgConnection) -> Result<(), Error> {
    let sql = "INSERT INTO stream.binding AS mine (source, deployment) VALUES ($1, $2)
               ON CONFLICT (only_row) DO UPDATE SET deployment = EXCLUDED.deployment
                   WHERE mine.source = EXCLUDED.source AND mine.deployment IS NULL";
    sqlx::query(sql).bind(source).bind(deployment).execute(&mut *connection).await?;
    check(source, deployment, connection).await
}
