//! What a measurement runs on: the Kafka and the Postgres of the environment, and a fresh database for every run.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ledgerwell::config::{Config, Needs};
use ledgerwell::registry::names;
use ledgerwell::{migrate, topics};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::Result;

/// Prefix of all that is made.
pub(crate) const PREFIX: &str = "ledgerwell-bench";
/// Nothing that is waited for takes longer.
const LIMIT: Duration = Duration::from_mins(20);

pub(crate) struct World {
    brokers: String,
    server: String,
    /// Configuration files and logs.
    folder: PathBuf,
    runs: AtomicU32,
    topics: Mutex<Vec<String>>,
}

/// What one run has: sources with a name and a database of their own, and a configuration of them.
pub(crate) struct Setup {
    pub(crate) file: PathBuf,
    pub(crate) urls: Vec<String>,
    processors: usize,
}

impl World {
    pub(crate) fn new() -> Result<Self> {
        let variable =
            |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set: use `make bench`"));
        let folder = std::env::temp_dir().join(format!("{PREFIX}-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            brokers: variable("KAFKA_BOOTSTRAP_SERVERS")?,
            server: variable("DATABASE_URL")?,
            folder,
            runs: AtomicU32::new(0),
            topics: Mutex::default(),
        })
    }

    /// Settings of a Kafka client.
    pub(crate) fn kafka(&self) -> ClientConfig {
        let mut settings = ClientConfig::new();
        settings.set("bootstrap.servers", &self.brokers);
        settings
    }

    pub(crate) async fn server(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect(&self.server).await?)
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A new topic with one partition.
    pub(crate) async fn topic(&self, name: &str) -> Result<String> {
        let name = format!("{PREFIX}.{name}");
        let topic = NewTopic::new(&name, 1, TopicReplication::Fixed(1))
            .set("retention.ms", "-1")
            // Ten million changes of a simulated company reach into the future.
            .set("message.timestamp.after.max.ms", "9223372036854775807")
            .set("retention.bytes", "-1");
        let admin: AdminClient<DefaultClientContext> = self.kafka().create()?;
        self.drop_topics(&admin, &[&name]).await?;
        self.topics().push(name.clone());
        let began = Instant::now();
        // A name becomes free a little after its topic was deleted.
        while admin
            .create_topics([&topic], &AdminOptions::new())
            .await?
            .iter()
            .any(std::result::Result::is_err)
        {
            if began.elapsed() > Duration::from_mins(1) {
                return Err(format!("topic {name} cannot be made").into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(name)
    }

    fn topics(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn drop_topics(&self, admin: &AdminClient<DefaultClientContext>, names: &[&str]) -> Result<()> {
        admin.delete_topics(names, &AdminOptions::new()).await?;
        self.topics().retain(|topic| !names.contains(&topic.as_str()));
        Ok(())
    }

    /// Deletes a topic that is not needed any more.
    pub(crate) async fn delete_topic(&self, topic: &str) -> Result<()> {
        self.drop_topics(&self.kafka().create()?, &[topic]).await
    }

    /// Empty databases for a run of `processors` over `topics`.
    pub(crate) async fn setup(&self, topics: &[&str], processors: &[&str]) -> Result<Setup> {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let mut server = self.server().await?;
        let base = self.server.rsplit_once('/').map_or(self.server.as_str(), |(head, _)| head);
        let mut text = format!(
            "prefix = \"{PREFIX}\"\n[http]\nlisten = \"127.0.0.1:0\"\n[kafka]\n\"bootstrap.servers\" = \"{}\"\n",
            self.brokers
        );
        let mut urls = Vec::new();
        for (number, topic) in topics.iter().enumerate() {
            let database = format!("ledgerwell_bench_{number}");
            for sql in [
                format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"),
                format!("CREATE DATABASE {database}"),
                "CHECKPOINT".into(),
            ] {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut server).await?;
            }
            let url = format!("{base}/{database}");
            migrate::up(&url, ledgerwell::registry::descriptors()).await?;
            // A source of its own each time: what another database published would stop it.
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "[[source]]\nname = \"r{}x{run}x{number}\"\ntopic = \"{topic}\"\ndatabase_url = \"{url}\"\nclock = \"feed\"\n\
                 processors = {processors:?}\n",
                std::process::id()
            );
            urls.push(url);
        }
        let file = self.folder.join(format!("{run}.toml"));
        std::fs::write(&file, text)?;
        topics::ensure(&Config::load(Some(&file), |_| None, names(), Needs::Everything)?, -1).await?;
        Ok(Setup { file, urls, processors: processors.len() })
    }

    /// Removes what was made.
    pub(crate) async fn clean(&self) -> Result<()> {
        let mut topics = self.topics().clone();
        topics
            .extend(ledgerwell::registry::PROCESSORS.iter().map(|entry| format!("{PREFIX}.{}", entry.name)));
        topics.push(format!("_{PREFIX}.progress"));
        let names: Vec<_> = topics.iter().map(String::as_str).collect();
        self.drop_topics(&self.kafka().create()?, &names).await?;
        let mut server = self.server().await?;
        for number in 0..4 {
            let sql = format!("DROP DATABASE IF EXISTS ledgerwell_bench_{number} WITH (FORCE)");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut server).await?;
        }
        Ok(std::fs::remove_dir_all(&self.folder)?)
    }
}

/// Where the tasks of one database are.
#[derive(Debug)]
pub(crate) struct Position {
    /// The lowest offset that is next.
    pub(crate) offset: i64,
    /// Tasks that were ever claimed.
    pub(crate) tasks: usize,
    /// Whether all events are published.
    pub(crate) published: bool,
}

pub(crate) async fn position(connection: &mut PgConnection) -> Result<Position> {
    let (offset, tasks, published): (Option<i64>, i64, bool) = sqlx::query_as(
        "SELECT min(next_offset), count(*), NOT EXISTS (SELECT FROM stream.outbox)
         FROM stream.checkpoint",
    )
    .fetch_one(connection)
    .await?;
    Ok(Position {
        offset: offset.unwrap_or(-1),
        tasks: usize::try_from(tasks).unwrap_or_default(),
        published,
    })
}

impl Setup {
    /// Adds a setting of Kafka's client to the configuration.
    pub(crate) fn kafka(&self, key: &str, value: &str) -> Result<()> {
        let text = std::fs::read_to_string(&self.file)?;
        Ok(std::fs::write(
            &self.file,
            text.replace("[kafka]\n", &format!("[kafka]\n\"{key}\" = \"{value}\"\n")),
        )?)
    }

