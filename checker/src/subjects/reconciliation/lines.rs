//! Which bank lines there are and which of them are done, as Odoo has it; and that the last event of each line is its row.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Books;
use super::tables::Tables;
use crate::checks::Case;
use crate::mirror::decimal;
use crate::report::Report;

/// Events that say what a line is.
const OF_LINES: [&str; 4] = ["line_proposed", "match_requested", "matched", "unmatched"];

/// Lines of posted entries in journals that have statements.
pub(super) fn check(books: &Books, tables: &Tables, report: &mut Report) {
    let moves_money = |row: &Value| {
        let journal = row["journal_id"].as_i64().and_then(|id| books.journals.get(&id));
        journal.is_some_and(|journal| matches!(journal["type"].as_str(), Some("bank" | "cash" | "credit")))
    };
    let is_posted = |row: &Value| {
        let entry = row["move_id"].as_i64().and_then(|id| books.moves.get(&id));
        entry.is_some_and(|entry| entry["state"] == "posted" && !entry["date"].is_null())
    };
    let expected: BTreeMap<i64, bool> = books
        .lines
        .iter()
        .filter(|(_, row)| moves_money(row) && is_posted(row))
        .map(|(id, row)| (*id, row["is_reconciled"] == true))
        .collect();
    let found: BTreeMap<i64, bool> =
        tables.lines.iter().map(|line| (line.id.into(), line.is_done())).collect();
    let all: BTreeSet<&i64> = expected.keys().chain(found.keys()).collect();
    for id in all {
        let (log, table) = (expected.get(id), found.get(id));
        if log != table {
            let text = format!("bank line {id}: done is {log:?} in Odoo, and {table:?} in the table");
            report.violation("lines: done", text, Vec::new());
        }
    }
    for line in &tables.lines {
        let Some(row) = books.lines.get(&line.id.into()) else { continue };
        let whole = decimal(&row["amount"]);
        let left = -decimal(&row["amount_residual"]);
        let amount = if line.is_done() || left.is_zero() { whole } else { left };
        if row["foreign_currency_id"].is_null() && line.amount != amount {
            let text = format!("bank line {} has {}, and {amount} in Odoo", line.id, line.amount);
            report.violation("lines: amount", text, Vec::new());
        }
    }
    report.figure_above_0("bank lines", found.len());
    report.figure("bank lines that are done", found.values().filter(|done| **done).count());
}

/// The last event of each line is its row.
pub(super) fn from_events(tables: &Tables, case: &Case<'_>, report: &mut Report) {
    let results = &case.evidence.results;
    if !results.outbox.is_empty() {
        report.not_checked("whether events fold to the bank lines: some are still in the outbox");
        return;
    }
    let mut last: BTreeMap<i64, ((i32, i64), Value)> = BTreeMap::new();
    for event in case.events.iter().filter(|event| OF_LINES.contains(&event.kind.as_str())) {
        let Some(logged) = event.logged.map(|n| &results.logged[n]) else { continue };
        let data: Value = serde_json::from_slice(event.data).unwrap_or_default();
        let id = data["line_id"].as_i64().unwrap_or_default();
        if !event.key.ends_with(&format!("/line-{id}")) {
            report.violation("lines: key", "the key is not that of the line", vec![event.describe()]);
        }
        let latest = last.entry(id).or_default();
        let number = (logged.version, logged.out_seq);
        if latest.0 < number {
            *latest = (number, data);
        }
    }
    last.retain(|_, (_, data)| data["status"] != "gone");
    for line in tables.lines.iter().filter(|line| line.status != "past") {
        let data = last.remove(&line.id.into()).map(|(_, data)| data).unwrap_or_default();
        let row = json!([
            line.status,
            line.amount.to_string(),
            line.currency,
            line.allocations,
            line.account_id,
            line.decided_by,
            line.session_id,
            line.auto
        ]);
        let event = json!([
            data["status"],
            data["amount"],
            data["currency"],
            data["allocations"],
            data["account_id"],
            data["decided_by"],
            data["session_id"],
            data["auto"]
        ]);
        if row != event {
            let text = format!("bank line {} is {row}, and was last told as {event}", line.id);
            report.violation("lines: fold", text, Vec::new());
        }
    }
    for (id, _) in last {
        report.violation("lines: fold", format!("bank line {id} was told, and there is none"), Vec::new());
    }
}
