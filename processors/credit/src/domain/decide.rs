//! Conclusions, in their order: exposures, assessments with their holds, and the lines of `credit_scores`.

use chrono::{DateTime, NaiveDate, Utc};
use contract::{Outbox, Table};
use sqlx::types::Json;

use super::assessment::{self, assess};
use super::breach;
use super::bucket::Key;
use super::exposure::{self, exposure};
use super::holds::{self, Transition};
use super::position::Position;
use super::settings::Settings;
use super::state::State;
use super::summary::{Main, summary};
use super::view::View;
use crate::store::{Assessment, Check, Hold, HoldStatus};

/// What follows from a state at an instant.
pub(crate) struct Decision<'a> {
    state: &'a mut State,
    settings: &'a Settings,
    now: DateTime<Utc>,
    /// The day of `now`.
    today: NaiveDate,
    outbox: &'a mut Outbox,
}

impl<'a> Decision<'a> {
    pub(crate) fn new(
        state: &'a mut State,
        settings: &'a Settings,
        now: DateTime<Utc>,
        outbox: &'a mut Outbox,
    ) -> Self {
        let today = state.calendar.day(now);
        Self { state, settings, now, today, outbox }
    }

    /// What conclusions are drawn from, and where they go.
    fn parts(&mut self) -> (View<'_>, &mut Outbox) {
        let Self { state, settings, now, today, outbox } = self;
        (View { state, settings, now: *now, today: *today }, outbox)
    }

    /// Draws all conclusions.
    pub(crate) fn decide(mut self) {
        let today = self.today;
        // Where the clock was wrong and was set back, the day begins once more.
        let since = |before| if today < before { 1 } else { (today - before).num_days() };
        let new_days = self.state.norms.day.map_or(1, since);
        let new_days = u16::try_from(new_days).unwrap_or(u16::MAX);
        if new_days > 0 {
            self.state.expire(today);
        }
        self.state.place(today);
        let touched = &mut self.state.touched;
        let (rates, settings) = (std::mem::take(&mut touched.rates), std::mem::take(&mut touched.settings));
        let mut keys = std::mem::take(&mut touched.keys);
        if settings {
            // The rule says what counts.
            keys.extend(self.state.tables.exposures.iter().map(|row| Key::from(row.key())));
        }
        let mut assess = std::mem::take(&mut touched.assess);
        let mut customers = std::mem::take(&mut touched.customers);
        for key in keys {
            assess.insert(key);
            if self.exposure(key) {
                customers.insert(key.partner);
            }
        }
        if settings || new_days > 0 {
            let assessable = self.state.assessable(today);
            if new_days > 0 {
                self.state.freeze(&assessable, today);
            }
            assess.extend(assessable);
            assess.extend(self.state.tables.assessments.iter().map(|row| Key::from(row.key())));
            assess.extend(self.state.tables.holds.iter().map(|row| Key::from(row.key())));
        }
        for key in assess {
            if self.assessment(key, new_days) {
                customers.insert(key.partner);
            }
        }
        if rates {
            let tables = &self.state.tables;
            customers.extend(tables.scores.iter().map(|score| score.customer_id));
            // A company that has become a root brings customers that had no line.
            customers.extend(tables.assessments.iter().map(|row| row.partner_id));
            customers.extend(tables.exposures.iter().map(|row| row.partner_id));
        }
        if customers.is_empty() {
            return;
        }
        let main = Main::new(self.parts().0);
        for customer in customers {
            self.summary(customer, main.as_ref());
        }
    }

    /// Compares the key's exposure with the one before. True when it changed.
    fn exposure(&mut self, key: Key) -> bool {
        let tables = &self.state.tables;
        let before = tables.exposures.get(key.id());
        let mut after = exposure(self.state, self.settings, key, self.now);
        if let (Some(before), Some(after)) = (before, &mut after) {
            let now = std::mem::replace(&mut after.updated_at, before.updated_at);
            if before == after {
                return false;
            }
            after.updated_at = now;
        }
        if before.is_none() && after.is_none() {
            return false;
        }
        exposure::emit(tables, key, before, after.as_ref(), self.now, self.outbox);
        self.state.tables.exposures.set(key.id(), after);
        true
    }

