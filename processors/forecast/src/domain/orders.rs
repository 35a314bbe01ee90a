//! Confirmed orders, as far as they are not invoiced or billed: invoiced after the usual time, and paid after the usual time then.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use contract::Index;
use forecasting::calendar::day;
use rust_decimal::Decimal;

use super::expected::Expected;
use super::money::major;
use super::put::Claim;
use super::state::State;
use crate::store::{Component, Kind};

impl State {
    /// What is expected of all orders of a commercial partner, less what was paid in advance, which is of the oldest ones. Where `touched`
    /// names those that have changed since the last evaluation of the day, others of which as much is open as was are left out.
    pub(super) fn orders_of(
        &self,
        commercial: i32,
        in_advance: &[((i32, Component), i64)],
        touched: Option<&BTreeSet<(Kind, i32)>>,
    ) -> Vec<((Kind, i32), Option<Claim>)> {
        let partners = self.partners(commercial);
        let of = |index: &Index| partners.iter().flat_map(|id| index.members(*id)).collect::<Vec<_>>();
        let sales = of(&self.indexes.sale_orders_of_partner).into_iter();
        let sales = sales.map(|id| ((Kind::SaleOrder, id), self.sale_order(id)));
        let purchases = of(&self.indexes.purchase_orders_of_partner).into_iter();
        let purchases = purchases.map(|id| ((Kind::PurchaseOrder, id), self.purchase_order(id)));
        let mut orders: Vec<_> = sales.chain(purchases).collect();
        orders.sort_by_key(|(key, order)| (order.as_ref().map(|order| order.day), *key));
        let mut in_advance: BTreeMap<(i32, Component), i64> = in_advance.iter().copied().collect();
        let mut claims = Vec::new();
        for (key, order) in orders {
            let Some(order) = order else {
                // Of most orders of all times nothing is expected any more.
                if self.tables.documents.get(key).is_some() {
                    claims.push((key, None));
                }
                continue;
            };
            let of = if key.0 == Kind::SaleOrder { Component::Ar } else { Component::Ap };
            let credit = in_advance.entry((order.company, of)).or_default();
            let amount = self.to_company(order.company, order.open, order.currency);
            let amount = amount.map(|amount| {
                let taken = amount.min(*credit);
                *credit -= taken;
                amount - taken
            });
            let is_touched = touched.is_none_or(|touched| touched.contains(&key));
            if is_touched || !self.is_as_it_was(key, order.partner, &amount) {
                claims.push((key, self.order(&order, amount)));
            }
        }
        claims
    }

    /// Whether so much was open when the row of an order was made today.
    fn is_as_it_was(&self, key: (Kind, i32), partner: Option<i32>, amount: &Result<i64, String>) -> bool {
        let row = self.tables.documents.get(key).filter(|row| row.problem.is_none());
        row.is_some_and(|row| {
            amount.as_ref().is_ok_and(|amount| row.amount == major(*amount, row.decimals()))
                && row.partner_id == partner
        })
    }

