//! What people ask for: approve, reject, split, choose a master, reopen; scan, and switch to a model that was learned.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use contract::audit::json;
use contract::{Done, Outbox};
use linkage::model::{Model, Parameters};
use serde::Deserialize;
use utoipa::ToSchema;

use super::decide::Decision;
use super::model_index::ScanReason;
use super::odoo_model::OdooModel;
use super::state::{RequestedEnd, State};
use super::status::author;
use crate::store::{Group, Master, PairDecision, Resolution};

/// Pairs that one request decides about.
const MOST_PAIRS: usize = 20_000;

/// What people may ask of `dedup`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", content = "arguments", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// The records of a group are the same: ask for their merge.
    Approve {
        /// The group's number.
        group: i32,
        /// Why.
        reason: String,
    },
    /// The records of a group are not the same.
    Reject {
        /// The group's number.
        group: i32,
        /// Why.
        reason: String,
    },
    /// Only the records of each part are the same.
    Split {
        /// The group's number.
        group: i32,
        /// All of its records, in two parts or more.
        parts: Vec<BTreeSet<i32>>,
        /// Why.
        reason: String,
    },
    /// A certain record should stay.
    ChooseMaster {
        /// The group's number.
        group: i32,
        /// The record.
        record: i32,
        /// Why.
        reason: String,
    },
    /// Take back what people decided about a group.
    Reopen {
        /// The group's number.
        group: i32,
        /// Why.
        reason: String,
    },
    /// Compare all records of an Odoo model once more.
    Scan {
        /// The Odoo model.
        model: OdooModel,
    },
    /// Compare all records of an Odoo model with what was learned.
    SwitchModel {
        /// The Odoo model.
        model: OdooModel,
        /// What was learned.
        #[schema(value_type = Object)]
        parameters: Parameters,
    },
}

/// Who says something about a group, why, and when.
struct Statement<'a> {
    person: &'a str,
    reason: String,
    now: DateTime<Utc>,
}

impl State {
    /// Does what a person asks for.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn act(
        &mut self,
        action: Action,
        person: &str,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> Result<Done, String> {
        let statement = |reason| Statement { person, reason, now };
        match action {
            Action::Approve { group, reason } => self.approve(group, &statement(reason)),
            Action::Reject { group, reason } => self.reject(group, &statement(reason)),
            Action::Split { group, parts, reason } => self.split(group, &parts, &statement(reason)),
            Action::ChooseMaster { group, record, reason } => {
                self.choose_master(group, record, statement(reason))
            }
            Action::Reopen { group, .. } => self.reopen(group, now, outbox),
            Action::Scan { model } => self.scan_again(model, now, outbox),
            Action::SwitchModel { model, parameters } => self.switch_model(model, parameters, now, outbox),
        }
    }

    fn approve(&mut self, group: i32, statement: &Statement<'_>) -> Result<Done, String> {
        let (model, row) = self.live(group)?;
        let master = row.master_record_id.ok_or_else(|| too_large(group))?;
        let pairs = row.record_ids.iter().filter(|id| **id != master).map(|id| (master, *id)).collect();
        self.decide_pairs(model, &row, pairs, true, statement)?;
        let others: Vec<_> =
            row.record_ids.iter().filter(|id| **id != master).map(ToString::to_string).collect();
        let text = format!("{model} {} should be merged into {master} (group {group})", others.join(", "));
        Ok(about(model, Some(master), text))
    }

    fn reject(&mut self, group: i32, statement: &Statement<'_>) -> Result<Done, String> {
        let (model, row) = self.live(group)?;
        let parts = row.record_ids.iter().map(|id| [*id].into_iter().collect()).collect::<Vec<_>>();
        self.decide_pairs(model, &row, across(&parts), false, statement)?;
        self.request_end(group, Resolution::NotDuplicate, statement);
        let text = format!("the records of group {group} are not the same");
        Ok(about(model, row.record_ids.first().copied(), text))
    }

    fn split(
        &mut self,
        group: i32,
        parts: &[BTreeSet<i32>],
        statement: &Statement<'_>,
    ) -> Result<Done, String> {
        let (model, row) = self.live(group)?;
        let named: Vec<i32> = parts.iter().flatten().copied().collect();
        let all: BTreeSet<i32> = named.iter().copied().collect();
        if parts.len() < 2 || all.len() != named.len() || !all.iter().eq(row.record_ids.iter()) {
            let records = json(&row.record_ids);
            return Err(format!(
                "`parts` has to name each of the records {records} once, in at least two parts"
            ));
        }
        self.decide_pairs(model, &row, across(parts), false, statement)?;
        self.request_end(group, Resolution::Split, statement);
        let text = format!("group {group} is divided into {} parts", parts.len());
        Ok(about(model, row.record_ids.first().copied(), text))
    }

    fn choose_master(&mut self, group: i32, record: i32, statement: Statement<'_>) -> Result<Done, String> {
        let (model, row) = self.live(group)?;
        if !row.record_ids.contains(&record) {
            let records = json(&row.record_ids);
            return Err(format!("record {record} is not in group {group}; its records are {records}"));
        }
        for id in row.record_ids.iter() {
            self.tables.masters.set((model.number(), *id), None);
        }
        let master = Master {
            model: model.number(),
            record_id: record,
            person: statement.person.to_owned(),
            note: statement.reason,
            decided_at: statement.now,
        };
        self.tables.masters.set((model.number(), record), Some(master));
        self.touch_group(model, &row);
        Ok(about(model, Some(record), format!("record {record} of group {group} stays")))
    }

