//! The amounts in the feed agree with each other, as Odoo's do.

use std::collections::BTreeMap;

use crate::common::{Images, apply, by, cents, deliveries, images, links, rows, settings};
use serde_json::Value;
use simulator::{Settings, Simulation};

fn world() -> Images {
    images(&deliveries(settings()))
}

fn kind_of(account: &Value) -> &str {
    account["account_type"].as_str().unwrap()
}

#[test]
fn every_posted_entry_balances() {
    let world = world();
    let lines = by(&rows(&world, "account_move_line"), "move_id");
    let mut posted = 0;
    for (id, entry) in rows(&world, "account_move") {
        if entry["state"] != "posted" {
            continue;
        }
        posted += 1;
        let lines = &lines[&id];
        assert_eq!(lines.iter().map(|line| cents(&line["balance"])).sum::<i64>(), 0, "entry {id}");
        for line in lines {
            assert_eq!(line["parent_state"], "posted", "line of entry {id}");
            assert_eq!(line["move_name"], entry["name"], "line of entry {id}");
            assert_eq!(line["date"], entry["date"], "line of entry {id}");
            assert_eq!(cents(&line["debit"]) - cents(&line["credit"]), cents(&line["balance"]));
        }
    }
    assert!(posted > 500);
}

#[test]
fn a_residual_is_the_balance_less_the_matches() {
    let world = world();
    let partials = rows(&world, "account_partial_reconcile");
    let (debits, credits) = (by(&partials, "debit_move_id"), by(&partials, "credit_move_id"));
    let accounts = rows(&world, "account_account");
    let sum = |of: &BTreeMap<i64, Vec<&Value>>, id: i64, column: &str| {
        of.get(&id).map_or(0, |rows| rows.iter().map(|row| cents(&row[column])).sum::<i64>())
    };
    let mut matched = 0;
    for (id, line) in rows(&world, "account_move_line") {
        // A heading has no account.
        let carries = line["account_id"].as_i64().is_some_and(|account| {
            accounts[&account]["reconcile"] == true || kind_of(accounts[&account]) == "asset_cash"
        });
        let (balance, currency) =
            if carries { (cents(&line["balance"]), cents(&line["amount_currency"])) } else { (0, 0) };
        let residual = balance - sum(&debits, id, "amount") + sum(&credits, id, "amount");
        let residual_currency = currency - sum(&debits, id, "debit_amount_currency")
            + sum(&credits, id, "credit_amount_currency");
        assert_eq!(cents(&line["amount_residual"]), residual, "line {id}");
        assert_eq!(cents(&line["amount_residual_currency"]), residual_currency, "line {id}");
        let touched = debits.contains_key(&id) || credits.contains_key(&id);
        matched += i32::from(touched);
        assert_eq!(
            line["reconciled"] == true,
            touched && residual == 0 && residual_currency == 0,
            "line {id}"
        );
        assert_eq!(line["matching_number"].is_string(), touched, "line {id}");
        assert_eq!(
            line["full_reconcile_id"].is_i64(),
            line["matching_number"].as_str().is_some_and(|number| !number.starts_with('P')),
            "line {id}"
        );
    }
    assert!(matched > 500);
}

