//! Instructions of the hot pure functions, counted by callgrind and held to the figures in `figures.txt`.
//!
//! Times differ from machine to machine and from hour to hour; instructions do not. This program runs itself under valgrind, once
//! with little work and once with more, and divides the difference, so that starting costs nothing. UPDATE_FIGURES=1 writes the
//! figures again.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod work;

use std::fmt::Write;
use std::process::{Command, ExitCode};

use work::WORK;

/// How far a figure may grow, in per cent, before the test fails: more than compilers' whims, less than a mistake.
const TOLERANCE: f64 = 5.0;
/// How often the work is done.
const ROUNDS: (u64, u64) = (1, 2);
const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/instructions/figures.txt");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, name, rounds] = arguments.as_slice()
        && flag == "--work"
    {
        let (_, work) = WORK.iter().find(|(of, _)| of == name).unwrap();
        work(rounds.parse().unwrap());
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return ExitCode::SUCCESS;
    }
    let committed = std::fs::read_to_string(FIGURES).unwrap_or_default();
    let (mut measured, mut failed) = (String::new(), false);
    for (name, _) in WORK {
        let (few, more) = (count(name, ROUNDS.0), count(name, ROUNDS.1));
        // A round has `PIECES` pieces.
        let each = (more - few) / ((ROUNDS.1 - ROUNDS.0) * work::PIECES);
        writeln!(measured, "{name}\t{each}").unwrap();
        let figure = committed
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('\t')?.parse::<u64>().ok());
        #[allow(clippy::cast_precision_loss, reason = "a percentage")]
        let change = figure.map_or(0.0, |figure| (each as f64 / figure as f64 - 1.0) * 100.0);
        println!("{name}: {each} instructions a change ({change:+.1} %)");
        failed |= figure.is_none() || change > TOLERANCE;
        if change < -TOLERANCE {
            println!("  fewer than before: UPDATE_FIGURES=1 keeps it so");
        }
    }
    if std::env::var_os("UPDATE_FIGURES").is_some() {
        std::fs::write(FIGURES, measured).unwrap();
        return ExitCode::SUCCESS;
    }
    if failed {
        println!(
            "more than {TOLERANCE} % above tests/instructions/figures.txt: find out why, or write it again \
             with UPDATE_FIGURES=1"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Instructions of the whole program with some rounds of work.
fn count(name: &str, rounds: u64) -> u64 {
    let program = std::env::current_exe().unwrap();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--work", name, &rounds.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let collected = text.lines().find_map(|line| line.split_once("Collected : ")).unwrap().1;
    collected.trim().parse().unwrap()
}
