//! How a customer has paid: decisions.md, "Payment history".

use chrono::NaiveDate;
use contract::Money;

use super::bucket::Key;
use crate::store::{Settlement, Tables};

/// Experiences older than this do not count.
pub(super) const MEMORY_DAYS: i64 = 730;
/// A customer with fewer experiences has no history.
const ENOUGH: u32 = 3;
/// As many experiences at the company's mean are added to a customer's own.
const PRIOR: f64 = 3.0;
/// The company's mean where nobody has paid anything yet: prompt.
pub(super) const PROMPT: f64 = 80.0;
/// The weight that is left of an experience after a day: half after 180 of them, 2^(-1/180).
const DAILY_DECAY: f64 = 0.996_156_587_220_575_2;

/// Days beyond terms and what they are worth, as PAYDEX has them.
const VALUES: [(i64, f64); 10] = [
    (-30, 100.0),
    (-20, 90.0),
    (0, 80.0),
    (15, 70.0),
    (22, 60.0),
    (30, 50.0),
    (60, 40.0),
    (90, 30.0),
    (120, 20.0),
    (180, 1.0),
];

/// An amount that was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Payment {
    pub(super) amount: Money,
    pub(super) due: NaiveDate,
    pub(super) paid: NaiveDate,
}

impl Payment {
    /// A settlement is a payment when it settles a customer's due item with money that came: with no credit note, write-off, bad debt
    /// or exchange difference.
    pub(super) fn from_row(settlement: &Settlement, tables: &Tables) -> Option<(Key, Self)> {
        let debit = tables.items.get(settlement.debit_id)?;
        let is_due =
            debit.falls_due && debit.debit && !debit.draft && tables.is_receivable(debit.account_id?);
        let credit = tables.items.get(settlement.credit_id);
        if !is_due || credit.is_some_and(|credit| !tables.is_payment(credit)) {
            return None;
        }
        let payment =
            Self { amount: Money::from_decimal(settlement.amount)?, due: debit.due?, paid: settlement.day };
        Some((tables.party(debit.company_id, debit.partner_id?), payment))
    }

    /// Whether it is not too long ago.
    pub(super) fn counts(&self, today: NaiveDate) -> bool {
        (today - self.paid).num_days() <= MEMORY_DAYS
    }
}

/// Sums over experiences.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Experience {
    pub(super) count: u32,
    weight: f64,
    value: f64,
}

impl Experience {
    /// Of a customer's payments and due dates with what is receivable, as of `today`.
    pub(super) fn new<'a>(
        payments: impl Iterator<Item = &'a Payment>,
        receivable: impl Iterator<Item = (NaiveDate, Money)>,
        today: NaiveDate,
    ) -> Self {
        let mut experience = Self::default();
        for payment in payments.filter(|payment| payment.counts(today)) {
            let age = (today - payment.paid).num_days().max(0);
            experience.add(payment.amount, (payment.paid - payment.due).num_days(), age);
        }
        for (due, amount) in receivable.filter(|(due, _)| *due < today) {
            experience.add(amount, (today - due).num_days(), 0);
        }
        experience
    }

    /// Adds one: its amount, days beyond terms, and age in days.
    #[allow(clippy::cast_precision_loss, reason = "amounts are below 2^53")]
    fn add(&mut self, amount: Money, beyond: i64, age: i64) {
        let weight = amount.0 as f64 * decay(age);
        self.count += 1;
        self.weight += weight;
        self.value += weight * value(beyond);
    }

    /// Sums over several customers.
    pub(super) fn join(&mut self, other: Self) {
        self.count += other.count;
        self.weight += other.weight;
        self.value += other.value;
    }

    /// The mean value; `None` where there is nothing.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.value / self.weight)
    }

    /// The payment history; `None` for "insufficient history".
    pub(super) fn history(&self, company_mean: f64) -> Option<f64> {
        let own = self.mean().filter(|_| self.count >= ENOUGH)?;
        let count = f64::from(self.count);
        Some(((count * own + PRIOR * company_mean) / (count + PRIOR)).clamp(0.0, 100.0))
    }
}

/// What is left of a weight after `age` days. By multiplication alone, so that every machine gets the same bits.
fn decay(age: i64) -> f64 {
    let (mut rest, mut factor, mut decay) = (age.clamp(0, MEMORY_DAYS), DAILY_DECAY, 1.0);
    while rest > 0 {
        if rest % 2 == 1 {
            decay *= factor;
        }
        factor *= factor;
        rest /= 2;
    }
    decay
}

/// What paying this number of days beyond terms is worth.
#[allow(clippy::cast_precision_loss, reason = "days are few")]
fn value(beyond: i64) -> f64 {
    let above = VALUES.iter().position(|(days, _)| beyond <= *days);
    match above {
        Some(0) => VALUES[0].1,
        Some(n) => {
            let ((low, from), (high, to)) = (VALUES[n - 1], VALUES[n]);
            from + (to - from) * (beyond - low) as f64 / (high - low) as f64
        }
        None => VALUES[VALUES.len() - 1].1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn weights_halve_every_180_days() {
        assert!(
            close(decay(0), 1.0)
                && close(decay(180), 0.5)
                && close(decay(360), 0.25)
                && close(decay(540), 0.125)
        );
        assert!(close(decay(90), 0.5_f64.sqrt()));
    }

    #[test]
    fn values_follow_paydex_and_are_interpolated() {
        for (days, expected) in VALUES {
            assert!(close(value(days), expected), "{days}");
        }
        assert!(close(value(-400), 100.0) && close(value(400), 1.0));
        assert!(close(value(-10), 85.0) && close(value(26), 55.0) && close(value(150), 10.5));
    }

    #[test]
    fn a_history_is_drawn_towards_the_companys_mean_and_needs_three_experiences() {
        let mut experience = Experience::default();
        experience.add(Money(100), 0, 0);
        experience.add(Money(100), 0, 0);
        assert_eq!(experience.history(50.0), None);
        experience.add(Money(100), 0, 0);
        assert!(close(experience.history(50.0).unwrap_or_default(), (3.0 * 80.0 + 3.0 * 50.0) / 6.0));
    }
}
