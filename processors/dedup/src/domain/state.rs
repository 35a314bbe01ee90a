//! The working state: the rows, and what is derived from them.

use std::collections::{BTreeMap, BTreeSet};

use contract::RuleSet;
use rustc_hash::FxHashSet;

use super::model_index::ModelIndex;
use super::odoo_model::OdooModel;
use super::records::{SourceRows, VariantIndex};
use super::settings::Settings;
use crate::store::{Group, Resolution, Tables};

/// Rows and indexes.
#[derive(Default)]
pub struct State {
    /// The rows.
    pub tables: Tables,
    pub(super) variants: VariantIndex,
    pub(super) settings: Settings,
    /// One per Odoo model whose records are compared: none before the first snapshot is complete.
    pub(super) indexes: BTreeMap<OdooModel, ModelIndex>,
    pub(super) touched: Touched,
    /// What people have asked for since the last decision, by group.
    pub(super) requested_ends: BTreeMap<i32, RequestedEnd>,
    pub(super) last_ids: LastIds,
}

/// What was applied since the last decision.
#[derive(Default)]
pub(super) struct Touched {
    /// Records whose rows came, changed or went.
    pub(super) records: BTreeMap<OdooModel, FxHashSet<i32>>,
    /// Those of them that were deleted one by one. A row that a new snapshot does not bring was not.
    pub(super) deleted: BTreeMap<OdooModel, BTreeSet<i32>>,
    /// A country changed.
    pub(super) countries: bool,
    /// The rules changed.
    pub(super) settings: bool,
}

/// How a group ends if what a person asked for leaves nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestedEnd {
    pub(super) resolution: Resolution,
    pub(super) person: String,
}

/// The highest ids in use. Ids are counted along the stream, so that the same stream gives the same ones.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastIds {
    group: i32,
    scan: i32,
}

impl LastIds {
    fn new(tables: &Tables) -> Self {
        Self {
            group: tables.groups.iter().map(|row| row.id).max().unwrap_or(0),
            scan: tables.scans.iter().map(|row| row.id).max().unwrap_or(0),
        }
    }

    pub(super) fn next_group(&mut self) -> i32 {
        self.group += 1;
        self.group
    }

    pub(super) fn next_scan(&mut self) -> i32 {
        self.scan += 1;
        self.scan
    }
}

impl State {
    /// Over the rows of `tables`.
    ///
    /// # Errors
    /// A stored model that does not fit its schema.
    pub fn new(tables: Tables) -> Result<Self, String> {
        let variants = VariantIndex::new(&tables);
        let last_ids = LastIds::new(&tables);
        let mut state = Self { tables, variants, last_ids, ..Self::default() };
        for model in OdooModel::ALL {
            if let Some(index) = ModelIndex::resume(*model, state.rows())? {
                state.indexes.insert(*model, index);
            }
        }
        Ok(state)
    }

    /// Takes over the rules in force.
    ///
    /// # Errors
    /// Rules that cannot be used, and what to change.
    pub fn rules(&mut self, rules: &RuleSet) -> Result<(), String> {
        let settings = Settings::from_rule(rules.get(crate::NAME, crate::MERGE))?;
        self.touched.settings |= settings != self.settings;
        self.settings = settings;
        Ok(())
    }

    /// The source rows, to be read as records.
    pub(super) fn rows(&self) -> SourceRows<'_> {
        SourceRows { tables: &self.tables, variants: &self.variants }
    }

    /// The records of a group have to be looked at.
    pub(super) fn touch_group(&mut self, model: OdooModel, row: &Group) {
        self.touched.records.entry(model).or_default().extend(row.record_ids.iter());
    }
}
