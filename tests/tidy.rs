//! Names what a new processor forgot. One name everywhere: folder, crate, NAME, Postgres schema, topic.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ledgerwell::registry::PROCESSORS;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folders of `processors/` that hold a processor.
fn folders() -> Vec<String> {
    let all = fs::read_dir(root().join("processors")).unwrap();
    let mut names: Vec<_> = all
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != "contract")
        .collect();
    names.sort();
    names
}

/// What a processor called `name` lacks.
fn forgotten(root: &Path, name: &str, registered: &[&str]) -> Vec<String> {
    let crate_root = root.join("processors").join(name);
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let mut missing = Vec::new();
    let mut want = |there: bool, what: String| {
        if !there {
            missing.push(format!("processor {name}: {what}"));
        }
    };
    want(registered.contains(&name), "no line in src/registry.rs".into());
    want(
        read(crate_root.join("Cargo.toml")).contains(&format!("name = \"{name}\"")),
        "its crate has another name than its folder".into(),
    );
    want(
        read(root.join("Cargo.toml")).contains(&format!("\n{name}.workspace = true")),
        "no line under [dependencies] in Cargo.toml".into(),
    );
    for room in ["src/lib.rs", "src/event.rs", "src/store.rs"] {
        want(crate_root.join(room).is_file(), format!("no room {room}"));
    }
    want(
        crate_root.join("src/domain.rs").is_file() || crate_root.join("src/domain").is_dir(),
        "no room src/domain.rs or src/domain/".into(),
    );
    let migration = fs::read_dir(root.join("migrations"))
        .unwrap()
        .any(|file| read(file.unwrap().path()).contains(&format!("CREATE SCHEMA {name};")));
    want(migration, format!("no migration that creates schema {name}"));
    let golden = fs::read_dir(crate_root.join("tests/golden"))
        .map(|cases| cases.map(|case| case.unwrap().path()).collect::<Vec<_>>())
        .unwrap_or_default();
    want(!golden.is_empty(), "no golden stream in tests/golden/".into());
    for case in golden {
        for file in ["in.jsonl", "rows.txt", "out.txt", "decisions.txt"] {
            want(case.join(file).is_file(), format!("{} lacks {file}", case.display()));
        }
    }
    want(
        read(root.join("tests/e2e/golden.rs")).contains(&format!("(\"{name}\", ")),
        "no line in tests/e2e/golden.rs that names its result tables".into(),
    );
    for document in ["README.md", "ARCHITECTURE.md"] {
        want(read(root.join(document)).contains(name), format!("{document} does not mention it"));
    }
    missing
}

#[test]
fn no_processor_has_forgotten_anything() {
    let registered: Vec<_> = PROCESSORS.iter().map(|entry| entry.name).collect();
    let missing: Vec<_> = folders().iter().flat_map(|name| forgotten(&root(), name, &registered)).collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    for name in registered {
        assert!(folders().iter().any(|folder| folder == name), "{name} is registered but has no folder");
    }
}

#[test]
fn a_processor_that_forgot_everything_is_told_so() {
    let missing = forgotten(&root(), "unheard_of", &[]).join("\n");
    for what in
        ["registry.rs", "Cargo.toml", "event.rs", "store.rs", "domain", "migration", "golden", "README.md"]
    {
        assert!(missing.contains(what), "{what} is not in:\n{missing}");
    }
}

#[test]
fn migrations_are_reversible_and_numbered_once() {
    let mut names: Vec<_> = fs::read_dir(root().join("migrations"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let up: Vec<_> = names.iter().filter_map(|name| name.strip_suffix(".up.sql")).collect();
    let down: Vec<_> = names.iter().filter_map(|name| name.strip_suffix(".down.sql")).collect();
    assert_eq!(up, down, "each migration has an up and a down");
    let mut numbers: Vec<_> = up.iter().map(|name| &name[..3]).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), up.len(), "two migrations share a number");
    assert!(!numbers.contains(&"004"), "004 belongs to another service's history and stays free");
}

/// All files below a folder, with their text.
fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            texts.extend(self::texts(&entry));
        } else if let Ok(text) = fs::read_to_string(&entry) {
            texts.push((entry, text));
        }
    }
    texts
}

#[test]
fn what_is_stored_takes_no_time_from_a_clock() {
    let ours = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.ends_with(".up.sql") && name[..3].parse::<u32>().unwrap() > 11
    };
    let migrations = texts(&root().join("migrations")).into_iter().filter(|(path, _)| ours(path));
    for (path, text) in texts(&root().join("processors")).into_iter().chain(migrations) {
        let text = text.to_lowercase();
        for clock in ["now()", "current_timestamp", "current_date", "clock_timestamp", "localtimestamp"] {
            assert!(!text.contains(clock), "{} asks {clock}", path.display());
        }
    }
}

#[test]
fn processors_know_nothing_of_kafka_sockets_and_clocks() {
    for name in folders().iter().map(String::as_str).chain(["contract"]) {
        let manifest = fs::read_to_string(root().join("processors").join(name).join("Cargo.toml")).unwrap();
        for crate_name in ["rdkafka", "axum", "ledgerwell"] {
            assert!(!manifest.contains(crate_name), "{name} depends on {crate_name}");
        }
        for other in folders().iter().filter(|other| *other != name) {
            assert!(
                !manifest.contains(&format!("{other}.workspace")),
                "{name} depends on its sibling {other}"
            );
        }
    }
}

/// Compiles the guards' switches alone, the way a profile would.
fn compiles_torture(debug_assertions: &str) -> (bool, String) {
    let out = std::env::temp_dir().join(format!("ledgerwell-tidy-{}-{debug_assertions}", std::process::id()));
    std::fs::create_dir_all(&out).unwrap();
    let output = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into()))
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
            "--cfg",
            "feature=\"torture\"",
        ])
        .args(["-C", &format!("debug-assertions={debug_assertions}")])
        .arg("--out-dir")
        .arg(&out)
        .arg(root().join("src/torture.rs"))
        .output()
        .unwrap();
    std::fs::remove_dir_all(out).unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn no_release_can_have_guards_that_are_taken_away() {
    assert!(compiles_torture("on").0);
    let (compiled, why) = compiles_torture("off");
    assert!(!compiled && why.contains("never built for release"), "{why}");
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, release) = manifest.split_once("[profile.release]").unwrap();
    let release = release.split("\n[").next().unwrap();
    assert!(
        !release.contains("debug-assertions"),
        "a release has no debug assertions, which is what tells it apart"
    );
}
