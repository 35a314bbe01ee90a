//! The schema goes up, down to nothing and up again to the same catalogue; a database of another version is refused.

use std::process::Stdio;

use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::failures::{emitted_limits, limit, partner, publish, run, snapshot, transaction};
use crate::sandbox::{END_OTHERS, Sandbox, ready, until};

/// Columns, constraints and indexes of all our schemas, one line each.
const CATALOGUE: &str = "
    SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
        SELECT format('%s.%s %s %s %s %s %s', table_schema, table_name, column_name, data_type, character_maximum_length,
            is_nullable, column_default) AS line
        FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        UNION ALL
        SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        UNION ALL
        SELECT indexdef FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    ) AS catalogue
    WHERE line NOT LIKE '%_sqlx_migrations%' AND line NOT LIKE '%_ledgerwell_%'";

pub async fn catalogue(sandbox: &Sandbox) -> String {
    let mut connection = sandbox.connect().await;
    sqlx::query_scalar::<_, Option<String>>(CATALOGUE)
        .fetch_one(&mut connection)
        .await
        .unwrap()
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn up_down_to_zero_and_up_leaves_the_same_catalogue() {
    let sandbox = Sandbox::new("migrations").await;
    let before = catalogue(&sandbox).await;
    assert!(
        before.contains("credit_scores")
            && before.contains("stream.checkpoint")
            && before.contains("credit.exposure")
    );
    sandbox.ok(&["migrate", "down", "--yes", "--to", "0"]);
    assert_eq!(catalogue(&sandbox).await, "");
    sandbox.ok(&["migrate", "up"]);
    assert_eq!(catalogue(&sandbox).await, before);
    sandbox.ok(&["migrate", "down", "--yes", "--to", "11"]);
    assert!(sandbox.ok(&["migrate", "status"]).contains("no"));
}

#[tokio::test(flavor = "multi_thread")]
async fn run_refuses_a_database_of_another_version_and_says_what_to_do() {
    let sandbox = Sandbox::new("versions").await;
    sandbox.ok(&["migrate", "down", "--yes", "--to", "12"]);
    let refuse = || String::from_utf8(sandbox.run(&["run", "--until-caught-up"]).stderr).unwrap();
    assert!(refuse().contains("ledgerwell migrate up"), "{}", refuse());
    sandbox.ok(&["migrate", "up"]);
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
               VALUES (999, 'from the future', true, '', 0)";
    sandbox.connect().await.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    assert!(refuse().contains("999"), "{}", refuse());
}

/// Sessions that wait for a lock on a table.
const WAITS: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

#[tokio::test(flavor = "multi_thread")]
async fn who_runs_while_the_database_is_migrated_writes_nothing_more() {
    let sandbox = Sandbox::new("migrated_under").await;
    publish(&sandbox, &snapshot());
    let running = sandbox.start();
    until("the snapshot", async || limit(&sandbox).await == 100).await;
    let address = sandbox.listening().await;
    until("ready", async || ready(&address, 200, "running")).await;

    // It hangs for a while, and its connections are gone: nobody is at work, as far as can be seen.
    running.signal("STOP");
    sandbox.value(END_OTHERS).await;
    // Somebody's query holds the migration up.
    let mut reader = sandbox.connect().await;
    let mut reading = reader.begin().await.unwrap();
    reading.execute("LOCK TABLE credit.hold IN ACCESS SHARE MODE").await.unwrap();
    let mut migration = sandbox.command(&["migrate", "down", "--yes", "--to", "15"]);
    let mut migrating = migration.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the migration to begin", async || sandbox.value(WAITS).await > 0).await;
    running.signal("CONT");
    until("the owner to lose its task", async || sandbox.log().contains("is being migrated")).await;
    publish(&sandbox, &transaction(1, &partner("Seven", 200)));
    reading.rollback().await.unwrap();
    assert!(migrating.wait().unwrap().success());
    until("word of the other version", async || {
        ready(&address, 503, "lacks migration 16: run `ledgerwell migrate up`")
    })
    .await;
    assert_eq!(limit(&sandbox).await, 100, "nothing was written");
    drop(running);

    sandbox.ok(&["migrate", "up"]);
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(emitted_limits(&sandbox), ["100.00", "200.00"], "each change emitted once");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_keep_what_they_say_on_the_way_up_and_down() {
    let sandbox = Sandbox::new("lists").await;
    sandbox.ok(&["migrate", "down", "--yes", "--to", "15"]);
    let mut connection = sandbox.connect().await;
    // A rebuild was under way, and one has left the version before.
    for version in ["credit_next", "credit_previous"] {
        let sql = format!(
            "CREATE SCHEMA {version};
             CREATE TABLE {version}.assessment (LIKE credit.assessment INCLUDING ALL);
             CREATE TABLE {version}.hold (LIKE credit.hold INCLUDING ALL)"
        );
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    for version in ["credit", "credit_next", "credit_previous"] {
        let sql = format!(
            "INSERT INTO {version}.assessment (company_id, partner_id, experiences, order_volume, risk_level, failing, day_scores,
                 told_risk, updated_at)
             VALUES (1, 1, 0, 0, 'normal', '', '', 'normal', now()),
                 (1, 2, 0, 0, 'normal', 'utilisation,oldest_overdue', '', 'normal', now());
             INSERT INTO {version}.hold (company_id, partner_id, status, checks, reason, release, orders, released, updated_at)
             VALUES (1, 1, 'none', '', '', '', '', 'utilisation', now()),
                 (1, 2, 'held', 'utilisation,oldest_overdue', '', '', '12,7', '', now())"
        );
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let mut lists = async || {
        let mut lines = Vec::new();
        for version in ["credit", "credit_next", "credit_previous"] {
            let sql = format!(
                "SELECT concat_ws(' | ', failing::text, checks::text, orders::text, released::text)
                 FROM {version}.hold JOIN {version}.assessment USING (company_id, partner_id) ORDER BY partner_id"
            );
            let said: Vec<String> =
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
            lines.push(said);
        }
        lines
    };
    let texts = [" |  |  | utilisation", "utilisation,oldest_overdue | utilisation,oldest_overdue | 12,7 | "];
    assert_eq!(lists().await, [texts; 3]);
    sandbox.ok(&["migrate", "up"]);
    let arrays = [
        r#"[] | [] | [] | ["utilisation"]"#,
        r#"["utilisation", "oldest_overdue"] | ["utilisation", "oldest_overdue"] | [12, 7] | []"#,
    ];
    assert_eq!(lists().await, [arrays; 3]);
    sandbox.ok(&["migrate", "down", "--yes", "--to", "15"]);
    assert_eq!(lists().await, [texts; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_the_release_before_has_left_are_gone_on_from() {
    let sandbox = Sandbox::new("release_before").await;
    publish(&sandbox, &[snapshot(), transaction(1, &partner("Seven", 200))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    // What that one kept: neither chain nor fingerprint, and nothing of missing columns.
    sandbox.ok(&["migrate", "down", "--yes", "--to", "17"]);
    sandbox.ok(&["migrate", "up"]);
    let known = "SELECT count(*) FROM stream.active WHERE fingerprint IS NOT NULL";
    assert_eq!(sandbox.value(known).await, 0);
    publish(&sandbox, &transaction(2, &partner("Seven", 300)));
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(emitted_limits(&sandbox), ["100.00", "200.00", "300.00"], "each change emitted once");
    assert_eq!(sandbox.value(known).await, 1);
    assert!(sandbox.ok(&["verify", "credit"]).contains("exactly what is there"));
}
