//! What was invoiced, and paid, of an order in advance.

use rust_decimal::Decimal;

use super::indexes::Indexes;
use super::rates::Rates;
use crate::store::{Item, SaleOrder, SaleOrderLine, Tables};

/// An order's down payments on posted invoices and in points of sale, with taxes, in the order's currency. What a later invoice or a
/// credit note takes back of them is taken off.
pub(super) struct DownPayments {
    pub(super) posted: Decimal,
    /// Those of invoices on which nothing is left to pay.
    pub(super) paid: Decimal,
}

impl DownPayments {
    /// Odoo makes a down payment of the order's lines in proportion, tax by tax, so it has the order's own share of taxes
    /// (`sale.advance.payment.inv`, <https://github.com/odoo/odoo/blob/18.0/addons/sale/wizard/sale_make_invoice_advance.py>).
    /// `None` when a figure is too large.
    pub(super) fn of<'a>(
        order: &SaleOrder,
        lines: impl Iterator<Item = &'a SaleOrderLine>,
        currency: i32,
        tables: &Tables,
        indexes: &Indexes,
        rates: &Rates,
    ) -> Option<Self> {
        let (mut posted, mut paid, mut in_pos) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
        let company = tables.party(order.company_id, order.partner_id).company;
        for line in lines.filter(|line| line.down_payment) {
            let items = indexes.links.items_of(line.id).filter_map(|item| tables.items.get(item));
            for item in items.filter(|item| item.down_payment && !item.draft) {
                let from = item.currency_id.unwrap_or(currency);
                let invoiced = -rates.convert(item.amount_currency, company, from, currency)?;
                posted = posted.checked_add(invoiced)?;
                if invoiced.is_sign_negative() || is_paid(item, tables, indexes) {
                    paid = paid.checked_add(invoiced)?;
                }
            }
            let pos_lines = indexes.pos_lines_of_line.members(line.id);
            let pos_lines = pos_lines.filter_map(|line| tables.pos_lines.get(line));
            for line in pos_lines.filter(|line| tables.pos_orders.get(line.pos_order_id).is_some()) {
                in_pos = in_pos.checked_add(line.amount)?;
            }
        }
        let with_taxes = |amount: Decimal| {
            if order.untaxed.is_zero() {
                return Some(amount);
            }
            let product =
                amount.checked_mul(order.total).and_then(|product| product.checked_div(order.untaxed));
            // The product of two large figures may not fit, and their share does.
            let share = || amount.checked_mul(order.total.checked_div(order.untaxed)?);
            Some(tables.rounded(product.or_else(share)?, currency))
        };
        let in_pos = tables.rounded(in_pos, currency);
        let (posted, paid) =
            (with_taxes(posted)?.checked_add(in_pos)?, with_taxes(paid)?.checked_add(in_pos)?);
        Some(Self { posted, paid: paid.max(Decimal::ZERO) })
    }

    /// What will be invoiced behind them of `to_invoice`, which is a part of `all` that will be in the end. A down payment may be for
    /// what is not due to be invoiced yet; but one above all that there is will be paid back.
    pub(super) fn deducted(&self, to_invoice: Decimal, all: Decimal) -> Decimal {
        if self.posted.is_zero() {
            to_invoice
        } else if self.posted > all {
            all - self.posted
        } else {
            (to_invoice - self.posted).max(Decimal::ZERO)
        }
    }

    /// What will be invoiced of `committed` once it is delivered: down payments that go beyond what Odoo has to invoice now are for that.
    pub(super) fn deducted_later(&self, committed: Decimal, to_invoice_odoo: Decimal) -> Decimal {
        let beyond = (self.posted - to_invoice_odoo.max(Decimal::ZERO)).max(Decimal::ZERO);
        committed.min((committed - beyond).max(Decimal::ZERO))
    }
}

/// Whether nothing is left to pay of an item's entry.
fn is_paid(item: &Item, tables: &Tables, indexes: &Indexes) -> bool {
    let siblings = indexes.items_of_move.members(item.move_id).filter_map(|id| tables.items.get(id));
    let mut due =
        siblings.filter(|item| item.account_id.is_some_and(|account| tables.is_receivable(account)));
    due.all(Item::is_settled)
}
