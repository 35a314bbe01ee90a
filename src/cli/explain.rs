//! `ledgerwell explain`

mod credit;
mod dedup;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use sqlx::{Connection, PgConnection};

use super::{Global, Outcome, output, sources};
use crate::explain::{self, MOMENT};

/// Say why something is as it is
#[derive(Subcommand)]
#[command(after_help = "Examples:
  ledgerwell explain credit 7                 why partner 7 stands as it does
  ledgerwell explain credit 7 --json | jq '.companies[].checks'
  ledgerwell explain dedup 12                 why the records of group 12 are taken for the same")]
pub(super) enum Explain {
    /// Why a customer stands as it does: documents, checks, score, decision, and what would change it
    Credit(Credit),
    /// Why the records of a group are taken for the same, which values should be kept, and what would change it
    Dedup(Dedup),
}

#[derive(Args)]
pub(super) struct Credit {
    /// The partner's id in Odoo; a contact is taken for its company
    partner: i32,
    /// The source; needed where there are several
    #[arg(long)]
    source: Option<String>,
}

#[derive(Args)]
pub(super) struct Dedup {
    /// The group's number in `duplicate_groups`
    group: i32,
    /// The source; needed where there are several
    #[arg(long)]
    source: Option<String>,
}

impl Explain {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = global.config()?;
        let (Self::Credit(Credit { source, .. }) | Self::Dedup(Dedup { source, .. })) = &self;
        let chosen = sources(&config, source.as_deref())?;
        let [source] = chosen.as_slice() else {
            return Err("there are several sources: name one with --source".into());
        };
        let mut connection = PgConnection::connect(source.database_url()).await?;
        let mut moment = connection.begin_with(MOMENT).await?;
        let (identity, topic) = (source.identity(), &source.topic);
        match self {
            Self::Credit(Credit { partner, .. }) => {
                let customer = explain::credit(&identity, topic, partner, &mut moment).await?;
                let what = format!("no partner {partner}");
                say(customer, &what, "credit", global.json, credit::show)
            }
            Self::Dedup(Dedup { group, .. }) => {
                let page = explain::dedup(&identity, topic, group, &mut moment).await?;
                say(page, &format!("no group {group}"), "dedup", global.json, dedup::show)
            }
        }
    }
}

/// Prints what was found, for programs or for people.
fn say<T: serde::Serialize>(
    found: Option<T>,
    none: &str,
    processor: &str,
    json: bool,
    show: fn(&T),
) -> Outcome {
    let found = found.ok_or_else(|| {
        format!("this source knows {none}. `ledgerwell status` shows how far {processor} is")
    })?;
    if json {
        output::json(&found)?;
    } else {
        show(&found);
    }
    Ok(ExitCode::SUCCESS)
}
