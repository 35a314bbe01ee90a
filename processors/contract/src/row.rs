//! Decodes a row into a struct, knowing at any time which column it is at: errors name it.
//!
//! This is a thin layer between serde and serde_json. Only the columns that the struct has are ever read; the others are walked
//! over and counted. Every field of the struct must be there (serde alone would take a missing column for a NULL), unless a
//! version of Odoo has no such column.

use std::cell::{Cell, RefCell};

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use crate::column::{PER_COMPANY, TIMESTAMP, TimestampVisitor, UNAVAILABLE};
use crate::error::Rejected;
use crate::format::Times;
use crate::object::{Malformed, Members};
use crate::odoo;

/// What a row says of the columns that are wanted.
#[derive(Debug, PartialEq)]
pub(crate) enum Decoded<R> {
    /// Their values.
    Row(R, Gaps),
    /// It does not have these.
    MissingColumns(Vec<&'static str>),
}

/// Columns of a row that hold nothing, though their values are not NULL.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Gaps {
    /// Those that were not sent, because they did not change.
    pub(crate) unavailable: Vec<&'static str>,
    /// Those that this version of Odoo keeps in another table.
    pub(crate) elsewhere: Vec<&'static str>,
}

/// Decodes `text`, a row of `table` or its key whose timestamps are counted as `times` say, and says how many of its columns were not read.
pub(crate) fn decode<'de, R: Deserialize<'de>>(
    table: &str,
    text: &'de str,
    times: Times<'_>,
) -> Result<(Decoded<R>, usize), Rejected> {
    let cursor = Cursor { table, times, ..Cursor::default() };
    let decoded = R::deserialize(Row { text, cursor: &cursor });
    let (ignored, missing_columns) = (cursor.ignored.get(), cursor.missing_columns.take());
    match decoded {
        Ok(row) => {
            let gaps = Gaps { unavailable: cursor.unavailable.take(), elsewhere: cursor.elsewhere.take() };
            Ok((Decoded::Row(row, gaps), ignored))
        }
        Err(_) if !missing_columns.is_empty() => Ok((Decoded::MissingColumns(missing_columns), ignored)),
        Err(error) => Err(rejected(table, cursor.column.get(), &error.to_string())),
    }
}

/// A value that is refused is shown up to this number of characters: the record is stored anyway.
const LONGEST_FOUND: usize = 1_000;

/// Where the decoder is, and what it has met.
#[derive(Default)]
struct Cursor<'p, 'de> {
    table: &'p str,
    times: Times<'p>,
    column: Cell<&'de str>,
    ignored: Cell<usize>,
    unavailable: RefCell<Vec<&'static str>>,
    elsewhere: RefCell<Vec<&'static str>>,
    missing_columns: RefCell<Vec<&'static str>>,
}

/// Takes serde's sentence apart: "invalid type: string "x", expected a date".
fn rejected(table: &str, column: &str, message: &str) -> Rejected {
    let message = message.rsplit_once(" at line ").map_or(message, |(head, _)| head);
    let (column, expected, found) = if let Some((found, expected)) = message.split_once(", expected ") {
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
    cursor: &'p Cursor<'p, 'de>,
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
            field: 0,
            value: "",
            read: 0,
            ended: false,
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
    /// The field that was read last, and its value.
    field: usize,
    value: &'de str,
    read: usize,
    /// Whether the last column has been walked over.
    ended: bool,
    /// One bit per field that was there, for the names of those that were not.
    seen: [u64; 2],
    cursor: &'p Cursor<'p, 'de>,
}

impl<'de> MapAccess<'de> for Columns<'_, 'de> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        let mut ignored = 0;
        let name = loop {
            if self.ended {
                break None;
            }
            match self.members.next_member() {
                Ok(Some((name, value))) if self.wants(name) => {
                    self.value = value;
                    break Some(name);
                }
                Ok(Some(_)) => ignored += 1,
                Ok(None) => self.ended = true,
                Err(Malformed(at)) => return Err(Error::custom(format!("no JSON from byte {at} on"))),
            }
        };
        self.cursor.ignored.set(self.cursor.ignored.get() + ignored);
        let Some(name) = name.map_or_else(|| self.absent(), |name| Ok(Some(name)))? else { return Ok(None) };
        self.cursor.column.set(name);
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Self::Error> {
        if is_unavailable(self.value) {
            self.cursor.unavailable.borrow_mut().extend(self.fields.get(self.field));
            return seed.deserialize(Nothing);
        }
        seed.deserialize(Value { text: self.value, cursor: self.cursor })
    }
}

impl Columns<'_, '_> {
    fn wants(&mut self, name: &str) -> bool {
        if self.lengths & bit(name.len()) == 0 {
            return false;
        }
        let found = self.fields.iter().position(|field| *field == name);
        if let Some(field) = found {
            self.see(field);
        }
        found.is_some()
    }

