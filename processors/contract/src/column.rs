//! The column types of an Odoo row as Debezium writes them, in every JSON encoding: use them as field types of a
//! processor's struct of columns. Each checks what it reads, so that saving cannot fail on data.
//!
//! Encodings: <https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types>.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, Days, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::de::{DeserializeOwned, Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// What the connector writes for a value that it did not get because it is stored out of line and did not change
/// (`unavailable.value.placeholder`, which must be left as it is).
pub const UNAVAILABLE: &str = "__debezium_unavailable_value";

/// Names and codes are shorter, in bytes; events that repeat a text still fit into Kafka's largest message, 1 MB.
const LONGEST_TEXT: usize = 65_536;

/// What a company calculates with is below this, in any currency; a larger number is refused when it is read, and sums of all others fit
/// into a [`Decimal`].
const NUMERIC_LIMIT: i64 = 10_000_000_000_000_000;

/// A `numeric` or floating-point column: text (`decimal.handling.mode=string`) or a number (`double`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numeric(pub Decimal);

impl<'de> Deserialize<'de> for Numeric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumericVisitor;
        impl NumericVisitor {
            fn check<E: Error>(self, value: Option<Decimal>, found: Unexpected<'_>) -> Result<Numeric, E> {
                match value {
                    Some(value) if value.abs() < Decimal::from(NUMERIC_LIMIT) => Ok(Numeric(value)),
                    _ => Err(E::invalid_value(found, &self)),
                }
            }
        }
        impl Visitor<'_> for NumericVisitor {
            type Value = Numeric;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal below 10^16, as text or number")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Numeric, E> {
                let value = text.parse().ok().or_else(|| Decimal::from_scientific(text).ok());
                self.check(value, Unexpected::Str(text))
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Numeric, E> {
                // The shortest decimal that reads back as this double is what Odoo wrote.
                self.check(Decimal::from_f64(value), Unexpected::Float(value))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Numeric, E> {
                self.check(Some(value.into()), Unexpected::Signed(value))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Numeric, E> {
                self.check(Some(value.into()), Unexpected::Unsigned(value))
            }
        }
        deserializer.deserialize_any(NumericVisitor)
    }
}

/// A `date` column: days since 1970-01-01 in every numeric mode, `2026-11-22Z` with `isostring`. Years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub NaiveDate);

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DateVisitor;
        impl Visitor<'_> for DateVisitor {
            type Value = Date;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date in the years 1 to 9999, as days since 1970 or ISO 8601")
            }
            fn visit_i64<E: Error>(self, days: i64) -> Result<Date, E> {
                let distance = Days::new(days.unsigned_abs());
                let epoch = NaiveDate::default();
                let date = if days < 0 {
                    epoch.checked_sub_days(distance)
                } else {
                    epoch.checked_add_days(distance)
                };
                date.filter(in_calendar)
                    .map(Date)
                    .ok_or_else(|| E::invalid_value(Unexpected::Signed(days), &self))
            }
            fn visit_u64<E: Error>(self, days: u64) -> Result<Date, E> {
                self.visit_i64(i64::try_from(days).unwrap_or(i64::MAX))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Date, E> {
                text.trim_end_matches('Z')
                    .parse()
                    .ok()
                    .filter(in_calendar)
                    .map(Date)
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(DateVisitor)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape of Option::filter")]
fn in_calendar(date: &NaiveDate) -> bool {
    use chrono::Datelike;
    (1..=9999).contains(&date.year())
}

/// A `timestamp without time zone` column, which in Odoo is UTC: a number in the unit that its column is declared with
/// ([`TimeUnit`](crate::TimeUnit)), or ISO 8601 text. Years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub DateTime<Utc>);

/// What a timestamp asks a decoder for: the decoder knows the column, and so the unit.
pub(crate) const TIMESTAMP: &str = "contract::Timestamp";

/// What a decoder answers: text, or microseconds since 1970.
pub(crate) struct TimestampVisitor;

impl<'de> Visitor<'de> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a timestamp in the years 1 to 9999, as a number in the unit of time.precision.mode or ISO 8601",
        )
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Timestamp, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_i64<E: Error>(self, micros: i64) -> Result<Timestamp, E> {
        let time = DateTime::from_timestamp_micros(micros).filter(|time| in_calendar(&time.date_naive()));
        time.map(Timestamp).ok_or_else(|| E::invalid_value(Unexpected::Signed(micros), &self))
    }

    fn visit_u64<E: Error>(self, micros: u64) -> Result<Timestamp, E> {
        self.visit_i64(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        let time = text.parse().ok().filter(|time: &DateTime<Utc>| in_calendar(&time.date_naive()));
        time.map(Timestamp).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TIMESTAMP, TimestampVisitor)
    }
}

