//! The change envelope around each row, and the transaction markers, as the PostgreSQL connector emits them.

use crate::books::Books;
use crate::calendar::Micros;
use crate::tables::{Row, Table};
use crate::wire::json;
use crate::wire::layout::{Key, Layout, RowWriter};
use crate::{Delivery, DeliveryKind, Record};

/// The connector's version, name and database in every `source`.
const SOURCE: &str = r#""source":{"version":"3.7.0.Final","connector":"postgresql","name":"odoo","ts_ms":"#;
const FIRST_TRANSACTION: u32 = 11_000;
const FIRST_POSITION: u64 = 473_000_000;

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Create,
    Update,
}

/// What a snapshot's row says about its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    First,
    Middle,
    Last,
}

/// Writes the changes of one transaction after another into records.
pub(crate) struct Recorder {
    layouts: Vec<Layout>,
    records: Vec<Record>,
    /// While the company's past is made up nothing is written.
    muted: bool,
    transaction: u32,
    position: u64,
    /// Where the last transaction committed; unknown after a snapshot.
    last_commit: Option<u64>,
    commit: Micros,
    counts: [u32; Table::COUNT],
    touched: Vec<Table>,
    total: u32,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self {
            layouts: Table::ALL
                .iter()
                .map(|table| Layout::compile(table.columns(), table.key_columns()))
                .collect(),
            records: Vec::new(),
            muted: true,
            transaction: FIRST_TRANSACTION,
            position: FIRST_POSITION,
            last_commit: None,
            commit: 0,
            counts: [0; Table::COUNT],
            touched: Vec::new(),
            total: 0,
        }
    }

    pub(crate) fn unmute(&mut self) {
        self.muted = false;
    }

    /// Opens a transaction that will commit at `commit`.
    pub(crate) fn begin(&mut self, commit: Micros) {
        self.commit = commit;
        self.transaction += 1;
        self.counts = [0; Table::COUNT];
        self.touched.clear();
        self.total = 0;
        self.records.clear();
        if !self.muted {
            let mut value = Vec::with_capacity(128);
            value.extend_from_slice(b"{\"status\":\"BEGIN\",\"id\":\"");
            self.write_id(&mut value, self.position);
            value.extend_from_slice(b"\",\"event_count\":null,\"data_collections\":null,\"ts_ms\":");
            json::int(&mut value, commit / 1000);
            value.push(b'}');
            let key = self.marker_key();
            self.push(key, Some(value));
        }
    }

    /// Closes the transaction. Nothing is left of one that changed no row.
    pub(crate) fn commit(&mut self) -> Option<Delivery> {
        if self.muted || self.total == 0 {
            self.records.clear();
            return None;
        }
        let mut value = Vec::with_capacity(256);
        value.extend_from_slice(b"{\"status\":\"END\",\"id\":\"");
        self.write_id(&mut value, self.position);
        value.extend_from_slice(b"\",\"event_count\":");
        json::unsigned(&mut value, u64::from(self.total));
        value.extend_from_slice(b",\"data_collections\":[");
        for (at, table) in self.touched.iter().enumerate() {
            if at > 0 {
                value.push(b',');
            }
            value.extend_from_slice(b"{\"data_collection\":\"public.");
            value.extend_from_slice(table.name().as_bytes());
            value.extend_from_slice(b"\",\"event_count\":");
            json::unsigned(&mut value, u64::from(self.counts[*table as usize]));
            value.push(b'}');
        }
        value.extend_from_slice(b"],\"ts_ms\":");
        json::int(&mut value, self.commit / 1000);
        value.push(b'}');
        let key = self.marker_key();
        self.push(key, Some(value));
        self.last_commit = Some(self.position);
        Some(Delivery {
            kind: DeliveryKind::Transaction,
            records: std::mem::take(&mut self.records),
            commit_ms: self.commit / 1000,
        })
    }

    /// Writes a row's new image.
    pub(crate) fn row<T: Row>(&mut self, change: Change, id: u32, row: &T, books: &Books) {
        if self.muted {
            return;
        }
        let key = row.key(id);
        let mut value = Vec::with_capacity(T::TABLE.usual_size());
        value.extend_from_slice(b"{\"before\":null,\"after\":");
        let layout = &self.layouts[T::TABLE as usize];
        let mut writer = RowWriter::new(&mut value, layout, change == Change::Update);
        row.write(id, &mut writer, books);
        writer.finish();
        value.push(b',');
        self.finish_row(T::TABLE, key, value, if change == Change::Create { b'c' } else { b'u' });
    }

    /// Writes that a row is gone, and the tombstone after it.
    pub(crate) fn delete(&mut self, table: Table, key: Key) {
        if self.muted {
            return;
        }
        let layout = &self.layouts[table as usize];
        let mut value = Vec::with_capacity(table.usual_size());
        value.extend_from_slice(b"{\"before\":");
        layout.write_deleted(&mut value, key);
        value.extend_from_slice(b",\"after\":null,");
        let mut bytes = Vec::with_capacity(16);
        layout.write_key(&mut bytes, key);
        self.finish_row(table, key, value, b'd');
        self.push(bytes, None);
    }

    /// Writes all rows as one snapshot.
    pub(crate) fn snapshot(&mut self, at: Micros, books: &Books) -> Delivery {
        self.records = Vec::new();
        self.commit = at;
        self.transaction += 1;
        let total = books.count_rows();
        let mut written = 0;
        for table in Table::ALL {
            books.each_row(*table, &mut |books, visit| {
                written += 1;
                let marker = match written {
                    _ if written == total => Marker::Last,
                    1 => Marker::First,
                    _ => Marker::Middle,
                };
                self.snapshot_row(*table, marker, books, visit);
            });
        }
        self.last_commit = None;
        Delivery {
            kind: DeliveryKind::Snapshot,
            records: std::mem::take(&mut self.records),
            commit_ms: at / 1000,
        }
    }

    fn snapshot_row(&mut self, table: Table, marker: Marker, books: &Books, row: &dyn AnyRow) {
        let mut value = Vec::with_capacity(table.usual_size());
        value.extend_from_slice(b"{\"before\":null,\"after\":");
        let layout = &self.layouts[table as usize];
        let mut writer = RowWriter::new(&mut value, layout, false);
        row.write(&mut writer, books);
        writer.finish();
        value.push(b',');
        self.write_source(&mut value, table, marker);
        value.extend_from_slice(b",\"transaction\":null,\"op\":\"r\",");
        self.write_times(&mut value);
        value.push(b'}');
        let mut key = Vec::with_capacity(16);
        layout.write_key(&mut key, row.key());
        self.push(key, Some(value));
    }

    fn finish_row(&mut self, table: Table, key: Key, mut value: Vec<u8>, operation: u8) {
        if self.counts[table as usize] == 0 {
            self.touched.push(table);
        }
        self.counts[table as usize] += 1;
        self.total += 1;
        self.write_stream_source(&mut value, table);
        value.extend_from_slice(b",\"transaction\":{\"id\":\"");
        self.write_id(&mut value, self.position);
        value.extend_from_slice(b"\",\"total_order\":");
        json::unsigned(&mut value, u64::from(self.total));
        value.extend_from_slice(b",\"data_collection_order\":");
        json::unsigned(&mut value, u64::from(self.counts[table as usize]));
        value.extend_from_slice(b"},\"op\":\"");
        value.push(operation);
        value.extend_from_slice(b"\",");
        self.write_times(&mut value);
        value.push(b'}');
        // The log grows with the row, in steps of eight bytes.
        self.position += (value.len() as u64 / 4 + 64) & !7;
        let mut bytes = Vec::with_capacity(16);
        self.layouts[table as usize].write_key(&mut bytes, key);
        self.push(bytes, Some(value));
    }

    fn write_stream_source(&self, out: &mut Vec<u8>, table: Table) {
        self.write_source_head(out, "false");
        match self.last_commit {
            Some(position) => {
                out.extend_from_slice(b"[\\\"");
                json::unsigned(out, position);
                out.extend_from_slice(b"\\\",\\\"");
            }
            None => out.extend_from_slice(b"[null,\\\""),
        }
        self.write_source_tail(out, table);
    }

    fn write_source(&self, out: &mut Vec<u8>, table: Table, marker: Marker) {
        let snapshot = match marker {
            Marker::First => "first",
            Marker::Middle => "true",
            Marker::Last => "last",
        };
        self.write_source_head(out, snapshot);
        out.extend_from_slice(b"[null,\\\"");
        self.write_source_tail(out, table);
    }

    fn write_source_head(&self, out: &mut Vec<u8>, snapshot: &str) {
        out.extend_from_slice(SOURCE.as_bytes());
        json::int(out, self.commit / 1000);
        out.extend_from_slice(b",\"snapshot\":\"");
        out.extend_from_slice(snapshot.as_bytes());
        out.extend_from_slice(b"\",\"db\":\"odoo\",\"sequence\":\"");
    }

    fn write_source_tail(&self, out: &mut Vec<u8>, table: Table) {
        json::unsigned(out, self.position);
        out.extend_from_slice(b"\\\"]\",\"ts_us\":");
        json::int(out, self.commit);
        out.extend_from_slice(b",\"ts_ns\":");
        json::int(out, self.commit);
        out.extend_from_slice(b"000,\"schema\":\"public\",\"table\":\"");
        out.extend_from_slice(table.name().as_bytes());
        out.extend_from_slice(b"\",\"txId\":");
        json::unsigned(out, u64::from(self.transaction));
        out.extend_from_slice(b",\"lsn\":");
        json::unsigned(out, self.position);
        out.extend_from_slice(b",\"xmin\":null,\"origin\":null,\"origin_lsn\":null}");
    }

    fn write_times(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"ts_ms\":");
        json::int(out, self.commit / 1000);
        out.extend_from_slice(b",\"ts_us\":");
        json::int(out, self.commit);
        out.extend_from_slice(b",\"ts_ns\":");
        json::int(out, self.commit);
        out.extend_from_slice(b"000");
    }

    fn write_id(&self, out: &mut Vec<u8>, position: u64) {
        json::unsigned(out, u64::from(self.transaction));
        out.push(b':');
        json::unsigned(out, position);
    }

    fn marker_key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(32);
        key.extend_from_slice(b"{\"id\":\"");
        self.write_id(&mut key, self.position);
        key.extend_from_slice(b"\"}");
        key
    }

    fn push(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.records.push(Record { key, value, timestamp_ms: self.commit / 1000 });
    }
}

/// A row of any table together with its id.
pub(crate) trait AnyRow {
    fn key(&self) -> Key;
    fn write(&self, writer: &mut RowWriter<'_>, books: &Books);
}

impl<T: Row> AnyRow for (u32, &T) {
    fn key(&self) -> Key {
        self.1.key(self.0)
    }

    fn write(&self, writer: &mut RowWriter<'_>, books: &Books) {
        self.1.write(self.0, writer, books);
    }
}