    fn see(&mut self, field: usize) {
        self.seen[field / 64 % 2] |= 1 << (field % 64);
        self.read += 1;
        self.field = field;
    }

    /// Behind the last column: the next one that this version of Odoo may not have, which is NULL then.
    fn absent(&mut self) -> Result<Option<&'static str>, serde_json::Error> {
        if self.read >= self.fields.len() {
            return Ok(None);
        }
        let seen = self.seen;
        let unseen = move |field: &usize| seen[field / 64 % 2] & (1 << (field % 64)) == 0;
        let unseen = (0..self.fields.len()).filter(unseen).map(|field| (field, self.fields[field]));
        let table = self.cursor.table;
        let is_missing = |name: &str| !odoo::may_be_absent(table, name);
        let is_elsewhere = |name: &str| odoo::kept_elsewhere(table, name).is_some();
        if let Some((_, first)) = unseen.clone().find(|(_, name)| is_missing(name)) {
            let all = unseen.map(|(_, name)| name).filter(|name| is_missing(name) || is_elsewhere(name));
            let mut all: Vec<_> = all.collect();
            all.sort_unstable();
            self.cursor.missing_columns.replace(all);
            return Err(Error::missing_field(first));
        }
        let Some((field, name)) = unseen.clone().next() else { return Ok(None) };
        self.see(field);
        self.value = "null";
        if is_elsewhere(name) {
            self.cursor.elsewhere.borrow_mut().push(name);
        }
        Ok(Some(name))
    }
}

/// Whether a value is the text that stands in for one that was not sent.
fn is_unavailable(value: &str) -> bool {
    // Most are of another length.
    value.len() == UNAVAILABLE.len() + 2 && value.get(1..=UNAVAILABLE.len()) == Some(UNAVAILABLE)
}

/// A value, as JSON.
struct Value<'p, 'de> {
    text: &'de str,
    cursor: &'p Cursor<'p, 'de>,
}

