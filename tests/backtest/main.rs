//! `ledgerwell backtest` on files: what it writes, what it says of mistakes, and how good it is on labelled sets.
//! The labelled sets are not part of the repository: `RECORDINGS` names the folder that has them in `dedup` and `reconciliation`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod pairs;
mod reconciliation;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ledgerwell-backtest-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join("out").join(name)).unwrap()
    }

    /// Runs the command; its results go into `out`.
    fn run(&self, arguments: &[&Path], flags: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerwell"));
        command.args(["backtest", "dedup", "--model"]).arg(arguments[0]);
        for records in &arguments[1..] {
            command.arg("--records").arg(records);
        }
        command.args(flags).arg("--out").arg(self.0.join("out")).output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const MODEL: &str = "id = \"no\"\n[[field]]\ncolumn = \"name\"\nkind = \"name\"\n[[field]]\ncolumn = \"mail\"\nkind = \"email\"\n";
const RECORDS: &str = "no,name,mail
A1,Brückner Maschinenbau GmbH,info@brueckner.example
A2,Deco Addict,info@agrolait.example
A3,BRUECKNER MASCHINENBAU,Info@Brueckner.example
A4,Wood Corner,bhu@wood.example
A5,Deco Adict Inc.,
";

#[test]
fn pairs_groups_and_figures_are_written() {
    let folder = Folder::new("written");
    let (model, records) = (folder.write("model.toml", MODEL), folder.write("a.csv", RECORDS));
    let truth = folder.write("truth.csv", "left,right\nA1,A3\nA5,A2\n");
    let output = folder.run(&[&model, &records], &["--truth", truth.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(folder.read("groups.csv"), "group,record\n1,A1\n1,A3\n2,A2\n2,A5\n");
    let pairs = folder.read("pairs.csv");
    let decisions: Vec<_> = pairs.lines().map(|line| line.split(',').collect::<Vec<_>>()).collect();
    assert_eq!(decisions[0], ["left", "right", "probability", "decision"]);
    assert!(decisions.iter().any(|pair| pair[..2] == ["A1", "A3"] && pair[3] == "link"), "{pairs}");
    let summary: Value = serde_json::from_str(&folder.read("summary.json")).unwrap();
    assert_eq!((&summary["records"], &summary["groups"]), (&5.into(), &2.into()));
    assert_eq!(summary["truth"]["groups"]["f1"], 1.0);
}

#[test]
fn a_pair_is_explained_step_by_step() {
    let folder = Folder::new("explained");
    let (model, records) = (folder.write("model.toml", MODEL), folder.write("a.csv", RECORDS));
    let output = folder.run(&[&model, &records], &["--json", "--pair", "A1", "A3"]);
    let why: Value = serde_json::from_slice(&output.stdout).unwrap();
    let levels: Vec<_> =
        why["steps"].as_array().unwrap().iter().map(|step| step["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["same", "same"]);
    assert!(why["bits"].as_f64().unwrap() > 0.0 && why["veto"].is_null());
}

#[test]
fn across_two_files_nothing_of_one_file_is_linked() {
    let folder = Folder::new("across");
    let (model, left) = (folder.write("model.toml", MODEL), folder.write("a.csv", RECORDS));
    let right = folder.write("b.csv", "no,name,mail\nB1,Brückner Maschinenbau,info@brueckner.example\n");
    let output = folder.run(&[&model, &left, &right], &["--link-only"]);
    assert!(output.status.success(), "{output:?}");
    let links = folder
        .read("pairs.csv")
        .lines()
        .filter(|line| line.ends_with(",link"))
        .map(str::to_owned)
        .collect::<Vec<_>>();
    assert_eq!(links.len(), 1);
    assert!(links[0].contains(",B1,"), "{links:?}");
}

#[test]
fn mistakes_are_named() {
    let folder = Folder::new("mistakes");
    let records = folder.write("a.csv", RECORDS);
    let said = |model: &str, flags: &[&str]| {
        let model = folder.write("model.toml", model);
        let output = folder.run(&[&model, &records], flags);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(
        said("id = \"number\"\n[[field]]\ncolumn = \"name\"\nkind = \"name\"", &[])
            .contains("no column number; there are no, name, mail")
    );
    assert!(said("id = \"no\"\n[[field]]\ncolumn = \"name\"\nkind = \"shoe\"", &[]).contains("shoe"));
    assert!(said(MODEL, &["--link-only"]).contains("--link-only needs two files"));
    assert!(said(MODEL, &["--pair", "A1", "Z9"]).contains("no record Z9"));
}

/// The folder of the labelled sets.
fn labelled() -> Option<PathBuf> {
    let folder = std::env::var_os("RECORDINGS").map(|folder| PathBuf::from(folder).join("dedup"));
    if folder.is_none() {
        eprintln!("SKIPPED: RECORDINGS names no folder with labelled sets");
    }
    folder
}

/// Twenty thousand customers, suppliers and contacts, as CSV.
fn partners(sets: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(sets.join("partners_20k.csv.gz")).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

/// The pairs of records that one column says are the same, as a file.
fn pairs_of(folder: &Folder, records: &str, id: &str, entity: &str) -> PathBuf {
    let mut reader = csv::Reader::from_reader(records.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (id, entity) = (at(id), at(entity));
    let mut entities: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in reader.records().map(Result::unwrap) {
        entities.entry(record[entity].to_owned()).or_default().push(record[id].to_owned());
    }
    let mut pairs = String::from("l,r\n");
    for records in entities.values() {
        for (i, b) in records.iter().enumerate() {
            for a in &records[..i] {
                writeln!(pairs, "{a},{b}").unwrap();
            }
        }
    }
    folder.write("truth.csv", &pairs)
}

/// Trains on the records, and asks for a least F1 and precision of groups at the one threshold that all sets share.
fn is_as_good_as(
    name: &str,
    model: &str,
    records: &[&Path],
    truth: &Path,
    flags: &[&str],
    (f1, precision): (f64, f64),
) {
    let folder = Folder::new(&format!("{name}-quality"));
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backtest").join(model);
    let arguments: Vec<&Path> = std::iter::once(model.as_path()).chain(records.iter().copied()).collect();
    let output = folder.run(&arguments, &[flags, &["--train", "--truth", truth.to_str().unwrap()]].concat());
    assert!(output.status.success(), "{output:?}");
    let summary: Value = serde_json::from_str(&folder.read("summary.json")).unwrap();
    let of = |rate: &str| summary["truth"]["groups"][rate].as_f64().unwrap();
    println!("{name}: precision {:.4}, recall {:.4}, F1 {:.4}", of("precision"), of("recall"), of("f1"));
    assert!(of("f1") >= f1 && of("precision") >= precision, "{name}: {}", summary["truth"]);
}

#[test]
fn people_of_febrl_are_found() {
    let Some(sets) = labelled() else { return };
    for (name, f1) in [("febrl1", 0.998), ("febrl2", 0.998)] {
        let truth = sets.join(format!("{name}_links.csv"));
        is_as_good_as(name, "febrl.toml", &[&sets.join(format!("{name}.csv"))], &truth, &[], (f1, 0.99));
    }
}

#[test]
fn people_of_rldata_and_of_fake_1000_are_found() {
    let Some(sets) = labelled() else { return };
    for (name, model, id, entity, f1) in [
        ("rldata500", "rldata.toml", "rec_id", "entity", 0.97),
        ("fake_1000", "fake.toml", "unique_id", "cluster", 0.95),
    ] {
        let folder = Folder::new(&format!("{name}-truth"));
        let records = sets.join(format!("{name}.csv"));
        let truth = pairs_of(&folder, &std::fs::read_to_string(&records).unwrap(), id, entity);
        is_as_good_as(name, model, &[&records], &truth, &[], (f1, 0.99));
    }
}

#[test]
fn restaurants_are_found_across_two_guides() {
    let Some(sets) = labelled() else { return };
    let (fodors, zagats) = (sets.join("fodors.csv"), sets.join("zagats.csv"));
    let truth = sets.join("fodors_zagats_links.csv");
    is_as_good_as(
        "fodors-zagats",
        "restaurants.toml",
        &[&fodors, &zagats],
        &truth,
        &["--link-only"],
        (0.98, 0.98),
    );
}

#[test]
fn customers_with_families_branches_and_namesakes_are_found() {
    let Some(sets) = labelled() else { return };
    let folder = Folder::new("partners-truth");
    let text = partners(&sets);
    let records = folder.write("partners.csv", &text);
    let truth = pairs_of(&folder, &text, "id", "entity");
    is_as_good_as("partners_20k", "partners.toml", &[&records], &truth, &[], (0.97, 0.99));
}
