//! Which record of a group should stay, and which of its values should be kept.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::odoo_model::OdooModel;
use super::records::{SourceRows, Values};

/// A field's value, and the record that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Survivor<'r> {
    pub(super) record: i32,
    pub(super) value: Cow<'r, str>,
}

/// The record that stays: the one that a person chose, else the one that most documents refer to, else the most complete one, else
/// the oldest.
pub(super) fn master(rows: SourceRows<'_>, model: OdooModel, records: &[i32]) -> Option<i32> {
    let is_chosen = |id: &i32| rows.tables.masters.get((model.number(), *id)).is_some();
    let best = records.iter().max_by_key(|id| rank(rows, model, **id));
    records.iter().find(|id| is_chosen(id)).or(best).copied()
}

/// Documents, values that are there, and age.
fn rank(rows: SourceRows<'_>, model: OdooModel, id: i32) -> (i32, usize, Reverse<i32>) {
    let documents = match model {
        OdooModel::Partner => rows.tables.partners.get(id).map_or(0, |row| row.documents),
        OdooModel::Lead | OdooModel::Product => 0,
    };
    let values = rows.values(model, id).map(|(values, _)| values).unwrap_or_default();
    (documents, values.iter().filter(|value| !value.is_empty()).count(), Reverse(id))
}

/// By field, the value that most records agree on; else the master's; else that of the newest record.
pub(super) fn survivors<'r>(
    rows: SourceRows<'r>,
    model: OdooModel,
    records: &[i32],
    master: Option<i32>,
) -> BTreeMap<String, Survivor<'r>> {
    let rows: Vec<(i32, Values<'r>)> =
        records.iter().filter_map(|id| Some((*id, rows.values(model, *id)?.0))).collect();
    let mut survivors = BTreeMap::new();
    for (column, name) in model.columns().into_iter().enumerate() {
        let of = |row: &'_ (i32, Values<'r>)| row.1[column].trim().to_lowercase();
        let candidates = rows.iter().filter(|row| !row.1[column].trim().is_empty());
        let best = candidates.max_by_key(|row| {
            let agreeing = rows.iter().filter(|other| of(other) == of(row)).count();
            (agreeing, Some(row.0) == master, row.0)
        });
        survivors.extend(
            best.map(|(record, values)| (name, Survivor { record: *record, value: values[column].clone() })),
        );
    }
    survivors
}
