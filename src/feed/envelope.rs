//! Debezium's JSON change event, with and without its schema.
//!
//! Only the envelope is parsed here; the row stays the bytes it came in until somebody wants it.
//! <https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events>

use std::borrow::Cow;
use std::cell::Cell;

use chrono::DateTime;
use contract::{Change, Format, Op, Rejected, Times};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::control;
use super::glance::{SnapshotRow, snapshot_row};

/// No table that anybody reads.
const NOBODYS: &str = "";

/// What a record has to be.
const EXPECTED: &str = "a Debezium change event in JSON";

/// What one record says.
#[derive(Debug)]
pub(super) enum Record<'a> {
    /// A source transaction begins, behind this commit position.
    Begin { transaction: u64, behind: u64 },
    /// A source transaction ends: its commit position, its changes, its commit time (ms since 1970).
    End { transaction: u64, position: u64, changes: Changes<'a>, time: i64 },
    /// A row changed.
    Row { change: Change<'a>, origin: Origin<'a> },
    /// Something that Ledgerwell itself wrote into the stream.
    Control { kind: &'a str, value: &'a [u8] },
    /// A table was emptied without a word about its rows.
    Truncate { table: &'a str, origin: Origin<'a> },
    /// A change of a transaction that is of no table of the schema that is read: of another schema, or a logical message.
    Foreign(Place<'a>),
    /// Nothing for us, and why.
    Skipped(&'static str),
}

/// How many changes a transaction has, as the connector has counted them: those too that it has left out or sent elsewhere.
#[derive(Debug)]
pub(super) struct Changes<'a> {
    /// All of them.
    pub(super) count: u64,
    /// How many each table has, by `schema.table`; `None` where the connector does not say.
    pub(super) tables: Option<Vec<TableChanges<'a>>>,
}

/// How many changes of one table a transaction has.
#[derive(Debug, Deserialize)]
pub(super) struct TableChanges<'a> {
    #[serde(borrow)]
    data_collection: Cow<'a, str>,
    pub(super) event_count: u64,
}

impl TableChanges<'_> {
    /// The table's name, where it is of the schema that is read.
    pub(super) fn table(&self, schema: &str) -> Option<&str> {
        let (before, table) = self.data_collection.rsplit_once('.')?;
        let of = before.rsplit_once('.').map_or(before, |(_database, schema)| schema);
        (of == schema).then_some(table)
    }
}

/// Where a change stands in its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) transaction: u64,
    /// Its number in it, from 1.
    pub(super) order: u64,
    /// Its position in the source's log, in digits: few are ever asked for it.
    pub(super) digits: &'a [u8],
}

impl Place<'_> {
    /// Its position in the source's log.
    pub(super) fn position(&self) -> u64 {
        decimal(self.digits)
    }
}

/// The number that stands in digits, of which nineteen always fit.
pub(super) fn decimal(digits: &[u8]) -> u64 {
    digits
        .iter()
        .fold(0, |sum: u64, digit| sum.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0'))))
}

/// Where a row comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    /// A transaction.
    Transaction(Place<'a>),
    /// A snapshot: Debezium's marker, the position in the source's log that it was read at, if the row says so, and the time (ms since
    /// 1970).
    Snapshot { marker: &'a str, lsn: Option<u64>, time: i64 },
    /// A change without transaction metadata.
    Unordered,
}

/// A value as it is written.
#[derive(Clone, Copy, Deserialize)]
#[serde(from = "&RawValue")]
struct Json<'a>(#[serde(borrow)] &'a str);

impl<'a> From<&'a RawValue> for Json<'a> {
    fn from(value: &'a RawValue) -> Self {
        Self(value.get())
    }
}

#[derive(Default, Deserialize)]
struct Envelope<'a> {
    // With `schemas.enable=true` all the rest is in `payload`.
    #[serde(borrow, default)]
    schema: Option<Json<'a>>,
    #[serde(borrow, default)]
    payload: Option<Json<'a>>,
    #[serde(borrow, default)]
    before: Option<Json<'a>>,
    #[serde(borrow, default)]
    after: Option<Json<'a>>,
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
    #[serde(borrow, default)]
    data_collections: Option<Vec<TableChanges<'a>>>,
    #[serde(default)]
    ts_ms: Option<i64>,
}

