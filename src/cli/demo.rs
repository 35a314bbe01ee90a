//! `ledgerwell demo`: a simulated quarter through everything that is real.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use rust_decimal::Decimal;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::run::stop_signal;
use super::simulate::{self, Size};
use super::{Global, Outcome, output};
use crate::config::{Clock, Http};
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
        report(&pipeline, &url, seconds).await?;

        let stopped =
            pipeline.figures().iter().any(|(_, figures)| matches!(figures.state, State::Stopped(_)));
        if std::io::stdin().is_terminal() && !stopping.is_set() && !stopped {
            match http::serve(&config, pipeline.metrics.clone(), pipeline.units.clone()).await {
                Ok(address) => println!("\nhttp://{address}/metrics, /readyz, /livez; Ctrl-C ends the demo"),
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

/// Drops and creates the demo's database on the same server.
async fn recreate_database(url: &str) -> Result<String, sqlx::Error> {
    let options: sqlx::postgres::PgConnectOptions = url.parse()?;
    let mut connection = PgConnection::connect_with(&options).await?;
    for sql in
        [format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"), format!("CREATE DATABASE {DATABASE}")]
    {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    }
    let (head, query) =
        url.split_once('?').map_or((url, String::new()), |(head, query)| (head, format!("?{query}")));
    let server = head.rsplit_once('/').map_or(head, |(server, _)| server);
    Ok(format!("{server}/{DATABASE}{query}"))
}

/// What was found, for a finance person; how fast, for an engineer.
async fn report(
    pipeline: &Pipeline,
    url: &str,
    seconds: f64,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = PgConnection::connect(url).await?;
    let sums = sqlx::query(
        "SELECT currency, count(*) AS customers, sum(total) AS total, sum(overdue) AS overdue,
             count(*) FILTER (WHERE overdue > 0) AS late, count(*) FILTER (WHERE credit_limit > 0 AND total > credit_limit) AS over
         FROM credit.exposure GROUP BY currency ORDER BY currency",
    )
    .fetch_all(&mut connection)
    .await?;
    println!("\nCredit exposure");
    let header = ["currency", "customers", "exposure", "overdue", "customers overdue", "over their limit"];
    let mut table = output::table(&header, &header[1..]);
    for row in sums {
        table.add_row([
            row.try_get("currency")?,
            output::thousands(row.try_get::<i64, _>("customers")?),
            output::thousands(row.try_get::<Decimal, _>("total")?),
            output::thousands(row.try_get::<Decimal, _>("overdue")?),
            output::thousands(row.try_get::<i64, _>("late")?),
            output::thousands(row.try_get::<i64, _>("over")?),
        ]);
    }
    println!("{table}");
    let worst = sqlx::query(
        "SELECT partner_name, currency, total, credit_limit, overdue, oldest_due FROM credit.exposure
         WHERE credit_limit > 0 AND total > credit_limit ORDER BY total - credit_limit DESC LIMIT 10",
    )
    .fetch_all(&mut connection)
    .await?;
    println!("\nFurthest over their limit");
    let header = ["customer", "currency", "exposure", "limit", "over by", "overdue", "oldest due"];
    let mut table = output::table(&header, &["exposure", "limit", "over by", "overdue"]);
    for row in worst {
        let (total, limit): (Decimal, Decimal) = (row.try_get("total")?, row.try_get("credit_limit")?);
        let due: Option<chrono::NaiveDate> = row.try_get("oldest_due")?;
        table.add_row([
            row.try_get("partner_name")?,
            row.try_get("currency")?,
            output::thousands(total),
            output::thousands(limit),
            output::thousands(total - limit),
            output::thousands(row.try_get::<Decimal, _>("overdue")?),
            due.map_or(String::new(), |due| due.to_string()),
        ]);
    }
    println!("{table}\n\nThe pipeline");
    let header = ["processor", "changes", "seconds", "changes/s", "events emitted", "dead letters", "state"];
    let mut table = output::table(&header, &header[1..6]);
    for (unit, figures) in pipeline.figures() {
        #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = figures.changes as f64 / seconds;
        let state = match figures.state {
            State::Stopped(why) => format!("stopped: {why}"),
            _ if figures.caught_up => "caught up, lag 0".into(),
            _ => "behind".into(),
        };
        table.add_row([
            unit.processor.to_owned(),
            output::thousands(figures.changes),
            format!("{seconds:.1}"),
            output::thousands(format!("{rate:.0}")),
            output::thousands(figures.out_seq),
            output::thousands(figures.dead_letters),
            state,
        ]);
    }
    println!("{table}");
    Ok(())
}
