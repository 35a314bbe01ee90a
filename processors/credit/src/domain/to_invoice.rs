//! What a confirmed order will still be invoiced for.

use chrono::NaiveDate;
use contract::Money;
use rust_decimal::{Decimal, RoundingStrategy};

use super::bucket::{Bucket, Key, Part};
use super::calendar::Calendar;
use super::indexes::Indexes;
use crate::store::{SaleOrder, SaleOrderLine, Tables};

/// A confirmed order, as checks and holds see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenOrder {
    /// What Odoo will invoice of it, as things stand: what the exposure counts.
    pub(super) amount: Money,
    /// What is not invoiced of all that was ordered.
    pub(super) left: Money,
    pub(super) ships: Option<NaiveDate>,
    /// Whether something that was ordered is neither delivered nor invoiced.
    pub(super) undelivered: bool,
}

impl OpenOrder {
    /// An order, as long as something of it is left to invoice or to deliver. What is invoiced by delivery counts for nothing
    /// before, and yet must not be delivered while its customer is held. `amount` is what [`Part::from_order`] says.
    pub(super) fn from_row(
        order: &SaleOrder,
        amount: Money,
        tables: &Tables,
        indexes: &Indexes,
        calendar: Calendar,
    ) -> Option<(Key, Self)> {
        let (mut left, mut undelivered) = (Decimal::ZERO, false);
        for line in indexes.lines_of_order.members(order.id) {
            let Some(line) = tables.lines.get(line) else { continue };
            let share = line.ordered.checked_sub(line.invoiced)?.max(Decimal::ZERO);
            left = left.checked_add(line.price_total.checked_mul(share)?.checked_div(line.ordered)?)?;
            undelivered |= line.delivered < line.ordered && line.invoiced < line.ordered;
        }
        if amount == Money::ZERO && !undelivered {
            return None;
        }
        let left = Money::from_decimal(left.checked_div(order.currency_rate)?)?;
        let ships = order.ships_at.map(|ships_at| calendar.day(ships_at));
        Some((tables.party(order.company_id, order.partner_id), Self { amount, left, ships, undelivered }))
    }
}

impl Part {
    /// As Odoo's `amount_to_invoice`, which counts an order only while one of its lines has an untaxed amount to invoice:
    /// per line the price with taxes of what is ordered (or delivered, by the product's policy) and not invoiced by a posted
    /// invoice, converted at the order's rate and rounded to the company's currency.
    pub(super) fn from_order(order: &SaleOrder, tables: &Tables, indexes: &Indexes) -> Option<Self> {
        let lines = indexes.lines_of_order.members(order.id);
        let lines: Vec<_> = lines.filter_map(|id| tables.lines.get(id)).collect();
        if !lines.iter().any(|line| line.open) {
            return None;
        }
        let mut sum = Decimal::ZERO;
        for line in lines {
            sum = sum.checked_add(line_to_invoice(line, tables, indexes)?)?;
        }
        let party = tables.party(order.company_id, order.partner_id);
        let amount = sum
            .checked_div(order.currency_rate)?
            // A third of a price has no end: its last digits must not decide about half a cent.
            .round_dp(20)
            .round_dp_with_strategy(tables.decimals(party.company), RoundingStrategy::MidpointAwayFromZero);
        let amount = Money::from_decimal(amount).filter(|amount| *amount != Money::ZERO)?;
        Some(Self { party, bucket: Bucket::ToInvoice, amount, due: None })
    }
}

fn line_to_invoice(line: &SaleOrderLine, tables: &Tables, indexes: &Indexes) -> Option<Decimal> {
    let by_delivery = line.product_id.is_some_and(|product| tables.by_delivery(product));
    let quantity = if by_delivery { line.delivered } else { line.ordered };
    let posted = line.invoiced.checked_sub(drafted(line.id, tables, indexes))?;
    // Multiplied first: a third of a price would lose the last digits.
    line.price_total.checked_mul(quantity.checked_sub(posted)?)?.checked_div(line.ordered)
}

/// The quantity that drafts invoice of a line. Odoo counts it as invoiced already.
fn drafted(line: i32, tables: &Tables, indexes: &Indexes) -> Decimal {
    let items = indexes.links.items_of(line).filter_map(|item| tables.items.get(item));
    items
        .filter(|item| item.draft)
        .filter_map(|item| {
            let draft = tables.invoices.get(item.move_id).filter(|invoice| invoice.draft)?;
            Some(if draft.refund { -item.quantity } else { item.quantity })
        })
        .fold(Decimal::ZERO, Decimal::saturating_add)
}
