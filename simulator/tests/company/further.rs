//! The rarer business happens often enough to be met, and its rows agree with each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{Images, by, cents, deliveries, images, json, links, rows, settings, transactions};
use serde_json::Value;
use simulator::{Delivery, DeliveryKind, Settings, Simulation};

fn id(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

fn is_deposit(line: &Value) -> bool {
    line["is_downpayment"] == true && line["display_type"].is_null()
}

/// What an image of a row shows that only the rarer business writes.
fn kinds(table: &str, row: &Value) -> Vec<&'static str> {
    let named = |column: &str, text: &str| row[column].as_str().is_some_and(|value| value.starts_with(text));
    let shown = match table {
        "sale_order_line" => vec![
            ("deposit on an order", is_deposit(row) && row["product_id"].is_null()),
            ("order by the dozen", row["product_uom"] == 2),
            ("expense on an order", row["is_expense"] == true && cents(&row["qty_delivered"]) == 100),
        ],
        "account_move_line" => vec![
            ("deposit asked", row["is_downpayment"] == true && cents(&row["quantity"]) > 0),
            ("deposit deducted", row["is_downpayment"] == true && cents(&row["quantity"]) < 0),
            ("invoice by the dozen", row["product_uom_id"] == 2),
            ("small difference", named("name", "Write-Off") && row["payment_id"].is_i64()),
            ("bad debt", named("name", "Write-off of") && row["payment_id"].is_null()),
        ],
        "account_payment" => vec![
            ("refund paid out", row["payment_type"] == "outbound" && row["partner_type"] == "customer"),
            ("payment without entry", row["state"] == "in_process" && row["move_id"].is_null()),
            ("payment settled by the bank", row["state"] == "paid" && row["move_id"].is_null()),
        ],
        "res_partner" => {
            let limits = row["credit_limit"].as_str().unwrap_or_default();
            vec![("limit of the branch", limits.contains("\"2\": "))]
        }
        "sale_order" => vec![
            ("order at the branch", row["company_id"] == 2),
            ("order in foreign money", row["currency_id"] != 1),
        ],
        "pos_order" => vec![("sale at the till", row["state"] == "paid")],
        "pos_order_line" => vec![("deposit at the till", row["sale_order_line_id"].is_i64())],
        _ => Vec::new(),
    };
    shown.into_iter().filter(|(_, is)| *is).map(|(kind, _)| kind).collect()
}

/// Drafts with a line of an order and one of none, and lines in another unit than ordered.
fn relations(world: &Images) -> BTreeMap<&'static str, usize> {
    let (items, order_lines) = (rows(world, "account_move_line"), rows(world, "sale_order_line"));
    let linked = links(world);
    let mixed = rows(world, "account_move").into_keys().filter(|entry| {
        let of = |is: bool| {
            let lines = items
                .iter()
                .filter(|(_, line)| line["move_id"] == *entry && line["display_type"] == "product");
            lines.into_iter().any(|(line, _)| linked.contains_key(line) == is)
        };
        of(true) && of(false)
    });
    let other_unit = linked
        .iter()
        .filter(|(line, of)| items[line]["product_uom_id"] == 1 && order_lines[of]["product_uom"] == 2);
    BTreeMap::from([
        ("invoice with a free line", mixed.count()),
        ("dozens invoiced in pieces", other_unit.count()),
    ])
}

