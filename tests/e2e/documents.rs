//! What the documents show, done: every command is run on a simulated company, every configuration is read. `security.rs` applies
//! `docs/security.md`.

use std::path::{Path, PathBuf};

use ledgerwell::config::{Config, Needs};
use serde_json::Value;

use crate::sandbox::Sandbox;

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = |folder: PathBuf| -> Vec<PathBuf> {
        let mut files: Vec<_> = folder.read_dir().unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    };
    let of_processors = files(root.join("processors")).into_iter().flat_map(files);
    let documents = [root.join("README.md")].into_iter().chain(files(root.join("docs"))).chain(of_processors);
    documents.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// What is between the fences of each block of a language.
fn blocks<'d>(document: &'d str, language: &str) -> Vec<&'d str> {
    let fence = format!("```{language}\n");
    document.split(fence.as_str()).skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

/// The commands of a block, without what is behind them.
fn commands(block: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = block.lines().filter(|line| line.starts_with("ledgerwell "));
    lines.map(|line| line.split(" #").next().unwrap().split_whitespace().skip(1).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_command_of_the_documents_runs() {
    let mut documents_run = tokio::task::JoinSet::new();
    for (number, path) in documents().into_iter().enumerate() {
        let document = std::fs::read_to_string(&path).unwrap();
        let blocks: Vec<String> = blocks(&document, "sh").into_iter().map(str::to_owned).collect();
        if blocks.iter().all(|block| commands(block).next().is_none()) {
            continue;
        }
        documents_run.spawn(async move {
            let sandbox = Sandbox::new(&format!("document_{number}")).await;
            let company =
                ["simulate", "--days", "20", "--customers", "60", "--orders-per-day", "6", "--publish"];
            sandbox.configure_all("");
            sandbox.ok(&[&company[..], &[&sandbox.topic]].concat());
            sandbox.ok(&["run", "--until-caught-up"]);
            for command in blocks.iter().flat_map(|block| commands(block)) {
                let output = sandbox.command(&command).current_dir(sandbox.folder()).output().unwrap();
                let error = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{}: {command:?}: {error}", path.display());
            }
        });
    }
    documents_run.join_all().await;
}

#[test]
fn every_configuration_of_the_documents_can_be_read() {
    let folder = scratch();
    for path in documents() {
        let document = std::fs::read_to_string(&path).unwrap();
        for block in blocks(&document, "toml") {
            let file = folder.join("ledgerwell.toml");
            std::fs::write(&file, block).unwrap();
            let config =
                Config::load(Some(&file), |_| None, ledgerwell::registry::names(), Needs::Everything);
            assert!(config.is_ok(), "{}: {}", path.display(), config.err().unwrap());
        }
        for block in blocks(&document, "json") {
            let read = serde_json::from_str::<Value>(block);
            assert!(read.is_ok(), "{}: {}", path.display(), read.unwrap_err());
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

fn scratch() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ledgerwell-documents-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
