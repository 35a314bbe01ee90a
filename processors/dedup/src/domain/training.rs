//! What agreement is worth, learned from the records themselves and from what became of groups.

use std::collections::BTreeSet;

use linkage::engine::Engine;
use linkage::model::Parameters;
use linkage::record::Record;
use linkage::train::{self, Outcome};
use serde::Serialize;

use super::Catalogue;
use super::models::OdooModel;
use super::rows;
use super::standing::Resolution;

/// What was learned, from what, and what it would change.
#[derive(Clone, Debug, Serialize)]
pub struct Training {
    /// The Odoo model.
    pub model: OdooModel,
    /// Records that are compared.
    pub records: usize,
    /// Pairs that share a key, and that nothing speaks against.
    pub candidates: usize,
    /// How many of them are the same, in its opinion.
    pub matches: f64,
    /// Groups of which people, or a merge in Odoo, have said whether they were one.
    pub settled: usize,
    /// How much more likely than before looking they have turned out to be, in bits.
    pub calibration_bits: f64,
    /// How pairs of the same thing agree.
    pub levels: Vec<LevelChange>,
    /// Groups with the weights in force …
    pub groups_before: usize,
    /// … and with those that were learned …
    pub groups_after: usize,
    /// … of which so many have the same records.
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

impl Catalogue {
    /// Learns how the same things agree; `None` where records of the model are not compared.
    pub fn train(&self, model: OdooModel) -> Option<Training> {
        let engine = &self.books.get(&model)?.engine;
        let with = engine.model();
        let ids = rows::ids(model, &self.tables).into_iter();
        let records: Vec<Record> =
            ids.filter_map(|id| rows::record(model, id, &self.tables, &self.links, with)).collect();
        let trained = train::train(with, &train::candidates(with, &records));
        let mut parameters = trained.parameters;
        let settled = self.settled(model);
        let calibration = train::calibration(&settled);
        parameters.duplicates += calibration;
        let share = |weight: i32| (f64::from(weight) / 1_000.0).exp2();
        let mut levels = Vec::new();
        for (i, comparison) in with.comparisons().iter().enumerate() {
            for (step, level) in comparison.measure.levels().iter().enumerate() {
                levels.push(LevelChange {
                    comparison: comparison.name.clone(),
                    level: level.name,
                    before: share(with.parameters.matches[i][step]),
                    after: share(parameters.matches[i][step]),
                });
            }
        }
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
            settled: settled.len(),
            calibration_bits: f64::from(calibration) / 1_000.0,
            levels,
            groups_before: before.len(),
            groups_after: after.groups().count(),
            groups_same: after.groups().filter(|group| before.contains(group.records.as_slice())).count(),
            parameters,
        })
    }

    /// What became of groups that were found with the model in force.
    fn settled(&self, model: OdooModel) -> Vec<Outcome> {
        let scan = self.tables.models.get(model.number()).map(|row| row.scan_id);
        let mut rows: Vec<_> = self
            .tables
            .groups
            .iter()
            .filter(|row| row.odoo_model == model.name() && row.scan_id == scan)
            .collect();
        rows.sort_unstable_by_key(|row| row.id);
        let outcome = |resolution: &str| match resolution {
            _ if resolution == Resolution::Merged.as_str() => Some(true),
            _ if resolution == Resolution::NotDuplicate.as_str() => Some(false),
            _ => None,
        };
        rows.into_iter()
            .filter_map(|row| {
                let probability = row.similarity_score?.try_into().ok()?;
                Some(Outcome { probability, same: outcome(row.resolution.as_deref()?)? })
            })
            .collect()
    }
}
