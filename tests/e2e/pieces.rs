//! Many years pass between two changes: what falls due on the way takes long, and the process may end meanwhile.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::failures::{partner, publish, row, run, snapshot, transaction};
use crate::sandbox::{Event, Sandbox, until};

/// 1990-01-01, in milliseconds since 1970, and as a day.
const LONG_AGO: i64 = 631_152_000_000;
const DAY: i32 = 7_305;
const CUSTOMERS: i32 = 150;

/// A company of long ago, with customers of which one after the other becomes overdue.
fn company() -> Vec<Value> {
    let mut records = snapshot();
    let last = records.pop().unwrap();
    for n in 0..CUSTOMERS {
        let id = 100 + n;
        let customer = json!({ "id": id, "name": "C", "commercial_partner_id": id, "credit_limit": null });
        records.push(row("res_partner", id, &customer, "true"));
        let item = json!({
            "id": id, "move_id": id, "company_id": 1, "partner_id": id, "account_id": 1, "parent_state": "posted",
            "date": DAY, "date_maturity": DAY + 60 * n, "amount_residual": "100.00", "reconciled": false, "quantity": "1.0",
            "display_type": "payment_term", "balance": "100.00",
        });
        records.push(row("account_move_line", id, &item, "true"));
    }
    records.push(last);
    for record in &mut records {
        record["value"]["source"]["ts_ms"] = json!(LONG_AGO);
    }
    records
}

/// What somebody knows who reads the result topic; ids hold the topic's name.
fn told(sandbox: &Sandbox) -> Vec<(String, String, String)> {
    let told = |event: Event| (event.position, event.time, event.data);
    let mut events: Vec<_> = sandbox.events().into_iter().map(told).collect();
    events.sort();
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn what_falls_due_on_the_way_is_saved_in_pieces_and_goes_on_from_there() {
    let log = [company(), transaction(1, &partner("Seven", 200))].concat();
    let whole = Sandbox::new("pieces_whole").await;
    publish(&whole, &log);
    assert_eq!(run(&whole).0, Some(0));

    let sandbox = Sandbox::new("pieces").await;
    publish(&sandbox, &log);
    let year = async || sandbox.value("SELECT extract(year FROM clock)::bigint FROM stream.checkpoint").await;
    let running = sandbox.start();
    until("the first piece", async || year().await > 1990).await;
    running.kill();
    let killed = year().await;
    let mut running = sandbox.start();
    until("another piece", async || year().await > killed).await;
    let began = Instant::now();
    running.signal("TERM");
    assert!(running.0.wait().unwrap().success() && began.elapsed() < Duration::from_secs(10));
    let stopped = year().await;
    assert!(killed < stopped && stopped < 2026, "killed in {killed}, stopped in {stopped}");
    assert_eq!(sandbox.value("SELECT count(*) FROM credit.exposure WHERE credit_limit = 200").await, 0);

    assert_eq!(run(&sandbox).0, Some(0));
    assert_eq!(year().await, 2026);
    assert!(told(&sandbox) == told(&whole), "each event once, at its place and time");
    assert!(sandbox.ok(&["verify", "credit"]).contains("exactly what is there"));
}
