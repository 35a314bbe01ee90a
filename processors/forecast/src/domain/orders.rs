//! Confirmed orders, as far as they are not invoiced or billed: invoiced after the usual time, and paid after the usual time then.

use std::collections::BTreeMap;

use forecasting::calendar::day;
use rust_decimal::Decimal;

use super::expected::Expected;
use super::put::Claim;
use super::state::State;
use crate::store::{Component, Kind};

impl State {
    /// What is expected of a sales order; `None` where all of it is invoiced, and of one that is invoiced again and again.
    pub(super) fn sale_order(&self, id: i32) -> Option<Claim> {
        let order = self.tables.sale_orders.get(id).filter(|order| !order.is_subscription)?;
        let lines = self.indexes.lines_of_sale_order.members(id);
        let open =
            lines.filter_map(|id| self.tables.sale_order_lines.get(id)).fold(Decimal::ZERO, |sum, line| {
                sum.saturating_add(with_taxes(
                    line.untaxed.saturating_sub(line.invoiced),
                    line.untaxed,
                    line.total,
                ))
            });
        let company =
            order.company_id.map(|company| self.tables.root(company)).or_else(|| self.main_company())?;
        let order = Order {
            kind: Kind::SaleOrder,
            id,
            company,
            partner: order.partner_id,
            name: &order.name,
            currency: order.currency_id,
            day: order.day,
            open,
        };
        self.order(&order)
    }

    /// What is expected of a purchase order; `None` where all of it is billed.
    pub(super) fn purchase_order(&self, id: i32) -> Option<Claim> {
        let order = self.tables.purchase_orders.get(id)?;
        let mut open = Decimal::ZERO;
        let lines = self.indexes.lines_of_purchase_order.members(id);
        for line in lines.filter_map(|id| self.tables.purchase_order_lines.get(id)) {
            let billed = self.indexes.items_of_order_line.members(line.id);
            let billed = billed
                .filter_map(|id| self.tables.items.get(id))
                .fold(Decimal::ZERO, |sum, item| sum.saturating_add(item.amount));
            let left = line.untaxed.saturating_sub(billed);
            open = open.saturating_add(with_taxes(left, line.untaxed, line.total));
        }
        let company =
            order.company_id.map(|company| self.tables.root(company)).or_else(|| self.main_company())?;
        let order = Order {
            kind: Kind::PurchaseOrder,
            id,
            company,
            partner: order.partner_id,
            name: &order.name,
            currency: order.currency_id,
            day: order.day,
            open,
        };
        self.order(&order)
    }

    fn order(&self, order: &Order<'_>) -> Option<Claim> {
        if order.open <= Decimal::ZERO {
            return None;
        }
        let lessons = self.lessons.as_ref().and_then(|of: &BTreeMap<_, _>| of.get(&order.company))?;
        let decimals = self.decimals(order.company);
        let partner = order.partner.map(|partner| self.tables.commercial(partner));
        let of_sale = order.kind == Kind::SaleOrder;
        let (amount, problem) = match self.to_company(order.company, order.open, order.currency) {
            Ok(amount) => (amount, None),
            Err(why) => (0, Some(why)),
        };
        let days = self.grid().targets();
        let open = lessons.order_open(of_sale, partner, &[(day(order.day), 1.0)], &days);
        Some(Claim {
            kind: order.kind,
            id: order.id,
            company: order.company,
            component: if of_sale { Component::Pipeline } else { Component::Ap },
            partner,
            name: order.name.to_owned(),
            currency: order.currency.or_else(|| self.currency(order.company))?,
            due: Some(order.day),
            amount,
            deviation: 0,
            expected: Expected::spread(amount, decimals, &days, &open),
            why: if of_sale {
                "invoiced and paid as orders were before"
            } else {
                "billed and paid as orders were before"
            }
            .into(),
            problem,
        })
    }
}

/// An order of either kind.
struct Order<'s> {
    kind: Kind,
    id: i32,
    company: i32,
    partner: Option<i32>,
    name: &'s str,
    currency: Option<i32>,
    day: chrono::NaiveDate,
    /// What is not invoiced of it, with taxes.
    open: Decimal,
}

/// A part of a line, with its share of the line's taxes.
fn with_taxes(part: Decimal, untaxed: Decimal, total: Decimal) -> Decimal {
    let taxed = part.checked_mul(total).and_then(|part| part.checked_div(untaxed));
    taxed.unwrap_or(part)
}
