//! Real records of a real connector in every JSON mode that is supported: the same session is read as the same rows.
//! They are not part of the repository: `RECORDINGS` names their folder.

use std::fmt::Write;
use std::path::Path;

use contract::{Format, TimeUnit};
use credit::store::RowChange;
use ledgerwell::feed::{Assembler, Input, RowBatch, Step};
use serde_json::Value;

use crate::recorded::recordings;

/// What a recorded session is read as: rows, and records that could not be used, in order.
fn read(folder: &Path, mode: &str) -> Vec<String> {
    read_in(folder, mode, TimeUnit::default())
}

/// The same, with timestamps in this unit.
fn read_in(folder: &Path, mode: &str, time_unit: TimeUnit) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("debezium").join(mode).join("events.jsonl")).unwrap();
    let format = Format { time_unit, ..Format::default() };
    let mut assembler = Assembler::new(None, 1_000_000).of_format(&format);
    let mut read = Vec::new();
    for (offset, line) in (0..).zip(text.lines()) {
        let line: Value = serde_json::from_str(line).unwrap();
        let key = line["key"].to_string();
        let value = (!line["value"].is_null()).then(|| line["value"].to_string());
        let value = value.as_ref().map(String::as_bytes);
        assembler.push(&Input { offset, timestamp: 0, key: Some(key.as_bytes()), value, kind: None });
    }
    assembler.flush(i64::try_from(text.lines().count()).unwrap());
    while let Some(delivery) = assembler.next_delivery() {
        match delivery.step {
            Step::Transaction { rows, .. } | Step::Snapshot { rows, .. } => read.extend(describe(&rows)),
            Step::Unreadable { dead_letter } => read.push(format!("unreadable: {}", dead_letter.reason)),
            _ => {}
        }
    }
    read
}

fn describe(rows: &RowBatch<RowChange>) -> Vec<String> {
    let events = rows.changes.iter().map(|event| format!("{event:?}"));
    let dead_letters = rows.dead_letters.iter().map(|dead_letter| {
        format!("dead letter: {}.{}", dead_letter.reason.table, dead_letter.reason.column)
    });
    events.chain(dead_letters).collect()
}

#[test]
fn every_mode_of_times_numbers_and_schemas_is_read_as_the_same_rows() {
    let Some(folder) = recordings() else { return };
    let expected = read(&folder, "time_microseconds");
    assert!(expected.len() > 20, "{expected:#?}");
    for (mode, unit) in [
        ("time_adaptive_time_microseconds", TimeUnit::Microseconds),
        ("time_connect", TimeUnit::Milliseconds),
        ("time_isostring", TimeUnit::Microseconds),
        ("time_nanoseconds", TimeUnit::Nanoseconds),
    ] {
        assert_eq!(read_in(&folder, mode, unit), expected, "{mode}");
    }
    // A double keeps neither zeros at the end nor more than 15 digits.
    let rounded = |rows: &[String]| rows.iter().map(|row| round(row)).collect::<Vec<_>>();
    assert_eq!(rounded(&read(&folder, "decimal_double")), rounded(&expected));
    // Of fewer tables.
    let schemas = read_in(&folder, "schemas_enable", TimeUnit::Nanoseconds);
    assert!(schemas.len() >= 8 && schemas.iter().all(|row| expected.contains(row)), "{schemas:#?}");
    // Of more tables; what is in `before` is never read.
    let base = read(&folder, "base_string_adaptive");
    assert!(expected.iter().all(|row| base.contains(row)), "{base:#?}");
    assert_eq!(read(&folder, "replica_identity_full"), base);
}

/// A text with its decimals rounded to four digits.
fn round(text: &str) -> String {
    let number = |character: char| character.is_ascii_digit() || character == '.';
    let mut rounded = String::new();
    for piece in text.split_inclusive(|character| !number(character)) {
        let digits = piece.trim_end_matches(|character| !number(character));
        match digits.parse::<f64>() {
            Ok(value) => write!(rounded, "{value:.4}{}", &piece[digits.len()..]).unwrap(),
            Err(_) => rounded.push_str(piece),
        }
    }
    rounded
}
