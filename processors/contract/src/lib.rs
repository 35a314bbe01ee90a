//! What a processor is: the leaf crate that every processor depends on. This page is the author's guide.
//!
//! A processor answers one question about an Odoo company from the stream of its database's changes. It declares its tables and
//! the source tables that they are made from ([`tables!`]), keeps a working state that it folds row changes into
//! ([`Processor::apply`]), and at the end of each source transaction decides what follows ([`Processor::decide`]). The runner
//! does the rest: Kafka, offsets, the Postgres transaction, the outbox, retries, dead letters, metrics.
//!
//! # What the runner promises
//!
//! [`Fold`] executes it, and its tests show it:
//!
//! - Whole source transactions, in commit order, each exactly once, each row folded to its last version. A value that was not sent
//!   because it did not change is what it was.
//! - `apply` for every row of a transaction, in any order, then `decide` once. The order of rows inside a
//!   transaction must not matter: store in `apply`, derive in `decide`.
//! - One writer: between `new` and the next `new` nobody else writes the processor's tables.
//! - Tables are saved inside the Postgres transaction that also advances the offset. When anything fails, the
//!   transaction is rolled back, the value is dropped and a fresh one is made of what is stored.
//!
//! # What the author has to do
//!
//! - No clock, no SQL, no async, no randomness in `apply` and `decide`: the same stream gives the same rows and the
//!   same events, however it is cut into batches.
//! - Values are checked when columns are read ([`FromSource`]), so that saving cannot fail on data.
//! - Ids from sequences never leave their table: events use natural keys.
//! - Each automated decision is written down ([`Outbox::audit`]), and goes only as far as its rule's [`Mode`]. Rules and
//!   people's requests come through the stream ([`Processor::rules`], [`Processor::act`]); no table is ever polled.
//!
//! `testkit` (a feature, for tests) runs a processor without Kafka and Postgres and holds it to all of this.
//!
//! # The rooms of a processor crate
//!
//! `README.md` (the question, what it keeps, emits and decides), `lib.rs` (`impl Processor`), `input.rs` (the columns it reads),
//! `domain/` (pure), `store.rs` (its tables), `queries.rs` (what people ask of its results), `api.rs` (its HTTP routes, commands
//! and part of the demo: [`api`]), `tests/` (golden streams with the rows and events expected of them, stories, laws).

pub mod action;
pub mod api;
pub mod audit;
pub mod calendar;
pub mod change;
pub mod column;
pub mod control;
pub mod dense;
pub mod error;
pub mod event;
pub mod fold;
pub mod format;
pub mod index;
pub mod log;
pub mod money;
mod object;
pub mod odoo;
pub mod outbox;
pub mod processor;
mod row;
pub mod source;
mod table;
#[cfg(feature = "testkit")]
pub mod testkit;

#[doc(hidden)]
pub use table::sql;

pub use action::NoAction;
pub use api::Api;
pub use audit::Audit;
pub use calendar::Calendar;
pub use change::{Change, Op};
pub use control::{Automation, Done, Mode, Outcome, Request, Rule, RuleSet, Tick};
pub use dense::Dense;
pub use error::{Failure, Rejected, advice};
pub use event::{Event, EventType, Subject};
pub use fold::Fold;
pub use format::{Format, TimeUnit, Times};
pub use index::Index;
pub use money::Money;
pub use outbox::{Emitted, Outbox};
pub use processor::{Descriptor, Processor, Source};
pub use source::{Decode, Decoded, FromSource, Invalid, Kept, Keyed, Missing, Partial};
pub use table::{Key, Query, Rows, StoredTable, Table, TableSet, Word};

/// What the declarations expand to needs these; not for direct use.
#[doc(hidden)]
pub mod reexport {
    pub use sqlx;
}
