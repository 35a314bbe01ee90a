//! What happens to the log and to the results behind the pipeline's back.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{a_while, has_to_stop};
use crate::feed::{Line, publish, tick};
use crate::torn::{Chance, Record};
use crate::world::World;

/// Nothing but what every feed here has: transactions cut off and emitted again, new snapshots, poison of every kind, rules and
/// requests; large transactions are read twice.
pub async fn poisoned_and_torn(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    for part in (2..6).rev() {
        world.start_at("", if chance.once_in(2) { &["--large-transaction", "12"] } else { &[] });
        world.publish_part(part);
        let end = world.end();
        world.until(10, async || world.next_offset().await >= end).await;
        world.instances.remove(0).stop();
        world.fault("restart");
    }
    Ok(())
}

/// A connector restarts and emits its last transactions once more, while the pipeline is restarted.
pub async fn emitted_again(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    world.start();
    let first = world.feed.take(1).concat();
    publish(&world.services.kafka, &world.topic, &first);
    let mut last: Vec<Vec<Line>> = Vec::new();
    while world.feed.len() > 40 {
        let pieces = world.feed.take(15 + chance.below(15));
        publish(&world.services.kafka, &world.topic, &pieces.concat());
        // Only pieces without marks of their own: a connector emits neither poison nor control records.
        let plain = pieces.into_iter().filter(|piece| {
            piece.iter().all(|line| line.poison.is_none() && line.record.kind.is_none())
                && !piece.iter().any(|line| is_snapshot(&line.record))
        });
        last = last.into_iter().chain(plain).collect();
        last = last.split_off(last.len().saturating_sub(6));
        if chance.once_in(3) {
            publish(&world.services.kafka, &world.topic, &last.concat());
            world.fault("emitted again");
        }
        if chance.once_in(8) {
            world.instances.clear();
            world.start();
            world.fault("kill");
        }
    }
    Ok(())
}

fn is_snapshot(record: &Record) -> bool {
    let value = record.value.as_deref().unwrap_or_default();
    value.windows(19).any(|bytes| bytes == b"\"snapshot\":\"first\",")
}

