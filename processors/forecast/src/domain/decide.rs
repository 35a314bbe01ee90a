//! What follows from what was applied: now, at the next full minute, and when a day begins.

use chrono::{DateTime, DurationRound, NaiveDate, TimeDelta, Utc};
use contract::Outbox;

use super::state::State;
use crate::store::Clock;

impl State {
    /// Draws the conclusions as of `now`. Most of the time that is to note that an evaluation is due.
    pub fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox) {
        self.place_cash();
        let today = self.calendar.day(now);
        let Some(clock) = self.tables.clock.get(1) else {
            self.begin(today, now, outbox);
            return;
        };
        if clock.settings.0 != self.settings {
            self.touched.all = true;
        }
        let due = clock.due_at.is_some_and(|due| due <= now);
        if clock.day < today {
            self.next_day(today, now, outbox);
        } else if due {
            self.evaluate(now, false, outbox);
        } else if clock.due_at.is_none() && self.touched.is_due() {
            let due_at = next_minute(now);
            self.clock(|clock| clock.due_at = due_at);
        }
    }

    /// The first forecast of all.
    fn begin(&mut self, today: NaiveDate, now: DateTime<Utc>, outbox: &mut Outbox) {
        // Without a company there is nothing to forecast.
        if self.tables.companies.is_empty() {
            return;
        }
        self.tables.clock.set(
            1,
            Some(Clock {
                id: 1,
                day: today,
                evaluated_at: now,
                due_at: None,
                evaluation: 0,
                last_repetition: 0,
                last_scenario: self.tables.scenarios.iter().map(|row| row.id).max().unwrap_or_default(),
                settings: sqlx::types::Json(self.settings.clone()),
            }),
        );
        self.start(now, outbox);
    }

    /// A day has ended: its forecast is final and the ones about it are scored, and another one begins.
    fn next_day(&mut self, today: NaiveDate, now: DateTime<Utc>, outbox: &mut Outbox) {
        if self.touched.is_due() {
            self.evaluate(now, false, outbox);
        }
        self.score(today, now, outbox);
        self.clock(|clock| clock.day = today);
        self.start(now, outbox);
    }

    /// What has become known is learned, and everything is looked at.
    fn start(&mut self, now: DateTime<Utc>, outbox: &mut Outbox) {
        self.rates = None;
        self.lessons = None;
        self.learn();
        self.read_rates();
        self.learn_lessons();
        self.find_repetitions();
        self.evaluate(now, true, outbox);
    }

    /// Reads the rates of the day, where that is not done yet.
    pub(super) fn read_rates(&mut self) {
        if self.rates.is_none() {
            self.rates = Some(super::rates::Rates::new(&self.tables, self.day().unwrap_or_default()));
        }
    }
}

fn next_minute(now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let minute = TimeDelta::minutes(1);
    now.duration_trunc(minute).ok()?.checked_add_signed(minute)
}
