//! Tables that another service made are adopted where they fit, and refused by name where they do not.

use serde_json::Value;
use sqlx::AssertSqlSafe;

use crate::api::over_the_limit;
use crate::failures::{publish, snapshot};
use crate::migrations::catalogue;
use crate::sandbox::Sandbox;

const SEED: &str = include_str!("adoption/seed.sql");

/// How many tables that is.
const TABLES: usize = 16;

/// Puts the seed's tables into schema `public`, then runs `sql`. Whatever else was there is gone.
async fn seed(sandbox: &Sandbox, sql: &str) {
    execute(sandbox, &format!("DROP SCHEMA public CASCADE; CREATE SCHEMA public; {SEED} {sql}")).await;
}

async fn execute(sandbox: &Sandbox, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut sandbox.connect().await).await.unwrap();
}

fn adopted(sandbox: &Sandbox) -> Vec<String> {
    let status: Value = serde_json::from_str(&sandbox.ok(&["migrate", "status", "--json"])).unwrap();
    serde_json::from_value(status["adopted"].clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seeds_tables_are_adopted_and_outlive_us() {
    let sandbox = Sandbox::unmigrated("adopted").await;
    let rows = "INSERT INTO audit_logs (automation_type, action_name, status, input_data, output_data)
                VALUES ('credit', 'hold', 'pending', '{}', '{}');
                INSERT INTO month_end_closings (period) VALUES ('2026-01');";
    seed(&sandbox, rows).await;
    let before = catalogue(&sandbox).await;
    sandbox.ok(&["migrate", "up"]);
    let after = catalogue(&sandbox).await;
    for ours in ["idx_automation_rules_action", "idx_credit_scores_risk", "credit.exposure"] {
        assert!(after.contains(ours) && !before.contains(ours), "{ours}");
    }
    assert_eq!(adopted(&sandbox).len(), TABLES);
    let status = sandbox.ok(&["migrate", "status"]);
    assert!(
        status.contains("adopted, never dropped: audit_logs, automation_rules, cash_forecasts"),
        "{status}"
    );

    sandbox.ok(&["migrate", "down", "--yes", "--to", "0"]);
    assert_eq!(catalogue(&sandbox).await, before);
    assert_eq!(sandbox.value("SELECT count(*) FROM audit_logs, month_end_closings").await, 1);

    sandbox.ok(&["migrate", "up"]);
    assert_eq!(catalogue(&sandbox).await, after);
    assert_eq!(adopted(&sandbox).len(), TABLES);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_service_did_not_make_or_dropped_is_ours() {
    let sandbox = Sandbox::unmigrated("partly_adopted").await;
    seed(&sandbox, "DROP TABLE closing_steps; DROP TABLE credit_scores;").await;
    let before = catalogue(&sandbox).await;
    sandbox.ok(&["migrate", "up"]);
    assert_eq!(adopted(&sandbox).len(), TABLES - 2);
    sandbox.ok(&["migrate", "down", "--yes", "--to", "0"]);
    assert_eq!(catalogue(&sandbox).await, before);

    execute(&sandbox, "DROP TABLE report_jobs").await;
    let before = catalogue(&sandbox).await;
    sandbox.ok(&["migrate", "up"]);
    assert!(!adopted(&sandbox).contains(&"report_jobs".to_owned()));
    // Its owner may take back an adopted table at any time.
    execute(&sandbox, "DROP TABLE daily_digests").await;
    sandbox.ok(&["migrate", "down", "--yes", "--to", "0"]);
    let left = catalogue(&sandbox).await;
    assert!(!left.contains("report_jobs") && !left.contains("daily_digests"), "{left}");
    assert!(before.contains("daily_digests"));
}

#[tokio::test(flavor = "multi_thread")]
async fn compatible_types_are_adopted() {
    let sandbox = Sandbox::unmigrated("compatible").await;
    let variants = "
        ALTER TABLE audit_logs ALTER id DROP DEFAULT, ALTER id TYPE uuid USING gen_random_uuid(),
            ALTER id SET DEFAULT gen_random_uuid(), ALTER timestamp TYPE timestamptz, ALTER status TYPE text,
            ALTER odoo_record_id TYPE bigint, ALTER confidence TYPE numeric, ALTER input_data TYPE jsonb,
            ADD tenant integer NOT NULL DEFAULT 1, ADD shard integer GENERATED ALWAYS AS IDENTITY;
        ALTER TABLE webhook_events ALTER id DROP DEFAULT, ALTER id TYPE uuid USING gen_random_uuid();
        ALTER TABLE daily_digests ALTER content TYPE json, ALTER user_role TYPE character(120),
            ALTER id TYPE bigint;
        ALTER TABLE credit_scores ALTER customer_id TYPE bigint, ALTER credit_limit TYPE numeric(20,4),
            ALTER last_calculated TYPE timestamptz, ALTER customer_name TYPE varchar;
        ALTER TABLE closing_steps DROP CONSTRAINT closing_steps_closing_id_fkey,
            ALTER closing_id TYPE uuid USING gen_random_uuid();
        ALTER TABLE month_end_closings ALTER id DROP DEFAULT, ALTER id TYPE uuid USING gen_random_uuid(),
            ADD CONSTRAINT one_per_period UNIQUE (period);
        DROP INDEX idx_month_end_period;";
    seed(&sandbox, variants).await;
    let before = catalogue(&sandbox).await;
    sandbox.ok(&["migrate", "up"]);
    assert_eq!(adopted(&sandbox).len(), TABLES);
    sandbox.ok(&["migrate", "down", "--yes", "--to", "0"]);
    let defaults = "ALTER TABLE webhook_events ALTER id DROP DEFAULT; ALTER TABLE month_end_closings ALTER id DROP DEFAULT";
    execute(&sandbox, defaults).await;
    assert_eq!(catalogue(&sandbox).await, before, "a default for a key that had none is all that stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_adopted_is_read_and_written_whatever_its_types() {
    let sandbox = Sandbox::unmigrated("adopted_run").await;
    // As a program makes them that fills in ids by itself, and keeps times with their zone.
    let variants = "
        ALTER TABLE audit_logs ALTER id DROP DEFAULT, ALTER id TYPE uuid USING gen_random_uuid(),
            ALTER timestamp TYPE timestamptz, ALTER input_data TYPE json, ALTER odoo_record_id TYPE bigint;
        ALTER TABLE automation_rules ALTER id DROP DEFAULT, ALTER id TYPE uuid USING gen_random_uuid(),
            ALTER config TYPE jsonb, ALTER name TYPE text;
        ALTER TABLE credit_scores ALTER id DROP DEFAULT, ALTER id TYPE uuid USING gen_random_uuid(),
            ALTER customer_id TYPE bigint, ALTER last_calculated TYPE timestamptz, ALTER customer_name TYPE text;";
    seed(&sandbox, variants).await;
    sandbox.ok(&["migrate", "up"]);
    sandbox.ok(&["topics"]);
    let rule =
        "SELECT count(*) FROM automation_rules WHERE automation_type = 'credit' AND action_name = 'hold'";
    assert_eq!(sandbox.value(rule).await, 1, "each automation has its rule");
    publish(&sandbox, &snapshot());
    sandbox.ok(&["run", "--until-caught-up"]);
    publish(&sandbox, &over_the_limit());
    sandbox.ok(&["run", "--until-caught-up"]);
    let decided =
        "SELECT count(*) FROM audit_logs WHERE odoo_record_id = 7 AND timestamp = '2026-01-05T00:00:00Z'
                       AND input_data->>'total' = '170.00'";
    assert_eq!(sandbox.value(decided).await, 1);
    let scored = "SELECT count(*) FROM credit_scores WHERE customer_id = 7 AND risk_level = 'critical'
                      AND last_calculated = '2026-01-05T00:00:00Z'";
    assert_eq!(sandbox.value(scored).await, 1);
}

/// What is done to the seed's tables, and what the refusal says.
const MISFITS: [(&str, &[&str]); 15] = [
    (
        "ALTER TABLE audit_logs DROP tokens_used; ALTER TABLE daily_digests DROP user_role",
        &[
            "audit_logs.tokens_used: expected integer, found no such column",
            "daily_digests.user_role: expected character varying(100), found no such column",
        ],
    ),
    (
        "ALTER TABLE report_jobs ALTER status TYPE varchar(10)",
        &["report_jobs.status: expected character varying(20), found character varying(10)"],
    ),
    (
        "ALTER TABLE daily_digests ALTER content TYPE integer USING 0",
        &["daily_digests.content: expected jsonb, found integer"],
    ),
    (
        "ALTER TABLE credit_scores ALTER credit_limit TYPE double precision",
        &["credit_scores.credit_limit: expected numeric(15,2), found double precision"],
    ),
    (
        "ALTER TABLE credit_scores ALTER hold_reason SET NOT NULL",
        &["credit_scores.hold_reason: expected text that may be NULL, found text NOT NULL"],
    ),
    (
        "ALTER TABLE cash_forecasts ALTER id DROP DEFAULT",
        &["cash_forecasts.id: expected integer with a default, or uuid, found integer without a default"],
    ),
    (
        "ALTER TABLE webhook_events ADD tenant integer NOT NULL",
        &["webhook_events.tenant: expected a default, because nothing is written into it"],
    ),
    (
        "ALTER TABLE credit_scores DROP CONSTRAINT credit_scores_customer_id_key",
        &["credit_scores.customer_id: expected a unique index, found none"],
    ),
    ("DROP INDEX idx_month_end_period", &["month_end_closings.period: expected a unique index, found none"]),
    (
        "INSERT INTO automation_rules (name, automation_type, action_name, enabled, auto_approve, config)
         SELECT name, 'credit', 'hold', true, false, '{}' FROM unnest('{one,two}'::text[]) AS name",
        &["automation_rules.(automation_type, action_name): expected values that differ"],
    ),
    (
        "DROP TABLE report_jobs; CREATE VIEW report_jobs AS SELECT 1 AS id",
        &["report_jobs: expected table, found view"],
    ),
    (
        "DROP INDEX idx_report_jobs_status; CREATE TABLE other (status text);
         CREATE INDEX idx_report_jobs_status ON other (status)",
        &["idx_report_jobs_status: expected an index on report_jobs (status), found an index on other"],
    ),
    (
        "DROP TABLE report_jobs; CREATE TABLE idx_report_jobs_created_at (id integer)",
        &["idx_report_jobs_created_at: expected an index on report_jobs (created_at), found table"],
    ),
    (
        "DROP TABLE closing_steps;
         ALTER TABLE month_end_closings ALTER id DROP DEFAULT, ALTER id TYPE uuid USING gen_random_uuid()",
        &["month_end_closings.id: expected integer, because closing_steps is missing", "found uuid"],
    ),
    (
        "ALTER TABLE closing_steps DROP CONSTRAINT closing_steps_closing_id_fkey;
         ALTER TABLE month_end_closings ALTER id DROP DEFAULT, ALTER id TYPE uuid USING gen_random_uuid()",
        &["closing_steps.closing_id: expected uuid, found integer"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_by_name_and_nothing_is_changed() {
    let sandbox = Sandbox::unmigrated("refused").await;
    for (sql, said) in MISFITS {
        seed(&sandbox, sql).await;
        let before = catalogue(&sandbox).await;
        let output = sandbox.run(&["migrate", "up"]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "adopted after {sql}");
        for text in said.iter().chain(&["Nothing was changed", "a database of its own"]) {
            assert!(error.contains(text), "{text} is not in:\n{error}");
        }
        assert_eq!(catalogue(&sandbox).await, before);
        let tables =
            "SELECT count(*) FROM pg_class WHERE relname IN ('_sqlx_migrations', '_ledgerwell_adopted')";
        assert_eq!(sandbox.value(tables).await, 0, "{sql}");
    }
    seed(&sandbox, "").await;
    sandbox.ok(&["migrate", "up"]);
}
