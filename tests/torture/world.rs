//! One run: a database and topics of its own, the instances of the pipeline, the observer, and the verdict at the end.

mod verdict;

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ledgerwell::registry::PROCESSORS;
use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::Mutex;

use crate::feed::{Feed, Line, Mix, publish};
use crate::instance::{Instance, wait};
use crate::proxy::{Proxy, Weather};
use crate::services::Services;
use crate::support::Processor;
use crate::torn::Record;

/// What a scenario works with.
pub struct World<'a> {
    pub services: &'a Services,
    /// PostgreSQL as the pipeline sees it.
    pub postgres_proxy: Proxy,
    pub name: String,
    /// The one that runs.
    pub processor: &'static Processor,
    pub topic: String,
    pub feed: Feed,
    pub instances: Vec<Instance>,
    /// What was done to it so far.
    pub faults: Vec<String>,
    /// Guards that are taken away.
    without: String,
    /// Events up to this number belong to a topic that is gone.
    pub after_seq: i64,
    /// Whether control records have a topic of their own.
    pub control: bool,
    observer: Option<Child>,
    folder: PathBuf,
    /// Into the results database, for [`World::value`]: a new connection for each look would be much of a run's load.
    looking: Mutex<Option<PgConnection>>,
}

/// How long Kafka may take to say something while it has much to do.
const KAFKA_TIMEOUT: Duration = Duration::from_mins(2);

impl<'a> World<'a> {
    pub async fn new(
        services: &'a Services,
        scenario: &str,
        processor: &'static Processor,
        seed: u64,
        without: &str,
    ) -> Self {
        let mut name = format!("t{}_{seed}_{}_{scenario}", std::process::id(), processor.name);
        // PostgreSQL cuts names at 63 bytes.
        name.truncate(54);
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        let mix = Mix { control: true, poison: true };
        let world = Self {
            services,
            postgres_proxy: services.postgres_proxy(),
            topic: format!("{name}.changes"),
            processor,
            feed: Feed::new(seed, processor, mix),
            instances: Vec::new(),
            faults: Vec::new(),
            without: without.to_owned(),
            after_seq: 0,
            control: false,
            observer: None,
            folder,
            looking: Mutex::new(None),
            name,
        };
        // One at a time: all at once they keep a broker that has just started from answering any of them.
        let _alone = services.setting_up.lock().await;
        // The pipeline's role is no superuser, so that a limit on connections is one for it.
        world.administer(&format!("CREATE ROLE {} LOGIN", world.name)).await;
        world.administer(&format!("CREATE DATABASE {0} OWNER {0}", world.name)).await;
        world.configure("");
        world.command(&["migrate", "up"]);
        let topics =
            wait(KAFKA_TIMEOUT, || world.ledgerwell().arg("topics").output().unwrap().status.success());
        assert!(topics, "the topics cannot be created: ledgerwell topics");
        world.checker(&["install", "--database", &world.database_url()]).unwrap();
        world
    }

