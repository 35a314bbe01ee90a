//! What Kafka and PostgreSQL do to their clients.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;

use super::a_while;
use crate::instance::wait;
use crate::torn::Chance;
use crate::world::World;

/// kill -9 of the broker.
pub async fn kafka_killed(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    world.start();
    world.publish_part(3);
    a_while(chance, 900).await;
    world.services.signal_kafka("KILL");
    world.fault("broker kill");
    a_while(chance, 1_500).await;
    world.services.up();
    world.publish_part(2);
    a_while(chance, 500).await;
    Ok(())
}

/// The broker does not answer for longer than the publisher waits, just when it commits.
pub async fn kafka_paused_while_committing(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    let at = format!("InKafkaTransaction:{}:STOP", 1 + chance.below(2));
    world.start_at(&at, &[]);
    for part in (6..9).rev() {
        world.publish_part(part);
        if wait(Duration::from_secs(4), || world.instances[0].is_stopped()) {
            break;
        }
    }
    world.services.signal_kafka("STOP");
    world.instances[0].signal("CONT");
    tokio::time::sleep(Duration::from_millis(10_500 + chance.below(2_000) as u64)).await;
    world.services.signal_kafka("CONT");
    world.fault("broker paused while committing");
    world.publish_part(2);
    Ok(())
}

/// The consumer group is gone: offsets are not there.
pub async fn kafka_group_deleted(world: &mut World<'_>, _: &mut Chance) -> Result<(), String> {
    world.observe();
    let group = format!("{}.{}.odoo", world.name, world.processor.name);
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &world.services.kafka).create().unwrap();
    for part in (2..5).rev() {
        world.start();
        world.publish_part(part);
        let end = world.end();
        world.until(10, async || world.next_offset().await >= end).await;
        world.instances.remove(0).stop();
        let deleted = admin.delete_groups(&[&group], &AdminOptions::new()).await.unwrap();
        world.fault(format!("group deleted: {}", deleted.iter().all(Result::is_ok)));
    }
    Ok(())
}

/// Stopped at once, its log to be replayed.
pub async fn postgres_stopped(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    world.start();
    for part in (2..4).rev() {
        world.publish_part(part * 2);
        a_while(chance, 600).await;
        world.services.signal_postgres("QUIT");
        world.fault("immediate stop");
        a_while(chance, 500).await;
        world.services.up();
        world.publish_part(part * 2);
        a_while(chance, 400).await;
    }
    Ok(())
}

/// kill -9 while a batch's COMMIT is about to come.
pub async fn postgres_killed_while_committing(
    world: &mut World<'_>,
    chance: &mut Chance,
) -> Result<(), String> {
    world.observe();
    world.start_at(&format!("BeforeCommit:{}:STOP", 2 + chance.below(3)), &[]);
    for part in (6..9).rev() {
        world.publish_part(part);
        if wait(Duration::from_secs(4), || world.instances[0].is_stopped()) {
            break;
        }
    }
    world.instances[0].signal("CONT");
    tokio::time::sleep(Duration::from_micros(chance.below(4_000) as u64)).await;
    world.services.signal_postgres("KILL");
    world.fault("kill of the server while committing");
    world.services.up();
    world.publish_part(2);
    Ok(())
}

/// pg_terminate_backend, again and again.
pub async fn postgres_throws_out(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    world.start();
    for part in (2..10).rev() {
        world.publish_part(part);
        a_while(chance, 250).await;
        throw_out(world).await;
        world.fault("terminate");
    }
    Ok(())
}

async fn throw_out(world: &World<'_>) {
    let name = &world.name;
    world
        .administer(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND usename = '{name}'"
        ))
        .await;
}

/// The limit on connections is reached.
pub async fn postgres_takes_no_more(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    world.start();
    for part in (2..4).rev() {
        world.publish_part(part);
        a_while(chance, 400).await;
        world.administer(&format!("ALTER ROLE {} CONNECTION LIMIT {}", world.name, chance.below(2))).await;
        throw_out(world).await;
        a_while(chance, 1_500).await;
        world.administer(&format!("ALTER ROLE {} CONNECTION LIMIT -1", world.name)).await;
        world.fault("no more connections");
    }
    Ok(())
}

/// There is no room for another page.
pub async fn postgres_disk_full(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    // A volume that is truly full takes the whole server down with it and needs a mount; what the pipeline sees is this.
    let full = "CREATE FUNCTION public.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;";
    world.execute(full).await;
    world.start();
    for (part, table) in [(4, world.processor.results), (3, "stream.outbox"), (2, "stream.checkpoint")] {
        world.publish_part(part);
        a_while(chance, 500).await;
        world
            .execute(&format!(
                "CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION public.full_disk()"
            ))
            .await;
        a_while(chance, 1_200).await;
        world.execute(&format!("DROP TRIGGER full_disk ON {table}")).await;
        world.fault(format!("no space for {table}"));
    }
    Ok(())
}
