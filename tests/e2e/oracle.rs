//! After every transaction of a torn log, each exposure equals what plain SQL computes from a plain mirror of the rows.
//! The oracle shares no code with the product: `tests/oracle/README.md`.

use credit::event::TABLES;
use serde_json::Value;
use simulator::Settings;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::in_process::{Pipeline, Record, job};
use crate::sandbox::Sandbox;
use crate::torn::{Chance, Torn};

const TRANSACTIONS: usize = 1_000;
const BUCKETS: [&str; 6] = [
    "not_due > 0",
    "overdue > 0",
    "unapplied < 0",
    "draft_invoiced <> 0",
    "to_invoice > 0",
    "credit_limit > 0",
];
const ORACLE: &str = include_str!("../oracle/exposure.sql");

/// The oracle, in a database of the pipeline's.
pub struct Oracle {
    connection: PgConnection,
    differences: String,
    analyzed: bool,
}

impl Oracle {
    /// With an empty mirror.
    pub async fn new(sandbox: &Sandbox) -> Self {
        let mut connection = sandbox.connect().await;
        sqlx::raw_sql(
            "SET jit = off; CREATE TABLE mirror (tbl text, id text, row jsonb, PRIMARY KEY (tbl, id))",
        )
        .execute(&mut connection)
        .await
        .unwrap();
        Self { connection, differences: differences(), analyzed: false }
    }

    /// Tells it what has truly happened.
    pub async fn mirror(&mut self, records: &[Record]) {
        mirror(records, &mut self.connection).await;
    }

    /// Every exposure is what the oracle says.
    pub async fn assert_agrees(&mut self, pipeline: &Pipeline, when: &str) {
        if !std::mem::replace(&mut self.analyzed, true) {
            sqlx::raw_sql("ANALYZE mirror").execute(&mut self.connection).await.unwrap();
        }
        let today = pipeline.clock().unwrap().date_naive();
        let different: Vec<String> = sqlx::query_scalar(AssertSqlSafe(self.differences.clone()))
            .bind(today)
            .fetch_all(&mut self.connection)
            .await
            .unwrap();
        assert!(different.is_empty(), "{when}, on {today}:\n{}", different.join("\n"));
    }
}

/// Every exposure that differs from the oracle's.
fn differences() -> String {
    let columns = "not_due overdue unapplied draft_invoiced to_invoice total credit_limit oldest_due partner_name currency";
    let differs: Vec<_> =
        columns.split(' ').map(|column| format!("oracle.{column} IS DISTINCT FROM ours.{column}")).collect();
    format!(
        "SELECT jsonb_build_object('oracle', to_jsonb(oracle), 'ours', to_jsonb(ours))::text
         FROM ({}) AS oracle FULL JOIN credit.exposure AS ours USING (company_id, partner_id) WHERE {}",
        ORACLE.trim().trim_end_matches(';'),
        differs.join(" OR ")
    )
}

/// Folds records into the mirror, the way anybody would.
async fn mirror(records: &[Record], connection: &mut PgConnection) {
    let (mut tables, mut ids, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = std::collections::BTreeMap::new();
    for record in records {
        let Some(value) = &record.value else { continue };
        let value: Value = serde_json::from_slice(value).unwrap();
        let Some(table) = value["source"]["table"].as_str() else { continue };
        if value["source"]["snapshot"] == "first" {
            last.clear();
            sqlx::query("TRUNCATE mirror").execute(&mut *connection).await.unwrap();
        }
        if TABLES.contains(&table) {
            let key: Value = serde_json::from_slice(&record.key).unwrap();
            let id = key.get("id").map_or_else(|| key.to_string(), ToString::to_string);
            last.insert((table.to_owned(), id), (value["op"] != "d").then(|| value["after"].clone()));
        }
    }
    for ((table, id), row) in last {
        tables.push(table);
        ids.push(id);
        rows.push(row);
    }
    sqlx::query("DELETE FROM mirror USING UNNEST($1::text[], $2::text[]) AS gone(tbl, id) WHERE mirror.tbl = gone.tbl AND mirror.id = gone.id")
        .bind(&tables)
        .bind(&ids)
        .execute(&mut *connection)
        .await
        .unwrap();
    sqlx::query("INSERT INTO mirror SELECT * FROM UNNEST($1::text[], $2::text[], $3::jsonb[]) AS row(tbl, id, row) WHERE row IS NOT NULL")
        .bind(&tables)
        .bind(&ids)
        .bind(&rows)
        .execute(connection)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_oracle_agrees_after_every_transaction_of_a_torn_log() {
    let sandbox = Sandbox::new("oracle").await;
    let mut oracle = Oracle::new(&sandbox).await;
    let settings =
        Settings { days: 400, customers: 30, orders_per_day: 5, companies: 2, ..Settings::default() };
    let mut torn = Torn::new(7, &settings);
    let mut chance = Chance::new(8);
    // A transaction of more than 25 wanted rows is read twice.
    let mut pipeline = Pipeline::claim(&job(&sandbox, 25)).await;
    let (mut log, mut transactions, mut compared) = (Vec::new(), 0, 0);
    let mut seen = [false; BUCKETS.len()];
    while transactions < TRANSACTIONS {
        let piece = torn.next().expect("the simulation is long enough");
        transactions += usize::from(piece.transaction);
        // Bounded, because a restart before anything is saved begins at the same place again.
        let (mut offset, mut restarts_left) = (log.len(), 2);
        log.extend(piece.log);
        oracle.mirror(&piece.clean).await;
        while offset < log.len() {
            pipeline.read(&log, offset, || chance.once_in(3)).await;
            offset += 1;
            if restarts_left > 0 && chance.once_in(400) {
                restarts_left -= 1;
                pipeline.restart().await;
                offset = pipeline.resume;
            }
        }
        pipeline.finish(&log).await;
        if !pipeline.complete() {
            continue;
        }
        compared += 1;
        for (bucket, seen) in BUCKETS.iter().zip(&mut seen) {
            *seen = *seen
                || sandbox
                    .value(&format!("SELECT 1::bigint FROM credit.exposure WHERE {bucket} LIMIT 1"))
                    .await
                    == 1;
        }
        oracle.assert_agrees(&pipeline, &format!("after {transactions} transactions")).await;
    }
    assert!(compared >= TRANSACTIONS);
    assert!(
        seen.iter().all(|seen| *seen),
        "a bucket that was never filled is not tested: {BUCKETS:?} {seen:?}"
    );
}
