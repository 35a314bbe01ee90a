//! Which records are the same is recomputed for the clear cases, because the simulated company enters a customer twice with the same
//! tax number, phone and postcode: those are one group, unless a person said otherwise, and no group is of records that share nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Partners;
use super::tables::Tables;
use crate::report::Report;

pub(super) fn check(partners: &Partners, found: &Tables, report: &mut Report) {
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
            if !records.iter().any(shares) && !said(found, *record, None, true) {
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
                    || with(a).iter().any(|x| with(b).iter().any(|y| said(found, *x, Some(*y), false)));
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
fn said(found: &Tables, a: i64, b: Option<i64>, same: bool) -> bool {
    found.decisions.iter().any(|(first, second, is_same)| {
        let pair = [i64::from(*first), i64::from(*second)];
        *is_same == same && pair.contains(&a) && b.is_none_or(|b| pair.contains(&b))
    })
}

fn shares_something(a: &Value, b: &Value) -> bool {
    let name = |row: &Value| row["name"].as_str().unwrap_or_default().to_lowercase();
    let shares = |column: &str| {
        let (a, b) = (a[column].as_str().unwrap_or_default(), b[column].as_str().unwrap_or_default());
        !a.is_empty() && !b.is_empty() && one_character_apart(a, b)
    };
    ["vat", "phone", "email", "zip"].into_iter().any(shares) || name(a) == name(b)
}

/// Equal, or nearly: one character is another, too much or missing.
fn one_character_apart(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let before = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let most = a.len().min(b.len()) - before;
    let behind = a.iter().rev().zip(b.iter().rev()).take(most).take_while(|(x, y)| x == y).count();
    a.len().max(b.len()) - before - behind <= 1
}
