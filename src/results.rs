//! Where the results of a source are: for the handlers of HTTP and for commands.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use contract::Failure;
use contract::api::{BoxFuture, Connection, Snapshot};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, PgConnection};

use crate::config::{Config, Source};
use crate::connection::set_search_path;
use crate::control::{Producer, Target, rules};

/// HTTP requests that read from one source's database at a time.
const CONNECTIONS: u32 = 4;
/// HTTP requests that ask for something at a time.
const CONNECTIONS_TO_ASK: u32 = 2;
/// One of them waits no longer than this for its turn.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A snapshot takes many statements, and its figures must belong together.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The results of one source that are in force.
pub struct Results {
    /// Where requests to its processors go.
    pub target: Target,
    source: contract::Source,
    topic: String,
    database: Database,
}

enum Database {
    /// For many who ask at a time, none of whom may take long.
    Shared(Option<Box<Pools>>),
    /// For one who asks, and who may take as long as it takes.
    Own(String),
}

impl Results {
    /// Those of a source, for HTTP.
    pub fn shared(source: &Source, producer: &Arc<Producer>) -> Self {
        // Times without a zone are UTC, whatever the server's is.
        let settings = [("TimeZone", "UTC"), ("statement_timeout", "10s")];
        let database = source.database_url().parse::<PgConnectOptions>();
        let pools = database.map(|database| Box::new(Pools::new(database.options(settings))));
        Self::new(producer, source, Database::Shared(pools.ok()))
    }

    /// Those of a source, for a command.
    pub fn own(config: &Config, source: &Source) -> Self {
        Self::new(&Producer::new(config), source, Database::Own(source.database_url().to_owned()))
    }

    fn new(producer: &Arc<Producer>, source: &Source, database: Database) -> Self {
        Self {
            target: Target::new(producer, source),
            source: source.identity(),
            topic: source.topic.clone(),
            database,
        }
    }

    /// The source's topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// A connection for somebody who asks for something.
    ///
    /// # Errors
    /// A database that cannot be reached.
    pub async fn connect_to_ask(&self) -> Result<Connection, Failure> {
        match &self.database {
            Database::Shared(pools) => Ok(Connection::new(shared(pools.as_deref())?.asks().acquire().await?)),
            Database::Own(url) => Ok(Connection::new(Box::new(PgConnection::connect(url).await?))),
        }
    }

    /// Uses none of the connections again that are open.
    pub fn forget_connections(&self) {
        let Database::Shared(Some(pools)) = &self.database else { return };
        for (kept, most) in [(&pools.reads, CONNECTIONS), (&pools.asks, CONNECTIONS_TO_ASK)] {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = pool(most, &pools.options);
        }
    }

    /// A connection on which a transaction has begun. It ends without a trace when the connection is dropped.
    async fn begin(&self) -> Result<Connection, Failure> {
        match &self.database {
            Database::Shared(pools) => {
                Ok(Connection::new(shared(pools.as_deref())?.reads().begin_with(SNAPSHOT).await?))
            }
            Database::Own(url) => {
                let mut connection = PgConnection::connect(url).await?;
                sqlx::raw_sql(SNAPSHOT).execute(&mut connection).await?;
                Ok(Connection::new(Box::new(connection)))
            }
        }
    }

    /// The clock of a processor's results.
    async fn clock(&self, processor: &str, connection: &mut PgConnection) -> Result<DateTime<Utc>, Failure> {
        let checkpoint: Option<(Option<DateTime<Utc>>, String, Option<String>)> = sqlx::query_as(
            "SELECT clock, snapshot, unknown FROM stream.checkpoint JOIN stream.active USING (processor, source, version)
             WHERE processor = $1 AND source = $2 AND topic = $3",
        )
        .bind(processor)
        .bind(&self.source.name)
        .bind(&self.topic)
        .fetch_optional(connection)
        .await?;
        let Some((Some(clock), snapshot, unknown)) = checkpoint else {
            return Err(Failure::transient(format!(
                "nothing is decided yet: `ledgerwell status` shows how far {processor} is"
            )));
        };
        if snapshot != "complete" {
            return Err(Failure::transient("a snapshot is being read: ask again when it is complete"));
        }
        if let Some(unknown) = unknown {
            return Err(Failure::transient(unknown));
        }
        Ok(clock)
    }
}

impl contract::api::Results for Results {
    fn source(&self) -> &contract::Source {
        &self.source
    }

    fn connect(&self) -> BoxFuture<'_, Result<Connection, Failure>> {
        Box::pin(async move {
            match &self.database {
                Database::Shared(pools) => {
                    Ok(Connection::new(shared(pools.as_deref())?.reads().acquire().await?))
                }
                Database::Own(url) => Ok(Connection::new(Box::new(PgConnection::connect(url).await?))),
            }
        })
    }

    fn snapshot<'a>(&'a self, processor: &'a str) -> BoxFuture<'a, Result<Snapshot, Failure>> {
        Box::pin(async move {
            let mut connection = self.begin().await?;
            let as_of = self.clock(processor, &mut connection).await?;
            let rules = rules::in_force(processor, &self.source.name, &self.topic, &mut connection).await?;
            set_search_path(processor, &mut connection).await?;
            Ok(Snapshot { source: self.source.clone(), as_of, rules, connection })
        })
    }
}

/// Connections of HTTP to one database: who asks for something never waits for those who read.
struct Pools {
    options: PgConnectOptions,
    reads: Mutex<PgPool>,
    asks: Mutex<PgPool>,
}

impl Pools {
    fn new(options: PgConnectOptions) -> Self {
        let [reads, asks] = [CONNECTIONS, CONNECTIONS_TO_ASK].map(|most| Mutex::new(pool(most, &options)));
        Self { options, reads, asks }
    }

    fn reads(&self) -> PgPool {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn asks(&self) -> PgPool {
        self.asks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn pool(most: u32, options: &PgConnectOptions) -> PgPool {
    let pool = PgPoolOptions::new().max_connections(most).acquire_timeout(TIMEOUT);
    pool.connect_lazy_with(options.clone())
}

fn shared(pools: Option<&Pools>) -> Result<&Pools, Failure> {
    pools.ok_or_else(|| Failure::transient("the source's database_url is no Postgres URL"))
}