/// Where a row comes from, in the connector's words.
#[derive(Debug, Deserialize)]
pub(super) struct Source<'a> {
    #[serde(default)]
    schema: Option<&'a str>,
    table: &'a str,
    #[serde(default)]
    snapshot: Option<&'a str>,
    #[serde(default)]
    lsn: Option<u64>,
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

/// Reads a record. `kind` is its `ce_type` header, which only control records have.
pub(super) fn read<'a>(
    record_key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    kind: Option<&'a str>,
    format: &Format,
) -> Result<Record<'a>, Rejected> {
    let Some(value) = value else { return Ok(Record::Skipped("tombstone")) };
    if record_key == Some(control::KEY) {
        return match kind {
            Some(kind) => Ok(Record::Control { kind, value }),
            None => {
                Err(Rejected::record("a control record with its type in header ce_type", "no such header"))
            }
        };
    }
    let mut envelope: Envelope<'a> = match snapshot_row(value) {
        Some(SnapshotRow { image, source }) => Envelope {
            after: Some(Json(text(image)?)),
            source: Some(source),
            op: Some("r"),
            ..Envelope::default()
        },
        None => parse(value)?,
    };
    let schema = envelope.schema;
    if let Some(Json(payload)) = envelope.payload {
        envelope = parse(payload.as_bytes())?;
    }
    if let Some(status) = envelope.status {
        return marker(status, envelope);
    }
    let Some(op) = envelope.op else { return Ok(Record::Skipped("no change")) };
    let Some(source) = &envelope.source else {
        return Ok(Record::Skipped("no change"));
    };
    let origin = match (&envelope.transaction, source.snapshot) {
        (Some(transaction), _) => {
            let (id, _) = split(transaction.id)?;
            let digits = transaction.id.rsplit(':').next().unwrap_or_default().as_bytes();
            Origin::Transaction(Place { transaction: id, order: transaction.total_order, digits })
        }
        (None, None | Some("false")) => Origin::Unordered,
        (None, Some(marker)) => {
            Origin::Snapshot { marker, lsn: source.lsn, time: in_calendar(source.ts_ms)? }
        }
    };
    if op == "m" || source.schema.is_some_and(|of| of != format.schema) {
        return Ok(match origin {
            Origin::Transaction(place) => Record::Foreign(place),
            _ if op == "m" => Record::Skipped("message"),
            Origin::Snapshot { marker: "first" | "last", .. } => {
                // Where a snapshot begins or ends counts, whatever the row is of.
                let times = Times { unit: format.time_unit, schema: None };
                let (op, ignored_columns) = (Op::Upsert, Cell::new(0));
                let change = Change { table: NOBODYS, op, key: "null", image: None, times, ignored_columns };
                Record::Row { change, origin }
            }
            _ => Record::Skipped("other schema"),
        });
    }
    let op = match op {
        "c" | "u" | "r" => Op::Upsert,
        "d" => Op::Delete,
        "t" => return Ok(Record::Truncate { table: source.table, origin }),
        other => return Err(Rejected::record("op c, u, d, r, m or t", other)),
    };
    let image = envelope.after.map(|Json(after)| after);
    let key = match record_key.filter(|key| *key != b"null") {
        // One that cannot be read matters only if somebody wants the row, who will say so.
        Some(key) => parse_key(key).map_or("null", RawValue::get),
        // A row without a key, as of a table without a primary key, is known by all its columns.
        None => image.or(envelope.before.map(|Json(before)| before)).unwrap_or("null"),
    };
    let times = Times { unit: format.time_unit, schema: schema.map(|Json(schema)| schema) };
    let change = Change { table: source.table, op, key, image, times, ignored_columns: Cell::new(0) };
    Ok(Record::Row { change, origin })
}

