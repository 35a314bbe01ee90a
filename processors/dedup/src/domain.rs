//! From source rows to groups of duplicates, and from groups to decisions. Pure: no SQL, no clock, no async.
//!
//! [`State`] holds the rows and what is derived from them. `apply` stores row changes and notes which records they touch.
//! `decide` passes those on to the engine of each Odoo model, lets people's decisions lapse whose values have changed, and brings
//! the rows of `duplicate_groups` in line with the engine's groups. `actions` does what people ask for.
//!
//! Imports go one way: topics without state at the bottom, then `state`, `decide`, and the files that extend
//! `Decision` with what they know.

mod actions;
mod apply;
mod decide;
pub mod events;
mod evidence;
pub mod explain;
mod groups;
mod lapses;
mod master;
mod model_index;
pub mod odoo_model;
mod proposals;
mod records;
mod scans;
mod settings;
mod state;
mod status;
mod succession;
#[cfg(test)]
mod tests;
pub mod training;

pub use actions::Action;
pub use state::State;