#[test]
fn a_thousand_transactions_hold_several_of_each_kind() {
    let mut simulation = Simulation::new(Settings { customers: 200, ..Settings::default() });
    let all: Vec<Delivery> = std::iter::from_fn(|| simulation.next_delivery()).take(2_000).collect();
    let snapshots = all.iter().filter(|delivery| delivery.kind == DeliveryKind::Snapshot).count();
    let mut met: BTreeMap<&str, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for record in all[snapshots..snapshots + 1_000].iter().flat_map(|delivery| &delivery.records) {
        let Some(row) = record.value.as_deref().map(json) else { continue };
        for kind in kinds(row["source"]["table"].as_str().unwrap_or_default(), &row["after"]) {
            met.entry(kind).or_default().insert(record.key.clone());
        }
    }
    let mut counts: BTreeMap<_, _> = met.into_iter().map(|(kind, keys)| (kind, keys.len())).collect();
    let before = relations(&images(&all[..snapshots]));
    for (kind, count) in relations(&images(&all[..snapshots + 1_000])) {
        counts.insert(kind, count.saturating_sub(before[kind]));
    }
    assert_eq!(counts.len(), 18, "{counts:#?}");
    assert!(counts.values().all(|count| *count >= 3), "{counts:#?}");
}

#[test]
fn a_down_payment_is_asked_and_later_deducted() {
    let world = images(&deliveries(settings()));
    let (items, entries) = (rows(&world, "account_move_line"), rows(&world, "account_move"));
    let order_lines = rows(&world, "sale_order_line");
    let mut amounts: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut orders: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for (item, line) in links(&world).into_iter().filter(|(_, line)| is_deposit(order_lines[line])) {
        let (item, line) = (items[&item], order_lines[&line]);
        assert_eq!(item["is_downpayment"], true);
        assert_eq!(item["price_unit"], line["price_unit"]);
        assert_eq!(cents(&item["quantity"]).abs(), 100);
        if entries[&id(&item["move_id"])]["state"] == "posted" {
            amounts.entry(id(&line["id"])).or_default().push(cents(&item["price_subtotal"]));
        }
        if cents(&item["quantity"]) < 0 {
            orders.entry(id(&item["move_id"])).or_default().insert(id(&line["order_id"]));
        }
    }
    let (mut open, mut settled) = (0, 0);
    for (line, amounts) in amounts.iter().filter(|(_, amounts)| amounts.len() < 3) {
        let line = order_lines[line];
        assert_eq!((cents(&line["product_uom_qty"]), cents(&line["price_total"])), (0, 0));
        if let [asked] = amounts[..] {
            assert!(asked.abs() > 0);
            open += i32::from(cents(&line["untaxed_amount_to_invoice"]) == -asked);
        } else if amounts.iter().sum::<i64>() == 0 {
            settled += 1;
            assert_eq!(cents(&line["untaxed_amount_to_invoice"]), 0);
            assert_eq!(cents(&line["qty_to_invoice"]), 0);
        }
    }
    assert!(open > 3 && settled > 10, "{open} open and {settled} deducted down payments");
    assert!(orders.values().any(|orders| orders.len() == 2), "none deducted over two orders");
    let paid = entries.iter().filter(|(entry, row)| {
        let asked = |line: &&&Value| line["is_downpayment"] == true && cents(&line["quantity"]) > 0;
        row["payment_state"] == "paid"
            && items.values().filter(|line| line["move_id"] == **entry).any(|line| asked(&line))
    });
    assert!(paid.count() > 3, "no down payment was paid");
}

#[test]
fn a_down_payment_at_the_till_has_a_sale_and_no_invoice() {
    let world = images(&deliveries(settings()));
    let (sales, order_lines) = (rows(&world, "pos_order"), rows(&world, "sale_order_line"));
    let orders = rows(&world, "sale_order");
    let lines = rows(&world, "pos_order_line");
    assert!(lines.len() > 10);
    for line in lines.values() {
        let (sale, deposit) = (sales[&id(&line["order_id"])], order_lines[&id(&line["sale_order_line_id"])]);
        let order = orders[&id(&line["sale_order_origin_id"])];
        assert_eq!(deposit["order_id"], order["id"]);
        assert_eq!(sale["partner_id"], order["partner_id"]);
        assert_eq!(sale["company_id"], order["company_id"]);
        assert!(sale["account_move"].is_null());
        assert!(matches!(sale["state"].as_str(), Some("paid" | "done")));
        assert_eq!(sale["amount_total"], line["price_subtotal_incl"]);
        assert_eq!(sale["amount_paid"], line["price_subtotal_incl"]);
        assert!(is_deposit(deposit) && deposit["product_id"] == line["product_id"]);
        assert_eq!(deposit["price_unit"], line["price_unit"]);
    }
}

