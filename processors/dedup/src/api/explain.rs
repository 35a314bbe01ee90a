//! `ledgerwell explain dedup`

use std::collections::BTreeSet;

use clap::Args;
use contract::api::{Outcome, Run, Session, command, output};

use crate::NAME;
use crate::queries::{self, Explanation, GroupPage};

/// Why the records of a group are taken for the same, which values should be kept, and what would change it
#[derive(Args)]
pub(super) struct Explain {
    /// The group's number in `duplicate_groups`
    group: i32,
    /// The source; needed where there are several
    #[arg(long)]
    source: Option<String>,
}

impl Run for Explain {
    const EXAMPLES: &'static [&'static str] = &[
        "ledgerwell explain dedup 12                 why the records of group 12 are taken for the same",
        "ledgerwell explain dedup 12 --json | jq '.explanation.would_change'",
    ];

    async fn run(self, session: &dyn Session) -> Outcome {
        let mut snapshot = session.results(self.source.as_deref())?.snapshot(NAME).await?;
        let page = queries::explain(self.group, &mut snapshot.connection).await?;
        command::answer(page.as_ref(), &format!("no group {}", self.group), NAME, session, show)
    }
}

fn show(page: &GroupPage) {
    let group = &page.group;
    let score = group.similarity_score.map_or_else(|| "not known".into(), |score| score.to_string());
    let resolution =
        group.resolution.as_ref().map(|resolution| format!(" ({resolution})")).unwrap_or_default();
    contract::say!(
        "Group {} of {}: {}{resolution}, probability of the least likely pair {score}",
        group.id,
        group.odoo_model,
        group.status
    );
    let Some(why) = &page.explanation else {
        contract::say!("its records are not compared any more");
        return;
    };
    for change in &why.would_change {
        contract::say!("  · {change}");
    }
    show_records(page, why);
    for link in &why.links {
        let (a, b) = link.records;
        let mut table = output::table(&["comparison", "agreement", "bits"], &["bits"]);
        table.add_row(["before looking".into(), String::new(), format!("{:+.1}", link.why.prior_bits)]);
        for step in link.why.steps.iter().filter(|step| step.bits != 0.0) {
            table.add_row([step.comparison.clone(), step.level.to_owned(), format!("{:+.1}", step.bits)]);
        }
        table.add_row(["together".into(), String::new(), format!("{:+.1}", link.why.bits)]);
        contract::say!("\n{a} and {b}\n{table}");
    }
    for veto in &why.vetoes {
        contract::say!("{} and {}: {}", veto.records.0, veto.records.1, veto.why);
    }
    for decision in &why.decisions {
        let (a, b) = decision.records;
        let verdict = if decision.same { "are the same" } else { "are not the same" };
        contract::say!("{a} and {b} {verdict}, said {}: {}", decision.person, decision.note);
    }
}

/// One column a record; `*` marks the value that should be kept.
fn show_records(page: &GroupPage, why: &Explanation) {
    let is_master = |id: i32| if page.group.master_record_id == Some(id) { " (stays)" } else { "" };
    let names = why.records.iter().map(|record| format!("{}{}", record.id, is_master(record.id)));
    let header: Vec<String> = std::iter::once("field".to_owned()).chain(names).collect();
    let mut table = output::table(&header.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    let fields: BTreeSet<&String> = why.records.iter().flat_map(|record| record.values.keys()).collect();
    for field in fields {
        let kept = why.survivors.get(field).map(|survivor| survivor.record);
        let values = why.records.iter().map(|record| {
            let mark = if kept == Some(record.id) { " *" } else { "" };
            record.values.get(field).map(|value| format!("{value}{mark}")).unwrap_or_default()
        });
        table.add_row(std::iter::once(field.clone()).chain(values));
    }
    contract::say!("\n{table}");
}
