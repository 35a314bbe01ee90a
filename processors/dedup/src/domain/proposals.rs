//! What is proposed or asked for without a person, and why: an audit row, and the event `merge_requested`.

use std::collections::BTreeMap;

use contract::audit::{self, json};
use contract::{Audit, Mode};
use rust_decimal::Decimal;
use serde::Serialize;

use super::decide::Decision;
use super::events::Transition;
use super::evidence::{self, Link};
use super::status::AUTOMATION;
use crate::store::{Group, GroupStatus};

/// What a decision about a group rests on, for `audit_logs`.
#[derive(Serialize)]
struct Input<'a> {
    odoo_model: &'a str,
    model_version: i32,
    record_ids: &'a [i32],
    threshold: Decimal,
    /// The pairs that hold the group together, the lightest first.
    links: &'a [Link],
}

/// What was decided, for `audit_logs`.
#[derive(Serialize)]
struct Output {
    group: i32,
    before: Option<GroupStatus>,
    after: GroupStatus,
    master_record_id: Option<i32>,
    survivors: BTreeMap<String, i32>,
}

impl Decision<'_> {
    /// Asks for a merge, and writes down what was decided without a person.
    pub(super) fn announce(&mut self, before: Option<&Group>, after: &Group, links: &[Link]) {
        if let Some(status) = self.automatic_status(after) {
            let audit = self.audit(before, after, links, status);
            self.outbox.audit(audit);
        }
        if after.status == GroupStatus::MergeRequested {
            let by = after.resolved_by.as_deref().unwrap_or_default();
            self.emit(after, Transition::MergeRequested, &format!("{by} asks for it"));
        }
    }

    /// What the automation does about a group; `None` where it does nothing.
    fn automatic_status(&self, row: &Group) -> Option<audit::Status> {
        let settings = &self.state.settings;
        let is_sure = row.similarity_score.is_some_and(|score| score >= settings.threshold);
        match row.status {
            GroupStatus::MergeRequested if row.resolved_by.as_deref() == Some(AUTOMATION) => {
                Some(audit::Status::Executed)
            }
            GroupStatus::Suggested => Some(audit::Status::Suggested),
            GroupStatus::Pending if settings.mode == Mode::Shadow && is_sure => Some(audit::Status::Shadow),
            _ => None,
        }
    }

    fn audit(&self, before: Option<&Group>, after: &Group, links: &[Link], status: audit::Status) -> Audit {
        let (records, model) = (after.record_ids.as_slice(), self.model.as_str());
        let (tables, threshold) = (&self.state.tables, self.state.settings.threshold);
        Audit {
            action: crate::MERGE,
            time: self.now,
            record: after.master_record_id.map(|id| (model, id)),
            status,
            confidence: after.similarity_score,
            reasoning: reasoning(model, after, links, threshold),
            input: json(&Input {
                odoo_model: model,
                model_version: tables.models.get(self.model.number()).map_or(0, |row| row.version),
                record_ids: records,
                threshold,
                links: evidence::shown(links),
            }),
            output: json(&Output {
                group: after.id,
                before: before.map(|row| row.status),
                after: after.status,
                master_record_id: after.master_record_id,
                survivors: self.survivors(after),
            }),
        }
    }
}

fn reasoning(model: &str, row: &Group, links: &[Link], threshold: Decimal) -> String {
    let names: Vec<_> = row.record_ids.iter().map(ToString::to_string).collect();
    let lightest = links.first().map(|link| {
        let telling = link.why.steps.iter().filter(|step| step.bits != 0.0);
        let steps: Vec<_> = telling
            .map(|step| format!("{} {} ({:+.1} bits)", step.comparison, step.level, step.bits))
            .collect();
        format!("{} and {}: {}", link.records.0, link.records.1, steps.join(", "))
    });
    format!(
        "{model} {} are the same with a probability of {}, at or above {}: {} should stay. The least likely pair is {}. \
         Nothing speaks against any pair.",
        names.join(", "),
        row.similarity_score.unwrap_or_default(),
        threshold.normalize(),
        row.master_record_id.map(|id| id.to_string()).unwrap_or_default(),
        lightest.unwrap_or_default(),
    )
}
