//! From a change of a source table to a row of a working table.

use std::cell::Cell;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::change::Change;
use crate::error::Rejected;
use crate::row::{self, Gaps};
use crate::table::{Table, TableSet};

/// What a processor reads of the feed; [`tables!`](crate::tables) implements it for the enum of its row changes.
pub trait Decode: Sized + Send + 'static {
    /// The source tables that are read.
    const TABLES: &'static [&'static str];

    /// The working tables that the rows are stored in.
    type Tables: TableSet;

    /// The columns that are read of each of them.
    fn columns() -> Vec<(&'static str, &'static [&'static str])> {
        Vec::new()
    }

    /// Decodes one change of one of these tables.
    ///
    /// # Errors
    /// The column that is wrong.
    fn decode(change: &Change<'_>) -> Result<Decoded<Self>, Rejected>;

    /// Whether a row of this table may come without some of its columns' values, because they did not change.
    fn may_be_partial(_table: &str) -> bool {
        false
    }

    /// A row whose columns that were not sent are as they are stored; `None` where it is not stored.
    fn complete(partial: Partial<Self>, tables: &Self::Tables) -> Option<Self>;
}

/// What a change says.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded<R> {
    /// All that is wanted of the row.
    Whole(R),
    /// Not every wanted value.
    Partial(Partial<R>),
    /// Its table does not have these columns.
    MissingColumns(Missing<R>),
}

/// A row that came without wanted columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing<R> {
    /// The columns.
    pub columns: Vec<&'static str>,
    /// The row with nothing in them, where a version of Odoo [keeps them elsewhere](crate::odoo::kept_elsewhere).
    pub change: Option<R>,
}

impl<R> Decoded<R> {
    /// The same about what `of` makes of the row.
    pub fn map<S>(self, of: impl FnOnce(R) -> S) -> Decoded<S> {
        match self {
            Self::Whole(change) => Decoded::Whole(of(change)),
            Self::Partial(Partial { change, unavailable }) => {
                Decoded::Partial(Partial { change: of(change), unavailable })
            }
            Self::MissingColumns(Missing { columns, change }) => {
                Decoded::MissingColumns(Missing { columns, change: change.map(of) })
            }
        }
    }
}

/// A row of which some wanted values were not sent: PostgreSQL stores long values out of line, and does not write them into its log
/// again where they did not change.
/// <https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-toasted-values>
#[derive(Clone, Debug, PartialEq)]
pub struct Partial<R> {
    /// The row, with nothing in these columns.
    pub change: R,
    /// The columns.
    pub unavailable: Vec<&'static str>,
}

impl<R> Partial<R> {
    /// Why it cannot be used where those values are not known from before.
    pub fn rejected(&self, table: &str) -> Rejected {
        Rejected::unavailable(table, &self.unavailable)
    }
}

/// The row that a change is about; [`tables!`](crate::tables) implements it together with [`Decode`].
pub trait Keyed: Decode {
    /// Which row it is about: the source table and the key, as text.
    fn row(&self) -> (&'static str, String);

    /// Whether the row is gone, or cannot matter.
    fn is_deletion(&self) -> bool;

    /// That the row is gone.
    #[must_use]
    fn deletion(&self) -> Self;
}

/// A working table that stores rows of a source table.
pub trait FromSource: Table {
    /// The columns that are read. A field whose value may be NULL is an `Option`; a field that the record lacks is an error.
    type Columns<'a>: Deserialize<'a>;

    /// The columns that may be so long that PostgreSQL stores them out of line, and what is stored of each:
    /// [`kept!`](crate::kept). One that was not sent is NULL or an empty text in `Columns`; whether a row matters must not depend
    /// on it.
    const KEPT: &'static [Kept<Self>] = &[];

    /// The row to store; `None` when it cannot matter. Values are checked here, so that saving cannot fail on them.
    ///
    /// # Errors
    /// A value that cannot be used.
    fn from_columns(key: Self::Key, columns: Self::Columns<'_>) -> Result<Option<Self>, Invalid>;
}

/// A column that may not be sent where it did not change.
pub struct Kept<T: 'static> {
    /// Its name.
    pub column: &'static str,
    /// Sets what is stored of it to what was stored before.
    pub keep: fn(&mut T, &T),
}

/// Names the columns that may not be sent where they did not change, each with the field that is stored of it, where that has
/// another name: `kept![name, email from "email_from"]`.
#[macro_export]
macro_rules! kept {
    ($($field:ident $(from $column:literal)?),+ $(,)?) => {
        &[$($crate::Kept {
            column: $crate::kept!(@column $field $($column)?),
            keep: |row, stored| row.$field.clone_from(&stored.$field),
        },)+]
    };
    (@column $field:ident $column:literal) => { $column };
    (@column $field:ident) => { stringify!($field) };
}

/// A value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The column.
    pub column: &'static str,
    /// What would have been accepted.
    pub expected: &'static str,
    /// What was there: for the dead letter, never for a log.
    pub found: String,
}

/// The key column of most tables.
#[derive(Deserialize)]
pub struct Id {
    id: i32,
}

impl From<Id> for i32 {
    fn from(key: Id) -> Self {
        key.id
    }
}

/// A row by its key; `None` where it is gone or cannot matter.
type ByKey<T> = (<T as Table>::Key, Option<T>);

/// Decodes a change of the source table that `T` is made from.
///
/// # Errors
/// The column that is wrong, or was not sent though it has to be.
pub fn decode<T, K>(change: &Change<'_>) -> Result<Decoded<ByKey<T>>, Rejected>
where
    T: FromSource,
    K: DeserializeOwned + Into<T::Key>,
{
    let key = change.key::<K>()?.into();
    let (columns, Gaps { unavailable, elsewhere }) = match change.columns::<T::Columns<'_>>()? {
        Some(row::Decoded::Row(columns, gaps)) => (columns, gaps),
        Some(row::Decoded::MissingColumns(columns)) => {
            return Ok(Decoded::MissingColumns(Missing { columns, change: None }));
        }
        None => return Ok(Decoded::Whole((key, None))),
    };
    let is_kept = |column: &&str| T::KEPT.iter().any(|kept| kept.column == *column);
    if !unavailable.iter().all(is_kept) {
        return Err(Rejected::unavailable(change.table, &unavailable));
    }
    let row = T::from_columns(key, columns).map_err(|Invalid { column, expected, found }| Rejected {
        table: change.table.into(),
        column: column.into(),
        expected: expected.into(),
        found,
    })?;
    let change = (key, row);
    Ok(if !unavailable.is_empty() && change.1.is_some() {
        // What is stored of it came whole, and told then of columns that are kept elsewhere.
        Decoded::Partial(Partial { change, unavailable })
    } else if elsewhere.is_empty() {
        Decoded::Whole(change)
    } else {
        Decoded::MissingColumns(Missing { columns: elsewhere, change: Some(change) })
    })
}

/// The fields of a struct of columns.
#[doc(hidden)]
pub fn columns<R: Deserialize<'static>>() -> &'static [&'static str] {
    let fields = Cell::default();
    // It has nothing to be made of.
    let _ = R::deserialize(row::Fields(&fields));
    fields.take()
}

/// Sets what is stored of these columns to what was stored before.
#[doc(hidden)]
pub fn keep<T: FromSource>(row: &mut T, stored: &T, columns: &[&str]) {
    for kept in T::KEPT.iter().filter(|kept| columns.contains(&kept.column)) {
        (kept.keep)(row, stored);
    }
}
