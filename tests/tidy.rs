//! Names what a new processor lacks. One name everywhere: folder, crate, NAME, Postgres schema, topic.

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

/// The rooms that every processor has.
const ROOMS: [&str; 12] = [
    "README.md",
    "src/lib.rs",
    "src/input.rs",
    "src/domain.rs",
    "src/domain/state.rs",
    "src/domain/decide.rs",
    "src/domain/actions.rs",
    "src/domain/events.rs",
    "src/store.rs",
    "src/queries.rs",
    "src/api.rs",
    "tests/spec/laws.rs",
];

/// The files of a golden stream.
const GOLDEN: [&str; 4] = ["in.jsonl", "rows.txt", "out.txt", "decisions.txt"];

/// What a processor called `name` lacks.
fn lacking(root: &Path, name: &str) -> Vec<String> {
    let folder = root.join("processors").join(name);
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let mut missing = Vec::new();
    let mut want = |there: bool, what: String| {
        if !there {
            missing.push(format!("processor {name}: {what}"));
        }
    };
    let entry = PROCESSORS.iter().find(|entry| entry.name == name);
    want(entry.is_some(), "no line in src/registry.rs".into());
    want(
        read(folder.join("Cargo.toml")).contains(&format!("name = \"{name}\"")),
        "its crate has another name than its folder".into(),
    );
    want(
        read(root.join("Cargo.toml")).contains(&format!("\n{name}.workspace = true")),
        "no line under [dependencies] in Cargo.toml".into(),
    );
    for room in ROOMS {
        want(folder.join(room).is_file(), format!("no room {room}"));
    }
    want(
        read(folder.join("tests/spec/laws.rs")).contains("laws!("),
        "tests/spec/laws.rs runs no laws".into(),
    );
    let migration = fs::read_dir(root.join("migrations"))
        .unwrap()
        .any(|file| read(file.unwrap().path()).contains(&format!("CREATE SCHEMA {name};")));
    want(migration, format!("no migration that creates schema {name}"));
    let golden = golden(&folder);
    want(!golden.is_empty(), "no golden stream in tests/golden/".into());
    for (file, there) in golden {
        want(there, format!("no {}", file.display()));
    }
    want(
        read(root.join("tests/golden.rs")).contains(&format!("golden::<{name}::")),
        "no test in tests/golden.rs".into(),
    );
    let grants = read(root.join("docs/security.md"));
    let mut grants =
        grants.lines().filter(|line| line.starts_with("GRANT") && line.contains("SCHEMA stream,"));
    want(
        grants.all(|grant| grant.contains(&format!(", {name}"))),
        "its schema is not granted in docs/security.md".into(),
    );
    for file in ["checker/src/subjects", "tests/support"] {
        let file = format!("{file}/{name}.rs");
        want(root.join(&file).is_file(), format!("no {file}"));
    }
    let captured = captured(&read(root.join("docs/feed.md")));
    for table in entry.map_or(&[] as &[_], |entry| entry.tables) {
        want(
            captured.iter().any(|captured| captured == table),
            format!("{table} is not in the connector's table.include.list in docs/feed.md"),
        );
    }
    missing
}

/// The files that the golden streams in a folder have to have, and whether they are there.
fn golden(folder: &Path) -> Vec<(PathBuf, bool)> {
    let cases = fs::read_dir(folder.join("tests/golden")).into_iter().flatten().flatten();
    let files = cases.flat_map(|case| GOLDEN.map(|file| case.path().join(file)));
    files.map(|file| (file.clone(), file.is_file())).collect()
}

/// The tables that the connector captures, as its documented configuration says.
fn captured(document: &str) -> Vec<String> {
    let list =
        document.lines().find_map(|line| line.split_once("\"table.include.list\"")).map(|(_, list)| list);
    let list = list.unwrap_or_default().trim_matches(|c: char| !c.is_alphanumeric());
    list.split(',').map(|table| table.trim().trim_start_matches("public.").to_owned()).collect()
}

#[test]
fn no_processor_lacks_anything() {
    let missing: Vec<_> = folders().iter().flat_map(|name| lacking(&root(), name)).collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    for entry in PROCESSORS {
        assert!(folders().iter().any(|folder| folder == entry.name), "{} has no folder", entry.name);
    }
}

/// What CONTRIBUTING says to copy must not lack anything itself.
#[test]
fn the_smallest_processor_has_every_room() {
    let folder = root().join("tests/countries");
    let missing: Vec<_> = ROOMS.iter().filter(|room| !folder.join(room).is_file()).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(golden(&folder).iter().all(|(_, there)| *there), "{:?}", golden(&folder));
}

#[test]
fn a_processor_that_lacks_everything_has_it_all_named() {
    let missing = lacking(&root(), "unheard_of").join("\n");
    for what in ["registry.rs", "Cargo.toml", "runs no laws", "migration", "golden", "subjects", "support"]
        .iter()
        .chain(&ROOMS)
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
    let programs = folders().into_iter().chain(["contract".into()]);
    let programs = programs.flat_map(|name| texts(&root().join("processors").join(name).join("src")));
    for (path, text) in programs.chain(migrations) {
        // A backtest measures how fast it is; it stores nothing.
        let text = text.to_lowercase().replace("instant::now()", "");
        for clock in ["now()", "current_timestamp", "current_date", "clock_timestamp", "localtimestamp"] {
            assert!(!text.contains(clock), "{} asks {clock}", path.display());
        }
    }
}

