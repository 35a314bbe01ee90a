//! `ledgerwell explain credit`, for people.

use chrono::NaiveDate;
use credit::read::Explanation;
use rust_decimal::Decimal;

use super::super::output;
use crate::explain::Customer;

pub(super) fn show(customer: &Customer) {
    println!(
        "{} (partner {}), as of {}",
        customer.partner_name,
        customer.partner_id,
        customer.as_of.format("%F %T UTC")
    );
    if customer.companies.is_empty() {
        println!("\nno company knows anything about this customer that matters for credit");
    }
    customer.companies.iter().for_each(show_company);
}

fn show_company(of: &Explanation) {
    let amount = |amount: Decimal| output::thousands(amount);
    let optional = |value: Option<Decimal>| value.map_or_else(|| "–".into(), amount);
    let date = |date: Option<NaiveDate>| date.map_or_else(String::new, |date| date.to_string());
    println!("\nCompany {} ({})", of.company_id, of.currency);
    let limit = optional(of.limit_in_force);
    println!(
        "exposure {} of a limit of {limit}; the rule's mode is {}",
        amount(of.total),
        serde_name(&of.mode)
    );
    println!("{}", of.decision);
    if let Some(hold) = of.hold.as_ref().filter(|hold| !hold.reason.is_empty()) {
        println!("because {}", hold.reason);
    }
    for change in &of.would_change {
        println!("  · {change}");
    }
    let mut table = output::table(&["bucket", "document", "amount", "due or ships"], &["amount"]);
    for bucket in &of.buckets {
        table.add_row([bucket.bucket.to_owned(), String::new(), amount(bucket.amount), String::new()]);
        for document in &bucket.documents {
            let name = format!("{} {}", document.model, document.id);
            table.add_row([String::new(), name, amount(document.amount), date(document.date)]);
        }
    }
    println!("\n{table}");
    let mut table = output::table(
        &["check", "action", "figure", "fails above", "passes at", ""],
        &["figure", "fails above", "passes at"],
    );
    for check in &of.checks {
        let state = if check.fails { "FAILS" } else { "passes" };
        table.add_row([
            check.check.to_string(),
            check.action.to_owned(),
            optional(check.figure),
            check.at.to_string(),
            check.release.to_string(),
            state.to_owned(),
        ]);
    }
    println!("\n{table}");
    let mut table = output::table(&["score", "value", "weight"], &["value", "weight"]);
    for part in &of.score.parts {
        table.add_row([part.part.to_owned(), optional(part.value), part.weight.to_string()]);
    }
    let score = of.score.credit_score.map_or_else(|| "insufficient history".into(), amount);
    table.add_row(["credit score".to_owned(), score, of.score.risk_level.clone()]);
    println!("\n{table}");
}

/// A value as JSON names it.
fn serde_name(value: &impl serde::Serialize) -> String {
    contract::audit::json(value).trim_matches('"').to_owned()
}
