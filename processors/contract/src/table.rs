//! Working tables: their rows in memory, read once and written back in sets.

use std::future::Future;
use std::hash::Hash;

use futures_util::TryStreamExt;
use rustc_hash::FxHashSet;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::dense::Dense;

/// Rows of a statement. It copies them, twice: when all customers change at once, not all have to be in memory three times.
const AT_ONCE: usize = 10_000;

/// A query under construction.
pub type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

/// A row of a working table; [`table!`](crate::table) implements it. Each verb is one statement, whatever the number of rows.
pub trait Table: PartialEq + Send + Sync + Sized + 'static {
    /// Its primary key.
    type Key: Key;

    /// This row's key.
    fn key(&self) -> Self::Key;

    /// The query for all rows, to which a condition can be added.
    fn select() -> String;

    /// Reads a row that the query answered. Whether its columns have the types that they are read as has to be checked of one row;
    /// the others of the same answer have the same types.
    fn read(row: &PgRow, check: bool) -> sqlx::Result<Self>;

    /// Inserts the rows, or replaces those whose key is there already.
    fn upsert(rows: &[&Self], connection: &mut PgConnection)
    -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Deletes the rows with these keys.
    fn delete(
        keys: &[Self::Key],
        connection: &mut PgConnection,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Deletes all rows.
    fn clear(connection: &mut PgConnection) -> impl Future<Output = sqlx::Result<()>> + Send;
}

/// A primary key.
pub trait Key: Copy + Eq + Ord + Hash + Send + Sync + 'static {
    /// Binds one array per key column.
    fn bind<'q>(keys: &[Self], query: Query<'q>) -> Query<'q>;
}

impl Key for i32 {
    fn bind<'q>(keys: &[Self], query: Query<'q>) -> Query<'q> {
        query.bind(keys.to_vec())
    }
}

impl Key for (i32, i32) {
    fn bind<'q>(keys: &[Self], query: Query<'q>) -> Query<'q> {
        let (first, second): (Vec<_>, Vec<_>) = keys.iter().copied().unzip();
        query.bind(first).bind(second)
    }
}

impl Key for (i32, i32, i32) {
    fn bind<'q>(keys: &[Self], query: Query<'q>) -> Query<'q> {
        let column = |of: fn(&Self) -> i32| keys.iter().map(of).collect::<Vec<_>>();
        query.bind(column(|key| key.0)).bind(column(|key| key.1)).bind(column(|key| key.2))
    }
}

/// A table's rows in memory. What changes is remembered and written by the next [`Rows::save`]: the net effect, in at most three
/// statements unless tens of thousands of rows have changed.
#[derive(Debug)]
pub struct Rows<T: Table> {
    present: Dense<T::Key, T>,
    changed: FxHashSet<T::Key>,
    cleared: bool,
}

impl<T: Table> Default for Rows<T> {
    fn default() -> Self {
        Self { present: Dense::default(), changed: FxHashSet::default(), cleared: false }
    }
}

impl<T: Table> Rows<T> {
    /// Reads the table.
    pub async fn load(connection: &mut PgConnection) -> sqlx::Result<Self> {
        Self::read(sqlx::query(AssertSqlSafe(T::select())), connection).await
    }

    /// Reads the rows that meet a condition on `$1`: for questions about a few rows, never for a working state.
    pub async fn load_some(
        condition: &str,
        parameter: i32,
        connection: &mut PgConnection,
    ) -> sqlx::Result<Self> {
        let sql = format!("{} WHERE {condition}", T::select());
        Self::read(sqlx::query(AssertSqlSafe(sql)).bind(parameter), connection).await
    }

    /// Row by row, so that no second copy of a large table is ever in memory.
    async fn read(query: Query<'_>, connection: &mut PgConnection) -> sqlx::Result<Self> {
        let mut rows = Self::default();
        let mut stream = query.fetch(connection);
        while let Some(row) = stream.try_next().await? {
            let check = rows.is_empty();
            rows.put(T::read(&row, check)?);
        }
        Ok(rows)
    }

