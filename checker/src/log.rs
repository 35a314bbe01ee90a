//! What the records of a source's topic say.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::kafka::Raw;
use crate::subjects::TABLES;

/// A record of the log.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) offset: i64,
    /// Its Kafka timestamp: no time in it can be much later.
    pub(crate) timestamp: Option<DateTime<Utc>>,
    pub(crate) kind: Kind,
    /// What the record is marked with, by whoever spoiled it.
    pub(crate) poison: Option<Poison>,
}

/// What a spoiled record has to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Poison {
    /// A dead letter.
    DeadLetter,
    /// Nothing.
    Harmless,
}

/// What a record is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A transaction begins.
    Begin { transaction: u64, position: i64 },
    /// A transaction was committed: how many changes it has, in all and of each table where that is said.
    End {
        transaction: u64,
        position: i64,
        count: u64,
        tables: Option<BTreeMap<String, u64>>,
        time: DateTime<Utc>,
    },
    /// A row was inserted, updated, deleted, or read by a snapshot.
    Row(Row),
    /// Ledgerwell's own: a tick, a rule set, a request, or something it does not know.
    Control { name: String, value: Value },
    /// A table was emptied.
    Truncate { table: String },
    /// A tombstone, a message, or no change at all.
    Nothing,
    /// No JSON.
    Unreadable,
}

/// A row's new version.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) table: String,
    pub(crate) id: String,
    /// Whether the table is one that a connector is set up for.
    pub(crate) wanted: bool,
    /// Its columns, as JSON. None where it was deleted.
    pub(crate) after: Option<String>,
    /// Transaction, and the row's number in it.
    pub(crate) order: Option<(u64, u64)>,
    /// Its position in the source's log, where the connector says so.
    pub(crate) position: Option<u64>,
    pub(crate) snapshot: Snapshot,
    pub(crate) time: Option<DateTime<Utc>>,
}

/// What a row is to a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Snapshot {
    /// None of it: a change.
    No,
    First,
    Inside,
    Last,
    Incremental,
}

/// The key of a control record.
const CONTROL: &[u8] = b"ledgerwell";

impl Entry {
    /// Reads a record, as `deployment` has to.
    pub(crate) fn read(raw: &Raw, deployment: &str) -> Self {
        let poison = match raw.header("poison") {
            Some("letter") => Some(Poison::DeadLetter),
            Some(_) => Some(Poison::Harmless),
            None => None,
        };
        let timestamp = DateTime::from_timestamp_millis(raw.timestamp).filter(|_| raw.timestamp > 0);
        let is_anothers = raw.header("ce_deployment").is_some_and(|of| of != deployment);
        let kind = if is_anothers { Kind::Nothing } else { kind(raw) };
        Self { offset: raw.offset, timestamp, kind, poison }
    }

    /// What counts instead of a time that is more than five minutes ahead of this record. None where the time may be right.
    pub(crate) fn instead_of(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.timestamp.filter(|timestamp| time > *timestamp + TimeDelta::minutes(5))
    }

    /// What counts instead of the time that the record says, if it says one.
    pub(crate) fn bounded(&self) -> Option<DateTime<Utc>> {
        match &self.kind {
            Kind::Control { name, value } if name == "tick" => {
                self.instead_of(value["time"].as_str()?.parse().ok()?)
            }
            Kind::End { time, .. } | Kind::Row(Row { snapshot: Snapshot::Last, time: Some(time), .. }) => {
                self.instead_of(*time)
            }
            _ => None,
        }
    }

    /// The record in a few words: ids, but no amounts.
    pub(crate) fn describe(&self) -> String {
        let what = match &self.kind {
            Kind::Begin { transaction, position } => format!("BEGIN of {transaction}:{position}"),
            Kind::End { transaction, position, count, time, .. } => {
                format!("END of {transaction}:{position}, {count} rows, {time}")
            }
            Kind::Row(row) => {
                let order =
                    row.order.map_or_else(String::new, |(tx, number)| format!(", number {number} of {tx}"));
                let what = if row.after.is_some() { "row" } else { "deleted row" };
                format!("{what} {} {}{order}, snapshot {:?}", row.table, row.id, row.snapshot)
            }
            Kind::Control { name, value } => format!("control record {name} {value}"),
            Kind::Truncate { table } => format!("table {table} truncated"),
            Kind::Nothing => "nothing".into(),
            Kind::Unreadable => "unreadable".into(),
        };
        let poison = self.poison.map_or_else(String::new, |poison| format!(" (poison: {poison:?})"));
        format!("{}: {what}{poison}", self.offset)
    }
}

