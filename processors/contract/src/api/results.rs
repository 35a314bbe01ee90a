//! Where the results of a source are. The shell implements it: it knows the configuration and the tables of the runner.

use std::ops::{Deref, DerefMut};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::BoxFuture;
use crate::control::RuleSet;
use crate::error::Failure;
use crate::processor::Source;

/// A connection to a database of results; given back when it is dropped.
pub struct Connection(Box<dyn DerefMut<Target = PgConnection> + Send>);

impl Connection {
    /// One that somebody guards: a pool, a transaction, or a box of its own.
    pub fn new(guard: impl DerefMut<Target = PgConnection> + Send + 'static) -> Self {
        Self(Box::new(guard))
    }
}

impl Deref for Connection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

/// The results of one source that are in force.
pub trait Results: Send + Sync {
    /// The source, as processors know it.
    fn source(&self) -> &Source;

    /// A connection to their database. Two statements on it may see different states.
    ///
    /// # Errors
    /// A database that cannot be reached.
    fn connect(&self) -> BoxFuture<'_, Result<Connection, Failure>>;

    /// The results of a processor at one instant.
    ///
    /// # Errors
    /// [`Failure::Transient`] while there is nothing whole to look at: before the first decision, and during a snapshot of the
    /// source.
    fn snapshot<'a>(&'a self, processor: &'a str) -> BoxFuture<'a, Result<Snapshot, Failure>>;
}

/// The results of a processor at one instant. All statements on its connection see the same state.
pub struct Snapshot {
    /// The source.
    pub source: Source,
    /// The processor's clock: all that was committed up to then is in it.
    pub as_of: DateTime<Utc>,
    /// The rules that the processor goes by.
    pub rules: RuleSet,
    /// Reads from the processor's schema. It cannot write.
    pub connection: Connection,
}
