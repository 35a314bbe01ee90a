//! The API's description, as public tools see it: it is valid, and what is answered is what it says.
//!
//! `OPENAPI_TOOLS` names the folder with `openapi-spec-validator` and `schemathesis` (`scripts/openapi-tools` installs them).

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::failures::{partner, publish, transaction};
use crate::sandbox::{Sandbox, ready, until};

fn tool(name: &str) -> Option<Command> {
    let Some(folder) = std::env::var_os("OPENAPI_TOOLS") else {
        eprintln!("SKIPPED: OPENAPI_TOOLS names no folder with {name}");
        return None;
    };
    Some(Command::new(PathBuf::from(folder).join(name)))
}

fn run(mut command: Command) {
    let output = command.output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_description_is_valid() {
    let Some(mut validator) = tool("openapi-spec-validator") else { return };
    validator.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/openapi.json"));
    run(validator);
}

/// A simulated company with dead letters, so that most paths have something to answer.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_is_what_is_described() {
    let Some(mut schemathesis) = tool("schemathesis") else { return };
    let sandbox = Sandbox::new("described").await;
    let (token, lines) = sandbox.token("anna", "admin");
    sandbox.configure_all(&lines);
    let feed = sandbox.file("feed.jsonl", "");
    let size = ["--days", "25", "--customers", "60", "--orders-per-day", "8", "--companies", "2"];
    sandbox.ok(&[&["simulate"], &size[..], &["--out", &feed]].concat());
    sandbox.ok(&["publish", &feed, "--topic", &sandbox.topic]);
    let mut bad = partner("Seven", 100);
    bad["name"] = json!(["no", "name"]);
    publish(
        &sandbox,
        &[transaction(4_000_000_001, &bad), vec![json!({ "key": { "id": 1 }, "value": "nothing" })]].concat(),
    );
    let _running = sandbox.start();
    let address = sandbox.listening().await;
    until("all of it", async || {
        ready(&address, 200, ": running")
            && sandbox.value("SELECT count(*) FROM stream.dead_letter").await > 1
    })
    .await;
    schemathesis
        .current_dir(sandbox.folder())
        .args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/schemathesis.toml")])
        .args(["run", &format!("http://{address}/api/v1/openapi.json")])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "-n",
            "25",
            "--seed",
            "1",
            "--continue-on-failure",
            "--no-color",
        ]);
    run(schemathesis);
    assert!(ready(&address, 200, ": running"));
}
