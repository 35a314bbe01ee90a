//! When what people decided about pairs lapses.

use std::collections::BTreeSet;

use contract::Audit;
use contract::audit::{self, json};
use serde_json::json as value;

use super::decide::Decision;
use super::events::Transition;
use super::model_index::ModelIndex;
use crate::store::{Group, Resolution};

impl Decision<'_> {
    /// Takes back what was decided about records whose values have changed since, and the choice of masters that are gone.
    pub(super) fn lapse(&mut self, index: &mut ModelIndex, touched: &BTreeSet<i32>) {
        let number = self.model.number();
        let mut lapsed = BTreeSet::new();
        for (a, b) in index.decided(touched) {
            let Some(decision) = self.state.tables.decisions.get((number, a, b)) else { continue };
            if index.basis(a, b) == Some(decision.basis) {
                continue;
            }
            index.revoke(decision);
            lapsed.insert(decision.group_id);
            self.state.tables.decisions.set((number, a, b), None);
        }
        if !self.state.tables.masters.is_empty() {
            for id in touched.iter().filter(|id| index.engine.record(**id).is_none()) {
                self.state.tables.masters.set((number, *id), None);
            }
        }
        for group in lapsed {
            self.announce_lapse(group);
            self.lapsed.insert(group);
        }
    }

    /// What was said about a group does not hold any more.
    fn announce_lapse(&mut self, group: i32) {
        let Some(row) = self.state.tables.groups.get(group).cloned() else { return };
        // That a record is gone is no change of its values.
        if row.record_ids.iter().any(|id| self.deleted.contains(id)) {
            return;
        }
        let why = "what was decided was based on values that have changed";
        self.outbox.audit(Audit {
            action: "lapse",
            time: self.now,
            record: row.master_record_id.map(|id| (self.model.as_str(), id)),
            status: audit::Status::Executed,
            confidence: None,
            reasoning: format!("What was decided about group {group} is not in force any more: {why}."),
            input: json(&value!({ "odoo_model": row.odoo_model, "record_ids": row.record_ids })),
            output: json(&value!({ "group": group })),
        });
        self.reopen_settled(row, why);
    }

    /// A group that a person had settled is not settled any more; its records may be part of another one.
    pub(super) fn reopen_settled(&mut self, mut row: Group, why: &str) {
        if let Some(Resolution::NotDuplicate | Resolution::Split) = row.known_resolution() {
            row.resolution = Some(Resolution::Lapsed.as_str().to_owned());
            self.emit(&row, Transition::Resolved, why);
            self.state.tables.groups.set(row.id, Some(row));
        }
    }
}