/// The database goes back to an older backup; events that were published since must not come again.
pub async fn backup_restored(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.start();
    world.publish_part(3);
    let end = world.end();
    world.until(20, async || world.next_offset().await >= end).await;
    a_while(chance, 200).await;
    world.instances.clear();
    let (name, backup) = (world.name.clone(), format!("{}_backup", world.name));
    nobody_in(world, &name).await;
    world.administer(&format!("CREATE DATABASE {backup} TEMPLATE {name} OWNER {name}")).await;
    world.start();
    world.publish_part(2);
    let end = world.end();
    world.until(20, async || world.next_offset().await >= end).await;
    a_while(chance, 300).await;
    world.instances.clear();
    nobody_in(world, &name).await;
    world.administer(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
    world.administer(&format!("ALTER DATABASE {backup} RENAME TO {name}")).await;
    world.fault("backup restored");
    world.observe();
    world.start();
    Ok(())
}

async fn nobody_in(world: &World<'_>, name: &str) {
    let others = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    world.administer(&others).await;
    let left =
        format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()");
    world.until(10, async || world.value(&left).await == 0).await;
}

fn admin(world: &World<'_>) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", &world.services.kafka).create().unwrap()
}

/// The topic is deleted and created again under its name: what is in it is not what was read.
pub async fn topic_made_anew(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.start();
    world.publish_part(2 + chance.below(3));
    let end = world.end();
    world.until(20, async || world.next_offset().await >= end).await;
    world.until(20, async || world.value("SELECT count(*) FROM stream.outbox").await == 0).await;
    world.instances.remove(0).stop();
    let admin = admin(world);
    let topic = world.topic.clone();
    admin.delete_topics(&[&topic], &AdminOptions::new()).await.unwrap();
    let again = NewTopic::new(&topic, 1, TopicReplication::Fixed(1));
    world
        .until(20, async || {
            let made = admin.create_topics([&again], &AdminOptions::new()).await;
            made.is_ok_and(|made| made[0].is_ok())
        })
        .await;
    world.fault("topic made anew");
    let snapshot = world.feed.snapshot();
    // Shorter or longer than what was read.
    let times = if chance.once_in(2) { 1 } else { 1 + usize::try_from(end).unwrap() / snapshot.len() };
    for _ in 0..times {
        publish(&world.services.kafka, &topic, &snapshot);
    }
    world.start();
    has_to_stop(world, "made anew").await?;
    world.after_seq = world.value("SELECT out_seq FROM stream.checkpoint").await;
    start_over(world);
    Ok(())
}

fn start_over(world: &mut World<'_>) {
    world.instances.clear();
    world.command(&["reset", world.processor.name]);
    world.forget_log();
    world.start();
}

/// Somebody resets the processor though nothing is wrong: the same log is read once more, and new events are emitted.
pub async fn read_once_more(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.start();
    world.publish_part(2 + chance.below(2));
    let end = world.end();
    world.until(20, async || world.next_offset().await >= end).await;
    world.instances.remove(0).stop();
    world.command(&["reset", world.processor.name]);
    world.fault("reset");
    world.start();
    a_while(chance, 800).await;
    world.instances.clear();
    world.fault("kill");
    Ok(())
}

/// Retention has deleted what was not read yet.
pub async fn log_cut_behind_us(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.start();
    world.publish_part(3);
    let end = world.end();
    world.until(20, async || world.next_offset().await >= end).await;
    world.until(20, async || world.value("SELECT count(*) FROM stream.outbox").await == 0).await;
    world.instances.remove(0).stop();
    world.publish_part(2);
    let mut cut = TopicPartitionList::new();
    let at = end + 1 + i64::try_from(chance.below(20)).unwrap();
    cut.add_partition_offset(&world.topic, 0, Offset::Offset(at)).unwrap();
    admin(world).delete_records(&cut, &AdminOptions::new()).await.unwrap();
    world.fault("log cut");
    world.start();
    has_to_stop(world, "starts at offset").await?;
    let snapshot = world.feed.snapshot();
    publish(&world.services.kafka, &world.topic, &snapshot);
    world.after_seq = world.value("SELECT out_seq FROM stream.checkpoint").await;
    start_over(world);
    Ok(())
}

/// A row of a transaction never came.
pub async fn part_of_the_log_lost(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    world.start();
    world.publish_part(2);
    let end = world.end();
    world.until(20, async || world.next_offset().await >= end).await;
    let (mut torn, rows) = loop {
        let [piece] = &world.feed.take(1)[..] else { return Err("the feed is too short".into()) };
        let plain = piece.iter().all(|line| line.poison.is_none() && line.record.kind.is_none());
        let rows = missed(world, piece);
        if plain && !rows.is_empty() && piece.len() > 4 && is_whole(piece) && !world.feed.is_again(piece) {
            break (piece.clone(), rows);
        }
        publish(&world.services.kafka, &world.topic, piece);
    };
    let lost = rows[chance.below(rows.len())];
    torn.remove(lost);
    publish(&world.services.kafka, &world.topic, &torn);
    world.fault("a row lost");
    // With a new snapshot it would rightly go on.
    let more = world.feed.len().div_ceil(3);
    for piece in world.feed.take(more).iter().take_while(|piece| !begins_a_snapshot(piece)) {
        publish(&world.services.kafka, &world.topic, piece);
    }
    has_to_stop(world, "lost").await?;
    world.instances.clear();
    world.forget_log();
    // Where it cannot be followed it waits for a new snapshot.
    let snapshot = world.feed.snapshot();
    publish(&world.services.kafka, &world.topic, &snapshot);
    world.start();
    Ok(())
}

/// The rows of a transaction that would be missed: the processor reads them, and they do not stand there twice.
fn missed(world: &World<'_>, piece: &[Line]) -> Vec<usize> {
    // One that comes again may come without some of its values.
    let order = |line: &Line| {
        let value = line.record.value.as_deref().unwrap_or(b"null");
        let value: serde_json::Value = serde_json::from_slice(value).unwrap_or_default();
        value["transaction"]["total_order"].as_u64()
    };
    let once = |i: usize| piece.iter().filter(|line| order(line) == order(&piece[i])).count() == 1;
    (1..piece.len().saturating_sub(1)).filter(|i| world.reads(&piece[*i].record) && once(*i)).collect()
}

pub fn begins_a_snapshot(piece: &[Line]) -> bool {
    let first = |value: &[u8]| String::from_utf8_lossy(value).contains(r#""snapshot":"first""#);
    piece.iter().any(|line| line.record.value.as_deref().is_some_and(first))
}

/// From one BEGIN to its END, and no connector was killed inside.
fn is_whole(piece: &[Line]) -> bool {
    let status = |line: &Line| {
        let value: serde_json::Value =
            serde_json::from_slice(line.record.value.as_deref().unwrap_or(b"null")).unwrap_or_default();
        value["status"].as_str().map(str::to_owned)
    };
    let statuses: Vec<_> = piece.iter().filter_map(status).collect();
    statuses == ["BEGIN", "END"] && status(&piece[0]).is_some()
}

/// Timestamps and ticks that go back.
pub async fn clock_steps_back(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    for part in (2..8).rev() {
        world.start();
        let pieces = world.feed.len().div_ceil(part);
        let mut lines = world.feed.take(pieces).concat();
        let back = 3_600_000 * i64::try_from(chance.below(100)).unwrap();
        for line in &mut lines {
            line.record.timestamp -= back;
        }
        let time = lines.last().map_or(0, |line| line.record.timestamp);
        lines.push(tick(time));
        publish(&world.services.kafka, &world.topic, &lines);
        tokio::time::sleep(Duration::from_millis(chance.below(300) as u64)).await;
        world.instances.clear();
        world.fault("clock back, kill");
    }
    Ok(())
}
