//! From a change of a source table to a row of a working table.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::change::{Change, Op};
use crate::error::Rejected;
use crate::table::Table;

/// What a processor reads of the feed; [`tables!`](crate::tables) implements it for the enum of its row changes.
pub trait Decode: Sized + Send + 'static {
    /// The source tables that are read.
    const TABLES: &'static [&'static str];

    /// Decodes one change of one of these tables. `None` when the row can never matter.
    ///
    /// # Errors
    /// The column that is missing or wrong.
    fn decode(change: &Change<'_>) -> Result<Option<Self>, Rejected>;
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

    /// The row to store; `None` when it cannot matter. Values are checked here, so that saving cannot fail on them.
    ///
    /// # Errors
    /// A value that cannot be used.
    fn from_columns(key: Self::Key, columns: Self::Columns<'_>) -> Result<Option<Self>, Invalid>;
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

/// Decodes a change of the source table that `T` is made from: the key, and the row unless it is gone or cannot matter.
///
/// # Errors
/// The column that is missing or wrong.
pub fn decode<T, K>(change: &Change<'_>) -> Result<(T::Key, Option<T>), Rejected>
where
    T: FromSource,
    K: DeserializeOwned + Into<T::Key>,
{
    let key = change.key::<K>()?.into();
    if change.op == Op::Delete {
        return Ok((key, None));
    }
    let columns = change.row::<T::Columns<'_>>()?;
    let row = columns.map(|columns| T::from_columns(key, columns)).transpose();
    let row = row.map_err(|Invalid { column, expected, found }| Rejected {
        table: change.table.into(),
        column: column.into(),
        expected: expected.into(),
        found,
    })?;
    Ok((key, row.flatten()))
}
