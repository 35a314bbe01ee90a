//! Decodes a row into a struct, knowing at any time which column it is at: errors name it.
//!
//! This is a thin layer between serde and serde_json. Only the columns that the struct has are ever read; the others are walked
//! over and counted. Every field of the struct must be there (serde alone would take a missing column for a NULL).

use std::cell::Cell;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use crate::error::Rejected;
use crate::object::{Malformed, Members};

/// Decodes `text` and says how many of its columns were not read.
pub(crate) fn decode<'de, R: Deserialize<'de>>(table: &str, text: &'de str) -> Result<(R, usize), Rejected> {
    let cursor = Cursor::default();
    match R::deserialize(Row { text, cursor: &cursor }) {
        Ok(row) => Ok((row, cursor.ignored.get())),
        Err(error) => Err(rejected(table, cursor.column.get(), &error.to_string())),
    }
}

/// A value that is refused is shown up to this number of characters: the record is stored anyway.
const LONGEST_FOUND: usize = 1_000;

/// Where the decoder is.
#[derive(Default)]
struct Cursor<'de> {
    column: Cell<&'de str>,
    ignored: Cell<usize>,
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

/// The row as serde sees it.
struct Row<'p, 'de> {
    text: &'de str,
    cursor: &'p Cursor<'de>,
}

impl<'de> Deserializer<'de> for Row<'_, 'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        serde_json::Deserializer::from_str(self.text).deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let Some(members) = Members::new(self.text) else {
            return Err(Error::custom("something else, expected a row"));
        };
        let lengths = fields.iter().fold(0, |lengths, field| lengths | bit(field.len()));
        visitor.visit_map(Columns {
            members,
            fields,
            lengths,
            value: "",
            read: 0,
            seen: [0; 2],
            cursor: self.cursor,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The columns of a row that a field reads.
struct Columns<'p, 'de> {
    members: Members<'de>,
    fields: &'static [&'static str],
    /// One bit per length that a field's name has: most columns are told apart by it.
    lengths: u64,
    /// Of the column whose name was read last.
    value: &'de str,
    read: usize,
    /// One bit per field that was there, for the name of the one that was not.
    seen: [u64; 2],
    cursor: &'p Cursor<'de>,
}

impl<'de> MapAccess<'de> for Columns<'_, 'de> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        let mut ignored = 0;
        let name = loop {
            match self.members.next_member() {
                Ok(Some((name, value))) if self.wants(name) => {
                    self.value = value;
                    break Some(name);
                }
                Ok(Some(_)) => ignored += 1,
                Ok(None) => break None,
                Err(Malformed(at)) => return Err(Error::custom(format!("no JSON from byte {at} on"))),
            }
        };
        self.cursor.ignored.set(self.cursor.ignored.get() + ignored);
        match (name, self.missing()) {
            (Some(name), _) => {
                self.cursor.column.set(name);
                seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
            }
            (None, Some(field)) => Err(Error::missing_field(field)),
            (None, None) => Ok(None),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Self::Error> {
        let mut json = serde_json::Deserializer::from_str(self.value);
        let value = seed.deserialize(&mut json)?;
        json.end()?;
        Ok(value)
    }
}

impl Columns<'_, '_> {
    fn wants(&mut self, name: &str) -> bool {
        if self.lengths & bit(name.len()) == 0 {
            return false;
        }
        let found = self.fields.iter().position(|field| *field == name);
        if let Some(field) = found {
            self.seen[field / 64 % 2] |= 1 << (field % 64);
            self.read += 1;
        }
        found.is_some()
    }

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

fn bit(length: usize) -> u64 {
    1 << (length % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Wanted {
        id: i32,
        partner_id: Option<i32>,
    }

    fn check(json: &str) -> Result<(Wanted, usize), Rejected> {
        decode::<Wanted>("t", json)
    }

    #[test]
    fn wanted_columns_are_read_and_others_counted() {
        assert_eq!(
            check(r#"{"id": 7, "name": "x", "partner_id": null, "z": [1]}"#),
            Ok((Wanted { id: 7, partner_id: None }, 2))
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
    fn a_row_that_breaks_off_is_refused_even_when_all_that_is_wanted_was_there() {
        let rejected = check(r#"{"id": 7, "partner_id": 1, "name": "x"#).unwrap_err();
        assert_eq!(
            (rejected.column.as_str(), rejected.expected.as_str()),
            ("partner_id", "a value that can be read")
        );
    }

    #[test]
    fn a_number_with_something_behind_it_is_none() {
        assert!(check(r#"{"id": 7x, "partner_id": 1}"#).is_err());
    }

    #[test]
    fn of_a_long_value_only_the_beginning_is_shown() {
        let rejected = check(&format!(r#"{{"id": "{}", "partner_id": 1}}"#, "é".repeat(5_000))).unwrap_err();
        assert_eq!((rejected.column.as_str(), rejected.found.chars().count()), ("id", LONGEST_FOUND));
    }

    #[test]
    fn a_row_that_is_no_object_is_refused() {
        let rejected = check("[1,2]").unwrap_err();
        assert_eq!((rejected.column.as_str(), rejected.expected.as_str()), ("?", "a row"));
    }
}
