//! Debezium's JSON change event, with and without its schema beside it.
//!
//! Only the envelope is parsed here; the row stays the bytes it came in until somebody wants it.
//! <https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events>

use chrono::DateTime;
use contract::{Change, Op, Rejected};
use serde::Deserialize;
use serde_json::value::RawValue;

use std::cell::Cell;

use super::control;

/// What a record has to be.
const EXPECTED: &str = "a Debezium change event in JSON";

/// What one record says.
#[derive(Debug)]
pub(super) enum Record<'a> {
    /// A source transaction begins, behind this commit position.
    Begin { transaction: u64, behind: u64 },
    /// A source transaction ends: its commit position, how many changes it has, its commit time (ms since 1970).
    End { transaction: u64, position: u64, changes: u64, time: i64 },
    /// A row changed.
    Row { change: Change<'a>, origin: Origin<'a> },
    /// Something that Ledgerwell itself wrote into the stream.
    Control { kind: &'a str, value: &'a [u8] },
    /// A table was emptied without a word about its rows.
    Truncate { table: &'a str, origin: Origin<'a> },
    /// Nothing for us, and why.
    Skipped(&'static str),
}

/// Where a row comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    /// Change number `order`, from 1, of a transaction.
    Transaction { transaction: u64, order: u64 },
    /// A snapshot's row: Debezium's marker and the time it was read (ms since 1970).
    Snapshot { marker: &'a str, time: i64 },
    /// A change without transaction metadata.
    Unordered,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    // With `schemas.enable=true` all the rest is in here.
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default)]
    after: Option<&'a RawValue>,
    #[serde(borrow, default)]
    source: Option<Source<'a>>,
    #[serde(borrow, default)]
    transaction: Option<Transaction<'a>>,
    #[serde(default)]
    op: Option<&'a str>,
    // A marker has these instead.
    #[serde(default)]
    status: Option<&'a str>,
    #[serde(default)]
    id: Option<&'a str>,
    #[serde(default)]
    event_count: Option<u64>,
    #[serde(default)]
    ts_ms: Option<i64>,
}

#[derive(Deserialize)]
struct Source<'a> {
    table: &'a str,
    #[serde(default)]
    snapshot: Option<&'a str>,
    ts_ms: i64,
}

#[derive(Deserialize)]
struct Transaction<'a> {
    id: &'a str,
    total_order: u64,
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow, rename = "schema")]
    _schema: &'a RawValue,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// Where a change stands in its transaction, read from the end of its record: enough to pass over a row that nobody wants,
/// which two of three are, without parsing it.
///
/// `None` where the record is not of the usual shape or its table is wanted: then [`read`] says what it is. The bytes
/// `,"source":{` cannot stand inside a JSON string, whose quotes are escaped, and no column is an object of that name.
pub(super) fn pass_over(value: &[u8], wanted: impl Fn(&str) -> bool) -> Option<(u64, u64)> {
    const SOURCE: &[u8] = b",\"source\":";
    const TRANSACTION: &[u8] = b",\"transaction\":";
    if !value.starts_with(b"{\"before\":") {
        return None;
    }
    let rest = &value[memchr::memmem::rfind(value, SOURCE)? + SOURCE.len()..];
    let (source, rest) = first::<Source<'_>>(rest)?;
    if wanted(source.table) {
        return None;
    }
    let (transaction, _) = first::<Transaction<'_>>(rest.strip_prefix(TRANSACTION)?)?;
    Some((split(transaction.id).ok()?.0, transaction.total_order))
}

/// The JSON value that `bytes` begin with, and what follows it.
fn first<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<(T, &'a [u8])> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<T>();
    let value = values.next()?.ok()?;
    Some((value, &bytes[values.byte_offset()..]))
}

