//! A database and topics of its own for each test, so that all run in parallel against one broker and one server.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ledgerwell::registry::PROCESSORS;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Headers;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::support::{self, USUAL};

/// Longest wait for anything.
pub const TIMEOUT: Duration = Duration::from_mins(2);

/// Ends all other sessions in a database.
pub const END_OTHERS: &str = "WITH others AS MATERIALIZED
        (SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid())
    SELECT count(pg_terminate_backend(pid)) FROM others";

pub struct Sandbox {
    /// Prefix of its topics, and its database's name.
    pub name: String,
    pub topic: String,
    pub database_url: String,
    /// The Kafka it is on.
    servers: String,
    folder: PathBuf,
}

/// An event as a read_committed consumer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    pub kind: String,
    pub position: String,
    pub time: String,
    pub key: String,
    pub data: String,
}

fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with `make test`"))
}

impl Sandbox {
    /// A migrated database and the topics, all empty.
    pub async fn new(test: &str) -> Self {
        Self::on(&environment("KAFKA_BOOTSTRAP_SERVERS"), test).await
    }

    /// An empty database without topics.
    pub async fn unmigrated(test: &str) -> Self {
        Self::with_topic(test, None, &environment("KAFKA_BOOTSTRAP_SERVERS")).await
    }

    /// A migrated database and topics on another Kafka.
    pub async fn on(servers: &str, test: &str) -> Self {
        let sandbox = Self::with_topic(test, None, servers).await;
        sandbox.ok(&["migrate", "up"]);
        sandbox.ok(&["topics"]);
        sandbox
    }

    /// A second pipeline over the topic of another sandbox: its own database and result topics.
    pub async fn over_same_topic(&self, test: &str) -> Self {
        let sandbox = Self::with_topic(test, Some(self.topic.clone()), &self.servers).await;
        sandbox.ok(&["migrate", "up"]);
        sandbox.ok(&["topics"]);
        sandbox
    }

