//! Where a rebuild begins.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use contract::Failure;
use contract::odoo::NEVER_EMPTY;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use crate::feed::Tables;

/// Where a rebuild begins in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// At the beginning of the log; at the last snapshot where the log has lost its beginning.
    Beginning,
    /// At the last snapshot that is complete. What people and rules decided before is not known then, nor how scores were
    /// before.
    Snapshot,
}

/// Kafka may be silent for so long while the log is searched.
const SILENCE: Duration = Duration::from_mins(1);

/// The offset to begin at.
pub(super) fn begin(
    from: From,
    low: i64,
    high: i64,
    kafka: &ClientConfig,
    topic: &str,
) -> Result<i64, Failure> {
    if from == From::Beginning && low == 0 {
        return Ok(0);
    }
    let last = last_snapshot(low, high, kafka, topic)?;
    last.ok_or_else(|| {
        Failure::permanent(format!(
            "topic {topic} has neither its beginning nor a complete snapshot (it starts at offset {low}): nothing can be \
             rebuilt from it. Take a new snapshot with the connector, and let the topic keep everything (retention.ms=-1)"
        ))
    })
}

/// Where the last complete snapshot of the whole database begins.
fn last_snapshot(low: i64, high: i64, kafka: &ClientConfig, topic: &str) -> Result<Option<i64>, Failure> {
    let failed = |error: KafkaError| {
        Failure::transient(format!("Kafka: searching topic {topic}: {error}")).because(error)
    };
    let mut settings = kafka.clone();
    settings
        .set("group.id", "ledgerwell.snapshots")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true");
    let consumer: BaseConsumer = settings.create().map_err(failed)?;
    let mut all = TopicPartitionList::new();
    all.add_partition_offset(topic, 0, Offset::Offset(low)).map_err(failed)?;
    consumer.assign(&all).map_err(failed)?;
    let (mut search, mut heard) = (Search::default(), Instant::now());
    loop {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(record)) if record.offset() >= high => return Ok(search.last_whole()),
            Some(Ok(record)) => {
                heard = Instant::now();
                if let Some(row) = record.payload().and_then(Row::find) {
                    search.see(record.offset(), row);
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(search.last_whole()),
            Some(Err(error)) => return Err(failed(error)),
            None if heard.elapsed() > SILENCE => {
                return Err(Failure::transient(format!("Kafka: topic {topic} delivers nothing")));
            }
            None => {}
        }
    }
}

/// A row of a snapshot, as far as it says where one begins and what it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row<'a> {
    marker: &'a [u8],
    /// The position in the source's log that it was read at.
    lsn: Option<u64>,
    table: &'a [u8],
}

impl<'a> Row<'a> {
    /// Searched for in a record's text: parsing every record of a log only for this would take longer than reading it. `source` is
    /// behind the row, whose quotes are escaped. `None` for anything but a row of a snapshot.
    fn find(value: &'a [u8]) -> Option<Self> {
        let source = &value[memchr::memmem::rfind(value, b"\"snapshot\":")?..];
        let marker = text(source, b"\"snapshot\":")?;
        (marker != b"false" && marker != b"incremental").then_some(())?;
        Some(Self { marker, lsn: number(source, b"\"lsn\":"), table: text(source, b"\"table\":")? })
    }

    /// Whether it is marked as the first one of its table.
    fn is_marked(self) -> bool {
        matches!(self.marker, b"first" | b"first_in_data_collection")
    }
}

/// The text behind a member's name.
fn text<'a>(json: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest =
        json[memchr::memmem::find(json, name)? + name.len()..].trim_ascii_start().strip_prefix(b"\"")?;
    Some(&rest[..memchr::memchr(b'"', rest)?])
}

