//! What a confirmed order will still be invoiced for.

use chrono::NaiveDate;
use contract::{Calendar, Money};
use rust_decimal::Decimal;

use super::bucket::Key;
use super::down_payments::DownPayments;
use super::indexes::Indexes;
use super::ordered::{Amounts, OrderPart};
use super::rates::Rates;
use super::settings::Settings;
use crate::store::{SaleOrder, SaleOrderLine, Tables};

/// What is left of an order, in its currency.
pub(super) struct Rest<'a> {
    order: &'a SaleOrder,
    party: Key,
    currency: i32,
    amounts: Amounts<Decimal>,
    /// What is not invoiced of all that was ordered, nor paid in advance.
    left: Decimal,
    /// Whether something that was ordered is neither delivered nor invoiced.
    undelivered: bool,
}

impl<'a> Rest<'a> {
    /// Per line the price with taxes of what is ordered (or delivered, by the product's policy) and not invoiced by a posted
    /// invoice, rounded, as Odoo's `sale.order.line._compute_amount_to_invoice`; of an order that has a line with an untaxed amount
    /// to invoice, as `res.partner._compute_credit_to_invoice` has it. From that posted down payments are taken, which Odoo does not
    /// do (<https://github.com/odoo/odoo/issues/238909>). Committed is what else will be invoiced once it is delivered, and expenses
    /// that are invoiced again, which Odoo leaves out because nothing was ordered. `None` when a figure is too large.
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
        let open = lines().any(|line| line.open);
        let (mut to_invoice, mut ordered, mut left) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
        let (mut committed, mut undelivered) = (Decimal::ZERO, false);
        let mut expenses = Decimal::ZERO;
        for line in lines() {
            expenses = expenses.checked_add(tables.rounded(line.expense.unwrap_or_default(), currency))?;
        }
        for line in lines().filter(|line| !line.ordered.is_zero()) {
            let by_delivery = line.product_id.is_some_and(|product| tables.by_delivery(product));
            let quantity = if by_delivery { line.delivered } else { line.ordered };
            let posted = line.invoiced.checked_sub(drafted(line, tables, indexes))?;
            let price = |quantity| Some(tables.rounded(price(line, quantity)?, currency));
            to_invoice = to_invoice.checked_add(price(quantity.checked_sub(posted)?)?)?;
            ordered = ordered.checked_add(price(line.ordered.checked_sub(posted)?)?)?;
            left = left.checked_add(price(line.ordered.checked_sub(line.invoiced)?.max(Decimal::ZERO))?)?;
            // Of an order that Odoo counts, what is invoiced and not delivered is taken off there.
            let done = match line.ordered.is_sign_negative() {
                _ if open => quantity,
                true => quantity.min(posted),
                false => quantity.max(posted),
            };
            let later = line.ordered.checked_sub(done)?;
            if later.is_sign_negative() == line.ordered.is_sign_negative() {
                committed = committed.checked_add(price(later)?)?;
            }
            undelivered |= line.delivered < line.ordered && line.invoiced < line.ordered;
        }
        let paid = DownPayments::of(order, lines(), currency, tables, indexes, rates)?;
        let (all, committed) =
            (ordered.max(to_invoice).checked_add(expenses)?, committed.checked_add(expenses)?);
        let to_invoice_odoo = if open { to_invoice } else { Decimal::ZERO };
        let amounts = Amounts {
            to_invoice: if open { paid.deducted(to_invoice, all) } else { Decimal::ZERO },
            to_invoice_odoo,
            committed: paid.deducted_later(committed, to_invoice_odoo),
        };
        let left = (left - paid.paid).max(Decimal::ZERO);
        Some(Self { order, party, currency, amounts, left, undelivered })
    }
}

impl OrderPart {
    /// What counts of what is left; `None` where nothing does.
    pub(super) fn new(rest: &Rest<'_>) -> Option<Self> {
        let Rest { order, party, currency, amounts, .. } = *rest;
        let amounts = amounts.map(|amount| Money::from_decimal(amount).unwrap_or_default());
        (amounts != Amounts::default()).then_some(Self {
            party,
            address: order.partner_id,
            currency,
            amounts,
        })
    }
}

/// A confirmed order, as checks and holds see it, in the company's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenOrder {
    /// Its company, which may be a branch.
    pub(super) company: i32,
    /// What will be invoiced of it, as things stand.
    pub(super) amount: Money,
    /// What will be invoiced besides, once it is delivered.
    pub(super) committed: Money,
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
        let (amount, left) = (converted(rest.amounts.to_invoice)?, converted(rest.left)?);
        let committed = converted(rest.amounts.committed)?;
        if amount == Money::ZERO && committed == Money::ZERO && !undelivered {
            return None;
        }
        let ships = order.ships_at.map(|ships_at| calendar.day(ships_at));
        Some((party, Self { company: order.company_id, amount, committed, left, ships, undelivered }))
    }

    /// What the exposure counts of it.
    pub(super) fn counted(&self, settings: &Settings) -> Money {
        if settings.counts_committed { Money(self.amount.0 + self.committed.0) } else { self.amount }
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
