//! `ledgerwell dlq list`

use std::process::ExitCode;

use clap::Args;
use sqlx::{Connection, PgConnection};

use crate::cli::{Global, Outcome, output, sources};
use crate::config::Needs;
use crate::dead_letter::stored::{self, After, Filter};
use crate::registry;

#[derive(Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    filter: Filter,
    /// Only this source
    #[arg(long)]
    source: Option<String>,
    /// The most of each source
    #[arg(long, default_value_t = 1_000)]
    limit: u32,
}

impl List {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let config = global.config(Needs::Databases)?;
        registry::check_name(self.filter.processor.as_deref())?;
        let mut dead_letters = Vec::new();
        for source in sources(&config, self.source.as_deref())? {
            let mut connection = PgConnection::connect(source.database_url()).await?;
            let limit = self.limit.into();
            dead_letters.extend(
                stored::list(&source.name, &self.filter, &After::default(), limit, &mut connection).await?,
            );
        }
        if global.json {
            output::json(&dead_letters)?;
            return Ok(ExitCode::SUCCESS);
        }
        let header = ["processor", "source", "offset", "row", "column", "expected", "found", "state"];
        let mut table = output::table(&header, &["offset"]);
        for dead_letter in &dead_letters {
            table.add_row([
                dead_letter.processor.clone(),
                dead_letter.source.clone(),
                dead_letter.record_offset.to_string(),
                format!("{} {}", dead_letter.table_name, dead_letter.row_key),
                dead_letter.column_name.clone(),
                dead_letter.expected.clone(),
                dead_letter.found.clone(),
                dead_letter.state(),
            ]);
        }
        contract::say!("{table}\n{} dead letters", dead_letters.len());
        Ok(ExitCode::SUCCESS)
    }
}
