//! What is proposed and asked for can be paid: as much is open of each item, and no two lines are to pay the same. A line that names one
//! open invoice of its amount is explained by it.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;

use super::Books;
use super::tables::{Proposal, Tables};
use crate::mirror::decimal;
use crate::report::Report;

pub(super) fn check(books: &Books, tables: &Tables, report: &mut Report) {
    let open: BTreeSet<i32> =
        tables.lines.iter().filter(|line| !line.is_done()).map(|line| line.id).collect();
    for proposal in tables.proposals.iter().filter(|proposal| open.contains(&proposal.line_id)) {
        for (item, amount) in allocations(&proposal.allocations) {
            let left = residual(books, item);
            if amount.abs() > left.abs() || amount.is_sign_negative() != left.is_sign_negative() {
                let text = format!(
                    "proposal {} of line {} pays {amount} of item {item}, of which {left} is open",
                    proposal.rank, proposal.line_id
                );
                report.violation("proposals: more than is open", text, Vec::new());
            }
        }
        if proposal.auto && proposal.rank != 1 {
            let text = format!("proposal {} of line {} is automatic", proposal.rank, proposal.line_id);
            report.violation("proposals: automatic", text, Vec::new());
        }
    }
    requested(books, tables, report);
    probabilities(tables, report);
    clear_cases(books, tables, &open, report);
}

/// Item and amount.
fn allocations(json: &Value) -> Vec<(i64, Decimal)> {
    let all = json.as_array().into_iter().flatten();
    all.filter_map(|of| Some((of["item_id"].as_i64()?, decimal(&of["amount"])))).collect()
}

fn residual(books: &Books, item: i64) -> Decimal {
    let row = books.items.get(&item).filter(|row| row["reconciled"] != true);
    row.map(|row| decimal(&row["amount_residual_currency"])).unwrap_or_default()
}

/// What is asked for together is not more than is open, unless people have asked for it.
fn requested(books: &Books, tables: &Tables, report: &mut Report) {
    let mut paid: BTreeMap<i64, Decimal> = BTreeMap::new();
    let mut by_people = BTreeSet::new();
    let asked = tables.lines.iter().filter(|line| line.status == "match_requested");
    for line in asked {
        for (item, amount) in allocations(&line.allocations) {
            *paid.entry(item).or_default() += amount;
            if line.decided_by.as_deref() != Some("automation") {
                by_people.insert(item);
            }
        }
    }
    report.figure("items that are asked for", paid.len());
    for (item, amount) in paid {
        let left = residual(books, item);
        if amount.abs() > left.abs() && !by_people.contains(&item) {
            let text = format!("{amount} of item {item} is asked for, of which {left} is open");
            report.violation("requests: more than is open", text, Vec::new());
        }
    }
}

/// Proposals of a line are numbered, none is certain to be another, and what pays nothing pays nothing.
fn probabilities(tables: &Tables, report: &mut Report) {
    let mut by_line: BTreeMap<i32, Vec<&Proposal>> = BTreeMap::new();
    for proposal in &tables.proposals {
        by_line.entry(proposal.line_id).or_default().push(proposal);
    }
    for (line, proposals) in by_line {
        let sum: Decimal = proposals.iter().map(|proposal| proposal.probability).sum();
        let numbered = proposals.iter().zip(1..).all(|(proposal, rank)| proposal.rank == rank);
        if !numbered || sum > Decimal::new(10_002, 4) {
            let text = format!("the proposals of line {line} are {} with probability {sum}", proposals.len());
            report.violation("proposals: probability", text, Vec::new());
        }
        let empty = |proposal: &&&Proposal| matches!(proposal.kind.as_str(), "none" | "write_off");
        let wrong = proposals
            .iter()
            .find(|proposal| empty(proposal) != allocations(&proposal.allocations).is_empty());
        if let Some(wrong) = wrong {
            let text = format!("proposal {} of line {line} is {}", wrong.rank, wrong.kind);
            report.violation("proposals: kind", text, Vec::new());
        }
    }
}

/// A line whose text is just the number of one open invoice of its amount is explained by that invoice, unless somebody has said
/// otherwise or another line wants it.
fn clear_cases(books: &Books, tables: &Tables, open: &BTreeSet<i32>, report: &mut Report) {
    let is_receivable = |row: &Value| {
        let account = row["account_id"].as_i64().and_then(|id| books.accounts.get(&id));
        account.is_some_and(|account| account["account_type"] == "asset_receivable")
    };
    let mut by_number: BTreeMap<&str, Vec<(i64, &Value)>> = BTreeMap::new();
    for (id, row) in &books.items {
        let is_open = row["reconciled"] != true && row["parent_state"] == "posted" && is_receivable(row);
        if let Some(number) = row["move_name"].as_str().filter(|number| is_open && number.len() > 8) {
            by_number.entry(number).or_default().push((*id, row));
        }
        // A payment that is registered for it may be what the line pays.
        if let Some(number) = row["ref"].as_str().filter(|_| row["reconciled"] != true) {
            by_number.entry(number).or_default().push((*id, row));
        }
    }
    let mut quoted: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, row) in
        books.lines.iter().filter(|(id, _)| i32::try_from(**id).is_ok_and(|id| open.contains(&id)))
    {
        *quoted.entry(row["payment_ref"].as_str().unwrap_or_default()).or_default() += 1;
    }
    let mut clear = 0;
    for line in
        tables.lines.iter().filter(|line| matches!(line.status.as_str(), "proposed" | "match_requested"))
    {
        let is_asked = line.decided_by.as_deref().is_some_and(|by| by != "automation");
        let Some(row) =
            books.lines.get(&line.id.into()).filter(|_| !is_asked && !tables.refused.contains(&line.id))
        else {
            continue;
        };
        let number = row["payment_ref"].as_str().unwrap_or_default();
        let Some([(item, invoice)]) = by_number.get(number).map(Vec::as_slice) else { continue };
        let entry = row["move_id"].as_i64().and_then(|id| books.moves.get(&id));
        let same = invoice["company_id"] == row["company_id"]
            && invoice["currency_id"] == row["currency_id"]
            && decimal(&invoice["amount_residual_currency"]) == line.amount
            && invoice["date"].as_i64() <= entry.and_then(|entry| entry["date"].as_i64());
        if !same || quoted.get(number) != Some(&1) {
            continue;
        }
        clear += 1;
        let first =
            tables.proposals.iter().find(|proposal| proposal.line_id == line.id && proposal.rank == 1);
        let paid = first.map(|first| allocations(&first.allocations)).unwrap_or_default();
        if paid != [(*item, line.amount)] {
            let text =
                format!("line {} names item {item} and has its amount; it is explained by {paid:?}", line.id);
            report.violation("proposals: clear case", text, Vec::new());
        }
    }
    report.figure("bank lines that name an open invoice of their amount", clear);
}
