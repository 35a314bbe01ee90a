//! A Kafka or a PostgreSQL of its own for a test, started by `scripts/services` next to those that all other tests share.

use std::path::PathBuf;
use std::process::Command;

/// A broker that a test may kill.
pub struct Broker {
    server: Server,
    /// Where it listens; the same after each start.
    pub servers: String,
}

impl Broker {
    /// Starts one with an empty log.
    pub fn start(test: &str) -> Self {
        let server = Server::new(test, "KAFKA_BOOTSTRAP_SERVERS", "");
        let servers = server.start();
        Self { server, servers }
    }

    /// Starts it again, with the log it had.
    pub fn up(&self) {
        self.server.start();
    }

    /// kill -9.
    pub fn kill(&self) {
        let process = std::fs::read_to_string(self.server.folder.join("kafka.pid")).unwrap();
        assert!(Command::new("kill").args(["-9", process.trim()]).status().unwrap().success());
    }
}

/// A PostgreSQL that no other test disturbs.
pub struct Postgres {
    _server: Server,
    /// The address of its database, which is empty.
    pub url: String,
}

impl Postgres {
    /// Starts one with these lines added to `postgresql.conf`.
    pub fn start(test: &str, settings: &str) -> Self {
        let server = Server::new(test, "DATABASE_URL", settings);
        let url = server.start();
        Self { _server: server, url }
    }
}

struct Server {
    folder: PathBuf,
    /// The variable with its address. The other service is somebody else's, so it is not started.
    address: &'static str,
}

impl Server {
    fn new(test: &str, address: &'static str, postgres: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ledgerwell-server-{}-{test}", std::process::id()));
        std::fs::create_dir_all(folder.join("settings")).unwrap();
        std::fs::write(folder.join("settings/postgresql.conf"), postgres).unwrap();
        Self { folder, address }
    }

    /// Starts it and answers its address.
    fn start(&self) -> String {
        let output = self.services("up").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let environment = String::from_utf8(self.services("env").output().unwrap().stdout).unwrap();
        let export = format!("export {}=", self.address);
        environment.lines().find_map(|line| line.strip_prefix(&export)).unwrap().to_owned()
    }

    fn services(&self, command: &str) -> Command {
        let mut services = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/services"));
        services
            .arg(command)
            .env("LEDGERWELL_SERVICES", &self.folder)
            .env("LEDGERWELL_SERVICES_SETTINGS", self.folder.join("settings"))
            .env_remove(self.address);
        services
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.services("down").output();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
