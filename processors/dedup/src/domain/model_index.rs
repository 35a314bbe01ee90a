//! What is in memory about one Odoo model while its records are compared.

use std::collections::BTreeSet;

use linkage::engine::{Decided, Engine};
use linkage::model::{self, Model, Parameters};
use linkage::record::Record;
use rustc_hash::FxHashMap;

use super::odoo_model::OdooModel;
use super::records::SourceRows;
use super::status::AUTOMATION;
use crate::store::{Group, GroupStatus, PairDecision, Resolution, Tables};

/// The number of records that a model counts on at least.
pub(super) const FEWEST: u32 = 1_000;
/// A model no longer holds when there are this many times more records than when it was frozen.
const OUTGROWN: usize = 4;

/// Why all records are compared with a model that was just frozen: what `deduplication_scans.scan_type` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScanReason {
    /// It is the first time.
    Bootstrap,
    /// The number of records has outgrown the model.
    Growth,
    /// A person asked for it.
    Requested,
    /// What agreement is worth was learned again.
    ModelSwitch,
}

impl ScanReason {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::Growth => "growth",
            Self::Requested => "requested",
            Self::ModelSwitch => "model switch",
        }
    }
}

/// The engine, and what leads from records to groups.
pub(super) struct ModelIndex {
    pub(super) engine: Engine,
    /// The row of `duplicate_groups` that is neither resolved nor dissolved, by record.
    group_of: FxHashMap<i32, i32>,
    /// Pairs that people decided upon, by record.
    decided: FxHashMap<i32, BTreeSet<(i32, i32)>>,
    /// The number of records when the model was frozen.
    frozen: usize,
    /// Whether a person decided something that the engine has not settled yet.
    unsettled: bool,
    /// Whether it was just resumed. In the middle of a snapshot rows are saved from which nothing has been concluded yet.
    resumed: bool,
    pub(super) tally: Tally,
}

/// The live counts of `deduplication_scans`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Records in a group besides the one that stays.
    pub(super) surplus: i32,
    /// Groups that wait for a person.
    pub(super) waiting: i32,
    /// Groups that were merged without a person being asked.
    pub(super) merged: i32,
}

impl Tally {
    /// Counts a row in.
    pub(super) fn add(&mut self, row: &Group) {
        self.count(row, 1);
    }

    /// Takes a row out again.
    pub(super) fn subtract(&mut self, row: &Group) {
        self.count(row, -1);
    }

    fn count(&mut self, row: &Group, sign: i32) {
        let status = row.status;
        if status.is_live() {
            let records = i32::try_from(row.record_ids.len()).unwrap_or(i32::MAX);
            self.surplus += sign * (records - 1);
        }
        self.waiting += sign * i32::from(matches!(status, GroupStatus::Pending | GroupStatus::Suggested));
        let is_merged = row.known_resolution() == Some(Resolution::Merged);
        self.merged += sign * i32::from(is_merged && row.resolved_by.as_deref() == Some(AUTOMATION));
    }
}

impl ModelIndex {
    /// With all records of a model and what was decided about them. Groups are settled.
    pub(super) fn new(model: OdooModel, with: Model, records: Vec<Record>, tables: &Tables) -> Self {
        let mut index = Self {
            frozen: records.len(),
            engine: Engine::with(with, records),
            group_of: FxHashMap::default(),
            decided: FxHashMap::default(),
            unsettled: false,
            resumed: false,
            tally: Tally::default(),
        };
        for decision in tables.decisions.iter().filter(|decision| decision.model == model.number()) {
            index.put_in_force(decision);
        }
        for row in tables.groups.iter().filter(|row| row.odoo_model == model.as_str()) {
            index.tally.add(row);
            if row.status.is_live() {
                index.add_group(row);
            }
        }
        index.settle();
        index
    }

