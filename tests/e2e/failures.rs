//! What can go wrong, and what happens then.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::sandbox::{Sandbox, TIMEOUT, ready, until};
use crate::servers::Broker;

/// A change record as a line of a recorded file.
pub fn row(table: &str, id: i32, after: &Value, snapshot: &str) -> Value {
    let source = json!({ "table": table, "snapshot": snapshot, "ts_ms": 1_767_571_200_000_i64 });
    json!({ "key": { "id": id }, "value": { "after": after, "source": source, "op": "r", "transaction": null } })
}

/// A whole, small company: one customer with a limit, who owes ten euros.
pub fn snapshot() -> Vec<Value> {
    vec![
        row("res_currency", 1, &json!({ "id": 1, "name": "EUR", "decimal_places": 2 }), "first"),
        row(
            "res_company",
            1,
            &json!({ "id": 1, "parent_path": "1/", "currency_id": 1, "transfer_account_id": null }),
            "true",
        ),
        row(
            "account_account",
            1,
            &json!({ "id": 1, "account_type": "asset_receivable", "reconcile": true }),
            "true",
        ),
        row("account_move_line", 1, &owed(7), "true"),
        row("res_partner", 7, &partner("Seven", 100), "last"),
    ]
}

/// An invoice's line on which ten euros are left to pay.
pub fn owed(partner: i32) -> Value {
    json!({
        "id": 1, "move_id": 1, "move_name": null, "journal_id": null, "payment_id": null, "statement_line_id": null, "company_id": 1,
        "partner_id": partner, "account_id": 1, "parent_state": "posted", "date": 20_457, "date_maturity": 24_000,
        "amount_residual": "10.00", "amount_residual_currency": "10.00", "reconciled": false, "quantity": "1", "product_uom_id": null,
        "display_type": "payment_term", "balance": "10.00", "currency_id": null, "amount_currency": "10.00", "is_downpayment": false,
    })
}

/// With all columns that any processor reads.
pub fn partner(name: &str, limit: i32) -> Value {
    json!({
        "id": 7, "name": name, "commercial_partner_id": 7, "credit_limit": json!({ "1": limit }).to_string(),
        "is_company": true, "active": true, "parent_id": null, "company_id": null, "email": null, "phone": null, "mobile": null,
        "street": null, "zip": null, "city": null, "country_id": null, "vat": null, "customer_rank": 1, "supplier_rank": 0,
    })
}

/// A transaction that sets the customer.
pub fn transaction(number: u32, after: &Value) -> Vec<Value> {
    let time = 1_767_571_200_000_i64 + i64::from(number) * 1_000;
    let mut change = row("res_partner", 7, after, "false");
    change["value"]["transaction"] = json!({ "id": format!("{number}:{number}1"), "total_order": 1 });
    change["value"]["op"] = json!("u");
    let marker = |status: &str, count: Option<u32>| {
        let id = format!("{number}:{number}9");
        json!({ "key": { "id": id }, "value": { "status": status, "id": id, "event_count": count, "ts_ms": time } })
    };
    vec![marker("BEGIN", None), change, marker("END", Some(1))]
}

pub fn publish(sandbox: &Sandbox, records: &[Value]) {
    let lines: Vec<_> = records.iter().map(Value::to_string).collect();
    let file = sandbox.file("records.jsonl", &(lines.join("\n") + "\n"));
    sandbox.ok(&["publish", &file, "--topic", &sandbox.topic]);
}

pub async fn limit(sandbox: &Sandbox) -> i64 {
    sandbox.value("SELECT credit_limit::bigint FROM credit.exposure WHERE partner_id = 7").await
}

