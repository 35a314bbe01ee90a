//! Records of the open transaction as they came. Odoo writes most rows several times in one, and only the last version of each is
//! ever decoded.

use contract::{Change, Op, Rejected};

use super::Decode;
use super::content::{Decoded, decoded, letter};
use crate::feed::envelope::{self, Seen};
use crate::feed::input::{Counts, Input};
use crate::feed::key::RowKey;

/// From so many bytes on, what is held is decoded.
const MOST: usize = 8 << 20;

/// The bytes of all records that are held, one behind the other.
#[derive(Default)]
pub(super) struct Held(Vec<u8>);

/// Where a record lies among them, and what it is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    table: &'static str,
    timestamp: i64,
    begin: usize,
    key: usize,
    value: usize,
    image: usize,
}

impl Held {
    /// Holds a record.
    pub(super) fn push(&mut self, seen: &Seen<'_>, input: &Input<'_>) -> Place {
        let (begin, value) = (self.0.len(), input.value.unwrap_or_default());
        self.0.extend_from_slice(seen.key.as_bytes());
        self.0.extend_from_slice(value);
        Place {
            table: seen.table,
            timestamp: input.timestamp,
            begin,
            key: seen.key.len(),
            value: value.len(),
            image: seen.image.len(),
        }
    }

    /// Whether so much is held that it should be decoded.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() > MOST
    }

    /// Lets go of all records.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Decodes the record at `place`.
    pub(super) fn decode<E>(
        &self,
        place: Place,
        (row, offset): (RowKey, i64),
        decode: Decode<E>,
        counts: &mut Counts,
    ) -> Decoded<E> {
        let record = self.0.get(place.begin..place.begin + place.key + place.value).unwrap_or_default();
        let (key, value) = record.split_at(place.key);
        let input =
            Input { offset, timestamp: place.timestamp, key: Some(key), value: Some(value), kind: None };
        match change(place, key, value) {
            Ok(change) => decoded(decode, counts, place.table, row, &change, &input),
            Err(reason) => {
                let row_key = String::from_utf8_lossy(key).into_owned();
                Decoded::Letter(Box::new(letter(reason, Some(row), row_key, &input)))
            }
        }
    }
}

fn change<'a>(place: Place, key: &'a [u8], value: &'a [u8]) -> Result<Change<'a>, Rejected> {
    let image = value.get(envelope::IMAGE..envelope::IMAGE + place.image).unwrap_or_default();
    let (key, image) = (envelope::text(key)?, envelope::text(image)?);
    Ok(Change { table: place.table, op: Op::Upsert, key, image: Some(image), ignored_columns: 0.into() })
}
