//! A customer's line in the seed's `credit_scores`: all companies together, in the main company's currency.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use super::Ledger;
use crate::store::{CurrencyRate, Score};

/// What `DECIMAL(15,2)` holds: 9,999,999,999,999.99.
const LARGEST: Decimal = Decimal::from_parts(0xA4C6_7FFF, 0x0003_8D7E, 0, false, 2);

/// What `VARCHAR(255)` holds.
const LONGEST_NAME: usize = 255;

impl Ledger {
    pub(super) fn decide_score(&mut self, customer: i32, now: DateTime<Utc>) {
        let mut new = self.score(customer, now);
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

    fn score(&self, customer: i32, now: DateTime<Utc>) -> Option<Score> {
        let main = self.main_company.or_else(|| self.roots().first().copied())?;
        let (mut exposure, mut overdue, mut limit) = (Decimal::ZERO, Decimal::ZERO, None);
        let mut name = None;
        for company in self.roots() {
            let Some(row) = self.tables.exposures.get((company, customer)) else { continue };
            let rate = self.conversion(company, main, now);
            name = Some(&row.partner_name);
            exposure += convert(row.total, rate);
            overdue += convert(row.overdue, rate);
            if let Some(of_company) = row.credit_limit {
                limit = Some(limit.unwrap_or(Decimal::ZERO) + convert(of_company, rate));
            }
        }
        let decimals = self.decimals(main).min(2);
        let fit = |amount: Decimal| {
            amount
                .round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
                .clamp(-LARGEST, LARGEST)
        };
        Some(Score {
            customer_id: customer,
            customer_name: name?.chars().take(LONGEST_NAME).collect(),
            credit_limit: limit.map(fit),
            current_exposure: fit(exposure),
            overdue_amount: fit(overdue),
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
