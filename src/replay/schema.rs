//! A schema of its own for each version of a processor's results.

use contract::{Failure, StoredTable};
use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::registry::Entry;
use crate::task::TaskId;

/// Where the version is built that is to come.
pub(super) fn next(processor: &str) -> String {
    format!("{processor}_next")
}

/// Where the version is stored that was in force before.
pub(super) fn previous(processor: &str) -> String {
    format!("{processor}_previous")
}

/// The version in force, if the task ever ran.
pub(super) async fn active(task: &TaskId, connection: &mut PgConnection) -> Result<Option<i32>, Failure> {
    let version = sqlx::query_scalar(
        "SELECT version FROM stream.active JOIN stream.checkpoint USING (processor, source, version)
         WHERE processor = $1 AND source = $2",
    )
    .bind(task.processor)
    .bind(&task.source)
    .fetch_optional(connection)
    .await?;
    Ok(version)
}

/// All before this offset is in that version.
pub(super) async fn offset(
    task: &TaskId,
    version: i32,
    connection: &mut PgConnection,
) -> Result<i64, Failure> {
    let task = TaskId { version, ..task.clone() };
    let sql = "SELECT next_offset FROM stream.checkpoint
               WHERE processor = $1 AND version = $2 AND source = $3 AND topic = $4 AND partition = $5";
    let row = task.query(sql).fetch_optional(connection).await?;
    let row = row.ok_or_else(|| {
        Failure::permanent(format!(
            "{} was never run on topic {}: the configuration names another one than before",
            task.processor, task.topic
        ))
    })?;
    Ok(row.try_get("next_offset")?)
}

/// The number of the shadow version. Goes on with what an interrupted replay of the same program has left. A number is never
/// used twice, not even where a backup was restored that knows nothing of its use: events were published up to version `published`.
pub(super) async fn begin(
    task: &TaskId,
    entry: &Entry,
    published: i32,
    connection: &mut PgConnection,
) -> Result<i32, Failure> {
    let (schema, fingerprint) = (next(entry.name), (entry.fingerprint)());
    let left: Option<i32> = sqlx::query_scalar(
        "SELECT rebuilding FROM stream.active WHERE processor = $1 AND source = $2 AND rebuilding_fingerprint = $4
             AND rebuilding > $5 AND EXISTS (SELECT FROM pg_namespace WHERE nspname = $3)",
    )
    .bind(task.processor)
    .bind(&task.source)
    .bind(&schema)
    .bind(&fingerprint)
    .bind(published)
    .fetch_optional(&mut *connection)
    .await?
    .flatten();
    if let Some(version) = left {
        tracing::info!(version, "goes on with the rebuild that was interrupted");
        return Ok(version);
    }
    let mut transaction = sqlx::Connection::begin(connection).await?;
    let abandoned: Option<i32> = sqlx::query_scalar(
        "SELECT rebuilding FROM stream.active WHERE processor = $1 AND source = $2 AND rebuilding <> version FOR UPDATE",
    )
    .bind(task.processor)
    .bind(&task.source)
    .fetch_optional(&mut *transaction)
    .await?;
    if let Some(abandoned) = abandoned {
        delete_rows(task, abandoned, &mut transaction).await?;
    }
    let version: i32 = sqlx::query_scalar(
        "INSERT INTO stream.active AS mine (processor, source, version, program, rebuilding, rebuilding_fingerprint)
         VALUES ($1, $2, $3, $3, GREATEST($3, $5 + 1), $4)
         ON CONFLICT (processor, source) DO UPDATE SET rebuilding_fingerprint = $4,
             rebuilding = GREATEST(mine.version, mine.rebuilding, mine.previous, $3 - 1, $5,
                 (SELECT max(version) FROM stream.checkpoint WHERE processor = $1 AND source = $2)) + 1
         RETURNING rebuilding",
    )
    .bind(task.processor)
    .bind(&task.source)
    .bind(task.version)
    .bind(&fingerprint)
    .bind(published)
    .fetch_one(&mut *transaction)
    .await?;
    make(entry, &schema, &mut transaction).await?;
    transaction.commit().await?;
    Ok(version)
}

/// Deletes what the runner has stored of a version that was never in force.
pub(super) async fn delete_rows(
    task: &TaskId,
    version: i32,
    connection: &mut PgConnection,
) -> Result<(), Failure> {
    for table in ["checkpoint", "outbox", "dead_letter", "rules", "request"] {
        let sql = format!("DELETE FROM stream.{table} WHERE processor = $1 AND source = $2 AND version = $3");
        sqlx::query(AssertSqlSafe(sql))
            .bind(task.processor)
            .bind(&task.source)
            .bind(version)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Makes empty tables in `schema` that are like the processor's, and like those that it writes outside its schema. Whoever may
/// use those may use these.
pub(super) async fn make(entry: &Entry, schema: &str, connection: &mut PgConnection) -> Result<(), Failure> {
    run(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}"), connection)
        .await
        .map_err(|failure| {
            Failure::permanent(format!(
                "{failure}. The role has to own the schema, and needs CREATE on the database"
            ))
        })?;
    for (table, _) in tables(entry.name, &entry.public(), connection).await? {
        let name = bare(&table);
        run(&format!("CREATE TABLE {schema}.{name} (LIKE {table} INCLUDING ALL)"), connection).await?;
        let grants: Vec<String> = sqlx::query_scalar(
            "SELECT format('GRANT %s ON %s TO %s', privilege_type, $2::text, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
             FROM pg_class, aclexplode(relacl) WHERE pg_class.oid = $1::regclass
             UNION
             SELECT format('GRANT USAGE ON SCHEMA %s TO %s', $3::text, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
             FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace, aclexplode(nspacl)
             WHERE pg_class.oid = $1::regclass AND privilege_type = 'USAGE'",
        )
        .bind(&table)
        .bind(format!("{schema}.{name}"))
        .bind(schema)
        .fetch_all(&mut *connection)
        .await?;
        for grant in grants {
            run(&grant, connection).await?;
        }
    }
    Ok(())
}

/// The tables of a schema, each with the columns of its key, and those outside it that count as its own.
pub(super) async fn tables(
    schema: &str,
    public: &[&StoredTable],
    connection: &mut PgConnection,
) -> Result<Vec<(String, Vec<String>)>, Failure> {
    let mut all: Vec<(String, Vec<String>)> = sqlx::query_as(
        "SELECT format('%I.%I', nspname, relname), array_agg(attname::text ORDER BY attnum)
         FROM pg_namespace JOIN pg_class ON relnamespace = pg_namespace.oid AND relkind = 'r'
         JOIN pg_index ON indrelid = pg_class.oid AND indisprimary
         JOIN pg_attribute ON attrelid = pg_class.oid AND attnum = ANY(indkey)
         WHERE nspname = $1 AND relname <> ALL($2) GROUP BY nspname, relname ORDER BY 1",
    )
    .bind(schema)
    .bind(public.iter().map(|table| table.name).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let keys = |table: &StoredTable| table.keys.iter().map(|&key| key.to_owned()).collect();
    all.extend(public.iter().map(|table| (table.name.to_owned(), keys(table))));
    Ok(all)
}

/// A table's name without its schema.
pub(super) fn bare(table: &str) -> &str {
    table.rsplit('.').next().unwrap_or(table)
}

/// Statements without parameters; names in them come from the catalogue, or from the code.
pub(super) async fn run(sql: &str, connection: &mut PgConnection) -> Result<(), Failure> {
    Ok(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.map(drop)?)
}
