//! A record of the usual shape, seen at a glance: most changes are not parsed at all.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::envelope::{Place, Source, decimal, may_be_wrapped};

/// A change of the usual shape, found by its landmarks rather than by parsing: `{"before":…,"after":…,"source":{"version":…},
/// "transaction":{…},"op":"u",…}`, as the connector writes it without schemas.
///
/// A landmark holds quotes that are not escaped and cannot stand inside a JSON string. Where one is missing, or something
/// else is between, the record is left to [`read`](super::envelope::read), which takes any order of members.
struct Usual<'a> {
    /// From behind `"after":` to `,"source":`, with the row before where the table gives it.
    images: &'a [u8],
    table: &'a [u8],
    place: Place<'a>,
    op: u8,
}

const BEFORE: &[u8] = b"{\"before\":";
const SOURCE: &[u8] = b",\"source\":";

struct Landmarks {
    source: Finder<'static>,
    table: Finder<'static>,
    transaction: Finder<'static>,
}

static LANDMARKS: LazyLock<Landmarks> = LazyLock::new(|| Landmarks {
    source: Finder::new(b",\"source\":{\"version\":"),
    table: Finder::new(b"\",\"table\":\""),
    transaction: Finder::new(b"},\"transaction\":{\"id\":\""),
});

impl<'a> Usual<'a> {
    fn find(value: &'a [u8], schema: &str) -> Option<Self> {
        let value = value.strip_prefix(BEFORE)?;
        let landmarks = &*LANDMARKS;
        let (images, source) = value.split_at(landmarks.source.find(value)?);
        let (source, rest) = source.split_at(landmarks.transaction.find(source)?);
        let (before, table) = source.split_at(landmarks.table.find(source)?);
        if !before.strip_suffix(schema.as_bytes())?.ends_with(b"\"schema\":\"") {
            return None;
        }
        let table = &table[11..];
        let table = &table[..memchr::memchr(b'"', table)?];
        let mut rest = Digits(rest.get(23..)?);
        let transaction = rest.number(b":")?;
        let position = rest.digits(b"\",\"total_order\":")?;
        let order = rest.number(b",\"data_collection_order\":")?;
        rest.number(b"},\"op\":\"")?;
        match rest.0 {
            [op, b'"', b',', ..] => {
                Some(Self { images, table, place: Place { transaction, order, digits: position }, op: *op })
            }
            _ => None,
        }
    }
}

/// Bytes that begin with a number.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    /// The number in front of `end`; both are taken off.
    fn number(&mut self, end: &[u8]) -> Option<u64> {
        self.digits(end).map(decimal)
    }
}

impl<'a> Digits<'a> {
    /// The same as it stands there.
    fn digits(&mut self, end: &[u8]) -> Option<&'a [u8]> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = self.0.split_at(digits);
        // Nineteen digits always fit.
        if !(1..=19).contains(&digits) {
            return None;
        }
        self.0 = rest.strip_prefix(end)?;
        Some(number)
    }
}

/// A change of the usual shape, without parsing anything but its key.
#[derive(Clone, Copy)]
pub(super) enum Glance<'a> {
    /// Of a table that nobody wants, as two of three are: only its number in its transaction matters.
    Unwanted(Place<'a>),
    /// Of a wanted table.
    Wanted(Seen<'a>, Place<'a>),
}

/// A new row image, as it was seen. Whether it is text has not been looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    /// The table, by its place in the processor's declaration.
    pub(super) table: usize,
    /// The key columns, as JSON: the whole key of the record.
    pub(super) key: &'a str,
    /// The image, which begins at byte [`IMAGE`] of the record's value.
    pub(super) image: &'a [u8],
}

/// Where the image begins in a record of the usual shape.
pub(super) const IMAGE: usize = HEAD.len();
const HEAD: &[u8] = b"{\"before\":null,\"after\":";

/// Looks at a record. `None` where it is not of the usual shape: then [`read`](super::envelope::read) says what it is. `wanted` answers the place of a
/// table of `schema` in the processor's declaration.
pub(super) fn glance<'a>(
    key: Option<&'a [u8]>,
    value: &'a [u8],
    schema: &str,
    wanted: impl Fn(&[u8]) -> Option<usize>,
) -> Option<Glance<'a>> {
    let usual = Usual::find(value, schema)?;
    let Some(table) = wanted(usual.table) else { return Some(Glance::Unwanted(usual.place)) };
    let image = usual.images.strip_prefix(&HEAD[BEFORE.len()..])?;
    if !matches!(usual.op, b'c' | b'u') || !image.starts_with(b"{") {
        return None;
    }
    let key = std::str::from_utf8(key?).ok()?;
    if !key.starts_with('{') || may_be_wrapped(key) {
        return None;
    }
    Some(Glance::Wanted(Seen { table, key, image }, usual.place))
}

