//! Rows of a working table, read and written in sets.

/// Declares the row of a working table, and with it `load`, `upsert`, `delete` and `clear`: one statement each,
/// whatever the number of rows (arrays through `UNNEST`).
///
/// ```
/// contract::table! {
///     /// A currency.
///     pub struct Currency in "credit.currency" key (id: i32) {
///         /// ISO 4217 code.
///         pub name: String,
///     }
/// }
/// ```
#[macro_export]
macro_rules! table {
    (
        $(#[$doc:meta])*
        pub struct $name:ident in $table:literal key ($($key:ident: $key_type:ty),+) {
            $($(#[$column_doc:meta])* pub $column:ident: $type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, $crate::reexport::sqlx::FromRow)]
        pub struct $name {
            $(#[doc = "Part of the key."] pub $key: $key_type,)+
            $($(#[$column_doc])* pub $column: $type,)*
        }

        #[allow(dead_code, reason = "not every table needs every verb")]
        impl $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($key),)+ $(stringify!($column),)*];
            const KEYS: &'static [&'static str] = &[$(stringify!($key),)+];

            /// All rows.
            pub async fn load(
                connection: &mut $crate::reexport::sqlx::PgConnection,
            ) -> $crate::reexport::sqlx::Result<Vec<Self>> {
                static SQL: std::sync::LazyLock<String> =
                    std::sync::LazyLock::new(|| $crate::sql::select($table, $name::COLUMNS));
                $crate::reexport::sqlx::query_as(SQL.as_str()).fetch_all(connection).await
            }

            /// Inserts the rows, or replaces those whose key is there already.
            pub async fn upsert<'r>(
                rows: impl Iterator<Item = &'r Self> + Clone,
                connection: &mut $crate::reexport::sqlx::PgConnection,
            ) -> $crate::reexport::sqlx::Result<()> {
                static SQL: std::sync::LazyLock<String> =
                    std::sync::LazyLock::new(|| $crate::sql::upsert($table, $name::COLUMNS, $name::KEYS));
                if rows.clone().next().is_none() {
                    return Ok(());
                }
                let query = $crate::reexport::sqlx::query(SQL.as_str());
                $(let query = query.bind(rows.clone().map(|row| row.$key.clone()).collect::<Vec<_>>());)+
                $(let query = query.bind(rows.clone().map(|row| row.$column.clone()).collect::<Vec<_>>());)*
                query.execute(connection).await.map(drop)
            }

            /// Deletes the rows with these keys, one array per key column.
            pub async fn delete(
                $($key: Vec<$key_type>,)+
                connection: &mut $crate::reexport::sqlx::PgConnection,
            ) -> $crate::reexport::sqlx::Result<()> {
                static SQL: std::sync::LazyLock<String> =
                    std::sync::LazyLock::new(|| $crate::sql::delete($table, $name::KEYS));
                if [$($key.is_empty()),+].contains(&true) {
                    return Ok(());
                }
                let query = $crate::reexport::sqlx::query(SQL.as_str());
                $(let query = query.bind($key);)+
                query.execute(connection).await.map(drop)
            }

            /// Deletes all rows.
            pub async fn clear(
                connection: &mut $crate::reexport::sqlx::PgConnection,
            ) -> $crate::reexport::sqlx::Result<()> {
                $crate::reexport::sqlx::query(concat!("DELETE FROM ", $table)).execute(connection).await.map(drop)
            }
        }
    };
}

/// The statements of a working table.
#[doc(hidden)]
pub mod sql {
    /// All rows.
    pub fn select(table: &str, columns: &[&str]) -> String {
        format!("SELECT {} FROM {table}", columns.join(", "))
    }

    /// One array per column.
    pub fn upsert(table: &str, columns: &[&str], keys: &[&str]) -> String {
        let arrays: Vec<_> = (1..=columns.len()).map(|n| format!("${n}")).collect();
        let set: Vec<_> = columns
            .iter()
            .filter(|column| !keys.contains(column))
            .map(|column| format!("{column} = EXCLUDED.{column}"))
            .collect();
        let action = if set.is_empty() { "NOTHING".into() } else { format!("UPDATE SET {}", set.join(", ")) };
        format!(
            "INSERT INTO {table} ({}) SELECT * FROM UNNEST({}) ON CONFLICT ({}) DO {action}",
            columns.join(", "),
            arrays.join(", "),
            keys.join(", ")
        )
    }

    /// One array per key column.
    pub fn delete(table: &str, keys: &[&str]) -> String {
        let arrays: Vec<_> = (1..=keys.len()).map(|n| format!("${n}")).collect();
        let same: Vec<_> = keys.iter().map(|key| format!("t.{key} = gone.{key}")).collect();
        format!(
            "DELETE FROM {table} AS t USING UNNEST({}) AS gone({}) WHERE {}",
            arrays.join(", "),
            keys.join(", "),
            same.join(" AND ")
        )
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn an_upsert_binds_one_array_per_column() {
            assert_eq!(
                super::upsert("credit.link", &["a", "b", "c"], &["a", "b"]),
                "INSERT INTO credit.link (a, b, c) SELECT * FROM UNNEST($1, $2, $3) \
                 ON CONFLICT (a, b) DO UPDATE SET c = EXCLUDED.c"
            );
            assert!(super::upsert("t", &["a"], &["a"]).ends_with("ON CONFLICT (a) DO NOTHING"));
        }

        #[test]
        fn a_delete_joins_on_every_key_column() {
            assert_eq!(
                super::delete("t", &["a", "b"]),
                "DELETE FROM t AS t USING UNNEST($1, $2) AS gone(a, b) WHERE t.a = gone.a AND t.b = gone.b"
            );
        }
    }
}
