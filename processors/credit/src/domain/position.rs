//! What checks look at.

use chrono::{Days, NaiveDate};
use contract::Money;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

use super::bucket::Key;
use super::pending::{self, decimal};
use super::view::View;
use crate::store::Check;

/// A document of a customer's that is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Document {
    /// Odoo's model.
    pub(super) model: &'static str,
    pub(super) id: i32,
    pub(super) amount: Decimal,
}

/// All that checks look at: of one customer in one company. Payments that have no entry yet are taken off.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Position {
    pub(super) total: Decimal,
    pub(super) receivable: Decimal,
    pub(super) overdue: Decimal,
    /// The limit that counts, if it is above 0.
    pub(super) limit: Option<Decimal>,
    /// Orders that ship behind the horizon.
    pub(super) ships_later: Decimal,
    pub(super) oldest_due: Option<NaiveDate>,
    /// What is overdue by more than the days of [`Check::OverdueShare`].
    pub(super) long_overdue: Decimal,
    /// What is overdue by more than [`Check::OldestOpen`]'s release: its payment would release.
    pub(super) oldest: Decimal,
    pub(super) largest: Option<Document>,
    pub(super) last_payment: Option<NaiveDate>,
    pub(super) score: Option<Decimal>,
    /// The highest score at the start of the last days.
    pub(super) best_score: Option<Decimal>,
    /// When [`Check::ScoreDrop`] passes, should the score stay as it is.
    pub(super) drop_ends: Option<NaiveDate>,
}

impl Position {
    /// Where a customer stands. Scores of past days are not part of it yet.
    pub(super) fn new(view: View<'_>, key: Key) -> Self {
        let View { state, settings, today, .. } = view;
        let scaled = |amount| state.tables.scaled(key.company, amount);
        let mut position = Self {
            limit: state.limit_to_check(key, today).map(scaled),
            last_payment: state.last_payment(key, today),
            ..Self::default()
        };
        let mut not_dated = Decimal::ZERO;
        if let Some(row) = state.tables.exposures.get(key.id()) {
            position.total = row.total - decimal(pending::sum(&state.pending, key));
            let dated = state.contributions.receivable_items(key).map(|(.., amount)| amount.0).sum();
            not_dated = row.not_due + row.overdue - decimal(Money(dated));
        }
        let ago = |days: Decimal| {
            let days = days.trunc().to_u64();
            days.and_then(|days| today.checked_sub_days(Days::new(days))).unwrap_or(NaiveDate::MIN)
        };
        let long_ago = ago(settings.check(Check::OverdueShare).days.into());
        let oldest = ago(settings.check(Check::OldestOpen).release).min(today);
        for (due, id, amount) in state.receivable(key) {
            let amount = decimal(amount);
            position.oldest_due.get_or_insert(due);
            position.receivable += amount;
            if due < today {
                position.overdue += amount;
            }
            if due < long_ago {
                position.long_overdue += amount;
            }
            if due < oldest {
                position.oldest += amount;
            }
            position.consider(Document { model: "account.move.line", id, amount });
        }
        let horizon = Days::new(settings.check(Check::Horizon).days.into());
        let horizon = today.checked_add_days(horizon).unwrap_or(NaiveDate::MAX);
        for (id, order) in state.open_orders.rows_of(key) {
            let amount = decimal(order.counted(settings));
            if order.ships.is_some_and(|ships| ships > horizon) {
                position.ships_later += amount;
            }
            if !amount.is_zero() {
                position.consider(Document { model: "sale.order", id, amount });
            }
        }
        // Amounts have the currency's decimals in whatever is said of them.
        position.total = scaled(position.total);
        position.receivable = scaled(position.receivable + not_dated);
        position.overdue = scaled(position.overdue);
        position
    }

    /// Takes a document into account.
    fn consider(&mut self, document: Document) {
        if self.largest.is_none_or(|largest| document.amount > largest.amount) {
            self.largest = Some(document);
        }
    }
}
