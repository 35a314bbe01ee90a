//! Ledgerwell on real Kafka and Postgres, next to ceilings of the same run: `make bench`.
//!
//! Absolute times are noisy on shared machines, so every result is shown next to something that was measured in turn
//! with it.

mod ceilings;
mod feed;
mod flood;
mod generator;
mod growth;
mod instance;
mod latency;
mod recovery;
mod report;
mod scale;
mod throughput;
mod transactions;
mod usage;
mod world;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::feed::Feed;
use crate::report::Report;
use crate::usage::Services;
use crate::world::World;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Measure Ledgerwell next to its ceilings, on the Kafka and the Postgres of the environment
#[derive(Parser)]
#[command(after_help = "Examples:
  make bench                                     everything
  make bench ARGS='--only throughput --runs 5'   one part of it
  make bench ARGS='--json bench.json'            for programs, too")]
struct Args {
    /// Measure only this (may be repeated)
    #[arg(long, value_name = "PART")]
    only: Vec<Part>,
    /// Row changes in the prefilled topic
    #[arg(long, default_value_t = 1_000_000)]
    changes: u64,
    /// Open items that `growth` grows to (may be repeated)
    #[arg(long, value_name = "N", default_values_t = [10_000, 100_000, 1_000_000])]
    open_items: Vec<usize>,
    /// How often each figure is measured
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Write all results to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Changes per second of a prefilled topic, next to ceilings
    Throughput,
    /// From the intended time of sending to the readable result and event
    Latency,
    /// The same changes on top of ever more open items
    Growth,
    /// 1, 2 and 4 sources over 1 and 2 instances
    Scale,
    /// kill -9 to the first commit
    Recovery,
    /// Ten million changes from the beginning
    Rebuild,
    /// Source transactions of 1 to 100,000 rows
    Transactions,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let world = World::new()?;
    let measured = measure(&world, &args).await;
    if measured.is_err() {
        eprintln!("bench: what the instances said is in {}", world.log("ledgerwell.log").display());
        measured?;
    }
    world.clean().await
}

async fn measure(world: &World, args: &Args) -> Result<()> {
    let wanted = |part| args.only.is_empty() || args.only.contains(&part);
    let services = Services::find(&mut world.server().await?).await?;
    let mut report = Report::new(machine());
    let prefilled = if wanted(Part::Throughput) || wanted(Part::Recovery) {
        eprintln!("bench: publishing {} changes", args.changes);
        Some(Feed::simulated(world, "changes", args.changes, 1).await?)
    } else {
        None
    };
    let feed = |part| prefilled.as_ref().filter(|_| wanted(part));
    if let Some(feed) = feed(Part::Throughput) {
        throughput::measure(world, &services, feed, args.runs, &mut report).await?;
    }
    if wanted(Part::Latency) {
        latency::measure(world, &mut report).await?;
    }
    if wanted(Part::Growth) {
        growth::measure(world, &services, &args.open_items, &mut report).await?;
    }
    if wanted(Part::Transactions) {
        transactions::measure(world, &mut report).await?;
    }
    if let Some(feed) = feed(Part::Recovery) {
        recovery::killed(world, feed, args.runs, &mut report).await?;
    }
    if wanted(Part::Scale) {
        scale::measure(world, &services, &["credit", "dedup"], args.runs, &mut report).await?;
    }
    if wanted(Part::Rebuild) {
        recovery::rebuilt(world, &services, &mut report).await?;
    }
    if let Some(file) = &args.json {
        report.write(file)?;
    }
    Ok(())
}

/// What it runs on, in one line.
fn machine() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let (cpus, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let gigabytes = memory.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1e6;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{cores} cores ({}), {gigabytes:.0} GB, {}",
        model.trim_matches([' ', '\t', ':']),
        std::env::consts::OS
    )
}
