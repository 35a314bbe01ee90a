//! `ledgerwell explain credit`

use chrono::NaiveDate;
use clap::Args;
use contract::api::{Outcome, Run, Session, command, output};
use rust_decimal::Decimal;

use super::Customer;
use crate::NAME;
use crate::queries::Explanation;

/// Why a customer stands as it does: documents, checks, score, decision, and what would change it
#[derive(Args)]
pub(super) struct Explain {
    /// The partner's id in Odoo; a contact is taken for its company
    partner: i32,
    /// The source; needed where there are several
    #[arg(long)]
    source: Option<String>,
}

impl Run for Explain {
    const EXAMPLES: &'static [&'static str] = &[
        "ledgerwell explain credit 7                 why partner 7 stands as it does",
        "ledgerwell explain credit 7 --json | jq '.companies[].checks'",
    ];

    async fn run(self, session: &dyn Session) -> Outcome {
        let mut snapshot = session.results(self.source.as_deref())?.snapshot(NAME).await?;
        let customer = super::customer(self.partner, &mut snapshot).await?;
        command::answer(customer.as_ref(), &format!("no partner {}", self.partner), NAME, session, show)
    }
}

fn show(customer: &Customer) {
    contract::say!(
        "{} (partner {}), as of {}",
        customer.partner_name,
        customer.partner_id,
        customer.as_of.format("%F %T UTC")
    );
    if customer.companies.is_empty() {
        contract::say!("\nno company knows anything about this customer that matters for credit");
    }
    customer.companies.iter().for_each(show_company);
}

fn show_company(of: &Explanation) {
    let amount = |amount: Decimal| output::thousands(amount);
    let optional = |value: Option<Decimal>| value.map_or_else(|| "–".into(), amount);
    let date = |date: Option<NaiveDate>| date.map_or_else(String::new, |date| date.to_string());
    contract::say!("\nCompany {} ({})", of.company_id, of.currency);
    let limit = optional(of.limit_in_force);
    contract::say!(
        "exposure {} of a limit of {limit}; the rule's mode is {}",
        amount(of.total),
        serde_name(&of.mode)
    );
    if !of.in_payment.is_zero() {
        contract::say!(
            "{} is paid and has no journal entry yet: checks count it as applied",
            amount(of.in_payment)
        );
    }
    for limit in &of.branch_limits {
        contract::say!(
            "orders of company {}, a branch, have a limit of {}",
            limit.company_id,
            amount(limit.limit)
        );
    }
    contract::say!("{}", of.decision);
    if let Some(hold) = of.hold.as_ref().filter(|hold| !hold.reason.is_empty()) {
        contract::say!("because {}", hold.reason);
    }
    for change in &of.would_change {
        contract::say!("  · {change}");
    }
    let mut table = output::table(&["bucket", "document", "amount", "due or ships"], &["amount"]);
    for bucket in &of.buckets {
        table.add_row([bucket.bucket.to_owned(), String::new(), amount(bucket.amount), String::new()]);
        for document in &bucket.documents {
            let id = || format!("{} {}", document.model, document.id);
            let name = document.number.clone().unwrap_or_else(id);
            table.add_row([String::new(), name, amount(document.amount), date(document.date)]);
        }
    }
    contract::say!("\n{table}");
    if let Some(why) = &of.why_not_odoo {
        contract::say!("Odoo shows {} to be invoiced: {why}", amount(of.to_invoice_odoo));
    }
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
    contract::say!("\n{table}");
    let mut table = output::table(&["score", "value", "weight"], &["value", "weight"]);
    for part in &of.score.parts {
        table.add_row([part.part.to_owned(), optional(part.value), part.weight.to_string()]);
    }
    let score = of.score.credit_score.map_or_else(|| "insufficient history".into(), amount);
    table.add_row(["credit score".to_owned(), score, of.score.risk_level.clone()]);
    contract::say!("\n{table}");
}

/// A value as JSON names it.
fn serde_name(value: &impl serde::Serialize) -> String {
    contract::audit::json(value).trim_matches('"').to_owned()
}