    async fn with_topic(test: &str, topic: Option<String>, servers: &str) -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{number}_{test}", std::process::id());
        let server = environment("DATABASE_URL");
        let database_url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        let mut connection = PgConnection::connect(&server).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .unwrap();
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        let topic = topic.unwrap_or_else(|| format!("{name}.changes"));
        let sandbox = Self { name, topic, database_url, servers: servers.to_owned(), folder };
        sandbox.configure("");
        sandbox
    }

    /// Writes the configuration, with more lines for its source, and tables behind it. Unless they say otherwise, only the
    /// usual processor runs.
    pub fn configure(&self, more: &str) {
        let Self { name, topic, database_url, .. } = self;
        let text = format!(
            "prefix = \"{name}\"\n[kafka]\n\"session.timeout.ms\" = 1500\n\"heartbeat.interval.ms\" = 300\n[http]\nlisten = \"127.0.0.1:0\"\n[[source]]\nname = \"odoo\"\ntopic = \"{topic}\"\n\
             database_url = \"{database_url}\"\n{}\n{}\n{more}\n",
            if more.contains("processors") {
                String::new()
            } else {
                format!("processors = [\"{}\"]", USUAL.name)
            },
            if more.contains("clock") { "" } else { "clock = \"feed\"" }
        );
        std::fs::write(self.folder.join("ledgerwell.toml"), text).unwrap();
    }

    /// The same with all processors.
    pub fn configure_all(&self, more: &str) {
        let names: Vec<_> = support::names().map(|name| format!("\"{name}\"")).collect();
        self.configure(&format!("processors = [{}]\n{more}", names.join(", ")));
    }

    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// Where its files are.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerwell"));
        command
            .args(arguments)
            .env("LEDGERWELL_CONFIG", self.folder.join("ledgerwell.toml"))
            .env("KAFKA_BOOTSTRAP_SERVERS", &self.servers)
            .env("NO_COLOR", "1");
        command
    }

    pub fn kafka(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.servers);
        config
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A token, and the lines of the configuration that make it one.
    pub fn token(&self, person: &str, role: &str) -> (String, String) {
        let token: Value =
            serde_json::from_str(&self.ok(&["token", person, "--role", role, "--json"])).unwrap();
        let digest = token["sha256"].as_str().unwrap();
        let lines = format!("[[token]]\nperson = \"{person}\"\nrole = \"{role}\"\nsha256 = \"{digest}\"\n");
        (token["token"].as_str().unwrap().to_owned(), lines)
    }

    /// Runs a command that has to succeed; answers what it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts `ledgerwell run`. Dropping the answer kills it.
    pub fn start(&self) -> Running {
        self.start_with(&[])
    }

    /// Starts `ledgerwell run` with more arguments.
    pub fn start_with(&self, arguments: &[&str]) -> Running {
        let log =
            std::fs::File::options().create(true).append(true).open(self.folder.join("run.log")).unwrap();
        let child = self
            .command(&[&["run", "--json"], arguments].concat())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Running(child)
    }

    /// What the instances started with [`Self::start`] have logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("run.log")).unwrap_or_default()
    }

    /// Where the instance that was started serves HTTP.
    pub async fn listening(&self) -> String {
        let address = || {
            let line = self.log().lines().find(|line| line.contains("listening")).map(str::to_owned)?;
            Some(serde_json::from_str::<Value>(&line).unwrap()["fields"]["address"].as_str()?.to_owned())
        };
        until("HTTP", async || address().is_some()).await;
        address().unwrap()
    }

    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.database_url).await.unwrap()
    }

    /// One value from the database.
    pub async fn value(&self, sql: &str) -> i64 {
        let mut connection = self.connect().await;
        let value: Option<i64> = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .fetch_optional(&mut connection)
            .await
            .unwrap()
            .flatten();
        value.unwrap_or(-1)
    }

    pub async fn next_offset(&self) -> i64 {
        self.value("SELECT next_offset FROM stream.checkpoint").await
    }

    /// Every row of every result and working table as text, for comparison.
    pub async fn tables(&self) -> String {
        let mut connection = self.connect().await;
        dump(&mut connection).await
    }

    /// All events, as committed, one partition after the other.
    pub fn events(&self) -> Vec<Event> {
        self.events_of(USUAL.name)
    }

    /// The events of a processor, as a read_committed consumer sees them.
    pub fn events_of(&self, processor: &str) -> Vec<Event> {
        let mut config = self.kafka();
        config
            .set("group.id", format!("{}.reader", self.name))
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create().unwrap();
        let topic = format!("{}.{processor}", self.name);
        let metadata = consumer.fetch_metadata(Some(&topic), TIMEOUT).unwrap();
        let partitions = metadata.topics()[0].partitions().len();
        let mut assignment = TopicPartitionList::new();
        for partition in 0..partitions {
            assignment
                .add_partition_offset(&topic, i32::try_from(partition).unwrap(), Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&assignment).unwrap();
        let (mut events, mut ended) = (vec![Vec::new(); partitions], std::collections::BTreeSet::new());
        let began = Instant::now();
        while ended.len() < partitions {
            assert!(began.elapsed() < TIMEOUT, "the result topic could not be read to its end");
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    let header = |name: &str| {
                        let headers = message.headers().unwrap();
                        let header = headers.iter().find(|header| header.key == name).unwrap();
                        String::from_utf8(header.value.unwrap().to_vec()).unwrap()
                    };
                    let partition = usize::try_from(message.partition()).unwrap();
                    events[partition].push(Event {
                        id: header("ce_id"),
                        kind: header("ce_type"),
                        position: header("ce_position"),
                        time: header("ce_time"),
                        key: String::from_utf8(message.key().unwrap().to_vec()).unwrap(),
                        data: String::from_utf8(message.payload().unwrap().to_vec()).unwrap(),
                    });
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    ended.insert(partition);
                }
                Some(Err(error)) => panic!("{error}"),
                None => {}
            }
        }
        events.concat()
    }

    /// Deletes the source's topic and creates it again, empty.
    pub async fn recreate_topic(&self) {
        let admin: AdminClient<DefaultClientContext> = self.kafka().create().unwrap();
        admin.delete_topics(&[&self.topic], &AdminOptions::new()).await.unwrap();
        until("the topic to be gone", async || {
            let metadata = admin.inner().fetch_metadata(None, TIMEOUT).unwrap();
            !metadata.topics().iter().any(|topic| topic.name() == self.topic)
        })
        .await;
        let topic = NewTopic::new(&self.topic, 1, TopicReplication::Fixed(1));
        admin.create_topics([&topic], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept for a look: database and topics {}, folder {}", self.name, self.folder.display());
            return;
        }
        let (name, own_topic) =
            (self.name.clone(), self.topic.starts_with(&self.name).then(|| self.topic.clone()));
        let kafka = self.kafka();
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&environment("DATABASE_URL")).await.unwrap();
                let sql = format!("DROP DATABASE {name} WITH (FORCE)");
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
                let admin: AdminClient<DefaultClientContext> = kafka.create().unwrap();
                let results = PROCESSORS.iter().map(|processor| format!("{name}.{}", processor.name));
                let others = [format!("_{name}.progress"), format!("{name}.control")];
                let topics: Vec<_> = results.chain(others).chain(own_topic).collect();
                let topics: Vec<_> = topics.iter().map(String::as_str).collect();
                admin.delete_topics(&topics, &AdminOptions::new()).await.unwrap();
            });
        });
        removal.join().unwrap();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A running `ledgerwell run`.
