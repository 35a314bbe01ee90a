//! Everything that makes a real feed hard to follow happens in this one.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{Images, apply, cents, deliveries, json, rows, settings, transactions};
use simulator::{Delivery, Settings, Simulation};

/// Table, column, value before and after, as text.
type Step = (String, String, String, String);

/// Every value that a column went from and to in an update.
fn steps(deliveries: &[Delivery], columns: &[(&str, &str)]) -> BTreeSet<Step> {
    let mut images = Images::new();
    let mut found = BTreeSet::new();
    for record in deliveries.iter().flat_map(|delivery| &delivery.records) {
        if let Some(row) = record.value.as_deref().map(json)
            && let Some(table) = row["source"]["table"].as_str()
            && columns.iter().any(|(of, _)| *of == table)
        {
            let key = (table.to_owned(), String::from_utf8(record.key.clone()).unwrap());
            for (_, column) in columns.iter().filter(|(of, _)| *of == table && row["op"] == "u") {
                let (old, new) = (&images[&key][*column], &row["after"][*column]);
                if old != new {
                    found.insert((table.to_owned(), (*column).to_owned(), old.to_string(), new.to_string()));
                }
            }
            apply(&mut images, record);
        }
    }
    found
}

#[test]
fn documents_go_through_all_their_states() {
    let deliveries = deliveries(Settings { days: 60, ..settings() });
    let expected = [
        ("account_move", "state", vec![("draft", "posted"), ("posted", "draft"), ("draft", "cancel")]),
        (
            "account_move",
            "payment_state",
            vec![
                ("not_paid", "partial"),
                ("partial", "paid"),
                ("not_paid", "reversed"),
                ("paid", "not_paid"),
            ],
        ),
        (
            "account_payment",
            "state",
            vec![("draft", "in_process"), ("in_process", "paid"), ("draft", "canceled")],
        ),
        ("sale_order", "state", vec![("draft", "sale"), ("draft", "cancel"), ("sale", "cancel")]),
    ];
    let others = [
        ("account_bank_statement_line", "is_reconciled"),
        ("account_partial_reconcile", "exchange_move_id"),
        ("account_move_line", "partner_id"),
        ("res_partner", "name"),
        ("res_partner", "parent_id"),
        ("res_partner", "credit_limit"),
        ("product_template", "list_price"),
    ];
    let columns: Vec<_> = expected.iter().map(|(table, column, _)| (*table, *column)).chain(others).collect();
    let steps = steps(&deliveries, &columns);
    for (table, column, pairs) in expected {
        for (old, new) in pairs {
            let step = (table.to_owned(), column.to_owned(), format!("\"{old}\""), format!("\"{new}\""));
            assert!(steps.contains(&step), "{table}.{column} never went from {old} to {new}");
        }
    }
    for (table, column) in others {
        assert!(
            steps.iter().any(|step| step.0 == table && step.1 == column),
            "{table}.{column} never changed"
        );
    }
    let reconciled = |old: &str| steps.iter().any(|step| step.1 == "is_reconciled" && step.2 == old);
    assert!(reconciled("false") && reconciled("true"), "no bank line was matched, or none taken back");
    let in_two = |limit: &str| limit.contains("1\\\": ") && limit.contains("3\\\": ");
    assert!(
        steps.iter().any(|step| step.1 == "credit_limit" && in_two(&step.3)),
        "no limit in two companies"
    );
}

#[test]
fn rows_are_written_several_times_in_a_transaction() {
    let deliveries = deliveries(settings());
    let (mut versions, mut last) = (0, 0);
    for delivery in transactions(&deliveries) {
        let rows = delivery.records.iter().filter_map(|record| {
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
    let deliveries = deliveries(Settings { days: 75, companies: 1, ..settings() });
    let world = crate::common::images(&deliveries);
    let companies = rows(&world, "res_company");
    assert_eq!(companies[&1]["parent_path"], "1/");
    assert_eq!(companies[&2]["parent_path"], "1/2/");
    assert_eq!(companies[&2]["parent_id"], 1);
    assert!(rows(&world, "account_move").values().any(|entry| entry["company_id"] == 2));
    let left_out: BTreeSet<_> = transactions(&deliveries)
        .flat_map(|delivery| &delivery.records)
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
    let deliveries = deliveries(Settings { days: 60, ..settings() });
    let mut merged = BTreeMap::new();
    for delivery in transactions(&deliveries) {
        for record in &delivery.records {
            let Some(row) = record.value.as_deref().map(json) else { continue };
            if row["source"]["table"] == "res_partner" && row["op"] == "d" {
                merged.insert(row["before"]["id"].as_i64().unwrap(), delivery.commit_ms);
            }
        }
    }
    assert!(merged.len() > 3);
    let world = crate::common::images(&deliveries);
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
    let world = crate::common::images(&deliveries(settings()));
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
        while simulation.next_delivery().is_some() {}
        assert!(!simulation.resnapshot().records.is_empty());
    }
}

#[test]
fn the_default_is_a_quarter_of_a_company_of_middle_size() {
    let records = Simulation::new(Settings::default()).count();
    assert!((250_000..450_000).contains(&records), "{records} records");
}
