//! From source rows to cash on each day. Pure: no SQL, no clock, no async.
//!
//! - [`State`] holds the rows, the sums of what is expected (`book`), and what was learned of how long things take (`lessons`). `apply`
//!   stores a change and notes what depends on it.
//! - Every source transaction is decided on, and most decisions only note that an evaluation is due, at the next full minute (`decide`).
//!   An evaluation works out each document that is touched (`items`, `arrived`, `under_way`, `orders`, `leads`, `recurring`, `residual`),
//!   puts it into the sums (`put`), and makes the rows of the forecast from those (`evaluate`).
//! - When a day begins, the one before is finished and scored (`score`), what has become known is learned, and all documents are looked at
//!   again.
//!
//! [`expected`], [`grid`], [`scenario`] and [`bridge`] are values and functions over them that know no state.

mod actions;
mod apply;
mod arrived;
mod book;
pub mod bridge;
mod cash;
mod decide;
mod evaluate;
pub mod events;
pub mod expected;
pub mod grid;
mod history;
mod items;
mod leads;
mod lessons;
mod money;
pub mod operations;
mod orders;
mod put;
mod rates;
mod recurring;
mod residual;
pub mod scenario;
mod scenarios;
mod score;
mod settings;
mod shortfall;
mod state;
mod under_way;

pub use actions::Action;
pub use settings::Settings;
pub use state::State;
