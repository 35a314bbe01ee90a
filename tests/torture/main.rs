//! Kills, stops, cuts off and refills what runs, and lets the independent checker look for anything lost, twice, or wrong.
//!
//! Real processes, a Kafka and a PostgreSQL of its own, the simulator's changes as input. A seed gives a schedule; the same seed
//! gives the same one. `make torture SEED=7 RUNS=40`, `make torture ONLY=broker`, `make torture-guards`.

#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod feed;
mod guards;
mod instance;
mod poison;
mod proxy;
mod scenarios;
mod services;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with the end-to-end tests")]
mod support;
#[path = "../e2e/torn.rs"]
#[allow(dead_code, reason = "shared with the end-to-end tests")]
mod torn;
mod unavailable;
mod world;

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::Parser;
use clap::builder::PossibleValuesParser;

use crate::scenarios::{SCENARIOS, Scenario};
use crate::services::Services;
use crate::support::Processor;
use crate::torn::Chance;
use crate::world::World;

/// Tortures a pipeline and checks what is left
#[derive(Parser)]
struct Arguments {
    /// Where the schedules begin; each run has its own seed, counted on from here
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many runs, over all scenarios in turn, and over every processor of each
    #[arg(long, default_value_t = 96)]
    runs: u64,
    /// Only scenarios whose names hold this
    #[arg(long)]
    only: Option<String>,
    /// Only this processor
    #[arg(long, value_parser = PossibleValuesParser::new(support::names()))]
    processor: Option<String>,
    /// Runs side by side, where they do not disturb each other
    #[arg(long, default_value_t = jobs())]
    jobs: usize,
    /// No new run begins after this many seconds
    #[arg(long, default_value_t = u64::MAX)]
    seconds: u64,
    /// Take each guard away, one at a time, and see that the torture notices
    #[arg(long)]
    guards: bool,
}

/// Two for each core: a run mostly waits, and a broker that gets no time answers nobody.
fn jobs() -> usize {
    2 * std::thread::available_parallelism().map_or(2, usize::from)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let services = Services::start();
    let well = if arguments.guards {
        guards::all_are_missed(&services, &arguments)
    } else {
        torture(&services, &arguments)
    };
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// All runs. True when nothing was found.
fn torture(services: &Services, arguments: &Arguments) -> bool {
    let began = Instant::now();
    let chosen: Vec<_> = SCENARIOS
        .iter()
        .filter(|scenario| arguments.only.as_ref().is_none_or(|only| scenario.name.contains(only.as_str())))
        .collect();
    assert!(!chosen.is_empty(), "no scenario has that in its name");
    let processors: Vec<_> = support::ALL
        .into_iter()
        .filter(|processor| arguments.processor.as_ref().is_none_or(|only| only == processor.name))
        .collect();
    let plan = |n: u64| {
        let (index, seed) = (usize::try_from(n).unwrap(), arguments.seed + n);
        (chosen[index % chosen.len()], processors[index / chosen.len() % processors.len()], seed)
    };
    let (alone, together): (Vec<_>, Vec<_>) =
        (0..arguments.runs).map(plan).partition(|(scenario, ..)| scenario.alone);
    let table = Mutex::new(BTreeMap::<&str, Tally>::new());
    let violations = Mutex::new(Vec::new());
    // What does something to a server has it for itself; all else mostly waits, so it does that side by side.
    for (runs, jobs) in [(together, arguments.jobs), (alone, 1)] {
        let runs = Mutex::new(runs.into_iter());
        std::thread::scope(|threads| {
            for _ in 0..jobs {
                threads.spawn(|| {
                    while began.elapsed() < Duration::from_secs(arguments.seconds)
                        && let Some((scenario, processor, seed)) = next(&runs)
                    {
                        let run = || one(services, scenario, processor, seed, "");
                        let result =
                            catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(said(&*panic)));
                        table.lock().unwrap().entry(scenario.name).or_default().count(&result);
                        if let Err(why) = result {
                            let (processor, scenario) = (processor.name, scenario.name);
                            let violation =
                                format!("VIOLATION of {processor} in {scenario} with seed {seed}:\n{why}");
                            println!("{violation}");
                            violations.lock().unwrap().push(violation);
                        }
                    }
                });
            }
        });
    }
    let table = table.into_inner().unwrap();
    println!("{:<34} {:>5} {:>7} {:>11}", "scenario", "runs", "faults", "violations");
    for (name, tally) in &table {
        println!("{name:<34} {:>5} {:>7} {:>11}", tally.runs, tally.faults, tally.violations);
    }
    // Once more, because whoever looks at a long log looks at its end.
    for violation in violations.into_inner().unwrap() {
        println!("{violation}");
    }
    let sum = |of: fn(&Tally) -> usize| table.values().map(of).sum::<usize>();
    let (runs, violations) = (sum(|tally| tally.runs), sum(|tally| tally.violations));
    let faults = sum(|tally| tally.faults);
    println!("{runs} runs, {faults} faults, {violations} violations, {:.0} s", began.elapsed().as_secs_f64());
    violations == 0
}

/// What a scenario said when it panicked.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
    format!("the scenario itself panicked: {}", text.unwrap_or_default())
}

fn next<T>(runs: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    runs.lock().unwrap().next()
}

#[derive(Default)]
struct Tally {
    runs: usize,
    faults: usize,
    violations: usize,
}

impl Tally {
    fn count(&mut self, result: &Result<usize, String>) {
        self.runs += 1;
        match result {
            Ok(faults) => self.faults += faults,
            Err(_) => self.violations += 1,
        }
    }
}

/// One run; answers how many faults it had.
fn one(
    services: &Services,
    scenario: &Scenario,
    processor: &'static Processor,
    seed: u64,
    without: &str,
) -> Result<usize, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let began = Instant::now();
        let mut world = World::new(services, scenario.name, processor, seed, without).await;
        let mut chance = Chance::new(seed);
        let result = match (scenario.run)(&mut world, &mut chance).await {
            Ok(()) => world.verdict().await,
            Err(why) => Err(why),
        };
        let (seconds, faults) = (began.elapsed().as_secs_f64(), world.faults.join(", "));
        println!("{} {} with seed {seed}, {seconds:.1} s: {faults}", processor.name, scenario.name);
        // Where a guard is taken away there is nothing to find out.
        let keep = result.is_err() && without.is_empty();
        let evidence = if keep { world.evidence() } else { String::new() };
        let result = result.map(|()| world.faults.len()).map_err(|why| format!("{why}\n{evidence}"));
        world.remove(keep).await;
        result
    })
}
