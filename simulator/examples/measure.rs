//! Prints how fast the simulator writes and what its feed consists of.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use simulator::{DeliveryKind, Settings, Simulation};

/// What a credit balance is computed from.
const CREDIT: [&str; 14] = [
    "account_account",
    "account_move",
    "account_move_line",
    "ir_default",
    "product_product",
    "product_template",
    "res_company",
    "res_currency",
    "res_currency_rate",
    "res_partner",
    "sale_order",
    "sale_order_line",
    "sale_order_line_invoice_rel",
    "account_partial_reconcile",
];

fn main() {
    let started = Instant::now();
    let mut simulation = Simulation::new(Settings::default());
    let founded = started.elapsed();
    let (mut records, mut bytes, mut transactions) = (0u64, 0u64, 0u64);
    let started = Instant::now();
    while let Some(delivery) = simulation.next_delivery() {
        transactions += u64::from(delivery.kind == DeliveryKind::Transaction);
        records += delivery.records.len() as u64;
        bytes += delivery
            .records
            .iter()
            .filter_map(|record| record.value.as_ref())
            .map(|value| value.len() as u64)
            .sum::<u64>();
    }
    let took = started.elapsed();
    let per_second = |count: u64| u128::from(count) * 1_000_000 / took.as_micros().max(1);
    println!(
        "founded in {founded:.2?}; {records} records in {transactions} transactions, written in {took:.2?}"
    );
    println!("{} records/s, {} MB/s", per_second(records), per_second(bytes) / 1_000_000);
    let started = Instant::now();
    let snapshot = simulation.resnapshot();
    println!("new snapshot of {} rows in {:.2?}", snapshot.records.len(), started.elapsed());

    let mut tables: BTreeMap<String, [u64; 4]> = BTreeMap::new();
    let (mut rows, mut needed, mut folded) = (0u64, 0u64, 0u64);
    let mut simulation = Simulation::new(Settings::default());
    while let Some(delivery) = simulation.next_delivery() {
        let mut last = BTreeSet::new();
        for record in &delivery.records {
            let Some(value) = &record.value else { continue };
            let text = String::from_utf8_lossy(value);
            let Some(table) = between(&text, "\"schema\":\"public\",\"table\":\"", "\"") else { continue };
            let operation = between(&text[text.len() - 120..], "\"op\":\"", "\"").unwrap_or("r").to_owned();
            let at = "rcud".find(&operation).unwrap_or(0);
            tables.entry(table.to_owned()).or_default()[at] += 1;
            if delivery.kind == DeliveryKind::Transaction {
                rows += 1;
                needed += u64::from(CREDIT.contains(&table));
                if CREDIT.contains(&table) {
                    last.insert((table.to_owned(), record.key.clone()));
                }
            }
        }
        folded += last.len() as u64;
    }
    let noise = 100 - folded * 100 / rows.max(1);
    println!(
        "{rows} changes; {needed} in tables a credit balance needs, {folded} of these the last of their transaction: {noise}% noise"
    );
    for (table, counts) in tables {
        println!("{table:40} r {:7} c {:7} u {:7} d {:5}", counts[0], counts[1], counts[2], counts[3]);
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let from = text.find(start)? + start.len();
    let length = text[from..].find(end)?;
    Some(&text[from..from + length])
}
