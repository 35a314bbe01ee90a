//! Results rebuilt from the log, compared, switched, and put back.

use serde_json::{Value, json};
use sqlx::Executor;

use crate::failures::{limit, partner, publish, run, snapshot, transaction};
use crate::sandbox::{Sandbox, until};

fn replay(sandbox: &Sandbox, more: &[&str]) -> Value {
    let arguments = [&["replay", "credit", "--json"], more].concat();
    serde_json::from_str(&sandbox.ok(&arguments)).unwrap()
}

/// Rows of a table that are the same in both versions, and those that are not.
fn compared(report: &Value, table: &str) -> (i64, i64) {
    let tables = report["tables"].as_array().unwrap();
    let of = tables.iter().find(|of| of["table"] == table).unwrap();
    let count = |name: &str| of[name].as_i64().unwrap();
    (count("equal"), count("differing") + count("only_before") + count("only_rebuilt"))
}

fn equal(report: &Value) -> bool {
    let tables = report["tables"].as_array().unwrap();
    tables.iter().all(|of| compared(report, of["table"].as_str().unwrap()).1 == 0)
}

async fn execute(sandbox: &Sandbox, sql: &'static str) {
    sandbox.connect().await.execute(sql).await.unwrap();
}

/// A simulated quarter in the sandbox's topic.
fn simulated(sandbox: &Sandbox) {
    let feed = sandbox.file("feed.jsonl", "");
    let arguments = ["simulate", "--seed", "4", "--days", "40", "--customers", "40", "--orders-per-day", "8"];
    sandbox.ok(&[&arguments[..], &["--out", &feed]].concat());
    sandbox.ok(&["publish", &feed, "--topic", &sandbox.topic]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_says_is_what_is_there_until_somebody_touches_it() {
    let sandbox = Sandbox::new("verify").await;
    simulated(&sandbox);
    sandbox.ok(&["run", "--until-caught-up", "--large-transaction", "20"]);
    let before = sandbox.tables().await;
    assert!(sandbox.ok(&["verify", "credit"]).contains("exactly what is there"));
    execute(&sandbox, "UPDATE credit.exposure SET overdue = overdue + 0.01 WHERE partner_id = (SELECT min(partner_id) FROM credit.exposure)").await;
    execute(
        &sandbox,
        "DELETE FROM credit_scores WHERE customer_id = (SELECT max(customer_id) FROM credit_scores)",
    )
    .await;
    let found = sandbox.run(&["verify", "credit", "--json"]);
    assert_eq!(found.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!((compared(&report, "credit.exposure").1, compared(&report, "credit_scores").1), (1, 1));
    let tables = report["tables"].as_array().unwrap();
    let exposure = tables.iter().find(|of| of["table"] == "credit.exposure").unwrap();
    assert_eq!(exposure["examples"][0]["differs"], "overdue");
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'credit\\_%'";
    assert_eq!(sandbox.value(left).await, 0, "nothing is left behind");
    assert_eq!(sandbox.value("SELECT count(*) FROM stream.checkpoint WHERE version < 0").await, 0);

    // A replay mends it, and emits nothing.
    let events = sandbox.events().len();
    let report = replay(&sandbox, &[]);
    assert_eq!(compared(&report, "credit.exposure").1, 1);
    assert_eq!((&report["before"], &report["version"]), (&json!(1), &json!(2)));
    assert!(sandbox.ok(&["verify", "credit"]).contains("exactly what is there"));
    assert!(results(&before) == results(&sandbox.tables().await), "the results are those of before");
    assert_eq!(sandbox.events().len(), events);
}

/// The rows of what a processor concludes, without the version of the runner's tables.
fn results(dump: &str) -> Vec<&str> {
    dump.lines()
        .filter(|line| line.starts_with("credit.") || line.starts_with("public.credit_scores"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_switches_while_the_pipeline_runs_and_it_goes_on_from_there() {
    let sandbox = Sandbox::new("replay_live").await;
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    let running = sandbox.start();
    until("the change", async || limit(&sandbox).await == 200).await;
    let report = replay(&sandbox, &[]);
    assert!(equal(&report), "{report}");
    publish(&sandbox, &transaction(2, &partner("Seven", 300)));
    until("a change behind the switch", async || limit(&sandbox).await == 300).await;
    assert_eq!(sandbox.value("SELECT version::bigint FROM stream.active").await, 2);
    assert_eq!(
        sandbox.value("SELECT credit_limit::bigint FROM credit_previous.exposure").await,
        200,
        "stored"
    );
    assert_eq!(sandbox.value("SELECT credit_limit::bigint FROM credit_scores").await, 300);

    // Back to the version before, which catches up.
    let back: Value =
        serde_json::from_str(&sandbox.ok(&["replay", "credit", "--rollback", "--json"])).unwrap();
    assert_eq!(back["version"], 1);
    until("the old version to catch up", async || limit(&sandbox).await == 300).await;
    drop(running);
    assert_eq!(run(&sandbox).0, Some(0));
    assert!(sandbox.ok(&["verify", "credit"]).contains("exactly what is there"));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_events_are_emitted_under_the_new_version_when_that_is_asked_for() {
    let sandbox = Sandbox::new("replay_events").await;
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    let before = sandbox.events();
    replay(&sandbox, &["--events", "send"]);
    assert_eq!(run(&sandbox).0, Some(0));
    let after = sandbox.events();
    assert_eq!(after.len(), 2 * before.len());
    let (old, new) = after.split_at(before.len());
    let data =
        |events: &[crate::sandbox::Event]| events.iter().map(|event| event.data.clone()).collect::<Vec<_>>();
    assert_eq!(data(old), data(new), "they say the same");
    assert!(old.iter().zip(new).all(|(old, new)| old.id != new.id), "and are other events");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_that_never_ran_is_enabled_without_emitting_its_history() {
    let sandbox = Sandbox::new("replay_first").await;
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    let report = replay(&sandbox, &[]);
    assert_eq!((&report["before"], limit(&sandbox).await), (&Value::Null, 200));
    assert_eq!(sandbox.events().len(), 0);
    publish(&sandbox, &transaction(2, &partner("Seven", 300)));
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!((limit(&sandbox).await, sandbox.events().len()), (300, 1), "what comes then is emitted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_without_its_beginning_is_replayed_from_its_last_snapshot() {
    let sandbox = Sandbox::new("replay_snapshot").await;
    let log = [
        snapshot(),
        transaction(1, &partner("Seven", 200)),
        snapshot(),
        transaction(3, &partner("Seven", 400)),
    ];
    publish(&sandbox, &log.concat());
    assert_eq!(run(&sandbox).0, Some(0));
    let report = replay(&sandbox, &["--from", "snapshot"]);
    assert_eq!((&report["from"], limit(&sandbox).await), (&json!(7), 400));
    let mut cut = rdkafka::TopicPartitionList::new();
    cut.add_partition_offset(&sandbox.topic, 0, rdkafka::Offset::Offset(8)).unwrap();
    let admin: rdkafka::admin::AdminClient<rdkafka::client::DefaultClientContext> =
        sandbox.kafka().create().unwrap();
    admin.delete_records(&cut, &rdkafka::admin::AdminOptions::new()).await.unwrap();
    let refused = sandbox.run(&["replay", "credit"]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && text.contains("neither its beginning nor a complete snapshot"),
        "{text}"
    );
    assert_eq!(limit(&sandbox).await, 400, "what is in force is untouched");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_goes_on_where_it_was() {
    let sandbox = Sandbox::new("replay_killed").await;
    simulated(&sandbox);
    sandbox.ok(&["run", "--until-caught-up"]);
    let before = sandbox.tables().await;
    let reached = "SELECT next_offset FROM stream.checkpoint WHERE version = 2";
    for _ in 0..3 {
        let mut child =
            sandbox.command(&["replay", "credit"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        let at = sandbox.value(reached).await;
        until("the rebuild to get further", async || {
            sandbox.value(reached).await > at || child.try_wait().unwrap().is_some()
        })
        .await;
        let _ = child.kill();
        child.wait().unwrap();
    }
    if sandbox.value("SELECT version::bigint FROM stream.active").await == 1 {
        replay(&sandbox, &[]);
    }
    assert!(sandbox.value("SELECT version::bigint FROM stream.active").await > 1);
    assert!(results(&before) == results(&sandbox.tables().await), "the results are those of before");
    assert!(sandbox.ok(&["verify", "credit"]).contains("exactly what is there"));
}
