//! Which row of `duplicate_groups` goes on as which group, and what became of it.

use std::collections::BTreeMap;

use linkage::cluster;
use linkage::engine::Engine;
use rustc_hash::FxHashMap;

use super::events::Transition;
use crate::store::Group;

/// By group, the row that goes on as it: the row whose smallest record is in it, the first of them; else the first row that shares
/// a record with it and goes on as no other. Groups are named by their smallest records.
pub(super) fn successors<'r>(
    rows: impl Iterator<Item = &'r Group>,
    groups: &BTreeMap<i32, cluster::Group>,
) -> BTreeMap<i32, i32> {
    let group_of = by_record(groups.iter().map(|(first, group)| (group.records.as_slice(), *first)));
    let mut rows: Vec<&Group> = rows.collect();
    rows.sort_unstable_by_key(|row| (row.record_ids.first().copied(), row.id));
    let mut successors = BTreeMap::new();
    let mut left = Vec::new();
    for row in rows {
        match row.record_ids.first().and_then(|record| group_of.get(record)) {
            Some(first) if !successors.contains_key(first) => _ = successors.insert(*first, row.id),
            Some(_) => {}
            None => left.push(row),
        }
    }
    for row in left {
        let free = row.record_ids.iter().filter_map(|record| group_of.get(record));
        if let Some(first) = free.filter(|first| !successors.contains_key(*first)).min().copied() {
            successors.insert(first, row.id);
        }
    }
    successors
}

/// Records, each with what it is part of.
pub(super) fn by_record<'r>(parts: impl Iterator<Item = (&'r [i32], i32)>) -> FxHashMap<i32, i32> {
    parts.flat_map(|(records, part)| records.iter().map(move |record| (*record, part))).collect()
}

/// What became of a row that goes on; `row_of` has the row that each record was in.
pub(super) fn transition(
    before: &Group,
    after: &Group,
    row_of: &FxHashMap<i32, i32>,
    engine: &Engine,
) -> Transition {
    let was = |id: &i32| before.record_ids.binary_search(id).is_ok();
    let is = |id: &i32| after.record_ids.binary_search(id).is_ok();
    let another = |id: &i32| row_of.get(id).is_some_and(|row| *row != before.id);
    let lost = before.record_ids.iter().filter(|id| !is(id));
    if after.record_ids.iter().any(another) {
        Transition::Merged
    } else if lost.clone().any(|id| engine.group_of(*id).is_some()) {
        Transition::Split
    } else if lost.count() > 0 {
        Transition::Shrunk
    } else if after.record_ids.iter().any(|id| !was(id)) {
        Transition::Grown
    } else {
        Transition::Changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::GroupStatus;

    fn row(id: i32, records: &[i32]) -> (i32, Group) {
        let row = Group {
            id,
            scan_id: None,
            odoo_model: "res.partner".into(),
            record_ids: records.to_vec().into(),
            master_record_id: None,
            similarity_score: None,
            match_fields: Vec::new().into(),
            status: GroupStatus::Pending,
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
        successors(rows.values(), &groups.iter().map(|records| group(records)).collect())
            .into_iter()
            .collect()
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
