//! What follows from what was applied.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use contract::Outbox;

use super::state::{Scope, State, Touched};
use crate::store::{LearnedRule, Refreshed};

/// One decision. Other files extend it with what they know.
pub(super) struct Decision<'a> {
    pub(super) state: &'a mut State,
    pub(super) now: DateTime<Utc>,
    pub(super) outbox: &'a mut Outbox,
    /// Lines that have to be looked at, in order.
    pub(super) dirty: BTreeSet<i32>,
    pub(super) scope: Scope,
    /// Open lines whose rows have changed: whatever is proposed, they are told.
    pub(super) news: BTreeSet<i32>,
    /// Rules that hold from now on, or do not any more.
    pub(super) learned: Vec<LearnedRule>,
}

impl State {
    /// Draws the conclusions as of `now`.
    pub fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox) {
        let mut touched = std::mem::take(&mut self.touched);
        self.touched.journals = std::mem::take(&mut touched.journals);
        let mut decision = Decision::new(self, now, outbox);
        decision.dirty = std::mem::take(&mut touched.dirty);
        decision.news = std::mem::take(&mut touched.news);
        decision.scope = touched.scope;
        decision.conclude(touched);
    }
}

impl<'a> Decision<'a> {
    pub(super) fn new(state: &'a mut State, now: DateTime<Utc>, outbox: &'a mut Outbox) -> Self {
        Self {
            state,
            now,
            outbox,
            dirty: BTreeSet::new(),
            scope: Scope::Touched,
            news: BTreeSet::new(),
            learned: Vec::new(),
        }
    }

    fn conclude(mut self, mut touched: Touched) {
        if self.scope >= Scope::AllRows {
            self.state.make_books();
            touched.lines.extend(self.state.tables.statement_lines.iter().map(|row| row.id));
            touched.lines.extend(self.state.tables.lines.iter().map(|row| row.id));
        } else {
            self.sync(&touched);
        }
        let of_item = |id: i32| self.state.tables.items.get(id).and_then(|row| row.line_id);
        let settled: Vec<i32> = touched.settled.iter().filter_map(|id| of_item(*id)).collect();
        touched.lines.extend(settled);
        self.settle(&touched.lines);
        self.refresh();
        if self.scope >= Scope::AllLines {
            self.dirty.extend(self.state.open_lines());
        }
        self.propose();
        self.count_sessions();
    }

    /// At the beginning of a day, what was learned on the day before is what lines are weighed with.
    fn refresh(&mut self) {
        let today = self.state.calendar.day(self.now);
        let before = self.state.tables.refreshed.get(1).map(|row| row.day);
        if before.is_none_or(|before| before < today) {
            self.state.tables.refreshed.set(1, Some(Refreshed { id: 1, day: today }));
            self.put_in_force();
            self.all_lines();
        }
    }

    /// All lines have to be looked at.
    pub(super) fn all_lines(&mut self) {
        self.scope = self.scope.max(Scope::AllLines);
    }
}
