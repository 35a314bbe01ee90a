//! What the rows say about companies, partners and products.

use std::collections::BTreeSet;

use rust_decimal::{Decimal, RoundingStrategy};

use super::bucket::Party;
use crate::store::{Currency, Tables};

impl Tables {
    /// The root company and commercial partner that stand behind `company` and `partner`.
    pub(super) fn party(&self, company: i32, partner: i32) -> Party {
        Party {
            company: self.companies.get(company).map_or(company, |company| company.root_id),
            partner: self.partners.get(partner).map_or(partner, |partner| partner.commercial_id),
        }
    }

    /// The root companies.
    pub(super) fn roots(&self) -> BTreeSet<i32> {
        self.companies.iter().map(|company| company.root_id).collect()
    }

    /// Whether customers' debts are on an account.
    pub(super) fn is_receivable(&self, account: i32) -> bool {
        self.accounts.get(account).is_some_and(|account| account.receivable)
    }

    /// Whether what is delivered of a product is invoiced, rather than what is ordered.
    pub(super) fn by_delivery(&self, product: i32) -> bool {
        let template = self.products.get(product).and_then(|product| self.templates.get(product.template_id));
        template.is_some_and(|template| template.by_delivery)
    }

    /// A partner's name.
    pub(super) fn name(&self, partner: i32) -> String {
        self.partners.get(partner).map_or_else(|| format!("partner {partner}"), |row| row.name.clone())
    }

    /// The currency that a company keeps its books in.
    pub(super) fn currency_id(&self, company: i32) -> Option<i32> {
        self.companies.get(company).map(|row| row.currency_id)
    }

    fn currency_of(&self, company: i32) -> Option<&Currency> {
        self.currencies.get(self.currency_id(company)?)
    }

    /// An amount to the smallest part of a currency, halves away from zero; two decimals where the currency is not known.
    pub(super) fn rounded(&self, amount: Decimal, currency: i32) -> Decimal {
        let decimals = self.currencies.get(currency).and_then(|row| u32::try_from(row.decimals).ok());
        // A third of a price has no end: its last digits must not decide about half a cent.
        let amount = amount.round_dp(20);
        amount.round_dp_with_strategy(decimals.unwrap_or(2), RoundingStrategy::MidpointAwayFromZero)
    }

    /// The ISO 4217 code of a company's currency.
    pub(super) fn currency(&self, company: i32) -> String {
        self.currency_of(company).map(|currency| currency.name.clone()).unwrap_or_default()
    }

    /// Digits after the point in a company's currency; two where it is not known.
    pub(super) fn decimals(&self, company: i32) -> u32 {
        self.currency_of(company).and_then(|currency| u32::try_from(currency.decimals).ok()).unwrap_or(2)
    }

    /// An amount with the currency's decimals, so that no text depends on how Postgres returns a number.
    pub(super) fn scaled(&self, company: i32, mut amount: Decimal) -> Decimal {
        amount.rescale(self.decimals(company));
        amount
    }
}