    /// Adds a row that is stored already.
    fn put(&mut self, row: T) {
        self.present.insert(row.key(), row);
    }

    /// Writes what has changed since the last save.
    pub async fn save(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        if std::mem::take(&mut self.cleared) {
            T::clear(connection).await?;
        }
        if self.changed.is_empty() {
            return Ok(());
        }
        // Sorted, so that every writer locks rows in one order.
        let mut keys: Vec<_> = std::mem::take(&mut self.changed).into_iter().collect();
        keys.sort_unstable();
        let (present, absent): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|key| self.present.contains(key));
        for keys in absent.chunks(AT_ONCE) {
            T::delete(keys, connection).await?;
        }
        for keys in present.chunks(AT_ONCE) {
            let rows: Vec<_> = keys.iter().filter_map(|key| self.present.get(key)).collect();
            T::upsert(&rows, connection).await?;
        }
        Ok(())
    }

    /// The row with this key.
    pub fn get(&self, key: T::Key) -> Option<&T> {
        self.present.get(&key)
    }

    /// All rows, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.present.values()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.present.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.present.is_empty()
    }

    /// Sets or removes the row with this key, and answers what was there. A row that stays as it is need not be written.
    pub fn set(&mut self, key: T::Key, row: Option<T>) -> Option<T> {
        if self.present.get(&key) != row.as_ref() {
            self.changed.insert(key);
        }
        self.present.set(key, row)
    }

    /// Sets or removes the row with this key where that changes something, and answers what was there; `None` where nothing
    /// changed.
    pub fn replace(&mut self, key: T::Key, row: Option<T>) -> Option<Option<T>> {
        if self.present.get(&key) == row.as_ref() { None } else { Some(self.set(key, row)) }
    }

    /// Removes all rows.
    pub fn clear(&mut self) {
        self.present.clear();
        self.changed.clear();
        self.cleared = true;
    }
}

/// Declares the row of a working table and implements [`Table`] for it. The table's name has no schema: the connection's search
/// path begins with the processor's, or with that of a rebuild beside it.
///
/// ```
/// contract::table! {
///     /// A currency.
///     pub struct Currency in "currency" key (id: i32) {
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
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $(#[doc = "Part of the key."] pub $key: $key_type,)+
            $($(#[$column_doc])* pub $column: $type,)*
        }

        impl $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($key),)+ $(stringify!($column),)*];
            const KEYS: &'static [&'static str] = &[$(stringify!($key),)+];
        }

        impl $crate::Table for $name {
            #[allow(unused_parens)]
            type Key = ($($key_type),+);

            fn key(&self) -> Self::Key {
                ($(self.$key),+)
            }

            fn select() -> String {
                $crate::sql::select($table, Self::COLUMNS)
            }

            fn read(row: &$crate::reexport::sqlx::postgres::PgRow, check: bool) -> $crate::reexport::sqlx::Result<Self> {
                $crate::read_row!(row, check, $($key,)+ $($column,)*)
            }

            async fn upsert(
                rows: &[&Self],
                connection: &mut $crate::reexport::sqlx::PgConnection,
            ) -> $crate::reexport::sqlx::Result<()> {
                let sql = $crate::reexport::sqlx::AssertSqlSafe($crate::sql::upsert($table, Self::COLUMNS, Self::KEYS));
                let query = $crate::reexport::sqlx::query(sql);
                $(let query = query.bind(rows.iter().map(|row| row.$key).collect::<Vec<_>>());)+
                $(let query = query.bind(rows.iter().map(|row| row.$column.clone()).collect::<Vec<_>>());)*
                query.execute(connection).await.map(drop)
            }

            async fn delete(
                keys: &[Self::Key],
                connection: &mut $crate::reexport::sqlx::PgConnection,
            ) -> $crate::reexport::sqlx::Result<()> {
                let sql = $crate::reexport::sqlx::AssertSqlSafe($crate::sql::delete($table, Self::KEYS));
                let query = $crate::reexport::sqlx::query(sql);
                $crate::Key::bind(keys, query).execute(connection).await.map(drop)
            }

            async fn clear(connection: &mut $crate::reexport::sqlx::PgConnection) -> $crate::reexport::sqlx::Result<()> {
                $crate::reexport::sqlx::query(concat!("TRUNCATE ", $table)).execute(connection).await.map(drop)
            }
        }
    };
}

