//! The API as people and programs meet it: pages, problems, tokens, requests, rules, and why a customer has its status.

use std::path::Path;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor};

use crate::failures::{owed, publish, row, snapshot, transaction};
use crate::sandbox::{Api, Running, Sandbox, send, until};

/// Seven owes 150 with a limit of 100, and has an order that is not delivered.
pub fn over_the_limit() -> Vec<Value> {
    let item = json!({ "id": 1, "move_id": 1, "company_id": 1, "partner_id": 7, "account_id": 1, "parent_state": "posted",
        "date": 20_457, "move_name": "INV/7", "date_maturity": 20_490, "amount_residual": "150.00",
        "amount_residual_currency": "150.00", "balance": "150.00",
        "display_type": "payment_term", "reconciled": false, "quantity": "1" });
    let order = json!({ "id": 4, "name": "S4", "state": "sale", "company_id": 1, "partner_id": 7, "currency_rate": "1", "commitment_date": null,
        "date_order": 1_767_600_000_000_000_i64 });
    let line = json!({ "id": 5, "order_id": 4, "product_id": null, "state": "sale", "display_type": null,
        "product_uom_qty": "2", "qty_delivered": "0", "qty_invoiced": "0", "price_total": "20.00",
        "price_subtotal": "20.00", "untaxed_amount_invoiced": "0.00", "untaxed_amount_to_invoice": "20.00" });
    let mut records = snapshot();
    let last = records.pop().unwrap();
    records.extend([
        row("account_move_line", 1, &item, "true"),
        row("sale_order", 4, &order, "true"),
        row("sale_order_line", 5, &line, "true"),
        last,
    ]);
    records
}

/// A pipeline over that company, with a token of Anna's.
async fn serving(test: &str, clock: &str) -> (Sandbox, Running, Api) {
    let sandbox = Sandbox::new(test).await;
    let (token, lines) = sandbox.token("anna", "controller");
    sandbox.configure(&format!("clock = \"{clock}\"\n{lines}"));
    publish(&sandbox, &over_the_limit());
    let running = sandbox.start();
    let api = Api { address: sandbox.listening().await, token };
    until("a suggestion", async || hold(&api)["status"] == "suggested").await;
    (sandbox, running, api)
}

fn hold(api: &Api) -> Value {
    api.read("/api/v1/credit/holds")["items"][0].clone()
}

