//! A broker of its own, which a test may kill.

use std::path::PathBuf;
use std::process::Command;

/// Kafka, started by `scripts/services` beside the one that all other tests share.
pub struct Broker {
    folder: PathBuf,
    /// Where it listens; the same after each start.
    pub servers: String,
}

impl Broker {
    /// Starts one with an empty log.
    pub fn start(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ledgerwell-broker-{}-{test}", std::process::id()));
        let mut broker = Self { folder, servers: String::new() };
        broker.up();
        let environment = String::from_utf8(broker.services("env").output().unwrap().stdout).unwrap();
        let servers =
            environment.lines().find_map(|line| line.strip_prefix("export KAFKA_BOOTSTRAP_SERVERS="));
        servers.unwrap().clone_into(&mut broker.servers);
        broker
    }

    /// Starts it again, with the log it had.
    pub fn up(&self) {
        let output = self.services("up").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// kill -9.
    pub fn kill(&self) {
        let process = std::fs::read_to_string(self.folder.join("kafka.pid")).unwrap();
        assert!(Command::new("kill").args(["-9", process.trim()]).status().unwrap().success());
    }

    fn services(&self, command: &str) -> Command {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/services");
        let mut services = Command::new(script);
        services.arg(command).env("LEDGERWELL_SERVICES", &self.folder).env_remove("KAFKA_BOOTSTRAP_SERVERS");
        services
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.services("down").output();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
