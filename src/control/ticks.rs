//! Due instants, announced while nothing changes.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use contract::{Failure, Tick};
use sqlx::PgConnection;

use crate::status::Figures;

/// The instant to announce, if something is due: by Postgres' clock, which is one for all instances.
///
/// One tick is enough for all that has fallen due: the runner decides each due instant on the way to it. It is at a
/// full hour, so that all instances announce the same one.
pub(super) async fn due(
    tasks: &[Figures],
    connection: &mut PgConnection,
) -> Result<Option<DateTime<Utc>>, Failure> {
    let Some(due) = tasks.iter().filter_map(|figures| figures.next_due).min() else { return Ok(None) };
    let now: DateTime<Utc> = sqlx::query_scalar("SELECT now()").fetch_one(connection).await?;
    Ok(instant(due, now))
}

fn instant(due: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let hour = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now);
    (due <= now).then_some(due.max(hour))
}

/// A tick's value.
pub(super) fn text(time: DateTime<Utc>) -> String {
    contract::audit::json(&Tick { time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tick_at_a_full_hour_passes_all_that_fell_due() {
        let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let now = time("2026-01-10T09:20:00Z");
        assert_eq!(instant(time("2026-01-10T10:00:00Z"), now), None);
        assert_eq!(instant(time("2026-01-03T00:00:00Z"), now), Some(time("2026-01-10T09:00:00Z")));
        assert_eq!(instant(time("2026-01-10T09:15:00Z"), now), Some(time("2026-01-10T09:15:00Z")));
    }
}