fn marker<'a>(status: &str, envelope: Envelope<'a>) -> Result<Record<'a>, Rejected> {
    let (transaction, position) = split(envelope.id.unwrap_or_default())?;
    match (status, envelope.event_count, envelope.ts_ms) {
        ("BEGIN", ..) => Ok(Record::Begin { transaction, behind: position }),
        ("END", Some(count), Some(time)) => {
            let changes = Changes { count, tables: envelope.data_collections };
            Ok(Record::End { transaction, position, changes, time: in_calendar(time)? })
        }
        ("END", ..) => Err(Rejected::record("an END marker with event_count and ts_ms", "one without")),
        (other, ..) => Err(Rejected::record("a marker BEGIN or END", other)),
    }
}

/// A time in milliseconds since 1970. The task's clock would take it over and never run backwards again, and others
/// cannot be stored.
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
    if may_be_wrapped(raw.get())
        && let Ok(wrapped) = parse::<Wrapped<'_>>(key)
    {
        return Ok(wrapped.payload);
    }
    Ok(raw)
}

/// Whether a key may have a schema beside it, however it is spaced.
pub(super) fn may_be_wrapped(key: &str) -> bool {
    key.contains("\"payload\"")
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Rejected> {
    serde_json::from_str(text(bytes)?).map_err(|error| Rejected::record(EXPECTED, error.to_string()))
}

/// Checks bytes as UTF-8 once and in one go, not string by string.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Rejected> {
    std::str::from_utf8(bytes).map_err(|error| Rejected::record(EXPECTED, error.to_string()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::feed) const PLACE: Place<'_> = Place { transaction: 12, order: 3, digits: b"99" };

    pub(in crate::feed) fn change(value: &str) -> Record<'_> {
        read(Some(br#"{"id":7}"#), Some(value.as_bytes()), None, &Format::default()).unwrap()
    }

    #[test]
    fn a_row_says_table_operation_key_and_place_in_its_transaction() {
        let record = change(
            r#"{"before":null,"after":{"id":7,"name":"\"x\""},"source":{"table":"res_partner","snapshot":"false","ts_ms":5},
               "transaction":{"id":"12:99","total_order":3,"data_collection_order":1},"op":"u","ts_ms":6}"#,
        );
        let Record::Row { change, origin: Origin::Transaction(PLACE) } = record else { panic!("{record:?}") };
        assert_eq!((change.table, change.op, change.key), ("res_partner", Op::Upsert, r#"{"id":7}"#));
        assert_eq!(change.image.unwrap(), r#"{"id":7,"name":"\"x\""}"#);
    }

    #[test]
    fn the_schema_beside_it_is_passed_over_however_it_is_spaced() {
        let key = br#"{ "payload" : {"id":7}, "schema": {"type":"struct"} }"#;
        let value = br#"{"schema":{},"payload":{"after":{"id":7},"source":{"table":"t","snapshot":"first","ts_ms":5},"op":"r"}}"#;
        let record = read(Some(key), Some(value), None, &Format::default()).unwrap();
        let Record::Row { change, origin: Origin::Snapshot { marker: "first", lsn: None, time: 5 } } = record
        else {
            panic!("{record:?}")
        };
        assert_eq!(change.key, r#"{"id":7}"#);
    }

    #[test]
    fn markers_open_and_close_transactions() {
        assert!(matches!(
            change(r#"{"status":"BEGIN","id":"12:98","event_count":null,"ts_ms":6}"#),
            Record::Begin { transaction: 12, behind: 98 }
        ));
        assert!(matches!(
            change(r#"{"status":"END","id":"12:99","event_count":3,"data_collections":[],"ts_ms":6}"#),
            Record::End { transaction: 12, position: 99, changes: Changes { count: 3, .. }, time: 6 }
        ));
    }

    #[test]
    fn tombstones_messages_and_heartbeats_are_skipped() {
        assert!(matches!(
            read(Some(b"{}"), None, None, &Format::default()),
            Ok(Record::Skipped("tombstone"))
        ));
        assert!(matches!(
            change(r#"{"op":"m","source":{"table":"","ts_ms":5},"message":{}}"#),
            Record::Skipped("message")
        ));
        assert!(matches!(change(r#"{"ts_ms":5}"#), Record::Skipped("no change")));
    }

    #[test]
    fn an_end_says_how_many_changes_each_table_has() {
        let end = change(
            r#"{"status":"END","id":"12:99","event_count":7,"ts_ms":6,"data_collections":[
               {"data_collection":"public.res_partner","event_count":2},{"data_collection":"backup.res_partner","event_count":1},
               {"data_collection":"odoo.public.sale_order","event_count":3},{"data_collection":"LOGICAL_DECODING_MESSAGE","event_count":1}]}"#,
        );
        let Record::End { changes: Changes { count: 7, tables: Some(tables) }, .. } = end else {
            panic!("{end:?}")
        };
        let ours = tables.iter().filter_map(|table| Some((table.table("public")?, table.event_count)));
        assert_eq!(ours.collect::<Vec<_>>(), [("res_partner", 2), ("sale_order", 3)]);
    }

    #[test]
    fn what_is_of_another_schema_or_a_message_only_has_its_place() {
        let transaction = r#""transaction":{"id":"12:99","total_order":3}"#;
        for (schema, op) in [("backup", "u"), ("backup", "t"), ("", "m")] {
            let value = format!(
                r#"{{"after":{{"id":7}},"source":{{"schema":"{schema}","table":"res_partner","ts_ms":5}},{transaction},"op":"{op}"}}"#
            );
            assert!(matches!(change(&value), Record::Foreign(PLACE)), "{value}");
        }
        let snapshot =
            r#"{"after":{},"source":{"schema":"backup","table":"t","snapshot":"first","ts_ms":5},"op":"r"}"#;
        let Record::Row { change, origin: Origin::Snapshot { marker: "first", .. } } = change(snapshot)
        else {
            panic!("where a snapshot begins counts")
        };
        assert_eq!((change.table, change.image), ("", None));
        let within = snapshot.replace("first", "true");
        assert!(matches!(super::tests::change(&within), Record::Skipped("other schema")));
    }

    #[test]
    fn a_row_without_a_key_is_known_by_its_columns() {
        for key in [None, Some(b"null".as_slice())] {
            for (before, after, op) in [("null", r#"{"a":1,"b":2}"#, "c"), (r#"{"a":1,"b":2}"#, "null", "d")]
            {
                let value = format!(
                    r#"{{"before":{before},"after":{after},"source":{{"table":"t","snapshot":"false","ts_ms":5}},
                        "transaction":{{"id":"12:99","total_order":3}},"op":"{op}"}}"#
                );
                let Ok(Record::Row { change, .. }) =
                    read(key, Some(value.as_bytes()), None, &Format::default())
                else {
                    panic!("{value}")
                };
                assert_eq!(change.key, r#"{"a":1,"b":2}"#);
            }
        }
    }

    #[test]
    fn what_is_no_change_event_is_refused() {
        assert!(
            read(Some(b"{}"), Some(b"hello"), None, &Format::default())
                .unwrap_err()
                .to_string()
                .contains("Debezium")
        );
        assert!(
            read(
                Some(b"{}"),
                Some(br#"{"op":"x","source":{"table":"t","ts_ms":1}}"#),
                None,
                &Format::default()
            )
            .is_err()
        );
    }

    #[test]
    fn times_that_no_calendar_has_are_refused() {
        for time in [i64::MAX, i64::MIN, 253_402_300_800_000] {
            let end = format!(r#"{{"status":"END","id":"12:99","event_count":3,"ts_ms":{time}}}"#);
            assert!(
                read(Some(b"{}"), Some(end.as_bytes()), None, &Format::default())
                    .unwrap_err()
                    .to_string()
                    .contains("ts_ms")
            );
            let row = format!(r#"{{"op":"r","source":{{"table":"t","snapshot":"last","ts_ms":{time}}}}}"#);
            assert!(
                read(Some(b"{}"), Some(row.as_bytes()), None, &Format::default())
                    .unwrap_err()
                    .to_string()
                    .contains("ts_ms")
            );
        }
    }

    #[test]
    fn control_records_say_their_type_in_a_header() {
        assert!(matches!(
            read(Some(b"ledgerwell"), Some(b"{}"), Some("tick"), &Format::default()),
            Ok(Record::Control { kind: "tick", .. })
        ));
        assert!(read(Some(b"ledgerwell"), Some(b"{}"), None, &Format::default()).is_err());
    }
}
