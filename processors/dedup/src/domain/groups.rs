//! Rows of `duplicate_groups` follow the groups that there are: each goes on, begins or ends, and an event says so.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contract::audit::{Status as Verdict, json};
use contract::{Audit, Mode};
use linkage::cluster;
use rust_decimal::Decimal;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use super::book::Book;
use super::evidence::{self, Link};
use super::requests::Asked;
use super::standing::{AUTOMATION, ODOO, Resolution, Status};
use super::{Numbers, Turn};
use crate::store::{Evidence, Group};

/// Every event about a group: its row, and what the row does not say.
#[derive(Serialize)]
struct GroupEvent<'a> {
    id: i32,
    scan_id: Option<i32>,
    odoo_model: &'a str,
    /// All of them, unless there are more than a message can hold.
    record_ids: &'a [i32],
    record_count: usize,
    master_record_id: Option<i32>,
    similarity_score: Option<Decimal>,
    match_fields: &'a [Evidence],
    status: &'a str,
    resolved_at: Option<DateTime<Utc>>,
    resolved_by: Option<&'a str>,
    resolution: Option<&'a str>,
    /// Of which record each field's value should be kept.
    survivors: BTreeMap<String, i32>,
    /// Why it is what it is, in words.
    why: &'a str,
}

/// Records that an event names: of a group that is too large to be looked at, the first ones. A message of Kafka's holds 1 MB.
const TOLD: usize = 20_000;

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
struct Output<'a> {
    group: i32,
    before: Option<&'a str>,
    after: &'a str,
    master_record_id: Option<i32>,
    survivors: BTreeMap<String, i32>,
}

/// How a row goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Created,
    Merged,
    Split,
    Shrunk,
    Grown,
    Changed,
}

impl Fate {
    fn event_type(self) -> &'static str {
        match self {
            Self::Created => "group_created",
            Self::Merged => "group_merged",
            Self::Split => "group_split",
            Self::Shrunk => "group_shrunk",
            Self::Grown => "group_grown",
            Self::Changed => "group_changed",
        }
    }

    fn why(self) -> &'static str {
        match self {
            Self::Created => "its records are taken for the same",
            Self::Merged => "another group became part of it",
            Self::Split => "a part of it became a group of its own",
            Self::Shrunk => "a record is not part of it any more",
            Self::Grown => "a record became part of it",
            Self::Changed => "what it rests on has changed",
        }
    }
}

