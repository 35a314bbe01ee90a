//! What is stored of each partner is what the log says.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Partners;
use crate::report::Report;

/// `stored` are the rows of the table, as JSON.
pub(super) fn check(partners: &Partners, stored: &[Value], report: &mut Report) {
    let text = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let rank =
        |row: &Value| row["customer_rank"].as_i64().unwrap_or(0) + row["supplier_rank"].as_i64().unwrap_or(0);
    let of_log = |row: &Value| {
        json!([
            row["id"],
            row["name"],
            row["active"],
            row["is_company"],
            row["parent_id"],
            text(&row["email"]),
            text(&row["phone"]),
            text(&row["street"]),
            text(&row["zip"]),
            text(&row["city"]),
            row["country_id"],
            text(&row["vat"]),
            rank(row)
        ])
    };
    let of_table = |row: &Value| {
        json!([
            row["id"],
            row["name"],
            row["active"],
            row["is_company"],
            row["parent_id"],
            row["email"],
            row["phone"],
            row["street"],
            row["zip"],
            row["city"],
            row["country_id"],
            row["vat"],
            row["documents"]
        ])
    };
    let expected: BTreeSet<String> = partners.values().map(|row| of_log(row).to_string()).collect();
    let there: BTreeSet<String> = stored.iter().map(|row| of_table(row).to_string()).collect();
    if let Some(row) = expected.symmetric_difference(&there).next() {
        let side = if expected.contains(row) { "the log" } else { "dedup.partner" };
        report.violation("groups: partners", format!("only {side} has {row}"), Vec::new());
    }
    report.figure_above_0("partners", there.len());
}
