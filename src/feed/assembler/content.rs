//! What a row's change decodes to.

use contract::{Change, Decode, Rejected};

use super::held::Span;
use crate::feed::delivery::{DeadLetter, RowBatch};
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
    Nothing,
    DeadLetter(Box<DeadLetter>),
}

impl<R> RowBatch<R> {
    pub(super) fn push(&mut self, key: RowKey, offset: i64, decoded: Decoded<R>) {
        self.keys.push((key, offset));
        match decoded {
            Decoded::Change(change) => self.changes.push(change),
            Decoded::DeadLetter(dead_letter) => self.dead_letters.push(*dead_letter),
            Decoded::Nothing => {}
        }
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
    match decoded {
        Ok(Some(event)) => Decoded::Change(event),
        Ok(None) => Decoded::Nothing,
        Err(reason) => {
            Decoded::DeadLetter(Box::new(dead_letter(reason, Some(key), change.key.to_owned(), input)))
        }
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
