//! A customer's line in the seed's `credit_scores`: all companies together, in the main company's currency.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use super::Ledger;
use super::assessment::RISKS;
use super::bucket::Key;
use super::holds::Status;
use crate::store::{Assessment, CurrencyRate, Score};

/// What `DECIMAL(15,2)` holds: 9,999,999,999,999.99.
const LARGEST: Decimal = Decimal::from_parts(0xA4C6_7FFF, 0x0003_8D7E, 0, false, 2);

/// What `VARCHAR(255)` holds.
const LONGEST_NAME: usize = 255;

/// A customer's companies together.
#[derive(Default)]
struct Combined {
    known: bool,
    exposure: Decimal,
    overdue: Decimal,
    limit: Decimal,
    /// Some company sets no limit.
    unlimited: bool,
    credit_score: Option<Decimal>,
    payment_history: Option<Decimal>,
    order_volume: Option<Decimal>,
    /// Place in [`RISKS`].
    risk: usize,
    reasons: Vec<String>,
}

impl Combined {
    /// Of each score the worst counts.
    fn assess(&mut self, row: &Assessment) {
        let worst = |all: Option<Decimal>, one: Option<Decimal>| [all, one].into_iter().flatten().min();
        self.credit_score = worst(self.credit_score, row.credit_score);
        self.payment_history = worst(self.payment_history, row.payment_history);
        self.order_volume = worst(self.order_volume, Some(row.order_volume));
        let risk = RISKS.iter().position(|risk| *risk == row.risk_level).unwrap_or_default();
        self.risk = self.risk.max(risk);
    }
}

impl Ledger {
    /// `rates` are those of [`Self::conversions`].
    pub(super) fn decide_score(&mut self, customer: i32, rates: &BTreeMap<i32, Decimal>, now: DateTime<Utc>) {
        let mut new = self.score(customer, rates, now);
        if let (Some(old), Some(new)) = (self.tables.scores.get(customer), &mut new) {
            let now = std::mem::replace(&mut new.last_calculated, old.last_calculated);
            new.created_at = old.created_at;
            if old == new {
                return;
            }
            new.last_calculated = now;
        }
        self.tables.scores.set(customer, new);
    }

    /// Units of the main company's currency per unit of each root company's.
    pub(super) fn conversions(&self, now: DateTime<Utc>) -> BTreeMap<i32, Decimal> {
        let Some(main) = self.main() else { return BTreeMap::new() };
        self.roots().into_iter().map(|company| (company, self.conversion(company, main, now))).collect()
    }

    fn main(&self) -> Option<i32> {
        self.main_company.or_else(|| self.roots().first().copied())
    }

    fn score(&self, customer: i32, rates: &BTreeMap<i32, Decimal>, now: DateTime<Utc>) -> Option<Score> {
        let main = self.main()?;
        let mut all = Combined::default();
        for (&company, &rate) in rates {
            let (key, id) = (Key { company, partner: customer }, (company, customer));
            let (exposure, assessment) = (self.tables.exposures.get(id), self.tables.assessments.get(id));
            if exposure.is_none() && assessment.is_none() {
                continue;
            }
            if let Some(row) = exposure {
                all.exposure += convert(row.total, rate);
                all.overdue += convert(row.overdue, rate);
            }
            match self.limit_in_force(key, self.day(now)) {
                Some(limit) => all.limit += convert(limit, rate),
                None => all.unlimited = true,
            }
            if let Some(row) = assessment {
                all.assess(row);
            }
            let hold = self.tables.holds.get(id);
            if let Some(hold) = hold.filter(|hold| Status::of(Some(hold)) == Status::Held) {
                all.reasons.push(format!("company {company}: {}", hold.reason));
            }
            all.known = true;
        }
        if !all.known {
            return None;
        }
        let decimals = self.decimals(main).min(2);
        let fit = |amount: Decimal| {
            amount
                .round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
                .clamp(-LARGEST, LARGEST)
        };
        Some(Score {
            customer_id: customer,
            customer_name: self.name(customer).chars().take(LONGEST_NAME).collect(),
            credit_score: all.credit_score,
            credit_limit: (!all.unlimited).then(|| fit(all.limit)),
            current_exposure: fit(all.exposure),
            overdue_amount: fit(all.overdue),
            payment_history_score: all.payment_history,
            order_volume_score: all.order_volume,
            risk_level: RISKS[all.risk].into(),
            hold_active: !all.reasons.is_empty(),
            hold_reason: (!all.reasons.is_empty()).then(|| all.reasons.join("\n")),
            last_calculated: now.naive_utc(),
            created_at: now.naive_utc(),
        })
    }

    /// Units of `main`'s currency per unit of `company`'s, by the main company's rates.
    fn conversion(&self, company: i32, main: i32, now: DateTime<Utc>) -> Decimal {
        let currency = |company| self.tables.companies.get(company).map(|row| row.currency_id);
        match (currency(company), currency(main)) {
            (Some(from), Some(to)) if from != to => {
                self.rate(to, main, now).checked_div(self.rate(from, main, now)).unwrap_or(Decimal::ONE)
            }
            _ => Decimal::ONE,
        }
    }

    /// As Odoo's `_get_rates`: the latest rate up to the day of the company or of all, else the earliest, else one.
    fn rate(&self, currency: i32, company: i32, now: DateTime<Utc>) -> Decimal {
        let today = self.day(now);
        let of_currency = |rate: &&CurrencyRate| {
            rate.currency_id == currency
                && rate.company_id.is_none_or(|of| of == company)
                && !rate.rate.is_zero()
        };
        let rates = || self.tables.rates.iter().filter(of_currency);
        let latest =
            rates().filter(|rate| rate.day <= today).max_by_key(|rate| (rate.day, rate.company_id, rate.id));
        let rate = latest.or_else(|| rates().min_by_key(|rate| (rate.day, rate.company_id, rate.id)));
        rate.map_or(Decimal::ONE, |rate| rate.rate)
    }
}

fn convert(amount: Decimal, rate: Decimal) -> Decimal {
    amount.checked_mul(rate).unwrap_or(LARGEST).clamp(-LARGEST, LARGEST)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_largest_amount_is_what_the_column_holds() {
        assert_eq!(super::LARGEST.to_string(), "9999999999999.99");
    }
}
