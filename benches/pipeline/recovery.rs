//! A process that is killed, and results that are built again from the whole log.

use std::time::Instant;

use crate::Result;
use crate::feed::Feed;
use crate::instance::Instance;
use crate::report::{Report, Section};
use crate::usage::Services;
use crate::world::{World, position};

/// Row changes of the log that is read from its beginning.
const REBUILT: u64 = 10_000_000;

/// Kills credit in the middle of the feed and starts it again at once, as a member of its group without a name of its own and with
/// one.
pub(crate) async fn killed(world: &World, feed: &Feed, runs: usize, report: &mut Report) -> Result<()> {
    let mut section = Section::new("Recovery", &["what", "s"]);
    for (what, name) in
        [("kill -9 to the first commit after it", None), ("the same with `group.instance.id`", Some("one"))]
    {
        let mut seconds = Vec::new();
        for run in 0..runs {
            eprintln!("bench: {what} ({} of {runs})", run + 1);
            seconds.push(kill(world, feed, name).await?);
        }
        section.row([what.into(), seconds.into()]);
    }
    report.add(section);
    Ok(())
}

async fn kill(world: &World, feed: &Feed, name: Option<&str>) -> Result<f64> {
    let setup = world.setup(&[&feed.topic], &["credit"]).await?;
    if let Some(name) = name {
        setup.kafka("group.instance.id", name)?;
    }
    let mut connection = setup.connections().await?.remove(0);
    let instance = Instance::start(world, &setup, None)?;
    let half = feed.records / 2;
    setup.until("the middle of the feed", |position| position.offset >= half).await?;
    instance.kill()?;
    let (began, killed) = (Instant::now(), position(&mut connection).await?);
    let _again = Instance::start(world, &setup, None)?;
    setup.until("the first commit after the kill", |position| position.offset > killed.offset).await?;
    let seconds = began.elapsed().as_secs_f64();
    setup.caught_up(feed.records).await?;
    Ok(seconds)
}

/// Reads ten million changes from the beginning, each processor by itself.
#[allow(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) async fn rebuilt(world: &World, services: &Services, report: &mut Report) -> Result<()> {
    eprintln!("bench: publishing {REBUILT} changes");
    let feed = Feed::simulated(world, "rebuilt", REBUILT, 3).await?;
    let columns = &["processor", "changes", "s", "changes/s", "CPU s per 10^6: ours", "peak MB"];
    let mut section = Section::new("Rebuild", columns);
    for processor in ["credit", "dedup"] {
        eprintln!("bench: rebuilding {processor}");
        let setup = world.setup(&[&feed.topic], &[processor]).await?;
        let instances = [Instance::start(world, &setup, None)?];
        setup.claimed().await?;
        let (began, cpu) = (Instant::now(), services.cpu(&instances));
        setup.caught_up(feed.records).await?;
        let (seconds, cpu) = (began.elapsed().as_secs_f64(), services.cpu(&instances).since(cpu));
        let changes = feed.changes as f64;
        section.row([
            processor.into(),
            changes.into(),
            seconds.into(),
            (changes / seconds).into(),
            (cpu.ours * 1e6 / changes).into(),
            instances[0].peak().into(),
        ]);
    }
    world.delete_topic(&feed.topic).await?;
    report.add(section);
    Ok(())
}