/// Reads a record. `kind` is its `ce_type` header, which only control records have.
pub(super) fn read<'a>(
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    kind: Option<&'a str>,
) -> Result<Record<'a>, Rejected> {
    let key = key.unwrap_or_default();
    let Some(value) = value else { return Ok(Record::Skipped("tombstone")) };
    if key == control::KEY {
        return match kind {
            Some(kind) => Ok(Record::Control { kind, value }),
            None => {
                Err(Rejected::record("a control record with its type in header ce_type", "no such header"))
            }
        };
    }
    let mut envelope: Envelope<'a> = parse(value)?;
    if let Some(payload) = envelope.payload {
        envelope = parse(payload.get().as_bytes())?;
    }
    if let Some(status) = envelope.status {
        return marker(status, &envelope);
    }
    let Some(op) = envelope.op else { return Ok(Record::Skipped("no change")) };
    let Some(source) = &envelope.source else {
        return Ok(Record::Skipped("no change"));
    };
    let origin = match (&envelope.transaction, source.snapshot) {
        (Some(transaction), _) => {
            Origin::Transaction { transaction: split(transaction.id)?.0, order: transaction.total_order }
        }
        (None, None | Some("false")) => Origin::Unordered,
        (None, Some(marker)) => Origin::Snapshot { marker, time: in_calendar(source.ts_ms)? },
    };
    let op = match op {
        "c" | "u" | "r" => Op::Upsert,
        "d" => Op::Delete,
        "m" => return Ok(Record::Skipped("message")),
        "t" => return Ok(Record::Truncate { table: source.table, origin }),
        other => return Err(Rejected::record("op c, u, d, r, m or t", other)),
    };
    // A table without a primary key has none; that matters only if somebody wants it, who will say so.
    let key = parse_key(key).unwrap_or(RawValue::NULL);
    let change =
        Change { table: source.table, op, key, image: envelope.after, ignored_columns: Cell::new(0) };
    Ok(Record::Row { change, origin })
}

fn marker<'a>(status: &str, envelope: &Envelope<'a>) -> Result<Record<'a>, Rejected> {
    let (transaction, position) = split(envelope.id.unwrap_or_default())?;
    match (status, envelope.event_count, envelope.ts_ms) {
        ("BEGIN", ..) => Ok(Record::Begin { transaction, behind: position }),
        ("END", Some(changes), Some(time)) => {
            Ok(Record::End { transaction, position, changes, time: in_calendar(time)? })
        }
        ("END", ..) => Err(Rejected::record("an END marker with event_count and ts_ms", "one without")),
        (other, ..) => Err(Rejected::record("a marker BEGIN or END", other)),
    }
}

/// A time in milliseconds since 1970. The unit's clock would take it over and never run backwards again, and others cannot be
/// stored.
fn in_calendar(time: i64) -> Result<i64, Rejected> {
    if DateTime::from_timestamp_millis(time).is_some_and(control::in_calendar) {
        return Ok(time);
    }
    Err(Rejected::record("ts_ms in the years 1 to 9999", time.to_string()))
}

/// A transaction's id is `<txId>:<position>`.
fn split(id: &str) -> Result<(u64, u64), Rejected> {
    id.split_once(':')
        .and_then(|(transaction, position)| Some((transaction.parse().ok()?, position.parse().ok()?)))
        .ok_or_else(|| Rejected::record("a transaction id `<txId>:<position>`", id))
}

