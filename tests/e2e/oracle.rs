//! After every transaction, exposures, scores, failing checks and predictions equal what plain SQL computes from a plain mirror
//! of the rows. The oracle shares no code with the product: `tests/oracle/README.md`.

use chrono::{DateTime, NaiveDate};
use contract::Decode;
use credit::store::RowChange;
use serde_json::Value;
use simulator::{DeliveryKind, Settings, Simulation};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::in_process::{Pipeline, Record, job};
use crate::sandbox::Sandbox;
use crate::torn::{Chance, Torn};

const TRANSACTIONS: usize = 1_000;
const BUCKETS: [&str; 10] = [
    "exposure WHERE not_due > 0",
    "exposure WHERE overdue > 0",
    "exposure WHERE unapplied < 0",
    "item WHERE residual > 0 AND of_payment",
    "exposure WHERE draft_invoiced <> 0",
    "exposure WHERE to_invoice > 0",
    "exposure WHERE to_invoice_odoo > to_invoice",
    "exposure WHERE committed > 0",
    "pending",
    "exposure WHERE credit_limit > 0",
];
const EXPOSURE: &str = include_str!("../oracle/exposure.sql");
const NORMS: &str = include_str!("../oracle/norms.sql");
const ASSESSMENT: &str = include_str!("../oracle/assessment.sql");

/// The checks that are made by default: name, at, release.
const CHECKS: [(&str, i32, i32); 4] =
    [("utilisation", 100, 95), ("oldest_open", 60, 30), ("overdue_share", 50, 25), ("score_drop", 15, 10)];

/// The oracle, in a database of the pipeline's.
pub struct Oracle {
    connection: PgConnection,
    analyzed: bool,
    /// The last day that has begun.
    day: Option<NaiveDate>,
}

impl Oracle {
    /// With an empty mirror.
    pub async fn new(sandbox: &Sandbox) -> Self {
        let mut connection = sandbox.connect().await;
        let tables = "SET jit = off;
            CREATE TABLE mirror (tbl text, id text, row jsonb, PRIMARY KEY (tbl, id));
            CREATE TABLE norm (company_id int, mean double precision, revenues numeric[]);
            CREATE TABLE score_day (company_id int, partner_id int, day date, score numeric);
            CREATE TABLE fails (company_id int, partner_id int, name text)";
        sqlx::raw_sql(tables).execute(&mut connection).await.unwrap();
        Self { connection, analyzed: false, day: None }
    }

    /// Writes into the tables what has truly happened.
    pub async fn mirror(&mut self, records: &[Record]) {
        mirror(records, &mut self.connection).await;
    }

    /// Days begin up to the one of this transaction, on the rows as they are before it.
    pub async fn begin_days(&mut self, transaction: &[Record]) {
        let Some(last) = self.day else { return };
        let commit = transaction.iter().map(|record| record.timestamp).max().unwrap_or_default();
        let today = DateTime::from_timestamp_millis(commit).unwrap().date_naive();
        for day in last.iter_days().skip(1).take_while(|day| *day <= today) {
            self.begin_day(day).await;
        }
    }

    async fn begin_day(&mut self, day: NaiveDate) {
        self.day = Some(day);
        self.run("DELETE FROM norm").await;
        self.query(&format!("INSERT INTO norm {}", statement(NORMS)), day).await;
        self.assess(day).await;
        self.query(
            "INSERT INTO score_day SELECT company_id, partner_id, $1, credit_score FROM assessed
             WHERE credit_score IS NOT NULL",
            day,
        )
        .await;
        self.fail().await;
    }

    /// Computes all from scratch.
    async fn assess(&mut self, today: NaiveDate) {
        self.run("DROP TABLE IF EXISTS exposure_now; DROP TABLE IF EXISTS assessed").await;
        self.query(&format!("CREATE TEMP TABLE exposure_now AS {}", statement(EXPOSURE)), today).await;
        self.query(&format!("CREATE TEMP TABLE assessed AS {}", statement(ASSESSMENT)), today).await;
    }