/// The number behind a member's name.
fn number(json: &[u8], name: &[u8]) -> Option<u64> {
    let rest = json[memchr::memmem::find(json, name)? + name.len()..].trim_ascii_start();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// The snapshots of a log, as far as it was searched.
#[derive(Debug, Default)]
struct Search {
    present: Option<Snapshot>,
    /// Those that were read to their end: where each begins, and what it has brought of the tables that are never empty.
    complete: Vec<(i64, Tables)>,
}

#[derive(Debug)]
struct Snapshot {
    begin: i64,
    lsn: Option<u64>,
    /// The tables whose first rows have come.
    marked: BTreeSet<Vec<u8>>,
    never_empty: Tables,
    is_read: bool,
}

impl Search {
    fn see(&mut self, offset: i64, row: Row<'_>) {
        let begins = match &self.present {
            None => row.is_marked(),
            Some(present) => {
                let is_elsewhere = present.lsn.zip(row.lsn).is_some_and(|(present, lsn)| present != lsn);
                row.marker == b"first"
                    || is_elsewhere
                    || row.is_marked() && present.marked.contains(row.table)
            }
        };
        if begins {
            let (marked, never_empty) = (BTreeSet::new(), Tables::none(&NEVER_EMPTY));
            self.present =
                Some(Snapshot { begin: offset, lsn: row.lsn, marked, never_empty, is_read: false });
        }
        let Some(present) = &mut self.present else { return };
        if row.is_marked() {
            present.marked.insert(row.table.to_owned());
        }
        let name = std::str::from_utf8(row.table).unwrap_or_default();
        present.never_empty = present.never_empty.with([name]);
        if row.marker == b"last" {
            present.is_read = true;
            self.complete.push((present.begin, present.never_empty));
        } else if let Some((_, never_empty)) = self.complete.last_mut().filter(|_| present.is_read) {
            // Several threads have written it.
            *never_empty = present.never_empty;
        }
    }

    /// Where the last one begins that lacks no table that is never empty. A part of the database is none to begin at.
    fn last_whole(&self) -> Option<i64> {
        let all = self.complete.iter().fold(Tables::none(&NEVER_EMPTY), |all, (_, tables)| all.or(*tables));
        self.complete.iter().rfind(|(_, tables)| *tables == all).map(|(begin, _)| *begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(marker: &str, table: &str, lsn: u64) -> String {
        format!(
            r#"{{"after":{{"note":"\"snapshot\":\"last\""}},"source":{{"snapshot":"{marker}","db":"odoo","table":"{table}","txId":3,"lsn":{lsn}}},"op":"r"}}"#
        )
    }

    fn search(rows: &[(&str, &str, u64)]) -> Option<i64> {
        let mut search = Search::default();
        for (offset, (marker, table, lsn)) in (0..).zip(rows) {
            let text = row(marker, table, *lsn);
            if let Some(row) = Row::find(text.as_bytes()) {
                search.see(offset, row);
            }
        }
        search.last_whole()
    }

    #[test]
    fn a_row_of_a_snapshot_is_known_by_its_source() {
        let text = row("last", "res_partner", 7);
        assert_eq!(
            Row::find(text.as_bytes()),
            Some(Row { marker: b"last", lsn: Some(7), table: b"res_partner" })
        );
        assert_eq!(Row::find(row("false", "t", 1).as_bytes()), None);
        assert_eq!(Row::find(row("incremental", "t", 1).as_bytes()), None);
        assert_eq!(Row::find(br#"{"status":"BEGIN","id":"1:2"}"#), None);
    }

    #[test]
    fn a_rebuild_begins_at_the_last_snapshot_of_the_whole_database() {
        let first = "first_in_data_collection";
        let whole = [("first", "res_company", 1), ("true", "res_company", 1), ("last", "res_partner", 1)];
        let part = [("first", "res_partner", 2), ("last", "account_move", 2)];
        assert_eq!(search(&whole), Some(0));
        assert_eq!(search(&[&part[..], &whole, &part].concat()), Some(2));
        assert_eq!(search(&whole[..2]), None, "it was not read to its end");
        let threads = [(first, "res_partner", 1), ("last", "account_move", 1), (first, "res_company", 1)];
        assert_eq!(
            search(&threads),
            Some(0),
            "none of its rows is the first of all, and some come behind the last"
        );
        let killed = [(first, "res_partner", 1), (first, "res_company", 1), (first, "res_company", 2)];
        let again = [(first, "res_partner", 2), ("last", "account_move", 2)];
        assert_eq!(search(&[&killed[..], &again].concat()), Some(2));
    }
}