    /// A connection to the results of each source.
    pub(crate) async fn connections(&self) -> Result<Vec<PgConnection>> {
        let mut all = Vec::new();
        for url in &self.urls {
            all.push(PgConnection::connect(url).await?);
        }
        Ok(all)
    }

    /// Waits until every task is claimed.
    pub(crate) async fn claimed(&self) -> Result<()> {
        self.until("the first claims", |position| position.tasks == self.processors).await
    }

    /// Waits until each source's tasks are at `offset` and have published their events.
    pub(crate) async fn caught_up(&self, offset: i64) -> Result<()> {
        self.until("the end of the feed", |position| position.offset >= offset && position.published).await
    }

    /// The same for one source, by its number.
    pub(crate) async fn caught_up_one(&self, number: usize, offset: i64) -> Result<()> {
        let mut connection = PgConnection::connect(&self.urls[number]).await?;
        wait(&mut connection, "the end of a feed", |position| position.offset >= offset && position.published)
            .await
    }

    pub(crate) async fn until(&self, what: &str, reached: impl Fn(&Position) -> bool) -> Result<()> {
        for mut connection in self.connections().await? {
            wait(&mut connection, what, &reached).await?;
        }
        Ok(())
    }
}

async fn wait(connection: &mut PgConnection, what: &str, reached: impl Fn(&Position) -> bool) -> Result<()> {
    let began = Instant::now();
    loop {
        let position = position(connection).await?;
        if reached(&position) {
            return Ok(());
        }
        if began.elapsed() > LIMIT {
            return Err(format!("{what} was not reached in time: {position:?}").into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