    /// Assesses a customer. `new_days` days have begun since the last time. True when anything changed.
    fn assessment(&mut self, key: Key, new_days: u16) -> bool {
        let old = self.state.tables.assessments.get(key.id()).cloned();
        let (view, outbox) = self.parts();
        let mut position = Position::new(view, key);
        let predicted = old.as_ref().and_then(|old| old.breach_on);
        if !view.state.is_assessable(key, view.today) {
            if let Some(old) = &old {
                assessment::emit_score(view, key, &mut assessment::nothing(old), outbox);
                breach::emit(view, key, &position, predicted, None, outbox);
                self.state.tables.assessments.set(key.id(), None);
            }
            return self.hold(key, &position, &[]) || old.is_some();
        }
        let mut new = assess(view, key, old.as_ref(), new_days, &mut position);
        assessment::emit_score(view, key, &mut new, outbox);
        breach::emit(view, key, &position, predicted, new.breach_on, outbox);
        let held = self.hold(key, &position, &new.failing);
        if let Some(old) = &old {
            new.updated_at = old.updated_at;
            if new == *old {
                return held;
            }
        }
        self.state.tables.assessments.set(key.id(), Some(Assessment { updated_at: self.now, ..new }));
        true
    }

    /// Decides about the hold of a customer whose checks `failing` fail. True when anything changed.
    fn hold(&mut self, key: Key, position: &Position, failing: &[Check]) -> bool {
        let old = self.state.tables.holds.get(key.id()).cloned();
        if old.is_none() && failing.is_empty() {
            return false;
        }
        let (view, outbox) = self.parts();
        let View { settings, now, today, .. } = view;
        let mut hold = old.clone().unwrap_or_else(|| Hold::none(key, now));
        hold.lapse(today, now, outbox);
        let holding = holds::holding(failing, settings);
        hold.released.retain(|check| holding.contains(check));
        let checks: Vec<_> = holding.iter().copied().filter(|check| !hold.released.contains(check)).collect();

        hold.accepted.retain(|check| checks.contains(check));

        let (before, after) = (hold.status, hold.due_status(&checks, settings.mode));
        let orders = match after {
            HoldStatus::None => Vec::new(),
            _ => holds::orders_to_hold(view, key, &checks, position, &hold.orders),
        };
        let differs = *hold.checks != checks || *hold.orders != orders;
        let news = before != after || (after != HoldStatus::None && differs);
        let shown = news || after != HoldStatus::None;
        let failing = if shown { holds::figures(view, &checks, position) } else { Vec::new() };
        hold.describe(view, after, &failing, position);
        hold.orders = Json(orders);
        if news {
            let why = &hold.why_not(&holding, settings.mode);
            Transition { before, hold: &hold, failing: &failing, position, why }.emit(view, outbox);
        }
        let row = (after != HoldStatus::None || hold.says_anything()).then_some(hold);
        let unchanged = match (&old, &row) {
            (Some(old), Some(new)) => Hold { updated_at: old.updated_at, ..new.clone() } == *old,
            (old, new) => old.is_none() && new.is_none(),
        };
        if unchanged {
            return false;
        }
        let row = row.map(|row| Hold { updated_at: now, ..row });
        self.state.tables.holds.set(key.id(), row);
        true
    }

    /// Brings a customer's line in `credit_scores` up to date.
    fn summary(&mut self, customer: i32, main: Option<&Main>) {
        let mut new = main.and_then(|main| summary(self.parts().0, customer, main));
        let scores = &mut self.state.tables.scores;
        if let (Some(old), Some(new)) = (scores.get(customer), &mut new) {
            let now = std::mem::replace(&mut new.last_calculated, old.last_calculated);
            new.created_at = old.created_at;
            if old == new {
                return;
            }
            new.last_calculated = now;
        }
        scores.set(customer, new);
    }
}
