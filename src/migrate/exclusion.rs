//! Nothing is written by a program of another version than the database's: who migrates takes all tasks from their owners, and a
//! claim is refused while the database is migrated, and afterwards by a program that does not know what it has become.

use std::time::{Duration, Instant};

use contract::Failure;
use sqlx::PgConnection;

use super::Error;

/// The advisory lock of the database that a migration holds, and that a claim shares until it is committed.
const LOCK: i64 = 0x6f1d_3c52_9b0e_4d7b;
/// A session of PostgreSQL ends a moment after its client has: at most so long on a busy server.
const GOES: Duration = Duration::from_secs(3);
const LOOKS_AGAIN: Duration = Duration::from_millis(50);

/// Waits for claims that are under way and keeps others out, until the connection closes.
pub(super) async fn keep_claims_out(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(connection).await.map(drop)
}

/// A task whose owner is connected, and that owner; whoever has just stopped may go.
pub(super) async fn owner_at_work(connection: &mut PgConnection) -> sqlx::Result<Option<(String, String)>> {
    let waits_until = Instant::now() + GOES;
    loop {
        match connected_owner(connection).await? {
            Some(_) if Instant::now() < waits_until => tokio::time::sleep(LOOKS_AGAIN).await,
            owner => return Ok(owner),
        }
    }
}

async fn connected_owner(connection: &mut PgConnection) -> sqlx::Result<Option<(String, String)>> {
    if !has_tasks(connection).await? {
        return Ok(None);
    }
    // A number of a process comes again, but not within a session; when that began, other roles are not shown.
    let sql = "SELECT processor || '/' || source, owner_id FROM stream.checkpoint JOIN pg_stat_activity ON pid = owner_pid
               WHERE datname = current_database() AND pid <> pg_backend_pid()
                   AND (backend_start IS NULL OR backend_start <= updated_at) ORDER BY processor LIMIT 1";
    sqlx::query_as(sql).fetch_optional(connection).await
}

async fn has_tasks(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let sql = "SELECT to_regclass('stream.checkpoint') IS NOT NULL";
    sqlx::query_scalar(sql).fetch_one(connection).await
}

/// Takes every task from its owner: waits for the batch that is being saved, and no other can be.
pub(super) async fn fence_owners(connection: &mut PgConnection) -> sqlx::Result<()> {
    if has_tasks(connection).await? {
        sqlx::query("UPDATE stream.checkpoint SET owner_epoch = owner_epoch + 1").execute(connection).await?;
    }
    Ok(())
}

/// Lets a claim pass if the database has this program's version, and keeps it so until the claim is committed.
///
/// # Errors
/// [`Failure::Transient`] while somebody migrates, [`Failure::Permanent`] when the version is another.
pub(crate) async fn admit(claiming: &mut PgConnection) -> Result<(), Failure> {
    let alone: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock_shared($1)")
        .bind(LOCK)
        .fetch_one(&mut *claiming)
        .await?;
    if !alone {
        return Err(Failure::transient("the database is being migrated"));
    }
    let steps = super::steps(claiming).await;
    steps.and_then(|steps| super::compare(&steps)).map_err(|error| match error {
        Error::Postgres(error) => error.into(),
        error => Failure::permanent(error.to_string()).because(error),
    })
}
