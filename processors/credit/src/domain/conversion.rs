//! From the currencies of root companies to the main company's.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::store::{CurrencyRate, Tables};

/// Units of the main company's currency per unit of each root company's.
pub(super) fn conversions(tables: &Tables, main: i32, today: NaiveDate) -> BTreeMap<i32, Decimal> {
    tables.roots().into_iter().map(|company| (company, conversion(tables, company, main, today))).collect()
}

/// Units of `main`'s currency per unit of `company`'s, by the main company's rates.
fn conversion(tables: &Tables, company: i32, main: i32, today: NaiveDate) -> Decimal {
    let currency = |company| tables.companies.get(company).map(|row| row.currency_id);
    match (currency(company), currency(main)) {
        (Some(from), Some(to)) if from != to => {
            let rate = |currency| rate(tables, currency, main, today);
            rate(to).checked_div(rate(from)).unwrap_or(Decimal::ONE)
        }
        _ => Decimal::ONE,
    }
}

/// As Odoo's `_get_rates`: the latest rate up to the day of the company or of all, else the earliest, else one.
fn rate(tables: &Tables, currency: i32, company: i32, today: NaiveDate) -> Decimal {
    let applies = |rate: &&CurrencyRate| {
        rate.currency_id == currency
            && rate.company_id.is_none_or(|whose| whose == company)
            && !rate.rate.is_zero()
    };
    let rates = || tables.rates.iter().filter(applies);
    let latest =
        rates().filter(|rate| rate.day <= today).max_by_key(|rate| (rate.day, rate.company_id, rate.id));
    let rate = latest.or_else(|| rates().min_by_key(|rate| (rate.day, rate.company_id, rate.id)));
    rate.map_or(Decimal::ONE, |rate| rate.rate)
}