impl<'de> Deserializer<'de> for Value<'_, 'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let mut json = serde_json::Deserializer::from_str(self.text);
        let value = json.deserialize_any(visitor)?;
        json.end()?;
        Ok(value)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.text == "null" { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    /// A timestamp in the unit of its column, nothing for a number where values per company are wanted; any other value as it is.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        if name == PER_COMPANY && is_number(self.text) {
            let known = odoo::elsewhere(self.cursor.table, self.cursor.column.get());
            if let Some((column, _)) = known {
                self.cursor.elsewhere.borrow_mut().push(column);
                return visitor.visit_unit();
            }
        }
        let number = if name == TIMESTAMP { self.text.parse().ok() } else { None };
        let Some(number) = number else { return visitor.visit_newtype_struct(self) };
        let unit = self.cursor.times.unit_of(self.cursor.column.get());
        match unit.instant(number) {
            Some(time) => visitor.visit_i64(time.timestamp_micros()),
            None => Err(Error::invalid_value(Unexpected::Signed(number), &TimestampVisitor)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// A number, or a text that is one, as a connector may write it.
fn is_number(json: &str) -> bool {
    json.trim_matches('"').parse::<f64>().is_ok()
}

/// Says which fields a struct has, and makes none.
pub(crate) struct Fields<'p>(pub(crate) &'p Cell<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Self::Error> {
        Err(Error::custom("nothing to read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.set(fields);
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A value that is not here: NULL where that is allowed, or else an empty text.
struct Nothing;

impl<'de> Deserializer<'de> for Nothing {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_borrowed_str("")
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

fn bit(length: usize) -> u64 {
    1 << (length % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::PerCompany;
    use crate::column::Timestamp;
    use crate::format::TimeUnit;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Wanted {
        id: i32,
        partner_id: Option<i32>,
    }

    fn check(json: &str) -> Result<(Decoded<Wanted>, usize), Rejected> {
        decode::<Wanted>("t", json, Times::default())
    }

    #[test]
    fn wanted_columns_are_read_and_others_counted() {
        assert_eq!(
            check(r#"{"id": 7, "name": "x", "partner_id": null, "z": [1]}"#),
            Ok((Decoded::Row(Wanted { id: 7, partner_id: None }, Gaps::default()), 2))
        );
    }

    #[test]
    fn all_missing_columns_are_named_even_where_null_is_allowed() {
        assert_eq!(check(r#"{"id": 7}"#), Ok((Decoded::MissingColumns(vec!["partner_id"]), 0)));
        assert_eq!(check(r#"{"x": 7}"#), Ok((Decoded::MissingColumns(vec!["id", "partner_id"]), 1)));
    }

    #[test]
    fn a_column_that_some_version_of_odoo_does_not_have_is_null_there() {
        #[derive(Deserialize, Debug, PartialEq)]
        struct Partner {
            id: i32,
            mobile: Option<i32>,
        }
        let partner = |json| decode::<Partner>("res_partner", json, Times::default()).unwrap().0;
        assert_eq!(partner(r#"{"id": 7}"#), Decoded::Row(Partner { id: 7, mobile: None }, Gaps::default()));
        assert_eq!(partner(r#"{"mobile": 1}"#), Decoded::MissingColumns(vec!["id"]));
        let other = decode::<Partner>("sale_order", r#"{"id": 7}"#, Times::default()).unwrap().0;
        assert_eq!(other, Decoded::MissingColumns(vec!["mobile"]));
    }

    #[test]
    fn a_column_that_some_version_of_odoo_keeps_elsewhere_holds_nothing_and_is_named() {
        #[derive(Deserialize, Debug, PartialEq)]
        struct Limited {
            credit_limit: Option<PerCompany<i32>>,
        }
        #[derive(Deserialize, Debug, PartialEq)]
        struct Partner {
            id: i32,
            credit_limit: Option<i32>,
        }
        let row = decode::<Partner>("res_partner", r#"{"id": 7}"#, Times::default()).unwrap().0;
        let gaps = || Gaps { elsewhere: vec!["credit_limit"], ..Gaps::default() };
        assert_eq!(row, Decoded::Row(Partner { id: 7, credit_limit: None }, gaps()));
        let limited = |limit: &str| {
            let row = format!(r#"{{"credit_limit": {limit}}}"#);
            decode::<Limited>("res_partner", &row, Times::default()).map(|(decoded, _)| decoded)
        };
        let row = |limits: Option<&[(i32, Option<i32>)]>| Limited {
            credit_limit: limits.map(|limits| PerCompany(limits.iter().copied().collect())),
        };
        for left_over in ["1500.0", r#""1500.00""#, "0"] {
            assert_eq!(limited(left_over), Ok(Decoded::Row(row(Some(&[])), gaps())), "{left_over}");
        }
        let jsonb = limited(r#""{\"1\": 5, \"2\": null}""#);
        assert_eq!(jsonb, Ok(Decoded::Row(row(Some(&[(1, Some(5)), (2, None)])), Gaps::default())));
        assert_eq!(limited("null"), Ok(Decoded::Row(row(None), Gaps::default())));
        assert_eq!(limited("true").unwrap_err().column, "credit_limit");
    }

    #[test]
    fn a_timestamp_is_read_in_its_unit_whatever_its_size() {
        #[derive(Deserialize, Debug, PartialEq)]
        struct Order {
            at: Option<Timestamp>,
        }
        let order = |unit, at: &str| {
            let row = format!(r#"{{"at":{at}}}"#);
            let decoded =
                decode::<Order>("t", &row, Times { unit, schema: None }).map(|(decoded, _)| decoded);
            decoded.map(|decoded| match decoded {
                Decoded::Row(Order { at }, _) => at.map(|at| at.0.to_rfc3339()),
                Decoded::MissingColumns(columns) => panic!("{columns:?}"),
            })
        };
        let is = |time: &str| Ok(Some(format!("{time}+00:00")));
        let (millis, micros, nanos) = (TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds);
        assert_eq!(order(micros, "253402214400000000"), is("9999-12-31T00:00:00"));
        assert_eq!(order(millis, "253402214400000"), is("9999-12-31T00:00:00"));
        assert_eq!(order(nanos, "253402214400000000"), is("1978-01-11T21:30:14.400"));
        assert_eq!(order(micros, "5000000"), is("1970-01-01T00:00:05"));
        assert_eq!(order(millis, r#""2026-11-22T19:05:24.371Z""#), is("2026-11-22T19:05:24.371"));
        assert_eq!(order(micros, "null"), Ok(None));
        for refused in ["9223372036854775807", "9223372036854775808", "1.5", "true"] {
            let rejected = order(millis, refused).unwrap_err();
            assert_eq!(rejected.column, "at");
            assert!(rejected.expected.contains("time.precision.mode"), "{rejected}");
        }
    }

    #[test]
    fn a_column_that_was_not_sent_is_named_and_holds_nothing() {
        #[derive(Deserialize, Debug, PartialEq)]
        struct Texts {
            name: crate::column::Text,
            city: Option<crate::column::Text>,
        }
        let row = r#"{"city": "__debezium_unavailable_value", "name": "__debezium_unavailable_value", "n": "__debezium_unavailable_value"}"#;
        let nothing = Texts { name: crate::column::Text::default(), city: None };
        let gaps = Gaps { unavailable: vec!["city", "name"], ..Gaps::default() };
        assert_eq!(decode("t", row, Times::default()), Ok((Decoded::Row(nothing, gaps), 1)));
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
