//! The assembler's state is a function of the log: whoever starts anew behind any delivery of a case gets what the others got.

#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::PathBuf;

use contract::{Decode, Processor};
use ledgerwell::feed::{Assembler, Delivery, Input, Progress, Recent};
use serde_json::Value;

/// A record of a case.
struct Record {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    kind: Option<String>,
}

/// The cases by name.
fn cases() -> Vec<(String, Vec<Record>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/feed");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    assert!(files.len() >= 22);
    files
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, text.lines().map(record).collect())
        })
        .collect()
}

/// As `ledgerwell publish` reads it.
fn record(line: &str) -> Record {
    let line: Value = serde_json::from_str(line).unwrap();
    let bytes = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone().into_bytes()),
        json => Some(json.to_string().into_bytes()),
    };
    Record {
        key: bytes(&line["key"]),
        value: bytes(&line["value"]),
        kind: line["type"].as_str().map(str::to_owned),
    }
}

/// What a checkpoint keeps.
#[derive(Clone)]
struct Kept {
    resume: i64,
    progress: Progress,
    applied: Vec<u64>,
}

/// Reads a log on from what was kept, or from its beginning; answers the deliveries.
fn read<R: Decode>(log: &[Record], kept: Option<&Kept>) -> Vec<Delivery<R>> {
    let recent: Recent = kept.iter().flat_map(|kept| kept.applied.iter().copied()).collect();
    let progress = kept.map(|kept| kept.progress.clone());
    let mut assembler = Assembler::<R>::new(progress, 50_000).with_recent(recent);
    let mut deliveries = Vec::new();
    for (offset, record) in
        (0_i64..).zip(log).skip(kept.map_or(0, |kept| usize::try_from(kept.resume).unwrap()))
    {
        assembler.push(&Input {
            offset,
            timestamp: 1_768_200_000_000,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            kind: record.kind.as_deref(),
        });
        deliveries.extend(std::iter::from_fn(|| assembler.next_delivery()));
    }
    deliveries
}

/// A delivery in words, without how its rows are cut into chunks.
fn describe<R: std::fmt::Debug>(delivery: &Delivery<R>) -> String {
    format!("{:?} at {} with {:?}", delivery.step, delivery.closed_by.offset, delivery.progress)
}

fn a_restart_changes_nothing<P: Processor<RowChange: std::fmt::Debug>>() {
    for (name, log) in cases() {
        let whole = read::<P::RowChange>(&log, None);
        let words: Vec<_> = whole.iter().map(describe).collect();
        let mut applied = Vec::new();
        for (n, delivery) in whole.iter().enumerate() {
            applied.extend(delivery.applied);
            if !delivery.may_commit {
                continue;
            }
            let kept = Kept {
                resume: delivery.resume,
                progress: delivery.progress.clone(),
                applied: applied.clone(),
            };
            let rest: Vec<_> = read::<P::RowChange>(&log, Some(&kept)).iter().map(describe).collect();
            // What stands inside a transaction that is still open is read once more.
            assert!(
                words.ends_with(&rest) && rest.len() >= words.len() - n - 1,
                "{} of {name} behind delivery {n}:\n{}\nand not\n{}",
                P::NAME,
                rest.join("\n"),
                words[n + 1..].join("\n")
            );
        }
    }
}

#[test]
fn credit_starts_anew_behind_any_delivery() {
    a_restart_changes_nothing::<credit::Credit>();
}

#[test]
fn dedup_starts_anew_behind_any_delivery() {
    a_restart_changes_nothing::<dedup::Dedup>();
}
