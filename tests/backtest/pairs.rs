//! Pairs of records that are hard to tell apart, or hard to find, beside other records: `tests/cases/dedup/pairs`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::{Folder, labelled, partners};

/// How many pairs of a file are taken for the same, and how many there are: those that are, and those that are not.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    same: (u32, u32),
    different: (u32, u32),
}

impl Taken {
    fn count(&mut self, same: bool, joined: bool) {
        let of = if same { &mut self.same } else { &mut self.different };
        *of = (of.0 + u32::from(joined), of.1 + 1);
    }

    fn add(&mut self, other: Self) {
        self.same = (self.same.0 + other.same.0, self.same.1 + other.same.1);
        self.different = (self.different.0 + other.different.0, self.different.1 + other.different.1);
    }

    fn found(self) -> f64 {
        f64::from(self.same.0) / f64::from(self.same.1.max(1))
    }

    fn joined(self) -> f64 {
        f64::from(self.different.0) / f64::from(self.different.1.max(1))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/dedup")
}

/// What becomes of each file's pairs, and of each half of them: `file half`.
fn taken(name: &str, others: &str, flags: &[&str]) -> BTreeMap<String, Taken> {
    let output = Folder::new(name);
    let mut records = String::from(others);
    let mut pairs: BTreeMap<String, (String, bool, Vec<String>)> = BTreeMap::new();
    for file in std::fs::read_dir(folder().join("pairs")).unwrap() {
        let path = file.unwrap().path();
        let of = path.file_stem().unwrap().to_str().unwrap().to_owned();
        for record in csv::Reader::from_path(&path).unwrap().records().map(Result::unwrap) {
            let id = format!("{of}/{}", &record[4]);
            let values: Vec<String> =
                record.iter().skip(5).map(|value| format!("\"{}\"", value.replace('"', "\"\""))).collect();
            writeln!(records, "{id},{}", values.join(",")).unwrap();
            let pair = pairs.entry(format!("{of}/{}/{}", &record[1], &record[0])).or_default();
            (pair.0, pair.1) = (format!("{of} {}", &record[2]), &record[3] == "true");
            pair.2.push(id);
        }
    }
    let records = output.write("records.csv", &records);
    let run = output.run(&[&folder().join("model.toml"), &records], flags);
    assert!(run.status.success(), "{run:?}");
    let groups = output.read("groups.csv");
    let group_of: BTreeMap<&str, &str> = groups
        .lines()
        .filter_map(|line| line.split_once(','))
        .map(|(group, record)| (record, group))
        .collect();
    let mut taken: BTreeMap<String, Taken> = BTreeMap::new();
    for (pair, (of, same, ids)) in &pairs {
        let [a, b] = [&ids[0], &ids[1]].map(|id| group_of.get(id.as_str()));
        let joined = a.is_some() && a == b;
        if joined != *same {
            println!("{} {pair}", if *same { "missed" } else { "joined" });
        }
        taken.entry(of.clone()).or_default().count(*same, joined);
    }
    taken
}

const HEADER: &str = "id,name,email,phone,mobile,street,zip,city,country,vat,is_company\n";

/// Twenty thousand partners in the columns of the pairs.
fn beside_partners() -> Option<String> {
    let mut records = String::from(HEADER);
    for row in csv::Reader::from_reader(partners(&labelled()?).as_bytes()).records().map(Result::unwrap) {
        let company = if &row[2] == "1" { "true" } else { "false" };
        let values: Vec<String> =
            [3, 4, 5].into_iter().chain(6..11).map(|at| format!("\"{}\"", &row[at])).collect();
        let (contact, place) = values.split_at(3);
        writeln!(records, "p{},{},,{},{company}", &row[0], contact.join(","), place.join(",")).unwrap();
    }
    Some(records)
}

/// At least 97 % of the pairs from public reports that are the same are found, and at most 6 % of those that are not are joined. Of
/// the pairs of our own, of which half were not looked at while the engine was written, as many are joined at most; more of them are
/// harder to find.
fn are_right(name: &str, others: &str, flags: &[&str]) {
    let mut own = Taken::default();
    for (of, taken) in taken(name, others, flags) {
        println!("{name}: {of:28} found {:?}, joined {:?}", taken.same, taken.different);
        if of == "reports reports" {
            assert!(taken.found() >= 0.97 && taken.joined() <= 0.06, "{name}: {taken:?}");
        } else if of.ends_with("held_out") {
            own.add(taken);
        }
    }
    assert!(own.found() >= 0.88 && own.joined() <= 0.06, "{name}: {own:?}");
}

#[test]
fn who_only_looks_alike_stays_apart_and_who_looks_different_is_found() {
    are_right("pairs-alone", HEADER, &[]);
}

#[test]
fn the_same_beside_twenty_thousand_partners_trained_and_untrained() {
    let Some(partners) = beside_partners() else { return };
    are_right("pairs-untrained", &partners, &[]);
    are_right("pairs-trained", &partners, &["--train"]);
}
