//! Groups of duplicates are what the events say, and are counted as they are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::tables::{Group, Tables};
use crate::checks::Case;
use crate::report::Report;

pub(super) fn check(found: &Tables, case: &Case<'_>, report: &mut Report) {
    report.figure("groups of duplicates", found.groups.len());
    from_events(&found.groups, case, report);
    once(&found.groups, report);
    counts(found, report);
}

/// The last event of each group is its row.
fn from_events(groups: &[Group], case: &Case<'_>, report: &mut Report) {
    let results = &case.evidence.results;
    if !results.outbox.is_empty() {
        report.not_checked("whether events fold to the groups: some are still in the outbox");
        return;
    }
    // A version that takes over goes on from what the one before has emitted.
    let mut emitted: BTreeMap<i64, ((i32, i64), Value)> = BTreeMap::new();
    for event in case.events.iter().filter(|event| event.kind != "tick") {
        let Some(logged) = event.logged.map(|n| &results.logged[n]) else { continue };
        let data: Value = serde_json::from_slice(event.data).unwrap_or_default();
        let id = data["id"].as_i64().unwrap_or_default();
        if !event.key.ends_with(&format!("/0/group-{id}")) {
            report.violation("groups: key", "the key is not that of the group", vec![event.describe()]);
        }
        let latest = emitted.entry(id).or_default();
        let number = (logged.version, logged.out_seq);
        if latest.0 < number {
            *latest = (number, data);
        }
    }
    for group in groups {
        let last = emitted.remove(&i64::from(group.id)).map(|(_, data)| data).unwrap_or_default();
        let row = json!([
            group.odoo_model,
            group.record_ids,
            group.master_record_id,
            group.similarity_score.map(|score| score.to_string()),
            group.status,
            group.resolved_by,
            group.resolution
        ]);
        let event = json!([
            last["odoo_model"],
            last["record_ids"],
            last["master_record_id"],
            last["similarity_score"],
            last["status"],
            last["resolved_by"],
            last["resolution"]
        ]);
        if row != event {
            let text = format!("group {} is {row}, and was last told as {event}", group.id);
            report.violation("groups: fold", text, Vec::new());
        }
    }
    for (id, _) in emitted {
        report.violation("groups: fold", format!("group {id} was told, and there is none"), Vec::new());
    }
}

/// A record is in one live group at most, and no group is of one record.
fn once(groups: &[Group], report: &mut Report) {
    let mut seen = BTreeSet::new();
    for group in groups.iter().filter(|group| group.is_live()) {
        let records = group.records();
        let twice = records.iter().any(|record| !seen.insert((group.odoo_model.clone(), *record)));
        let master = group.master_record_id.is_none_or(|master| records.contains(&i64::from(master)));
        if twice || records.len() < 2 || !master {
            report.violation("groups: records", format!("group {} is {group:?}", group.id), Vec::new());
        }
    }
}

/// The latest scan counts what is there.
fn counts(found: &Tables, report: &mut Report) {
    for (model, _, surplus, waiting) in &found.scans {
        let live: Vec<&Group> =
            found.groups.iter().filter(|group| group.is_live() && group.odoo_model == *model).collect();
        let records: usize = live.iter().map(|group| group.records().len() - 1).sum();
        let wait = live.iter().filter(|group| group.status != "merge_requested").count();
        if (i64::from(*surplus), i64::from(*waiting)) != (size(records), size(wait)) {
            let text =
                format!("the scan of {model} counts {surplus} and {waiting}, not {records} and {wait}");
            report.violation("groups: counts", text, Vec::new());
        }
    }
}

fn size(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