    /// A check fails above `at`, and goes on failing until it is at or below `release`.
    async fn fail(&mut self) {
        let check = |(name, at, release): &(&str, i32, i32)| {
            format!(
                "SELECT company_id, partner_id, '{name}' FROM assessed AS a WHERE f_{name} > {at} OR f_{name} > {release}
                     AND EXISTS (SELECT FROM fails WHERE fails.company_id = a.company_id
                         AND fails.partner_id = a.partner_id AND fails.name = '{name}')"
            )
        };
        let checks: Vec<_> = CHECKS.iter().map(check).collect();
        self.run(&format!(
            "CREATE TEMP TABLE now_fails AS {}; DELETE FROM fails; INSERT INTO fails SELECT * FROM now_fails;
             DROP TABLE now_fails",
            checks.join(" UNION ALL ")
        ))
        .await;
    }

    /// Whatever is concluded is what the oracle says.
    pub async fn assert_agrees(&mut self, pipeline: &Pipeline, when: &str) {
        if !std::mem::replace(&mut self.analyzed, true) {
            self.run("ANALYZE mirror").await;
        }
        let today = pipeline.clock().unwrap().date_naive();
        if self.day != Some(today) {
            // A snapshot has ended on a day that nothing else began.
            self.begin_day(today).await;
        }
        self.assess(today).await;
        self.fail().await;
        for differences in [exposures(), assessments()] {
            let different: Vec<String> =
                sqlx::query_scalar(AssertSqlSafe(differences)).fetch_all(&mut self.connection).await.unwrap();
            assert!(different.is_empty(), "{when}, on {today}:\n{}", different.join("\n"));
        }
    }

    async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connection).await.unwrap();
    }

    /// A statement about a day: what makes a table takes no parameters, so the day is written into it.
    async fn query(&mut self, sql: &str, day: NaiveDate) {
        self.run(&sql.replace("$1", &format!("date '{day}'"))).await;
    }
}

fn statement(sql: &str) -> &str {
    sql.trim().trim_end_matches(';')
}

/// Every exposure that differs from the oracle's.
fn exposures() -> String {
    let columns = "not_due overdue unapplied draft_invoiced to_invoice to_invoice_odoo committed total credit_limit oldest_due partner_name currency";
    let differs: Vec<_> =
        columns.split(' ').map(|column| format!("oracle.{column} IS DISTINCT FROM ours.{column}")).collect();
    format!(
        "SELECT jsonb_build_object('oracle', to_jsonb(oracle), 'ours', to_jsonb(ours))::text
         FROM exposure_now AS oracle FULL JOIN credit.exposure AS ours USING (company_id, partner_id) WHERE {}",
        differs.join(" OR ")
    )
}

