//! Records of the open transaction as they came. Odoo writes most rows several times in one, and only the last version of each is
//! ever decoded.

use contract::{Change, Decode, Op, Rejected, TimeUnit, Times};

use super::content::{Decoded, dead_letter, decoded};
use crate::feed::envelope::text;
use crate::feed::glance::{IMAGE, Seen};
use crate::feed::input::{Counts, Input};
use crate::feed::key::RowKey;

/// From this number of bytes on, what is held is decoded.
const MOST: usize = 8 << 20;

/// The bytes of all records that are held, one behind the other.
#[derive(Default)]
pub(super) struct Held(Vec<u8>);

/// Where a record lies among them, and what it is.
#[derive(Clone, Copy)]
pub(super) struct Span {
    table: &'static str,
    timestamp: i64,
    begin: usize,
    key: usize,
    value: usize,
    image: usize,
}

impl Held {
    /// Holds a record.
    pub(super) fn push(&mut self, table: &'static str, seen: &Seen<'_>, input: &Input<'_>) -> Span {
        let (begin, value) = (self.0.len(), input.value.unwrap_or_default());
        self.0.extend_from_slice(seen.key.as_bytes());
        self.0.extend_from_slice(value);
        Span {
            table,
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

    /// Decodes the record at `span`.
    pub(super) fn decode<R: Decode>(
        &self,
        span: Span,
        (row, offset): (RowKey, i64),
        unit: TimeUnit,
        counts: &mut Counts,
    ) -> Decoded<R> {
        let record = self.0.get(span.begin..span.begin + span.key + span.value).unwrap_or_default();
        let (key, value) = record.split_at(span.key);
        let input =
            Input { offset, timestamp: span.timestamp, key: Some(key), value: Some(value), kind: None };
        match change(span, unit, key, value) {
            Ok(change) => decoded(counts, span.table, row, &change, &input),
            Err(reason) => {
                let row_key = String::from_utf8_lossy(key).into_owned();
                Decoded::DeadLetter(Box::new(dead_letter(reason, Some(row), row_key, &input)))
            }
        }
    }
}

fn change<'a>(span: Span, unit: TimeUnit, key: &'a [u8], value: &'a [u8]) -> Result<Change<'a>, Rejected> {
    let image = value.get(IMAGE..IMAGE + span.image).unwrap_or_default();
    let (key, image) = (text(key)?, text(image)?);
    let times = Times { unit, schema: None };
    Ok(Change {
        table: span.table,
        op: Op::Upsert,
        key,
        image: Some(image),
        times,
        ignored_columns: 0.into(),
    })
}
