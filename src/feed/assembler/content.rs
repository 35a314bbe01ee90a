//! What a row's change decodes to.

use contract::{Change, Rejected};

use super::Decode;
use super::held::Place;
use crate::feed::input::{Counts, Input};
use crate::feed::key::RowKey;
use crate::feed::unit::{Bulk, Letter};

/// A row's change, decoded or not.
pub(super) enum Content<E> {
    Decoded(Decoded<E>),
    /// Held as it came, to be decoded when no later version can come.
    Held(Place),
    /// Too large to hold: to be read again.
    Later,
}

/// What a row's change says.
pub(super) enum Decoded<E> {
    Event(E),
    Nothing,
    Letter(Box<Letter>),
}

impl<E> Bulk<E> {
    pub(super) fn push(&mut self, key: RowKey, offset: i64, decoded: Decoded<E>) {
        self.keys.push((key, offset));
        match decoded {
            Decoded::Event(event) => self.events.push(event),
            Decoded::Letter(letter) => self.letters.push(*letter),
            Decoded::Nothing => {}
        }
    }
}

/// Decodes a change of a wanted table; what cannot be used becomes a dead letter.
pub(super) fn decoded<E>(
    decode: Decode<E>,
    counts: &mut Counts,
    table: &'static str,
    key: RowKey,
    change: &Change<'_>,
    input: &Input<'_>,
) -> Decoded<E> {
    let decoded = decode(change);
    *counts.ignored_columns.entry(table).or_default() += change.ignored_columns.get() as u64;
    match decoded {
        Ok(Some(event)) => Decoded::Event(event),
        Ok(None) => Decoded::Nothing,
        Err(reason) => Decoded::Letter(Box::new(letter(reason, Some(key), change.key.to_owned(), input))),
    }
}

/// A record that cannot be used, as it is kept.
pub(super) fn letter(reason: Rejected, row: Option<RowKey>, row_key: String, input: &Input<'_>) -> Letter {
    let bytes = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    Letter { mark: input.mark(), row, row_key, reason, key: bytes(input.key), value: bytes(input.value) }
}
