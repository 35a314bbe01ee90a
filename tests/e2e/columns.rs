//! Values that the connector does not send, and columns that the source does not have.

use serde_json::{Value, json};

use crate::failures::{limit, partner, publish, run, snapshot, transaction};
use crate::sandbox::Sandbox;

/// The customer as it comes while its limit, which is stored out of line, does not change.
fn partial(name: &str) -> Value {
    let mut partial = partner(name, 0);
    partial["credit_limit"] = json!("__debezium_unavailable_value");
    partial
}

async fn name(sandbox: &Sandbox) -> String {
    let sql = "SELECT partner_name FROM credit.exposure WHERE partner_id = 7";
    sqlx::query_scalar(sql).fetch_one(&mut sandbox.connect().await).await.unwrap()
}

fn dead_letters(sandbox: &Sandbox) -> Vec<Value> {
    serde_json::from_str(&sandbox.ok(&["dlq", "list", "--json"])).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_was_not_sent_is_what_it_was_and_one_that_nobody_knows_waits() {
    let sandbox = Sandbox::new("unavailable").await;
    publish(&sandbox, &[snapshot(), transaction(1, &partial("Seven B"))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!((limit(&sandbox).await, name(&sandbox).await.as_str()), (100, "Seven B"));

    // Changed and not sent again within one transaction.
    let mut twice = transaction(2, &partner("Seven C", 200));
    let mut second = transaction(2, &partial("Seven D")).remove(1);
    second["value"]["transaction"]["total_order"] = json!(2);
    twice.insert(2, second);
    twice[3]["value"]["event_count"] = json!(2);
    publish(&sandbox, &twice);
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!((limit(&sandbox).await, name(&sandbox).await.as_str()), (200, "Seven D"));

    // The value was in a record that could not be used: what is stored is older.
    let mut bad = partner("Seven E", 300);
    bad["credit_limit"] = json!(true);
    publish(&sandbox, &[transaction(3, &bad), transaction(4, &partial("Seven F"))].concat());
    assert_eq!(run(&sandbox).0, Some(2));
    let open = dead_letters(&sandbox);
    assert_eq!((open.len(), &open[0]["column_name"]), (1, &json!("credit_limit")));
    assert!(open[0]["found"].as_str().unwrap().contains("incremental snapshot"), "{open:?}");
    assert_eq!((limit(&sandbox).await, name(&sandbox).await.as_str()), (200, "Seven D"));

    publish(
        &sandbox,
        &[transaction(5, &partner("Seven G", 400)), transaction(6, &partial("Seven H"))].concat(),
    );
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!((limit(&sandbox).await, name(&sandbox).await.as_str()), (400, "Seven H"));

    // A row that was never seen.
    let mut unseen = transaction(7, &partial("Eight"));
    unseen[1]["key"]["id"] = json!(8);
    publish(&sandbox, &unseen);
    assert_eq!(run(&sandbox).0, Some(2));
    assert_eq!(dead_letters(&sandbox)[0]["row_key"], r#"{"id":8}"#);
    assert!(
        sandbox.ok(&["verify", "credit"]).contains("exactly what is there"),
        "a replay comes to the same"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_the_source_does_not_have_are_told_of_once_and_nothing_is_decided() {
    let sandbox = Sandbox::new("missing_columns").await;
    let without = |records: Vec<Value>, columns: &[&str]| {
        let mut records = records;
        for record in records.iter_mut().filter(|record| record["value"]["source"]["table"] == "res_partner")
        {
            let row = record["value"]["after"].as_object_mut().unwrap();
            for column in columns {
                row.remove(*column);
            }
        }
        records
    };
    // In Odoo 17 limits are in another table.
    publish(&sandbox, &without(snapshot(), &["credit_limit"]));
    let (code, error) = run(&sandbox);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("res_partner.credit_limit. ") && error.contains("capture ir_property"), "{error}");

    let columns = ["credit_limit", "name"];
    publish(&sandbox, &without(snapshot(), &columns));
    publish(&sandbox, &without(transaction(1, &partner("Seven", 200)), &columns));
    for _ in 0..2 {
        let (code, error) = run(&sandbox);
        assert_eq!(code, Some(1), "{error}");
        let said = "credit/odoo: rows have come without columns that are read: res_partner.credit_limit, res_partner.name. ";
        assert_eq!(error.matches(said).count(), 1, "{error}");
        assert!(dead_letters(&sandbox).is_empty());
    }
    assert!(sandbox.ok(&["status"]).contains("credit decides nothing on source"));
    assert_eq!(sandbox.value("SELECT count(*) FROM credit.exposure").await, 0);

    publish(&sandbox, &[snapshot(), transaction(2, &partner("Seven", 300))].concat());
    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(limit(&sandbox).await, 300);
    assert!(!sandbox.ok(&["status"]).contains("decides nothing"));
}
