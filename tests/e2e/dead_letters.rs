//! What people do about records that could not be used.

use serde_json::{Value, json};

use crate::failures::{limit, partner, publish, run, snapshot, transaction};
use crate::sandbox::{Api, Sandbox, send, until};

/// A customer whose limit is no limit.
fn bad(what: &Value) -> Value {
    let mut bad = partner("Seven", 200);
    bad["credit_limit"] = what.clone();
    bad
}

fn list(sandbox: &Sandbox, more: &[&str]) -> Vec<Value> {
    let arguments = [&["dlq", "list", "--json"], more].concat();
    serde_json::from_str(&sandbox.ok(&arguments)).unwrap()
}

fn offset(dead_letter: &Value) -> String {
    dead_letter["record_offset"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_found_by_what_people_know_of_them() {
    let sandbox = Sandbox::new("dlq_filters").await;
    let mut other = transaction(2, &bad(&json!([1])));
    other[1]["key"]["id"] = json!(8);
    publish(&sandbox, &[snapshot(), transaction(1, &bad(&json!(true))), other].concat());
    assert_eq!(run(&sandbox).0, Some(2));
    assert_eq!(list(&sandbox, &[]).len(), 2);
    for (filter, value, count) in [
        ("--table", "res_partner", 2),
        ("--table", "sale_order", 0),
        ("--key", r#"{"id":8}"#, 1),
        ("--reason", "TRUE", 1),
        ("--reason", "credit_limit", 2),
        ("--processor", "dedup", 0),
        ("--until", "2020-01-01T00:00:00Z", 0),
        ("--since", "2020-01-01T00:00:00Z", 2),
    ] {
        assert_eq!(list(&sandbox, &[filter, value]).len(), count, "{filter} {value}");
    }

    // What is written to a file can be published elsewhere as it is.
    let out = sandbox.file("dead-letters.jsonl", "");
    sandbox.ok(&["dlq", "export", "--out", &out, "--key", r#"{"id":8}"#]);
    let line: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    assert_eq!((&line["key"]["id"], &line["letter"]["table_name"]), (&json!(8), &json!("res_partner")));
    assert!(sandbox.ok(&["publish", &out, "--topic", &sandbox.topic]).contains("1 records"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_discarded_once_and_written_down() {
    let sandbox = Sandbox::new("dlq_discard").await;
    publish(&sandbox, &[snapshot(), transaction(1, &bad(&json!(true)))].concat());
    let running = sandbox.start();
    until("the dead letter", async || sandbox.value("SELECT count(*) FROM stream.dead_letter").await == 1)
        .await;
    let dead_letter = offset(&list(&sandbox, &[])[0]);
    let discard = ["dlq", "discard", "credit", &dead_letter, "--reason", "a typo", "--person", "anna"];
    assert!(sandbox.ok(&discard).contains("discarded"));
    assert!(list(&sandbox, &[]).is_empty());
    assert_eq!(list(&sandbox, &["--all"])[0]["resolved_by"], "anna");
    let again = sandbox.run(&discard);
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stdout).contains("discarded by anna"));
    assert_eq!(limit(&sandbox).await, 100, "the row keeps the image it has");
    let audits = "SELECT count(*) FROM audit_logs WHERE action_name = 'dead_letter' AND status = 'approved'
                  AND ai_reasoning LIKE 'anna had the dead letter % discarded: a typo.'";
    assert_eq!(sandbox.value(audits).await, 1);
    drop(running);
    assert_eq!(run(&sandbox).0, Some(0), "no dead letter is open");
    assert!(
        sandbox.ok(&["verify", "credit"]).contains("exactly what is there"),
        "a replay of the stream repeats it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_replayed_when_the_program_understands_it_and_not_before() {
    let sandbox = Sandbox::new("dlq_replay").await;
    publish(&sandbox, &[snapshot(), transaction(1, &bad(&json!(true)))].concat());
    let running = sandbox.start();
    until("the dead letter", async || sandbox.value("SELECT count(*) FROM stream.dead_letter").await == 1)
        .await;
    let replay = ["dlq", "replay", "credit", "--reason", "upgraded", "--person", "anna"];
    let refused = sandbox.run(&replay);
    let text = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(
        !refused.status.success() && text.contains("still cannot be used") && text.contains("credit_limit"),
        "{text}"
    );

    // A program that can read it: the record as that program sees it.
    let good = partner("Seven", 200).to_string();
    let sql =
        "UPDATE stream.dead_letter SET record_value = convert_to(replace(convert_from(record_value, 'UTF8'),
        '\"credit_limit\":true', '\"credit_limit\":' || to_json('{\"1\": 200}'::text)), 'UTF8')";
    sqlx::Executor::execute(&mut sandbox.connect().await, sql).await.unwrap();
    assert!(good.contains("credit_limit"));
    assert!(sandbox.ok(&replay).contains("replayed"));
    until("its limit", async || limit(&sandbox).await == 200).await;
    assert!(list(&sandbox, &[]).is_empty());
    drop(running);
    assert_eq!(run(&sandbox).0, Some(0));
    assert!(sandbox.ok(&["verify", "credit"]).contains("exactly what is there"));

    // A later image of the row makes one obsolete, and whoever asks is answered so.
    publish(&sandbox, &[transaction(2, &bad(&json!(true))), transaction(3, &partner("Seven", 300))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    let dead_letter = offset(list(&sandbox, &["--all"]).last().unwrap());
    let answer = sandbox.run(&["dlq", "replay", "credit", &dead_letter, "--reason", "x"]);
    assert!(String::from_utf8_lossy(&answer.stdout).contains("superseded by"), "{answer:?}");
    assert_eq!(limit(&sandbox).await, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_does_not_say_whose_row_it_is_is_not_replayed() {
    let sandbox = Sandbox::new("dlq_nobody").await;
    let nonsense = json!({ "key": { "id": 1 }, "value": "no change event" });
    publish(&sandbox, &[snapshot(), vec![nonsense], transaction(1, &partner("Seven", 200))].concat());
    let running = sandbox.start();
    until("the change", async || limit(&sandbox).await == 200).await;
    let refused = sandbox.run(&["dlq", "replay", "credit", "--reason", "x"]);
    let text = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(!refused.status.success() && text.contains("whose row it is"), "{text}");
    assert!(sandbox.ok(&["dlq", "discard", "credit", "--reason", "nonsense"]).contains("discarded"));
    drop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_does_the_same_with_a_token() {
    let sandbox = Sandbox::new("dlq_api").await;
    let (token, lines) = sandbox.token("anna", "admin");
    let (of_reader, more) = sandbox.token("grafana", "reader");
    sandbox.configure(&(lines + &more));
    publish(&sandbox, &[snapshot(), transaction(1, &bad(&json!(true)))].concat());
    let _running = sandbox.start();
    let api = Api { address: sandbox.listening().await, token };
    until("the dead letter", async || sandbox.value("SELECT count(*) FROM stream.dead_letter").await == 1)
        .await;
    let dead_letter = api.read("/api/v1/dead-letters?table=res_partner")["items"][0].clone();
    let path = format!("/api/v1/dead-letters/credit/{}", dead_letter["record_offset"]);
    assert!(api.read(&path)["value"].as_str().unwrap().contains("commercial_partner_id"));
    let body = r#"{"reason":"a typo"}"#;
    let (status, _) = send(&api.address, "POST", &format!("{path}/discard"), None, body).unwrap();
    assert_eq!(status, 401);
    for (method, path) in [("POST", format!("{path}/discard")), ("GET", path.clone())] {
        let (status, text) = send(&api.address, method, &path, Some(&of_reader), body).unwrap();
        assert!(status == 403 && text.contains("`admin`"), "the record is business data: {text}");
    }
    let (status, text) = api.post(&format!("{path}/discard"), body);
    assert_eq!(status, 202, "{text}");
    assert_eq!(api.outcome(&text).await["status"], "done");
    assert_eq!(api.post(&format!("{path}/discard"), body).0, 400, "there is nothing to do any more");
    assert_eq!(api.read("/api/v1/dead-letters")["items"], json!([]));
    assert_eq!(api.read("/api/v1/dead-letters?all=true")["items"][0]["resolution"], "discarded");
}
