//! What was spoiled is a dead letter, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Evidence;
use crate::log::Poison;
use crate::replay::Replay;
use crate::report::Report;
use crate::results::DeadLetter;

pub(super) fn check(evidence: &Evidence, replay: &Replay, report: &mut Report) {
    report.figure("spoiled records", replay.assembler.dead_letters.len());
    let spoiled: BTreeSet<i64> = evidence
        .entries
        .iter()
        .filter(|entry| entry.poison == Some(Poison::DeadLetter))
        .map(|entry| entry.offset)
        .collect();
    let ours: Vec<&DeadLetter> = evidence
        .results
        .dead_letters
        .iter()
        .filter(|dead_letter| dead_letter.topic == evidence.what.topic && is_here(evidence, dead_letter))
        .collect();
    for dead_letter in &ours {
        let around = || [vec![describe(dead_letter)], evidence.around(dead_letter.record_offset)].concat();
        if !spoiled.contains(&dead_letter.record_offset) {
            report.violation(
                "letters: too many",
                "a dead letter is about a record that nobody spoiled",
                around(),
            );
        }
        if dead_letter
            .superseded_by
            .is_some_and(|by| by <= dead_letter.record_offset && !evidence.was_reset())
        {
            report.violation(
                "letters: superseded",
                "a dead letter is superseded by what stands before it",
                around(),
            );
        }
    }
    for checkpoint in &evidence.results.checkpoints {
        let mut there: BTreeMap<i64, usize> = BTreeMap::new();
        for dead_letter in ours.iter().filter(|dead_letter| {
            (dead_letter.processor.as_str(), dead_letter.version)
                == (checkpoint.processor.as_str(), checkpoint.version)
        }) {
            *there.entry(dead_letter.record_offset).or_default() += 1;
        }
        for copies in &replay.assembler.dead_letters {
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

fn describe(dead_letter: &DeadLetter) -> String {
    format!(
        "letter at offset {}, table {:?}, superseded by {:?}",
        dead_letter.record_offset, dead_letter.table_name, dead_letter.superseded_by
    )
}

/// Whether it is of the log that is there: one that is gone had other records at the same offsets.
fn is_here(evidence: &Evidence, dead_letter: &DeadLetter) -> bool {
    if evidence.what.after_seq == 0 {
        return true;
    }
    let spoiled = evidence.entries.iter().find(|entry| entry.offset == dead_letter.record_offset);
    dead_letter.record_value.is_some()
        && spoiled.is_some_and(|entry| entry.poison == Some(Poison::DeadLetter))
}
