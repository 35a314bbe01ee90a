//! Paused for longer than the session, and then awake again.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::a_while;
use crate::feed::{Line, publish};
use crate::instance::wait;
use crate::support::{control_record, rule_set};
use crate::torn::Chance;
use crate::world::World;

/// Another instance takes over; answers whether it did.
async fn taken_over(world: &World<'_>, epoch: i64) -> bool {
    world.until(30, async || world.epoch().await > epoch).await
}

/// Between two batches, or wherever it is.
pub async fn paused_between_batches(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    world.start();
    world.publish_part(6);
    world.until(10, async || world.next_offset().await > 0).await;
    for part in (2..5).rev() {
        let epoch = world.epoch().await;
        world.start();
        world.publish_part(part * 2);
        a_while(chance, 30).await;
        world.instances[0].signal("STOP");
        world.publish_part(part * 2);
        taken_over(world, epoch).await;
        a_while(chance, 200).await;
        world.instances[0].signal("CONT");
        world.publish_part(part * 2);
        a_while(chance, 200).await;
        world.instances.remove(0);
        world.fault("pause and go on, kill");
    }
    Ok(())
}

/// With a batch in its hands that the next owner saves before it: epoch and offset keep it from being saved again. Where the batches of
/// both end alike, so would the key of `stream.recent_transactions`.
pub async fn paused_with_a_batch(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    trapped_and_taken_over(world, &format!("Folded:{}:STOP", 2 + chance.below(3))).await?;
    a_while(chance, 500).await;
    Ok(())
}

/// While it claims: what it knows of the log's end is old when it goes on. Found by `paused_between_batches`: it took a longer
/// log for one that was made anew, and stopped for good.
pub async fn paused_while_claiming(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    for part in (3..6).rev() {
        world.publish_part(part);
        world.start_at("Claiming:1:STOP", &[]);
        let trapped = wait(Duration::from_secs(20), || world.instances[0].is_stopped());
        world.fault(if trapped { "Claiming:1:STOP" } else { "Claiming:1:STOP not reached" });
        world.publish_part(part);
        world.start();
        let end = world.end();
        world.until(30, async || world.next_offset().await >= end).await;
        world.instances[0].signal("CONT");
        a_while(chance, 1_000).await;
        if let Some(line) = world.stopped() {
            return Err(format!("the task has stopped: {line}"));
        }
        world.instances.clear();
    }
    Ok(())
}

/// Inside the batch's transaction, holding the checkpoint's lock.
pub async fn paused_in_a_postgres_transaction(
    world: &mut World<'_>,
    chance: &mut Chance,
) -> Result<(), String> {
    world.observe();
    trapped_and_taken_over(world, &format!("BeforeCommit:{}:STOP", 2 + chance.below(3))).await
}

/// Inside the Kafka transaction, past its timeout or not.
pub async fn paused_in_a_kafka_transaction(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    let point = ["BeforePublish", "InKafkaTransaction", "AfterPublish"][chance.below(3)];
    trapped_and_taken_over(world, &format!("{point}:{}:STOP", 1 + chance.below(3))).await?;
    if chance.once_in(3) {
        // The broker ends a transaction of its own accord after ten seconds.
        tokio::time::sleep(Duration::from_secs(11)).await;
    }
    Ok(())
}

async fn trapped_and_taken_over(world: &mut World<'_>, at: &str) -> Result<(), String> {
    world.start_at(at, &[]);
    for part in (6..9).rev() {
        world.publish_part(part);
        if wait(Duration::from_secs(4), || world.instances[0].is_stopped()) {
            break;
        }
    }
    let trapped = world.instances[0].is_stopped();
    world.fault(if trapped { at.to_owned() } else { format!("{at} not reached") });
    let epoch = world.epoch().await;
    world.start();
    world.publish_part(3);
    taken_over(world, epoch).await;
    let end = world.end();
    world.until(5, async || world.next_offset().await >= end).await;
    world.instances[0].signal("CONT");
    world.publish_part(2);
    Ok(())
}

/// One is about to commit a Kafka transaction while the next one comes up.
pub async fn two_publishers(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    let passes = 1 + chance.below(2);
    world.start_at(&format!("InKafkaTransaction:{passes}:STOP,AfterPublish:{passes}:KILL"), &[]);
    for part in (6..9).rev() {
        world.publish_part(part);
        if wait(Duration::from_secs(4), || world.instances[0].is_stopped()) {
            break;
        }
    }
    world.start_at("ProducerMade:1:STOP", &[]);
    let both = wait(Duration::from_secs(20), || world.instances[1].is_stopped());
    world.fault(if both { "both publish" } else { "the second one did not get there" });
    world.instances[0].signal("CONT");
    wait(Duration::from_secs(3), || world.instances[0].is_gone());
    world.instances[1].signal("CONT");
    world.publish_part(3);
    a_while(chance, 500).await;
    Ok(())
}

/// Another task of the deployment has a transaction open in the progress topic while this one is killed between publishing and
/// clearing its outbox, and comes up again.
pub async fn hidden_behind_another_task(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    let progress = format!("_{}.progress", world.name);
    let passes = 1 + chance.below(2);
    let another: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &world.services.kafka)
        .set("transactional.id", format!("{}.another", world.name))
        .set("transaction.timeout.ms", "10000")
        .create()
        .unwrap();
    let timeout = Duration::from_secs(20);
    another.init_transactions(timeout).unwrap();
    another.begin_transaction().unwrap();
    another
        .send(BaseRecord::to(&progress).partition(0).key("another").payload("{}"))
        .map_err(|(error, _)| error)
        .unwrap();
    while another.in_flight_count() > 0 {
        another.poll(Duration::from_millis(10));
    }
    world.start_at(&format!("AfterPublish:{passes}:KILL"), &[]);
    for part in (6..9).rev() {
        world.publish_part(part);
        if wait(Duration::from_secs(3), || world.instances[0].is_gone()) {
            break;
        }
    }
    world.fault("killed behind another task's open transaction");
    world.instances.clear();
    world.start();
    world.publish_part(3);
    a_while(chance, 3_000).await;
    // Its timeout may have ended it by now.
    let _ = another.abort_transaction(timeout);
    Ok(())
}

/// A record of the control topic moves no offset of the source's: only the epoch keeps the owner before from folding it too.
pub async fn zombie_with_a_control_record(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let control = format!("{}.control", world.name);
    world.control = true;
    world.configure(&format!("control_topic = \"{control}\""));
    world.command(&["topics"]);
    world.observe();
    world.start();
    world.publish_part(2);
    let end = world.end();
    world.until(20, async || world.next_offset().await >= end).await;
    world.instances.clear();
    for round in 0..3 {
        let epoch = world.epoch().await;
        world.start_at("Folded:1:STOP", &[]);
        taken_over(world, epoch).await;
        let mode = if round % 2 == 0 { "auto" } else { "suggest" };
        let record = control_record("rules", &rule_set(world.processor, round, mode), 0);
        publish(&world.services.kafka, &control, &[Line::from(record)]);
        let trapped = wait(Duration::from_secs(10), || world.instances[0].is_stopped());
        world.start();
        let published = round + 1;
        // Nor does the outbox refuse its events any more: they are published.
        let sql = "SELECT control_offset - (SELECT count(*) FROM stream.outbox) FROM stream.checkpoint";
        world.until(10, async || world.value(sql).await >= published).await;
        world.instances[0].signal("CONT");
        a_while(chance, 600).await;
        world.instances.clear();
        world.fault(if trapped { "pause with a control record" } else { "not reached" });
    }
    Ok(())
}
