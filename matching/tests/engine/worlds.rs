//! Small worlds of hard lines after public reports: what a careful bookkeeper would let software book alone, and nothing else, is booked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use matching::backtest::{self, Files};

/// What is right of a line.
struct Expected {
    kind: String,
    items: BTreeSet<i32>,
    may_be_booked: bool,
    note: String,
}

fn expected(folder: &Path) -> BTreeMap<i64, Expected> {
    let mut reader = csv::Reader::from_path(folder.join("expect.csv")).unwrap();
    let rows = reader.deserialize::<BTreeMap<String, String>>().map(Result::unwrap);
    rows.map(|row| {
        let items = row["item_ids"].split_whitespace().map(|id| id.parse().unwrap()).collect();
        let (kind, note) = (row["kind"].clone(), row["note"].clone());
        (
            row["line_id"].parse().unwrap(),
            Expected { kind, items, may_be_booked: row["auto_allowed"] == "yes", note },
        )
    })
    .collect()
}

fn worlds() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/reconciliation/worlds");
    let mut worlds: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    worlds.sort();
    worlds
}

#[test]
fn nothing_is_booked_that_a_bookkeeper_would_look_at() {
    for world in worlds() {
        let (files, expected) = (Files::read(&world).unwrap(), expected(&world));
        let (mut hard, mut right, mut allowed, mut booked) = (0, 0, 0, 0);
        for outcome in backtest::run(&files) {
            let expected = &expected[&files.lines[outcome.line].id];
            let first = &outcome.proposals[0];
            let items: BTreeSet<i32> = first.hypothesis.items().collect();
            if first.is_auto() {
                assert!(
                    expected.may_be_booked && items == expected.items,
                    "{}: {} is booked on {items:?}: {}",
                    world.display(),
                    expected.kind,
                    expected.note
                );
            }
            if !expected.kind.starts_with("ordinary") {
                hard += 1;
                right += usize::from(items == expected.items);
                allowed += usize::from(expected.may_be_booked);
                booked += usize::from(first.is_auto());
            }
        }
        assert!(right * 100 >= hard * 85, "{}: {right} of {hard} first proposals are right", world.display());
        assert!(booked * 2 >= allowed, "{}: {booked} of {allowed} are booked", world.display());
    }
}
