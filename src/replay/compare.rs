//! What differs between two versions of a processor's results.

use contract::{Failure, StoredTable};
use serde::Serialize;
use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use super::schema::{bare, tables};

/// Examples of a table that are shown.
const EXAMPLES: usize = 5;

/// One table, row by row.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// Its name.
    pub table: String,
    /// Rows that are the same in both.
    pub equal: i64,
    /// Rows that are in both and differ.
    pub differing: i64,
    /// Rows that only the version in force has.
    pub only_before: i64,
    /// Rows that only the rebuilt version has.
    pub only_rebuilt: i64,
    /// Some of those that are not the same.
    pub examples: Vec<Example>,
}

/// A row that is not the same in both.
#[derive(Debug, Serialize, FromRow)]
pub struct Example {
    /// Its key columns' values.
    pub key: String,
    /// What differs: the columns' names, or in which version it is missing.
    pub differs: String,
}

impl Comparison {
    /// Whether both versions say the same.
    pub fn is_equal(&self) -> bool {
        self.differing == 0 && self.only_before == 0 && self.only_rebuilt == 0
    }
}

/// Compares the tables of two schemas, and those outside the first that the second has a copy of.
pub(super) async fn schemas(
    before: &str,
    rebuilt: &str,
    public: &[&StoredTable],
    connection: &mut PgConnection,
) -> Result<Vec<Comparison>, Failure> {
    let mut comparisons = Vec::new();
    for (table, keys) in tables(before, public, connection).await? {
        let counterpart = format!("{rebuilt}.{}", bare(&table));
        comparisons.push(compare(&table, &counterpart, &keys, connection).await?);
    }
    Ok(comparisons)
}

/// Compares two tables with the same columns.
pub(super) async fn compare(
    before: &str,
    rebuilt: &str,
    keys: &[String],
    connection: &mut PgConnection,
) -> Result<Comparison, Failure> {
    // An id that is no key comes from a sequence, and means nothing.
    let ignored = if keys.iter().any(|key| key == "id") { "" } else { "id" };
    let keys: Vec<_> = keys.iter().map(|key| format!("t.{key}")).collect();
    let side = |table: &str| {
        format!(
            "(SELECT jsonb_build_array({}) AS key, to_jsonb(t) - '{ignored}' AS image FROM {table} AS t)",
            keys.join(", ")
        )
    };
    let joined = format!("{} AS a FULL JOIN {} AS b USING (key)", side(before), side(rebuilt));
    let (equal, differing, only_before, only_rebuilt) = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT count(*) FILTER (WHERE a.image = b.image), count(*) FILTER (WHERE a.image <> b.image),
             count(*) FILTER (WHERE b.image IS NULL), count(*) FILTER (WHERE a.image IS NULL) FROM {joined}"
    )))
    .fetch_one(&mut *connection)
    .await?;
    let mut comparison = Comparison {
        table: before.to_owned(),
        equal,
        differing,
        only_before,
        only_rebuilt,
        examples: Vec::new(),
    };
    if !comparison.is_equal() {
        comparison.examples = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT key::text, CASE WHEN b.image IS NULL THEN 'missing in the rebuilt version'
                 WHEN a.image IS NULL THEN 'missing in the version in force'
                 ELSE (SELECT string_agg(name, ', ' ORDER BY name) FROM jsonb_object_keys(a.image) AS name
                       WHERE a.image -> name IS DISTINCT FROM b.image -> name) END AS differs
             FROM {joined} WHERE a.image IS DISTINCT FROM b.image ORDER BY key LIMIT {EXAMPLES}"
        )))
        .fetch_all(connection)
        .await?;
    }
    Ok(comparison)
}
