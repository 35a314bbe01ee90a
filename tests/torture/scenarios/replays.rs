//! Results rebuilt and switched while everything around is killed.

use std::time::Duration;

use super::a_while;
use crate::instance::wait;
use crate::torn::Chance;
use crate::world::World;

/// A replay goes on where it was killed, and the pipeline goes on behind the switch.
pub async fn replayed(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    world.start();
    world.publish_part(3);
    let end = world.end();
    world.until(20, async || world.next_offset().await >= end).await;
    for part in [4, 3] {
        let mut replay = world.replay();
        world.publish_part(part);
        a_while(chance, 900).await;
        replay.kill();
        world.fault("replay killed");
        if chance.once_in(2) {
            world.instances.clear();
            world.start();
            world.fault("pipeline killed");
        }
    }
    world.publish_part(2);
    let mut replay = world.replay();
    if !wait(Duration::from_mins(1), || replay.is_gone()) {
        return Err("the replay does not end".into());
    }
    if !replay.0.wait().is_ok_and(|status| status.success()) {
        return Err("the replay has failed".into());
    }
    world.fault("replayed");
    if world.value("SELECT version::bigint FROM stream.active").await < 2 {
        return Err("no new version is in force".into());
    }
    Ok(())
}
