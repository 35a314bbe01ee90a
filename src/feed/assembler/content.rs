//! What a row's change decodes to.

use contract::{Change, Decode, Missing, Rejected};

use super::held::Span;
use crate::feed::delivery::{DeadLetter, PartialRow, RowBatch};
use crate::feed::input::{Counts, Input};
use crate::feed::key::RowKey;

/// A row's change, decoded or not.
pub(super) enum Content<R> {
    Decoded(Decoded<R>),
    /// Held as it came, to be decoded when no later version can come.
    Held(Span),
    /// Too large to hold: to be read again.
    Later,
}

/// What a row's change says.
pub(super) enum Decoded<R> {
    Change(R),
    Partial(Box<PartialRow<R>>),
    /// Its table does not have some columns.
    MissingColumns(&'static str, Box<Missing<R>>),
    Nothing,
    DeadLetter(Box<DeadLetter>),
}

impl<R> RowBatch<R> {
    /// Adds a version of a row, behind those that it supersedes.
    pub(super) fn push(&mut self, key: RowKey, offset: i64, decoded: Decoded<R>) {
        match decoded {
            // It needs what comes before it.
            Decoded::Partial(partial) => return self.partials.entry(key).or_default().push(*partial),
            Decoded::MissingColumns(table, missing) => {
                let Missing { columns, change } = *missing;
                self.missing_columns.extend(columns.into_iter().map(|column| (table, column)));
                let Some(change) = change else { return };
                self.changes.push(change);
            }
            Decoded::Change(change) => self.changes.push(change),
            Decoded::DeadLetter(dead_letter) => self.dead_letters.push(*dead_letter),
            Decoded::Nothing => {}
        }
        self.partials.remove(&key);
        self.keys.push((key, offset));
    }
}

/// Decodes a change of a wanted table; what cannot be used becomes a dead letter.
pub(super) fn decoded<R: Decode>(
    counts: &mut Counts,
    table: &'static str,
    key: RowKey,
    change: &Change<'_>,
    input: &Input<'_>,
) -> Decoded<R> {
    let decoded = R::decode(change);
    *counts.ignored_columns.entry(table).or_default() += change.ignored_columns.get() as u64;
    let dead_letter = |reason| dead_letter(reason, Some(key), change.key.to_owned(), input);
    match decoded {
        Ok(contract::Decoded::Whole(change)) => Decoded::Change(change),
        Ok(contract::Decoded::Partial(partial)) => {
            let otherwise = dead_letter(partial.rejected(table));
            Decoded::Partial(Box::new(PartialRow { partial, otherwise }))
        }
        Ok(contract::Decoded::MissingColumns(missing)) => {
            if missing.change.is_none() {
                counts.skip("row without a wanted column", 1);
            }
            Decoded::MissingColumns(table, Box::new(missing))
        }
        Err(reason) => Decoded::DeadLetter(Box::new(dead_letter(reason))),
    }
}

/// A record that cannot be used, as it is stored.
pub(super) fn dead_letter(
    reason: Rejected,
    row: Option<RowKey>,
    row_key: String,
    input: &Input<'_>,
) -> DeadLetter {
    let bytes = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    DeadLetter {
        record: input.record_ref(),
        row,
        row_key,
        reason,
        key: bytes(input.key),
        value: bytes(input.value),
    }
}
