//! Ledgerwell on the secured services. Everything that it prints, at the highest level, is kept.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::services::Services;
use crate::sandbox::{Running, send, until};

/// How to connect; each refusal differs in one thing.
#[derive(Clone)]
pub struct Access {
    pub servers: String,
    pub user: String,
    pub password: String,
    pub authority: PathBuf,
    pub database: String,
}

impl Access {
    /// With the rights that the document names.
    pub fn least(services: &Services) -> Self {
        Self {
            servers: services.kafka("secure"),
            user: "ledgerwell".into(),
            password: services.password("ledgerwell"),
            authority: services.authority.clone(),
            database: services.database(
                "ledgerwell_run",
                &services.password("ledgerwell_run"),
                "odoo_results",
            ),
        }
    }

    /// As the owner of the tables, who may do everything in Kafka.
    pub fn owner(services: &Services) -> Self {
        Self {
            user: "admin".into(),
            password: services.password("admin"),
            database: services.database(
                "ledgerwell_owner",
                &services.password("ledgerwell_owner"),
                "odoo_results",
            ),
            ..Self::least(services)
        }
    }
}

/// Where configurations and output are.
pub struct Pipeline {
    folder: PathBuf,
    token: String,
    digest: String,
}

impl Pipeline {
    pub fn new(services: &Services) -> Self {
        let folder = services.folder().join("pipeline");
        std::fs::create_dir_all(&folder).unwrap();
        let token = format!("lw_{}", services.password("token"));
        Self { digest: ledgerwell::config::sha256(&token), token, folder }
    }

    /// A command. The password is in a file, and the database's address in the environment.
    pub fn command(&self, name: &str, access: &Access, arguments: &[&str]) -> Command {
        let (password, file) =
            (self.file(&format!("{name}.password"), &format!("{}\n", access.password)), name);
        let Access { servers, user, authority, .. } = access;
        let configuration = format!(
            r#"
            [http]
            listen = "127.0.0.1:0"
            [kafka]
            "bootstrap.servers" = "{servers}"
            "security.protocol" = "SASL_SSL"
            "sasl.mechanism" = "SCRAM-SHA-512"
            "sasl.username" = "{user}"
            "sasl.password" = {{ file = "{}" }}
            "ssl.ca.location" = "{}"
            [[token]]
            person = "anna"
            sha256 = "{}"
            [[source]]
            database_url = {{ env = "RESULTS_URL" }}
            "#,
            password.display(),
            authority.display(),
            self.digest
        );
        let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerwell"));
        command
            .args(arguments)
            .env("LEDGERWELL_CONFIG", self.file(&format!("{file}.toml"), &configuration))
            .env("RESULTS_URL", &access.database)
            .env("RUST_LOG", "trace")
            .env("NO_COLOR", "1")
            .env_remove("KAFKA_BOOTSTRAP_SERVERS")
            .env_remove("DATABASE_URL");
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, name: &str, access: &Access, arguments: &[&str]) -> Output {
        let output = self.command(name, access, arguments).output().unwrap();
        let log = format!("{name}.{}.log", arguments.join("-").replace('/', "-"));
        self.file(&log, &format!("{}{}", text(&output.stdout), text(&output.stderr)));
        output
    }

    /// Runs a command that has to succeed; answers what it printed.
    pub fn ok(&self, name: &str, access: &Access, arguments: &[&str]) -> String {
        let output = self.run(name, access, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", warnings(&text(&output.stderr)));
        text(&output.stdout)
    }

    /// Sends records to the source's topic, as the connector would.
    pub fn publish(&self, owner: &Access, records: &[Value]) {
        let lines: Vec<_> = records.iter().map(Value::to_string).collect();
        let file = self.file("records.jsonl", &(lines.join("\n") + "\n"));
        self.ok("connector", owner, &["publish", file.to_str().unwrap(), "--topic", "odoo.changes"]);
    }

    /// Starts `ledgerwell run`.
    pub fn start(&self, name: &str, access: &Access) -> Task<'_> {
        let log = self.folder.join(format!("{name}.run.log"));
        let mut command = self.command(name, access, &["run", "--json"]);
        let (out, err) = (File::create(&log).unwrap(), File::options().append(true).open(&log).unwrap());
        let child = command.stdout(Stdio::from(out)).stderr(err).spawn().unwrap();
        Task { running: Running(child), log, pipeline: self }
    }

    /// All that was ever printed.
    pub fn printed(&self) -> String {
        let files = std::fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let logs = files.filter(|file| file.extension().is_some_and(|kind| kind == "log"));
        logs.map(|log| std::fs::read_to_string(log).unwrap()).collect()
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// A running `ledgerwell run`.
pub struct Task<'a> {
    running: Running,
    log: PathBuf,
    pipeline: &'a Pipeline,
}

impl Task<'_> {
    /// What it has logged.
    pub fn log(&self) -> String {
        read(&self.log)
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.running.0.try_wait().unwrap().is_some()
    }

    /// Where it serves HTTP, once it does.
    pub fn address(&self) -> Option<String> {
        let log = self.log();
        let line = log.lines().find(|line| line.contains("\"listening\""))?;
        Some(serde_json::from_str::<Value>(line).ok()?["fields"]["address"].as_str()?.to_owned())
    }

    /// What a path answers; 0 where nobody does.
    pub fn get(&self, path: &str) -> (u16, String) {
        let token = Some(self.pipeline.token.as_str());
        let answer = self.address().and_then(|address| send(&address, "GET", path, token, ""));
        answer.unwrap_or_default()
    }

    /// Asks for the release of the customer.
    pub fn ask(&self) -> (u16, String) {
        let body =
            r#"{"action": "release", "arguments": {"company_id": 1, "partner_id": 7, "reason": "paid"}}"#;
        let token = Some(self.pipeline.token.as_str());
        let answer =
            self.address().and_then(|address| send(&address, "POST", "/api/v1/credit/requests", token, body));
        answer.unwrap_or_default()
    }

    /// Waits until `/readyz` or the log says one of these words; answers what it says instead, if it does not.
    pub async fn says(&mut self, words: &[&str]) -> Result<(), String> {
        let mut said = String::new();
        let began = Instant::now();
        while !words.iter().any(|word| said.contains(word)) {
            let log = self.log();
            if began.elapsed() > Duration::from_secs(30) {
                return Err(self.get("/readyz").1 + &warnings(&log));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            // The Kafka clients of all processors have much to say: what was said among it counts, too.
            said = self.get("/readyz").1 + &loud(&log).join("\n");
        }
        Ok(())
    }

    /// Stops it in an orderly way, so that the group need not wait for it.
    pub async fn stop(mut self) {
        if !self.has_ended() {
            self.running.signal("TERM");
            until("the end", async || self.has_ended()).await;
        }
    }
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a log says to people: its last warnings and errors, and lines of no level.
pub fn warnings(log: &str) -> String {
    let lines = loud(log);
    lines[lines.len().saturating_sub(5)..].join("\n")
}

/// All warnings and errors of a log, and lines of no level.
fn loud(log: &str) -> Vec<&str> {
    let quiet = ["TRACE", "DEBUG", "INFO"];
    log.lines().filter(|line| !quiet.iter().any(|level| line.contains(level))).collect()
}