impl Turn<'_> {
    /// Brings rows in line with the groups of records. `rows` and `records` name what may have changed; what hangs together with
    /// them is looked at, too.
    pub(super) fn regroup(&mut self, book: &mut Book, mut rows: BTreeSet<i32>, mut records: BTreeSet<i32>) {
        let mut groups: BTreeMap<i32, cluster::Group> = BTreeMap::new();
        loop {
            let known = records.len() + rows.len();
            rows.extend(records.iter().filter_map(|id| book.row_of(*id)));
            for row in rows.iter().filter_map(|id| self.tables.groups.get(*id)) {
                records.extend(row.record_ids.iter());
            }
            for id in &records {
                if let Some(group) = book.engine.group_of(*id) {
                    groups.entry(group.records[0]).or_insert_with(|| group.clone());
                }
            }
            records.extend(groups.values().flat_map(|group| &group.records));
            if records.len() + rows.len() == known {
                break;
            }
        }
        let before: BTreeMap<i32, Group> = rows
            .iter()
            .filter_map(|id| self.tables.groups.get(*id))
            .map(|row| (row.id, row.clone()))
            .collect();
        for row in before.values() {
            book.point(row, false);
        }
        // What a person rejected ends, whatever its records are part of now.
        let rejected =
            |id: &i32| self.asked.get(id).is_some_and(|asked| asked.resolution == Resolution::NotDuplicate);
        let going_on = before.values().filter(|row| !rejected(&row.id));
        let heirs = heirs(going_on, &groups);
        let group_of: FxHashMap<i32, i32> =
            by_record(groups.iter().map(|(first, group)| (&group.records, *first)));
        let row_of: FxHashMap<i32, i32> = by_record(before.values().map(|row| (&row.record_ids.0, row.id)));
        let goes_on: FxHashSet<i32> = heirs.values().copied().collect();
        for row in before.values().filter(|row| !goes_on.contains(&row.id)) {
            let into = row.record_ids.iter().filter_map(|record| group_of.get(record)).min();
            self.end(book, row, into.and_then(|first| heirs.get(first)));
        }
        for (first, group) in &groups {
            let row = heirs.get(first).and_then(|id| before.get(id));
            self.go_on(book, row, group, &row_of);
        }
    }

    /// A row ends: its records are one, are not the same, or are part of another group.
    fn end(&mut self, book: &mut Book, row: &Group, into: Option<&i32>) {
        let mut after = row.clone();
        after.resolved_at = Some(self.now.naive_utc());
        let resolve = |after: &mut Group, resolution: Resolution| {
            after.status = Status::Resolved.as_str().into();
            after.resolution = Some(resolution.as_str().into());
        };
        let why = if let Some(Asked { resolution, person }) = self.asked.get(&row.id) {
            resolve(&mut after, *resolution);
            after.resolved_by = Some(person.clone());
            format!("{person} decided so")
        } else if self.is_merged_in_odoo(row) {
            resolve(&mut after, Resolution::Merged);
            after.resolved_by.get_or_insert_with(|| ODOO.into());
            "its records are one in Odoo".into()
        } else if self.lapsed.contains(&row.id) {
            resolve(&mut after, Resolution::Lapsed);
            after.resolved_by = None;
            "what was decided was based on values that have changed".into()
        } else {
            after.status = Status::Dissolved.as_str().into();
            after.resolved_by = None;
            match into {
                Some(into) => format!("it became part of group {into}"),
                None => "its records are not taken for the same any more".into(),
            }
        };
        let event = if Status::of(&after) == Status::Resolved { "group_resolved" } else { "group_dissolved" };
        self.put(book, Some(row), after, event, &why);
    }

    /// Whether records of a row were deleted in a source transaction that wrote another of them: Odoo merges like this.
    fn is_merged_in_odoo(&self, row: &Group) -> bool {
        row.record_ids.iter().any(|id| self.deleted.contains(id))
            && row.record_ids.iter().any(|id| self.written.contains(id))
    }

    /// A group's row goes on or begins.
    fn go_on(
        &mut self,
        book: &mut Book,
        before: Option<&Group>,
        group: &cluster::Group,
        row_of: &FxHashMap<i32, i32>,
    ) {
        let records = group.records.as_slice();
        let links = if group.too_large { Vec::new() } else { evidence::links(&book.engine, records) };
        let score = evidence::score(&links);
        let (status, resolved_by) = self.standing(records, score);
        let after = Group {
            id: before.map_or_else(|| Numbers::take(&mut self.numbers.group), |row| row.id),
            scan_id: before.map_or_else(|| self.scan_in_force(), |row| row.scan_id),
            odoo_model: self.model.name().into(),
            record_ids: records.to_vec().into(),
            master_record_id: if group.too_large { None } else { self.master(records) },
            similarity_score: score,
            match_fields: evidence::fields(&links).into(),
            status: status.as_str().into(),
            resolved_at: None,
            resolved_by,
            resolution: None,
        };
        if before == Some(&after) {
            book.point(&after, true);
            return;
        }
        let fate = before.map_or(Fate::Created, |row| fate(row, &after, row_of, book));
        let is_news = before.is_none_or(|row| {
            (&row.record_ids, &row.status, row.master_record_id)
                != (&after.record_ids, &after.status, after.master_record_id)
        });
        let why = if group.too_large {
            format!("{} records hang together, too many to be looked at as one", records.len())
        } else if before.is_some_and(|row| self.is_merged_in_odoo(row)) {
            "some of its records are one in Odoo".into()
        } else {
            fate.why().into()
        };
        self.put(book, before, after.clone(), fate.event_type(), &why);
        if is_news {
            self.tell_decision(before, &after, &links);
        }
    }

    /// Writes a row and its event.
    fn put(&mut self, book: &mut Book, before: Option<&Group>, after: Group, event: &'static str, why: &str) {
        if let Some(before) = before {
            book.tally.add(before, -1);
        }
        book.tally.add(&after, 1);
        if Status::of(&after).is_live() {
            book.point(&after, true);
        }
        self.emit(&after, event, why);
        self.tables.groups.set(after.id, Some(after));
    }

    /// Tells what a group is.
    pub(super) fn emit(&mut self, row: &Group, event: &'static str, why: &str) {
        let survivors = if Status::of(row).is_live() && row.similarity_score.is_some() {
            self.survivors(&row.record_ids, row.master_record_id)
        } else {
            BTreeMap::new()
        };
        let event_data = GroupEvent {
            id: row.id,
            scan_id: row.scan_id,
            odoo_model: &row.odoo_model,
            record_ids: &row.record_ids[..row.record_ids.len().min(TOLD)],
            record_count: row.record_ids.len(),
            master_record_id: row.master_record_id,
            similarity_score: row.similarity_score,
            match_fields: &row.match_fields,
            status: &row.status,
            resolved_at: row.resolved_at.map(|time| time.and_utc()),
            resolved_by: row.resolved_by.as_deref(),
            resolution: row.resolution.as_deref(),
            survivors,
            why,
        };
        self.outbox.emit(event, 0, format!("group-{}", row.id), self.now, &event_data);
    }

    /// Asks for a merge, and writes down what was decided without a person.
    fn tell_decision(&mut self, before: Option<&Group>, after: &Group, links: &[Link]) {
        let status = Status::of(after);
        let automatic = after.resolved_by.as_deref() == Some(AUTOMATION);
        let is_sure = after.similarity_score.is_some_and(|score| score >= self.settings.threshold);
        let verdict = match status {
            Status::MergeRequested if automatic => Some(Verdict::Executed),
            Status::Suggested => Some(Verdict::Suggested),
            Status::Pending if self.settings.mode == Mode::Shadow && is_sure => Some(Verdict::Shadow),
            _ => None,
        };
        if let Some(verdict) = verdict {
            let audit = self.audit(before, after, links, verdict);
            self.outbox.audit(audit);
        }
        if status == Status::MergeRequested {
            let by = after.resolved_by.as_deref().unwrap_or_default();
            self.emit(after, "merge_requested", &format!("{by} asks for it"));
        }
    }

    fn audit(&self, before: Option<&Group>, after: &Group, links: &[Link], verdict: Verdict) -> Audit {
        let (records, model) = (after.record_ids.as_slice(), self.model.name());
        let names: Vec<_> = records.iter().map(ToString::to_string).collect();
        let score = after.similarity_score.unwrap_or_default();
        let lightest = links.first().map(|link| {
            let telling = link.why.steps.iter().filter(|step| step.bits != 0.0);
            let steps: Vec<_> = telling
                .map(|step| format!("{} {} ({:+.1} bits)", step.comparison, step.level, step.bits))
                .collect();
            format!("{} and {}: {}", link.records.0, link.records.1, steps.join(", "))
        });
        let reasoning = format!(
            "{model} {} are the same with a probability of {score}, at or above {}: {} should stay. The least likely pair is {}. \
             Nothing speaks against any pair.",
            names.join(", "),
            self.settings.threshold.normalize(),
            after.master_record_id.map(|id| id.to_string()).unwrap_or_default(),
            lightest.unwrap_or_default(),
        );
        Audit {
            action: crate::MERGE,
            time: self.now,
            record: after.master_record_id.map(|id| (model, id)),
            status: verdict,
            confidence: after.similarity_score,
            reasoning,
            input: json(&Input {
                odoo_model: model,
                model_version: self.tables.models.get(self.model.number()).map_or(0, |row| row.version),
                record_ids: records,
                threshold: self.settings.threshold,
                links: evidence::shown(links),
            }),
            output: json(&Output {
                group: after.id,
                before: before.map(|row| row.status.as_str()),
                after: &after.status,
                master_record_id: after.master_record_id,
                survivors: self.survivors(records, after.master_record_id),
            }),
        }
    }
}

