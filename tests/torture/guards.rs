//! Each guard is taken away in turn: the torture has to notice.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ledgerwell::torture::Guard;

use crate::scenarios::SCENARIOS;
use crate::services::Services;
use crate::support::USUAL;
use crate::{Arguments, one};

/// How often a scenario is tried before a guard counts as missed by nothing.
const TRIES: u64 = 8;

/// Guards that are taken away together, and where that has to be noticed.
const CASES: &[(&[Guard], &str)] = &[
    (&[Guard::Epoch, Guard::Offset], "paused_with_a_batch"),
    (&[Guard::Epoch], "zombie_with_a_control_record"),
    (&[Guard::OutboxWithRows], "killed_at_points"),
    (&[Guard::FoldBoundary], "poisoned_and_torn"),
    (&[Guard::ReEmission], "emitted_again"),
    (&[Guard::Loss], "part_of_the_log_lost"),
    (&[Guard::IncompleteSnapshot], "killed_in_a_snapshot"),
    (&[Guard::TopicIdentity], "topic_made_anew"),
    (&[Guard::RulesThroughStream], "killed"),
    (&[Guard::RequestOnce], "poisoned_and_torn"),
    (&[Guard::ProgressRecord], "killed_at_points"),
    (&[Guard::ReadAfterInit], "two_publishers"),
    (&[Guard::ReadToEnd], "hidden_behind_another_task"),
    (&[Guard::DoubtfulProducer], "kafka_paused_while_committing"),
];

/// True when every guard is missed.
pub fn all_are_missed(services: &Services, arguments: &Arguments) -> bool {
    let mut table = Vec::new();
    for (case, (guards, name)) in (0..).zip(CASES) {
        let names: Vec<_> = guards.iter().map(|guard| format!("{guard:?}")).collect();
        let without = names.join(",");
        if arguments.only.as_ref().is_some_and(|only| !without.contains(only.as_str())) {
            continue;
        }
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == *name).unwrap();
        let mut noticed = None;
        for run in 0..TRIES {
            // What is noticed is kept to be looked at, so no two cases may have a seed in common.
            let seed = arguments.seed + TRIES * case + run;
            let tried = catch_unwind(AssertUnwindSafe(|| one(services, scenario, USUAL, seed, &without)));
            if let Ok(Err(why)) = tried {
                let sentence = why.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                noticed = Some((run + 1, sentence.to_owned()));
                break;
            }
        }
        table.push((without, *name, noticed));
    }
    println!("{:<20} {:<32} noticed", "without", "in");
    for (without, name, noticed) in &table {
        let noticed = noticed
            .as_ref()
            .map_or_else(|| format!("NOT in {TRIES} runs"), |(run, why)| format!("in run {run}: {why}"));
        println!("{without:<20} {name:<32} {noticed}");
    }
    table.iter().all(|(_, _, noticed)| noticed.is_some())
}
