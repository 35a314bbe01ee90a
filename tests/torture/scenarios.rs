//! What is done to a pipeline: every line of the matrix of crashes and zombies, and more.

mod crashes;
mod logs;
mod network;
mod replays;
mod servers;
mod sources;
mod zombies;

use std::pin::Pin;
use std::time::Duration;

use crate::torn::Chance;
use crate::world::World;

/// What a scenario answers: an error is a violation that it has seen itself.
type Run<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + 'a>>;

/// One way to go wrong.
pub struct Scenario {
    pub name: &'static str,
    /// Whether it does something to a server that all share.
    pub alone: bool,
    pub run: for<'a> fn(&'a mut World<'_>, &'a mut Chance) -> Run<'a>,
}

/// It does something to a server that all share …
const ALONE: bool = true;
/// … or not.
const TOGETHER: bool = false;

macro_rules! scenarios {
    ($($alone:ident $module:ident::$name:ident),+ $(,)?) => {
        /// All of them.
        pub const SCENARIOS: &[Scenario] = &[$(Scenario {
            name: stringify!($name),
            alone: $alone,
            run: |world, chance| Box::pin($module::$name(world, chance)),
        }),+];
    };
}

scenarios! {
    TOGETHER crashes::killed,
    TOGETHER crashes::killed_at_points,
    TOGETHER crashes::killed_in_a_snapshot,
    TOGETHER crashes::instances_come_and_go,
    TOGETHER zombies::paused_between_batches,
    TOGETHER zombies::paused_with_a_batch,
    TOGETHER zombies::paused_while_claiming,
    TOGETHER zombies::paused_in_a_postgres_transaction,
    TOGETHER zombies::paused_in_a_kafka_transaction,
    TOGETHER zombies::two_publishers,
    TOGETHER zombies::hidden_behind_another_task,
    TOGETHER zombies::zombie_with_a_control_record,
    ALONE servers::kafka_killed,
    ALONE servers::kafka_paused_while_committing,
    TOGETHER servers::kafka_group_deleted,
    ALONE servers::postgres_stopped,
    ALONE servers::postgres_killed_while_committing,
    TOGETHER servers::postgres_throws_out,
    TOGETHER servers::postgres_takes_no_more,
    TOGETHER servers::postgres_disk_full,
    ALONE network::kafka_network,
    TOGETHER network::postgres_network,
    TOGETHER network::answer_to_commit_lost,
    TOGETHER logs::poisoned_and_torn,
    TOGETHER logs::emitted_again,
    TOGETHER logs::backup_restored,
    TOGETHER logs::topic_made_anew,
    TOGETHER logs::read_once_more,
    TOGETHER logs::log_cut_behind_us,
    TOGETHER logs::part_of_the_log_lost,
    TOGETHER logs::clock_steps_back,
    TOGETHER sources::snapshot_broken_off,
    TOGETHER sources::table_truncated,
    TOGETHER sources::failed_over,
    TOGETHER replays::replayed,
}

/// A short while, at random: the schedule says how long.
async fn a_while(chance: &mut Chance, most: usize) {
    tokio::time::sleep(Duration::from_millis(chance.below(most) as u64)).await;
}

/// The task has to stop, and to say this.
async fn has_to_stop(world: &World<'_>, because: &str) -> Result<(), String> {
    if world.until(60, async || world.stopped().is_some()).await
        && world.stopped().is_some_and(|line| line.contains(because))
    {
        return Ok(());
    }
    Err(format!("it should have stopped because of \"{because}\", and did not: {:?}", world.stopped()))
}