/// Which group goes on in which row: the row whose smallest record is in it, the first of them; else the first one that shares a
/// record with it and goes on in no other.
fn heirs<'r>(
    rows: impl Iterator<Item = &'r Group>,
    groups: &BTreeMap<i32, cluster::Group>,
) -> BTreeMap<i32, i32> {
    let group_of: BTreeMap<i32, i32> = groups
        .iter()
        .flat_map(|(first, group)| group.records.iter().map(move |record| (*record, *first)))
        .collect();
    let mut rows: Vec<&Group> = rows.collect();
    rows.sort_unstable_by_key(|row| (row.record_ids.first().copied(), row.id));
    let mut heirs = BTreeMap::new();
    let mut left = Vec::new();
    for row in rows {
        match row.record_ids.first().and_then(|record| group_of.get(record)) {
            Some(first) if !heirs.contains_key(first) => _ = heirs.insert(*first, row.id),
            Some(_) => {}
            None => left.push(row),
        }
    }
    for row in left {
        let free = row.record_ids.iter().filter_map(|record| group_of.get(record));
        if let Some(first) = free.filter(|first| !heirs.contains_key(*first)).min().copied() {
            heirs.insert(first, row.id);
        }
    }
    heirs
}

/// Records, each with what it is part of.
fn by_record<'r>(parts: impl Iterator<Item = (&'r Vec<i32>, i32)>) -> FxHashMap<i32, i32> {
    parts.flat_map(|(records, part)| records.iter().map(move |record| (*record, part))).collect()
}

