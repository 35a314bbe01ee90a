//! The wall clock: for back-off, lag and metrics only. What is stored or emitted takes its time from the stream.

use chrono::{DateTime, Utc};

/// Now.
#[allow(clippy::disallowed_methods, reason = "the only clock; nothing below src/ can reach it")]
pub fn wall() -> DateTime<Utc> {
    Utc::now()
}

/// A time in milliseconds since 1970 as a date and time; the ends of time where it does not fit.
pub fn from_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(if millis < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}
