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
    assert_eq!((&report["from"], limit(&sandbox).await), (&json!(8), 400));
    let mut cut = rdkafka::TopicPartitionList::new();
    cut.add_partition_offset(&sandbox.topic, 0, rdkafka::Offset::Offset(9)).unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn one_that_another_program_has_begun_starts_over() {
    let sandbox = Sandbox::new("replay_begun").await;
    simulated(&sandbox);
    sandbox.ok(&["run", "--until-caught-up"]);
    let before = sandbox.tables().await;
    let begin = || {
        let mut command = sandbox.command(&["replay", "credit"]);
        command.env("LEDGERWELL_AT", "AfterCommit:1:KILL");
        assert!(!command.output().unwrap().status.success(), "it was killed");
    };
    let rebuilding = "SELECT rebuilding::bigint FROM stream.active";
    let reached = "SELECT count(*) FROM stream.checkpoint WHERE version = 2";
    for _ in 0..2 {
        begin();
        assert_eq!((sandbox.value(rebuilding).await, sandbox.value(reached).await), (2, 1), "it goes on");
    }
    execute(
        &sandbox,
        "UPDATE stream.active SET rebuilding_fingerprint = 'another'; UPDATE credit_next.partner SET name = 'another'",
    )
    .await;
    assert_eq!(replay(&sandbox, &[])["version"], 3);
    assert!(results(&before) == results(&sandbox.tables().await), "nothing of the other's is in them");
    assert_eq!(sandbox.value("SELECT count(*) FROM stream.checkpoint WHERE version = 2").await, 0);
}

