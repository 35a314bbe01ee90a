//! What agreement is worth, learned from the records themselves and from what became of groups.

use std::collections::BTreeSet;

use linkage::engine::Engine;
use linkage::model::{Model, Parameters};
use linkage::train::{self, Outcome};
use serde::Serialize;

use super::odoo_model::OdooModel;
use super::state::State;
use crate::store::{Group, Resolution, Tables};

/// What was learned, from what, and what it would change.
#[derive(Clone, Debug, Serialize)]
pub struct Training {
    /// The Odoo model.
    pub model: OdooModel,
    /// Records that are compared.
    pub records: usize,
    /// Pairs that share a key, and that nothing speaks against.
    pub candidates: usize,
    /// The number of them that are the same, in the model's opinion.
    pub matches: f64,
    /// Groups that people, or a merge in Odoo, have settled.
    pub settled: usize,
    /// How much more likely than before looking they have turned out to be, in bits.
    pub calibration_bits: f64,
    /// How pairs of the same thing agree.
    pub levels: Vec<LevelChange>,
    /// Groups with the weights in force.
    pub groups_before: usize,
    /// Groups with the weights that were learned.
    pub groups_after: usize,
    /// Groups that have the same records with both.
    pub groups_same: usize,
    /// What was learned: `parameters` of the request `switch_model`.
    pub parameters: Parameters,
}

/// The share of pairs of the same thing that agree on a level.
#[derive(Clone, Debug, Serialize)]
pub struct LevelChange {
    /// The comparison: its columns.
    pub comparison: String,
    /// The level of agreement.
    pub level: &'static str,
    /// The share by the weights in force.
    pub before: f64,
    /// The share that was learned.
    pub after: f64,
}

/// Learns how the same things agree; `None` where records of the model are not compared.
pub fn train(state: &State, model: OdooModel) -> Option<Training> {
    let engine = &state.indexes.get(&model)?.engine;
    let with = engine.model();
    let records = state.rows().records(model, with);
    let trained = train::train(with, &train::candidates(with, &records));
    let mut parameters = trained.parameters;
    let outcomes = outcomes(model, &state.tables);
    let calibration = train::calibration(&outcomes);
    parameters.duplicates += calibration;
    let mut learned = with.clone();
    learned.parameters = parameters.clone();
    let count = records.len();
    let mut after = Engine::with(learned, records);
    after.settle();
    let before: BTreeSet<&[i32]> = engine.groups().map(|group| group.records.as_slice()).collect();
    Some(Training {
        model,
        records: count,
        candidates: trained.candidates,
        matches: trained.matches,
        settled: outcomes.len(),
        calibration_bits: f64::from(calibration) / 1_000.0,
        levels: levels(with, &parameters),
        groups_before: before.len(),
        groups_after: after.groups().count(),
        groups_same: after.groups().filter(|group| before.contains(group.records.as_slice())).count(),
        parameters,
    })
}

/// What was learned about each level, next to what is in force.
fn levels(with: &Model, learned: &Parameters) -> Vec<LevelChange> {
    let share = |weight: i32| (f64::from(weight) / 1_000.0).exp2();
    let mut levels = Vec::new();
    for (i, comparison) in with.comparisons().iter().enumerate() {
        for (step, level) in comparison.measure.levels().iter().enumerate() {
            levels.push(LevelChange {
                comparison: comparison.name.clone(),
                level: level.name,
                before: share(with.parameters.matches[i][step]),
                after: share(learned.matches[i][step]),
            });
        }
    }
    levels
}

/// What became of groups that were found with the model in force, by id.
fn outcomes(model: OdooModel, tables: &Tables) -> Vec<Outcome> {
    let scan = tables.models.get(model.number()).map(|row| row.scan_id);
    let is_of_scan = |row: &&Group| row.odoo_model == model.as_str() && row.scan_id == scan;
    let mut rows: Vec<_> = tables.groups.iter().filter(is_of_scan).collect();
    rows.sort_unstable_by_key(|row| row.id);
    rows.into_iter()
        .filter_map(|row| {
            let same = match row.known_resolution()? {
                Resolution::Merged => true,
                Resolution::NotDuplicate => false,
                Resolution::Lapsed | Resolution::Split => return None,
            };
            Some(Outcome { probability: row.similarity_score?.try_into().ok()?, same })
        })
        .collect()
}
