//! Changes per second of a prefilled topic, of each processor and of all together.

use std::time::Instant;

use sqlx::PgConnection;

use crate::Result;
use crate::ceilings::Ceilings;
use crate::feed::Feed;
use crate::instance::Instance;
use crate::report::{Cell, Section, median};
use crate::usage::{Cpu, Services};
use crate::world::World;

/// One run over a whole feed, from the claim until all is applied and published.
pub(crate) struct Run {
    pub(crate) seconds: f64,
    pub(crate) cpu: Cpu,
    pub(crate) peak: f64,
    /// Rows inserted, updated or deleted in Postgres.
    pub(crate) rows: f64,
    pub(crate) batches: f64,
    /// Bytes of write-ahead log.
    pub(crate) wal: f64,
}

const COLUMNS: &[&str] = &[
    "processors",
    "changes/s",
    "rows written/s",
    "MB/s",
    "CPU s per 10^6: ours",
    "Postgres",
    "broker",
    "peak MB",
    "batches",
    "WAL bytes a change",
];

const RATIOS: &[&str] =
    &["processors", "of the bare loop", "of reading alone", "of decoding alone", "of writing alone"];

pub(crate) async fn measure(
    world: &World,
    services: &Services,
    feed: &Feed,
    runs: usize,
    report: &mut crate::report::Report,
) -> Result<()> {
    let names: Vec<&str> = ledgerwell::registry::PROCESSORS.iter().map(|entry| entry.name).collect();
    let sets: Vec<Vec<&str>> = names.iter().map(|name| vec![*name]).chain([names.clone()]).collect();
    let mut ceilings = Ceilings::default();
    let mut measured: Vec<Vec<Run>> = sets.iter().map(|_| Vec::new()).collect();
    // Ceilings and runs take turns, so that what disturbs the machine for a while disturbs both.
    for number in 0..runs {
        ceilings.read(world, feed)?;
        ceilings.decode(world, feed)?;
        ceilings.bare_loop(world, feed).await?;
        for (set, processors) in sets.iter().enumerate() {
            eprintln!("bench: throughput of {} ({} of {runs})", processors.join(" and "), number + 1);
            let (run, mut results) = self::run(world, services, feed, processors).await?;
            ceilings.write(&processors.join(" and "), feed, run.batches, &mut results).await?;
            measured[set].push(run);
        }
    }
    report.add(ceilings.section(feed));
    let mut section = Section::new("Throughput", COLUMNS);
    let mut ratios = Section::new("Throughput next to its ceilings", RATIOS);
    for (processors, runs) in sets.iter().zip(&measured) {
        let name = processors.join(" and ");
        #[allow(clippy::cast_precision_loss, reason = "figures for people")]
        let (changes, bytes) = (feed.changes as f64, feed.bytes as f64);
        let of = |figure: &dyn Fn(&Run) -> f64| runs.iter().map(figure).collect::<Vec<_>>();
        let rate = of(&|run| changes / run.seconds);
        let million = |seconds: Option<f64>| Some(seconds? * 1e6 / changes);
        section.row([
            name.as_str().into(),
            rate.clone().into(),
            of(&|run| run.rows / run.seconds).into(),
            of(&|run| bytes / run.seconds / 1e6).into(),
            Cell::new(runs.iter().map(|run| million(Some(run.cpu.ours)))),
            Cell::new(runs.iter().map(|run| million(run.cpu.postgres))),
            Cell::new(runs.iter().map(|run| million(run.cpu.broker))),
            of(&|run| run.peak).into(),
            of(&|run| run.batches).into(),
            of(&|run| run.wal / changes).into(),
        ]);
        let ratio = |ceiling: Option<f64>| Cell::from(ceiling.map(|ceiling| median(&rate) / ceiling));
        // The bare loop does a part of credit's job, and nobody else's.
        let bare = (name == "credit").then(|| median(&ceilings.bare));
        ratios.row([
            name.as_str().into(),
            ratio(bare),
            ratio(Some(median(&ceilings.reading))),
            ratio(ceilings.decoding(&name)),
            ratio(ceilings.writing(&name)),
        ]);
    }
    report.add(section);
    report.add(ratios);
    Ok(())
}

/// Runs `processors` over the feed; answers what it took, and a connection to the results.
async fn run(
    world: &World,
    services: &Services,
    feed: &Feed,
    processors: &[&str],
) -> Result<(Run, PgConnection)> {
    let setup = world.setup(&[&feed.topic], processors).await?;
    let mut connection = setup.connections().await?.remove(0);
    let instances = [Instance::start(world, &setup, None)?];
    setup.claimed().await?;
    let (began, before, log) =
        (Instant::now(), services.cpu(&instances), log_position(&mut connection).await?);
    setup.caught_up(feed.records).await?;
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), services.cpu(&instances).since(before));
    let wal = log_position(&mut connection).await? - log;
    let peak = instances[0].peak();
    let [instance] = instances;
    // Sessions report their statistics when they end.
    instance.stop()?;
    let (rows, batches) = sqlx::query_as(
        "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::float8,
             (sum(n_tup_upd) FILTER (WHERE relname = 'checkpoint'))::float8
         FROM pg_stat_user_tables",
    )
    .fetch_one(&mut connection)
    .await?;
    Ok((Run { seconds, cpu, peak, rows, batches, wal }, connection))
}

/// Bytes of write-ahead log that were ever written.
pub(crate) async fn log_position(connection: &mut PgConnection) -> Result<f64> {
    let sql = "SELECT (pg_current_wal_lsn() - '0/0')::float8";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}