/// Where transactions begin inside of which a snapshot stands. It is there before they are, so what is seen at these offsets need not
/// be what stands before them.
pub(crate) fn around_snapshots(entries: &[Entry]) -> BTreeSet<i64> {
    let (mut begins, mut open) = (BTreeSet::new(), None);
    for Entry { offset, kind, .. } in entries {
        match kind {
            Kind::Begin { transaction, .. } | Kind::Row(Row { order: Some((transaction, _)), .. })
                if open.is_none_or(|(opened, _)| opened != *transaction) =>
            {
                open = Some((*transaction, *offset));
            }
            Kind::End { .. } => open = None,
            Kind::Row(Row { snapshot: Snapshot::First | Snapshot::Inside | Snapshot::Last, .. }) => {
                begins.extend(open.map(|(_, begin)| begin));
            }
            _ => {}
        }
    }
    begins
}

/// What is read of a change or a marker. Columns of rows stay text: most rows are of tables that nobody asks for.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
    #[serde(borrow)]
    after: Option<&'a RawValue>,
    op: Option<String>,
    source: Option<Source>,
    transaction: Option<TransactionBlock>,
    status: Option<String>,
    #[serde(default)]
    id: Value,
    #[serde(default)]
    event_count: Value,
    #[serde(default)]
    data_collections: Value,
    #[serde(default)]
    ts_ms: Value,
}

#[derive(Deserialize)]
struct Source {
    schema: Option<String>,
    table: Option<String>,
    #[serde(default)]
    lsn: Option<u64>,
    #[serde(default)]
    snapshot: Value,
    #[serde(default)]
    ts_ms: Value,
}

#[derive(Deserialize)]
struct TransactionBlock {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    total_order: Value,
}

fn kind(raw: &Raw) -> Kind {
    let Some(bytes) = &raw.value else { return Kind::Nothing };
    if raw.key == CONTROL {
        let Ok(value) = serde_json::from_slice(bytes) else { return Kind::Unreadable };
        return Kind::Control { name: raw.header("ce_type").unwrap_or_default().to_owned(), value };
    }
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(bytes) else { return Kind::Unreadable };
    // With its schema next to it, the record is one level further down.
    let envelope = match (envelope.schema, envelope.payload) {
        (Some(_), Some(payload)) => match serde_json::from_str(payload.get()) {
            Ok(envelope) => envelope,
            Err(_) => return Kind::Unreadable,
        },
        _ => envelope,
    };
    let key = serde_json::from_slice::<Value>(&raw.key).unwrap_or_default();
    let key = if key.get("schema").is_some() { key["payload"].clone() } else { key };
    change(&envelope, &key).or_else(|| marker(&envelope)).unwrap_or(Kind::Nothing)
}

fn instant(millis: &Value) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(millis.as_i64()?)
}

/// Number and position of `<number>:<position>`.
fn id(text: &Value) -> Option<(u64, i64)> {
    let (number, position) = text.as_str()?.split_once(':')?;
    Some((number.parse().ok()?, position.parse().ok()?))
}

fn marker(value: &Envelope<'_>) -> Option<Kind> {
    let (transaction, position) = id(&value.id)?;
    match value.status.as_deref()? {
        "BEGIN" => Some(Kind::Begin { transaction, position }),
        "END" => {
            let (count, time) = (value.event_count.as_u64()?, instant(&value.ts_ms)?);
            let tables = value.data_collections.as_array().map(|tables| {
                let name = |table: &Value| {
                    table["data_collection"].as_str()?.strip_prefix("public.").map(str::to_owned)
                };
                tables
                    .iter()
                    .filter_map(|table| Some((name(table)?, table["event_count"].as_u64()?)))
                    .collect()
            });
            Some(Kind::End { transaction, position, count, tables, time })
        }
        _ => None,
    }
}

fn change(value: &Envelope<'_>, key: &Value) -> Option<Kind> {
    let source = value.source.as_ref()?;
    let table = source.table.clone()?;
    let ours = source.schema.as_deref().is_none_or(|schema| schema == "public");
    let wanted = ours && TABLES.contains(table.as_str());
    let after = match value.op.as_deref()? {
        "d" => None,
        "t" if wanted => return Some(Kind::Truncate { table }),
        "c" | "u" | "r" => value.after.filter(|_| wanted).map(|after| after.get().to_owned()),
        _ => return None,
    };
    let order =
        value.transaction.as_ref().and_then(|block| Some((id(&block.id)?.0, block.total_order.as_u64()?)));
    let snapshot = match &source.snapshot {
        Value::String(text) => match text.as_str() {
            "first" => Snapshot::First,
            "last" => Snapshot::Last,
            "incremental" => Snapshot::Incremental,
            "true" | "first_in_data_collection" | "last_in_data_collection" => Snapshot::Inside,
            _ => Snapshot::No,
        },
        Value::Bool(true) => Snapshot::Inside,
        _ => Snapshot::No,
    };
    let id = key.get("id").map_or_else(|| key.to_string(), Value::to_string);
    let (position, time) = (source.lsn, instant(&source.ts_ms));
    Some(Kind::Row(Row { table, id, wanted, after, order, position, snapshot, time }))
}