/// The key columns, taken out of the schema's wrapper if there is one.
fn parse_key(key: &[u8]) -> Result<&RawValue, Rejected> {
    let raw: &RawValue = parse(key)?;
    if raw.get().starts_with("{\"schema\":{") || raw.get().starts_with("{\"payload\":{") {
        return parse::<Wrapped<'_>>(key).map(|wrapped| wrapped.payload);
    }
    Ok(raw)
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Rejected> {
    let refused = |error: &dyn std::error::Error| Rejected::record(EXPECTED, error.to_string());
    // Checked as UTF-8 once and in one go, not string by string.
    let text = std::str::from_utf8(bytes).map_err(|error| refused(&error))?;
    serde_json::from_str(text).map_err(|error| refused(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(value: &str) -> Record<'_> {
        read(Some(br#"{"id":7}"#), Some(value.as_bytes()), None).unwrap()
    }

    #[test]
    fn a_row_says_table_operation_key_and_place_in_its_transaction() {
        let record = change(
            r#"{"before":null,"after":{"id":7,"name":"\"x\""},"source":{"table":"res_partner","snapshot":"false","ts_ms":5},
               "transaction":{"id":"12:99","total_order":3,"data_collection_order":1},"op":"u","ts_ms":6}"#,
        );
        let Record::Row { change, origin: Origin::Transaction { transaction: 12, order: 3 } } = record else {
            panic!("{record:?}")
        };
        assert_eq!((change.table, change.op, change.key.get()), ("res_partner", Op::Upsert, r#"{"id":7}"#));
        assert_eq!(change.image.unwrap().get(), r#"{"id":7,"name":"\"x\""}"#);
    }

    #[test]
    fn the_schema_beside_it_is_passed_over() {
        let key = br#"{"schema":{"type":"struct"},"payload":{"id":7}}"#;
        let value = br#"{"schema":{},"payload":{"after":{"id":7},"source":{"table":"t","snapshot":"first","ts_ms":5},"op":"r"}}"#;
        let record = read(Some(key), Some(value), None).unwrap();
        let Record::Row { change, origin: Origin::Snapshot { marker: "first", time: 5 } } = record else {
            panic!("{record:?}")
        };
        assert_eq!(change.key.get(), r#"{"id":7}"#);
    }

    #[test]
    fn markers_open_and_close_transactions() {
        assert!(matches!(
            change(r#"{"status":"BEGIN","id":"12:98","event_count":null,"ts_ms":6}"#),
            Record::Begin { transaction: 12, behind: 98 }
        ));
        assert!(matches!(
            change(r#"{"status":"END","id":"12:99","event_count":3,"data_collections":[],"ts_ms":6}"#),
            Record::End { transaction: 12, position: 99, changes: 3, time: 6 }
        ));
    }

    #[test]
    fn tombstones_messages_and_heartbeats_are_skipped() {
        assert!(matches!(read(Some(b"{}"), None, None), Ok(Record::Skipped("tombstone"))));
        assert!(matches!(
            change(r#"{"op":"m","source":{"table":"","ts_ms":5},"message":{}}"#),
            Record::Skipped("message")
        ));
        assert!(matches!(change(r#"{"ts_ms":5}"#), Record::Skipped("no change")));
    }

    #[test]
    fn a_row_that_nobody_wants_is_passed_over_by_its_end() {
        let row = br#"{"before":null,"after":{"id":7,"note":",\"source\":{"},"source":{"table":"mail_message","snapshot":"false",
            "ts_ms":5},"transaction":{"id":"12:99","total_order":3},"op":"u"}"#;
        assert_eq!(pass_over(row, |_| false), Some((12, 3)));
        assert_eq!(pass_over(row, |table| table == "mail_message"), None);
        assert_eq!(
            pass_over(
                br#"{"before":null,"after":{},"source":{"table":"t","ts_ms":5},"transaction":null,"op":"r"}"#,
                |_| false
            ),
            None
        );
        assert_eq!(pass_over(br#"{"status":"BEGIN","id":"12:98"}"#, |_| false), None);
    }

    #[test]
    fn what_is_no_change_event_is_refused() {
        assert!(read(Some(b"{}"), Some(b"hello"), None).unwrap_err().to_string().contains("Debezium"));
        assert!(read(Some(b"{}"), Some(br#"{"op":"x","source":{"table":"t","ts_ms":1}}"#), None).is_err());
    }

    #[test]
    fn times_that_no_calendar_has_are_refused() {
        for time in [i64::MAX, i64::MIN, 253_402_300_800_000] {
            let end = format!(r#"{{"status":"END","id":"12:99","event_count":3,"ts_ms":{time}}}"#);
            assert!(read(Some(b"{}"), Some(end.as_bytes()), None).unwrap_err().to_string().contains("ts_ms"));
            let row = format!(r#"{{"op":"r","source":{{"table":"t","snapshot":"last","ts_ms":{time}}}}}"#);
            assert!(read(Some(b"{}"), Some(row.as_bytes()), None).unwrap_err().to_string().contains("ts_ms"));
        }
    }

    #[test]
    fn control_records_say_their_type_in_a_header() {
        assert!(matches!(
            read(Some(b"ledgerwell"), Some(b"{}"), Some("tick")),
            Ok(Record::Control { kind: "tick", .. })
        ));
        assert!(read(Some(b"ledgerwell"), Some(b"{}"), None).is_err());
    }
}
