//! `ledgerwell demo`: a simulated quarter through everything that is real.

mod report;

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use super::run::stop_signal;
use super::simulate::{self, Size};
use super::{Global, Outcome, output};
use crate::config::{Clock, Http};
use crate::control::{Target, rules};
use crate::pipeline::{Options, Pipeline};
use crate::publish::Publisher;
use crate::runner::{State, Stop};
use crate::{http, migrate, topics};

/// Its own database and topics, made anew each time.
const DATABASE: &str = "ledgerwell_demo";
const PREFIX: &str = "ledgerwell-demo";
const TOPIC: &str = "ledgerwell-demo.odoo.changes";

/// Run a simulated Odoo quarter through Kafka into Postgres and show what was found
#[derive(Args)]
#[command(
    after_help = "It uses a database and topics of its own, named ledgerwell_demo and ledgerwell-demo.*, and makes them
anew each time. With a terminal it then serves http://127.0.0.1:8080 until Ctrl-C.

Examples:
  ledgerwell demo
  ledgerwell demo --days 365 --customers 2000 --orders-per-day 200"
)]
pub(super) struct Demo {
    #[command(flatten)]
    size: Size,
    /// Where HTTP listens while the demo runs
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

impl Demo {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let mut config = global.config()?;
        let [source] = config.sources.as_mut_slice() else {
            return Err("the demo needs a configuration with one source, or none".into());
        };
        let base = source.database_url().to_owned();
        let url = recreate_database(&base).await?;
        source.database_url = Some(url.clone());
        source.topic = TOPIC.into();
        source.control_topic = None;
        source.clock = Clock::Feed;
        config.prefix = PREFIX.into();
        config.http = Http { listen: self.listen };

        say("Kafka: topics", "made anew");
        topics::delete(&config).await?;
        topics::ensure(&config, -1).await?;
        say("Postgres: database", DATABASE);
        migrate::up(&url).await?;

        let began = Instant::now();
        let published = {
            let kafka = config.kafka();
            let mut simulation = self.size.simulation();
            tokio::task::spawn_blocking(move || {
                simulate::publish(&mut simulation, &Publisher::new(&kafka, TOPIC)?)
            })
            .await??
        };
        let seconds = began.elapsed().as_secs_f64();
        say(
            "Odoo, simulated",
            &format!("{} records published in {seconds:.1} s", output::thousands(published)),
        );

        let began = Instant::now();
        let pipeline = Pipeline::start(&config, &Options::default()).await?;
        let stopping = Stop::default();
        let signal = stopping.clone();
        tokio::spawn(async move {
            stop_signal().await;
            signal.set();
        });
        pipeline.caught_up(&stopping).await;
        let seconds = began.elapsed().as_secs_f64();
        let mut connection = PgConnection::connect(&url).await?;
        report::exposures(&mut connection).await?;
        report::holds("As it was installed: holds are suggested", &mut connection).await?;
        switch_to_auto(&pipeline, &Target::new(&config, &config.sources[0]), &mut connection, &stopping)
            .await?;
        report::holds("The rule `Credit hold` switched to auto: holds are in force", &mut connection).await?;
        report::duplicates(&mut connection).await?;
        report::pipeline(&pipeline, seconds);

        let stopped =
            pipeline.figures().iter().any(|(_, figures)| matches!(figures.state, State::Stopped(_)));
        if std::io::stdin().is_terminal() && !stopping.is_set() && !stopped {
            match http::serve(&config, pipeline.metrics.clone(), pipeline.units.clone()).await {
                Ok(address) => println!(
                    "\nhttp://{address}/api/v1/credit/holds, /metrics, /readyz; Ctrl-C ends the demo"
                ),
                Err(error) => {
                    println!("\nno HTTP on {}: {error}; choose another with --listen", config.http.listen);
                }
            }
            while !stopping.is_set() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        pipeline.stop().await;
        Ok(if stopped { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn say(what: &str, how: &str) {
    eprintln!("{what:.<28} {how}");
}

/// Does what a credit controller does who trusts what was suggested: changes the rule.
async fn switch_to_auto(
    pipeline: &Pipeline,
    target: &Target,
    connection: &mut PgConnection,
    stopping: &Stop,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let sql = "UPDATE automation_rules SET config = config || '{\"mode\": \"auto\"}' WHERE automation_type = 'credit'";
    sqlx::query(sql).execute(&mut *connection).await?;
    // The demo's clock is the feed, so nobody else writes into it.
    let rules = rules::read(connection).await?;
    target.write("rules", &rules::text(&rules))?;
    let told = rules::fingerprint(&rules);
    let told = |(_, figures): &(_, crate::runner::Figures)| {
        figures.rules == told || matches!(figures.state, State::Stopped(_))
    };
    while !stopping.is_set() && !pipeline.figures().iter().all(told) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Drops and creates the demo's database on the same server.
async fn recreate_database(url: &str) -> Result<String, sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    let mut connection = PgConnection::connect_with(&options).await?;
    for sql in
        [format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"), format!("CREATE DATABASE {DATABASE}")]
    {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    }
    Ok(options.database(DATABASE).to_url_lossy().to_string())
}