#[test]
fn every_line_says_which_payment_or_bank_line_it_is_part_of() {
    let world = images(&deliveries(settings()));
    let entries = rows(&world, "account_move");
    let journals = rows(&world, "account_journal");
    let (mut of_payments, mut of_bank) = (0, 0);
    for (number, line) in rows(&world, "account_move_line") {
        let entry = entries[&id(&line["move_id"])];
        assert_eq!(line["journal_id"], entry["journal_id"], "line {number}");
        assert_eq!(line["payment_id"], entry["origin_payment_id"], "line {number}");
        assert_eq!(line["statement_line_id"], entry["statement_line_id"], "line {number}");
        let kind = journals[&id(&line["journal_id"])]["type"].as_str().unwrap();
        let expected = match entry["move_type"].as_str().unwrap() {
            "out_invoice" | "out_refund" => "sale",
            "in_invoice" => "purchase",
            _ if line["payment_id"].is_i64() || line["statement_line_id"].is_i64() => "bank",
            _ => "general",
        };
        assert_eq!(kind, expected, "line {number}");
        of_payments += i32::from(line["payment_id"].is_i64());
        of_bank += i32::from(line["statement_line_id"].is_i64());
    }
    assert!(of_payments > 100 && of_bank > 100);
    let types: BTreeSet<_> = journals.values().filter_map(|journal| journal["type"].as_str()).collect();
    assert_eq!(types, BTreeSet::from(["bank", "cash", "general", "purchase", "sale"]));
}

#[test]
fn what_is_written_off_settles_the_invoice() {
    let world = images(&deliveries(settings()));
    let (items, entries) = (rows(&world, "account_move_line"), rows(&world, "account_move"));
    let accounts = rows(&world, "account_account");
    let of_entry = by(&items, "move_id");
    let kind = |line: &Value| accounts[&id(&line["account_id"])]["account_type"].as_str().unwrap().to_owned();
    let invoices_of = |credit: i64| {
        let partials = rows(&world, "account_partial_reconcile").into_values();
        let debits: Vec<_> = partials
            .filter(|partial| partial["credit_move_id"] == credit)
            .map(|partial| id(&items[&id(&partial["debit_move_id"])]["move_id"]))
            .collect();
        debits
    };
    let (mut less, mut more, mut lost) = (0, 0, 0);
    for (entry, row) in entries.iter().filter(|(_, row)| row["move_type"] == "entry") {
        let Some(lines) = of_entry.get(entry) else { continue };
        let Some(receivable) = lines.iter().find(|line| kind(line) == "asset_receivable") else { continue };
        let Some(expense) = lines.iter().find(|line| kind(line) == "expense") else { continue };
        if row["origin_payment_id"].is_i64() {
            assert_eq!(lines.len(), 3, "entry {entry}");
            let payment = rows(&world, "account_payment")[&id(&row["origin_payment_id"])]["amount"].clone();
            assert_eq!(cents(&payment) + cents(&expense["balance"]), -cents(&receivable["balance"]));
            less += i32::from(cents(&expense["balance"]) > 0);
            more += i32::from(cents(&expense["balance"]) < 0);
        } else if expense["name"].as_str().is_some_and(|name| name.starts_with("Write-off of")) {
            lost += 1;
            assert_eq!(cents(&expense["balance"]), -cents(&receivable["balance"]));
        } else {
            continue;
        }
        let settled = invoices_of(id(&receivable["id"]));
        if row["state"] == "posted" && receivable["reconciled"] == true {
            assert!(
                !settled.is_empty()
                    && settled.iter().all(|invoice| entries[invoice]["payment_state"] == "paid")
            );
        }
    }
    assert!(less > 5 && more > 0 && lost > 5, "{less} forgiven, {more} taken, {lost} lost");
}

