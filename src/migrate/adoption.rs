//! Tables that another service made before us: those that fit are adopted, any other is refused by name.
//!
//! What we expect is not written down a second time. The migrations run in a scratch schema that is rolled
//! back, and the two catalogues are compared. What was adopted is recorded, and `_ledgerwell_drop` spares it.

mod catalogue;
mod data_type;
mod fit;

use std::ops::RangeInclusive;

use sqlx::migrate::{Migration, Migrator};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use self::catalogue::{Catalogue, Index};
use super::Error;

/// The migrations whose tables and indexes another service may have made.
const SHARED: RangeInclusive<i64> = 1..=11;

const SCRATCH: &str = "CREATE SCHEMA _ledgerwell_expected; SET LOCAL search_path = _ledgerwell_expected";

/// What was adopted, and the one way in which the shared migrations drop. Neither goes away with `down`.
const RECORDS: &str = "
CREATE TABLE IF NOT EXISTS _ledgerwell_adopted (
    name text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('table', 'index')),
    adopted_at timestamptz NOT NULL DEFAULT now()
);
CREATE OR REPLACE FUNCTION _ledgerwell_drop(kind text, name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM _ledgerwell_adopted AS adopted WHERE adopted.name = $2) THEN
        -- The owner of an adopted table may have dropped it, and our indexes with it.
        EXECUTE format('DROP %s IF EXISTS %I', kind, name);
    END IF;
END $$";

/// Records what is there before the migrations that are pending, or refuses it. A refusal changes nothing.
pub(super) async fn adopt(history: &Migrator, connection: &mut PgConnection) -> Result<(), Error> {
    let mut transaction = connection.begin().await?;
    let applied = super::applied(&mut transaction).await?;
    let shared = history.iter().filter(|migration| {
        SHARED.contains(&migration.version) && !migration.migration_type.is_down_migration()
    });
    let (applied, pending): (Vec<_>, Vec<_>) =
        shared.partition(|migration| applied.contains(&migration.version));
    if !pending.is_empty() {
        let ours = expected(&applied, &pending, &mut transaction).await?;
        let theirs = Catalogue::read(&[], &mut transaction).await?;
        let mut problems = fit::problems(&ours, &theirs);
        for index in fit::additions(&ours, &theirs) {
            if repeats(index, &mut transaction).await? {
                problems.push(fit::repeated(index));
            }
        }
        if !problems.is_empty() {
            problems.sort();
            let lines: Vec<_> = problems.iter().map(|problem| format!("  {problem}")).collect();
            return Err(Error::DoesNotFit(lines.join("\n")));
        }
        record(&ours, &theirs, &mut transaction).await?;
        complete_keys(&mut transaction).await?;
    }
    Ok(transaction.commit().await?)
}

/// The tables that are adopted.
pub(super) async fn adopted(connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    let recorded: bool = sqlx::query_scalar("SELECT to_regclass('_ledgerwell_adopted') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !recorded {
        return Ok(Vec::new());
    }
    sqlx::query_scalar("SELECT name FROM _ledgerwell_adopted WHERE kind = 'table' ORDER BY name")
        .fetch_all(connection)
        .await
}

/// What the pending migrations would make.
async fn expected(
    applied: &[&Migration],
    pending: &[&Migration],
    connection: &mut PgConnection,
) -> Result<Catalogue, Error> {
    let mut scratch = connection.begin().await?;
    sqlx::raw_sql(SCRATCH).execute(&mut *scratch).await.map_err(no_schema)?;
    for migration in applied {
        sqlx::raw_sql(migration.sql.clone()).execute(&mut *scratch).await?;
    }
    let made = catalogue::names(&mut scratch).await?;
    for migration in pending {
        sqlx::raw_sql(migration.sql.clone()).execute(&mut *scratch).await?;
    }
    let catalogue = Catalogue::read(&made, &mut scratch).await?;
    scratch.rollback().await?;
    Ok(catalogue)
}

fn no_schema(error: sqlx::Error) -> Error {
    const INSUFFICIENT_PRIVILEGE: &str = "42501";
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if code.is_some_and(|code| code == INSUFFICIENT_PRIVILEGE) {
        Error::NoSchema(error)
    } else {
        error.into()
    }
}

/// Whether rows have the same values where this index, which is to be made, wants them unique.
async fn repeats(index: &Index, connection: &mut PgConnection) -> sqlx::Result<bool> {
    // Through JSON, for a column may be missing or of a type that cannot be compared.
    let sql = format!(
        "SELECT EXISTS (
             SELECT FROM (SELECT ARRAY(SELECT to_jsonb(line) ->> name FROM UNNEST($1::text[]) AS name) AS key
                          FROM {} AS line) AS keys
             WHERE array_position(key, NULL) IS NULL GROUP BY key HAVING count(*) > 1)",
        index.table
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).bind(&index.columns).fetch_one(connection).await
}

/// Writes down what is there, and strikes what was adopted once and is gone: it will be ours.
async fn record(ours: &Catalogue, theirs: &Catalogue, connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(RECORDS).execute(&mut *connection).await?;
    let tables = ours.tables().map(|table| (table.name.as_str(), "table"));
    let indexes = ours.indexes.iter().filter(|index| index.named).map(|index| (index.name.as_str(), "index"));
    let (there, gone): (Vec<_>, Vec<_>) =
        tables.chain(indexes).partition(|(name, _)| theirs.relation(name).is_some());
    let (gone, _): (Vec<_>, Vec<_>) = gone.into_iter().unzip();
    let (names, kinds): (Vec<_>, Vec<_>) = there.into_iter().unzip();
    sqlx::query("DELETE FROM _ledgerwell_adopted WHERE name = ANY($1)")
        .bind(gone)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO _ledgerwell_adopted (name, kind) SELECT * FROM UNNEST($1::text[], $2::text[])
         ON CONFLICT (name) DO NOTHING",
    )
    .bind(names)
    .bind(kinds)
    .execute(connection)
    .await
    .map(drop)
}

/// A key that another service's program fills in gets a default, so that we can insert as well. It disturbs nobody, and stays.
async fn complete_keys(connection: &mut PgConnection) -> sqlx::Result<()> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT adopted.name FROM _ledgerwell_adopted AS adopted
         JOIN pg_attribute AS key ON key.attrelid = to_regclass(quote_ident(adopted.name)) AND key.attname = 'id'
         WHERE adopted.kind = 'table' AND key.atttypid = 'uuid'::regtype AND NOT key.atthasdef",
    )
    .fetch_all(&mut *connection)
    .await?;
    for table in tables {
        let sql = format!("ALTER TABLE {table} ALTER COLUMN id SET DEFAULT gen_random_uuid()");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    }
    Ok(())
}
