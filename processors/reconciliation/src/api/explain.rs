//! `ledgerwell explain reconciliation`

use clap::Args;
use contract::api::{Outcome, Run, Session, command, output};

use crate::NAME;
use crate::queries::{self, LinePage, Proposal};

/// What a bank line may pay, what speaks for it, and why it waits for a person
#[derive(Args)]
pub(super) struct Explain {
    /// The line's id in `account_bank_statement_line`
    line: i32,
    /// The source; needed where there are several
    #[arg(long)]
    source: Option<String>,
}

impl Run for Explain {
    const EXAMPLES: &'static [&'static str] = &[
        "ledgerwell explain reconciliation 12                 what bank line 12 may pay, and why",
        "ledgerwell explain reconciliation 12 --json | jq '.proposals[0].evidence'",
    ];

    async fn run(self, session: &dyn Session) -> Outcome {
        let mut snapshot = session.results(self.source.as_deref())?.snapshot(NAME).await?;
        let page = queries::explain(self.line, &mut snapshot.connection).await?;
        command::answer(page.as_ref(), &format!("no bank line {}", self.line), NAME, session, show)
    }
}

fn show(page: &LinePage) {
    let line = &page.line;
    contract::say!(
        "Bank line {} of {} in journal {}: {} {}, {}",
        line.id,
        line.day,
        line.journal_id,
        line.amount,
        line.currency,
        line.status
    );
    let says = [&page.says.label, &page.says.name, &page.says.account];
    let says: Vec<&str> = says.into_iter().flatten().map(String::as_str).collect();
    contract::say!("it says: {}", if says.is_empty() { "nothing".into() } else { says.join(" · ") });
    if let Some(person) = &line.decided_by {
        let reason = line.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        contract::say!("decided by {person}{reason}");
    }
    for of in line.allocations.iter() {
        contract::say!("  {} {} of {} (item {})", of.amount, of.currency, of.number, of.item_id);
    }
    for proposal in &page.proposals {
        show_proposal(proposal);
    }
    for refused in &page.refused {
        contract::say!("{} has refused a proposal: {}", refused.person, refused.reason);
    }
}

fn show_proposal(proposal: &Proposal) {
    let account = proposal.account_id.map(|account| format!(" on account {account}")).unwrap_or_default();
    contract::say!("\n{}. {}{account}, probability {}", proposal.rank, proposal.kind, proposal.probability);
    for of in proposal.allocations.iter() {
        contract::say!("   pays {} {} of {} (item {})", of.amount, of.currency, of.number, of.item_id);
    }
    if !proposal.left_over_why.is_empty() {
        contract::say!("   {}", proposal.left_over_why);
    }
    for why in proposal.waits.iter().filter(|_| proposal.rank == 1) {
        contract::say!("   · it waits: {why}");
    }
    if !proposal.lost_by.is_empty() {
        contract::say!("   · {}", proposal.lost_by);
    }
    let mut table = output::table(&["evidence", "what", "bits"], &["bits"]);
    for evidence in proposal.evidence.iter().filter(|evidence| evidence.bits != 0.0) {
        table.add_row([evidence.of.clone(), evidence.what.clone(), format!("{:+.1}", evidence.bits)]);
    }
    table.add_row(["together".into(), String::new(), format!("{:+.1}", proposal.bits)]);
    contract::say!("{table}");
}
