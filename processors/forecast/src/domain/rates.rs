//! Exchange rates of a day. A currency without any is an error that is named, never worth one.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::money::minor;
use crate::store::Tables;

/// The rates that hold on a day.
#[derive(Debug, Default)]
pub(super) struct Rates {
    /// By root company and currency.
    of: FxHashMap<(i32, i32), Decimal>,
    /// The currency of which companies with other ones have the rates: the only one of a company that has none itself.
    base: Option<i32>,
}

impl Rates {
    /// The latest rate up to the day, else the earliest of those to come; rates of the company before rates of all, as Odoo takes them.
    /// <https://github.com/odoo/odoo/blob/18.0/odoo/addons/base/models/res_currency.py>
    pub(super) fn new(tables: &Tables, today: NaiveDate) -> Self {
        let rank = |of: &crate::store::CurrencyRate| {
            let is_past = of.day <= today;
            let distance = (today - of.day).num_days().abs();
            (is_past, of.company_id.is_some(), -distance, of.id)
        };
        let mut chosen: FxHashMap<(i32, i32), &crate::store::CurrencyRate> = FxHashMap::default();
        let roots: Vec<i32> =
            tables.companies.iter().map(|row| row.id).filter(|id| tables.root(*id) == *id).collect();
        for row in tables.rates.iter() {
            for company in roots.iter().filter(|root| row.company_id.is_none_or(|own| own == **root)) {
                let best = chosen.entry((*company, row.currency_id)).or_insert(row);
                if rank(best) < rank(row) {
                    *best = row;
                }
            }
        }
        let mut without: BTreeSet<i32> = tables.companies.iter().map(|row| row.currency_id).collect();
        for row in tables.rates.iter() {
            without.remove(&row.currency_id);
        }
        let base = without.first().copied().filter(|_| without.len() == 1);
        Self { of: chosen.into_iter().map(|(of, row)| (of, row.rate)).collect(), base }
    }

    /// What an amount is in another currency, in the smallest unit of that.
    ///
    /// # Errors
    /// Which rate is missing, or that the amount is too large.
    pub(super) fn convert(
        &self,
        amount: Decimal,
        company: i32,
        from: i32,
        to: i32,
        tables: &Tables,
    ) -> Result<i64, String> {
        let decimals = tables.decimals(to);
        let large =
            || format!("overflow: {amount} {} is too large to calculate with", tables.currency_code(from));
        if from == to {
            return minor(amount, decimals).ok_or_else(large);
        }
        let own = tables.companies.get(company).map(|row| row.currency_id);
        let rate = |currency: i32| {
            let rate = |currency: i32| self.of.get(&(company, currency)).copied();
            // Rates say how much of a currency one of the base is. That is the company's own one, unless this has a rate itself.
            let of_another = || own.and_then(rate).is_some() && self.base == Some(currency);
            let is_base = || own == Some(currency) || of_another();
            rate(currency).or_else(|| is_base().then_some(Decimal::ONE)).ok_or_else(|| {
                let code = tables.currency_code(currency);
                format!("rate missing {code}: enter a rate of {code} in Odoo")
            })
        };
        let (from, to) = (rate(from)?, rate(to)?);
        // Multiplied first, so that what comes out even is even.
        let converted = amount.checked_mul(to).and_then(|amount| amount.checked_div(from));
        converted.and_then(|amount| minor(amount, decimals)).ok_or_else(large)
    }
}
