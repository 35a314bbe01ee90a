//! What conclusions are drawn from.

use chrono::{DateTime, NaiveDate, Utc};

use super::bucket::Key;
use super::settings::Settings;
use super::state::State;

/// How many documents an audit row names.
const NAMED: usize = 100;

/// The state as of an instant, by the settings in force.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    pub(super) settings: &'a Settings,
    pub(super) now: DateTime<Utc>,
    /// The day of `now`.
    pub(super) today: NaiveDate,
}

/// A customer's documents, as audit rows name them.
impl View<'_> {
    /// Ids of receivable `account.move.line`s.
    pub(super) fn open_items(self, key: Key) -> Vec<i32> {
        self.state.contributions.receivable_items(key).map(|(_, id, _)| id).take(NAMED).collect()
    }

    /// Ids of open `sale.order`s.
    pub(super) fn open_orders(self, key: Key) -> Vec<i32> {
        self.state.open_orders.rows_of(key).map(|(id, _)| id).take(NAMED).collect()
    }

    /// Ids of payments: `account.partial.reconcile`.
    pub(super) fn settlements(self, key: Key) -> Vec<i32> {
        self.state.payments.rows_of(key).map(|(id, _)| id).take(NAMED).collect()
    }
}