#[test]
fn an_invoice_shows_the_sums_of_its_lines() {
    let world = world();
    let lines = by(&rows(&world, "account_move_line"), "move_id");
    let mut states = BTreeMap::new();
    let mut foreign = 0;
    let mut instalments = 0;
    for (id, entry) in rows(&world, "account_move") {
        let kind = entry["move_type"].as_str().unwrap();
        if kind == "entry" {
            continue;
        }
        let sign = if kind == "out_invoice" { 1 } else { -1 };
        let of = |display: &str, column: &str| -> i64 {
            lines[&id]
                .iter()
                .filter(|line| line["display_type"] == display)
                .map(|line| cents(&line[column]))
                .sum()
        };
        let total = of("payment_term", "amount_currency");
        assert_eq!(cents(&entry["amount_total"]), sign * total, "invoice {id}");
        assert_eq!(cents(&entry["amount_total_in_currency_signed"]), total, "invoice {id}");
        assert_eq!(cents(&entry["amount_total_signed"]), of("payment_term", "balance"), "invoice {id}");
        assert_eq!(cents(&entry["amount_untaxed"]), of("product", "price_subtotal"), "invoice {id}");
        assert_eq!(cents(&entry["amount_tax"]), -sign * of("tax", "amount_currency"), "invoice {id}");
        assert_eq!(
            cents(&entry["amount_residual"]),
            of("payment_term", "amount_residual_currency").abs(),
            "invoice {id}"
        );
        assert_eq!(
            cents(&entry["amount_residual_signed"]),
            of("payment_term", "amount_residual"),
            "invoice {id}"
        );
        let rate: f64 = entry["invoice_currency_rate"].as_str().unwrap().parse().unwrap();
        foreign += i32::from((rate - 1.0).abs() > 1e-9);
        for line in &lines[&id] {
            let (balance, amount) = (cents(&line["balance"]), cents(&line["amount_currency"]));
            #[allow(clippy::cast_precision_loss)]
            let expected = amount as f64 / rate;
            #[allow(clippy::cast_precision_loss)]
            let off = (balance as f64 - expected).abs();
            // The lines to pay take the rounding of all others.
            assert!(off < 4.0, "line {} is off by {off}", line["id"]);
            assert_eq!(line["partner_id"], entry["commercial_partner_id"]);
        }
        let due: Vec<_> = lines[&id].iter().filter(|line| line["display_type"] == "payment_term").collect();
        instalments += i32::from(due.len() > 1);
        assert_eq!(
            entry["invoice_date_due"].as_i64(),
            due.iter().filter_map(|line| line["date_maturity"].as_i64()).max()
        );
        let open = cents(&entry["amount_residual_signed"]) != 0;
        let settled = entry["payment_state"].as_str().unwrap();
        assert_eq!(
            open,
            matches!(settled, "not_paid" | "partial" | "in_payment"),
            "invoice {id} is {settled}"
        );
        *states
            .entry((kind.to_owned(), entry["state"].as_str().unwrap().to_owned(), settled.to_owned()))
            .or_insert(0) += 1;
    }
    assert!(foreign > 20 && instalments > 20, "{foreign} foreign, {instalments} with instalments");
    let has = |kind: &str, state: &str, settled: &str| {
        assert!(
            states.contains_key(&(kind.to_owned(), state.to_owned(), settled.to_owned())),
            "no {kind} {state} {settled}: {states:?}"
        );
    };
    for settled in ["not_paid", "partial", "paid", "reversed"] {
        has("out_invoice", "posted", settled);
    }
    has("out_invoice", "draft", "not_paid");
    has("out_invoice", "cancel", "not_paid");
    has("out_refund", "posted", "paid");
    has("out_refund", "posted", "not_paid");
    has("in_invoice", "posted", "paid");
}

#[test]
fn an_order_line_knows_what_was_invoiced() {
    let world = world();
    let templates = rows(&world, "product_template");
    let lines = rows(&world, "account_move_line");
    let entries = rows(&world, "account_move");
    let mut invoiced: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    let order_lines = rows(&world, "sale_order_line");
    for (line, order_line) in links(&world) {
        let line = lines[&line];
        let entry = entries[&line["move_id"].as_i64().unwrap()];
        let sign = if entry["move_type"] == "out_refund" { -1 } else { 1 };
        let sums = invoiced.entry(order_line).or_default();
        if entry["state"] != "cancel" {
            sums.0 += sign * in_unit(line, &order_lines[&order_line]["product_uom"]);
        }
        if entry["state"] == "posted" {
            sums.1 += sign * cents(&line["price_subtotal"]);
        }
    }
    assert!(invoiced.len() > 100);
    for line in rows(&world, "pos_order_line").values() {
        let sums = invoiced.entry(line["sale_order_line_id"].as_i64().unwrap()).or_default();
        sums.0 += cents(&line["qty"]);
        sums.1 += cents(&line["price_subtotal"]);
    }
    let orders = rows(&world, "sale_order");
    let mut totals: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for (id, line) in order_lines {
        let order = orders[&line["order_id"].as_i64().unwrap()];
        assert_eq!(line["state"], order["state"], "order line {id}");
        let (quantity, untaxed) = invoiced.get(&id).copied().unwrap_or_default();
        assert_eq!(cents(&line["qty_invoiced"]), quantity, "order line {id}");
        assert_eq!(cents(&line["untaxed_amount_invoiced"]), untaxed, "order line {id}");
        let by_delivery = line["product_id"]
            .as_i64()
            .is_some_and(|product| templates[&product]["invoice_policy"] == "delivery");
        let billable = if by_delivery { "qty_delivered" } else { "product_uom_qty" };
        let billable = if line["state"] == "sale" { cents(&line[billable]) } else { 0 };
        let expected = if line["state"] == "sale" { billable - quantity } else { 0 };
        assert_eq!(cents(&line["qty_to_invoice"]), expected, "order line {id}");
        let due = cents(&line["price_unit"]) * billable / 100 - untaxed;
        let due = if line["state"] == "sale" { due } else { 0 };
        assert_eq!(cents(&line["untaxed_amount_to_invoice"]), due, "order line {id}");
        assert_eq!(
            cents(&line["price_subtotal"]),
            cents(&line["price_unit"]) * cents(&line["product_uom_qty"]) / 100
        );
        let sums = totals.entry(line["order_id"].as_i64().unwrap()).or_default();
        sums.0 += cents(&line["price_subtotal"]);
        sums.1 += cents(&line["price_total"]);
    }
    for (id, order) in orders {
        assert_eq!(
            (cents(&order["amount_untaxed"]), cents(&order["amount_total"])),
            totals[&id],
            "order {id}"
        );
    }
}