async fn set_rule(sandbox: &Sandbox, config: &str) {
    let sql = format!("UPDATE automation_rules SET config = '{config}' WHERE automation_type = 'credit'");
    sandbox.connect().await.execute(AssertSqlSafe(sql)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn results_come_in_pages_and_say_why() {
    let (sandbox, _running, api) = serving("api_reads", "feed").await;
    let more = json!({ "id": 8, "name": "Eight", "commercial_partner_id": 8, "credit_limit": "{\"1\": 50}" });
    for (number, table, mut after) in [(1, "res_partner", more), (2, "account_move_line", owed(8))] {
        after["id"] = json!(8);
        let mut change = transaction(number, &after);
        change[1]["key"]["id"] = json!(8);
        change[1]["value"]["source"]["table"] = json!(table);
        publish(&sandbox, &change);
    }
    until("another customer", async || {
        api.read("/api/v1/credit/exposures")["items"].as_array().unwrap().len() == 2
    })
    .await;
    let first = api.read("/api/v1/credit/exposures?limit=1");
    assert_eq!((&first["items"][0]["partner_id"], &first["next"]), (&json!(7), &json!("700000.1.7")));
    assert_eq!(
        (&first["items"][0]["total"], &first["items"][0]["excess"]),
        (&json!("170.00"), &json!("70.00"))
    );
    let second = api.read("/api/v1/credit/exposures?limit=1&after=700000.1.7");
    assert_eq!((&second["items"][0]["partner_id"], second.get("next")), (&json!(8), None));
    for (filter, partners) in [
        ("over_limit=true", json!([7])),
        ("name=EIGH", json!([8])),
        ("risk=critical", json!([7])),
        ("company=1", json!([7, 8])),
        ("company=2", json!([])),
    ] {
        let found = api.read(&format!("/api/v1/credit/exposures?{filter}"));
        let found: Vec<_> =
            found["items"].as_array().unwrap().iter().map(|row| row["partner_id"].clone()).collect();
        assert_eq!(json!(found), partners, "{filter}");
    }
    let totals = api.read("/api/v1/credit/totals");
    assert_eq!((&totals[0]["customers"], &totals[0]["total"]), (&json!(2), &json!("180.00")));
    assert_eq!((&totals[0]["over_limit"], &totals[0]["excess"]), (&json!(1), &json!("70.00")));
    assert_eq!(api.read("/api/v1/credit/totals?name=nobody"), json!([]));

    let customer = api.read("/api/v1/credit/partners/7");
    let company = &customer["companies"][0];
    assert_eq!((&company["total"], &company["limit_in_force"]), (&json!("170.00"), &json!("100.00")));
    assert_eq!(
        company["buckets"][0]["documents"][0],
        json!({ "model": "account.move.line", "id": 1, "number": "INV/7", "move_id": 1,
        "amount": "150.00", "date": "2026-02-06" })
    );
    assert_eq!(company["buckets"][1]["documents"][0]["id"], 4);
    assert_eq!(
        (&company["checks"][0]["figure"], &company["checks"][0]["fails"]),
        (&json!("170"), &json!(true))
    );
    assert_eq!((&company["hold"]["missing"], &company["hold"]["orders"]), (&json!("75.00"), &json!([4])));
    assert_eq!(company["decision"], "a hold is suggested: the orders that are not delivered (S4) would wait");
    assert_eq!(api.read("/api/v1/credit/holds")["items"][0]["order_numbers"], json!(["S4"]));

    let printed = sandbox.ok(&["explain", "credit", "7"]);
    for part in ["Seven", "INV/7", "S4", "FAILS", "a payment of 75.00 EUR", "insufficient history"] {
        assert!(printed.contains(part), "{part}:\n{printed}");
    }
    let twin: Value = serde_json::from_str(&sandbox.ok(&["explain", "credit", "7", "--json"])).unwrap();
    assert_eq!(twin, customer, "the command and the API say the same");

    let decisions = api.read("/api/v1/audit?automation_type=credit&action_name=hold&odoo_record_id=7");
    let decision = &decisions["items"][0];
    assert_eq!(
        (&decision["status"], &decision["timestamp"]),
        (&json!("suggested"), &json!("2026-01-05T00:00:00.000Z"))
    );
    assert!(
        decision["reasoning"].as_str().unwrap().contains("Seven should be held: utilisation"),
        "{decision}"
    );
    assert_eq!(
        (&decision["input"]["open_items"], &decision["input"]["open_orders"]),
        (&json!([1]), &json!([4]))
    );
    let rules = api.read("/api/v1/rules");
    assert_eq!((&rules[0]["name"], &rules[0]["mode"]), (&json!("Credit hold"), &json!("suggest")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_is_said_with_what_to_do() {
    let (_sandbox, _running, api) = serving("api_problems", "feed").await;
    for (path, status, says) in [
        ("/api/v1/credit/exposures?limit=0", 400, "from 1 to 1000"),
        (
            "/api/v1/credit/exposures?overlimit=true",
            400,
            "there are: after, company, limit, name, over_limit",
        ),
        ("/api/v1/credit/exposures?over_limit=yes", 400, "over_limit"),
        ("/api/v1/audit?automation_type=weather", 400, "there are: credit"),
        ("/api/v1/dead-letters?processor=weather", 400, "there are: credit"),
        ("/api/v1/credit/partners/7?x", 400, "there are: source"),
        ("/api/v1/requests/6f1d3c52-9b0e-4d7a-8a44-1e7c5b2093d1", 404, "no request"),
        ("/api/v1/credit/exposures?after=x", 400, "`next`"),
        ("/api/v1/credit/exposures?after=9.9.9999999999", 400, "`next`"),
        ("/api/v1/credit/exposures?risk=bad", 400, "critical"),
        ("/api/v1/credit/partners/seven", 400, "seven"),
        ("/api/v1/credit/partners/99", 404, "no partner 99"),
        ("/api/v1/credit/holds?source=sap", 404, "there are: odoo"),
        ("/api/v1/credit/holds?status=hold", 400, "held"),
        ("/api/v1/audit?action_name=%00", 400, "NUL"),
        ("/api/v1/audit?after=9223372036854775807.0", 400, "out of range"),
        ("/api/v1/credit/requests", 405, "another method"),
        ("/api/v2", 404, "openapi.json"),
    ] {
        let (got, text) = api.get(path).unwrap();
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((got, &problem["status"]), (status, &json!(status)), "{path}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{path}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_ask_and_hear_what_became_of_it() {
    let (sandbox, _running, api) = serving("api_writes", "feed").await;
    let path = "/api/v1/credit/requests";
    let arguments = |more: &Value| {
        let mut arguments = json!({ "company_id": 1, "partner_id": 7, "reason": "paid by cheque" });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    let body = json!({ "action": "release", "arguments": arguments(&json!({})) }).to_string();
    for wrong in [None, Some("lw_guess")] {
        let (status, text) = send(&api.address, "POST", path, wrong, &body).unwrap();
        assert!(status == 401 && text.contains("ledgerwell token"), "{status} {text}");
    }
    for (wrong, says) in [
        ("{}", "action"),
        (r#"{"action":"relese","arguments":{}}"#, "use accept, refuse, release"),
        (r#"{"action":"release","arguments":{"company_id":1,"partner_id":7}}"#, "missing field `reason`"),
        (r#"{"action":"release","arguments":{"company_id":1,"partner_id":7,"reason":" "}}"#, "say why"),
        (
            r#"{"action":"exempt","arguments":{"company_id":1,"partner_id":7,"reason":"x","until":"soon"}}"#,
            "until is \\\"soon\\\"",
        ),
        (r#"{"action":"replay_dead_letter","arguments":{"offset":1,"reason":"x"}}"#, "use "),
    ] {
        let (status, text) = api.post(path, wrong);
        assert!(status == 400 && text.contains(says), "{wrong}: {status} {text}");
    }
    assert_eq!(api.post("/api/v1/weather/requests", &body).0, 404);
    assert_eq!(sandbox.value("SELECT count(*) FROM stream.asked").await, 0, "nothing was taken on");

    let ask = async |action: &str, more: &Value| {
        let body = json!({ "action": action, "arguments": arguments(more) }).to_string();
        let (status, text) = api.post(path, &body);
        assert_eq!(status, 202, "{text}");
        let outcome = api.outcome(&text).await;
        assert_eq!((&outcome["person"], &outcome["action"]), (&json!("anna"), &json!(action)));
        (outcome["status"].as_str().unwrap().to_owned(), outcome["outcome"].as_str().unwrap().to_owned())
    };
    let (status, text) = ask("release", &json!({})).await;
    assert!(status == "done" && text.contains("Seven is released"), "{text}");
    assert_eq!((&hold(&api)["status"], &hold(&api)["person"]), (&json!("none"), &json!("anna")));
    let (status, text) = ask("release", &json!({})).await;
    assert!(status == "refused" && text.contains("not held"), "{text}");
    let (status, text) = ask("raise_limit", &json!({ "limit": "400", "until": "2026-03-01" })).await;
    assert!(status == "done" && text.contains("is 400.00 up to and including 2026-03-01"), "{text}");
    let customer = api.read("/api/v1/credit/partners/7");
    let company = &customer["companies"][0];
    assert_eq!((&company["limit_in_force"], &company["decision"]), (&json!("400.00"), &json!("no hold")));
    let would_change = company["would_change"].to_string();
    assert!(would_change.contains("the raised limit ends with 2026-03-01"), "{would_change}");
    assert!(would_change.contains("utilisation above 100 (now 42.5) would hold"), "{would_change}");
    let pages: Vec<_> = std::iter::successors(Some(api.read("/api/v1/audit?limit=1")), |page| {
        let next = page["next"].as_str()?;
        Some(api.read(&format!("/api/v1/audit?limit=1&after={next}")))
    })
    .map(|page| page["items"][0].clone())
    .collect();
    let whole = api.read("/api/v1/audit?limit=1000");
    assert_eq!(Value::from(pages), whole["items"], "page by page the same as in one");
    let decisions = api.read("/api/v1/audit?action_name=release");
    let statuses: Vec<_> =
        decisions["items"].as_array().unwrap().iter().map(|row| row["status"].clone()).collect();
    assert_eq!(statuses, ["rejected", "approved"]);
    assert_eq!(sandbox.value("SELECT count(*) FROM stream.request").await, 3);
    until("all to be published", async || sandbox.value("SELECT count(*) FROM stream.outbox").await == 0)
        .await;
    let kinds: Vec<_> = sandbox.events().iter().map(|event| event.kind.clone()).collect();
    assert!(kinds.contains(&"hold_suggested".into()) && kinds.contains(&"hold_released".into()), "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_rules_is_noticed_folded_and_written_down() {
    let (sandbox, _running, api) = serving("api_rules", "wall").await;
    let active = async || {
        sandbox.value("SELECT hold_active::int::bigint FROM credit_scores WHERE customer_id = 7").await
    };
    assert_eq!(active().await, 0, "nobody is held by a first snapshot");
    set_rule(&sandbox, r#"{"mode": "auto"}"#).await;
    until("the hold", async || active().await == 1).await;
    assert_eq!(hold(&api)["status"], "held");
    // What cannot be used changes nothing, and is said.
    set_rule(&sandbox, r#"{"mode": "always"}"#).await;
    let refused = "SELECT count(*) FROM audit_logs WHERE action_name = 'hold' AND status = 'rejected' AND ai_reasoning LIKE '%always%'";
    until("the refusal", async || sandbox.value(refused).await == 1).await;
    assert_eq!(active().await, 1);
    set_rule(&sandbox, r#"{"mode": "off"}"#).await;
    until("the release", async || active().await == 0).await;
    for mode in ["auto", "off"] {
        let changed = format!(
            "SELECT count(*) FROM audit_logs WHERE status = 'approved' AND ai_reasoning LIKE 'The rule%changed.'
                 AND output_data->'after'->'config'->>'mode' = '{mode}'"
        );
        assert_eq!(sandbox.value(&changed).await, 1, "{mode}");
    }
}

#[test]
fn the_api_is_described() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/openapi.json");
    let description = ledgerwell::http::description().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &description).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == description,
        "schemas/openapi.json is not what the code says: UPDATE_GOLDEN=1 writes it"
    );
}
