//! What a feed does not say of itself: how its connector is set up.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// How the connector of a feed is set up.
#[derive(Clone, Debug)]
pub struct Format {
    /// The database schema of Odoo's tables.
    pub schema: String,
    /// What timestamps are counted in, where records do not say it.
    pub time_unit: TimeUnit,
}

impl Default for Format {
    fn default() -> Self {
        Self { schema: "public".into(), time_unit: TimeUnit::default() }
    }
}

/// What the timestamps of a column are counted in, from 1970 on. It follows from how they are declared, never from the size of a
/// number: the year 9999 in microseconds is 1978 in nanoseconds.
///
/// It is read from the connector's `time.precision.mode`. Odoo's columns have a precision of six digits, so the modes that adapt to it
/// write microseconds.
/// <https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-temporal-types>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum TimeUnit {
    /// Mode `connect`.
    #[serde(rename = "connect")]
    Milliseconds,
    /// All other modes; with `isostring` timestamps are text.
    #[default]
    #[serde(
        rename = "adaptive",
        alias = "adaptive_time_microseconds",
        alias = "microseconds",
        alias = "isostring"
    )]
    Microseconds,
    /// Mode `nanoseconds`.
    #[serde(rename = "nanoseconds")]
    Nanoseconds,
}

impl TimeUnit {
    /// The instant that is so many of these units after 1970.
    pub(crate) fn instant(self, value: i64) -> Option<DateTime<Utc>> {
        match self {
            Self::Milliseconds => DateTime::from_timestamp_millis(value),
            Self::Microseconds => DateTime::from_timestamp_micros(value),
            Self::Nanoseconds => Some(DateTime::from_timestamp_nanos(value)),
        }
    }

    /// That of a type by its name in a schema.
    fn of_type(name: &str) -> Option<Self> {
        match name {
            "io.debezium.time.Timestamp" | "org.apache.kafka.connect.data.Timestamp" => {
                Some(Self::Milliseconds)
            }
            "io.debezium.time.MicroTimestamp" => Some(Self::Microseconds),
            "io.debezium.time.NanoTimestamp" => Some(Self::Nanoseconds),
            _ => None,
        }
    }
}

/// Where the units of a record's timestamps are said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times<'a> {
    /// The unit where nothing else is said.
    pub unit: TimeUnit,
    /// The record's schema, as JSON, where the connector writes it (`schemas.enable`).
    pub schema: Option<&'a str>,
}

impl Times<'_> {
    /// The unit of a column.
    pub(crate) fn unit_of(self, column: &str) -> TimeUnit {
        let declared = self.schema.and_then(|schema| {
            let record: Field<'_> = serde_json::from_str(schema).ok()?;
            let after = record.fields.iter().find(|field| field.is("after"))?;
            let column = after.fields.iter().find(|field| field.is(column))?;
            TimeUnit::of_type(column.name.as_deref()?)
        });
        declared.unwrap_or(self.unit)
    }
}

/// A field of a schema, or the schema itself.
#[derive(Deserialize)]
struct Field<'a> {
    /// The column.
    #[serde(borrow, default, rename = "field")]
    column: Option<Cow<'a, str>>,
    /// The name of its type.
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    fields: Vec<Field<'a>>,
}

impl Field<'_> {
    fn is(&self, name: &str) -> bool {
        self.column.as_deref() == Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_what_the_schema_declares_or_else_what_the_connector_is_set_up_for() {
        let schema = r#"{"type":"struct","fields":[
            {"type":"struct","field":"before","fields":[{"type":"int64","name":"io.debezium.time.NanoTimestamp","field":"a"}]},
            {"type":"struct","field":"after","fields":[
                {"type":"int64","optional":true,"name":"io.debezium.time.MicroTimestamp","version":1,"field":"a"},
                {"type":"int64","name":"org.apache.kafka.connect.data.Timestamp","field":"b"},
                {"type":"int64","field":"c"}]}]}"#;
        let times = Times { unit: TimeUnit::Nanoseconds, schema: Some(schema) };
        let units = ["a", "b", "c", "d"].map(|column| times.unit_of(column));
        let (nanos, micros, millis) = (TimeUnit::Nanoseconds, TimeUnit::Microseconds, TimeUnit::Milliseconds);
        assert_eq!(units, [micros, millis, nanos, nanos]);
        assert_eq!(Times::default().unit_of("a"), micros);
        assert_eq!(Times { schema: Some("no JSON"), ..times }.unit_of("a"), nanos);
    }

    #[test]
    fn modes_are_those_of_the_connector() {
        let unit = |mode: &str| serde_json::from_value::<TimeUnit>(mode.into()).ok();
        for mode in ["adaptive", "adaptive_time_microseconds", "microseconds", "isostring"] {
            assert_eq!(unit(mode), Some(TimeUnit::Microseconds), "{mode}");
        }
        assert_eq!(unit("connect"), Some(TimeUnit::Milliseconds));
        assert_eq!(unit("nanoseconds"), Some(TimeUnit::Nanoseconds));
        assert_eq!(unit("seconds"), None);
    }
}
