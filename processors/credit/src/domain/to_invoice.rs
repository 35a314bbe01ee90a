//! What a confirmed order will still be invoiced for.

use chrono::NaiveDate;
use contract::Money;
use rust_decimal::{Decimal, RoundingStrategy};

use super::Ledger;
use super::bucket::{Bucket, Key, Part};
use crate::store::{SaleOrder, SaleOrderLine};

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

impl Ledger {
    /// An order of which something is left to invoice or to deliver. What is invoiced by delivery counts for nothing before,
    /// and yet must not be delivered while its customer is held. `amount` is what [`Self::place_order`] says.
    pub(super) fn open_order(&self, order: &SaleOrder, amount: Money) -> Option<(Key, OpenOrder)> {
        let (mut left, mut undelivered) = (Decimal::ZERO, false);
        for line in self.lines_of_order.of(order.id) {
            let Some(line) = self.tables.lines.get(line) else { continue };
            let share = line.ordered.checked_sub(line.invoiced)?.max(Decimal::ZERO);
            left = left.checked_add(line.price_total.checked_mul(share)?.checked_div(line.ordered)?)?;
            undelivered |= line.delivered < line.ordered && line.invoiced < line.ordered;
        }
        if amount == Money::ZERO && !undelivered {
            return None;
        }
        let left = Money::from_decimal(left.checked_div(order.currency_rate)?)?;
        let ships = order.ships_at.map(|ships_at| self.day(ships_at));
        Some((self.party(order.company_id, order.partner_id), OpenOrder { amount, left, ships, undelivered }))
    }

    /// As Odoo's `amount_to_invoice`, which counts an order only while one of its lines has an untaxed amount to invoice:
    /// per line the price with taxes of what is ordered (or delivered, by the product's policy) and not invoiced by a posted
    /// invoice, converted at the order's rate and rounded to the company's currency.
    pub(super) fn place_order(&self, order: &SaleOrder) -> Option<Part> {
        let lines = self.lines_of_order.of(order.id);
        let lines: Vec<_> = lines.filter_map(|id| self.tables.lines.get(id)).collect();
        if !lines.iter().any(|line| line.open) {
            return None;
        }
        let mut sum = Decimal::ZERO;
        for line in lines {
            sum = sum.checked_add(self.line_to_invoice(line)?)?;
        }
        let party = self.party(order.company_id, order.partner_id);
        let amount = sum
            .checked_div(order.currency_rate)?
            // A third of a price has no end: its last digits must not decide about half a cent.
            .round_dp(20)
            .round_dp_with_strategy(self.decimals(party.company), RoundingStrategy::MidpointAwayFromZero);
        let amount = Money::from_decimal(amount).filter(|amount| *amount != Money::ZERO)?;
        Some(Part { party, bucket: Bucket::ToInvoice, amount, due: None })
    }

    fn line_to_invoice(&self, line: &SaleOrderLine) -> Option<Decimal> {
        let by_delivery = line.product_id.is_some_and(|product| self.by_delivery(product));
        let quantity = if by_delivery { line.delivered } else { line.ordered };
        let posted = line.invoiced.checked_sub(self.drafted(line.id))?;
        // Multiplied first: a third of a price would lose the last digits.
        line.price_total.checked_mul(quantity.checked_sub(posted)?)?.checked_div(line.ordered)
    }

    /// The quantity that drafts invoice of a line. Odoo counts it as invoiced already.
    fn drafted(&self, line: i32) -> Decimal {
        let items = self.links.items_of(line).filter_map(|item| self.tables.items.get(item));
        items
            .filter(|item| item.draft)
            .filter_map(|item| {
                let draft = self.tables.invoices.get(item.move_id).filter(|invoice| invoice.draft)?;
                Some(if draft.refund { -item.quantity } else { item.quantity })
            })
            .fold(Decimal::ZERO, Decimal::saturating_add)
    }
}
