//! A group's page: what its records say, why they are taken for the same, what speaks against it, and what would change it.

use std::collections::BTreeMap;

use linkage::waterfall::Waterfall;
use serde::Serialize;
use utoipa::ToSchema;

use super::master::survivors;
use super::models::OdooModel;
use super::rows::values;
use super::standing::Status;
use super::{Catalogue, evidence};
use crate::store::Group;

/// All that there is to know about a group.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Explanation {
    /// Its records that are there, with their values.
    pub records: Vec<RecordPage>,
    /// The pairs that hold it together, the least likely first.
    pub links: Vec<PairPage>,
    /// Pairs that something speaks against: a person said that they are the same.
    pub vetoes: Vec<PairVeto>,
    /// By field, the value that should be kept.
    pub survivors: BTreeMap<String, SurvivorPage>,
    /// What people decided, in force.
    pub decisions: Vec<DecisionPage>,
    /// What would change it, in sentences.
    pub would_change: Vec<String>,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecordPage {
    /// Its id in Odoo.
    pub id: i32,
    /// What is compared, by column; contacts of a company have neither address nor tax number of their own.
    pub values: BTreeMap<String, String>,
}

/// Two records, and why they are taken for the same.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PairPage {
    /// The two.
    pub records: (i32, i32),
    /// What each comparison adds, in bits.
    #[schema(value_type = Object)]
    pub why: Waterfall,
}

/// Two records, and why they would not be in one group if nobody had said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PairVeto {
    /// The two.
    pub records: (i32, i32),
    /// In words.
    pub why: String,
}

/// A value that should be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SurvivorPage {
    /// The record that it is of.
    pub record: i32,
    /// The value.
    pub value: String,
}

/// What a person decided about two records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DecisionPage {
    /// The two.
    pub records: (i32, i32),
    /// Whether they are the same, or are not.
    pub same: bool,
    /// Who decided.
    pub person: String,
    /// Why.
    pub note: String,
}

impl Catalogue {
    /// Explains a group; `None` where there is none, or its records are not compared.
    pub fn explain(&self, group: i32) -> Option<Explanation> {
        let row = self.tables.groups.get(group)?;
        let model = OdooModel::named(&row.odoo_model)?;
        let engine = &self.books.get(&model)?.engine;
        let there: Vec<i32> =
            row.record_ids.iter().copied().filter(|id| engine.record(*id).is_some()).collect();
        // What nobody looked at is not looked at here either.
        let links = match row.similarity_score {
            None if Status::of(row).is_live() => Vec::new(),
            _ => evidence::links(engine, &there),
        };
        let mut vetoes = Vec::new();
        if !links.is_empty() {
            for (i, b) in there.iter().enumerate() {
                vetoes.extend(there[..i].iter().filter_map(|a| {
                    let why = engine.veto(*a, *b)?.as_str().to_owned();
                    Some(PairVeto { records: (*a, *b), why })
                }));
            }
        }
        let columns = model.columns();
        let record = |id: &i32| {
            let (of, _) = values(model, *id, &self.tables, &self.links)?;
            let named = columns.iter().cloned().zip(of).filter(|(_, value)| !value.is_empty());
            Some(RecordPage {
                id: *id,
                values: named.map(|(name, value)| (name, value.into_owned())).collect(),
            })
        };
        let survivors = survivors(model, &there, row.master_record_id, &self.tables, &self.links);
        let decisions = self.tables.decisions.iter().filter(|row| row.model == model.number());
        let mut decisions: Vec<_> = decisions
            .map(|row| DecisionPage {
                records: (row.first_id, row.second_id),
                same: row.same,
                person: row.person.clone(),
                note: row.note.clone(),
            })
            .collect();
        decisions.sort_unstable_by_key(|decision| decision.records);
        Some(Explanation {
            records: there.iter().filter_map(record).collect(),
            would_change: would_change(row, &links),
            links: links.into_iter().map(|link| PairPage { records: link.records, why: link.why }).collect(),
            vetoes,
            survivors: survivors
                .into_iter()
                .map(|(field, of)| (field, SurvivorPage { record: of.record, value: of.value.into_owned() }))
                .collect(),
            decisions,
        })
    }
}

fn would_change(row: &Group, links: &[evidence::Link]) -> Vec<String> {
    let status = Status::of(row);
    let mut sentences = Vec::new();
    if !status.is_live() {
        if row.resolution.as_deref() == Some("not_duplicate") {
            sentences.push(
                "A change to any compared value of one of its records, or the request `reopen`, has them looked at anew."
                    .into(),
            );
        }
        return sentences;
    }
    let Some(lightest) = links.first() else {
        sentences
            .push("So many records hang together that a person has to divide it: request `split`.".into());
        return sentences;
    };
    let (a, b) = lightest.records;
    for step in lightest.why.steps.iter().filter(|step| lightest.why.bits - step.bits < 0.0) {
        sentences.push(format!(
            "If {} did not agree ({}, {:+.1} bits), {a} and {b} would be less likely than not to be the same.",
            step.comparison, step.level, step.bits
        ));
    }
    sentences.push(match status {
        Status::MergeRequested => {
            "Merging its records in Odoo resolves it; `reject` or `split` takes the request back.".into()
        }
        _ => "`approve` asks for its merge; `reject` keeps its records apart until a compared value changes."
            .into(),
    });
    sentences
}
