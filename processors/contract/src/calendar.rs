//! Days of the source.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// Where the source's days begin.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calendar {
    zone: Tz,
}

impl Calendar {
    /// Days of a time zone.
    pub fn new(zone: Tz) -> Self {
        Self { zone }
    }

    /// The day of an instant.
    pub fn day(self, instant: DateTime<Utc>) -> NaiveDate {
        instant.with_timezone(&self.zone).date_naive()
    }

    /// When a day begins. Where the clocks go forward at midnight, it begins an hour later.
    pub fn start(self, day: NaiveDate) -> Option<DateTime<Utc>> {
        (0..24).find_map(|hour| {
            let start = day.and_time(NaiveTime::from_hms_opt(hour, 0, 0)?);
            self.zone.from_local_datetime(&start).earliest().map(|start| start.to_utc())
        })
    }
}
