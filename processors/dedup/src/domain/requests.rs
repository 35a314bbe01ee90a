//! What people ask for: approve, reject, split, choose a master, reopen; scan, and switch to a model that was learned.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use contract::audit::{Status as Verdict, json};
use contract::{Audit, Outbox, Outcome, Request};
use linkage::model::{Model, Parameters};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::decisions::basis;
use super::models::OdooModel;
use super::standing::{Resolution, Status};
use super::{Catalogue, scans};
use crate::store::{Decision, Group, Master};

/// How a group ends if what a person asked for leaves nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) resolution: Resolution,
    pub(super) person: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfGroup {
    group: i32,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Split {
    group: i32,
    parts: Vec<BTreeSet<i32>>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChooseMaster {
    group: i32,
    record: i32,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfModel {
    model: OdooModel,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchModel {
    model: OdooModel,
    parameters: Parameters,
}

/// What `note` columns keep.
const LONGEST_REASON: usize = 2_000;
/// What `duplicate_groups.resolved_by` holds.
const LONGEST_AUTHOR: usize = 255;
/// Pairs that one request decides about.
const MOST_PAIRS: usize = 20_000;
/// The verbs, for who used another.
const VERBS: &str = "approve, reject, split, choose_master, reopen, scan or switch_model";

/// What was done, and to which record.
struct Done {
    record: Option<(OdooModel, i32)>,
    text: String,
}

impl Catalogue {
    /// Does what a person asks for.
    pub fn request(&mut self, request: &Request, now: DateTime<Utc>, outbox: &mut Outbox) -> Outcome {
        let (action, done) = match request.action.as_str() {
            "approve" => ("approve", self.approve(request, now)),
            "reject" => ("reject", self.reject(request, now)),
            "split" => ("split", self.split(request, now)),
            "choose_master" => ("choose_master", self.choose_master(request, now)),
            "reopen" => ("reopen", self.reopen(request, now, outbox)),
            "scan" => ("scan", self.scan_again(request, now, outbox)),
            "switch_model" => ("switch_model", self.switch_model(request, now, outbox)),
            other => ("request", Err(format!("dedup knows no request `{other}`; use {VERBS}"))),
        };
        let (verdict, text) = match &done {
            Ok(done) => (Verdict::Approved, &done.text),
            Err(why) => (Verdict::Rejected, why),
        };
        outbox.audit(Audit {
            action,
            time: now,
            record: done.as_ref().ok().and_then(|done| done.record).map(|(model, id)| (model.name(), id)),
            status: verdict,
            confidence: None,
            reasoning: format!("{} asked: {text}.", request.person),
            input: json(&request.arguments),
            output: json(
                &serde_json::json!({ "request": request.id, "person": request.person, "outcome": text }),
            ),
        });
        match done {
            Ok(done) => Outcome::Done(done.text),
            Err(why) => Outcome::Refused(why),
        }
    }

    fn approve(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Done, String> {
        let OfGroup { group, reason } = arguments(request)?;
        let (model, row) = self.live(group)?;
        let master = row.master_record_id.ok_or_else(|| too_large(group))?;
        let pairs = row.record_ids.iter().filter(|id| **id != master).map(|id| (master, *id)).collect();
        self.decide_pairs(model, &row, pairs, true, request, &reason, now)?;
        let others: Vec<_> =
            row.record_ids.iter().filter(|id| **id != master).map(ToString::to_string).collect();
        let text = format!("{model} {} should be merged into {master} (group {group})", others.join(", "));
        Ok(Done { record: Some((model, master)), text })
    }

    fn reject(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Done, String> {
        let OfGroup { group, reason } = arguments(request)?;
        let (model, row) = self.live(group)?;
        let parts = row.record_ids.iter().map(|id| [*id].into_iter().collect()).collect::<Vec<_>>();
        self.decide_pairs(model, &row, across(&parts), false, request, &reason, now)?;
        self.ask(group, Resolution::NotDuplicate, request);
        let text = format!("the records of group {group} are not the same");
        Ok(Done { record: row.record_ids.first().map(|id| (model, *id)), text })
    }

    fn split(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Done, String> {
        let Split { group, parts, reason } = arguments(request)?;
        let (model, row) = self.live(group)?;
        let named: Vec<i32> = parts.iter().flatten().copied().collect();
        let all: BTreeSet<i32> = named.iter().copied().collect();
        if parts.len() < 2 || all.len() != named.len() || !all.iter().eq(row.record_ids.iter()) {
            let records = json(&row.record_ids);
            return Err(format!(
                "`parts` has to name each of the records {records} once, in at least two parts"
            ));
        }
        self.decide_pairs(model, &row, across(&parts), false, request, &reason, now)?;
        self.ask(group, Resolution::Split, request);
        let text = format!("group {group} is divided into {} parts", parts.len());
        Ok(Done { record: row.record_ids.first().map(|id| (model, *id)), text })
    }

    fn choose_master(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Done, String> {
        let ChooseMaster { group, record, reason } = arguments(request)?;
        let (model, row) = self.live(group)?;
        if !row.record_ids.contains(&record) {
            let records = json(&row.record_ids);
            return Err(format!("record {record} is not in group {group}; its records are {records}"));
        }
        let note = noted(reason)?;
        for id in row.record_ids.iter() {
            self.tables.masters.set((model.number(), *id), None);
        }
        let master = Master {
            model: model.number(),
            record_id: record,
            person: request.person.clone(),
            note,
            decided_at: now,
        };
        self.tables.masters.set((model.number(), record), Some(master));
        self.touch_all(model, &row);
        Ok(Done { record: Some((model, record)), text: format!("record {record} of group {group} stays") })
    }

    /// Takes back what was decided about a group.
    fn reopen(&mut self, request: &Request, now: DateTime<Utc>, outbox: &mut Outbox) -> Result<Done, String> {
        let OfGroup { group, reason } = arguments(request)?;
        noted(reason)?;
        let (model, row) = self.row(group)?;
        let rests = |decision: &&Decision| {
            decision.model == model.number()
                && (decision.group_id == group
                    || [decision.first_id, decision.second_id].iter().all(|id| row.record_ids.contains(id)))
        };
        let decisions: Vec<Decision> = self.tables.decisions.iter().filter(rests).cloned().collect();
        if decisions.is_empty() {
            return Err(format!("nothing that a person decided about group {group} is in force"));
        }
        for decision in &decisions {
            self.tables.decisions.set((decision.model, decision.first_id, decision.second_id), None);
            if let Some(book) = self.books.get_mut(&model) {
                book.decide(decision, false);
            }
        }
        self.touch_all(model, &row);
        let record = row.record_ids.first().map(|id| (model, *id));
        let text = format!("what was decided about group {group} is taken back");
        self.turn(model, now, outbox).mark_lapsed(row, &text);
        Ok(Done { record, text })
    }

    fn scan_again(
        &mut self,
        request: &Request,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> Result<Done, String> {
        let OfModel { model } = arguments(request)?;
        let book = self.books.get(&model).ok_or_else(|| not_compared(model))?;
        let learned = book.engine.model().parameters.clone();
        self.rescan(model, learned, scans::REQUESTED, now, outbox);
        Ok(Done { record: None, text: format!("all records of {model} were compared") })
    }

    fn switch_model(
        &mut self,
        request: &Request,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> Result<Done, String> {
        let SwitchModel { model, parameters } = arguments(request)?;
        if !self.books.contains_key(&model) {
            return Err(not_compared(model));
        }
        Model::untrained(&model.schema()).check(&parameters).map_err(|why| format!("parameters: {why}"))?;
        let version = parameters.version;
        self.rescan(model, parameters, scans::MODEL_SWITCH, now, outbox);
        let text = format!("all records of {model} are compared with what was learned, version {version}");
        Ok(Done { record: None, text })
    }

    fn rescan(
        &mut self,
        model: OdooModel,
        learned: Parameters,
        why: &str,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) {
        let book = self.turn(model, now, outbox).scan_with(Some(learned), why);
        self.books.insert(model, book);
    }

    /// A group, whatever became of it.
    fn row(&self, group: i32) -> Result<(OdooModel, Group), String> {
        let row = self.tables.groups.get(group).ok_or_else(|| format!("there is no group {group}"))?;
        let model = OdooModel::named(&row.odoo_model)
            .filter(|model| self.books.contains_key(model))
            .ok_or_else(|| format!("records of {} are not compared", row.odoo_model))?;
        Ok((model, row.clone()))
    }

    /// A group that is not settled yet.
    fn live(&self, group: i32) -> Result<(OdooModel, Group), String> {
        let (model, row) = self.row(group)?;
        match Status::of(&row) {
            status if status.is_live() => Ok((model, row)),
            _ => Err(format!(
                "group {group} is {}{}; only what is pending, suggested or merge_requested can be decided about",
                row.status,
                row.resolution.map(|resolution| format!(" ({resolution})")).unwrap_or_default()
            )),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a decision has so many parts")]
    fn decide_pairs(
        &mut self,
        model: OdooModel,
        row: &Group,
        pairs: Vec<(i32, i32)>,
        same: bool,
        request: &Request,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let note = noted(reason.to_owned())?;
        if pairs.len() > MOST_PAIRS {
            return Err(too_large(row.id));
        }
        let Some(book) = self.books.get_mut(&model) else { return Err(not_compared(model)) };
        for (a, b) in pairs {
            let (first_id, second_id) = (a.min(b), a.max(b));
            let Some(basis) = basis(book, first_id, second_id) else { continue };
            let decision = Decision {
                model: model.number(),
                first_id,
                second_id,
                same,
                basis,
                group_id: row.id,
                person: request.person.clone(),
                note: note.clone(),
                decided_at: now,
            };
            book.decide(&decision, true);
            self.tables.decisions.set((decision.model, first_id, second_id), Some(decision));
        }
        self.touch_all(model, row);
        Ok(())
    }

    fn ask(&mut self, group: i32, resolution: Resolution, request: &Request) {
        self.asked.insert(group, Asked { resolution, person: as_author(&request.person) });
    }

    fn touch_all(&mut self, model: OdooModel, row: &Group) {
        self.touched.records.entry(model).or_default().extend(row.record_ids.iter());
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

fn noted(reason: String) -> Result<String, String> {
    if reason.trim().is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(format!("say why, in 1 to {LONGEST_REASON} characters of `reason`"));
    }
    Ok(reason)
}

/// A person's name as far as `resolved_by` can hold it.
pub(super) fn as_author(person: &str) -> String {
    person.chars().take(LONGEST_AUTHOR).collect()
}

fn not_compared(model: OdooModel) -> String {
    format!("records of {model} are not compared: name it in config.models of the rule dedup / merge")
}

fn too_large(group: i32) -> String {
    format!("group {group} has too many records to be decided about at once; split it first")
}

fn arguments<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    T::deserialize(&request.arguments).map_err(|error| format!("arguments: {error}"))
}
