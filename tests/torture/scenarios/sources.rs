//! What happens to Odoo's database and its connector: rows are not known any more, and a new snapshot brings them.

use serde_json::{Value, json};

use super::has_to_stop;
use crate::feed::{Line, publish};
use crate::torn::{Chance, Record};
use crate::world::World;

/// The connector fails inside a new snapshot, and goes on with the stream.
pub async fn snapshot_broken_off(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let rest = begin(world).await;
    let whole = world.feed.snapshot();
    // It has brought rows that the processor reads.
    let first = whole.iter().position(|line| world.reads(&line.record)).unwrap_or(0);
    let part = &whole[..=first + chance.below(whole.len() - first - 1)];
    publish(&world.services.kafka, &world.topic, part);
    world.fault(format!("snapshot broken off behind {} of {} rows", part.len(), whole.len()));
    publish(&world.services.kafka, &world.topic, &rest);
    heal(world, "a snapshot broke off", &whole, chance).await
}

/// Somebody empties a table without deleting its rows.
pub async fn table_truncated(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let rest = begin(world).await;
    let source = json!({ "schema": "public", "table": "res_partner", "snapshot": "false", "ts_ms": 1 });
    let truncate = json!({ "before": null, "after": null, "source": source, "op": "t", "transaction": null });
    publish(&world.services.kafka, &world.topic, &[line(&json!(null), &truncate, &rest)]);
    world.fault("table truncated");
    publish(&world.services.kafka, &world.topic, &rest);
    let whole = world.feed.snapshot();
    heal(world, "was truncated", &whole, chance).await
}

/// Another server takes over Odoo's database, and its log has other positions.
pub async fn failed_over(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let rest = begin(world).await;
    let id = |position: u32| format!("3999999999:{position}");
    let time = rest.last().map_or(0, |line| line.record.timestamp);
    let lines = [("BEGIN", 1, json!(null)), ("END", 2, json!(0))].map(|(status, position, count)| {
        let marker = json!({ "status": status, "id": id(position), "event_count": count, "ts_ms": time });
        line(&json!({ "id": id(position) }), &marker, &rest)
    });
    publish(&world.services.kafka, &world.topic, &lines);
    world.fault("failed over");
    publish(&world.services.kafka, &world.topic, &rest);
    let whole = world.feed.snapshot();
    heal(world, "began anew", &whole, chance).await
}

/// A part of the log is read; answers some of what would come next, up to a new snapshot.
async fn begin(world: &mut World<'_>) -> Vec<Line> {
    world.observe();
    world.start();
    world.publish_part(2);
    let end = world.end();
    world.until(20, async || world.next_offset().await >= end).await;
    let more = world.feed.len().div_ceil(3);
    let rest = world.feed.take(more);
    rest.into_iter().take_while(|piece| !super::logs::begins_a_snapshot(piece)).flatten().collect()
}

/// The task stops, wherever it starts again, until the new snapshot is there.
async fn heal(
    world: &mut World<'_>,
    because: &str,
    snapshot: &[Line],
    chance: &mut Chance,
) -> Result<(), String> {
    has_to_stop(world, because).await?;
    if chance.once_in(2) {
        world.instances.clear();
        world.forget_log();
        world.start();
        has_to_stop(world, because).await?;
    }
    world.instances.clear();
    world.forget_log();
    publish(&world.services.kafka, &world.topic, snapshot);
    world.start();
    Ok(())
}

/// A record at the time of others.
fn line(key: &Value, value: &Value, others: &[Line]) -> Line {
    let timestamp = others.first().map_or(0, |line| line.record.timestamp);
    let bytes = |json: &Value| json.to_string().into_bytes();
    Record { key: bytes(key), value: Some(bytes(value)), timestamp, kind: None }.into()
}