#[test]
fn a_credit_note_is_paid_out_and_sometimes_left_open() {
    let world = images(&deliveries(settings()));
    let accounts = rows(&world, "account_account");
    let items = by(&rows(&world, "account_move_line"), "payment_id");
    let (mut matched, mut open) = (0, 0);
    for (payment, row) in rows(&world, "account_payment") {
        if row["payment_type"] != "outbound" || row["partner_type"] != "customer" {
            continue;
        }
        let debit = items[&payment]
            .iter()
            .find(|line| accounts[&id(&line["account_id"])]["account_type"] == "asset_receivable")
            .unwrap();
        assert_eq!(debit["account_id"], row["destination_account_id"]);
        assert_eq!(cents(&debit["debit"]), cents(&row["amount"]));
        assert_eq!(debit["partner_id"], row["partner_id"]);
        if debit["reconciled"] == true {
            matched += 1;
            assert_eq!(cents(&debit["amount_residual"]), 0);
        } else {
            open += 1;
            assert_eq!(cents(&debit["amount_residual"]), cents(&row["amount"]));
        }
    }
    assert!(matched > 5 && open > 2, "{matched} matched, {open} left open");
}

#[test]
fn a_payment_without_an_entry_waits_for_the_bank() {
    let world = images(&deliveries(settings()));
    let entries = rows(&world, "account_move");
    let (mut waiting, mut settled) = (0, 0);
    for ((table, _), link) in &world {
        if table != "account_move__account_payment" {
            continue;
        }
        let payment = rows(&world, "account_payment")[&id(&link["payment_id"])];
        let invoice = entries[&id(&link["invoice_id"])];
        if payment["move_id"].is_i64() || payment["state"] == "canceled" {
            continue;
        }
        assert!(payment["outstanding_account_id"].is_null());
        if payment["state"] == "in_process" {
            waiting += 1;
            assert_eq!(invoice["payment_state"], "in_payment");
            assert_eq!(cents(&invoice["amount_residual"]), cents(&payment["amount"]));
        } else {
            settled += 1;
            assert_eq!(payment["state"], "paid");
            assert_eq!(payment["is_matched"], true);
            assert!(matches!(invoice["payment_state"].as_str(), Some("paid" | "in_payment")));
        }
    }
    assert!(waiting > 0 && settled > 5, "{waiting} waiting, {settled} settled");
}

#[test]
fn the_default_limit_names_a_field_that_is_known() {
    let world = images(&deliveries(Settings { days: 1, ..settings() }));
    let fields = rows(&world, "ir_model_fields");
    for default in rows(&world, "ir_default").values() {
        let field = fields[&id(&default["field_id"])];
        assert_eq!(
            (field["model"].as_str(), field["name"].as_str()),
            (Some("res.partner"), Some("credit_limit"))
        );
    }
}

#[test]
fn who_is_watched_is_left_alone() {
    let deliveries = deliveries(Settings { slipping: 5, ..settings() });
    let world = images(&deliveries);
    let mut watched: BTreeMap<i64, &Value> = rows(&world, "res_partner");
    watched.retain(|_, partner| {
        partner["credit_limit"].as_str().is_some_and(|limit| limit.contains("180000.0"))
    });
    assert!(watched.values().filter(|partner| partner["is_company"] == true).count() >= 10);
    for record in transactions(&deliveries).flat_map(|delivery| &delivery.records) {
        let Some(row) = record.value.as_deref().map(json) else { continue };
        let (table, after) = (row["source"]["table"].as_str().unwrap_or_default(), &row["after"]);
        let column = if table == "sale_order_line" { "order_partner_id" } else { "partner_id" };
        let usual = ["order at the branch", "order in foreign money"];
        if kinds(table, after).iter().any(|kind| !usual.contains(kind)) {
            assert!(!watched.contains_key(&id(&after[column])), "{table}: {after}");
        }
    }
}
