//! A key's exposure, and the event about its change.

use chrono::{DateTime, Utc};
use contract::{Money, Outbox};
use rust_decimal::Decimal;

use super::bucket::{Bucket, Key};
use super::events::{Buckets, ExposureChanged};
use super::settings::Settings;
use super::state::State;
use crate::store::{Exposure, Tables};

/// What contributes to a key, as a row; `None` where nothing does.
pub(super) fn exposure(state: &State, settings: &Settings, key: Key, now: DateTime<Utc>) -> Option<Exposure> {
    if !state.contributions.is_open(key) && !state.ordered.is_open(key) {
        return None;
    }
    let tables = &state.tables;
    let decimals = tables.decimals(key.company);
    let sums = state.contributions.sums(key);
    let items = |bucket| Money::sum_to_decimal(sums.amount(bucket), decimals);
    let orders = state.ordered.sums(key, &state.rates, tables);
    let orders = orders.map(|sum| Money::sum_to_decimal(sum, decimals));
    let mut row = Exposure {
        company_id: key.company,
        partner_id: key.partner,
        partner_name: tables.partners.get(key.partner).map(|row| row.name.clone()).unwrap_or_default(),
        currency: tables.currency(key.company),
        not_due: items(Bucket::NotDue),
        overdue: items(Bucket::Overdue),
        unapplied: items(Bucket::Unapplied),
        draft_invoiced: items(Bucket::DraftInvoiced),
        to_invoice: orders.to_invoice,
        to_invoice_odoo: orders.to_invoice_odoo,
        committed: items(Bucket::Committed) + orders.committed,
        total: Decimal::ZERO,
        credit_limit: state.own_limit(key).map(|limit| tables.scaled(key.company, limit)),
        oldest_due: state.contributions.oldest_due(key),
        updated_at: now,
    };
    row.total = row.not_due + row.overdue + row.unapplied + row.draft_invoiced + row.to_invoice;
    if settings.counts_committed {
        row.total += row.committed;
    }
    Some(row)
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
