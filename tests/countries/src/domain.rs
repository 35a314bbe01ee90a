//! From partners to counts. Pure: no SQL, no clock, no async.

mod actions;
mod decide;
mod events;
mod state;

pub use actions::Action;
pub use decide::Decision;
pub use events::{CountryChanged, EVENTS};
pub use state::State;
