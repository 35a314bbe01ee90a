//! The database schema: one reversible history, embedded in the program.

mod adoption;
mod exclusion;

use contract::Descriptor;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::{Connection, PgConnection};

pub(crate) use self::exclusion::admit;
use crate::control::rules;

static HISTORY: Migrator = sqlx::migrate!("./migrations");

/// What went wrong, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Postgres refused.
    #[error("migrating: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Postgres could not be reached.
    #[error("Postgres: {0}{advice}", advice = contract::advice(.0))]
    Postgres(#[from] sqlx::Error),
    /// The database is older than the program.
    #[error("the database lacks migration {0}: run `ledgerwell migrate up`")]
    Behind(i64),
    /// The database is newer than the program.
    #[error("the database has migration {0}, which this program does not know: use the program that made it")]
    Ahead(i64),
    /// No such version to go down to.
    #[error("there is no migration {0}; `ledgerwell migrate status` lists them, 0 removes all")]
    NoSuchVersion(i64),
    /// Another service has made tables that we cannot use.
    #[error(
        "this database has tables of another service that do not fit. Nothing was changed.\n{0}\n\
         Change what is listed and migrate again, or give Ledgerwell a database of its own"
    )]
    DoesNotFit(String),
    /// A program goes on working with what would be dropped.
    #[error(
        "{0} is at work on this database as {1}: stop it first; what it has committed is dropped with the tables"
    )]
    AtWork(String, String),
    /// The rules of automations could not be added.
    #[error("automation_rules: {0}")]
    Rules(#[from] contract::Failure),
    /// The role may not create schemas.
    #[error("the role may not create schemas, and Ledgerwell needs some: GRANT CREATE ON DATABASE to it")]
    NoSchema(#[source] sqlx::Error),
}

/// One migration and whether the database has it.
#[derive(Debug, serde::Serialize)]
pub struct Step {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Whether it is applied.
    pub applied: bool,
}

/// Applies all that is missing, adopts what another service has made of it, and adds a rule for each automation of `processors`
/// without one.
pub async fn up(url: &str, processors: impl Iterator<Item = &Descriptor>) -> Result<(), Error> {
    let mut connection = PgConnection::connect(url).await?;
    // The lock that `run` takes as well: nobody migrates between the check and the run. Closing frees it.
    connection.lock().await?;
    adoption::adopt(&HISTORY, &mut connection).await?;
    exclusion::keep_claims_out(&mut connection).await?;
    if steps(&mut connection).await?.iter().any(|step| !step.applied) {
        exclusion::fence_owners(&mut connection).await?;
    }
    HISTORY.run(&mut connection).await?;
    rules::seed(processors, &mut connection).await?;
    Ok(connection.close().await?)
}

/// What going down to version `to` means, or without one undoing the last: the version, and how many migrations are undone.
pub async fn undone(url: &str, to: Option<i64>) -> Result<(i64, usize), Error> {
    let steps = status(url).await?;
    let mut applied = steps.iter().filter(|step| step.applied).map(|step| step.version).rev();
    let to = to.unwrap_or_else(|| applied.clone().nth(1).unwrap_or(0));
    if to != 0 && !HISTORY.version_exists(to) {
        return Err(Error::NoSuchVersion(to));
    }
    let undone = applied.by_ref().take_while(|version| *version > to).count();
    Ok((to, undone))
}

/// Undoes all after version `to`; 0 undoes everything. What was adopted stays.
pub async fn down(url: &str, to: i64) -> Result<(), Error> {
    let mut connection = PgConnection::connect(url).await?;
    connection.lock().await?;
    exclusion::keep_claims_out(&mut connection).await?;
    if let Some((task, owner)) = exclusion::owner_at_work(&mut connection).await? {
        return Err(Error::AtWork(task, owner));
    }
    if steps(&mut connection).await?.iter().any(|step| step.applied && step.version > to) {
        exclusion::fence_owners(&mut connection).await?;
    }
    HISTORY.undo(&mut connection, to).await?;
    Ok(connection.close().await?)
}

/// All migrations, and those that the database has and the program does not know.
pub async fn status(url: &str) -> Result<Vec<Step>, Error> {
    steps(&mut PgConnection::connect(url).await?).await
}

async fn steps(connection: &mut PgConnection) -> Result<Vec<Step>, Error> {
    let applied = applied(connection).await?;
    let known = HISTORY.iter().filter(|migration| !migration.migration_type.is_down_migration());
    let mut steps: Vec<_> = known
        .map(|migration| Step {
            version: migration.version,
            name: migration.description.to_string(),
            applied: applied.contains(&migration.version),
        })
        .collect();
    for version in applied {
        if !HISTORY.version_exists(version) {
            steps.push(Step { version, name: "unknown to this program".into(), applied: true });
        }
    }
    Ok(steps)
}

/// The tables that another service had made before us, sorted.
pub async fn adopted(url: &str) -> Result<Vec<String>, Error> {
    Ok(adoption::adopted(&mut PgConnection::connect(url).await?).await?)
}

/// Refuses a database whose version is not this program's.
pub async fn check(url: &str) -> Result<(), Error> {
    compare(&status(url).await?)
}

fn compare(steps: &[Step]) -> Result<(), Error> {
    if let Some(step) = steps.iter().find(|step| !HISTORY.version_exists(step.version)) {
        return Err(Error::Ahead(step.version));
    }
    match steps.iter().find(|step| !step.applied) {
        Some(step) => Err(Error::Behind(step.version)),
        None => Ok(()),
    }
}

async fn applied(connection: &mut PgConnection) -> Result<Vec<i64>, Error> {
    let table = "_sqlx_migrations";
    // Looked for and not made: a role that only runs may not make tables.
    let found: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(table)
        .fetch_one(&mut *connection)
        .await?;
    if !found {
        return Ok(Vec::new());
    }
    let applied = connection.list_applied_migrations(table).await?;
    Ok(applied.into_iter().map(|migration| migration.version).collect())
}
