//! kill -9.

use std::time::Duration;

use ledgerwell::torture::Point;

use super::a_while;
use crate::feed::{publish, tick};
use crate::instance::wait;
use crate::torn::Chance;
use crate::world::World;

const POINTS: [Point; 9] = [
    Point::Claiming,
    Point::Claimed,
    Point::Folded,
    Point::BeforeCommit,
    Point::AfterCommit,
    Point::ProducerMade,
    Point::BeforePublish,
    Point::InKafkaTransaction,
    Point::AfterPublish,
];

/// At any instant.
pub async fn killed(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    for part in (2..8).rev() {
        world.start();
        world.publish_part(part);
        let epoch = world.epoch().await;
        if chance.below(4) > 0 {
            world.until(5, async || world.epoch().await > epoch).await;
        }
        a_while(chance, 300).await;
        world.instances.clear();
        world.fault("kill");
    }
    Ok(())
}

/// At named points.
pub async fn killed_at_points(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    let mut points = POINTS.to_vec();
    for n in 0..5 {
        let point = points.swap_remove(chance.below(points.len()));
        let at = format!("{point:?}:{}:KILL", 1 + chance.below(2));
        world.start_at(&at, &[]);
        world.publish_part(7 - n);
        let mut instance = world.instances.pop().unwrap();
        let trapped = wait(Duration::from_secs(6), || instance.is_gone());
        // Where it does not come by so often it is killed wherever it is.
        world.fault(if trapped { at } else { format!("{at} not reached, kill") });
    }
    Ok(())
}

/// While a snapshot comes in: nothing may be decided before it is complete.
pub async fn killed_in_a_snapshot(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    let snapshot = world.feed.take(1).concat();
    let time = snapshot.last().map_or(0, |line| line.record.timestamp);
    for (n, part) in snapshot.chunks(snapshot.len().div_ceil(4)).enumerate() {
        world.start();
        publish(&world.services.kafka, &world.topic, part);
        if n < 3 {
            // A time comes at which something would be decided.
            publish(&world.services.kafka, &world.topic, &[tick(time + i64::try_from(n).unwrap())]);
        }
        let end = world.end();
        world.until(6, async || world.next_offset().await >= end).await;
        a_while(chance, 50).await;
        world.instances.clear();
        world.fault("kill");
    }
    Ok(())
}

/// Two and three instances that join and leave, by kill or by request.
pub async fn instances_come_and_go(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    world.start();
    for part in (2..9).rev() {
        world.publish_part(part);
        a_while(chance, 700).await;
        if world.instances.len() < 2 || (world.instances.len() < 3 && chance.once_in(2)) {
            world.start();
            world.fault("join");
        } else {
            let leaving = chance.below(world.instances.len());
            let mut instance = world.instances.remove(leaving);
            if chance.once_in(2) {
                instance.stop();
                world.fault("leave");
            } else {
                instance.kill();
                world.fault("kill");
            }
        }
    }
    Ok(())
}
