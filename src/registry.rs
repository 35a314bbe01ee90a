//! THE list of processors. A new one adds an entry here and two lines in Cargo.toml.

use std::thread::JoinHandle;

use contract::{Api, Descriptor, Failure, Processor, action};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use crate::runner::{self, Rebuilding};
use crate::task::Job;

/// A processor, without its types: what it declares, and where it starts.
pub struct Entry {
    /// What it declares.
    pub declares: Descriptor,
    /// What it declares for people.
    pub api: &'static Api,
    /// What people may ask of it: the schema [`ACTION`], and those that it refers to; empty where nobody may ask for anything.
    pub actions: fn() -> Vec<(String, RefOr<Schema>)>,
    /// Whether an action can be asked for with these arguments; if not, what is wrong.
    check: fn(&str, &Value) -> Result<(), String>,
    /// Starts it on a source.
    pub spawn: fn(Job) -> std::io::Result<JoinHandle<()>>,
    /// Builds a shadow version while the one in force goes on.
    pub rebuild: fn(&Job) -> Result<Box<dyn Rebuilding>, Failure>,
}

/// The name of the schema of what people may ask for.
pub const ACTION: &str = "Action";

impl std::ops::Deref for Entry {
    type Target = Descriptor;

    fn deref(&self) -> &Descriptor {
        &self.declares
    }
}

/// All processors.
pub const PROCESSORS: &[Entry] = &[
    entry::<credit::Credit>(&credit::api::API),
    entry::<dedup::Dedup>(&dedup::api::API),
    entry::<forecast::Forecast>(&forecast::api::API),
    entry::<reconciliation::Reconciliation>(&reconciliation::api::API),
];

/// The one with this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    PROCESSORS.iter().find(|entry| entry.name == name)
}

/// Refuses a name that no processor has: what is asked about it would be answered as if there were nothing.
///
/// # Errors
/// Which there are.
pub fn check_name(name: Option<&str>) -> Result<(), String> {
    match name.filter(|name| find(name).is_none()) {
        Some(name) => {
            let known: Vec<_> = names().collect();
            Err(format!("there is no processor `{name}`; there are: {}", known.join(", ")))
        }
        None => Ok(()),
    }
}

/// Whether a processor can be asked for an action with these arguments.
///
/// # Errors
/// What is wrong, and what there is instead.
pub fn check_request(processor: &str, action: &str, arguments: &Value) -> Result<(), String> {
    check_name(Some(processor))?;
    find(processor).map_or(Ok(()), |entry| (entry.check)(action, arguments))
}

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROCESSORS.iter().map(|entry| entry.name)
}

/// What they declare.
pub fn descriptors() -> impl Iterator<Item = &'static Descriptor> {
    PROCESSORS.iter().map(|entry| &entry.declares)
}

const fn entry<P: Processor<Action: ToSchema>>(api: &'static Api) -> Entry {
    Entry {
        declares: Descriptor::of::<P>(),
        api,
        actions: actions::<P>,
        check: |action, arguments| action::check::<P::Action>(P::NAME, action, arguments),
        spawn: runner::spawn::<P>,
        rebuild: runner::rebuild::<P>,
    }
}

fn actions<P: Processor<Action: ToSchema>>() -> Vec<(String, RefOr<Schema>)> {
    if action::names::<P::Action>().is_empty() {
        return Vec::new();
    }
    let mut schemas = vec![(ACTION.into(), <P::Action as utoipa::PartialSchema>::schema())];
    P::Action::schemas(&mut schemas);
    schemas
}