/// A dependency of the workspace or of one of its packages: `name = …` or `name.workspace = true`, and its features.
fn features<'a>(manifest: &'a toml::Table, name: &str) -> Option<Vec<&'a str>> {
    let dependency = manifest.get("dependencies")?.get(name)?;
    let features = dependency.get("features").and_then(toml::Value::as_array);
    Some(features.into_iter().flatten().filter_map(toml::Value::as_str).collect())
}

/// What processors may not reach: Kafka, sockets, and each other. A server has to be asked for by a feature, and nobody asks.
#[test]
fn processors_know_nothing_of_kafka_and_sockets() {
    let manifest = |path: PathBuf| -> toml::Table { fs::read_to_string(path).unwrap().parse().unwrap() };
    let workspace = manifest(root().join("Cargo.toml"));
    let shared = workspace["workspace"].as_table().unwrap();
    assert_eq!(shared["dependencies"]["axum"]["default-features"].as_bool(), Some(false));
    for name in folders().iter().map(String::as_str).chain(["contract"]) {
        let own = manifest(root().join("processors").join(name).join("Cargo.toml"));
        for crate_name in ["rdkafka", "hyper", "hyper-util", "socket2", "ledgerwell"] {
            assert!(features(&own, crate_name).is_none(), "{name} depends on {crate_name}");
        }
        let all = |crate_name| {
            let asked = features(&own, crate_name)?;
            Some([asked, features(shared, crate_name).unwrap_or_default()].concat())
        };
        for (crate_name, served) in [("axum", &["tokio", "http1", "http2", "ws"][..]), ("tokio", &["net"])] {
            let features = all(crate_name).unwrap_or_default();
            for feature in served {
                assert!(!features.contains(feature), "{name} enables {feature} of {crate_name}");
            }
        }
        for other in folders().iter().filter(|other| *other != name) {
            assert!(features(&own, other).is_none(), "{name} depends on its sibling {other}");
        }
    }
}

/// The positions in a text where `name` is a word of its own. A method may be called like a processor.
fn words(text: &str, name: &str) -> usize {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let found = text.match_indices(name).filter(|(at, _)| {
        let (before, after) = (&text[..*at], &text[at + name.len()..]);
        let alone = !before.ends_with(is_word) && !after.starts_with(is_word);
        alone && !(before.ends_with('.') && after.starts_with("()"))
    });
    found.count()
}

#[test]
fn the_shell_names_processors_in_the_registry_alone() {
    assert_eq!((words("explain credit 7", "credit"), words("credit_limit.credit()", "credit")), (1, 0));
    for (path, text) in texts(&root().join("src")) {
        for name in folders() {
            let allowed = path.ends_with("src/registry.rs");
            assert!(allowed || words(&text.to_lowercase(), &name) == 0, "{} names {name}", path.display());
        }
    }
}

#[test]
fn every_processor_is_met_over_http_and_in_the_demo() {
    for entry in PROCESSORS {
        let prefix = format!("/api/v1/{}/", entry.name);
        let paths = (entry.api.routes)().into_openapi().paths.paths;
        assert!(!paths.is_empty(), "{} has no route", entry.name);
        for path in paths.keys() {
            assert!(path.starts_with(&prefix), "{path} of {} is not below {prefix}", entry.name);
        }
        let shows = entry.api.demo.iter().any(|step| matches!(step, contract::api::Step::Show(_)));
        assert!(shows, "{} shows nothing in the demo", entry.name);
        let explains = entry.api.commands.iter().any(|of| of.verb == contract::api::Verb::Explain);
        assert!(explains, "{} explains nothing", entry.name);
    }
}

/// Whom the rooms of the shell may not import, or there would be a cycle.
const NO_ARROWS: &[(&str, &[&str])] = &[
    ("config", &["registry", "runner"]),
    ("telemetry", &["registry", "runner"]),
    ("feed", &["registry", "runner", "outbox", "dead_letter", "control"]),
    ("outbox", &["registry", "runner"]),
    ("dead_letter", &["registry", "runner"]),
    ("control", &["registry", "runner"]),
];

#[test]
fn no_room_of_the_shell_imports_what_is_built_on_it() {
    let source = root().join("src");
    for (room, forbidden) in NO_ARROWS {
        let of_room = |path: &Path| {
            let path = path.strip_prefix(&source).unwrap();
            path == Path::new(&format!("{room}.rs")) || path.starts_with(room)
        };
        let texts: Vec<_> = texts(&source).into_iter().filter(|(path, _)| of_room(path)).collect();
        assert!(!texts.is_empty(), "there is no room {room}");
        for (path, text) in texts {
            for imported in text.split("crate::").skip(1) {
                let module = imported.split(|end: char| !end.is_alphanumeric() && end != '_').next();
                let bad = forbidden.iter().find(|forbidden| module == Some(forbidden));
                assert!(bad.is_none(), "{} imports {}", path.display(), bad.unwrap());
            }
            assert!(!text.contains("use crate::{"), "{}: one line for each module", path.display());
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
    assert!(!release.contains("debug-assertions"), "a release is known by having no debug assertions");
}
