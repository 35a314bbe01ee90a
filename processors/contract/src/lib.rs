//! What a processor is: the leaf crate that every processor depends on. This page is the author's guide.
//!
//! A processor answers one question about an Odoo company from the stream of its database's changes. It says
//! which tables it reads ([`Processor::TABLES`]), turns one row into its own event ([`Processor::decode`]), keeps a
//! working state that it folds events into ([`Processor::apply`]), and at the end of each source transaction
//! decides what follows ([`Processor::decide`]). The runner does the rest: Kafka, offsets, the Postgres
//! transaction, the outbox, retries, dead letters, metrics.
//!
//! # What the runner promises
//!
//! - Whole source transactions, in commit order, each exactly once, each row folded to its last version.
//! - `apply` for every row of a transaction, in any order, then `decide` once. The order of rows inside a
//!   transaction must not matter: store in `apply`, derive in `decide`.
//! - One writer: between `load` and the next `load` nobody else writes the processor's tables.
//! - `save` runs inside the Postgres transaction that also advances the offset. When anything fails, the
//!   transaction is rolled back, the value is dropped and a fresh one is loaded.
//!
//! # What the author owes
//!
//! - No clock, no SQL, no async, no randomness in `apply` and `decide`: the same stream gives the same rows and the
//!   same events, however it is cut into batches.
//! - Values are checked in `decode`, so that `save` cannot fail on data.
//! - `save` writes the net effect in sets: a few statements for every ten thousand rows. [`table!`] helps.
//! - Ids from sequences never leave their table: events use natural keys.
//! - Each automated decision is written down ([`Outbox::audit`]), and goes only as far as its rule's [`Mode`]. Rules and
//!   people's requests come through the stream ([`Processor::rules`], [`Processor::request`]); no table is ever polled.
//!
//! # The rooms of a processor crate
//!
//! `lib.rs` (the question, inputs, outputs, invariants, `impl Processor`), `event.rs` (the columns it reads),
//! `domain.rs` or `domain/` (pure), `store.rs` (its tables), `read.rs` (what people ask of its results), `tests/golden/` (streams with the rows and events
//! expected of them).

pub mod audit;
pub mod change;
pub mod column;
pub mod control;
pub mod dense;
pub mod error;
pub mod money;
mod object;
pub mod outbox;
pub mod processor;
mod row;
mod table;

#[doc(hidden)]
pub use table::sql;

pub use audit::Audit;
pub use change::{Change, Op};
pub use control::{Automation, Mode, Outcome, Request, Rule, RuleSet};
pub use dense::Dense;
pub use error::{Failure, Rejected, advice};
pub use money::Money;
pub use outbox::{Emitted, Outbox};
pub use processor::{Processor, Source};
pub use table::{Key, Query, Rows, Table};

/// What [`table!`] expands to needs these; not for direct use.
#[doc(hidden)]
pub mod reexport {
    pub use sqlx;
}
