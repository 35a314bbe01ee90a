//! The day on which a limit is going to be exceeded, as things stand: docs/credit-decisions.md, "Predicted breach".

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use contract::Money;
use rust_decimal::Decimal;

use super::Ledger;
use super::bucket::Key;
use super::checks::{Check, Standing};

/// How far the exposure is carried forward.
const AHEAD: u64 = 90;

impl Ledger {
    /// The first day on which the exposure within the horizon is above the limit; `None` where it is so already.
    pub(super) fn breach(&self, key: Key, standing: &Standing, today: NaiveDate) -> Option<NaiveDate> {
        let limit = standing.limit?;
        let mut exposure = standing.total - standing.ships_later;
        if exposure > limit {
            return None;
        }
        let last = today.checked_add_days(Days::new(AHEAD))?;
        let mut changes: BTreeMap<NaiveDate, i64> = BTreeMap::new();
        for (due, amount) in self.contributions.receivable(key).filter(|(due, _)| *due >= today) {
            let change = changes.entry(due.succ_opt()?).or_default();
            *change = change.saturating_sub(amount.0);
        }
        let horizon = Days::new(self.settings.check(Check::Horizon).days.into());
        let horizon_ends = today.checked_add_days(horizon)?;
        for (_, order) in self.open_orders.of(key) {
            if let Some(ships) = order.ships.filter(|ships| *ships > horizon_ends) {
                let change = changes.entry(ships.checked_sub_days(horizon)?).or_default();
                *change = change.saturating_add(order.amount.0);
            }
        }
        for (day, change) in changes.range(..=last) {
            exposure += Decimal::new(*change, Money::SCALE);
            if exposure > limit {
                return Some(*day);
            }
        }
        None
    }
}
