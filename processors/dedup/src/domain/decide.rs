//! What follows from what was applied, one Odoo model after the other.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use contract::Outbox;
use rustc_hash::FxHashSet;

use super::model_index::{ModelIndex, ScanReason};
use super::odoo_model::OdooModel;
use super::state::{State, Touched};

/// One Odoo model's part of a decision. Other files extend it with what they know.
pub(super) struct Decision<'a> {
    pub(super) state: &'a mut State,
    pub(super) model: OdooModel,
    pub(super) now: DateTime<Utc>,
    pub(super) outbox: &'a mut Outbox,
    /// Groups with people's decisions that are not in force any more.
    pub(super) lapsed: BTreeSet<i32>,
    /// Records that were deleted in this source transaction, …
    pub(super) deleted: BTreeSet<i32>,
    /// … and those that were written.
    pub(super) written: BTreeSet<i32>,
}

impl State {
    /// Draws the conclusions as of `now`.
    pub fn decide(&mut self, now: DateTime<Utc>, outbox: &mut Outbox) {
        let mut touched = std::mem::take(&mut self.touched);
        if touched.countries {
            for model in [OdooModel::Partner, OdooModel::Lead] {
                touched.records.entry(model).or_default().extend(self.rows().ids(model));
            }
        }
        for model in OdooModel::ALL {
            Decision::new(self, *model, now, outbox).conclude(&mut touched);
        }
        self.requested_ends.clear();
    }
}

impl<'a> Decision<'a> {
    pub(super) fn new(
        state: &'a mut State,
        model: OdooModel,
        now: DateTime<Utc>,
        outbox: &'a mut Outbox,
    ) -> Self {
        let (lapsed, deleted, written) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { state, model, now, outbox, lapsed, deleted, written }
    }

    /// Begins, goes on or ceases to compare the records of the model, as the rule wants it.
    fn conclude(mut self, touched: &mut Touched) {
        let records = touched.records.remove(&self.model).unwrap_or_default();
        self.deleted = touched.deleted.remove(&self.model).unwrap_or_default();
        let is_wanted = self.state.settings.models.contains(&self.model);
        let index = match self.state.indexes.remove(&self.model) {
            None if is_wanted => self.scan(None, ScanReason::Bootstrap),
            None => return,
            Some(index) if !is_wanted => return self.stop_comparing(index),
            Some(mut index) => {
                self.follow(&mut index, records, touched.settings);
                if index.is_outgrown() {
                    self.scan(Some(index.into_parameters()), ScanReason::Growth)
                } else {
                    index
                }
            }
        };
        self.state.indexes.insert(self.model, index);
    }

    /// Brings an index up to date with what was touched.
    fn follow(&mut self, index: &mut ModelIndex, records: FxHashSet<i32>, new_settings: bool) {
        let all = index.take_resumed() || new_settings;
        if records.is_empty() && !all && index.is_settled() {
            return;
        }
        let mut records: BTreeSet<i32> = records.into_iter().collect();
        let rows = self.state.rows();
        for id in &records {
            index.set(*id, rows.record(self.model, *id, index.engine.model()));
        }
        self.written = records.iter().copied().filter(|id| rows.contains(self.model, *id)).collect();
        let mut groups = BTreeSet::new();
        if all {
            groups = index.live_groups();
            records.extend(self.decided_upon());
            records.extend(index.engine.groups().flat_map(|group| &group.records));
        }
        self.lapse(index, &records);
        records.extend(index.settle());
        self.regroup(index, groups, records);
        self.count(index);
    }

    /// All records about which people decided anything.
    pub(super) fn decided_upon(&self) -> BTreeSet<i32> {
        let number = self.model.number();
        let decisions = self.state.tables.decisions.iter().filter(|row| row.model == number);
        let masters = self.state.tables.masters.iter().filter(|row| row.model == number);
        decisions
            .flat_map(|row| [row.first_id, row.second_id])
            .chain(masters.map(|row| row.record_id))
            .collect()
    }
}
