//! Connections to the results database.

use std::time::Duration;

use contract::Failure;
use sqlx::{Connection, PgConnection};

/// How long Postgres may take to let us in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection for the runner: a session that is stuck in a transaction must not hold its locks for long.
pub(crate) async fn connect(url: &str, name: &str) -> Result<PgConnection, Failure> {
    let options = url
        .parse::<sqlx::postgres::PgConnectOptions>()
        .map_err(|_| Failure::permanent("the database_url is no Postgres URL"))?
        .application_name(name)
        .options([
            ("lock_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "10s"),
            ("client_connection_check_interval", "5s"),
            ("tcp_user_timeout", "20s"),
            ("synchronous_commit", "on"),
            // Times without a zone are UTC, whatever the server's is.
            ("TimeZone", "UTC"),
        ]);
    tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options))
        .await
        .map_err(|_| Failure::transient("Postgres does not answer"))?
        .map_err(Failure::from)
}

/// Lets a connection find a processor's tables in `schema`, before all others.
pub(crate) async fn set_search_path(schema: &str, connection: &mut PgConnection) -> Result<(), Failure> {
    sqlx::query(
        "SELECT set_config('search_path', quote_ident($1) || ', ' || current_setting('search_path'), false)",
    )
    .bind(schema)
    .execute(connection)
    .await?;
    Ok(())
}
