//! What is kept about one Odoo model while its records are compared.

use std::collections::BTreeSet;

use linkage::engine::{Decided, Engine};
use linkage::model::{self, Model};
use linkage::record::Record;
use rustc_hash::FxHashMap;

use super::models::OdooModel;
use super::rows::{self, Links};
use super::standing::{Resolution, Status};
use crate::store::{Decision, Group, Tables};

/// A model counts on so many records at least …
pub(super) const FEWEST: u32 = 1_000;
/// … and no longer holds when there are so many times more than when it was frozen.
const OUTGROWN: usize = 4;

/// The engine, and what leads from records to rows.
pub(super) struct Book {
    pub(super) engine: Engine,
    /// Rows of `duplicate_groups` that are neither resolved nor dissolved, by record.
    row_of: FxHashMap<i32, i32>,
    /// Pairs that were decided upon, by record.
    decided: FxHashMap<i32, BTreeSet<(i32, i32)>>,
    /// How many records there were when the model was frozen.
    frozen: usize,
    /// Whether something was decided since the last time it was settled.
    open: bool,
    /// Whether it was just resumed: in the middle of a snapshot rows are saved from which nothing has been concluded yet.
    pub(super) unseen: bool,
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
    /// A row is there, or (`sign` −1) is there no more.
    pub(super) fn add(&mut self, row: &Group, sign: i32) {
        let status = Status::of(row);
        if status.is_live() {
            let records = i32::try_from(row.record_ids.len()).unwrap_or(i32::MAX);
            self.surplus += sign * (records - 1);
        }
        self.waiting += sign * i32::from(matches!(status, Status::Pending | Status::Suggested));
        let merged = row.resolution.as_deref() == Some(Resolution::Merged.as_str());
        self.merged +=
            sign * i32::from(merged && row.resolved_by.as_deref() == Some(super::standing::AUTOMATION));
    }
}

impl Book {
    /// With all records of a model and what was decided about them. Groups are settled.
    pub(super) fn new(model: OdooModel, with: Model, records: Vec<Record>, tables: &Tables) -> Self {
        let mut book = Self {
            frozen: records.len(),
            engine: Engine::with(with, records),
            row_of: FxHashMap::default(),
            decided: FxHashMap::default(),
            open: false,
            unseen: false,
            tally: Tally::default(),
        };
        for decision in tables.decisions.iter().filter(|decision| decision.model == model.number()) {
            book.decide(decision, true);
        }
        for row in tables.groups.iter().filter(|row| row.odoo_model == model.name()) {
            book.tally.add(row, 1);
            if Status::of(row).is_live() {
                book.point(row, true);
            }
        }
        book.settle();
        book
    }

    /// As it was when the tables were saved; `None` while the model is not compared.
    pub(super) fn resume(model: OdooModel, tables: &Tables, links: &Links) -> Result<Option<Self>, String> {
        let Some(row) = tables.models.get(model.number()) else { return Ok(None) };
        let frozen = model::Frozen { weights: row.weights.clone(), frequencies: row.frequencies.clone() };
        let with = Model::thaw(&model.schema(), &frozen)?;
        let ids = rows::ids(model, tables);
        let records =
            ids.into_iter().filter_map(|id| rows::record(model, id, tables, links, &with)).collect();
        let mut book = Self::new(model, with, records, tables);
        book.frozen = usize::try_from(row.records).unwrap_or(0);
        book.unseen = true;
        Ok(Some(book))
    }

    /// Takes over a record, or that it is not compared any more.
    pub(super) fn set(&mut self, id: i32, record: Option<Record>) {
        match record {
            Some(record) => self.engine.set(record),
            None => self.engine.remove(id),
        }
    }

    /// What a person decided about two records is in force, or is not any more.
    pub(super) fn decide(&mut self, decision: &Decision, in_force: bool) {
        let pair = (decision.first_id, decision.second_id);
        let decided = if decision.same { Decided::Same } else { Decided::Different };
        self.engine.decide(pair.0, pair.1, in_force.then_some(decided));
        self.open = true;
        for id in [pair.0, pair.1] {
            let pairs = self.decided.entry(id).or_default();
            if in_force {
                pairs.insert(pair);
            } else {
                pairs.remove(&pair);
            }
            if pairs.is_empty() {
                self.decided.remove(&id);
            }
        }
    }

    /// The pairs with one of these records that were decided upon.
    pub(super) fn decided<'b>(&'b self, records: &'b BTreeSet<i32>) -> BTreeSet<(i32, i32)> {
        if self.decided.is_empty() {
            return BTreeSet::new();
        }
        records.iter().filter_map(|id| self.decided.get(id)).flatten().copied().collect()
    }

    /// Whether nothing was decided that the groups do not show yet.
    pub(super) fn is_settled(&self) -> bool {
        !self.open
    }

    /// Brings the groups up to date; answers the records of those that changed.
    pub(super) fn settle(&mut self) -> Vec<i32> {
        self.open = false;
        let difference = self.engine.settle();
        difference.before.into_iter().chain(difference.after).flat_map(|group| group.records).collect()
    }

    /// Whether there are so many records by now that the model does not hold any more.
    pub(super) fn is_outgrown(&self) -> bool {
        self.engine.len() > OUTGROWN * self.frozen.max(FEWEST as usize)
    }

    /// The row that a record is in.
    pub(super) fn row_of(&self, record: i32) -> Option<i32> {
        self.row_of.get(&record).copied()
    }

    /// All rows that are neither resolved nor dissolved.
    pub(super) fn live_rows(&self) -> BTreeSet<i32> {
        self.row_of.values().copied().collect()
    }

    /// The records of a row are in it, or are not any more.
    pub(super) fn point(&mut self, row: &Group, there: bool) {
        for record in row.record_ids.iter() {
            if there {
                self.row_of.insert(*record, row.id);
            } else if self.row_of.get(record) == Some(&row.id) {
                self.row_of.remove(record);
            }
        }
    }
}
