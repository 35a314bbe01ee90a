//! One company, as Odoo 17, 18 and 19 store it: the results are the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::sandbox::{Sandbox, assert_same};

const RESULTS: [&str; 6] = [
    "credit.exposure",
    "credit.assessment",
    "credit.hold",
    "public.duplicate_groups",
    "reconciliation.line",
    "reconciliation.proposal",
];

/// Customers' limits, as rows of `ir_property`: company and customer give the id.
#[derive(Default)]
struct Properties(BTreeMap<(i64, i64), Value>);

impl Properties {
    /// Takes the limits out of a customer's row, and answers the changes to `ir_property` that say the same.
    fn take(&mut self, customer: &mut Value) -> Vec<Value> {
        let id = customer["key"]["id"].as_i64().unwrap();
        let limits = match customer["value"]["after"].as_object_mut() {
            Some(row) => row.remove("credit_limit").unwrap(),
            None => Value::Null,
        };
        let limits: BTreeMap<String, Value> =
            limits.as_str().map(|limits| serde_json::from_str(limits).unwrap()).unwrap_or_default();
        let now: BTreeMap<_, _> =
            limits.into_iter().map(|(company, limit)| ((id, company.parse().unwrap()), limit)).collect();
        let known = self.0.range((id, i64::MIN)..=(id, i64::MAX)).map(|(key, _)| *key);
        let gone: Vec<_> = known.filter(|key| !now.contains_key(key)).collect();
        let mut changes = Vec::new();
        for key in gone {
            self.0.remove(&key);
            changes.push(change(customer, key, "d", &Value::Null));
        }
        for (key, limit) in now {
            let before = self.0.insert(key, limit.clone());
            if before.as_ref() != Some(&limit) {
                changes.push(change(customer, key, if before.is_some() { "u" } else { "c" }, &limit));
            }
        }
        changes
    }
}

/// The record of a property that changes together with its customer.
fn change(customer: &Value, (partner, company): (i64, i64), op: &str, limit: &Value) -> Value {
    let mut record = customer.clone();
    let id = partner * 100 + company;
    record["key"]["id"] = id.into();
    record["value"]["source"]["table"] = "ir_property".into();
    let in_snapshot = record["value"]["op"] == "r";
    record["value"]["op"] = if in_snapshot { "r" } else { op }.into();
    record["value"]["after"] = if limit.is_null() {
        Value::Null
    } else {
        json!({ "id": id, "name": "credit_limit", "fields_id": 1_234, "res_id": format!("res.partner,{partner}"),
            "company_id": company, "type": "float", "value_float": limit, "value_text": null, "value_reference": null })
    };
    record
}

/// Numbers the records of a transaction anew, whose last one is its END.
fn number(transaction: &mut [Value]) {
    let (end, rows) = transaction.split_last_mut().unwrap();
    let mut of_table: BTreeMap<String, i64> = BTreeMap::new();
    let mut total = 0;
    for row in rows.iter_mut().filter(|row| row["value"]["op"].is_string()) {
        total += 1;
        let count = of_table.entry(row["value"]["source"]["table"].as_str().unwrap().into()).or_default();
        *count += 1;
        row["value"]["transaction"]["total_order"] = total.into();
        row["value"]["transaction"]["data_collection_order"] = (*count).into();
    }
    end["value"]["event_count"] = total.into();
    end["value"]["data_collections"] = of_table
        .into_iter()
        .map(|(table, count)| json!({ "data_collection": format!("public.{table}"), "event_count": count }))
        .collect();
}

fn is_of(record: &Value, table: &str) -> bool {
    record["value"]["source"]["table"] == table
}

fn odoo_17(feed: Vec<Value>) -> Vec<Value> {
    let mut properties = Properties::default();
    let (mut log, mut begun) = (Vec::new(), 0);
    for mut record in feed {
        let changes = if is_of(&record, "res_partner") { properties.take(&mut record) } else { Vec::new() };
        let status = record["value"]["status"].as_str().unwrap_or_default().to_owned();
        if status == "BEGIN" {
            begun = log.len();
        }
        // The last row of a snapshot stays its last.
        log.extend(changes);
        log.push(record);
        if status == "END" {
            number(&mut log[begun..]);
        }
    }
    assert!(properties.0.len() > 10, "{} limits", properties.0.len());
    log
}

fn odoo_19(mut feed: Vec<Value>) -> Vec<Value> {
    for record in &mut feed {
        if (is_of(record, "res_partner") || is_of(record, "crm_lead"))
            && let Some(row) = record["value"]["after"].as_object_mut()
        {
            assert!(row.remove("mobile").is_some());
        }
    }
    feed
}

/// Nobody has a second number, which is all that Odoo 19 stores none of.
fn without_mobiles(mut feed: Vec<Value>) -> Vec<Value> {
    for record in &mut feed {
        if !record["value"]["after"]["mobile"].is_null() {
            record["value"]["after"]["mobile"] = Value::Null;
        }
    }
    feed
}

async fn results(version: &str, feed: &[Value]) -> String {
    let sandbox = Sandbox::new(version).await;
    sandbox.configure_all("");
    let lines: Vec<_> = feed.iter().map(Value::to_string).collect();
    let file = sandbox.file("feed.jsonl", &(lines.join("\n") + "\n"));
    sandbox.ok(&["publish", &file, "--topic", &sandbox.topic]);
    sandbox.ok(&["run", "--until-caught-up"]);
    let mut connection = sandbox.connect().await;
    let mut results = String::new();
    for table in RESULTS {
        // Groups have random names.
        let sql = format!("SELECT (to_jsonb(t) - 'id' - 'scan_id')::text FROM {table} AS t ORDER BY 1");
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        assert!(table == "credit.hold" || rows.len() > 1, "{table} has {} rows", rows.len());
        results.extend([table, "\n", &rows.join("\n"), "\n"]);
    }
    results
}

#[tokio::test(flavor = "multi_thread")]
async fn one_company_in_odoo_17_18_and_19_has_the_same_results() {
    let sandbox = Sandbox::unmigrated("odoo_versions").await;
    let file = sandbox.file("feed.jsonl", "");
    sandbox.ok(&[
        "simulate",
        "--seed",
        "11",
        "--days",
        "40",
        "--customers",
        "80",
        "--orders-per-day",
        "5",
        "--out",
        &file,
    ]);
    let feed = std::fs::read_to_string(&file).unwrap();
    let feed: Vec<Value> = feed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let odoo_18 = results("odoo_18", &feed).await;
    assert_same(&odoo_18, &results("odoo_17", &odoo_17(feed.clone())).await);
    let without_mobiles = results("odoo_18_one_number", &without_mobiles(feed.clone())).await;
    assert_same(&without_mobiles, &results("odoo_19", &odoo_19(feed)).await);
}
