//! What a group is at present, as it follows from the rule and from what people decided.

use std::collections::BTreeSet;

use contract::{Mode, Rows};
use rust_decimal::Decimal;

use super::odoo_model::OdooModel;
use super::settings::Settings;
use crate::store::{GroupStatus, PairDecision};

/// `duplicate_groups.resolved_by` of what nobody was asked about.
pub(super) const AUTOMATION: &str = "automation";
/// `duplicate_groups.resolved_by` of what was merged in Odoo without a request.
pub(super) const ODOO: &str = "odoo";
/// Characters that `duplicate_groups.resolved_by` holds.
const LONGEST_AUTHOR: usize = 255;

/// A person's name as far as `resolved_by` can hold it.
pub(super) fn author(person: &str) -> String {
    person.chars().take(LONGEST_AUTHOR).collect()
}

/// What a group with this score is, and who asked for its merge. Without a score it is too large to be proposed.
pub(super) fn status_of(
    score: Option<Decimal>,
    approved_by: impl FnOnce() -> Option<String>,
    settings: &Settings,
) -> (GroupStatus, Option<String>) {
    let Some(score) = score else { return (GroupStatus::Pending, None) };
    if let Some(person) = approved_by() {
        return (GroupStatus::MergeRequested, Some(person));
    }
    match settings.mode {
        _ if score < settings.threshold => (GroupStatus::Pending, None),
        Mode::Off | Mode::Shadow => (GroupStatus::Pending, None),
        Mode::Suggest => (GroupStatus::Suggested, None),
        Mode::Auto => (GroupStatus::MergeRequested, Some(AUTOMATION.to_owned())),
    }
}

/// Who was the last to say that records are the same, if people's decisions connect all of them.
pub(super) fn approved_by(
    model: OdooModel,
    records: &[i32],
    decisions: &Rows<PairDecision>,
) -> Option<String> {
    if decisions.is_empty() {
        return None;
    }
    let same = |a: i32, b: i32| {
        let key = (model.number(), a.min(b), a.max(b));
        decisions.get(key).filter(|decision| decision.same)
    };
    let mut left: BTreeSet<i32> = records.iter().copied().collect();
    let mut reached: Vec<i32> = left.pop_first().into_iter().collect();
    let mut last: Option<&PairDecision> = None;
    let mut next = 0;
    while let Some(from) = reached.get(next).copied() {
        next += 1;
        for decision in left.iter().filter_map(|to| same(from, *to)).collect::<Vec<_>>() {
            let to = if decision.first_id == from { decision.second_id } else { decision.first_id };
            left.remove(&to);
            reached.push(to);
            last = last.filter(|last| last.decided_at >= decision.decided_at).or(Some(decision));
        }
    }
    last.filter(|_| left.is_empty()).map(|decision| author(&decision.person))
}