    /// What is open of a sales order; `None` where all of it is invoiced, and of one that is invoiced again and again.
    fn sale_order(&self, id: i32) -> Option<Order<'_>> {
        let order = self.tables.sale_orders.get(id).filter(|order| !order.is_subscription)?;
        let lines = self.indexes.lines_of_sale_order.members(id);
        let lines = lines.filter_map(|id| self.tables.sale_order_lines.get(id));
        let lines = lines.map(|line| Line { untaxed: line.untaxed, total: line.total, done: line.invoiced });
        let order = Order {
            kind: Kind::SaleOrder,
            id,
            company: self.company_of(order.company_id)?,
            partner: order.partner_id.map(|partner| self.tables.commercial(partner)),
            name: &order.name,
            currency: order.currency_id,
            day: order.day,
            open: open(&lines.collect::<Vec<_>>()),
        };
        Some(order).filter(|order| order.open > Decimal::ZERO)
    }

    /// What is open of a purchase order; `None` where all of it is billed.
    fn purchase_order(&self, id: i32) -> Option<Order<'_>> {
        let order = self.tables.purchase_orders.get(id)?;
        let company = self.company_of(order.company_id)?;
        let currency = order.currency_id.or_else(|| self.currency(company))?;
        let lines = self.indexes.lines_of_purchase_order.members(id);
        let lines = lines.filter_map(|id| self.tables.purchase_order_lines.get(id)).map(|line| {
            let bills = self.indexes.items_of_order_line.members(line.id);
            let billed = bills.filter_map(|id| self.tables.items.get(id)).fold(Decimal::ZERO, |sum, item| {
                let from = self.currency_of(item).unwrap_or(currency);
                sum.saturating_add(self.in_currency(company, item.amount, from, currency))
            });
            Line { untaxed: line.untaxed, total: line.total, done: billed }
        });
        let order = Order {
            kind: Kind::PurchaseOrder,
            id,
            company,
            partner: order.partner_id.map(|partner| self.tables.commercial(partner)),
            name: &order.name,
            currency: order.currency_id,
            day: order.day,
            open: open(&lines.collect::<Vec<_>>()),
        };
        Some(order).filter(|order| order.open > Decimal::ZERO)
    }

    /// An amount in another currency, at today's rate; as it is where there is none.
    fn in_currency(&self, company: i32, amount: Decimal, from: i32, to: i32) -> Decimal {
        if from == to {
            return amount;
        }
        let converted =
            self.rates.as_ref().map(|rates| rates.convert(amount, company, from, to, &self.tables));
        converted.and_then(Result::ok).map_or(amount, |minor| major(minor, self.tables.decimals(to)))
    }

    /// The root company of an order or a payment; that of the group's figures where it names none.
    pub(super) fn company_of(&self, company: Option<i32>) -> Option<i32> {
        company.map(|company| self.tables.root(company)).or_else(|| self.main_company())
    }

    /// What is expected of an order of which so much is open, in its company's currency.
    fn order(&self, order: &Order<'_>, amount: Result<i64, String>) -> Option<Claim> {
        let lessons = self.lessons.as_ref()?.get(&order.company)?;
        let of_sale = order.kind == Kind::SaleOrder;
        let (amount, problem) = match amount {
            Ok(0) => return None,
            Ok(amount) => (amount, None),
            Err(why) => (0, Some(why)),
        };
        let days = self.grid().targets();
        let open = lessons.order_open(of_sale, order.partner, &[(day(order.day), 1.0)], &days);
        Some(Claim {
            kind: order.kind,
            id: order.id,
            company: order.company,
            component: if of_sale { Component::Pipeline } else { Component::Ap },
            partner: order.partner,
            name: order.name.to_owned(),
            currency: order.currency.or_else(|| self.currency(order.company))?,
            due: Some(order.day),
            amount,
            deviation: 0,
            expected: Expected::spread(amount, self.decimals(order.company), &days, &open),
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
    /// By the commercial partner.
    partner: Option<i32>,
    name: &'s str,
    currency: Option<i32>,
    day: NaiveDate,
    /// What is not invoiced of it, with taxes.
    open: Decimal,
}

/// A line of an order, with what posted invoices or bills have of it, without taxes.
struct Line {
    untaxed: Decimal,
    total: Decimal,
    done: Decimal,
}

/// What is left of an order, with taxes. A line of which more was invoiced than ordered takes nothing off the others; a down payment, which
/// is a line of nothing that is invoiced, takes its part off with the order's taxes.
fn open(lines: &[Line]) -> Decimal {
    let sum = |of: fn(&Line) -> Decimal| lines.iter().map(of).fold(Decimal::ZERO, Decimal::saturating_add);
    let (untaxed, total) = (sum(|line| line.untaxed), sum(|line| line.total));
    let left = |line: &Line| {
        let left = line.untaxed.saturating_sub(line.done);
        if line.untaxed.is_zero() {
            with_taxes(left, untaxed, total)
        } else if left.is_sign_negative() == line.untaxed.is_sign_negative() {
            with_taxes(left, line.untaxed, line.total)
        } else {
            Decimal::ZERO
        }
    };
    lines.iter().map(left).fold(Decimal::ZERO, Decimal::saturating_add)
}

/// A part of something, with its share of the taxes.
fn with_taxes(part: Decimal, untaxed: Decimal, total: Decimal) -> Decimal {
    let taxed = part.checked_mul(total).and_then(|part| part.checked_div(untaxed));
    taxed.unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as `untaxed`, `total` and what is invoiced of it.
    fn left(lines: &[(i64, i64, i64)]) -> String {
        let line = |(untaxed, total, done): &(i64, i64, i64)| {
            let [untaxed, total, done] = [untaxed, total, done].map(|of| Decimal::from(*of));
            Line { untaxed, total, done }
        };
        open(&lines.iter().map(line).collect::<Vec<_>>()).normalize().to_string()
    }

    #[test]
    fn what_is_left_has_its_share_of_the_taxes() {
        assert_eq!(left(&[(100, 119, 25), (200, 200, 0)]), "289.25");
        assert_eq!(left(&[(200, 240, 0), (-50, -60, 0)]), "180", "a discount is a line");
        assert_eq!(left(&[(100, 119, 130), (50, 50, 0)]), "50", "more was invoiced than ordered");
        assert_eq!(left(&[(250, 300, 0), (0, 0, 100)]), "180", "a down payment");
        assert_eq!(left(&[]), "0");
    }
}
