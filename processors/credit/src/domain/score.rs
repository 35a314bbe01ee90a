//! The credit score, what it is made of, and the risk level: decisions.md, "Credit score".

use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};

use super::bucket::Key;
use super::payments::Experience;
use super::position::Position;
use super::settings::{Consequence, Settings, Weights};
use super::view::View;
use super::volume::volume;
use crate::store::{Check, RiskLevel};

/// Overdue counts in full from this age on.
const OLD_DAYS: i64 = 90;

/// The parts of a credit score, 0 to 100 each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Parts {
    pub(super) payment_history: Option<f64>,
    pub(super) utilisation: f64,
    pub(super) overdue: f64,
    pub(super) order_volume: f64,
}

impl Parts {
    /// Those of a customer.
    pub(super) fn new(view: View<'_>, key: Key, position: &Position, experience: &Experience) -> Self {
        let View { state, today, .. } = view;
        let share = |figure: Option<Decimal>| {
            figure.and_then(|figure| figure.to_f64()).unwrap_or(0.0).clamp(0.0, 100.0)
        };
        let overdue = if position.receivable > Decimal::ZERO {
            share((position.overdue * Decimal::ONE_HUNDRED).checked_div(position.receivable))
        } else {
            0.0
        };
        let age = position.oldest_due.map_or(0, |due| (today - due).num_days().clamp(0, OLD_DAYS));
        #[allow(clippy::cast_precision_loss, reason = "at most 90")]
        let age = age as f64 / OLD_DAYS as f64;
        Self {
            payment_history: experience.history(state.norms.mean(key.company)),
            utilisation: 100.0 - share(Check::Utilisation.figure(position, today)),
            overdue: 100.0 - overdue * age,
            order_volume: volume(&state.revenue(key, today), state.norms.revenues(key.company)),
        }
    }

    /// The credit score; `None` without a payment history.
    pub(super) fn credit_score(&self, weights: Weights) -> Option<Decimal> {
        let score = weights.payment_history * self.payment_history?
            + weights.utilisation * self.utilisation
            + weights.overdue * self.overdue
            + weights.order_volume * self.order_volume;
        Some(two_digits(score))
    }
}

/// The risk of a customer with this score, of whom these checks fail.
pub(super) fn risk(score: Option<Decimal>, failing: &[Check], settings: &Settings) -> RiskLevel {
    let critical = failing.iter().any(|check| settings.check(*check).action == Consequence::Hold);
    match score {
        _ if critical => RiskLevel::Critical,
        Some(score) if score >= settings.risk.low => RiskLevel::Low,
        Some(score) if score >= settings.risk.medium => RiskLevel::Medium,
        Some(_) => RiskLevel::High,
        None => RiskLevel::Normal,
    }
}

/// A figure with two digits after the point.
pub(super) fn two_digits(value: f64) -> Decimal {
    in_hundredths(Decimal::from_f64(value).unwrap_or_default())
}

/// With two digits after the point, whatever Postgres returned.
pub(super) fn in_hundredths(score: Decimal) -> Decimal {
    let mut score = score.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    score.rescale(2);
    score
}
