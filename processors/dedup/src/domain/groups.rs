//! Rows of `duplicate_groups` follow the engine's groups: each goes on, begins or ends, and an event says so.

use std::collections::{BTreeMap, BTreeSet};

use contract::Rows;
use linkage::cluster;
use rustc_hash::{FxHashMap, FxHashSet};

use super::decide::Decision;
use super::events::{GroupData, Transition};
use super::model_index::ModelIndex;
use super::status::{ODOO, approved_by, status_of};
use super::succession::{by_record, successors, transition};
use super::{evidence, master};
use crate::store::{Group, GroupStatus, Resolution};

/// Rows and groups that share records, directly or through each other.
struct Connected {
    /// The rows as they are, by id.
    rows: BTreeMap<i32, Group>,
    /// The groups as they have to be, by their smallest records.
    groups: BTreeMap<i32, cluster::Group>,
}

impl Decision<'_> {
    /// Brings rows in line with the engine's groups. `rows` and `records` name what may have changed; what is connected with them is
    /// looked at, too.
    pub(super) fn regroup(&mut self, index: &mut ModelIndex, rows: BTreeSet<i32>, records: BTreeSet<i32>) {
        let Connected { rows: before, groups } = connected(index, rows, records, &self.state.tables.groups);
        for row in before.values() {
            index.remove_group(row);
        }
        // What a person rejected ends, whatever its records are part of now.
        let requested = &self.state.requested_ends;
        let is_rejected =
            |id: &i32| requested.get(id).is_some_and(|end| end.resolution == Resolution::NotDuplicate);
        let successors = successors(before.values().filter(|row| !is_rejected(&row.id)), &groups);
        let group_of = by_record(groups.iter().map(|(first, group)| (group.records.as_slice(), *first)));
        let row_of = by_record(before.values().map(|row| (row.record_ids.as_slice(), row.id)));
        let goes_on: FxHashSet<i32> = successors.values().copied().collect();
        for row in before.values().filter(|row| !goes_on.contains(&row.id)) {
            let into = row.record_ids.iter().filter_map(|record| group_of.get(record)).min();
            self.end(index, row, into.and_then(|first| successors.get(first)));
        }
        for (first, group) in &groups {
            let row = successors.get(first).and_then(|id| before.get(id));
            self.begin_or_go_on(index, row, group, &row_of);
        }
    }

    /// A row ends: its records are one, are not the same, or are part of another group.
    fn end(&mut self, index: &mut ModelIndex, row: &Group, into: Option<&i32>) {
        let (resolution, resolved_by, why) = if let Some(end) = self.state.requested_ends.get(&row.id) {
            (Some(end.resolution), Some(end.person.clone()), format!("{} decided so", end.person))
        } else if self.is_merged_in_odoo(row) {
            let by = row.resolved_by.clone().unwrap_or_else(|| ODOO.into());
            (Some(Resolution::Merged), Some(by), "its records are one in Odoo".into())
        } else if self.lapsed.contains(&row.id) {
            let why = "what was decided was based on values that have changed".into();
            (Some(Resolution::Lapsed), None, why)
        } else {
            let why = match into {
                Some(into) => format!("it became part of group {into}"),
                None => "its records are not taken for the same any more".into(),
            };
            (None, None, why)
        };
        let (status, transition) = match resolution {
            Some(_) => (GroupStatus::Resolved, Transition::Resolved),
            None => (GroupStatus::Dissolved, Transition::Dissolved),
        };
        let after = Group {
            status,
            resolved_at: Some(self.now.naive_utc()),
            resolved_by,
            resolution: resolution.map(|resolution| resolution.as_str().into()).or(row.resolution.clone()),
            ..row.clone()
        };
        self.put(index, Some(row), after, transition, &why);
    }

    /// Whether records of a row were deleted in a source transaction that wrote another of them: Odoo merges like this.
    fn is_merged_in_odoo(&self, row: &Group) -> bool {
        row.record_ids.iter().any(|id| self.deleted.contains(id))
            && row.record_ids.iter().any(|id| self.written.contains(id))
    }

    /// A group's row goes on, or begins where there is none before.
    fn begin_or_go_on(
        &mut self,
        index: &mut ModelIndex,
        before: Option<&Group>,
        group: &cluster::Group,
        row_of: &FxHashMap<i32, i32>,
    ) {
        let records = group.records.as_slice();
        let links = if group.too_large { Vec::new() } else { evidence::links(&index.engine, records) };
        let after = self.row_for(before, group, &links);
        if before == Some(&after) {
            index.add_group(&after);
            return;
        }
        let transition =
            before.map_or(Transition::Created, |row| transition(row, &after, row_of, &index.engine));
        let is_news = before.is_none_or(|row| {
            (&row.record_ids, &row.status, row.master_record_id)
                != (&after.record_ids, &after.status, after.master_record_id)
        });
        let why = if group.too_large {
            format!("{} records hang together, too many to be looked at as one", records.len())
        } else if before.is_some_and(|row| self.is_merged_in_odoo(row)) {
            "some of its records are one in Odoo".into()
        } else {
            transition.why().into()
        };
        self.put(index, before, after.clone(), transition, &why);
        if is_news {
            self.announce(before, &after, &links);
        }
    }

    /// The row that a group has to have.
    fn row_for(&mut self, before: Option<&Group>, group: &cluster::Group, links: &[evidence::Link]) -> Group {
        let records = group.records.as_slice();
        let similarity_score = evidence::score(links);
        let tables = &self.state.tables;
        let approved_by = || approved_by(self.model, records, &tables.decisions);
        let (status, resolved_by) = status_of(similarity_score, approved_by, &self.state.settings);
        let master_record_id =
            if group.too_large { None } else { master::master(self.state.rows(), self.model, records) };
        Group {
            id: before.map_or_else(|| self.state.last_ids.next_group(), |row| row.id),
            scan_id: before.map_or_else(|| self.scan_in_force(), |row| row.scan_id),
            odoo_model: self.model.as_str().into(),
            record_ids: records.to_vec().into(),
            master_record_id,
            similarity_score,
            match_fields: evidence::fields(links).into(),
            status,
            resolved_at: None,
            resolved_by,
            resolution: None,
        }
    }

    /// Writes a row and its event.
    fn put(
        &mut self,
        index: &mut ModelIndex,
        before: Option<&Group>,
        after: Group,
        transition: Transition,
        why: &str,
    ) {
        if let Some(before) = before {
            index.tally.subtract(before);
        }
        index.tally.add(&after);
        if after.status.is_live() {
            index.add_group(&after);
        }
        self.emit(&after, transition, why);
        self.state.tables.groups.set(after.id, Some(after));
    }

    /// Emits what a group is.
    pub(super) fn emit(&mut self, row: &Group, transition: Transition, why: &str) {
        let survivors = if row.status.is_live() && row.similarity_score.is_some() {
            self.survivors(row)
        } else {
            BTreeMap::new()
        };
        transition.emit(GroupData::new(row, survivors, why), self.now, self.outbox);
    }

    /// By field, the record whose value should be kept.
    pub(super) fn survivors(&self, row: &Group) -> BTreeMap<String, i32> {
        let rows = self.state.rows();
        let survivors = master::survivors(rows, self.model, &row.record_ids, row.master_record_id);
        survivors.into_iter().map(|(field, survivor)| (field, survivor.record)).collect()
    }
}

/// What is connected with these rows and records.
fn connected(
    index: &ModelIndex,
    mut rows: BTreeSet<i32>,
    mut records: BTreeSet<i32>,
    stored: &Rows<Group>,
) -> Connected {
    let mut groups: BTreeMap<i32, cluster::Group> = BTreeMap::new();
    loop {
        let known = records.len() + rows.len();
        rows.extend(records.iter().filter_map(|id| index.group_of(*id)));
        for row in rows.iter().filter_map(|id| stored.get(*id)) {
            records.extend(row.record_ids.iter());
        }
        for id in &records {
            if let Some(group) = index.engine.group_of(*id) {
                groups.entry(group.records[0]).or_insert_with(|| group.clone());
            }
        }
        records.extend(groups.values().flat_map(|group| &group.records));
        if records.len() + rows.len() == known {
            break;
        }
    }
    let rows = rows.iter().filter_map(|id| stored.get(*id)).map(|row| (row.id, row.clone())).collect();
    Connected { rows, groups }
}
