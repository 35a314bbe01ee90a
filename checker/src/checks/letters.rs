//! What was spoiled is a dead letter, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Evidence;
use crate::log::Poison;
use crate::replay::Replay;
use crate::report::Report;
use crate::results::Letter;

pub(super) fn check(evidence: &Evidence, replay: &Replay, report: &mut Report) {
    report.figure("spoiled records", replay.assembler.letters.len());
    let spoiled: BTreeSet<i64> = evidence
        .entries
        .iter()
        .filter(|entry| entry.poison == Some(Poison::Letter))
        .map(|entry| entry.offset)
        .collect();
    let ours: Vec<&Letter> = evidence
        .results
        .letters
        .iter()
        .filter(|letter| letter.topic == evidence.what.topic && is_here(evidence, letter))
        .collect();
    for letter in &ours {
        let around = || [vec![say(letter)], evidence.around(letter.record_offset)].concat();
        if !spoiled.contains(&letter.record_offset) {
            report.violation(
                "letters: too many",
                "a dead letter is about a record that nobody spoiled",
                around(),
            );
        }
        if letter.superseded_by.is_some_and(|by| by <= letter.record_offset && !evidence.was_reset()) {
            report.violation(
                "letters: superseded",
                "a dead letter is superseded by what stands before it",
                around(),
            );
        }
    }
    for checkpoint in &evidence.results.checkpoints {
        let mut there: BTreeMap<i64, usize> = BTreeMap::new();
        for letter in ours.iter().filter(|letter| {
            (letter.processor.as_str(), letter.version) == (checkpoint.processor.as_str(), checkpoint.version)
        }) {
            *there.entry(letter.record_offset).or_default() += 1;
        }
        for copies in &replay.assembler.letters {
            let passed = copies.iter().all(|offset| *offset < checkpoint.next_offset);
            let count: usize = copies.iter().filter_map(|offset| there.get(offset)).sum();
            if passed && count != 1 {
                let text = format!(
                    "the spoiled record at offset {} is {count} dead letters of {} {}",
                    copies[0], checkpoint.processor, checkpoint.version
                );
                report.violation("letters: lost", text, evidence.around(copies[0]));
            }
        }
    }
}

fn say(letter: &Letter) -> String {
    format!(
        "letter at offset {}, table {:?}, superseded by {:?}",
        letter.record_offset, letter.table_name, letter.superseded_by
    )
}

/// Whether it is of the log that is there: one that is gone had other records at the same offsets.
fn is_here(evidence: &Evidence, letter: &Letter) -> bool {
    if evidence.what.after_seq == 0 {
        return true;
    }
    let spoiled = evidence.entries.iter().find(|entry| entry.offset == letter.record_offset);
    letter.record_value.is_some() && spoiled.is_some_and(|entry| entry.poison == Some(Poison::Letter))
}