/// How often an object of the catalogue is there.
async fn there(sandbox: &Sandbox, catalogue: &str, name: &str) -> i64 {
    let column = match catalogue {
        "pg_class" => "relname",
        "pg_policy" => "polname",
        "pg_trigger" => "tgname",
        _ => panic!("{catalogue}"),
    };
    sandbox.value(&format!("SELECT count(*) FROM {catalogue} WHERE {column} = '{name}'")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_have_made_on_results_stays_when_a_version_is_switched() {
    let sandbox = Sandbox::new("replay_objects").await;
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    execute(
        &sandbox,
        "CREATE VIEW limits AS SELECT partner_id, credit_limit::bigint AS amount FROM credit.exposure;
         CREATE TABLE heard (amount BIGINT);
         CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN INSERT INTO heard VALUES (NEW.credit_limit); RETURN NEW; END $$;
         CREATE TRIGGER hears AFTER INSERT OR UPDATE ON credit.exposure FOR EACH ROW EXECUTE FUNCTION hear();
         CREATE POLICY all_rows ON credit.exposure USING (true);
         CREATE PUBLICATION limits_of FOR TABLE credit.exposure;
         COMMENT ON TABLE credit.exposure IS 'for the reports'",
    )
    .await;
    // A wrong figure, which the replay puts right.
    execute(&sandbox, "UPDATE credit.exposure SET credit_limit = 7").await;
    execute(&sandbox, "DELETE FROM heard").await;
    replay(&sandbox, &[]);
    assert_eq!(sandbox.value("SELECT amount FROM limits").await, 200, "the view says what is in force");
    assert_eq!(
        sandbox.value("SELECT amount FROM heard").await,
        200,
        "the trigger has seen the change, and it alone"
    );
    assert_eq!(sandbox.value("SELECT count(*) FROM heard").await, 1);
    assert_eq!(there(&sandbox, "pg_trigger", "hears").await, 1);
    assert_eq!(there(&sandbox, "pg_policy", "all_rows").await, 1);
    let published =
        "SELECT count(*) FROM pg_publication_tables WHERE schemaname = 'credit' AND tablename = 'exposure'";
    assert_eq!(sandbox.value(published).await, 1);
    let commented =
        "SELECT count(*) FROM pg_description WHERE objoid = 'credit.exposure'::regclass AND objsubid = 0";
    assert_eq!(sandbox.value(commented).await, 1);
    assert_eq!(there(&sandbox, "pg_class", "limits").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_goes_back_to_what_is_stored_and_to_the_program_that_made_it() {
    let sandbox = Sandbox::new("rollback").await;
    let refused = sandbox.run(&["replay", "credit", "--rollback"]);
    assert!(!refused.status.success(), "nothing has run");
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    replay(&sandbox, &[]);
    replay(&sandbox, &[]);
    let rollback = || {
        let answer = sandbox.ok(&["replay", "credit", "--rollback", "--json"]);
        serde_json::from_str::<Value>(&answer).unwrap()["version"].clone()
    };
    assert_eq!(rollback(), 2);
    assert_eq!(rollback(), 3, "what was in force before the last switch, not one that nobody has kept");

    // The results before were made by another program: it is theirs that is in force again.
    execute(&sandbox, "UPDATE stream.active SET previous_program = 7, previous_fingerprint = 'another'")
        .await;
    assert_eq!(rollback(), 2);
    let (code, error) = run(&sandbox);
    assert!(code == Some(1) && error.contains("were made by its version 7"), "{error}");
    execute(&sandbox, "UPDATE stream.active SET program = 1").await;
    let (code, error) = run(&sandbox);
    assert!(code == Some(1) && error.contains("other tables or columns"), "{error}");
    assert!(error.contains("ledgerwell replay credit"), "{error}");
    assert_eq!(replay(&sandbox, &[])["version"], 4);
    assert_eq!(run(&sandbox).0, Some(0));

    execute(&sandbox, "UPDATE stream.active SET previous = NULL").await;
    let refused = sandbox.run(&["replay", "credit", "--rollback"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("not known which version"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_and_a_claim_lock_in_one_order() {
    let sandbox = Sandbox::new("lock_order").await;
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    // The replay begins, and cannot go on yet.
    let mut brake = sandbox.connect().await;
    brake.execute("BEGIN; LOCK TABLE stream.rules").await.unwrap();
    let switching = sandbox.command(&["replay", "credit"]).spawn().unwrap();
    let mut switching = crate::sandbox::Running(switching);
    let begun = "SELECT count(*) FROM stream.active WHERE rebuilding = 2";
    until("the replay to begin", async || sandbox.value(begun).await == 1).await;
    // A claim is between its two locks when the switch comes.
    let mut claim = sandbox.connect().await;
    claim.execute("BEGIN; SELECT FROM stream.active FOR SHARE").await.unwrap();
    brake.execute("COMMIT").await.unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%stream.active%FOR UPDATE%'
                 AND datname = current_database()";
    until("the switch to wait", async || sandbox.value(waits).await == 1).await;
    claim.execute("UPDATE stream.checkpoint SET owner_epoch = owner_epoch + 1; COMMIT").await.unwrap();
    assert!(switching.0.wait().unwrap().success());
    assert_eq!(run(&sandbox).0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_before_a_replay_uses_no_version_for_the_second_time() {
    let sandbox = Sandbox::new("backup").await;
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    let backup = format!("{}_backup", sandbox.name);
    copy_database(&sandbox.name, &backup).await;
    assert_eq!(replay(&sandbox, &[])["version"], 2);
    publish(&sandbox, &transaction(2, &partner("Seven", 300)));
    assert_eq!(run(&sandbox).0, Some(0));
    let told = sandbox.events().len();

    copy_database(&backup, &sandbox.name).await;
    assert_eq!(sandbox.value("SELECT version::bigint FROM stream.active").await, 1);
    assert_eq!(replay(&sandbox, &[])["version"], 3, "events of version 2 were published");
    publish(&sandbox, &transaction(3, &partner("Seven", 400)));
    assert_eq!(run(&sandbox).0, Some(0));
    let events = sandbox.events();
    let limits: Vec<_> = crate::failures::emitted_limits(&sandbox).split_off(told);
    assert_eq!(limits, ["300.00", "400.00"], "what the replay did not emit by itself, each once");
    let ids: std::collections::BTreeSet<_> = events.iter().map(|event| &event.id).collect();
    assert_eq!(ids.len(), events.len());
    drop_database(&backup).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_another_history_is_told_and_nothing_is_passed_over() {
    let sandbox = Sandbox::new("history").await;
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    let backup = format!("{}_backup", sandbox.name);
    copy_database(&sandbox.name, &backup).await;
    publish(
        &sandbox,
        &[transaction(2, &partner("Seven", 300)), transaction(3, &partner("Seven", 400))].concat(),
    );
    assert_eq!(run(&sandbox).0, Some(0));

    // The same history: what was published is made again, and published once.
    copy_database(&backup, &sandbox.name).await;
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(crate::failures::emitted_limits(&sandbox), ["100.00", "200.00", "300.00", "400.00"]);

    // Another one: an event has another id, though not the last one that was published.
    copy_database(&backup, &sandbox.name).await;
    execute(&sandbox, "UPDATE stream.checkpoint SET chain = gen_random_uuid()").await;
    let (code, error) = run(&sandbox);
    assert!(code == Some(1) && error.contains("published with another id"), "{error}");
    assert!(sandbox.value("SELECT count(*) FROM stream.outbox").await > 0, "nothing is passed over");

    // One that does not come to them any more.
    copy_database(&backup, &sandbox.name).await;
    execute(&sandbox, "UPDATE stream.checkpoint SET out_seq = out_seq - 1").await;
    let (code, error) = run(&sandbox);
    assert!(code == Some(1) && error.contains("does not lead to them"), "{error}");
    assert_eq!(replay(&sandbox, &[])["version"], 2);
    publish(&sandbox, &transaction(4, &partner("Seven", 500)));
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(crate::failures::emitted_limits(&sandbox).last().unwrap(), "500.00");
    drop_database(&backup).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_program_has_left_unpublished_is_published_by_the_replay() {
    let sandbox = Sandbox::new("old_outbox").await;
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    let told = sandbox.events().len();
    // An event that was stored and not published when the program was replaced.
    execute(
        &sandbox,
        "UPDATE stream.checkpoint SET out_seq = out_seq + 1;
         INSERT INTO stream.outbox (processor, version, source, out_seq, incarnation, event_id, event_type, key, position, time, data)
         SELECT processor, version, source, out_seq, incarnation, gen_random_uuid(), 'exposure_changed', 'odoo/1/partner-7', '99.1',
             now(), '{}' FROM stream.checkpoint;
         UPDATE stream.active SET program = 0",
    )
    .await;
    assert_eq!(run(&sandbox).0, Some(1), "results of another program");
    assert_eq!(replay(&sandbox, &[])["version"], 2);
    assert_eq!(sandbox.events().len(), told + 1);
    assert_eq!(run(&sandbox).0, Some(0));
}

/// Makes a database a copy of another one; nobody may be connected to that.
async fn copy_database(from: &str, to: &str) {
    drop_database(to).await;
    administer(&format!("CREATE DATABASE \"{to}\" TEMPLATE \"{from}\"")).await;
}

async fn drop_database(name: &str) {
    administer(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
}

async fn administer(sql: &str) {
    let url = std::env::var("DATABASE_URL").unwrap();
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
    // A connection that was just closed may linger on.
    until("the databases to be free", async || {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.is_ok()
    })
    .await;
}