/// Declares the row of a table of the seed's and implements [`Table`] for it. Another service may have made the table, so each column
/// says which type it is read and written as, and what stands for NULL where there is an `or`.
///
/// ```
/// contract::seed_table! {
///     /// A customer's score.
///     pub struct Score in "credit_scores" key (customer_id: i32 as "int") {
///         /// Its name.
///         pub customer_name: String as "text" or "''",
///         /// 0 to 100.
///         pub credit_score: Option<rust_decimal::Decimal> as "numeric",
///     }
/// }
/// ```
#[macro_export]
macro_rules! seed_table {
    (
        $(#[$doc:meta])*
        pub struct $name:ident in $table:literal key ($key:ident: $key_type:ty as $key_cast:literal) {
            $($(#[$column_doc:meta])* pub $column:ident: $type:ty as $cast:literal $(or $default:literal)?,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            #[doc = "The key."] pub $key: $key_type,
            $($(#[$column_doc])* pub $column: $type,)*
        }

        impl $name {
            /// Name, type, and what stands for NULL.
            const COLUMNS: &'static [$crate::sql::Cast] = &[
                (stringify!($key), $key_cast, ""),
                $((stringify!($column), $cast, concat!("" $(, $default)?)),)*
            ];
        }

        impl $crate::Table for $name {
            type Key = $key_type;

            fn key(&self) -> $key_type {
                self.$key
            }

            fn select() -> String {
                $crate::sql::select_as($table, Self::COLUMNS)
            }

            fn read(row: &$crate::reexport::sqlx::postgres::PgRow, check: bool) -> $crate::reexport::sqlx::Result<Self> {
                $crate::read_row!(row, check, $key, $($column,)*)
            }

            async fn upsert(
                rows: &[&Self],
                connection: &mut $crate::reexport::sqlx::PgConnection,
            ) -> $crate::reexport::sqlx::Result<()> {
                let sql = $crate::reexport::sqlx::AssertSqlSafe($crate::sql::upsert_as($table, Self::COLUMNS));
                let query = $crate::reexport::sqlx::query(sql).bind(rows.iter().map(|row| row.$key).collect::<Vec<_>>());
                $(let query = query.bind(rows.iter().map(|row| row.$column.clone()).collect::<Vec<_>>());)*
                query.execute(connection).await.map(drop)
            }

            async fn delete(
                keys: &[$key_type],
                connection: &mut $crate::reexport::sqlx::PgConnection,
            ) -> $crate::reexport::sqlx::Result<()> {
                let sql = concat!("DELETE FROM ", $table, " WHERE ", stringify!($key), " = ANY($1)");
                $crate::reexport::sqlx::query(sql).bind(keys).execute(connection).await.map(drop)
            }

            async fn clear(connection: &mut $crate::reexport::sqlx::PgConnection) -> $crate::reexport::sqlx::Result<()> {
                // Others may refer to it, so it cannot be truncated.
                $crate::reexport::sqlx::query(concat!("DELETE FROM ", $table)).execute(connection).await.map(drop)
            }
        }
    };
}

/// Reads columns by their places, so that no name is looked up in any row.
#[doc(hidden)]
#[macro_export]
macro_rules! read_row {
    ($row:ident, $check:ident, $($column:ident,)+) => {{
        use $crate::reexport::sqlx::Row as _;
        let mut places = 0_usize..;
        // Fields are evaluated in the order in which they are written here, which is that of the query.
        Ok(Self {
            $($column: {
                let place = places.next().unwrap_or_default();
                if $check { $row.try_get(place)? } else { $row.try_get_unchecked(place)? }
            },)+
        })
    }};
}

/// The statements of a table.
#[doc(hidden)]
pub mod sql {
    /// A column's name, the type it is read and written as, and what stands for NULL, if anything does.
    pub type Cast = (&'static str, &'static str, &'static str);

    /// All rows of a table that may have other types.
    pub fn select_as(table: &str, columns: &[Cast]) -> String {
        let read = |(column, cast, default): &Cast| match *default {
            "" => format!("{column}::{cast} AS {column}"),
            default => format!("COALESCE({column}, {default})::{cast} AS {column}"),
        };
        format!("SELECT {} FROM {table}", columns.iter().map(read).collect::<Vec<_>>().join(", "))
    }

    /// One array per column; the first one is the key.
    pub fn upsert_as(table: &str, columns: &[Cast]) -> String {
        let names: Vec<&str> = columns.iter().map(|(column, ..)| *column).collect();
        let numbered = (1..).zip(columns);
        let arrays: Vec<_> = numbered.map(|(n, (_, cast, _))| format!("${n}::{cast}[]")).collect();
        let set: Vec<_> = names[1..].iter().map(|column| format!("{column} = EXCLUDED.{column}")).collect();
        format!(
            "INSERT INTO {table} ({}) SELECT * FROM UNNEST({}) ON CONFLICT ({}) DO UPDATE SET {}",
            names.join(", "),
            arrays.join(", "),
            names[0],
            set.join(", ")
        )
    }

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
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "a test has no outside")]
mod tests {
    use super::*;

    table! {
        /// A row.
        pub struct Thing in "t" key (id: i32) {
            /// Its number.
            pub n: i32,
        }
    }

    fn thing(id: i32, n: i32) -> Thing {
        Thing { id, n }
    }

    #[test]
    fn rows_remember_what_changed_and_answer_what_was_there() {
        let mut rows = Rows::default();
        assert_eq!(rows.set(1, Some(thing(1, 10))), None);
        assert_eq!(rows.set(1, Some(thing(1, 11))), Some(thing(1, 10)));
        assert_eq!(rows.set(2, None), None);
        assert_eq!(
            rows.changed.iter().copied().collect::<Vec<_>>(),
            [1],
            "what never was need not be deleted"
        );
        assert_eq!(rows.replace(1, Some(thing(1, 11))), None, "nothing to write");
        let mut stored = Rows::default();
        stored.put(thing(1, 10));
        assert_eq!(stored.set(1, Some(thing(1, 10))), Some(thing(1, 10)));
        assert!(stored.changed.is_empty(), "nothing to write");
        assert_eq!(rows.replace(1, None), Some(Some(thing(1, 11))));
        rows.clear();
        assert!(rows.is_empty() && rows.cleared && rows.changed.is_empty());
    }

    #[test]
    fn an_upsert_binds_one_array_per_column() {
        assert_eq!(
            sql::upsert("credit.link", &["a", "b", "c"], &["a", "b"]),
            "INSERT INTO credit.link (a, b, c) SELECT * FROM UNNEST($1, $2, $3) \
             ON CONFLICT (a, b) DO UPDATE SET c = EXCLUDED.c"
        );
        assert!(sql::upsert("t", &["a"], &["a"]).ends_with("ON CONFLICT (a) DO NOTHING"));
    }

    #[test]
    fn a_table_of_another_service_is_read_and_written_as_our_types() {
        let columns = &[("id", "int", ""), ("name", "text", "''"), ("score", "numeric", "")];
        assert_eq!(
            sql::select_as("t", columns),
            "SELECT id::int AS id, COALESCE(name, '')::text AS name, score::numeric AS score FROM t"
        );
        assert_eq!(
            sql::upsert_as("t", columns),
            "INSERT INTO t (id, name, score) SELECT * FROM UNNEST($1::int[], $2::text[], $3::numeric[]) \
             ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, score = EXCLUDED.score"
        );
    }

    #[test]
    fn a_delete_joins_on_every_key_column() {
        assert_eq!(
            sql::delete("t", &["a", "b"]),
            "DELETE FROM t AS t USING UNNEST($1, $2) AS gone(a, b) WHERE t.a = gone.a AND t.b = gone.b"
        );
    }
}
