//! From raw Kafka records to whole source transactions.
//!
//! `envelope` reads one record without decoding its row, and `glance` looks at those of the usual shape; `assembler` folds
//! records into [`Delivery`]s: what a processor sees and what commits as a whole. All are pure: no Kafka, no Postgres, no clock.
//! Each encoding of a change record is one file next to `envelope`.

mod assembler;
pub mod control;
mod delivery;
mod envelope;
mod glance;
mod input;
mod key;
mod order;
mod progress;
mod recent;
mod tables;

pub use assembler::{Assembler, decode_alone};
pub use control::Control;
pub use delivery::{DeadLetter, Delivery, Left, PartialRow, RecordRef, RowBatch, Step};
pub use input::{Counts, Input};
pub use key::RowKey;
pub use progress::{Bringing, Doubt, Position, Progress, Snapshot};
pub use recent::{KEPT, Recent};
pub use tables::Tables;
