//! What people decided about pairs, and when it lapses.

use std::collections::BTreeSet;

use contract::Audit;
use contract::audit::{Status as Verdict, json};

use super::Turn;
use super::book::Book;
use super::standing::Resolution;
use crate::store::Group;

/// Fingerprint of the values of two records; `None` while one of them is not compared.
pub(super) fn basis(book: &Book, a: i32, b: i32) -> Option<i64> {
    let (a, b) = (book.engine.record(a)?.fingerprint(), book.engine.record(b)?.fingerprint());
    Some(a.rotate_left(1).wrapping_add(b).cast_signed())
}

impl Turn<'_> {
    /// Takes back what was decided about records whose values have changed since, and the choice of masters that are gone.
    pub(super) fn lapse(&mut self, book: &mut Book, touched: &BTreeSet<i32>) {
        let number = self.model.number();
        for (a, b) in book.decided(touched) {
            let Some(decision) = self.tables.decisions.get((number, a, b)) else { continue };
            if basis(book, a, b) == Some(decision.basis) {
                continue;
            }
            let decision = decision.clone();
            book.decide(&decision, false);
            self.tables.decisions.set((number, a, b), None);
            self.lapsed.insert(decision.group_id);
        }
        if !self.tables.masters.is_empty() {
            for id in touched.iter().filter(|id| book.engine.record(**id).is_none()) {
                self.tables.masters.set((number, *id), None);
            }
        }
        for group in self.lapsed.clone() {
            self.tell_lapse(group);
        }
    }

    /// What was said about a group does not hold any more.
    fn tell_lapse(&mut self, group: i32) {
        let Some(row) = self.tables.groups.get(group).cloned() else { return };
        // That a record is gone is no change of its values.
        if row.record_ids.iter().any(|id| self.deleted.contains(id)) {
            return;
        }
        let why = "what was decided was based on values that have changed";
        self.outbox.audit(Audit {
            action: "lapse",
            time: self.now,
            record: row.master_record_id.map(|id| (self.model.name(), id)),
            status: Verdict::Executed,
            confidence: None,
            reasoning: format!("What was decided about group {group} is not in force any more: {why}."),
            input: json(&serde_json::json!({ "odoo_model": row.odoo_model, "record_ids": row.record_ids })),
            output: json(&serde_json::json!({ "group": group })),
        });
        self.mark_lapsed(row, why);
    }

    /// A group that a person had settled is not settled any more; its records may be part of another one.
    pub(super) fn mark_lapsed(&mut self, mut row: Group, why: &str) {
        let settled = [Resolution::NotDuplicate, Resolution::Split].map(Resolution::as_str);
        if row.resolution.as_deref().is_some_and(|resolution| settled.contains(&resolution)) {
            row.resolution = Some(Resolution::Lapsed.as_str().to_owned());
            self.emit(&row, "group_resolved", why);
            self.tables.groups.set(row.id, Some(row));
        }
    }
}
