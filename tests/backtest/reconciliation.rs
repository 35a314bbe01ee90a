//! `ledgerwell backtest reconciliation`: what it writes, what it says of mistakes, and how good it is on the sets at hand.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use matching::backtest::{self, Files, Summary};

use super::Folder;

const FILES: [(&str, &str); 4] = [
    ("partners.csv", "id,name,iban\n7,Brückner Maschinenbau GmbH,DE02120300000000202051\n8,Wood Corner,\n"),
    (
        "items.csv",
        "id,number,partner_id,date,due,amount,currency\n1,INV/2026/00001,7,2026-01-02,2026-02-01,1190.00,EUR\n\
         2,INV/2026/00002,7,2026-01-05,2026-02-04,119.00,EUR\n3,INV/2026/00003,8,2026-01-05,2026-02-04,119.00,EUR\n",
    ),
    (
        "lines.csv",
        "id,date,amount,currency,label,partner_name,account\n11,2026-02-02,1309.00,EUR,INV/2026/00001 INV/2026/00002,BRUECKNER \
         MASCHINENBAU,DE02 1203 0000 0000 2020 51\n12,2026-02-05,100.00,EUR,Teilzahlung INV/2026/00003,WOOD CORNER,\n\
         13,2026-02-06,-4.50,EUR,KONTOFÜHRUNG,,\n",
    ),
    ("truth.csv", "line_id,item_ids,category\n11,1 2,several\n12,3,partial\n13,,none\n"),
];

fn run(data: &Path, out: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerwell"));
    command.args(["backtest", "reconciliation", "--data"]).arg(data).arg("--out").arg(out).output().unwrap()
}

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    for (file, text) in FILES {
        folder.write(file, text);
    }
    folder
}

#[test]
fn proposals_say_how_much_of_each_item_is_paid() {
    let folder = folder("reconciliation");
    let output = run(&folder.0, &folder.0.join("out"));
    assert!(output.status.success(), "{output:?}");
    let proposals = folder.read("proposals.csv");
    let first: Vec<&str> = proposals.lines().filter(|row| row.split(',').nth(1) == Some("1")).collect();
    assert!(first[0].starts_with("11,1,exact,1 2,1:1190.00 2:119.00,"), "{proposals}");
    assert!(first[1].starts_with("12,1,partial,3,3:100.00,"), "{proposals}");
    assert!(first[2].starts_with("13,1,none,,,"), "{proposals}");
    assert!(!proposals.contains(",true"), "the first lines of a journal are only proposed: {proposals}");
    let summary: Value = serde_json::from_str(&folder.read("summary.json")).unwrap();
    assert_eq!((&summary["all"]["lines"], &summary["matchable"]["top1"]), (&3.into(), &1.0.into()));
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line_and_column() {
    for (file, bad, said) in [
        (
            "lines.csv",
            "id,date,amount,currency,label,partner_name,account\n1,02.02.2026,1,EUR,,,\n",
            "line 2: date is",
        ),
        ("items.csv", "id,number,partner_id,date,due,currency\n", "there is no column"),
        ("truth.csv", "line_id,item_ids,category\n11,one,x\n", "line 2: item_ids is \"one\""),
        (
            "items.csv",
            "id,number,partner_id,date,due,amount,currency\n1,A,7,2026-01-02,,1e400,EUR\n",
            "amount is",
        ),
    ] {
        let folder = folder("reconciliation-bad");
        folder.write(file, bad);
        let output = run(&folder.0, &folder.0.join("out"));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.contains(file) && error.contains(said), "{file}: {error}");
    }
}

#[test]
fn what_happens_to_items_elsewhere_is_taken_from_the_truth() {
    let folder = folder("reconciliation-elsewhere");
    // The first item is settled elsewhere before its line; then it is open again.
    folder.write(
        "truth.csv",
        "line_id,item_ids,category\n,1,elsewhere\n11,2,one\n,1,unreconcile\n12,3,partial\n13,,none\n",
    );
    folder.write(
        "lines.csv",
        "id,date,amount,currency,label,partner_name,account\n11,2026-02-02,119.00,EUR,INV/2026/00001,BRUECKNER MASCHINENBAU,\n\
         12,2026-02-05,1190.00,EUR,INV/2026/00001,BRUECKNER MASCHINENBAU,\n13,2026-02-06,-4.50,EUR,,,\n",
    );
    run(&folder.0, &folder.0.join("out"));
    let proposals = folder.read("proposals.csv");
    let of =
        |line: &str| proposals.lines().filter(|row| row.starts_with(line)).collect::<Vec<_>>().join("\n");
    assert!(!of("11,").contains("1:1190.00"), "what is settled is not proposed: {proposals}");
    assert!(of("12,1,").contains("1:1190.00"), "what is open again is: {proposals}");
}

/// Figures that are asked of every set: shares of lines that pay something.
#[test]
fn labelled_sets_are_explained() {
    let Some(recordings) = std::env::var_os("RECORDINGS").map(PathBuf::from) else {
        println!("skipped: RECORDINGS is not set");
        return;
    };
    let mut found = String::new();
    let mut good = true;
    for set in ["dev1", "dev2", "dev3"] {
        let folder = Folder::new(set);
        let output = run(&recordings.join("reconciliation").join(set), &folder.0.join("out"));
        assert!(output.status.success(), "{output:?}");
        let summary: Value = serde_json::from_str(&folder.read("summary.json")).unwrap();
        let figure = |of: &str, name: &str| summary[of][name].as_f64().unwrap();
        let matchable = |name| figure("matchable", name);
        good &= matchable("auto") >= 0.75 && matchable("auto_precision") >= 0.999;
        good &= matchable("top1") >= 0.93 && matchable("top3") >= 0.97;
        good &= summary["false_auto"].as_f64().unwrap() <= 0.001;
        good &= summary["calibration_error"].as_f64().unwrap() <= 0.02;
        writeln!(
            found,
            "{set}: {} {} {}",
            summary["matchable"], summary["false_auto"], summary["calibration_error"]
        )
        .unwrap();
    }
    println!("{found}");
    assert!(good, "{found}");
}

/// What five hundred confirmations are worth: the share of later lines that are booked alone, in points.
#[test]
fn what_is_learned_books_more() {
    let Some(recordings) = std::env::var_os("RECORDINGS").map(PathBuf::from) else {
        println!("skipped: RECORDINGS is not set");
        return;
    };
    for set in ["dev1", "dev2", "dev3"] {
        let files = Files::read(&recordings.join("reconciliation").join(set)).unwrap();
        let [before, after] = [0, 500].map(|lines| {
            let summary = Summary::of(&files, &backtest::run_and_learn(&files, lines));
            assert!(summary.matchable.auto_precision >= 0.999, "{set}: {summary:#?}");
            summary.after_500.auto
        });
        println!("{set}: {before:.4} before, {after:.4} after");
        assert!(after - before >= 0.05, "{set}: {before:.4} before, {after:.4} after");
    }
}
