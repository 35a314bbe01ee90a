//! Groups of duplicates are told as they are, and made of what the log says is there. Which records are the same is recomputed for the
//! clear cases: the simulated company enters a customer twice with the same tax number, phone and postcode.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::published::Published;
use crate::check::Evidence;
use crate::duplicates::Group;
use crate::replay::Replay;
use crate::report::Report;

pub(super) fn check(evidence: &Evidence, replay: &Replay, events: &[Published<'_>], report: &mut Report) {
    let found = &evidence.results.duplicates;
    report.figure("groups of duplicates", found.groups.len());
    from_events(evidence, events, report);
    once(&found.groups, report);
    counts(evidence, report);
    let Some(partners) = &replay.partners else {
        report.not_checked("partners: the log ends in a snapshot");
        return;
    };
    let partners: BTreeMap<i64, Value> = partners
        .iter()
        .filter_map(|row| serde_json::from_str::<Value>(row).ok())
        .filter_map(|row| Some((row["id"].as_i64()?, row)))
        .collect();
    as_in_the_log(&partners, &found.partners, report);
    clear_cases(evidence, &partners, report);
}

/// The last event of each group is its row.
fn from_events(evidence: &Evidence, events: &[Published<'_>], report: &mut Report) {
    if !evidence.results.outbox.is_empty() {
        report.not_checked("whether events fold to the groups: some are still in the outbox");
        return;
    }
    // A version that takes over goes on from what the one before has told.
    let mut told: BTreeMap<i64, ((i32, i64), Value)> = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind != "tick") {
        let Some(logged) = event.logged.map(|n| &evidence.results.logged[n]) else { continue };
        let data: Value = serde_json::from_slice(event.data).unwrap_or_default();
        let id = data["id"].as_i64().unwrap_or_default();
        if !event.key.ends_with(&format!("/0/group-{id}")) {
            report.violation("groups: key", "the key is not that of the group", vec![event.say()]);
        }
        let place = told.entry(id).or_default();
        let number = (logged.version, logged.out_seq);
        if place.0 < number {
            *place = (number, data);
        }
    }
    for group in &evidence.results.duplicates.groups {
        let last = told.remove(&i64::from(group.id)).map(|(_, data)| data).unwrap_or_default();
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
    for (id, _) in told {
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
fn counts(evidence: &Evidence, report: &mut Report) {
    let found = &evidence.results.duplicates;
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

/// What is kept of each partner is what the log says.
fn as_in_the_log(partners: &BTreeMap<i64, Value>, kept: &[Value], report: &mut Report) {
    let text = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let rank =
        |row: &Value| row["customer_rank"].as_i64().unwrap_or(0) + row["supplier_rank"].as_i64().unwrap_or(0);
    let of_log = |row: &Value| {
        json!([
            row["id"],
            row["name"],
            row["active"],
            row["is_company"],
            row["parent_id"],
            text(&row["email"]),
            text(&row["phone"]),
            text(&row["street"]),
            text(&row["zip"]),
            text(&row["city"]),
            row["country_id"],
            text(&row["vat"]),
            rank(row)
        ])
    };
    let of_table = |row: &Value| {
        json!([
            row["id"],
            row["name"],
            row["active"],
            row["is_company"],
            row["parent_id"],
            row["email"],
            row["phone"],
            row["street"],
            row["zip"],
            row["city"],
            row["country_id"],
            row["vat"],
            row["documents"]
        ])
    };
    let expected: BTreeSet<String> = partners.values().map(|row| of_log(row).to_string()).collect();
    let there: BTreeSet<String> = kept.iter().map(|row| of_table(row).to_string()).collect();
    if let Some(row) = expected.symmetric_difference(&there).next() {
        let side = if expected.contains(row) { "the log" } else { "dedup.partner" };
        report.violation("groups: partners", format!("only {side} has {row}"), Vec::new());
    }
    report.figure_above_0("partners", there.len());
}

/// Companies with the same tax number, phone and postcode are one group, unless a person said otherwise; and no group is of records
/// that share nothing.
fn clear_cases(evidence: &Evidence, partners: &BTreeMap<i64, Value>, report: &mut Report) {
    let found = &evidence.results.duplicates;
    let models: BTreeSet<&str> = found.scans.iter().map(|(model, ..)| model.as_str()).collect();
    if !models.contains("res.partner") {
        report.not_checked("which partners are the same: they are not compared");
        return;
    }
    let mut group_of: BTreeMap<i64, i32> = BTreeMap::new();
    for group in found.groups.iter().filter(|group| group.is_live() && group.odoo_model == "res.partner") {
        let records = group.records();
        for record in &records {
            group_of.insert(*record, group.id);
            let row = partners.get(record);
            if row.is_none_or(|row| row["active"] == false || row["name"].as_str().unwrap_or("").is_empty()) {
                let text = format!("partner {record} of group {} is not there", group.id);
                report.violation("groups: partners", text, Vec::new());
            }
            let shares = |other: &i64| {
                let pair = partners.get(record).zip(partners.get(other));
                other != record && pair.is_some_and(|(a, b)| shares_something(a, b))
            };
            if !records.iter().any(shares) && !said(evidence, *record, None, true) {
                let text = format!("partner {record} shares nothing with the others of group {}", group.id);
                report.violation("groups: no reason", text, Vec::new());
            }
        }
    }
    let mut clear: BTreeMap<[&str; 3], Vec<i64>> = BTreeMap::new();
    for (id, row) in partners.iter().filter(|(_, row)| row["active"] == true && row["is_company"] == true) {
        let key = ["vat", "phone", "zip"].map(|column| row[column].as_str().unwrap_or_default());
        if key.iter().all(|value| !value.is_empty())
            && row["name"].as_str().is_some_and(|name| !name.is_empty())
        {
            clear.entry(key).or_default().push(*id);
        }
    }
    let mut pairs = 0;
    for same in clear.values() {
        for (i, b) in same.iter().enumerate() {
            for a in &same[..i] {
                pairs += 1;
                let together = group_of.get(a).is_some_and(|group| group_of.get(b) == Some(group));
                // Who is the same as one of them may not be the same as the other.
                let with = |record: &i64| {
                    let group = group_of.get(record);
                    let of_group = group_of.iter().filter(move |(_, other)| group == Some(*other));
                    of_group.map(|(record, _)| *record).chain([*record]).collect::<Vec<_>>()
                };
                let apart =
                    || with(a).iter().any(|x| with(b).iter().any(|y| said(evidence, *x, Some(*y), false)));
                if !together && !apart() {
                    let text =
                        format!("partners {a} and {b} are the same, and nobody said that they are not");
                    report.violation("groups: missing", text, Vec::new());
                }
            }
        }
    }
    report.figure("clear pairs of duplicates", pairs);
}

/// Whether a person said of a partner, or of two, that they are the same, or that they are not.
fn said(evidence: &Evidence, a: i64, b: Option<i64>, same: bool) -> bool {
    evidence.results.duplicates.decisions.iter().any(|(first, second, is_same)| {
        let pair = [i64::from(*first), i64::from(*second)];
        *is_same == same && pair.contains(&a) && b.is_none_or(|b| pair.contains(&b))
    })
}

fn shares_something(a: &Value, b: &Value) -> bool {
    let name = |row: &Value| row["name"].as_str().unwrap_or_default().to_lowercase();
    let shares = |column: &str| {
        let (a, b) = (a[column].as_str().unwrap_or_default(), b[column].as_str().unwrap_or_default());
        !a.is_empty() && !b.is_empty() && one_letter_apart(a, b)
    };
    ["vat", "phone", "email", "zip"].into_iter().any(shares) || name(a) == name(b)
}

/// Equal, or nearly: one letter is another, too much or missing.
fn one_letter_apart(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let before = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let most = a.len().min(b.len()) - before;
    let behind = a.iter().rev().zip(b.iter().rev()).take(most).take_while(|(x, y)| x == y).count();
    a.len().max(b.len()) - before - behind <= 1
}
