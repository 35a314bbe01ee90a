//! Decodes a row into a struct, knowing at each moment which column it is at: errors name it.
//!
//! This is a thin layer between serde and the encoding's own deserializer. It demands every field of the struct (serde
//! alone would take a missing column for a NULL) and counts the columns that nobody reads.

use std::any::type_name;
use std::borrow::Cow;
use std::cell::RefCell;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::value::RawValue;

use crate::error::Rejected;

/// Decodes `raw` and says how many of its columns were not read.
pub(crate) fn decode<'de, R: Deserialize<'de>>(
    table: &str,
    raw: &'de RawValue,
) -> Result<(R, usize), Rejected> {
    let place = RefCell::new(Place::default());
    let mut json = serde_json::Deserializer::from_str(raw.get());
    let result = R::deserialize(RowDeserializer { inner: &mut json, place: &place });
    let place = place.into_inner();
    match result {
        Ok(row) => Ok((row, place.ignored)),
        Err(error) => Err(rejected(table, &place.column, &error.to_string())),
    }
}

/// Of a value that is refused, so many characters are told: the record is kept anyway.
const LONGEST_FOUND: usize = 1_000;

/// Where the decoder is.
#[derive(Default)]
struct Place<'de> {
    column: Cow<'de, str>,
    ignored: usize,
}

/// Takes serde's sentence apart: "invalid type: string "x", expected a date" and "missing field `x`".
fn rejected(table: &str, column: &str, message: &str) -> Rejected {
    let message = message.rsplit_once(" at line ").map_or(message, |(head, _)| head);
    let (column, expected, found) = if let Some(rest) = message.strip_prefix("missing field `") {
        (rest.trim_end_matches('`'), "a value", "no such column")
    } else if let Some((found, expected)) = message.split_once(", expected ") {
        (column, expected, found.split_once(": ").map_or(found, |(_, value)| value))
    } else {
        (column, "a value that can be read", message)
    };
    // Nothing of the row was read yet: it is none.
    let column = if column.is_empty() { "?" } else { column };
    let found = found.chars().take(LONGEST_FOUND).collect();
    Rejected { table: table.into(), column: column.into(), expected: expected.into(), found }
}

struct RowDeserializer<'p, 'de, D> {
    inner: D,
    place: &'p RefCell<Place<'de>>,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for RowDeserializer<'_, 'de, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(RowVisitor { inner: visitor, fields, place: self.place })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct RowVisitor<'p, 'de, V> {
    inner: V,
    fields: &'static [&'static str],
    place: &'p RefCell<Place<'de>>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for RowVisitor<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Columns {
            inner: map,
            fields: self.fields,
            read: 0,
            seen: [0; 2],
            place: self.place,
        })
    }
}

/// The columns of a row, with the number of those that a field reads.
struct Columns<'p, 'de, A> {
    inner: A,
    fields: &'static [&'static str],
    read: usize,
    /// One bit per field that was there, for the name of the one that was not.
    seen: [u64; 2],
    place: &'p RefCell<Place<'de>>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Columns<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some(Name(name)) = self.inner.next_key::<Name<'de>>()? else {
            return match self.missing() {
                Some(field) => Err(A::Error::missing_field(field)),
                None => Ok(None),
            };
        };
        let key = match &name {
            Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
            Cow::Owned(name) => seed.deserialize(StrDeserializer::new(name)),
        };
        self.place.borrow_mut().column = name;
        key.map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        if type_name::<T::Value>() == type_name::<IgnoredAny>() {
            self.place.borrow_mut().ignored += 1;
        } else {
            let place = self.place.borrow();
            if let Some(field) = self.fields.iter().position(|field| *field == place.column) {
                self.seen[field / 64 % 2] |= 1 << (field % 64);
            }
            self.read += 1;
        }
        self.inner.next_value_seed(seed)
    }
}

impl<A> Columns<'_, '_, A> {
    fn missing(&self) -> Option<&'static str> {
        if self.read >= self.fields.len() {
            return None;
        }
        self.fields
            .iter()
            .enumerate()
            .find(|(field, _)| self.seen[field / 64 % 2] & (1 << (field % 64)) == 0)
            .map(|(_, name)| *name)
    }
}

/// A column's name, borrowed from the record unless it is written with escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a column name")
            }
            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Row {
        id: i32,
        partner_id: Option<i32>,
    }

    fn check(json: &str) -> Result<(Row, usize), Rejected> {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        decode::<Row>("t", raw)
    }

    #[test]
    fn wanted_columns_are_read_and_others_counted() {
        assert_eq!(
            check(r#"{"id": 7, "name": "x", "partner_id": null, "z": [1]}"#),
            Ok((Row { id: 7, partner_id: None }, 2))
        );
    }

    #[test]
    fn a_missing_column_is_named_even_where_null_is_allowed() {
        let rejected = check(r#"{"id": 7}"#).unwrap_err();
        assert_eq!(
            rejected.to_string(),
            "table t, column partner_id: expected a value, found no such column"
        );
    }

    #[test]
    fn a_mistyped_column_is_named_with_expected_and_found() {
        let rejected = check(r#"{"id": "seven", "partner_id": 1}"#).unwrap_err();
        assert_eq!(rejected.to_string(), r#"table t, column id: expected i32, found string "seven""#);
        let rejected = check(r#"{"id": 3000000000, "partner_id": 1}"#).unwrap_err();
        assert_eq!((rejected.column.as_str(), rejected.expected.as_str()), ("id", "i32"));
    }

    #[test]
    fn of_a_long_value_only_the_beginning_is_told() {
        let rejected = check(&format!(r#"{{"id": "{}", "partner_id": 1}}"#, "é".repeat(5_000))).unwrap_err();
        assert_eq!((rejected.column.as_str(), rejected.found.chars().count()), ("id", LONGEST_FOUND));
    }

    #[test]
    fn a_row_that_is_no_object_is_refused() {
        let rejected = check("[1,2]").unwrap_err();
        assert_eq!((rejected.column.as_str(), rejected.expected.as_str()), ("?", "a row"));
    }
}
