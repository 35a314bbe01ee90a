//! A group's page: what its records say, why they are taken for the same, what speaks against it, and what would change it.

use std::collections::BTreeMap;

use contract::Rows;
use linkage::engine::Engine;
use linkage::waterfall::Waterfall;
use serde::Serialize;
use utoipa::ToSchema;

use super::evidence;
use super::master;
use super::odoo_model::OdooModel;
use super::records::SourceRows;
use super::state::State;
use crate::store::{Group, GroupStatus, PairDecision, Resolution};

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

/// Explains a group; `None` where there is none, or its records are not compared.
pub fn explain(state: &State, group: i32) -> Option<Explanation> {
    let row = state.tables.groups.get(group)?;
    let model: OdooModel = row.odoo_model.parse().ok()?;
    let engine = &state.indexes.get(&model)?.engine;
    let there: Vec<i32> = row.record_ids.iter().copied().filter(|id| engine.record(*id).is_some()).collect();
    // What nobody looked at is not looked at here either.
    let links = match row.similarity_score {
        None if row.status.is_live() => Vec::new(),
        _ => evidence::links(engine, &there),
    };
    let vetoes = if links.is_empty() { Vec::new() } else { vetoes(engine, &there) };
    let rows = state.rows();
    let survivors = master::survivors(rows, model, &there, row.master_record_id);
    Some(Explanation {
        records: there.iter().filter_map(|id| record_page(rows, model, *id)).collect(),
        would_change: would_change(row, &links),
        links: links.into_iter().map(|link| PairPage { records: link.records, why: link.why }).collect(),
        vetoes,
        survivors: survivors
            .into_iter()
            .map(|(field, of)| (field, SurvivorPage { record: of.record, value: of.value.into_owned() }))
            .collect(),
        decisions: decisions(model, &state.tables.decisions),
    })
}

fn record_page(rows: SourceRows<'_>, model: OdooModel, id: i32) -> Option<RecordPage> {
    let (values, _) = rows.values(model, id)?;
    let values = model.columns().into_iter().zip(values).filter(|(_, value)| !value.is_empty());
    Some(RecordPage { id, values: values.map(|(name, value)| (name, value.into_owned())).collect() })
}

fn vetoes(engine: &Engine, records: &[i32]) -> Vec<PairVeto> {
    let mut vetoes = Vec::new();
    for (i, b) in records.iter().enumerate() {
        vetoes.extend(records[..i].iter().filter_map(|a| {
            let why = engine.veto(*a, *b)?.as_str().to_owned();
            Some(PairVeto { records: (*a, *b), why })
        }));
    }
    vetoes
}

fn decisions(model: OdooModel, rows: &Rows<PairDecision>) -> Vec<DecisionPage> {
    let mut pages: Vec<_> = rows
        .iter()
        .filter(|row| row.model == model.number())
        .map(|row| DecisionPage {
            records: (row.first_id, row.second_id),
            same: row.same,
            person: row.person.clone(),
            note: row.note.clone(),
        })
        .collect();
    pages.sort_unstable_by_key(|page| page.records);
    pages
}

fn would_change(row: &Group, links: &[evidence::Link]) -> Vec<String> {
    let status = row.status;
    let mut sentences = Vec::new();
    if !status.is_live() {
        if row.known_resolution() == Some(Resolution::NotDuplicate) {
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
        GroupStatus::MergeRequested => {
            "Merging its records in Odoo resolves it; `reject` or `split` takes the request back.".into()
        }
        _ => "`approve` asks for its merge; `reject` keeps its records apart until a compared value changes."
            .into(),
    });
    sentences
}