    /// Starts the observer: scenarios that have the database restored start it afterwards.
    /// Of some processors there is nothing to observe.
    pub fn observe(&mut self) {
        if !self.processor.observed {
            return;
        }
        let out = self.folder.join("observed.jsonl");
        let child = Command::new(self.services.program("checker"))
            .args(["watch", "--processor", self.processor.name, "--database", &self.database_url()])
            .args(["--out", &out.display().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.observer = Some(child.unwrap());
    }

    fn stop_observing(&mut self) {
        if let Some(mut observer) = self.observer.take() {
            let _ = Command::new("kill").args(["-TERM", &observer.id().to_string()]).status();
            if !wait(Duration::from_secs(5), || matches!(observer.try_wait(), Ok(Some(_)))) {
                let _ = observer.kill();
            }
            let _ = observer.wait();
        }
    }

    /// The results database, without a proxy, as the administrator.
    pub fn database_url(&self) -> String {
        format!("{}/{}", self.services.postgres.rsplit_once('/').unwrap().0, self.name)
    }

    /// Writes the configuration, with more lines for the source.
    pub fn configure(&self, more: &str) {
        let text = format!(
            "prefix = \"{name}\"\n[kafka]\n\"session.timeout.ms\" = 1000\n\"heartbeat.interval.ms\" = 250\n\
             \"reconnect.backoff.max.ms\" = 500\n\"socket.timeout.ms\" = 10000\n[http]\nlisten = \"127.0.0.1:0\"\n\
             [[source]]\nname = \"odoo\"\ntopic = \"{topic}\"\nclock = \"feed\"\nprocessors = [\"{processor}\"]\n\
             database_url = \"postgres://{name}@127.0.0.1:{port}/{name}\"\n{more}\n",
            name = self.name,
            processor = self.processor.name,
            topic = self.topic,
            port = self.postgres_proxy.port,
        );
        std::fs::write(self.folder.join("ledgerwell.toml"), text).unwrap();
    }

    fn ledgerwell(&self) -> Command {
        let mut command = Command::new(self.services.program("ledgerwell"));
        let kafka = format!("127.0.0.1:{}", self.services.kafka_proxy.port);
        command
            .env("LEDGERWELL_CONFIG", self.folder.join("ledgerwell.toml"))
            .env("KAFKA_BOOTSTRAP_SERVERS", kafka)
            .env("NO_COLOR", "1");
        command
    }

    /// Runs a command that has to succeed, and answers what it printed.
    pub fn command(&self, arguments: &[&str]) -> String {
        let output = self.ledgerwell().args(arguments).output().unwrap();
        let said = [output.stderr, output.stdout.clone()].concat();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts an instance.
    pub fn start(&mut self) {
        self.start_at("", &[]);
    }

    /// Starts an instance that a signal meets at a point: `BeforeCommit:2:KILL`.
    pub fn start_at(&mut self, at: &str, arguments: &[&str]) {
        let log = File::options().create(true).append(true).open(self.folder.join("run.log")).unwrap();
        let child = self
            .ledgerwell()
            .args(["run", "--json"])
            .args(arguments)
            .env("LEDGERWELL_WITHOUT", &self.without)
            .env("LEDGERWELL_AT", at)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.instances.push(Instance(child.unwrap()));
    }

    /// Starts a replay, which emits nothing before it is done.
    pub fn replay(&self) -> Instance {
        let log = File::options().create(true).append(true).open(self.folder.join("run.log")).unwrap();
        let child = self
            .ledgerwell()
            .args(["replay", self.processor.name, "--json"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        Instance(child.unwrap())
    }

    /// Notes a fault.
    pub fn fault(&mut self, what: impl Into<String>) {
        self.faults.push(what.into());
    }

    /// Publishes the next pieces of the log.
    pub fn publish(&mut self, pieces: usize) {
        let lines: Vec<Line> = self.feed.take(pieces).concat();
        publish(&self.services.kafka, &self.topic, &lines);
    }

    /// Publishes one part of what is left of the log; in the end all of it is published.
    pub fn publish_part(&mut self, of: usize) {
        let pieces = self.feed.len().div_ceil(of.max(1));
        self.publish(pieces);
    }

    pub async fn admin(&self) -> PgConnection {
        PgConnection::connect(&self.services.postgres).await.unwrap()
    }

    /// A statement of the administrator's. A database that is copied may have nobody connected.
    pub async fn administer(&self, sql: &str) {
        *self.looking.lock().await = None;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.admin().await).await.unwrap();
    }

    /// A statement in the results database.
    pub async fn execute(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.database_url()).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    }

    /// One number from the results database; -1 where there is none, or no database.
    pub async fn value(&self, sql: &str) -> i64 {
        let mut looking = self.looking.lock().await;
        // Whatever went wrong, or took too long: what is left of the connection is not used again.
        let kept = looking.take();
        let value = async {
            let mut connection = match kept {
                Some(connection) => connection,
                None => PgConnection::connect(&self.database_url()).await?,
            };
            let value =
                sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_optional(&mut connection).await?;
            Ok::<_, sqlx::Error>((connection, value))
        };
        match tokio::time::timeout(Duration::from_secs(5), value).await {
            Ok(Ok((connection, value))) => {
                *looking = Some(connection);
                value.unwrap_or(-1)
            }
            _ => -1,
        }
    }

    pub async fn next_offset(&self) -> i64 {
        self.value(
            "SELECT next_offset FROM stream.checkpoint JOIN stream.active USING (processor, source, version)",
        )
        .await
    }

    pub async fn epoch(&self) -> i64 {
        self.value(
            "SELECT owner_epoch FROM stream.checkpoint JOIN stream.active USING (processor, source, version)",
        )
        .await
    }

    /// Waits for a condition. False when it does not come in time.
    pub async fn until(&self, seconds: u64, mut condition: impl AsyncFnMut() -> bool) -> bool {
        let began = Instant::now();
        while !condition().await {
            if began.elapsed() > Duration::from_secs(seconds) {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }

    fn consumer(&self) -> BaseConsumer {
        let mut settings = ClientConfig::new();
        settings.set("bootstrap.servers", &self.services.kafka).set("group.id", "torture");
        settings.create().unwrap()
    }

    /// Whether a record is a change of a table that the processor reads.
    pub fn reads(&self, record: &Record) -> bool {
        let value: Value =
            serde_json::from_slice(record.value.as_deref().unwrap_or(b"null")).unwrap_or_default();
        let entry = PROCESSORS.iter().find(|entry| entry.name == self.processor.name).unwrap();
        value["source"]["table"].as_str().is_some_and(|table| entry.tables.contains(&table))
    }

    /// The end of the source's topic.
    pub fn end(&self) -> i64 {
        // A new client each time: one that has seen the partition without a leader may believe so for minutes.
        let ask = || ledgerwell::watermarks::watermarks(&self.consumer(), &self.topic, 0);
        let mut marks = ask();
        wait(KAFKA_TIMEOUT, || {
            if marks.is_err() {
                marks = ask();
            }
            marks.is_ok()
        });
        marks.unwrap_or_else(|error| panic!("Kafka does not say where {} ends: {error}", self.topic)).1
    }

    /// Whether a task has stopped for good, and what it said.
    pub fn stopped(&self) -> Option<String> {
        self.log()
            .lines()
            .rfind(|line| line.contains("\"ERROR\"") && line.contains("stopped"))
            .map(str::to_owned)
    }

    /// The weather clears up.
    pub fn heal(&self) {
        self.services.kafka_proxy.set(Weather::Fine);
        self.postgres_proxy.set(Weather::Fine);
    }

    /// What was logged so far is not looked at any more.
    pub fn forget_log(&self) {
        let log = self.folder.join("run.log");
        let _ = std::fs::rename(&log, self.folder.join("run.log.before"));
    }

    /// What the instances have logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("run.log")).unwrap_or_default()
    }

    /// For whoever wants to know what happened.
    pub fn evidence(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().rev().take(12).collect();
        let tail: Vec<_> = lines.into_iter().rev().collect();
        format!(
            "faults: {}\ndatabase and folder kept: {}; `{}` brings the servers back\n{}",
            self.faults.join(", "),
            self.name,
            self.services.keep(),
            tail.join("\n")
        )
    }

    /// Ends all. Database and folder stay where somebody is to look at them.
    pub async fn remove(mut self, keep: bool) {
        self.heal();
        self.instances.clear();
        self.stop_observing();
        if keep {
            return;
        }
        self.administer(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)).await;
        self.administer(&format!("DROP ROLE {}", self.name)).await;
        let admin: rdkafka::admin::AdminClient<rdkafka::client::DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", &self.services.kafka).create().unwrap();
        let result = format!("{}.{}", self.name, self.processor.name);
        let progress = format!("_{}.progress", self.name);
        let _ = admin
            .delete_topics(&[&self.topic, &result, &progress], &rdkafka::admin::AdminOptions::new())
            .await;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
