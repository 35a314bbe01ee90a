//! The checkpoint's history is a chain, and its end is the end of the log.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::assembler::Assembler;
use crate::check::Evidence;
use crate::report::Report;
use crate::results::Checkpoint;
use crate::witness::{Logged, Step};

/// A task, as far as they differ: processor and version.
type TaskId = (String, i32);

pub(super) fn check(evidence: &Evidence, report: &mut Report) {
    let results = &evidence.results;
    let mut chains: BTreeMap<TaskId, Vec<&Step>> = BTreeMap::new();
    for step in &results.steps {
        chains.entry((step.processor.clone(), step.version)).or_default().push(step);
    }
    let mut stored: HashMap<(i64, &str, i32), Vec<i64>> = HashMap::new();
    for event in &results.logged {
        stored.entry(transaction_of(event)).or_default().push(event.out_seq);
    }
    for chain in chains.values() {
        walk(chain, &stored, evidence, report);
    }
    let seen: HashSet<_> =
        results.steps.iter().map(|step| (step.txid, step.processor.as_str(), step.version)).collect();
    for event in results.logged.iter().filter(|event| !seen.contains(&transaction_of(event))) {
        let text = format!(
            "event {} of version {} was stored without moving the checkpoint",
            event.out_seq, event.version
        );
        report.violation("offsets: events alone", text, Vec::new());
    }
    for checkpoint in &results.checkpoints {
        let task = (checkpoint.processor.clone(), checkpoint.version);
        let last = chains.get(&task).and_then(|chain| chain.last());
        if !last.is_some_and(|step| is_last(step, checkpoint)) {
            let text = format!("the checkpoint of {} {} is not what was written to it last", task.0, task.1);
            let around = vec![
                format!("{checkpoint:?}"),
                last.map_or_else(|| "nothing was seen".into(), |step| describe(step)),
            ];
            report.violation("offsets: end of the chain", text, around);
        }
    }
    at_the_end(evidence, report);
}

fn transaction_of(event: &Logged) -> (i64, &str, i32) {
    (event.txid, event.processor.as_str(), event.version)
}

fn is_last(step: &Step, checkpoint: &Checkpoint) -> bool {
    step.new_offset == Some(checkpoint.next_offset)
        && step.new_control == Some(checkpoint.control_offset)
        && step.new_epoch == Some(checkpoint.owner_epoch)
        && step.new_seq == Some(checkpoint.out_seq)
        && step.new_snapshot.as_ref() == Some(&checkpoint.snapshot)
        && step.new_clock == checkpoint.clock
}

fn describe(step: &Step) -> String {
    format!(
        "step {} in transaction {}: {} offset {:?} to {:?}, number {:?} to {:?}, epoch {:?} to {:?}, snapshot {:?} to {:?}",
        step.serial,
        step.txid,
        step.operation,
        step.old_offset,
        step.new_offset,
        step.old_seq,
        step.new_seq,
        step.old_epoch,
        step.new_epoch,
        step.old_snapshot.as_deref().unwrap_or("-"),
        step.new_snapshot.as_deref().unwrap_or("-")
    )
}

fn walk(
    chain: &[&Step],
    stored: &HashMap<(i64, &str, i32), Vec<i64>>,
    evidence: &Evidence,
    report: &mut Report,
) {
    let mut before: Option<&Step> = None;
    for step in chain {
        let around = || before.into_iter().chain([*step]).map(describe).collect();
        match (step.operation.as_str(), before) {
            ("INSERT", None) => {}
            ("UPDATE", Some(last)) if follows(last, step) => {}
            ("UPDATE", _) => {
                report.violation(
                    "offsets: chain",
                    "a step does not begin where the one before ended",
                    around(),
                );
            }
            _ => report.violation("offsets: chain", "a checkpoint was removed, or made twice", around()),
        }
        let reset = step.is_reset();
        let back = step.operation == "UPDATE" && step.new_offset < step.old_offset;
        if (back && !reset) || (reset && step.new_offset > Some(evidence.start)) {
            report.violation(
                "offsets: backwards",
                "the offset went back, and not to the start of the log by a reset",
                around(),
            );
        }
        // A clock that never was the source's is set back by a snapshot.
        let was_wrong = evidence
            .entries
            .iter()
            .any(|entry| entry.bounded().is_some_and(|time| Some(time) == step.old_clock));
        if !reset && step.old_clock.is_some() && step.new_clock < step.old_clock && !was_wrong {
            report.violation("offsets: clock", "the clock ran backwards", around());
        }
        if step.new_epoch < step.old_epoch {
            report.violation("offsets: epochs", "the epoch fell", around());
        }
        if !reset && step.old_epoch.is_some() && step.new_epoch > step.old_epoch && !is_claim(step) {
            report.violation("offsets: claims", "a claim changed more than the epoch", around());
        }
        let from = step.old_seq.unwrap_or(0);
        let none = Vec::new();
        let mut numbers =
            stored.get(&(step.txid, step.processor.as_str(), step.version)).unwrap_or(&none).clone();
        // A transaction may move a checkpoint more than once; each event belongs to the step that counted it.
        numbers.retain(|number| *number > from && Some(*number) <= step.new_seq);
        numbers.sort_unstable();
        if !numbers.iter().copied().eq(from + 1..=step.new_seq.unwrap_or(from)) {
            let text = format!(
                "the number of the last event grew to {:?}, and {} events were stored",
                step.new_seq,
                numbers.len()
            );
            report.violation("offsets: numbers", text, around());
        }
        before = Some(step);
    }
}

fn follows(last: &Step, step: &Step) -> bool {
    (last.new_offset, last.new_control, last.new_seq, last.new_epoch, last.new_clock)
        == (step.old_offset, step.old_control, step.old_seq, step.old_epoch, step.old_clock)
        && last.new_snapshot == step.old_snapshot
}

fn is_claim(step: &Step) -> bool {
    (step.old_offset, step.old_control, step.old_seq, step.old_clock)
        == (step.new_offset, step.new_control, step.new_seq, step.new_clock)
        && step.old_snapshot == step.new_snapshot
}

/// The latest version has read all: nothing but an open transaction is left.
fn at_the_end(evidence: &Evidence, report: &mut Report) {
    let Some(checkpoint) = evidence.results.latest() else {
        report.violation("offsets: end of the log", "there is no checkpoint", Vec::new());
        return;
    };
    let mut assembler = Assembler::new(evidence.what.tables);
    for entry in &evidence.entries {
        assembler.read(entry.clone());
    }
    if let Some(lost) = assembler.lost() {
        let text = format!("part of the log was lost at offset {lost}, and no snapshot came after it");
        report.violation("offsets: lost", text, evidence.around(lost));
        return;
    }
    // Behind the last record there may be markers of a producer's transactions.
    let last = evidence.entries.last().map_or(evidence.start, |entry| entry.offset + 1);
    let open = assembler.open_since();
    let from = open.unwrap_or(last);
    let to = open.unwrap_or(evidence.end);
    if !(from..=to).contains(&checkpoint.next_offset) {
        let text =
            format!("the offset is {}, and the log has been read when it is {from}", checkpoint.next_offset);
        report.violation("offsets: end of the log", text, evidence.around(checkpoint.next_offset));
    }
}
