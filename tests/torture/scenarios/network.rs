//! What a network does.

use std::time::Duration;

use super::a_while;
use crate::instance::wait;
use crate::proxy::{Proxy, Weather};
use crate::torn::Chance;
use crate::world::World;

/// Between the pipeline and Kafka.
pub async fn kafka_network(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    bad_weather(world, chance, |world| &world.services.kafka_proxy).await
}

/// Between the pipeline and PostgreSQL.
pub async fn postgres_network(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    bad_weather(world, chance, |world| &world.postgres_proxy).await
}

async fn bad_weather(
    world: &mut World<'_>,
    chance: &mut Chance,
    proxy: impl for<'a> Fn(&'a World<'_>) -> &'a Proxy,
) -> Result<(), String> {
    world.observe();
    world.start();
    for part in (2..7).rev() {
        world.publish_part(part);
        a_while(chance, 400).await;
        let weather = [Weather::Slow, Weather::AnswersLost, Weather::QuestionsLost, Weather::Closed];
        let weather = weather[chance.below(4)];
        proxy(world).set(weather);
        a_while(chance, 1_000).await;
        if chance.once_in(2) {
            proxy(world).reset();
        }
        a_while(chance, 1_000).await;
        proxy(world).set(Weather::Fine);
        if weather != Weather::Slow {
            // What was swallowed leaves a gap in the conversation: nobody can go on with it.
            proxy(world).reset();
        }
        world.fault(format!("{weather:?}"));
    }
    Ok(())
}

/// COMMIT arrives and its answer does not.
pub async fn answer_to_commit_lost(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    world.observe();
    for part in [4, 3, 2] {
        world.start_at(&format!("BeforeCommit:{}:STOP", 1 + chance.below(3)), &[]);
        world.publish_part(part);
        let trapped = wait(Duration::from_secs(4), || world.instances[0].is_stopped());
        world.postgres_proxy.set(Weather::AnswersLost);
        world.instances[0].signal("CONT");
        tokio::time::sleep(Duration::from_millis(200)).await;
        world.postgres_proxy.reset();
        world.postgres_proxy.set(Weather::Fine);
        world.fault(if trapped { "answer lost" } else { "answers lost" });
        a_while(chance, 800).await;
        world.instances.clear();
    }
    Ok(())
}