/// A text column of at most 64 kB. Postgres cannot store NUL, so a text with one is refused here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.contains('\0') {
            return Err(D::Error::invalid_value(Unexpected::Other("text with a NUL"), &"text without NUL"));
        }
        if text.len() > LONGEST_TEXT {
            let found = format!("one of {} bytes", text.len());
            return Err(D::Error::invalid_value(Unexpected::Other(&found), &"a text of at most 64 kB"));
        }
        Ok(Self(text))
    }
}

/// A `jsonb` column, which arrives as JSON inside text: `"{\"1\": 5000.0}"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Json<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text)
            .map(Self)
            .map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"JSON text of the right shape"))
    }
}

/// A `jsonb` column with a value for each company, by its id: how Odoo stores what differs between companies from version 18 on.
///
/// A plain number in such a column is what an upgrade has left there of a version before 17, which has the values elsewhere too: it
/// says nothing. <https://github.com/OCA/OpenUpgrade/issues/5165>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerCompany<T>(pub BTreeMap<i32, Option<T>>);

/// What such a column asks a decoder for, who answers a unit for a number.
pub(crate) const PER_COMPANY: &str = "contract::PerCompany";

impl<'de, T: DeserializeOwned> Deserialize<'de> for PerCompany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PerCompanyVisitor<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for PerCompanyVisitor<T> {
            type Value = PerCompany<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON text with a value for each company")
            }
            fn visit_unit<E: Error>(self) -> Result<PerCompany<T>, E> {
                Ok(PerCompany(BTreeMap::new()))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<PerCompany<T>, D::Error> {
                Json::deserialize(deserializer).map(|Json(values)| PerCompany(values))
            }
        }
        deserializer.deserialize_newtype_struct(PER_COMPANY, PerCompanyVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: DeserializeOwned>(json: &str) -> Result<T, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn money_is_text_or_number() {
        for json in [r#""12.30""#, "12.3", r#""1.23e1""#] {
            assert_eq!(read::<Numeric>(json).unwrap().0, "12.3".parse().unwrap(), "{json}");
        }
        assert_eq!(read::<Numeric>("12").unwrap().0, Decimal::from(12));
        assert_eq!(read::<Numeric>("1320.88").unwrap().0.to_string(), "1320.88");
    }

    #[test]
    fn money_out_of_range_is_refused() {
        for json in [r#""NaN""#, r#""10000000000000000""#, "1e300", r#""__debezium_unavailable_value""#] {
            assert!(read::<Numeric>(json).unwrap_err().contains("a decimal below"), "{json}");
        }
    }

    #[test]
    fn dates_are_days_or_text() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        assert_eq!(read::<Date>("20777").unwrap().0, day);
        assert_eq!(read::<Date>(r#""2026-11-20Z""#).unwrap().0, day);
        assert_eq!(read::<Date>("-1").unwrap().0, NaiveDate::from_ymd_opt(1969, 12, 31).unwrap());
        assert!(read::<Date>("99999999").is_err());
    }

    #[test]
    fn timestamps_that_no_calendar_has_are_refused() {
        for json in [
            r#""-262143-01-01T00:00:00Z""#,
            r#""+262142-01-01T00:00:00Z""#,
            "-99999999999999999",
            "9223372036854775807",
        ] {
            assert!(read::<Timestamp>(json).unwrap_err().contains("9999"), "{json}");
        }
        assert!(read::<Timestamp>("253402300799999999").is_ok(), "the last microsecond of 9999");
    }

    #[test]
    fn jsonb_is_json_inside_text() {
        let limits = read::<Json<BTreeMap<i32, Numeric>>>(r#""{\"1\": 5000.0}""#).unwrap().0;
        assert_eq!(limits[&1].0, Decimal::from(5000));
    }

    #[test]
    fn text_that_no_event_could_carry_is_refused() {
        assert!(read::<Text>(&format!("\"{}\"", "x".repeat(LONGEST_TEXT))).is_ok());
        let error = read::<Text>(&format!("\"{}\"", "x".repeat(LONGEST_TEXT + 1))).unwrap_err();
        assert!(error.contains("64 kB") && error.contains("65537"), "{error}");
    }

    #[test]
    fn nul_in_text_is_refused() {
        assert!(read::<Text>(r#""a\u0000b""#).is_err());
    }
}
