//! Everything that makes a real feed hard to follow happens in this one.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Images, apply, cents, json, rows, settings, transactions, units};
use serde_json::Value;
use simulator::{Settings, Simulation};

/// The same column before and after each update.
fn changes(units: &[simulator::Unit], table: &str, column: &str) -> Vec<(Value, Value)> {
    let mut images = Images::new();
    let mut found = Vec::new();
    for record in units.iter().flat_map(|unit| &unit.records) {
        if let Some(row) = record.value.as_deref().map(json)
            && row["source"]["table"] == table
            && row["op"] == "u"
        {
            let key = (table.to_owned(), String::from_utf8(record.key.clone()).unwrap());
            let (old, new) = (images[&key][column].clone(), row["after"][column].clone());
            if old != new {
                found.push((old, new));
            }
        }
        apply(&mut images, record);
    }
    found
}

#[test]
fn documents_go_through_all_their_states() {
    let units = units(Settings { days: 60, ..settings() });
    let has = |table: &str, column: &str, old: Value, new: Value| {
        let found = changes(&units, table, column);
        assert!(
            found.contains(&(old.clone(), new.clone())),
            "{table}.{column} never went from {old} to {new}"
        );
    };
    for (old, new) in [("draft", "posted"), ("posted", "draft"), ("draft", "cancel")] {
        has("account_move", "state", old.into(), new.into());
    }
    for (old, new) in
        [("not_paid", "partial"), ("partial", "paid"), ("not_paid", "reversed"), ("paid", "not_paid")]
    {
        has("account_move", "payment_state", old.into(), new.into());
    }
    for (old, new) in [("draft", "in_process"), ("in_process", "paid"), ("draft", "canceled")] {
        has("account_payment", "state", old.into(), new.into());
    }
    for (old, new) in [("draft", "sale"), ("draft", "cancel"), ("sale", "cancel")] {
        has("sale_order", "state", old.into(), new.into());
    }
    has("account_bank_statement_line", "is_reconciled", false.into(), true.into());
    has("account_bank_statement_line", "is_reconciled", true.into(), false.into());
    assert!(!changes(&units, "account_partial_reconcile", "exchange_move_id").is_empty());
    assert!(!changes(&units, "account_move_line", "partner_id").is_empty());
    assert!(!changes(&units, "res_partner", "name").is_empty());
    assert!(!changes(&units, "res_partner", "parent_id").is_empty());
    assert!(!changes(&units, "product_template", "list_price").is_empty());
    let limits = changes(&units, "res_partner", "credit_limit");
    assert!(limits.iter().any(|(_, new)| {
        new.as_str().is_some_and(|limit| limit.contains("\"1\": ") && limit.contains("\"3\": "))
    }));
}

#[test]
fn rows_are_written_several_times_in_a_transaction() {
    let units = units(settings());
    let (mut versions, mut last) = (0, 0);
    for unit in transactions(&units) {
        let rows = unit.records.iter().filter_map(|record| {
            let row = json(record.value.as_deref()?);
            Some((row["source"]["table"].as_str()?.to_owned(), record.key.clone()))
        });
        let mut distinct = BTreeSet::new();
        for row in rows {
            versions += 1;
            distinct.insert(row);
        }
        last += distinct.len();
    }
    let hundredths = versions * 100 / last;
    assert!((150..220).contains(&hundredths), "{hundredths} hundredths of a version per row and transaction");
}

#[test]
fn a_branch_posts_for_its_root_and_large_values_are_left_out_of_updates() {
    let units = units(Settings { days: 75, companies: 1, ..settings() });
    let world = common::images(&units);
    let companies = rows(&world, "res_company");
    assert_eq!(companies[&1]["parent_path"], "1/");
    assert_eq!(companies[&2]["parent_path"], "1/2/");
    assert_eq!(companies[&2]["parent_id"], 1);
    assert!(rows(&world, "account_move").values().any(|entry| entry["company_id"] == 2));
    let left_out: BTreeSet<_> = transactions(&units)
        .flat_map(|unit| &unit.records)
        .filter_map(|record| record.value.as_deref().map(json))
        .flat_map(|row| {
            let table = row["source"]["table"].as_str().unwrap_or_default().to_owned();
            let after = row["after"].as_object().cloned().unwrap_or_default();
            after
                .into_iter()
                .filter(|(_, value)| value == "__debezium_unavailable_value")
                .map(move |(column, _)| (table.clone(), column))
        })
        .collect();
    assert!(left_out.contains(&("res_company".to_owned(), "logo_web".to_owned())));
}

#[test]
fn a_merged_partner_leaves_no_reference_behind() {
    let units = units(Settings { days: 60, ..settings() });
    let mut merged = BTreeMap::new();
    for unit in transactions(&units) {
        for record in &unit.records {
            let Some(row) = record.value.as_deref().map(json) else { continue };
            if row["source"]["table"] == "res_partner" && row["op"] == "d" {
                merged.insert(row["before"]["id"].as_i64().unwrap(), unit.commit_ms);
            }
        }
    }
    assert!(merged.len() > 3);
    let world = common::images(&units);
    for ((table, key), row) in &world {
        let columns: &[&str] = match table.as_str() {
            "account_move" => &["partner_id", "commercial_partner_id", "partner_shipping_id"],
            "sale_order" => &["partner_id", "partner_invoice_id", "partner_shipping_id"],
            "sale_order_line" => &["order_partner_id"],
            "res_partner" => &["parent_id", "commercial_partner_id"],
            "account_move_line"
            | "account_payment"
            | "account_bank_statement_line"
            | "stock_move"
            | "stock_picking" => &["partner_id"],
            _ => &[],
        };
        for column in columns {
            let partner = row[*column].as_i64().unwrap_or(0);
            assert!(!merged.contains_key(&partner), "{table} {key} still names {partner} in {column}");
        }
    }
}

#[test]
fn customers_pay_too_much_and_in_advance() {
    let world = common::images(&units(settings()));
    let payments = rows(&world, "account_payment");
    let open = rows(&world, "account_move_line")
        .values()
        .filter(|line| {
            line["payment_id"].is_i64()
                && line["parent_state"] == "posted"
                && cents(&line["amount_residual"]) < 0
                && line["display_type"] == "product"
                && line["account_id"].as_i64()
                    == payments[&line["payment_id"].as_i64().unwrap()]["destination_account_id"].as_i64()
        })
        .count();
    assert!(open > 5, "{open} unapplied payments");
}

#[test]
fn the_smallest_and_odd_settings_work() {
    for (customers, orders_per_day, companies, days) in
        [(0, 0, 0, 0), (1, 1, 1, 3), (5, 3, 4, 20), (0, 40, 2, 10)]
    {
        let settings = Settings { customers, orders_per_day, companies, days, ..Settings::default() };
        let mut simulation = Simulation::new(settings);
        while simulation.next_unit().is_some() {}
        assert!(!simulation.resnapshot().records.is_empty());
    }
}

#[test]
fn the_default_is_a_quarter_of_a_company_of_middle_size() {
    let records = Simulation::new(Settings::default()).count();
    assert!((150_000..300_000).contains(&records), "{records} records");
}
