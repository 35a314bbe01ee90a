//! Times as all answers, events and audit rows write them: UTC to the millisecond, so that they compare as texts too.
//!
//! ```
//! use chrono::{DateTime, Utc};
//! use serde::Serialize;
//!
//! #[derive(Serialize)]
//! struct Late {
//!     #[serde(serialize_with = "contract::api::time::serialize")]
//!     since: DateTime<Utc>,
//! }
//!
//! let since = "2026-01-05T08:00:00Z".parse().unwrap();
//! assert_eq!(serde_json::to_string(&Late { since }).unwrap(), r#"{"since":"2026-01-05T08:00:00.000Z"}"#);
//! ```

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serializer;

/// Writes a time, for `#[serde(serialize_with)]`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(time))
}

/// A time that may be missing.
pub mod optional {
    use chrono::{DateTime, Utc};
    use serde::Serializer;

    /// Writes it, for `#[serde(serialize_with)]`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.serialize_some(&super::text(time)),
            None => serializer.serialize_none(),
        }
    }
}

/// A time without a zone, as tables of the seed have it: it is UTC.
pub mod utc {
    use chrono::NaiveDateTime;
    use serde::Serializer;

    /// Writes it, for `#[serde(serialize_with)]`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &NaiveDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        super::serialize(&time.and_utc(), serializer)
    }
}

/// The same where it may be missing.
pub mod optional_utc {
    use chrono::NaiveDateTime;
    use serde::Serializer;

    /// Writes it, for `#[serde(serialize_with)]`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &Option<NaiveDateTime>, serializer: S) -> Result<S::Ok, S::Error> {
        super::optional::serialize(&time.map(|time| time.and_utc()), serializer)
    }
}

fn text(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
