//! What is done to a pipeline: every line of the matrix of crashes and zombies, and more.

mod crashes;
mod logs;
mod network;
mod replays;
mod servers;
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
const BESIDE: bool = false;

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
    BESIDE crashes::killed,
    BESIDE crashes::killed_at_points,
    BESIDE crashes::killed_in_a_snapshot,
    BESIDE crashes::instances_come_and_go,
    BESIDE zombies::paused_between_batches,
    BESIDE zombies::paused_in_a_postgres_transaction,
    BESIDE zombies::paused_in_a_kafka_transaction,
    BESIDE zombies::two_publishers,
    BESIDE zombies::hidden_behind_another_unit,
    BESIDE zombies::zombie_with_a_control_record,
    ALONE servers::kafka_killed,
    ALONE servers::kafka_paused_while_committing,
    BESIDE servers::kafka_group_deleted,
    ALONE servers::postgres_stopped,
    ALONE servers::postgres_killed_while_committing,
    BESIDE servers::postgres_throws_out,
    BESIDE servers::postgres_takes_no_more,
    BESIDE servers::postgres_disk_full,
    ALONE network::kafka_network,
    BESIDE network::postgres_network,
    BESIDE network::answer_to_commit_lost,
    BESIDE logs::poisoned_and_torn,
    BESIDE logs::emitted_again,
    BESIDE logs::backup_restored,
    BESIDE logs::topic_made_anew,
    BESIDE logs::read_once_more,
    BESIDE logs::log_cut_behind_us,
    BESIDE logs::part_of_the_log_lost,
    BESIDE logs::clock_steps_back,
    BESIDE replays::replayed,
}

/// A short while, at random: the schedule says how long.
async fn a_while(chance: &mut Chance, most: usize) {
    tokio::time::sleep(Duration::from_millis(chance.below(most) as u64)).await;
}

/// The unit has to stop, and to say this.
async fn has_to_stop(world: &World<'_>, because: &str) -> Result<(), String> {
    if world.until(20, async || world.stopped().is_some()).await
        && world.stopped().is_some_and(|line| line.contains(because))
    {
        return Ok(());
    }
    Err(format!("it should have stopped because of \"{because}\", and did not: {:?}", world.stopped()))
}
