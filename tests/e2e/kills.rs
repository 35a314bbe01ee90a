//! Killed twenty times in the middle of its work, the pipeline leaves what an undisturbed run leaves.

use std::time::Duration;

use serde_json::Value;

use crate::control::{control, line_of};
use crate::sandbox::{Sandbox, until};
use crate::torn::Chance;

const KILLS: i64 = 20;

/// A recorded feed with rule changes, requests and late ticks in it.
fn mixed(feed: &str) -> String {
    let (mut chance, mut lines) = (Chance::new(5), Vec::new());
    for line in feed.lines() {
        lines.push(line.to_owned());
        if chance.once_in(2_000) {
            let timestamp: Value = serde_json::from_str(line).unwrap();
            lines.push(line_of(&control(&mut chance, timestamp["timestamp"].as_i64().unwrap())));
        }
    }
    lines.join("\n") + "\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_leave_the_tables_and_events_of_an_undisturbed_run() {
    let undisturbed = Sandbox::new("undisturbed").await;
    let feed = undisturbed.file("feed.jsonl", "");
    undisturbed.ok(&[
        "simulate",
        "--seed",
        "20",
        "--days",
        "60",
        "--customers",
        "150",
        "--orders-per-day",
        "30",
        "--out",
        &feed,
    ]);
    let feed = undisturbed.file("mixed.jsonl", &mixed(&std::fs::read_to_string(feed).unwrap()));
    undisturbed.ok(&["publish", &feed, "--topic", &undisturbed.topic]);
    undisturbed.ok(&["run", "--until-caught-up"]);
    let end = undisturbed.next_offset().await;

    let killed = undisturbed.over_same_topic("killed").await;
    let epoch = async || killed.value("SELECT owner_epoch FROM stream.checkpoint").await;
    let mut in_the_middle = 0;
    for kill in 0..KILLS {
        let (claims, start) = (epoch().await, killed.next_offset().await);
        // Half of them read transactions of more than 20 rows twice.
        let large: &[&str] = if kill % 2 == 0 { &[] } else { &["--large-transaction", "20"] };
        let running = killed.start_with(large);
        until("a claim and a batch", async || {
            epoch().await > claims && (killed.next_offset().await > start || start == end)
        })
        .await;
        // Somewhere in a batch, a commit, a Kafka transaction.
        tokio::time::sleep(Duration::from_millis((kill * 37 % 60).unsigned_abs())).await;
        running.kill();
        in_the_middle += i64::from(killed.next_offset().await < end);
    }
    assert!(
        in_the_middle >= KILLS / 2,
        "only {in_the_middle} kills came before the end of the log: use a longer feed"
    );
    killed.ok(&["run", "--until-caught-up", "--large-transaction", "20"]);

    assert!(epoch().await > KILLS);
    assert_eq!(killed.value("SELECT count(*) FROM stream.outbox").await, 0);
    assert!(killed.tables().await == undisturbed.tables().await, "the tables differ");
    let (ours, theirs) = (killed.events(), undisturbed.events());
    for kind in ["exposure_changed", "score_changed", "hold_placed", "hold_released", "tick"] {
        assert!(theirs.iter().any(|event| event.kind == kind), "{kind} never happened, so it is not tested");
    }
    assert!(ours == theirs, "the events differ");
}