    /// As it was when the tables were saved; `None` while records of the model are not compared.
    pub(super) fn resume(model: OdooModel, rows: SourceRows<'_>) -> Result<Option<Self>, String> {
        let Some(row) = rows.tables.models.get(model.number()) else { return Ok(None) };
        let frozen = model::Frozen { weights: row.weights.clone(), frequencies: row.frequencies.clone() };
        let with = Model::thaw(&model.schema(), &frozen)?;
        let records = rows.records(model, &with);
        let mut index = Self::new(model, with, records, rows.tables);
        index.frozen = usize::try_from(row.records).unwrap_or(0);
        index.resumed = true;
        Ok(Some(index))
    }

    /// Whether it was just resumed; only once.
    pub(super) fn take_resumed(&mut self) -> bool {
        std::mem::take(&mut self.resumed)
    }

    /// What was learned; the rest is given up.
    pub(super) fn into_parameters(self) -> Parameters {
        self.engine.model().parameters.clone()
    }

    /// Takes over a record, or that it is not compared any more.
    pub(super) fn set(&mut self, id: i32, record: Option<Record>) {
        match record {
            Some(record) => self.engine.set(record),
            None => self.engine.remove(id),
        }
    }

    /// What a person decided about two records is in force.
    pub(super) fn put_in_force(&mut self, decision: &PairDecision) {
        let decided = if decision.same { Decided::Same } else { Decided::Different };
        let pair = self.decide(decision, Some(decided));
        for id in [pair.0, pair.1] {
            self.decided.entry(id).or_default().insert(pair);
        }
    }

    /// What a person decided about two records is not in force any more.
    pub(super) fn revoke(&mut self, decision: &PairDecision) {
        let pair = self.decide(decision, None);
        for id in [pair.0, pair.1] {
            let Some(pairs) = self.decided.get_mut(&id) else { continue };
            pairs.remove(&pair);
            if pairs.is_empty() {
                self.decided.remove(&id);
            }
        }
    }

    fn decide(&mut self, decision: &PairDecision, decided: Option<Decided>) -> (i32, i32) {
        self.engine.decide(decision.first_id, decision.second_id, decided);
        self.unsettled = true;
        (decision.first_id, decision.second_id)
    }

    /// A fingerprint of the values of two records, on which a decision about them is based; `None` while one of them is not
    /// compared.
    pub(super) fn basis(&self, a: i32, b: i32) -> Option<i64> {
        let (a, b) = (self.engine.record(a)?.fingerprint(), self.engine.record(b)?.fingerprint());
        Some(a.rotate_left(1).wrapping_add(b).cast_signed())
    }

    /// The pairs with one of these records that were decided upon.
    pub(super) fn decided(&self, records: &BTreeSet<i32>) -> BTreeSet<(i32, i32)> {
        if self.decided.is_empty() {
            return BTreeSet::new();
        }
        records.iter().filter_map(|id| self.decided.get(id)).flatten().copied().collect()
    }

    /// Whether the groups show all that people decided.
    pub(super) fn is_settled(&self) -> bool {
        !self.unsettled
    }

    /// Brings the engine's groups up to date; answers the records of those that changed.
    pub(super) fn settle(&mut self) -> Vec<i32> {
        self.unsettled = false;
        let difference = self.engine.settle();
        difference.before.into_iter().chain(difference.after).flat_map(|group| group.records).collect()
    }

    /// Whether the number of records has outgrown the model.
    pub(super) fn is_outgrown(&self) -> bool {
        self.engine.len() > OUTGROWN * self.frozen.max(FEWEST as usize)
    }

    /// The live group that a record is in.
    pub(super) fn group_of(&self, record: i32) -> Option<i32> {
        self.group_of.get(&record).copied()
    }

    /// All groups that are neither resolved nor dissolved.
    pub(super) fn live_groups(&self) -> BTreeSet<i32> {
        self.group_of.values().copied().collect()
    }

    /// The records of a live group are in it.
    pub(super) fn add_group(&mut self, row: &Group) {
        for record in row.record_ids.iter() {
            self.group_of.insert(*record, row.id);
        }
    }

    /// The records of a group are not in it any more.
    pub(super) fn remove_group(&mut self, row: &Group) {
        for record in row.record_ids.iter() {
            if self.group_of.get(record) == Some(&row.id) {
                self.group_of.remove(record);
            }
        }
    }
}
