//! From source rows to bank lines and what each may pay. Pure: no SQL, no clock, no async.
//!
//! [`State`] holds the rows and, per company, the engine of the crate `matching` with the lines that are open (`books`). `apply`
//! stores row changes and notes what they touch. `decide` brings the engine in line with the rows (`sync`), settles lines that were done,
//! undone or deleted in Odoo and learns from them (`settle`, `learning`), and proposes anew for every line that rests on something that
//! has changed (`propose`). Then it counts the sessions.
//!
//! What is proposed follows from the rows and from what was learned, not from the way there: a line that is looked at again without
//! need gets what it has. So a new start is a look at all lines, and changes nothing.
//!
//! Imports go one way: topics without state at the bottom, then `state`, `decide`, and the files that extend `Decision` with what
//! they know.

mod actions;
mod apply;
mod basis;
mod books;
mod decide;
pub mod events;
mod learning;
mod models;
mod outcome;
mod people;
mod propose;
mod records;
mod rows;
mod session_actions;
mod sessions;
mod settings;
mod settle;
mod state;
mod sync;
mod tally;
mod words;

pub use actions::Action;
pub use state::State;
