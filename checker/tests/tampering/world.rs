//! A pipeline of its own on the services: a database, topics, and a folder.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::feed::Line;

const TIMEOUT: Duration = Duration::from_mins(1);

pub struct World {
    /// Prefix of the topics, and the database's name.
    pub name: String,
    servers: String,
    database: String,
    folder: PathBuf,
}

/// The observer. Dropping it ends it.
pub struct Observer(Child);

impl Observer {
    /// Closes its standard input, and waits until it is gone.
    pub fn stop(&mut self) {
        drop(self.0.stdin.take());
        let began = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < TIMEOUT, "the observer does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with `make test`"))
}

/// The program under test: named, or next to the checker.
fn ledgerwell() -> Command {
    let neighbour = PathBuf::from(env!("CARGO_BIN_EXE_checker")).with_file_name("ledgerwell");
    let program = std::env::var_os("LEDGERWELL_BIN").map_or(neighbour, PathBuf::from);
    assert!(program.exists(), "{} is not built: `cargo build`", program.display());
    Command::new(program)
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap()
}

impl World {
    /// With a migrated database, topics, and the witness.
    pub async fn new() -> Self {
        let name = format!("checker_{}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        let world = Self {
            servers: environment("KAFKA_BOOTSTRAP_SERVERS"),
            database: environment("DATABASE_URL"),
            folder,
            name,
        };
        world.administer(&format!("CREATE DATABASE {}", world.name)).await;
        let text = format!(
            "prefix = \"{name}\"\n[kafka]\n\"session.timeout.ms\" = 1500\n\"heartbeat.interval.ms\" = 300\n[http]\n\
             listen = \"127.0.0.1:0\"\n[[source]]\nname = \"odoo\"\ntopic = \"{name}.changes\"\nprocessors = [\"credit\"]\n\
             database_url = \"{}\"\nclock = \"feed\"\n",
            world.url(&world.name),
            name = world.name,
        );
        std::fs::write(world.folder.join("ledgerwell.toml"), text).unwrap();
        world.ledgerwell(&["migrate", "up"], &[0]);
        world.ledgerwell(&["topics"], &[0]);
        for _ in 0..2 {
            let installed = output(Self::checker().args(["install", "--database", &world.url(&world.name)]));
            assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        }
        world
    }

    fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.database.rsplit_once('/').unwrap().0)
    }

    async fn administer(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.database).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    }

    fn checker() -> Command {
        Command::new(env!("CARGO_BIN_EXE_checker"))
    }

    fn ledgerwell(&self, arguments: &[&str], codes: &[i32]) {
        let mut command = ledgerwell();
        command
            .args(arguments)
            .env("LEDGERWELL_CONFIG", self.folder.join("ledgerwell.toml"))
            .env("KAFKA_BOOTSTRAP_SERVERS", &self.servers);
        let output = output(&mut command);
        let code = output.status.code().unwrap_or(-1);
        assert!(codes.contains(&code), "{arguments:?}: {code}, {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The feed of a simulated company.
    pub fn simulated(&self) -> String {
        let file = self.folder.join("simulated.jsonl");
        let path = file.display().to_string();
        self.ledgerwell(
            &[
                "simulate",
                "--seed",
                "5",
                "--days",
                "16",
                "--customers",
                "12",
                "--orders-per-day",
                "4",
                "--companies",
                "1",
                "--out",
                &path,
            ],
            &[0],
        );
        std::fs::read_to_string(file).unwrap()
    }

    /// Runs the pipeline to the end of the log. Dead letters are open, and are meant to be.
    pub fn run(&self) {
        self.ledgerwell(&["run", "--until-caught-up"], &[0, 2]);
    }

    fn observed(&self) -> PathBuf {
        self.folder.join("observed.jsonl")
    }

    /// Starts the observer.
    pub fn observe(&self) -> Observer {
        let child = Self::checker()
            .args([
                "watch",
                "--database",
                &self.url(&self.name),
                "--out",
                &self.observed().display().to_string(),
            ])
            .stdin(Stdio::piped())
            .spawn();
        Observer(child.unwrap())
    }

    /// Waits until so many states were seen.
    pub fn until_observed(&self, states: usize) {
        let began = Instant::now();
        while std::fs::read_to_string(self.observed()).is_ok_and(|text| text.lines().count() < states) {
            assert!(began.elapsed() < TIMEOUT, "nothing is observed");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks the checker about a database; answers its exit code and what it said.
    pub fn check(&self, database: &str, more: &[&str]) -> (i32, String) {
        self.check_with(database, &self.observed(), more)
    }

    /// Asks it with another observation.
    pub fn check_observed(&self, observed: &std::path::Path) -> (i32, String) {
        self.check_with(&self.name, observed, &[])
    }

    fn check_with(&self, database: &str, observed: &std::path::Path, more: &[&str]) -> (i32, String) {
        let (topic, url) = (format!("{}.changes", self.name), self.url(database));
        let observed = observed.display().to_string();
        let topic = if more.is_empty() { vec!["--topic", &topic] } else { more.to_vec() };
        let output = output(
            Self::checker()
                .args([
                    "check",
                    "--kafka",
                    &self.servers,
                    "--prefix",
                    &self.name,
                    "--database",
                    &url,
                    "--patience",
                    "2",
                ])
                .args(["--observed", &observed])
                .args(topic),
        );
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    }

    /// A copy of the database with something done to it.
    pub async fn tampered(&self, sql: &str) -> String {
        let copy = format!("{}_tampered", self.name);
        self.administer(&format!("CREATE DATABASE {copy} TEMPLATE {}", self.name)).await;
        let mut connection = PgConnection::connect(&self.url(&copy)).await.unwrap();
        let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        assert!(done.rows_affected() > 0, "there is nothing to tamper with: {sql}");
        copy
    }

    /// A copy of the observation in which a customer owes something else.
    pub fn tampered_observation(&self) -> PathBuf {
        let text = std::fs::read_to_string(self.observed()).unwrap();
        let complete = text.lines().rfind(|line| line.contains("\"complete\"")).unwrap();
        let mut state: serde_json::Value = serde_json::from_str(complete).unwrap();
        state["exposures"][0][1]["amounts"][0] = "123456.78".into();
        let path = self.folder.join("tampered.jsonl");
        std::fs::write(&path, format!("{state}\n")).unwrap();
        path
    }

    fn producer(&self) -> BaseProducer {
        let mut settings = ClientConfig::new();
        settings
            .set("bootstrap.servers", &self.servers)
            .set("enable.idempotence", "true")
            .set("linger.ms", "5");
        settings.create().unwrap()
    }

    /// Appends records to the source's topic.
    pub fn publish(&self, lines: &[Line]) {
        let (producer, topic) = (self.producer(), format!("{}.changes", self.name));
        for line in lines {
            let headers = line.headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| {
                all.insert(Header { key, value: Some(*value) })
            });
            let mut record =
                BaseRecord::to(&topic).partition(0).key(&line.key).headers(headers).timestamp(line.timestamp);
            record.payload = line.value.as_ref();
            producer.send(record).map_err(|(error, _)| error).unwrap();
            producer.poll(Duration::ZERO);
        }
        producer.flush(TIMEOUT).unwrap();
    }

    /// Something that the pipeline has not seen.
    pub fn publish_a_row_that_nobody_reads(&self) {
        self.publish(&[Line { key: b"{\"id\":1}".to_vec(), value: None, timestamp: 0, headers: Vec::new() }]);
    }

    /// The first event of some partition stands at its end once more.
    pub fn publish_an_event_again(&self) {
        let (topic, first) = (format!("{}.credit", self.name), self.first_event());
        let headers = first.headers().unwrap().clone();
        let (key, payload) = (first.key().unwrap(), first.payload().unwrap());
        let record =
            BaseRecord::to(&topic).partition(first.partition()).key(key).payload(payload).headers(headers);
        let producer = self.producer();
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.flush(TIMEOUT).unwrap();
    }

    fn first_event(&self) -> OwnedMessage {
        let mut settings = ClientConfig::new();
        settings.set("bootstrap.servers", &self.servers).set("group.id", "checker-test");
        let consumer: BaseConsumer = settings.create().unwrap();
        let mut assignment = TopicPartitionList::new();
        for partition in 0..6 {
            assignment
                .add_partition_offset(&format!("{}.credit", self.name), partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&assignment).unwrap();
        consumer.poll(TIMEOUT).unwrap().unwrap().detach()
    }

    /// Drops a database.
    pub async fn drop_database(&self, name: &str) {
        self.administer(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }

    /// Leaves nothing behind.
    pub async fn remove(self) {
        self.drop_database(&self.name).await;
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", &self.servers).create().unwrap();
        let topics = [
            format!("{}.changes", self.name),
            format!("{}.credit", self.name),
            format!("_{}.progress", self.name),
        ];
        admin.delete_topics(&topics.each_ref().map(String::as_str), &AdminOptions::new()).await.unwrap();
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}
