//! A Kafka and a PostgreSQL of the torture's own, which it may kill.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::proxy::Proxy;

/// Started by `scripts/services` in a folder of their own, stopped when dropped, and removed unless there is something to look at.
pub struct Services {
    folder: PathBuf,
    keep: AtomicBool,
    /// Where Kafka listens.
    pub kafka: String,
    /// The administrator's database.
    pub postgres: String,
    /// Kafka, through the proxy.
    pub kafka_proxy: Proxy,
    /// Held while a run makes its database and topics.
    pub setting_up: tokio::sync::Mutex<()>,
}

impl Services {
    pub fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("ledgerwell-torture-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let proxied = Proxy::listen();
        std::fs::write(folder.join("broker.properties"), listeners(proxied.port)).unwrap();
        // Copies, so that a build during a long torture does not change what is tortured.
        for program in ["ledgerwell", "checker"] {
            let built = PathBuf::from(env!("CARGO_BIN_EXE_ledgerwell")).with_file_name(program);
            std::fs::copy(built, folder.join(program)).unwrap();
        }
        let mut services = Self {
            folder,
            keep: AtomicBool::new(false),
            kafka: String::new(),
            postgres: String::new(),
            kafka_proxy: proxied,
            setting_up: tokio::sync::Mutex::default(),
        };
        services.up();
        let environment = String::from_utf8(services.script("env").output().unwrap().stdout).unwrap();
        let value = |name: &str| {
            let line = environment.lines().find_map(|line| line.strip_prefix(&format!("export {name}=")));
            line.unwrap().to_owned()
        };
        services.kafka = value("KAFKA_BOOTSTRAP_SERVERS");
        services.postgres = value("DATABASE_URL");
        let port = std::fs::read_to_string(services.folder.join("port/kafka-proxied")).unwrap();
        services.kafka_proxy.forward_to(format!("127.0.0.1:{}", port.trim()));
        services
    }

    /// A proxy before PostgreSQL.
    pub fn postgres_proxy(&self) -> Proxy {
        let proxy = Proxy::listen();
        proxy.forward_to(self.postgres.split('@').nth(1).unwrap().split('/').next().unwrap().to_owned());
        proxy
    }

    /// A program under torture: `ledgerwell`, or the `checker`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Starts what does not run.
    pub fn up(&self) {
        let output = self.script("up").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Keeps what is in the servers, for somebody to look at. Answers how.
    pub fn keep(&self) -> String {
        self.keep.store(true, Ordering::Relaxed);
        format!("LEDGERWELL_SERVICES={} scripts/services up", self.folder.display())
    }

    /// Sends Kafka a signal.
    pub fn signal_kafka(&self, signal: &str) {
        self.signal("kafka.pid", signal);
    }

    /// Sends PostgreSQL's first process a signal: QUIT stops it at once and leaves its log to be replayed.
    pub fn signal_postgres(&self, signal: &str) {
        self.signal("postgres.pid", signal);
    }

    fn signal(&self, file: &str, signal: &str) {
        let process = std::fs::read_to_string(self.folder.join(file)).unwrap();
        let process = process.trim();
        let status = Command::new("kill").args([&format!("-{signal}"), process]).status().unwrap();
        assert!(status.success());
        let began = Instant::now();
        let stays = ["STOP", "CONT"].contains(&signal);
        while !stays && PathBuf::from(format!("/proc/{process}")).exists() {
            assert!(began.elapsed() < Duration::from_secs(20), "process {process} does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn script(&self, command: &str) -> Command {
        let mut services = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/services"));
        services
            .arg(command)
            .env("LEDGERWELL_SERVICES", &self.folder)
            .env("LEDGERWELL_SERVICES_SETTINGS", &self.folder)
            .env_remove("KAFKA_BOOTSTRAP_SERVERS")
            .env_remove("DATABASE_URL");
        services
    }
}

/// A second listener of the broker, which sends its clients to the proxy.
fn listeners(proxy: u16) -> String {
    format!(
        "listeners=BROKER://127.0.0.1:@BROKER_PORT@,CONTROLLER://127.0.0.1:@CONTROLLER_PORT@,PROXIED://127.0.0.1:@PROXIED_PORT@\n\
         advertised.listeners=BROKER://127.0.0.1:@BROKER_PORT@,PROXIED://127.0.0.1:{proxy}\n\
         listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT\n"
    )
}

impl Drop for Services {
    fn drop(&mut self) {
        if *self.keep.get_mut() {
            let _ = self.script("down").output();
            return;
        }
        let _ = self.script("down").arg("--clean").output();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