/// A row of a snapshot, of the usual shape: `{"before":null,"after":{…},"source":{"version":…},"transaction":null,"op":"r",…}`.
pub(super) struct SnapshotRow<'a> {
    /// Whether it is text has not been looked at.
    pub(super) image: &'a [u8],
    pub(super) source: Source<'a>,
}

/// Looks at a record, whose image is not walked over to find its end. `None` where it is no row of a snapshot in the usual shape.
pub(super) fn snapshot_row(value: &[u8]) -> Option<SnapshotRow<'_>> {
    let images = value.strip_prefix(HEAD).filter(|images| images.starts_with(b"{"))?;
    let (image, rest) = images.split_at(LANDMARKS.source.find(images)?);
    let rest = &rest[SOURCE.len()..];
    let mut source = serde_json::Deserializer::from_slice(rest).into_iter();
    let row = SnapshotRow { image, source: source.next()?.ok()? };
    rest.get(source.byte_offset()..)?.starts_with(b",\"transaction\":null,\"op\":\"r\",").then_some(row)
}

#[cfg(test)]
mod tests {
    use contract::Op;

    use super::*;
    use crate::feed::envelope::tests::{PLACE, change};
    use crate::feed::envelope::{Record, text};

    const USUAL: &str = r#"{"before":null,"after":{"id":7,"note":",\"source\":{"},"source":{"version":"3.7.0.Final","snapshot":"false","schema":"public","table":"mail_message","ts_ms":5},"transaction":{"id":"12:99","total_order":3,"data_collection_order":1},"op":"u","ts_ms":6}"#;

    fn look(value: &str, wanted: Option<usize>) -> Option<Glance<'_>> {
        glance(Some(br#"{"id":7}"#), value.as_bytes(), "public", |table| {
            assert_eq!(table, b"mail_message");
            wanted
        })
    }

    #[test]
    fn of_a_row_that_nobody_wants_the_place_is_seen_at_a_glance() {
        assert!(matches!(look(USUAL, None), Some(Glance::Unwanted(PLACE))));
        let full = USUAL.replace("null,", r#"{"id":7},"#);
        assert!(matches!(look(&full, None), Some(Glance::Unwanted(PLACE))));
    }

    #[test]
    fn at_a_glance_a_wanted_row_is_what_a_full_reading_finds() {
        let Some(Glance::Wanted(seen, PLACE)) = look(USUAL, Some(3)) else { panic!("not seen") };
        let Record::Row { change: read, .. } = change(USUAL) else { panic!("not read") };
        let image = text(seen.image).ok();
        assert_eq!((seen.table, Op::Upsert, seen.key, image), (3, read.op, read.key, read.image));
        assert!(USUAL[IMAGE..].starts_with(image.unwrap()));
    }

    #[test]
    fn a_row_of_a_snapshot_is_what_a_full_reading_finds() {
        let (head, tail) = USUAL.split_once("\"transaction\":").unwrap();
        let (_, tail) = tail.split_once("},\"op\":\"u\"").unwrap();
        let usual = format!("{head}\"transaction\":null,\"op\":\"r\"{tail}").replace("\"false\"", "\"last\"");
        assert!(snapshot_row(usual.as_bytes()).is_some());
        let unusual = usual.replacen("{\"before\"", "{ \"before\"", 1);
        assert!(snapshot_row(unusual.as_bytes()).is_none());
        assert_eq!(format!("{:?}", change(&usual)), format!("{:?}", change(&unusual)));
        for other in [USUAL, &usual.replace("\"r\"", "\"u\""), &usual.replace("\"last\"", "last")] {
            assert!(snapshot_row(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn what_is_not_as_usual_is_left_to_a_full_reading() {
        for (from, to) in [
            ("\"op\":\"u\"", "\"op\":\"d\""),
            ("{\"before\":null", "{ \"before\":null"),
            ("{\"before\":null", "{\"before\":{}"),
            ("\"version\"", "\"connector\""),
            ("12:99", "12"),
            ("\"public\"", "\"backup\""),
            ("\"schema\":\"public\",", ""),
            ("\"total_order\":3,", ""),
            ("\"total_order\":3", "\"total_order\":30000000000000000000"),
        ] {
            assert!(look(&USUAL.replacen(from, to, 1), Some(3)).is_none(), "{from} {to}");
        }
        assert!(glance(None, USUAL.as_bytes(), "public", |_| Some(3)).is_none());
        assert!(glance(Some(br#"{"payload":{"id":7}}"#), USUAL.as_bytes(), "public", |_| Some(3)).is_none());
    }
}
