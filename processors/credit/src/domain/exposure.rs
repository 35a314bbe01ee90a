//! A key's exposure, and the event that tells of its change.

use chrono::{DateTime, NaiveDate, Utc};
use contract::{Money, Outbox};
use rust_decimal::Decimal;
use serde::Serialize;

use super::Ledger;
use super::bucket::{Bucket, Key};
use crate::store::{Exposure, Partner};

use std::collections::BTreeMap;

/// `exposure_changed`: before and after, `null` where there is no exposure.
#[derive(Serialize)]
struct ExposureChanged<'a> {
    company_id: i32,
    partner_id: i32,
    partner_name: &'a str,
    currency: &'a str,
    before: Option<Buckets>,
    after: Option<Buckets>,
}

/// Amounts are decimal strings in the company's currency.
#[derive(Serialize)]
struct Buckets {
    not_due: Decimal,
    overdue: Decimal,
    unapplied: Decimal,
    draft_invoiced: Decimal,
    to_invoice: Decimal,
    total: Decimal,
    credit_limit: Option<Decimal>,
    oldest_due: Option<NaiveDate>,
}

impl Buckets {
    fn new(row: &Exposure, scaled: impl Fn(Decimal) -> Decimal) -> Self {
        Self {
            not_due: scaled(row.not_due),
            overdue: scaled(row.overdue),
            unapplied: scaled(row.unapplied),
            draft_invoiced: scaled(row.draft_invoiced),
            to_invoice: scaled(row.to_invoice),
            total: scaled(row.total),
            credit_limit: row.credit_limit.map(&scaled),
            oldest_due: row.oldest_due,
        }
    }
}

impl Ledger {
    /// Compares the key's exposure with the one before. True when it changed.
    pub(super) fn decide_exposure(&mut self, key: Key, now: DateTime<Utc>, outbox: &mut Outbox) -> bool {
        let id = (key.company, key.partner);
        let before = self.tables.exposures.get(id);
        let mut after = self.exposure(key, now);
        if let (Some(before), Some(after)) = (before, &mut after) {
            let now = std::mem::replace(&mut after.updated_at, before.updated_at);
            if before == after {
                return false;
            }
            after.updated_at = now;
        }
        if before.is_none() && after.is_none() {
            return false;
        }
        let scaled = |amount| self.scaled(key.company, amount);
        let named = after.as_ref().or(before);
        let event = ExposureChanged {
            company_id: key.company,
            partner_id: key.partner,
            partner_name: named.map_or("", |row| &row.partner_name),
            currency: named.map_or("", |row| &row.currency),
            before: before.map(|row| Buckets::new(row, scaled)),
            after: after.as_ref().map(|row| Buckets::new(row, scaled)),
        };
        outbox.emit("exposure_changed", key.company, format!("partner-{}", key.partner), now, &event);
        self.tables.exposures.set(id, after);
        true
    }

    fn exposure(&self, key: Key, now: DateTime<Utc>) -> Option<Exposure> {
        let sums = self.contributions.sums(key);
        let partner = self.tables.partners.get(key.partner);
        let commercial =
            partner.filter(|row| row.commercial_id == row.id && self.roots().contains(&key.company));
        let credit_limit = commercial.and_then(|row| row.limit(key.company));
        let decimals = self.decimals(key.company);
        let amount = |bucket| Money::sum_to_decimal(sums.of(bucket), decimals);
        let buckets =
            [Bucket::NotDue, Bucket::Overdue, Bucket::Unapplied, Bucket::DraftInvoiced, Bucket::ToInvoice]
                .map(amount);
        if credit_limit.is_none() && buckets.iter().all(Decimal::is_zero) {
            return None;
        }
        let [not_due, overdue, unapplied, draft_invoiced, to_invoice] = buckets;
        Some(Exposure {
            company_id: key.company,
            partner_id: key.partner,
            partner_name: partner.map(|partner| partner.name.clone()).unwrap_or_default(),
            currency: self.currency(key.company),
            not_due,
            overdue,
            unapplied,
            draft_invoiced,
            to_invoice,
            total: buckets.iter().sum(),
            credit_limit,
            oldest_due: self.contributions.oldest_due(key),
            updated_at: now,
        })
    }

    /// An amount with the currency's decimals, so that no text depends on how Postgres returns a number.
    pub(super) fn scaled(&self, company: i32, mut amount: Decimal) -> Decimal {
        amount.rescale(self.decimals(company));
        amount
    }

    /// Digits after the point in the company's currency; two where it is not known.
    pub(super) fn decimals(&self, company: i32) -> u32 {
        let currency =
            self.tables.companies.get(company).and_then(|row| self.tables.currencies.get(row.currency_id));
        currency.and_then(|currency| u32::try_from(currency.decimals).ok()).unwrap_or(2)
    }

    pub(super) fn currency(&self, company: i32) -> String {
        let currency =
            self.tables.companies.get(company).and_then(|row| self.tables.currencies.get(row.currency_id));
        currency.map(|currency| currency.name.clone()).unwrap_or_default()
    }
}

impl Partner {
    /// The explicit limit in a company.
    pub(super) fn limit(&self, company: i32) -> Option<Decimal> {
        let limits: BTreeMap<i32, Decimal> = serde_json::from_str(self.credit_limit.as_deref()?).ok()?;
        limits.get(&company).copied()
    }
}