/// How a row goes on; `row_of` has the row that each record was in.
fn fate(before: &Group, after: &Group, row_of: &FxHashMap<i32, i32>, book: &Book) -> Fate {
    let was = |id: &i32| before.record_ids.binary_search(id).is_ok();
    let is = |id: &i32| after.record_ids.binary_search(id).is_ok();
    let another = |id: &i32| row_of.get(id).is_some_and(|row| *row != before.id);
    let lost = before.record_ids.iter().filter(|id| !is(id));
    if after.record_ids.iter().any(another) {
        Fate::Merged
    } else if lost.clone().any(|id| book.engine.group_of(*id).is_some()) {
        Fate::Split
    } else if lost.count() > 0 {
        Fate::Shrunk
    } else if after.record_ids.iter().any(|id| !was(id)) {
        Fate::Grown
    } else {
        Fate::Changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i32, records: &[i32]) -> (i32, Group) {
        let row = Group {
            id,
            scan_id: None,
            odoo_model: "res.partner".into(),
            record_ids: records.to_vec().into(),
            master_record_id: None,
            similarity_score: None,
            match_fields: Vec::new().into(),
            status: "pending".into(),
            resolved_at: None,
            resolved_by: None,
            resolution: None,
        };
        (id, row)
    }

    fn group(records: &[i32]) -> (i32, cluster::Group) {
        (records[0], cluster::Group { records: records.to_vec(), weakest: 0, too_large: false })
    }

    fn check(rows: &[(i32, &[i32])], groups: &[&[i32]]) -> Vec<(i32, i32)> {
        let rows: BTreeMap<i32, Group> = rows.iter().map(|(id, records)| row(*id, records)).collect();
        heirs(rows.values(), &groups.iter().map(|records| group(records)).collect()).into_iter().collect()
    }

    #[test]
    fn a_row_goes_on_where_its_smallest_record_is() {
        assert_eq!(check(&[(1, &[1, 2, 3, 4])], &[&[1, 2], &[3, 4]]), [(1, 1)], "a split");
        assert_eq!(check(&[(1, &[3, 4]), (2, &[1, 2])], &[&[1, 2, 3, 4]]), [(1, 2)], "a merge");
        assert_eq!(
            check(&[(1, &[1, 2]), (2, &[3, 4])], &[&[1, 4], &[2, 3]]),
            [(1, 1), (2, 2)],
            "an exchange"
        );
    }

    #[test]
    fn a_row_whose_smallest_record_is_alone_goes_on_with_the_others() {
        assert_eq!(check(&[(1, &[1, 2, 3])], &[&[2, 3]]), [(2, 1)]);
        assert_eq!(check(&[(1, &[1, 2, 3]), (2, &[2, 9])], &[&[2, 3]]), [(2, 2)], "which is another's");
        assert_eq!(check(&[(1, &[1, 2])], &[]), []);
    }
}