/// Runs to the end and answers exit code and error text.
pub fn run(sandbox: &Sandbox) -> (Option<i32>, String) {
    let output = sandbox.run(&["run", "--until-caught-up"]);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_record_becomes_a_dead_letter_and_a_later_good_image_supersedes_it() {
    let sandbox = Sandbox::new("dead_letter").await;
    let mut bad = partner("Seven", 200);
    bad["credit_limit"] = json!(true);
    publish(&sandbox, &[snapshot(), transaction(1, &bad)].concat());
    assert_eq!(run(&sandbox).0, Some(2), "2 says that dead letters are open");
    assert_eq!(limit(&sandbox).await, 100, "the rest goes on");
    let listed: Value = serde_json::from_str(&sandbox.ok(&["dlq", "list", "--json"])).unwrap();
    assert_eq!(listed[0]["table_name"], "res_partner");
    assert_eq!(listed[0]["row_key"], r#"{"id":7}"#);
    assert_eq!(listed[0]["column_name"], "credit_limit");
    assert!(
        listed[0]["expected"].as_str().unwrap().contains("string")
            && listed[0]["found"].as_str().unwrap().contains("true")
    );
    let offset = listed[0]["record_offset"].to_string();
    assert!(sandbox.ok(&["dlq", "show", "credit", &offset]).contains("commercial_partner_id"));

    publish(&sandbox, &transaction(2, &partner("Seven", 300)));
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(limit(&sandbox).await, 300);
    assert_eq!(serde_json::from_str::<Value>(&sandbox.ok(&["dlq", "list", "--json"])).unwrap(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_created_again_stops_the_processor_and_says_what_to_do() {
    let sandbox = Sandbox::new("created_again").await;
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    sandbox.recreate_topic().await;
    // Shorter than what was applied, then as long.
    publish(&sandbox, &snapshot());
    let (code, error) = run(&sandbox);
    assert!(code == Some(1) && error.contains("made anew") && error.contains("ledgerwell reset"), "{error}");
    publish(&sandbox, &[transaction(1, &partner("Other", 1)), transaction(2, &partner("Other", 2))].concat());
    let (code, error) = run(&sandbox);
    assert!(code == Some(1) && error.contains("made anew"), "{error}");
    assert_eq!(limit(&sandbox).await, 200, "nothing of the new topic was applied");

    sandbox.ok(&["reset", "credit"]);
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(limit(&sandbox).await, 2);
    let limits: Vec<_> = emitted_limits(&sandbox);
    assert_eq!(
        limits,
        ["100.00", "200.00", "100.00", "1.00", "2.00"],
        "the new topic's changes are emitted behind the old one's"
    );
}

/// The limits in the events about exposures, in order.
pub fn emitted_limits(sandbox: &Sandbox) -> Vec<String> {
    let limit = |event: &crate::sandbox::Event| {
        let data: Value = serde_json::from_str(&event.data).unwrap();
        data["after"]["credit_limit"].as_str().unwrap().to_owned()
    };
    sandbox.events().iter().filter(|event| event.kind == "exposure_changed").map(limit).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_stops_the_processor_until_a_new_snapshot() {
    let sandbox = Sandbox::new("loss").await;
    let cut_off = transaction(1, &partner("Seven", 150))[..2].to_vec();
    publish(&sandbox, &[snapshot(), cut_off, transaction(2, &partner("Seven", 200))].concat());
    for _ in 0..2 {
        let (code, error) = run(&sandbox);
        assert!(code == Some(1) && error.contains("cut off") && error.contains("snapshot"), "{error}");
    }
    assert_eq!(limit(&sandbox).await, 100);
    publish(&sandbox, &[snapshot(), transaction(3, &partner("Seven", 300))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(emitted_limits(&sandbox), ["100.00", "300.00"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_with_several_partitions_is_refused() {
    let sandbox = Sandbox::new("partitions").await;
    let admin: rdkafka::admin::AdminClient<rdkafka::client::DefaultClientContext> =
        sandbox.kafka().create().unwrap();
    let more = rdkafka::admin::NewPartitions::new(&sandbox.topic, 2);
    admin.create_partitions([&more], &rdkafka::admin::AdminOptions::new()).await.unwrap().remove(0).unwrap();
    until("the broker to know of them", async || {
        let metadata = admin.inner().fetch_metadata(Some(&sandbox.topic), TIMEOUT).unwrap();
        metadata.topics()[0].partitions().len() == 2
    })
    .await;
    let (code, error) = run(&sandbox);
    assert!(code == Some(1) && error.contains("2 partitions"), "{error}");
    assert!(!sandbox.run(&["topics"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_starts_after_our_offset_stops_the_processor() {
    let sandbox = Sandbox::new("log_start").await;
    publish(&sandbox, &snapshot());
    assert_eq!(run(&sandbox).0, Some(0));
    publish(
        &sandbox,
        &[transaction(1, &partner("Seven", 200)), transaction(2, &partner("Seven", 300))].concat(),
    );
    let mut cut = rdkafka::TopicPartitionList::new();
    cut.add_partition_offset(&sandbox.topic, 0, rdkafka::Offset::Offset(7)).unwrap();
    let admin: rdkafka::admin::AdminClient<rdkafka::client::DefaultClientContext> =
        sandbox.kafka().create().unwrap();
    admin.delete_records(&cut, &rdkafka::admin::AdminOptions::new()).await.unwrap();
    let (code, error) = run(&sandbox);
    assert!(code == Some(1) && error.contains("starts at offset 7") && error.contains("snapshot"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_may_go_away_and_come_back() {
    let sandbox = Sandbox::new("postgres_away").await;
    publish(&sandbox, &snapshot());
    let running = sandbox.start();
    until("the snapshot", async || limit(&sandbox).await == 100).await;
    // Nobody may connect, and whoever is connected is thrown out.
    let server = std::env::var("DATABASE_URL").unwrap();
    let mut admin = PgConnection::connect(&server).await.unwrap();
    let name = &sandbox.name;
    for sql in [
        format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    }
    publish(&sandbox, &transaction(1, &partner("Seven", 200)));
    until("back-off", async || sandbox.log().contains("will claim again")).await;
    let sql = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    until("the change", async || limit(&sandbox).await == 200).await;
    drop(running);
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(sandbox.events().len(), 2, "each change emitted once");
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_may_die_and_come_back() {
    let broker = Broker::start("dies");
    let sandbox = Sandbox::on(&broker.servers, "kafka_away").await;
    publish(&sandbox, &snapshot());
    let running = sandbox.start();
    until("the snapshot", async || limit(&sandbox).await == 100).await;
    let address = sandbox.listening().await;
    until("ready", async || ready(&address, 200, "running")).await;
    broker.kill();
    until("word that Kafka is away", async || ready(&address, 503, "no Kafka broker")).await;
    broker.up();
    publish(&sandbox, &transaction(1, &partner("Seven", 200)));
    until("the change", async || limit(&sandbox).await == 200).await;
    until("ready again", async || ready(&address, 200, "running")).await;
    drop(running);
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(emitted_limits(&sandbox), ["100.00", "200.00"], "each change emitted once");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_stops_within_ten_seconds() {
    let sandbox = Sandbox::new("sigterm").await;
    publish(&sandbox, &snapshot());
    let mut running = sandbox.start();
    until("the snapshot", async || limit(&sandbox).await == 100).await;
    let began = Instant::now();
    running.signal("TERM");
    let status = running.0.wait().unwrap();
    assert!(
        status.success() && began.elapsed() < Duration::from_secs(10),
        "{status} after {:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_hands_over_and_a_paused_one_cannot_write() {
    let sandbox = Sandbox::new("handover").await;
    publish(&sandbox, &snapshot());
    let first = sandbox.start();
    until("the snapshot", async || limit(&sandbox).await == 100).await;
    let epoch = async || sandbox.value("SELECT owner_epoch FROM stream.checkpoint").await;
    let owned_by = epoch().await;

    let second = sandbox.start();
    first.signal("STOP");
    publish(&sandbox, &transaction(1, &partner("Seven", 200)));
    until("the second to take over", async || epoch().await > owned_by && limit(&sandbox).await == 200).await;
    first.signal("CONT");
    publish(&sandbox, &transaction(2, &partner("Seven", 300)));
    until("the change", async || limit(&sandbox).await == 300).await;

    let began = Instant::now();
    second.kill();
    publish(&sandbox, &transaction(3, &partner("Seven", 400)));
    until("the first to take over", async || limit(&sandbox).await == 400).await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    drop(first);
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(
        emitted_limits(&sandbox),
        ["100.00", "200.00", "300.00", "400.00"],
        "each emitted once, in order"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_decided_before_a_snapshot_is_complete() {
    let sandbox = Sandbox::new("incomplete").await;
    publish(&sandbox, &snapshot()[..3]);
    let (code, error) = run(&sandbox);
    assert!(code == Some(1) && error.contains("no complete snapshot"), "the rest may still come: {error}");
    publish(&sandbox, &transaction(1, &partner("Seven", 200)));
    let (code, error) = run(&sandbox);
    assert!(code == Some(1) && error.contains("broke off") && error.contains("snapshot"), "{error}");
    assert_eq!(sandbox.value("SELECT count(*) FROM credit.exposure").await, 0);
    publish(&sandbox, &snapshot());
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!((limit(&sandbox).await, sandbox.events().len()), (100, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn due_moments_are_announced_when_nothing_else_happens() {
    tick(&Sandbox::new("ticks").await, "clock = \"wall\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_may_be_announced_in_a_topic_of_their_own() {
    let sandbox = Sandbox::new("control").await;
    tick(&sandbox, &format!("clock = \"wall\"\ncontrol_topic = \"{}.control\"", sandbox.name)).await;
    assert!(sandbox.events().iter().any(|event| event.position.starts_with('c')));
}

/// An item becomes overdue because the clock says so.
async fn tick(sandbox: &Sandbox, settings: &str) {
    sandbox.configure(settings);
    sandbox.ok(&["topics"]);
    let item = json!({ "id": 1, "move_id": 1, "company_id": 1, "partner_id": 7, "account_id": 1, "parent_state": "posted",
        "date": 20_457, "date_maturity": 20_460, "amount_residual": "50.00", "amount_residual_currency": "50.00", "balance": "50.00", "display_type": "payment_term",
        "reconciled": false, "quantity": "1" });
    let mut records = snapshot();
    records[3] = row("account_move_line", 1, &item, "true");
    publish(sandbox, &records);
    let running = sandbox.start();
    let overdue = async || sandbox.value("SELECT overdue::bigint FROM credit.exposure").await;
    until("the item to be overdue by a tick", async || overdue().await == 50).await;
    drop(running);
    sandbox.ok(&["run", "--until-caught-up"]);
    let kinds: Vec<_> =
        sandbox.events().iter().map(|event| (event.kind.clone(), event.time.clone())).collect();
    let due = "2026-01-08T00:00:00.000Z".to_owned();
    assert!(
        kinds.contains(&("exposure_changed".into(), due)),
        "the instant it fell due, not that of the tick: {kinds:?}"
    );
    assert!(kinds.iter().any(|(kind, _)| kind == "tick"), "{kinds:?}");
}
