//! `ledgerwell demo`: a simulated quarter through everything that is real.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use contract::Mode;
use contract::api::{Section, Step};
use sqlx::postgres::PgConnectOptions;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use super::run::stop_signal;
use super::simulate::{self, Size};
use super::{Global, Outcome, output};
use crate::config::{Clock, Config, Http, Listen, Needs};
use crate::control::{Target, rules};
use crate::pipeline::{Options, Pipeline};
use crate::publish::Publisher;
use crate::registry::{self, PROCESSORS};
use crate::status::{Figures, State};
use crate::task::Stop;
use crate::{migrate, topics};

/// Its own database and topics, made from scratch each time.
const DATABASE: &str = "ledgerwell_demo";
const PREFIX: &str = "ledgerwell-demo";
const TOPIC: &str = "ledgerwell-demo.odoo.changes";

/// Run a simulated Odoo quarter through Kafka into Postgres and show what was found
#[derive(Args)]
#[command(
    after_help = "It uses a database and topics of its own, named ledgerwell_demo and ledgerwell-demo.*, and makes them
from scratch each time. With a terminal it then serves http://127.0.0.1:8080 until Ctrl-C.

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
        let mut config = global.config(Needs::Everything)?;
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
        config.http = Http { listen: Listen::Tcp(self.listen) };

        say("Kafka: topics", "created again");
        topics::delete(&config).await?;
        topics::ensure(&config, -1).await?;
        say("Postgres: database", DATABASE);
        migrate::up(&url, registry::descriptors()).await?;

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
        let mut paths = show_processors(&pipeline, &config, &mut connection, &stopping).await?;
        show_pipeline(&pipeline, seconds);

        let stopped =
            pipeline.figures().iter().any(|(_, figures)| matches!(figures.state, State::Stopped(_)));
        if std::io::stdin().is_terminal() && !stopping.is_set() && !stopped {
            let config = Arc::new(config);
            match pipeline.serve(&config).await {
                Ok(address) => {
                    paths.extend(["/metrics", "/readyz"]);
                    contract::say!("\nhttp://{address}{}; Ctrl-C ends the demo", paths.join(", "));
                }
                Err(error) => {
                    contract::say!(
                        "\nno HTTP on {}: {error}; choose another with --listen",
                        config.http.listen
                    );
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
    contract::note!("{what:.<28} {how}");
}

/// Takes the processors' steps of the demo. Answers the paths that are worth opening.
async fn show_processors(
    pipeline: &Pipeline,
    config: &Config,
    connection: &mut PgConnection,
    stopping: &Stop,
) -> Outcome<Vec<&'static str>> {
    let [source] = config.sources.as_slice() else { return Ok(Vec::new()) };
    let target = Target::new(&pipeline.producer, source);
    let mut paths = Vec::new();
    for entry in PROCESSORS.iter().filter(|entry| source.runs(entry.name)) {
        for step in entry.api.demo {
            match step {
                Step::Show(read) => read(connection).await?.iter().for_each(Section::print),
                Step::Switch { automation, mode } => {
                    switch(entry.name, automation, *mode, connection).await?;
                    announce_rules(pipeline, &target, connection, stopping).await?;
                }
                Step::Open(path) => paths.push(*path),
            }
        }
    }
    Ok(paths)
}

/// Changes the rule of a processor's automation.
async fn switch(
    processor: &str,
    automation: &str,
    mode: Mode,
    connection: &mut PgConnection,
) -> sqlx::Result<()> {
    let sql = "UPDATE automation_rules SET config = config || jsonb_build_object('mode', $3::jsonb)
               WHERE automation_type = $1 AND action_name = $2";
    sqlx::query(sql).bind(processor).bind(automation).bind(Json(mode)).execute(connection).await?;
    Ok(())
}

/// Writes the rules into the stream, and waits until all processors go by them.
async fn announce_rules(
    pipeline: &Pipeline,
    target: &Target,
    connection: &mut PgConnection,
    stopping: &Stop,
) -> Outcome<()> {
    // The demo's clock is the feed, so nobody else writes into it.
    let rules = rules::read(connection).await?;
    target.write("rules", &rules::text(&rules)).await?;
    let fingerprint = rules::fingerprint(&rules);
    let goes_by_them = |(_, figures): &(_, Figures)| {
        figures.rules == fingerprint || matches!(figures.state, State::Stopped(_))
    };
    while !stopping.is_set() && !pipeline.figures().iter().all(goes_by_them) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Ok(())
}

/// How fast it was.
fn show_pipeline(pipeline: &Pipeline, seconds: f64) {
    contract::say!("\nThe pipeline");
    let header = ["processor", "changes", "seconds", "changes/s", "events emitted", "dead letters", "state"];
    let mut table = output::table(&header, &header[1..6]);
    for (task, figures) in pipeline.figures() {
        #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = figures.changes as f64 / seconds;
        let state = match figures.state {
            State::Stopped(why) => format!("stopped: {why}"),
            _ if figures.caught_up => "caught up, lag 0".into(),
            _ => "behind".into(),
        };
        table.add_row([
            task.processor.to_owned(),
            output::thousands(figures.changes),
            format!("{seconds:.1}"),
            output::thousands(format!("{rate:.0}")),
            output::thousands(figures.out_seq),
            output::thousands(figures.dead_letters),
            state,
        ]);
    }
    contract::say!("{table}");
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
