//! The schema goes up, down to nothing and up again to the same catalogue; a database of another version is refused.

use sqlx::{AssertSqlSafe, Executor};

use crate::sandbox::Sandbox;

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
    sandbox.ok(&["migrate", "down", "--to", "0"]);
    assert_eq!(catalogue(&sandbox).await, "");
    sandbox.ok(&["migrate", "up"]);
    assert_eq!(catalogue(&sandbox).await, before);
    sandbox.ok(&["migrate", "down", "--to", "11"]);
    assert!(sandbox.ok(&["migrate", "status"]).contains("no"));
}

#[tokio::test(flavor = "multi_thread")]
async fn run_refuses_a_database_of_another_version_and_says_what_to_do() {
    let sandbox = Sandbox::new("versions").await;
    sandbox.ok(&["migrate", "down", "--to", "12"]);
    let refuse = || String::from_utf8(sandbox.run(&["run", "--until-caught-up"]).stderr).unwrap();
    assert!(refuse().contains("ledgerwell migrate up"), "{}", refuse());
    sandbox.ok(&["migrate", "up"]);
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
               VALUES (999, 'from the future', true, '', 0)";
    sandbox.connect().await.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    assert!(refuse().contains("999"), "{}", refuse());
}
