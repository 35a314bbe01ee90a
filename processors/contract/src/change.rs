//! One change of one row, as a processor sees it: the same whatever the encoding of the feed.

use std::cell::Cell;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Rejected;
use crate::format::Times;
use crate::row::{self, Decoded, Gaps};

/// What happened to the row. Inserts, updates and snapshot rows are all full images: upserts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// The row is now as given.
    Upsert,
    /// The row is gone; only its key is known.
    Delete,
}

/// One change. Nothing but the table, the operation and the key has been read yet; [`Change::row`] decodes the wanted columns
/// straight into the processor's own struct.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// The source table, without its schema: `account_move_line`.
    pub table: &'a str,
    /// What happened.
    pub op: Op,
    /// The key columns, as JSON: `{"id":7}`.
    pub key: &'a str,
    /// The row image, as JSON; absent for a delete.
    pub image: Option<&'a str>,
    /// What its timestamps are counted in.
    pub times: Times<'a>,
    /// How many columns of the row nobody has read.
    pub ignored_columns: Cell<usize>,
}

impl<'a> Change<'a> {
    /// The key's columns. Each field of `K` must be one of them.
    pub fn key<K: DeserializeOwned>(&self) -> Result<K, Rejected> {
        self.whole(row::decode(self.table, self.key, self.times)?.0)
    }

    /// The wanted columns of the row, `None` for a delete. Every field of `R` must be there, though its value may be null
    /// where the field is an `Option`. Other columns are skipped.
    pub fn row<R: Deserialize<'a>>(&self) -> Result<Option<R>, Rejected> {
        self.columns()?.map(|decoded| self.whole(decoded)).transpose()
    }

    /// The same, whether or not each column was sent.
    pub(crate) fn columns<R: Deserialize<'a>>(&self) -> Result<Option<Decoded<R>>, Rejected> {
        if self.op == Op::Delete {
            return Ok(None);
        }
        let image = self.image.ok_or_else(|| Rejected {
            table: self.table.into(),
            column: "?".into(),
            expected: "a row image in `after`".into(),
            found: "nothing".into(),
        })?;
        let (row, ignored) = row::decode(self.table, image, self.times)?;
        self.ignored_columns.set(ignored);
        Ok(Some(row))
    }

    fn whole<R>(&self, decoded: Decoded<R>) -> Result<R, Rejected> {
        match decoded {
            Decoded::Row(row, Gaps { unavailable, .. }) if unavailable.is_empty() => Ok(row),
            Decoded::Row(_, Gaps { unavailable, .. }) => Err(Rejected::unavailable(self.table, &unavailable)),
            Decoded::MissingColumns(missing_columns) => {
                Err(Rejected::missing_columns(self.table, &missing_columns))
            }
        }
    }
}
