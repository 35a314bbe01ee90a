//! A table's columns in their order, compiled to the JSON text between the values that vary.
//!
//! A table is described by one text: `name=?` is a column the row writes, `name=json` one that always has
//! that value, and `~json` after either is what a delete's `before` carries for a NOT NULL column (the
//! connector knows only the key of a deleted row and fills those with an empty value).

use crate::calendar::{Day, Micros};
use crate::wire::json;

/// The compiled form of a table's columns.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Text before the first varying column, between two, and after the last one.
    segments: Vec<Vec<u8>>,
    /// What follows the key columns in the image of a deleted row, brace included.
    deleted_rest: Vec<u8>,
    /// The text that comes before each key column's value.
    key: Vec<Vec<u8>>,
}

impl Layout {
    /// Compiles a column list whose first `key_columns` columns are the primary key.
    pub(crate) fn compile(columns: &str, key_columns: usize) -> Self {
        let mut layout = Self { segments: Vec::new(), deleted_rest: Vec::new(), key: Vec::new() };
        let mut open = Vec::new();
        let names = columns.split(';').map(str::trim).filter(|column| !column.is_empty());
        for (at, column) in names.enumerate() {
            let (column, empty) = column.split_once('~').unwrap_or((column, "null"));
            let (name, value) = column.split_once('=').unwrap_or((column, "?"));
            let mut label = vec![if at == 0 { b'{' } else { b',' }];
            json::string(&mut label, name);
            label.push(b':');
            open.extend_from_slice(&label);
            if value == "?" {
                layout.segments.push(std::mem::take(&mut open));
            } else {
                open.extend_from_slice(value.as_bytes());
            }
            if at < key_columns {
                layout.key.push(label);
            } else {
                layout.deleted_rest.extend_from_slice(&label);
                layout.deleted_rest.extend_from_slice(empty.as_bytes());
            }
        }
        open.push(b'}');
        layout.segments.push(open);
        layout.deleted_rest.push(b'}');
        layout
    }

    fn key_values(&self, out: &mut Vec<u8>, key: Key) {
        let values = match key {
            Key::Id(id) => [id, 0],
            Key::Pair(first, second) => [first, second],
        };
        for (label, value) in self.key.iter().zip(values) {
            out.extend_from_slice(label);
            json::unsigned(out, u64::from(value));
        }
    }

    /// Writes the record's key.
    pub(crate) fn write_key(&self, out: &mut Vec<u8>, key: Key) {
        self.key_values(out, key);
        out.push(b'}');
    }

    /// Writes what a connector knows of a deleted row.
    pub(crate) fn write_deleted(&self, out: &mut Vec<u8>, key: Key) {
        self.key_values(out, key);
        out.extend_from_slice(&self.deleted_rest);
    }
}

/// A row's primary key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// The usual `id`.
    Id(u32),
    /// The two columns of a relation table.
    Pair(u32, u32),
}

/// The large values an update did not touch are not in the log; the connector writes this instead.
pub(crate) const UNAVAILABLE: &str = "__debezium_unavailable_value";

/// Writes one row's varying columns in their order.
pub(crate) struct RowWriter<'a> {
    out: &'a mut Vec<u8>,
    layout: &'a Layout,
    next: usize,
    /// The row is an update, so large values that did not change are not known.
    pub(crate) update: bool,
}

impl<'a> RowWriter<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, layout: &'a Layout, update: bool) -> Self {
        Self { out, layout, next: 0, update }
    }

    fn column(&mut self) -> &mut Vec<u8> {
        if let Some(segment) = self.layout.segments.get(self.next) {
            self.out.extend_from_slice(segment);
        }
        self.next += 1;
        self.out
    }

    /// Ends the row. Every varying column must have been written.
    pub(crate) fn finish(mut self) {
        debug_assert_eq!(self.next + 1, self.layout.segments.len(), "a column was missed or written twice");
        self.column();
    }

    pub(crate) fn null(&mut self) {
        self.column().extend_from_slice(b"null");
    }

    pub(crate) fn int(&mut self, value: impl Into<i64>) {
        let value = value.into();
        json::int(self.column(), value);
    }

    /// A reference: `0` stands for none.
    pub(crate) fn id(&mut self, value: u32) {
        if value == 0 {
            self.null();
        } else {
            json::unsigned(self.column(), u64::from(value));
        }
    }

    pub(crate) fn micros(&mut self, value: Micros) {
        json::int(self.column(), value);
    }

    pub(crate) fn day(&mut self, value: Option<Day>) {
        match value {
            Some(day) => self.int(day),
            None => self.null(),
        }
    }

    pub(crate) fn time(&mut self, value: Option<Micros>) {
        match value {
            Some(time) => self.micros(time),
            None => self.null(),
        }
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.column().extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A boolean that Odoo has not computed yet is NULL.
    pub(crate) fn known_bool(&mut self, known: bool, value: bool) {
        if known {
            self.bool(value);
        } else {
            self.null();
        }
    }

    /// Hundredths as a decimal string.
    pub(crate) fn decimal(&mut self, value: i64) {
        let out = self.column();
        out.push(b'"');
        json::hundredths(out, value);
        out.push(b'"');
    }

    pub(crate) fn known_decimal(&mut self, known: bool, value: i64) {
        if known {
            self.decimal(value);
        } else {
            self.null();
        }
    }

    /// A decimal string with as few places as the value needs.
    pub(crate) fn shortest(&mut self, value: i64, places: u32) {
        let out = self.column();
        out.push(b'"');
        json::shortest(out, value, places);
        out.push(b'"');
    }

    /// Hundredths as a JSON number, for the few columns that are floats in Odoo.
    pub(crate) fn float(&mut self, value: i64) {
        json::shortest(self.column(), value, 2);
    }

    pub(crate) fn text(&mut self, value: &str) {
        json::string(self.column(), value);
    }

    pub(crate) fn known_text(&mut self, known: bool, value: &str) {
        if known {
            self.text(value);
        } else {
            self.null();
        }
    }

    /// A translated text: a JSON object by language, itself inside a string.
    pub(crate) fn translated(&mut self, value: &str) {
        let out = self.column();
        out.extend_from_slice(b"\"{\\\"en_US\\\": \\\"");
        json::escaped(out, value.as_bytes());
        out.extend_from_slice(b"\\\"}\"");
    }

    /// Text that the caller writes itself, without what JSON must escape.
    pub(crate) fn plain(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let out = self.column();
        out.push(b'"');
        write(out);
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_and_varying_columns_keep_their_order() {
        let layout = Layout::compile("id=?; kind=\"x\"~\"\"; note=?; done=false;", 1);
        let mut out = Vec::new();
        let mut row = RowWriter::new(&mut out, &layout, false);
        row.int(7);
        row.text("a");
        row.finish();
        assert_eq!(out, br#"{"id":7,"kind":"x","note":"a","done":false}"#);
        out.clear();
        layout.write_deleted(&mut out, Key::Id(7));
        assert_eq!(out, br#"{"id":7,"kind":"","note":null,"done":null}"#);
    }

    #[test]
    fn a_relation_has_a_key_of_two_columns() {
        let layout = Layout::compile("a=?; b=?;", 2);
        let mut out = Vec::new();
        layout.write_key(&mut out, Key::Pair(1, 2));
        assert_eq!(out, br#"{"a":1,"b":2}"#);
    }
}
