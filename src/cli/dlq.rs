//! `ledgerwell dlq`

mod ask;
mod export;
mod list;
mod show;

use clap::Subcommand;

use super::{Global, Outcome, with_name};
use crate::dead_letter::decision::Verb;

/// Look at the records that could not be used, and settle them
#[derive(Subcommand)]
#[command(after_help = with_name("Examples:
  ledgerwell dlq list                                     open dead letters, oldest first
  ledgerwell dlq list --table res_partner --all --json    of one table, settled ones too
  ledgerwell dlq show PROCESSOR 4711                         one of them with its raw record (it holds business data)
  ledgerwell dlq replay PROCESSOR --reason \"upgraded\"        read all open ones of a processor again
  ledgerwell dlq discard PROCESSOR 4711 --reason \"typo\"      settle one as it is: its row keeps the image it has
  ledgerwell dlq export --out dead-letters.jsonl          for `ledgerwell publish` into another topic

Settling is a request: it is written into the source's stream, and decided and written down at its position there."))]
pub(super) enum Dlq {
    /// List dead letters: whose row, which column, what was expected and found
    List(list::List),
    /// Show the raw record of one
    Show(show::Show),
    /// Have records read again, by a program that understands them by now
    Replay(ask::Ask),
    /// Settle dead letters as they are
    Discard(ask::Ask),
    /// Write raw records to a file, one a line
    Export(export::Export),
}

impl Dlq {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        match self {
            Self::List(list) => list.run(global).await,
            Self::Show(show) => show.run(global).await,
            Self::Replay(ask) => ask.run(Verb::Replay, global).await,
            Self::Discard(ask) => ask.run(Verb::Discard, global).await,
            Self::Export(export) => export.run(global).await,
        }
    }
}
