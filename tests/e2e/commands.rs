//! The command line as people meet it.

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use serde_json::Value;

use crate::sandbox::{Sandbox, get, ready, until};
use crate::support;

fn stderr(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = sandbox.run(arguments);
    assert!(!output.status.success(), "{arguments:?} should have failed");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_say_what_to_do_next() {
    let sandbox = Sandbox::new("errors").await;
    assert!(stderr(&sandbox, &["run", "--only", "credits"]).contains("there are: credit"));
    assert!(stderr(&sandbox, &["migrate", "down", "--to", "4"]).contains("ledgerwell migrate status"));
    assert!(stderr(&sandbox, &["publish", "/nowhere.jsonl"]).contains("/nowhere.jsonl"));
    let file = sandbox.file("bad.jsonl", "{\"topic\":\"t\",\"key\":{}}\nnonsense\n");
    assert!(stderr(&sandbox, &["publish", &file, "--topic", &sandbox.topic]).contains("line 2"));
    assert!(stderr(&sandbox, &["dlq", "show", "credit", "1"]).contains("ledgerwell dlq list"));
    sandbox.configure("topc = \"x\"");
    assert!(stderr(&sandbox, &["status"]).contains("did you mean `topic`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_created_then_checked() {
    let sandbox = Sandbox::new("topics").await;
    let findings: Value = serde_json::from_str(&sandbox.ok(&["topics", "--json"])).unwrap();
    let findings = findings.as_array().unwrap();
    assert_eq!(findings.len(), 2 + support::ALL.len(), "changes, each processor's results, progress");
    assert!(findings.iter().all(|finding| finding["finding"] == "fine"), "{findings:?}");

    // Somebody lets Kafka delete the old part of the log.
    let admin: AdminClient<DefaultClientContext> = sandbox.kafka().create().unwrap();
    let limited = AlterConfig::new(ResourceSpecifier::Topic(&sandbox.topic)).set("retention.ms", "604800000");
    admin.alter_configs([&limited], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    // The broker learns of it a moment after the controller.
    until("the finding that a part of the log may go", async || {
        let findings: Value = serde_json::from_str(&sandbox.ok(&["topics", "--json"])).unwrap();
        let finding = findings[0]["finding"].as_str().unwrap();
        finding.contains("`replay`") && finding.contains("retention.ms=-1")
    })
    .await;

    // A topic is gone, and is to come again with more replicas than there are brokers.
    let missing = format!("_{}.progress", sandbox.name);
    admin.delete_topics(&[&missing], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    let output = sandbox.run(&["topics", "--replication", "3", "--json"]);
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let finding = findings.last().unwrap()["finding"].as_str().unwrap();
    assert!(!output.status.success() && finding.contains("fewer with --replication"), "{finding}");
    sandbox.ok(&["topics"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulated_file_is_published_run_and_agrees_with_its_truth() {
    let sandbox = Sandbox::new("simulated").await;
    let file = sandbox.file("feed.jsonl.gz", "");
    sandbox.ok(&[
        "simulate",
        "--days",
        "20",
        "--customers",
        "60",
        "--orders-per-day",
        "12",
        "--companies",
        "2",
        "--out",
        &file,
    ]);
    sandbox.ok(&["publish", &file, "--topic", &sandbox.topic]);
    sandbox.ok(&["run", "--until-caught-up"]);
    let truth: Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{file}.truth.json")).unwrap()).unwrap();
    let partners = truth["partners"].as_array().unwrap();
    assert!(partners.len() > 40);
    let mut connection = sandbox.connect().await;
    for partner in partners {
        let same: Option<bool> = sqlx::query_scalar(
            "SELECT not_due + overdue + unapplied = $3::numeric FROM credit.exposure WHERE company_id = $1 AND partner_id = $2",
        )
        .bind(i32::try_from(partner["company_id"].as_i64().unwrap()).unwrap())
        .bind(i32::try_from(partner["partner_id"].as_i64().unwrap()).unwrap())
        .bind(partner["receivable"].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap())
        .fetch_optional(&mut connection)
        .await
        .unwrap();
        let nothing = partner["receivable"].as_str().unwrap().trim_matches(['0', '.']).is_empty();
        assert!(same == Some(true) || (same.is_none() && nothing), "{partner}");
    }
    let status: Value = serde_json::from_str(&sandbox.ok(&["status", "--json"])).unwrap();
    assert_eq!(
        (status[0]["lag_records"].as_i64(), status[0]["snapshot"].as_str()),
        (Some(0), Some("complete"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_health_and_metrics() {
    let sandbox = Sandbox::new("http").await;
    let _running = sandbox.start();
    let address = sandbox.listening().await;
    assert_eq!(get(&address, "/livez").unwrap().0, 200);
    until("not ready for want of a snapshot", async || ready(&address, 503, "snapshot")).await;
    sandbox.ok(&[
        "simulate",
        "--days",
        "3",
        "--customers",
        "10",
        "--orders-per-day",
        "3",
        "--publish",
        &sandbox.topic,
    ]);
    until("ready", async || ready(&address, 200, "")).await;
    until("metrics", async || {
        let (_, text) = get(&address, "/metrics").unwrap();
        let shown = |name: &str| text.lines().any(|line| line.starts_with(name) && !line.ends_with(" 0"));
        shown("ledgerwell_changes_total{processor=\"credit\",source=\"odoo\"}")
            && shown("ledgerwell_events_published_total")
            && shown("ledgerwell_skipped_total")
            && shown("ledgerwell_ignored_columns_total")
            && shown("ledgerwell_save_seconds_count")
            && text.contains("kafka_consumergroup_group_lag{processor=\"credit\",source=\"odoo\"} 0")
            && text.contains("ledgerwell_dead_letters_open")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_what_each_processor_found() {
    let sandbox = Sandbox::new("demo").await;
    sandbox.configure_all("");
    let shown = sandbox.ok(&["demo", "--days", "30", "--customers", "60", "--orders-per-day", "8"]);
    let parts =
        ["Credit exposure", "holds are suggested", "holds are in force", "Duplicates", "caught up, lag 0"];
    for part in parts {
        assert!(shown.contains(part), "{part} is not in:\n{shown}");
    }
}
