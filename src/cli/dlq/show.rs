//! `ledgerwell dlq show`

use std::process::ExitCode;

use clap::Args;
use sqlx::{Connection, PgConnection};

use crate::cli::{Global, Outcome, output, sources};
use crate::config::Needs;
use crate::dead_letter::stored::{self, Shown};

#[derive(Args)]
pub(in crate::cli) struct Show {
    /// The processor
    processor: String,
    /// The record's offset
    offset: i64,
    /// The source; needed where there are several
    #[arg(long)]
    source: Option<String>,
}

impl Show {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = global.config(Needs::Databases)?;
        for source in sources(&config, self.source.as_deref())? {
            let mut connection = PgConnection::connect(source.database_url()).await?;
            let found =
                stored::find(&self.processor, &source.name, &source.topic, self.offset, &mut connection)
                    .await?;
            if let Some(raw) = found {
                output::json(&Shown::from(raw))?;
                return Ok(ExitCode::SUCCESS);
            }
        }
        Err(format!(
            "{} has no dead letter at offset {}; `ledgerwell dlq list --all` lists them",
            self.processor, self.offset
        )
        .into())
    }
}