/// The quantity of an invoice line in the unit of its order line; Odoo rounds it up to hundredths.
fn in_unit(line: &Value, unit: &Value) -> i64 {
    let quantity = cents(&line["quantity"]);
    match (line["product_uom_id"].as_i64(), unit.as_i64()) {
        (Some(1), Some(2)) => quantity.signum() * (quantity.abs() + 11).div_euclid(12),
        (from, to) => {
            assert_eq!(from, to, "line {}", line["id"]);
            quantity
        }
    }
}

/// Posted receivable residuals by root company and partner, from the emitted rows alone.
fn receivables(world: &Images) -> BTreeMap<(u32, u32), (i64, u32)> {
    let accounts = rows(world, "account_account");
    let companies = rows(world, "res_company");
    let mut sums = BTreeMap::new();
    for line in rows(world, "account_move_line").values() {
        let Some(account) = line["account_id"].as_i64().map(|account| accounts[&account]) else { continue };
        if line["parent_state"] != "posted" || kind_of(account) != "asset_receivable" {
            continue;
        }
        let path = companies[&line["company_id"].as_i64().unwrap()]["parent_path"].as_str().unwrap();
        let root = path.split('/').next().unwrap().parse().unwrap();
        let partner = u32::try_from(line["partner_id"].as_u64().unwrap()).unwrap();
        let sum: &mut (i64, u32) = sums.entry((root, partner)).or_default();
        sum.0 += cents(&line["amount_residual"]);
        sum.1 += u32::from(line["reconciled"] != true);
    }
    sums
}

#[test]
fn the_truth_is_what_the_rows_say_at_any_time() {
    let mut simulation = Simulation::new(settings());
    let mut world = Images::new();
    let mut records = 0;
    for step in 0.. {
        let delivery = simulation.next_delivery();
        for record in delivery.iter().flat_map(|delivery| &delivery.records) {
            apply(&mut world, record);
            records += 1;
        }
        if delivery.is_some() && (step < 100 || step % 700 != 0) {
            continue;
        }
        let truth = simulation.truth();
        assert_eq!(truth.records, records);
        let expected = receivables(&world);
        let partners = rows(&world, "res_partner");
        let found: BTreeMap<_, _> = truth
            .partners
            .iter()
            .map(|entry| {
                assert_eq!(partners[&i64::from(entry.partner_id)]["name"], entry.name.as_str());
                let receivable = cents(&Value::from(entry.receivable.as_str()));
                ((entry.company_id, entry.partner_id), (receivable, entry.open_lines))
            })
            .collect();
        for (key, sums) in &expected {
            assert_eq!(Some(sums), found.get(key), "company and partner {key:?}");
        }
        for (key, sums) in &found {
            assert_eq!(*sums, expected.get(key).copied().unwrap_or_default(), "company and partner {key:?}");
        }
        if delivery.is_none() {
            assert!(truth.partners.iter().any(|entry| entry.currency == "USD"));
            assert!(truth.partners.iter().any(|entry| entry.currency == "EUR"));
            assert!(
                truth.partners.iter().any(|entry| entry.receivable.starts_with('-')),
                "nobody has paid in advance"
            );
            break;
        }
    }
}

#[test]
fn partners_count_where_their_cards_say() {
    let world = images(&deliveries(Settings { days: 60, ..settings() }));
    let partners = rows(&world, "res_partner");
    for (id, partner) in &partners {
        let parent = partner["parent_id"].as_i64();
        let expected = parent.unwrap_or(*id);
        assert_eq!(partner["commercial_partner_id"].as_i64(), Some(expected), "partner {id}");
        if let Some(parent) = parent {
            assert_eq!(partner["commercial_company_name"], partners[&parent]["name"]);
        }
    }
    for (id, entry) in rows(&world, "account_move") {
        if let (Some(partner), Some(commercial)) =
            (entry["partner_id"].as_i64(), entry["commercial_partner_id"].as_i64())
        {
            assert_eq!(partners[&partner]["commercial_partner_id"].as_i64(), Some(commercial), "entry {id}");
        }
    }
}
