//! Prints how fast the simulator writes and what its feed consists of.

use std::collections::BTreeMap;
use std::time::Instant;

use simulator::{Settings, Simulation, UnitKind};

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
    while let Some(unit) = simulation.next_unit() {
        transactions += u64::from(unit.kind == UnitKind::Transaction);
        records += unit.records.len() as u64;
        bytes += unit.records.iter().filter_map(|record| record.value.as_ref()).map(|value| value.len() as u64).sum::<u64>();
    }
    let took = started.elapsed().as_secs_f64();
    println!("founded in {founded:.2?}; {records} records, {transactions} transactions, {} MB in {took:.2} s", bytes / 1_000_000);
    println!("{:.0} records/s, {:.0} MB/s", records as f64 / took, bytes as f64 / took / 1e6);
    let started = Instant::now();
    let snapshot = simulation.resnapshot();
    println!("new snapshot of {} rows in {:.2?}", snapshot.records.len(), started.elapsed());

    let mut tables: BTreeMap<String, [u64; 4]> = BTreeMap::new();
    let (mut rows, mut needed, mut folded) = (0u64, 0u64, 0u64);
    let mut simulation = Simulation::new(Settings::default());
    while let Some(unit) = simulation.next_unit() {
        let mut last = BTreeMap::new();
        for record in &unit.records {
            let Some(value) = &record.value else { continue };
            let text = String::from_utf8_lossy(value);
            let Some(table) = between(&text, "\"schema\":\"public\",\"table\":\"", "\"") else { continue };
            let operation = between(&text[text.len() - 120..], "\"op\":\"", "\"").unwrap_or("r").to_owned();
            let at = "rcud".find(&operation).unwrap_or(0);
            tables.entry(table.to_owned()).or_default()[at] += 1;
            if unit.kind == UnitKind::Transaction {
                rows += 1;
                needed += u64::from(CREDIT.contains(&table));
                if CREDIT.contains(&table) {
                    last.insert((table.to_owned(), record.key.clone()), ());
                }
            }
        }
        folded += last.len() as u64;
    }
    println!("{rows} changes; {needed} in tables a credit balance needs, {folded} of them last versions: {:.0}% noise", 100.0 * (1.0 - folded as f64 / rows as f64));
    for (table, counts) in tables {
        println!("{table:40} r {:7} c {:7} u {:7} d {:5}", counts[0], counts[1], counts[2], counts[3]);
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let from = text.find(start)? + start.len();
    let length = text[from..].find(end)?;
    Some(&text[from..from + length])
}
