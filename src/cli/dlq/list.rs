//! `ledgerwell dlq list`

use std::process::ExitCode;

use clap::Args;
use sqlx::{Connection, PgConnection};

use crate::cli::{Global, Outcome, output, sources};
use crate::dead_letter::stored::{self, Filter};

#[derive(Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    filter: Filter,
    /// Only this source
    #[arg(long)]
    source: Option<String>,
    /// At most so many of each source
    #[arg(long, default_value_t = 1_000)]
    limit: u32,
}

impl List {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = global.config()?;
        let mut letters = Vec::new();
        for source in sources(&config, self.source.as_deref())? {
            let mut connection = PgConnection::connect(source.database_url()).await?;
            let limit = self.limit.into();
            letters.extend(stored::list(&source.name, &self.filter, -1, limit, &mut connection).await?);
        }
        if global.json {
            output::json(&letters)?;
            return Ok(ExitCode::SUCCESS);
        }
        let header = ["processor", "source", "offset", "row", "column", "expected", "found", "state"];
        let mut table = output::table(&header, &["offset"]);
        for letter in &letters {
            table.add_row([
                letter.processor.clone(),
                letter.source.clone(),
                letter.record_offset.to_string(),
                format!("{} {}", letter.table_name, letter.row_key),
                letter.column_name.clone(),
                letter.expected.clone(),
                letter.found.clone(),
                letter.state(),
            ]);
        }
        println!("{table}\n{} dead letters", letters.len());
        Ok(ExitCode::SUCCESS)
    }
}
