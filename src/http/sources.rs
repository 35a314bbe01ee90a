//! The results databases, and where requests go.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Postgres, Transaction};

use super::problem::Problem;
use crate::config::Config;
use crate::control::Target;
use crate::explain::MOMENT;

/// Questions that one source's database is asked at a time.
const CONNECTIONS: u32 = 4;
/// A question waits no longer than this for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// All sources of the configuration.
pub(super) struct Sources(Vec<Results>);

/// Where one source's results are.
pub(super) struct Results {
    /// As processors know it.
    pub(super) source: contract::Source,
    /// The topic of its changes.
    pub(super) topic: String,
    /// Where control records go.
    pub(super) target: Target,
    pool: Option<PgPool>,
}

impl Sources {
    pub(super) fn new(config: &Config) -> Self {
        let source = |of: &crate::config::Source| {
            let options = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
            Results {
                source: of.identity(),
                topic: of.topic.clone(),
                target: Target::new(config, of),
                // Times without a zone are UTC, whatever the server's is.
                pool: of.database_url().parse::<PgConnectOptions>().ok().map(|database| {
                    options.connect_lazy_with(
                        database.options([("TimeZone", "UTC"), ("statement_timeout", "10s")]),
                    )
                }),
            }
        };
        Self(config.sources.iter().map(source).collect())
    }

    /// The source with this name; without one, the only source.
    pub(super) fn get(&self, name: Option<&str>) -> Result<&Results, Problem> {
        let names: Vec<_> = self.0.iter().map(|source| source.source.name.as_str()).collect();
        match (name, self.0.as_slice()) {
            (None, [source]) => Ok(source),
            (None, _) => Err(Problem::bad_request(format!(
                "there are several sources: name one with ?source=; there are: {}",
                names.join(", ")
            ))),
            (Some(name), sources) => {
                sources.iter().find(|source| source.source.name == name).ok_or_else(|| {
                    Problem::not_found(format!(
                        "there is no source `{name}`; there are: {}",
                        names.join(", ")
                    ))
                })
            }
        }
    }
}

impl Results {
    pub(super) async fn connect(&self) -> Result<PoolConnection<Postgres>, Problem> {
        Ok(self.pool()?.acquire().await?)
    }

    /// A transaction that sees one moment.
    pub(super) async fn moment(&self) -> Result<Transaction<'static, Postgres>, Problem> {
        Ok(self.pool()?.begin_with(MOMENT).await?)
    }

    fn pool(&self) -> Result<&PgPool, Problem> {
        self.pool.as_ref().ok_or_else(|| Problem::unavailable("the source's database_url is no Postgres URL"))
    }
}
