//! From source rows to exposures, and from exposures to decisions. Pure: no SQL, no clock, no async.
//!
//! - `State` has the rows, and what is derived from them. It stores a change and notes what depends on it (`apply`), and later
//!   places what was touched (`place`): each row contributes to one bucket of one customer.
//! - `Decision` compares each touched exposure with the one before and assesses its customer; when a day begins, all customers
//!   (`decide`). It concludes from a `View`: the state as of an instant, by the settings in force.
//! - `act` does what people ask for (`actions`), and [`explain`] says why a customer stands as it does.
//!
//! The other modules have one topic each: values and functions over `State`, its tables or a `View`. None knows `Decision`.

mod actions;
mod apply;
mod assessment;
mod breach;
mod bucket;
mod by_key;
mod checks;
mod contributions;
mod day_scores;
mod decide;
mod down_payments;
pub mod events;
pub mod explain;
mod exposure;
mod holds;
mod indexes;
mod limits;
mod links;
mod lookups;
mod money_moved;
mod norms;
mod ordered;
mod payments;
mod pending;
mod place;
mod position;
mod rates;
mod receivable;
mod score;
mod settings;
mod state;
mod summary;
mod to_invoice;
mod touched;
mod units;
mod view;
mod volume;

pub use crate::store::Check;
pub use actions::Action;

pub(crate) use actions::act;
pub(crate) use decide::Decision;
pub(crate) use settings::Settings;
pub(crate) use state::State;
