//! Working tables: declared once, their rows in memory, read once and written back in sets.

mod declare;
pub mod sql;

use std::fmt::Debug;
use std::future::Future;
use std::hash::Hash;

use futures_util::TryStreamExt;
use rustc_hash::FxHashSet;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::dense::Dense;

/// Rows of a statement. It copies them, twice: when all customers change at once, not all have to be in memory three times.
const ROWS_PER_STATEMENT: usize = 10_000;

/// A query under construction.
pub type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

/// The declaration of a working table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredTable {
    /// Its name, without a schema.
    pub name: &'static str,
    /// The columns of its key.
    pub keys: &'static [&'static str],
    /// All its columns that are read and written.
    pub columns: &'static [&'static str],
    /// Whether it is outside the processor's schema, where other services may have made it.
    pub public: bool,
}

/// All working tables of a processor; [`tables!`](crate::tables) implements it.
pub trait TableSet: Default + Send + 'static {
    /// Its tables, in the order in which they are saved.
    const STORED: &'static [StoredTable];

    /// Reads all rows.
    fn load(connection: &mut PgConnection) -> impl Future<Output = sqlx::Result<Self>> + Send;

    /// Writes what has changed since the last save.
    fn save(&mut self, connection: &mut PgConnection) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Removes the rows that were made from a source table.
    fn clear_table(&mut self, source: &str);

    /// All rows as text, one line each, sorted by table and key: for tests.
    fn show(&self) -> Vec<String>;

    /// Puts the rows of each table the other way round in memory, as a database may answer them: for tests.
    fn reverse(&mut self);
}

/// No tables.
impl TableSet for () {
    const STORED: &'static [StoredTable] = &[];

    async fn load(_: &mut PgConnection) -> sqlx::Result<Self> {
        Ok(())
    }

    async fn save(&mut self, _: &mut PgConnection) -> sqlx::Result<()> {
        Ok(())
    }

    fn clear_table(&mut self, _: &str) {}

    fn show(&self) -> Vec<String> {
        Vec::new()
    }

    fn reverse(&mut self) {}
}

/// A row of a working table; [`table!`](crate::table) implements it. Each verb is one statement, whatever the number of rows.
pub trait Table: Debug + PartialEq + Send + Sync + Sized + 'static {
    /// Its declaration.
    const STORED: StoredTable;

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
pub trait Key: Copy + Debug + Eq + Ord + Hash + Send + Sync + 'static {
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

/// A word that may be part of a key; [`text_enum!`](crate::text_enum) implements it.
pub trait Word:
    Copy
    + Debug
    + Eq
    + Ord
    + Hash
    + Send
    + Sync
    + sqlx::Type<sqlx::Postgres>
    + sqlx::postgres::PgHasArrayType
    + for<'q> sqlx::Encode<'q, sqlx::Postgres>
    + 'static
{
}

impl<W: Word> Key for (W, i32) {
    fn bind<'q>(keys: &[Self], query: Query<'q>) -> Query<'q> {
        let (words, numbers): (Vec<_>, Vec<_>) = keys.iter().copied().unzip();
        query.bind(words).bind(numbers)
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
        for keys in absent.chunks(ROWS_PER_STATEMENT) {
            T::delete(keys, connection).await?;
        }
        for keys in present.chunks(ROWS_PER_STATEMENT) {
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

    /// All rows as text, sorted by key.
    #[doc(hidden)]
    pub fn show(&self, table: &str) -> Vec<String> {
        let mut rows: Vec<&T> = self.iter().collect();
        rows.sort_unstable_by_key(|row| row.key());
        rows.into_iter().map(|row| format!("{table} {row:?}")).collect()
    }

    /// Puts all rows the other way round in memory.
    #[doc(hidden)]
    pub fn reverse(&mut self) {
        self.present.reverse();
    }

    /// Removes all rows.
    pub fn clear(&mut self) {
        self.present.clear();
        self.changed.clear();
        self.cleared = true;
    }
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "a test has no outside")]
mod tests {
    use super::*;

    crate::table! {
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
}
