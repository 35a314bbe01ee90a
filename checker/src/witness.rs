//! The witness in the results database: what it is made of, and what it saw.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};

use crate::error::Error;

/// A checkpoint that changed, and in which transaction.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Step {
    pub(crate) serial: i64,
    pub(crate) txid: i64,
    pub(crate) operation: String,
    pub(crate) processor: String,
    pub(crate) version: i32,
    pub(crate) old_offset: Option<i64>,
    pub(crate) new_offset: Option<i64>,
    pub(crate) old_control: Option<i64>,
    pub(crate) new_control: Option<i64>,
    pub(crate) old_seq: Option<i64>,
    pub(crate) new_seq: Option<i64>,
    pub(crate) old_epoch: Option<i64>,
    pub(crate) new_epoch: Option<i64>,
    pub(crate) old_snapshot: Option<String>,
    pub(crate) new_snapshot: Option<String>,
    pub(crate) old_clock: Option<DateTime<Utc>>,
    pub(crate) new_clock: Option<DateTime<Utc>>,
}

impl Step {
    /// Whether a person let the processor start over at the beginning of the log.
    pub(crate) fn is_reset(&self) -> bool {
        let waits = |snapshot: &Option<String>| snapshot.as_deref() == Some("waiting");
        self.operation == "UPDATE"
            && waits(&self.new_snapshot)
            && (!waits(&self.old_snapshot)
                || (self.new_offset != self.old_offset && self.new_epoch > self.old_epoch))
    }
}

/// An event that was put into the outbox, and in which transaction.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Logged {
    pub(crate) txid: i64,
    pub(crate) processor: String,
    pub(crate) version: i32,
    pub(crate) out_seq: i64,
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    pub(crate) key: String,
    pub(crate) position: String,
    pub(crate) time: DateTime<Utc>,
    pub(crate) data: String,
}

impl Logged {
    /// It in a few words.
    pub(crate) fn describe(&self) -> String {
        format!(
            "number {} of version {}: {} {} at {}, id {}",
            self.out_seq, self.version, self.event_type, self.key, self.position, self.event_id
        )
    }

    /// Offset in the source's topic, and number among the events of the record there. None where the position is the control
    /// topic's, or none at all.
    pub(crate) fn source_position(&self) -> Option<(i64, i64)> {
        offset_and_number(&self.position)
    }
}

/// Offset and number of a position in a topic.
pub(crate) fn offset_and_number(text: &str) -> Option<(i64, i64)> {
    let (offset, number) = text.split_once('.')?;
    Some((offset.parse().ok()?, number.parse().ok()?))
}

/// Installs it; again and again, if need be.
pub(crate) async fn install(database: &str) -> Result<(), Error> {
    let mut connection = PgConnection::connect(database).await?;
    sqlx::raw_sql(include_str!("witness.sql")).execute(&mut connection).await?;
    Ok(())
}

/// Every step of every checkpoint of a source, in order.
pub(crate) async fn steps(connection: &mut PgConnection, source: &str) -> Result<Vec<Step>, Error> {
    let sql = "SELECT serial, txid, operation, processor, version, old_offset, new_offset, old_control, new_control, old_seq, new_seq,
                   old_epoch, new_epoch, old_snapshot, new_snapshot, old_clock, new_clock
               FROM witness.checkpoint WHERE source = $1 ORDER BY serial";
    Ok(sqlx::query_as(sql).bind(source).fetch_all(connection).await?)
}

/// Every event of a source, in the order in which they were stored.
pub(crate) async fn outbox(connection: &mut PgConnection, source: &str) -> Result<Vec<Logged>, Error> {
    let sql = "SELECT txid, processor, version, out_seq, event_id::text AS event_id, event_type, key, position, time, data
               FROM witness.outbox WHERE source = $1 ORDER BY processor, version, out_seq, serial";
    Ok(sqlx::query_as(sql).bind(source).fetch_all(connection).await?)
}