/// Every assessment that differs. The parts of a score are rounded on one side only, so a hundredth may be between them.
fn assessments() -> String {
    let near = |column: &str| {
        format!(
            "COALESCE(abs(oracle.{column} - ours.{column}) > 0.011, (oracle.{column} IS NULL) <> (ours.{column} IS NULL))"
        )
    };
    let order: Vec<_> = CHECKS.iter().map(|(name, ..)| format!("'{name}'")).collect();
    format!(
        "SELECT jsonb_build_object('oracle', to_jsonb(oracle), 'ours', to_jsonb(ours))::text
         FROM (SELECT assessed.*, COALESCE((SELECT jsonb_agg(name ORDER BY array_position(ARRAY[{}], name)) FROM fails
                   WHERE fails.company_id = assessed.company_id AND fails.partner_id = assessed.partner_id), '[]') AS failing
               FROM assessed) AS oracle
         FULL JOIN credit.assessment AS ours USING (company_id, partner_id)
         WHERE {} OR {} OR {} OR oracle.experiences IS DISTINCT FROM ours.experiences
             OR oracle.breach_on IS DISTINCT FROM ours.breach_on OR oracle.failing IS DISTINCT FROM ours.failing",
        order.join(", "),
        near("payment_history"),
        near("order_volume"),
        near("credit_score")
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
        if RowChange::TABLES.contains(&table) {
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

/// Whether a change is of a table that decides about anything.
fn is_wanted(record: &Record) -> bool {
    let value = record.value.as_deref().unwrap_or(b"null");
    let value: Value = serde_json::from_slice(value).unwrap();
    value["source"]["table"].as_str().is_some_and(|table| RowChange::TABLES.contains(&table))
}

/// Which of these were the case at least once.
struct Seen {
    what: Vec<(&'static str, bool)>,
}

impl Seen {
    fn new(what: &[&'static str]) -> Self {
        Self { what: what.iter().map(|what| (*what, false)).collect() }
    }

    async fn look(&mut self, sandbox: &Sandbox) {
        for (what, seen) in self.what.iter_mut().filter(|(_, seen)| !seen) {
            let sql = format!("SELECT 1::bigint FROM credit.{what} LIMIT 1");
            *seen = sandbox.value(&sql).await == 1;
        }
    }

    fn assert_all(&self) {
        assert!(
            self.what.iter().all(|(_, seen)| *seen),
            "what was never the case is not tested: {:?}",
            self.what
        );
    }
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
    let mut seen = Seen::new(&BUCKETS);
    while transactions < TRANSACTIONS {
        let piece = torn.next().expect("the simulation is long enough");
        transactions += usize::from(piece.transaction);
        if piece.transaction {
            oracle.begin_days(&piece.clean).await;
        }
        // Bounded, because a restart before anything is saved begins at the same offset again.
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
        seen.look(&sandbox).await;
        oracle.assert_agrees(&pipeline, &format!("after {transactions} transactions")).await;
    }
    assert!(compared >= TRANSACTIONS);
    seen.assert_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_agrees_about_scores_of_a_year() {
    let sandbox = Sandbox::new("oracle_year").await;
    let mut oracle = Oracle::new(&sandbox).await;
    let settings = Settings { seed: 6, days: 250, customers: 9, orders_per_day: 1, ..Settings::default() };
    let mut simulation = Simulation::new(settings);
    let mut pipeline = Pipeline::claim(&job(&sandbox, 1_000_000)).await;
    let (mut log, mut compared) = (Vec::new(), 0);
    let mut seen = Seen::new(&[
        "assessment WHERE payment_history > 80",
        "assessment WHERE payment_history < 70",
        "assessment WHERE order_volume > 10",
        "assessment WHERE breach_on IS NOT NULL",
        "assessment WHERE failing ? 'score_drop'",
        "assessment WHERE failing ? 'oldest_open'",
        "assessment WHERE failing ? 'overdue_share'",
        "assessment WHERE risk_level = 'low'",
        "assessment WHERE risk_level = 'high'",
    ]);
    while let Some(delivery) = simulation.next_delivery() {
        let transaction = delivery.kind == DeliveryKind::Transaction;
        let records: Vec<_> = delivery.records.into_iter().map(Record::from).collect();
        if transaction {
            oracle.begin_days(&records).await;
        }
        oracle.mirror(&records).await;
        let matters = records.iter().any(is_wanted);
        for record in records {
            log.push(record);
            pipeline.read(&log, log.len() - 1, || false).await;
        }
        if matters && pipeline.complete() {
            pipeline.save().await;
            compared += 1;
            if compared % 20 == 0 {
                seen.look(&sandbox).await;
            }
            if compared % 200 == 0 {
                // So that statements stay quick while the mirror grows.
                oracle.analyzed = false;
            }
            oracle.assert_agrees(&pipeline, &format!("after {compared} transactions")).await;
        }
    }
    assert!(compared > 500, "{compared} transactions");
    seen.assert_all();
}
