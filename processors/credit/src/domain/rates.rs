//! Exchange rates of a day, and what amounts are by them.

use chrono::{Datelike, NaiveDate};
use contract::Money;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use crate::store::{CurrencyRate, Tables};

/// Units of each currency per unit of the rates' base, by root company and currency.
#[derive(Debug, Default)]
pub(super) struct Rates(FxHashMap<(i32, i32), Decimal>);

impl Rates {
    /// As Odoo's `res.currency._get_rates`: the latest rate up to the day, else the earliest of those to come; rates of the company
    /// before rates of all. A currency without any has the rate one.
    /// <https://github.com/odoo/odoo/blob/18.0/odoo/addons/base/models/res_currency.py>
    pub(super) fn new(tables: &Tables, today: NaiveDate) -> Self {
        let roots = tables.roots();
        let mut chosen: FxHashMap<_, (_, Decimal)> = FxHashMap::default();
        for row in tables.rates.iter().filter(|row| !row.rate.is_zero()) {
            let rank = rank(row, today);
            let companies =
                roots.iter().filter(|root| row.company_id.is_none_or(|company| company == **root));
            for company in companies {
                let best = chosen.entry((*company, row.currency_id)).or_insert((rank, row.rate));
                if best.0 < rank {
                    *best = (rank, row.rate);
                }
            }
        }
        Self(chosen.into_iter().map(|(of, (_, rate))| (of, rate)).collect())
    }

    fn rate(&self, company: i32, currency: i32) -> Decimal {
        self.0.get(&(company, currency)).copied().unwrap_or(Decimal::ONE)
    }

    /// What an amount in one currency is in another, by the rates of a root company; not rounded. `None` when it is too large.
    pub(super) fn convert(&self, amount: Decimal, company: i32, from: i32, to: i32) -> Option<Decimal> {
        if from == to {
            return Some(amount);
        }
        // Multiplied first, so that what comes out even is even.
        amount.checked_mul(self.rate(company, to))?.checked_div(self.rate(company, from))
    }

    /// The same for a sum in ten-thousandths, rounded to the company's currency, as Odoo's `res.currency._convert` does.
    pub(super) fn to_company(&self, sum: i128, company: i32, currency: i32, tables: &Tables) -> Option<i128> {
        let Some(own) = tables.currency_id(company).filter(|own| *own != currency) else { return Some(sum) };
        let amount = Decimal::try_from_i128_with_scale(sum, Money::SCALE).ok()?;
        let amount = tables.rounded(self.convert(amount, company, currency, own)?, own);
        Money::from_decimal(amount).map(|amount| amount.0)
    }
}

/// Which of two rates counts: the higher.
fn rank(row: &CurrencyRate, today: NaiveDate) -> (bool, bool, i32, i32) {
    let (began, day) = (row.day <= today, row.day.num_days_from_ce());
    (began, row.company_id.is_some(), if began { day } else { -day }, row.id)
}
