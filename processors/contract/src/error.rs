//! What can go wrong, told apart by what has to be done about it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A record that cannot be used. It becomes a dead letter; everything else goes on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("table {table}, column {column}: expected {expected}, found {found}")]
pub struct Rejected {
    /// The source table, or `?` when the record is not even readable.
    pub table: String,
    /// The column that is missing or wrong, or `?` when it is the record as a whole.
    pub column: String,
    /// What would have been accepted.
    pub expected: String,
    /// What was there. It may hold a value of the row: for the dead letter, never for a log.
    pub found: String,
}

impl Rejected {
    /// A record that is wrong as a whole.
    pub fn record(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { table: "?".into(), column: "?".into(), expected: expected.into(), found: found.into() }
    }

    /// A row of which some columns were not sent, and are not known.
    pub(crate) fn unavailable(table: &str, columns: &[&str]) -> Self {
        Self {
            table: table.into(),
            column: columns.join(", "),
            expected: "a value".into(),
            found: "one that the connector did not send because it did not change, and that is not known from before: let the \
                    connector emit the whole row, with an incremental snapshot"
                .into(),
        }
    }

    /// A row that does not have all wanted columns.
    pub fn missing_columns(table: &str, columns: &[&str]) -> Self {
        Self {
            table: table.into(),
            column: columns.join(", "),
            expected: "a value".into(),
            found: "no such column".into(),
        }
    }
}

/// Why a processor could not go on. The runner's policy turns it into an action.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It may work when tried again: the connection is lost, the server restarts, a lock was not to be had.
    #[error(transparent)]
    Transient(Why),
    /// It will not work however often it is tried. The text says what a person has to do.
    #[error(transparent)]
    Permanent(Why),
    /// Another owner has taken over, or the stored offset is not the expected one: drop everything and claim again.
    #[error("another owner holds this source: {0}")]
    Fenced(Why),
}

/// The words of a failure, and the error that it comes from, if it comes from one.
#[derive(Clone)]
pub struct Why {
    text: Cow<'static, str>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl<T: Into<Cow<'static, str>>> From<T> for Why {
    fn from(text: T) -> Self {
        Self { text: text.into(), source: None }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The words alone: the error behind them may hold a row, which is personal data.
impl fmt::Debug for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl Error for Why {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl Failure {
    /// A failure that a retry may mend.
    pub fn transient(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Transient(text.into().into())
    }

    /// A failure that needs a person.
    pub fn permanent(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Permanent(text.into().into())
    }

    /// Remembers the error that it comes from.
    #[must_use]
    pub fn because(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        let (Self::Transient(why) | Self::Permanent(why) | Self::Fenced(why)) = &mut self;
        why.source = Some(Arc::new(source));
        self
    }
}

/// What to check when Postgres does not let us in or do something; nothing for all other errors.
pub fn advice(error: &sqlx::Error) -> &'static str {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default();
    match (error, code.as_ref()) {
        (sqlx::Error::Tls(_), _) => {
            ". Check sslmode and sslrootcert of database_url, and that the server's certificate is in date and names its host"
        }
        (_, "28P01") => ". Check the role and the password of database_url",
        (_, "28000") => ". Check the role and the sslmode of database_url, and the server's pg_hba.conf",
        // Tables of a schema that a role may not use do not exist for it.
        (_, "42P01" | "3F000") => {
            ". Run `ledgerwell migrate up`; if that was done, check what is granted to the role: docs/security.md"
        }
        (_, "42501") => ". Check what is granted to the role: docs/security.md",
        _ => "",
    }
}

impl From<sqlx::Error> for Failure {
    /// Errors of the connection and the classes of SQLSTATE that pass by themselves are transient: 08 connection,
    /// 40 serialization and deadlock, 53 resources, 55 lock not available, 57 shutdown and cancel, 58 system; and 42703, a column
    /// that does not exist.
    /// <https://www.postgresql.org/docs/18/errcodes-appendix.html>. Never the row in the text: it is personal data.
    fn from(error: sqlx::Error) -> Self {
        let failure = match error.as_database_error() {
            None => match &error {
                sqlx::Error::ColumnDecode { .. }
                | sqlx::Error::ColumnNotFound(_)
                | sqlx::Error::Configuration(_) => Self::permanent(format!("Postgres: {error}")),
                _ => Self::transient(format!("Postgres: {error}{}", advice(&error))),
            },
            Some(database) => {
                let code = database.code().unwrap_or_default();
                let text = format!("Postgres says {code}: {}{}", database.message(), advice(&error));
                // A column is gone while the database is migrated under a program that runs; its next claim finds out.
                if code == "42703" {
                    return Self::transient(text).because(error);
                }
                match code.get(..2) {
                    Some("08" | "25" | "40" | "53" | "55" | "57" | "58") => Self::transient(text),
                    _ => Self::permanent(text),
                }
            }
        };
        failure.because(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_keeps_the_error_that_it_comes_from_and_shows_its_own_words_alone() {
        let failure = Failure::from(sqlx::Error::RowNotFound);
        assert!(failure.source().and_then(|source| source.downcast_ref::<sqlx::Error>()).is_some());
        assert!(Failure::transient("later").source().is_none());
        let row = std::io::Error::other("Key (name)=(Anna Weber) already exists");
        let failure = Failure::permanent("a row is there twice").because(row);
        assert_eq!(failure.to_string(), "a row is there twice");
        assert!(!format!("{failure:?}").contains("Anna"), "{failure:?}");
    }
}