pub struct Running(pub Child);

impl Running {
    /// Sends a signal by name: TERM, STOP, CONT.
    pub fn signal(&self, name: &str) {
        let status =
            Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether `/readyz` answers with this status and says this.
pub fn ready(address: &str, status: u16, says: &str) -> bool {
    get(address, "/readyz").is_some_and(|(answer, text)| answer == status && text.contains(says))
}

/// One HTTP request over a plain socket: GET.
pub fn get(address: &str, path: &str) -> Option<(u16, String)> {
    send(address, "GET", path, None, "")
}

/// The API, as one person meets it.
pub struct Api {
    pub address: String,
    pub token: String,
}

impl Api {
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        send(&self.address, "GET", path, Some(&self.token), "")
    }

    /// What there has to be.
    pub fn read(&self, path: &str) -> Value {
        let (status, text) = self.get(path).unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub fn post(&self, path: &str, body: &str) -> (u16, String) {
        send(&self.address, "POST", path, Some(&self.token), body).unwrap()
    }

    /// What becomes of something that was taken on.
    pub async fn outcome(&self, answer: &str) -> Value {
        let answer: Value = serde_json::from_str(answer).unwrap();
        let path = answer["outcome"].as_str().unwrap();
        until("the outcome", async || self.read(path)["status"] != "pending").await;
        self.read(path)
    }
}

/// One HTTP request over a plain socket, with a token and a JSON body.
pub fn send(
    address: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: &str,
) -> Option<(u16, String)> {
    let mut socket = std::net::TcpStream::connect(address).ok()?;
    let token = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let length = body.len();
    write!(
        socket,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{token}Content-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
}

/// Waits for a condition.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < TIMEOUT, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Two dumps say the same; else the first lines that only one of them has are shown.
pub fn assert_same(left: &str, right: &str) {
    let only = |of: &str, other: &str| {
        let other: std::collections::BTreeSet<&str> = other.lines().collect();
        let lines = of.lines().filter(|line| !other.contains(line)).take(3);
        lines.map(|line| line.chars().take(600).collect::<String>()).collect::<Vec<_>>()
    };
    assert!(left == right, "only left: {:#?}\nonly right: {:#?}", only(left, right), only(right, left));
}

/// Every row of the tables that a processor writes, one line each, sorted.
pub async fn dump(connection: &mut PgConnection) -> String {
    let public = PROCESSORS.iter().flat_map(|processor| processor.public()).map(|table| table.name);
    let shared: Vec<_> = public.chain(["audit_logs", "dead_letter", "request", "rules"]).collect();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
         WHERE table_schema = ANY($1) OR table_schema IN ('public', 'stream') AND table_name = ANY($2) ORDER BY 1",
    )
    .bind(PROCESSORS.iter().map(|processor| processor.name).collect::<Vec<_>>())
    .bind(shared)
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut all = String::new();
    for table in tables {
        // Ids from sequences never leave their table, and attempts count restarts.
        let sequence = support::ALL.iter().any(|processor| processor.sequences.contains(&table.as_str()));
        let ignored = if sequence || table == "public.audit_logs" { "id" } else { "" };
        let sql =
            format!("SELECT ((to_jsonb(t) - 'attempts') - '{ignored}')::text FROM {table} AS t ORDER BY 1");
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *connection).await.unwrap();
        for row in rows {
            writeln!(all, "{table} {row}").unwrap();
        }
    }
    all
}
