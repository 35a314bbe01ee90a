//! What the checker knows of each processor, one file per processor. The list below is the one place that names them.

mod credit;
mod dedup;
mod forecast;
mod reconciliation;

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::check::check;
use crate::checks::{Audited, Case};
use crate::cli::{Check, Watch};
use crate::error::Error;
use crate::mirror::Mirror;
use crate::report::Report;
use crate::watch::watch;

/// Every processor that can be checked. The first one is meant where the command line names none.
pub(crate) static ALL: [Processor; 4] = [
    Processor::new::<credit::Credit>(),
    Processor::new::<dedup::Dedup>(),
    Processor::new::<forecast::Forecast>(),
    Processor::new::<reconciliation::Reconciliation>(),
];

/// A processor under test, as the checker understands it by itself: how its tables are read, what the log says has to be in them,
/// and how the two are compared. A value follows one log, row by row, and holds in the end what has to be there.
pub(crate) trait Subject: Sized + 'static {
    /// The processor's name, which its result topic, checkpoints, requests and audit rows carry.
    const NAME: &'static str;

    /// Tables of Odoo that the processor reads: all of these have to be in the connector's list, and a change of one of them that is
    /// lost is lost to it.
    const TABLES: &'static [&'static str];

    /// How events and audit rows say the same. None where the processor's audit rows are not compared.
    const AUDITED: Option<Audited>;

    /// What is in its tables.
    type Tables;

    /// What the observer writes down of its tables: [`NotSampled`] where it only watches the checkpoint.
    type Sample: Clone + Default + PartialEq + Serialize + DeserializeOwned;

    /// Reads its tables, in the caller's transaction: all that a check reads is of one instant.
    async fn read(connection: &mut PgConnection) -> Result<Self::Tables, sqlx::Error>;

    /// One that has read nothing of the log. The connection to the results database is its own, for temporary tables; `last` is
    /// the clock that the log ends with.
    async fn new(connection: PgConnection, last: Option<DateTime<Utc>>) -> Result<Self, Error>;

    /// A day begins, with the rows as they are. Called once for each day from the first complete snapshot on.
    async fn begin_day(&mut self, _day: NaiveDate, _mirror: &mut Mirror) -> Result<(), Error> {
        std::future::ready(Ok(())).await
    }

    /// The log has been read, and ends with a complete snapshot: works out what has to be in the tables on this day. Not called
    /// where the log ends in the middle of a snapshot.
    async fn conclude(&mut self, today: Option<NaiveDate>, mirror: &mut Mirror) -> Result<(), Error>;

    /// Compares what has to be there with its tables and with the events.
    fn check(&self, tables: &Self::Tables, case: &Case<'_>, report: &mut Report);

    /// What the observer writes down, in the caller's transaction.
    async fn sample(_connection: &mut PgConnection) -> Result<Self::Sample, sqlx::Error> {
        std::future::ready(Ok(Self::Sample::default())).await
    }

    /// The sample that the rows, as they are, have to give on a day. None where samples are not recomputed.
    async fn expected_sample(
        &mut self,
        _today: NaiveDate,
        _mirror: &mut Mirror,
    ) -> Result<Option<Self::Sample>, Error> {
        std::future::ready(Ok(None)).await
    }

    /// How two samples differ, in words that call them by these names. None where they are the same.
    fn difference(_expected: &Self::Sample, _found: &Self::Sample, _names: (&str, &str)) -> Option<String> {
        None
    }
}

/// The sample of a processor whose tables the observer does not look at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct NotSampled {}

/// What a command answers when it is done.
type Running<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + 'a>>;

/// A subject by its name: what the command line picks.
#[derive(Clone)]
pub(crate) struct Processor {
    /// Its name.
    pub(crate) name: &'static str,
    tables: &'static [&'static str],
    /// Checks it. True when all holds.
    pub(crate) check: for<'a> fn(&'a Check) -> Running<'a, bool>,
    /// Observes it until it is stopped.
    pub(crate) watch: for<'a> fn(&'a Watch) -> Running<'a, ()>,
}

impl Processor {
    const fn new<S: Subject>() -> Self {
        Self {
            name: S::NAME,
            tables: S::TABLES,
            check: |what| Box::pin(check::<S>(what)),
            watch: |what| Box::pin(watch::<S>(what)),
        }
    }
}

/// Reads a processor's name on the command line.
pub(crate) fn parser() -> impl TypedValueParser<Value = Processor> {
    PossibleValuesParser::new(ALL.iter().map(|processor| processor.name)).try_map(|name| {
        ALL.iter().find(|processor| processor.name == name).cloned().ok_or("there is no such processor")
    })
}

/// The tables that a connector is set up for: those of all processors.
pub(crate) static TABLES: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| ALL.iter().flat_map(|processor| processor.tables).copied().collect());

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::{ALL, NotSampled};
    use crate::observed::State;

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn nothing_else_names_a_processor() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in files(&root.join("src")).into_iter().chain(files(&root.join("../tests/torture"))) {
            let text = std::fs::read_to_string(&file).unwrap();
            let may = file.starts_with(root.join("src/subjects")) || file == root.join("src/subjects.rs");
            for name in ALL.iter().map(|processor| processor.name) {
                // As a string, in SQL, or in a comment. A plain word may be a variable, whatever processors are called.
                let named = ["'{}'", "\"{}\"", "\"{}.", "`{}", " FROM {}.", " INTO {}."]
                    .map(|pattern| pattern.replace("{}", name));
                let named = named.iter().find(|named| text.contains(named.as_str()));
                assert!(may || named.is_none(), "{} names {name}: {named:?}", file.display());
            }
        }
    }

    #[test]
    fn each_processor_is_there_once() {
        let names: BTreeSet<_> = ALL.iter().map(|processor| processor.name).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn a_state_without_a_sample_is_one_too() {
        let line = r#"{"version":1,"next_offset":7,"control_offset":0,"out_seq":3,"snapshot":"complete","clock":null,"audit":0}"#;
        let state: State<NotSampled> = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&state).unwrap(), line);
    }
}
