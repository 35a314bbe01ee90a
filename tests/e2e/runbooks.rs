//! What `docs/runbooks.md` says to type, typed. Most of it is tried elsewhere: `failures.rs`, `dead_letters.rs`, `replays.rs`,
//! `security.rs` and the torture.

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;

use crate::failures::{limit, partner, publish, run, snapshot, transaction};
use crate::sandbox::{Sandbox, get, until};

async fn delete_topics(sandbox: &Sandbox, topics: &[&str]) {
    let admin: AdminClient<DefaultClientContext> = sandbox.kafka().create().unwrap();
    admin.delete_topics(topics, &AdminOptions::new()).await.unwrap();
    until("the topics to be gone", async || {
        let metadata = admin.inner().fetch_metadata(None, std::time::Duration::from_secs(10)).unwrap();
        !metadata.topics().iter().any(|topic| topics.contains(&topic.name()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_do_not_go_out_go_out_when_their_topic_is_there() {
    let sandbox = Sandbox::new("no_result_topic").await;
    delete_topics(&sandbox, &[&format!("{}.credit", sandbox.name)]).await;
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    let running = sandbox.start();
    let address = sandbox.listening().await;
    until("the change", async || limit(&sandbox).await == 200).await;
    until("word of what is wrong", async || {
        get(&address, "/readyz").is_some_and(|(_, text)| text.contains("does not exist"))
    })
    .await;
    assert!(sandbox.value("SELECT count(*) FROM stream.outbox").await > 0, "they wait");
    sandbox.ok(&["topics"]);
    until("them to go out", async || sandbox.value("SELECT count(*) FROM stream.outbox").await == 0).await;
    drop(running);
    assert_eq!(sandbox.events().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn kafkas_data_may_be_lost() {
    let sandbox = Sandbox::new("kafka_lost").await;
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    let (result, progress) = (format!("{}.credit", sandbox.name), format!("_{}.progress", sandbox.name));
    delete_topics(&sandbox, &[&sandbox.topic, &result, &progress]).await;
    sandbox.ok(&["topics"]);
    publish(&sandbox, &snapshot());
    let (code, error) = run(&sandbox);
    assert!(code == Some(1) && error.contains("ledgerwell reset"), "{error}");
    sandbox.ok(&["reset", "credit"]);
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(
        (limit(&sandbox).await, sandbox.events().len()),
        (100, 1),
        "what has changed since is emitted"
    );
    // What was known before stays until a replay: the clock of the old log, for one.
    sandbox.ok(&["replay", "credit"]);
    assert!(sandbox.ok(&["verify", "credit"]).contains("exactly what is there"));
}
