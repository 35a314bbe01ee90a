//! A key's exposure, and the event about its change.

use chrono::{DateTime, Utc};
use contract::{Money, Outbox};
use rust_decimal::Decimal;

use super::bucket::{Bucket, Key};
use super::events::{Buckets, ExposureChanged};
use super::state::State;
use crate::store::{Exposure, Tables};

/// What contributes to a key, as a row; `None` where nothing does and no limit is set.
pub(super) fn exposure(state: &State, key: Key, now: DateTime<Utc>) -> Option<Exposure> {
    let tables = &state.tables;
    let sums = state.contributions.sums(key);
    let partner = tables.partners.get(key.partner);
    let commercial =
        partner.filter(|row| row.commercial_id == row.id && tables.roots().contains(&key.company));
    let credit_limit = commercial.and_then(|row| state.limit(row, key));
    let decimals = tables.decimals(key.company);
    let [not_due, overdue, unapplied, draft_invoiced] =
        [Bucket::NotDue, Bucket::Overdue, Bucket::Unapplied, Bucket::DraftInvoiced]
            .map(|bucket| sums.amount(bucket));
    let to_invoice = state.ordered.sum(key, &state.rates, tables);
    let buckets = [not_due, overdue, unapplied, draft_invoiced, to_invoice]
        .map(|sum| Money::sum_to_decimal(sum, decimals));
    if credit_limit.is_none() && buckets.iter().all(Decimal::is_zero) {
        return None;
    }
    let [not_due, overdue, unapplied, draft_invoiced, to_invoice] = buckets;
    Some(Exposure {
        company_id: key.company,
        partner_id: key.partner,
        partner_name: partner.map(|partner| partner.name.clone()).unwrap_or_default(),
        currency: tables.currency(key.company),
        not_due,
        overdue,
        unapplied,
        draft_invoiced,
        to_invoice,
        total: buckets.iter().sum(),
        credit_limit,
        oldest_due: state.contributions.oldest_due(key),
        updated_at: now,
    })
}

/// Emits that an exposure came, changed or went.
pub(super) fn emit(
    tables: &Tables,
    key: Key,
    before: Option<&Exposure>,
    after: Option<&Exposure>,
    now: DateTime<Utc>,
    outbox: &mut Outbox,
) {
    let scaled = |amount| tables.scaled(key.company, amount);
    let named = after.or(before);
    let event = ExposureChanged {
        company_id: key.company,
        partner_id: key.partner,
        partner_name: named.map_or("", |row| &row.partner_name),
        currency: named.map_or("", |row| &row.currency),
        before: before.map(|row| Buckets::from_row(row, scaled)),
        after: after.map(|row| Buckets::from_row(row, scaled)),
    };
    outbox.emit(now, &event);
}
