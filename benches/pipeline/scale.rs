//! Several sources over one instance and over two.

use std::time::Instant;

use crate::Result;
use crate::feed::Feed;
use crate::instance::Instance;
use crate::report::{Cell, Report, Section};
use crate::usage::Services;
use crate::world::World;

/// Changes of each source.
const CHANGES: u64 = 200_000;
const SOURCES: usize = 4;
const COLUMNS: &[&str] = &[
    "sources",
    "instances",
    "changes/s, all together",
    "CPU s per 10^6: ours",
    "Postgres",
    "peak MB, all instances",
];

pub(crate) async fn measure(
    world: &World,
    services: &Services,
    processors: &[&str],
    runs: usize,
    report: &mut Report,
) -> Result<()> {
    let mut feeds = Vec::new();
    for number in 0..SOURCES {
        feeds.push(Feed::simulated(world, &format!("source{number}"), CHANGES, 11 + number as u64).await?);
    }
    let mut section = Section::new("Scale-out", COLUMNS);
    for sources in [1, 2, SOURCES] {
        for instances in [1, 2] {
            eprintln!("bench: {sources} sources over {instances} instances");
            let mut all = Vec::new();
            for _ in 0..runs {
                all.push(run(world, services, &feeds[..sources], processors, instances).await?);
            }
            let of = |figure: fn(&Run) -> f64| Cell::from(all.iter().map(figure).collect::<Vec<_>>());
            section.row([
                sources.to_string().into(),
                instances.to_string().into(),
                of(|run| run.rate),
                of(|run| run.ours),
                Cell::new(all.iter().map(|run| run.postgres)),
                of(|run| run.peak),
            ]);
        }
    }
    for feed in &feeds {
        world.delete_topic(&feed.topic).await?;
    }
    report.add(section);
    Ok(())
}

struct Run {
    rate: f64,
    ours: f64,
    postgres: Option<f64>,
    peak: f64,
}

async fn run(
    world: &World,
    services: &Services,
    feeds: &[Feed],
    processors: &[&str],
    instances: usize,
) -> Result<Run> {
    let topics: Vec<_> = feeds.iter().map(|feed| feed.topic.as_str()).collect();
    let setup = world.setup(&topics, processors).await?;
    let instances =
        (0..instances).map(|_| Instance::start(world, &setup, None)).collect::<Result<Vec<_>>>()?;
    setup.claimed().await?;
    let (began, cpu) = (Instant::now(), services.cpu(&instances));
    for (number, feed) in feeds.iter().enumerate() {
        setup.caught_up_one(number, feed.records).await?;
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), services.cpu(&instances).since(cpu));
    #[allow(clippy::cast_precision_loss, reason = "figures for people")]
    let changes = feeds.iter().map(|feed| feed.changes).sum::<u64>() as f64;
    Ok(Run {
        rate: changes / seconds,
        ours: cpu.ours * 1e6 / changes,
        postgres: cpu.postgres.map(|seconds| seconds * 1e6 / changes),
        peak: instances.iter().map(Instance::peak).sum(),
    })
}
