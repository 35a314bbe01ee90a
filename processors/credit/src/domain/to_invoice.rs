//! What a confirmed order will still be invoiced for.

use chrono::NaiveDate;
use contract::Money;
use rust_decimal::Decimal;

use super::bucket::Key;
use super::calendar::Calendar;
use super::down_payments::DownPayments;
use super::indexes::Indexes;
use super::ordered::OrderPart;
use super::rates::Rates;
use crate::store::{SaleOrder, SaleOrderLine, Tables};

/// What is left of an order, in its currency.
pub(super) struct Rest<'a> {
    order: &'a SaleOrder,
    party: Key,
    currency: i32,
    /// What will be invoiced, as things stand.
    to_invoice: Decimal,
    /// What is not invoiced of all that was ordered, nor paid in advance.
    left: Decimal,
    /// Whether something that was ordered is neither delivered nor invoiced.
    undelivered: bool,
}

impl<'a> Rest<'a> {
    /// Per line the price with taxes of what is ordered (or delivered, by the product's policy) and not invoiced by a posted
    /// invoice, rounded, as Odoo's `sale.order.line._compute_amount_to_invoice`; of an order that has a line with an untaxed amount
    /// to invoice, as `res.partner._compute_credit_to_invoice` has it. From that posted down payments are taken, which Odoo does not
    /// do (<https://github.com/odoo/odoo/issues/238909>). `None` when a figure is too large.
    ///
    /// <https://github.com/odoo/odoo/blob/18.0/addons/sale/models/sale_order_line.py>,
    /// <https://github.com/odoo/odoo/blob/18.0/addons/sale/models/res_partner.py>
    pub(super) fn of(
        order: &'a SaleOrder,
        tables: &Tables,
        indexes: &Indexes,
        rates: &Rates,
    ) -> Option<Self> {
        let party = tables.party(order.company_id, order.partner_id);
        let currency = order.currency_id.or_else(|| tables.currency_id(party.company)).unwrap_or_default();
        let lines = || indexes.lines_of_order.members(order.id).filter_map(|id| tables.lines.get(id));
        let (mut to_invoice, mut ordered, mut left) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
        let (mut open, mut undelivered) = (false, false);
        for line in lines().filter(|line| !line.ordered.is_zero()) {
            let by_delivery = line.product_id.is_some_and(|product| tables.by_delivery(product));
            let quantity = if by_delivery { line.delivered } else { line.ordered };
            let posted = line.invoiced.checked_sub(drafted(line, tables, indexes))?;
            let price = |quantity| Some(tables.rounded(price(line, quantity)?, currency));
            to_invoice = to_invoice.checked_add(price(quantity.checked_sub(posted)?)?)?;
            ordered = ordered.checked_add(price(line.ordered.checked_sub(posted)?)?)?;
            left = left.checked_add(price(line.ordered.checked_sub(line.invoiced)?.max(Decimal::ZERO))?)?;
            open |= line.open;
            undelivered |= line.delivered < line.ordered && line.invoiced < line.ordered;
        }
        let paid = DownPayments::of(order, lines(), currency, tables, indexes, rates)?;
        let to_invoice =
            if open { paid.deducted(to_invoice, ordered.max(to_invoice)) } else { Decimal::ZERO };
        let left = (left - paid.paid).max(Decimal::ZERO);
        Some(Self { order, party, currency, to_invoice, left, undelivered })
    }
}

impl OrderPart {
    /// What counts of what is left; `None` where nothing does.
    pub(super) fn new(rest: &Rest<'_>) -> Option<Self> {
        let amount = Money::from_decimal(rest.to_invoice).filter(|amount| *amount != Money::ZERO)?;
        Some(Self { party: rest.party, address: rest.order.partner_id, currency: rest.currency, amount })
    }
}

/// A confirmed order, as checks and holds see it, in the company's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenOrder {
    /// What will be invoiced of it, as things stand: what the exposure counts.
    pub(super) amount: Money,
    /// What is not invoiced of all that was ordered, nor paid in advance.
    pub(super) left: Money,
    pub(super) ships: Option<NaiveDate>,
    /// Whether something that was ordered is neither delivered nor invoiced.
    pub(super) undelivered: bool,
}

impl OpenOrder {
    /// An order, as long as something of it is left to invoice or to deliver. What is invoiced by delivery counts for nothing
    /// before, and yet must not be delivered while its customer is held.
    pub(super) fn new(
        rest: &Rest<'_>,
        tables: &Tables,
        rates: &Rates,
        calendar: Calendar,
    ) -> Option<(Key, Self)> {
        let Rest { order, party, currency, undelivered, .. } = *rest;
        let converted = |amount| {
            let Some(own) = tables.currency_id(party.company) else { return Money::from_decimal(amount) };
            let amount = rates.convert(amount, party.company, currency, own)?;
            Money::from_decimal(tables.rounded(amount, own))
        };
        let (amount, left) = (converted(rest.to_invoice)?, converted(rest.left)?);
        if amount == Money::ZERO && !undelivered {
            return None;
        }
        let ships = order.ships_at.map(|ships_at| calendar.day(ships_at));
        Some((party, Self { amount, left, ships, undelivered }))
    }
}

/// The price with taxes of a quantity of a line.
fn price(line: &SaleOrderLine, quantity: Decimal) -> Option<Decimal> {
    // Multiplied first: a third of a price would lose the last digits.
    line.price_total.checked_mul(quantity)?.checked_div(line.ordered)
}

/// The quantity that drafts invoice of a line, in its unit. Odoo counts it as invoiced already.
fn drafted(line: &SaleOrderLine, tables: &Tables, indexes: &Indexes) -> Decimal {
    let items = indexes.links.items_of(line.id).filter_map(|item| tables.items.get(item));
    items
        .filter(|item| item.draft)
        .filter_map(|item| {
            let draft = tables.invoices.get(item.move_id).filter(|invoice| invoice.draft)?;
            let quantity = tables.quantity(item.quantity, item.unit_id, line.unit_id);
            Some(if draft.refund { -quantity } else { quantity })
        })
        .fold(Decimal::ZERO, Decimal::saturating_add)
}