    /// Takes back what was decided about a group.
    fn reopen(&mut self, group: i32, now: DateTime<Utc>, outbox: &mut Outbox) -> Result<Done, String> {
        let (model, row) = self.row(group)?;
        let is_about = |decision: &&PairDecision| {
            decision.model == model.number()
                && (decision.group_id == group
                    || [decision.first_id, decision.second_id].iter().all(|id| row.record_ids.contains(id)))
        };
        let decisions: Vec<PairDecision> = self.tables.decisions.iter().filter(is_about).cloned().collect();
        if decisions.is_empty() {
            return Err(format!("nothing that a person decided about group {group} is in force"));
        }
        for decision in &decisions {
            self.tables.decisions.set((decision.model, decision.first_id, decision.second_id), None);
            if let Some(index) = self.indexes.get_mut(&model) {
                index.revoke(decision);
            }
        }
        self.touch_group(model, &row);
        let record = row.record_ids.first().copied();
        let text = format!("what was decided about group {group} is taken back");
        Decision::new(self, model, now, outbox).reopen_settled(row, &text);
        Ok(about(model, record, text))
    }

    fn scan_again(
        &mut self,
        model: OdooModel,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> Result<Done, String> {
        let index = self.indexes.remove(&model).ok_or_else(|| not_compared(model))?;
        let learned = index.into_parameters();
        let index = Decision::new(self, model, now, outbox).scan(Some(learned), ScanReason::Requested);
        self.indexes.insert(model, index);
        Ok(Done { record: None, text: format!("all records of {model} were compared") })
    }

    fn switch_model(
        &mut self,
        model: OdooModel,
        parameters: Parameters,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> Result<Done, String> {
        if !self.indexes.contains_key(&model) {
            return Err(not_compared(model));
        }
        Model::untrained(&model.schema()).check(&parameters).map_err(|why| format!("parameters: {why}"))?;
        let version = parameters.version;
        self.indexes.remove(&model);
        let index = Decision::new(self, model, now, outbox).scan(Some(parameters), ScanReason::ModelSwitch);
        self.indexes.insert(model, index);
        let text = format!("all records of {model} are compared with what was learned, version {version}");
        Ok(Done { record: None, text })
    }

    /// A group, whatever became of it.
    fn row(&self, group: i32) -> Result<(OdooModel, Group), String> {
        let row = self.tables.groups.get(group).ok_or_else(|| format!("there is no group {group}"))?;
        let model = row
            .odoo_model
            .parse()
            .ok()
            .filter(|model| self.indexes.contains_key(model))
            .ok_or_else(|| format!("records of {} are not compared", row.odoo_model))?;
        Ok((model, row.clone()))
    }

    /// A group that is not settled yet.
    fn live(&self, group: i32) -> Result<(OdooModel, Group), String> {
        let (model, row) = self.row(group)?;
        match row.status {
            status if status.is_live() => Ok((model, row)),
            _ => Err(format!(
                "group {group} is {}{}; only what is pending, suggested or merge_requested can be decided about",
                row.status,
                row.resolution.map(|resolution| format!(" ({resolution})")).unwrap_or_default()
            )),
        }
    }

    fn decide_pairs(
        &mut self,
        model: OdooModel,
        row: &Group,
        pairs: Vec<(i32, i32)>,
        same: bool,
        statement: &Statement<'_>,
    ) -> Result<(), String> {
        if pairs.len() > MOST_PAIRS {
            return Err(too_large(row.id));
        }
        let Some(index) = self.indexes.get_mut(&model) else { return Err(not_compared(model)) };
        for (a, b) in pairs {
            let (first_id, second_id) = (a.min(b), a.max(b));
            let Some(basis) = index.basis(first_id, second_id) else { continue };
            let decision = PairDecision {
                model: model.number(),
                first_id,
                second_id,
                same,
                basis,
                group_id: row.id,
                person: statement.person.to_owned(),
                note: statement.reason.clone(),
                decided_at: statement.now,
            };
            index.put_in_force(&decision);
            self.tables.decisions.set((decision.model, first_id, second_id), Some(decision));
        }
        self.touch_group(model, row);
        Ok(())
    }

    fn request_end(&mut self, group: i32, resolution: Resolution, statement: &Statement<'_>) {
        let end = RequestedEnd { resolution, person: author(statement.person) };
        self.requested_ends.insert(group, end);
    }
}

/// All pairs of records that are in different parts.
fn across(parts: &[BTreeSet<i32>]) -> Vec<(i32, i32)> {
    let mut pairs = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        for other in &parts[..i] {
            pairs.extend(part.iter().flat_map(|a| other.iter().map(|b| (*a, *b))));
        }
    }
    pairs
}

/// What was done, about a record if there is one.
fn about(model: OdooModel, record: Option<i32>, text: String) -> Done {
    Done { record: record.map(|id| (model.as_str(), id)), text }
}

fn not_compared(model: OdooModel) -> String {
    format!("records of {model} are not compared: name it in config.models of the rule dedup / merge")
}

fn too_large(group: i32) -> String {
    format!("group {group} has too many records to be decided about at once; split it first")
}
