//! What is paid before the goods: down payments by invoice and at the till, and expenses put on an order.

use crate::Simulation;
use crate::agenda::Event;
use crate::money::{Cents, scale};
use crate::tables::label::Label;
use crate::tables::sale::{OrderLine, Role, State};
use crate::tables::till::{self, PosLine, PosOrder};

use super::founding::{EXPENSE, TILL_DEPOSIT};
use super::invoice::Item;

impl Simulation {
    /// A part of an order is invoiced before the rest. As Odoo does it the order gets a heading, and below it one line for the
    /// taxed and one for the untaxed goods; only then the invoice is drafted.
    pub(super) fn down_payment(&mut self, order: u32) {
        if !self.is_confirmed(order) {
            return;
        }
        let percent = self.random.pick(&[10, 20, 30, 50]).unwrap_or(30);
        let parts: Vec<_> = [true, false]
            .into_iter()
            .map(|taxed| (taxed, scale(self.ordered(order, taxed), i64::from(percent), 100)))
            .filter(|(_, amount)| *amount > 0)
            .collect();
        self.add_deposit_line(order, Role::Section, false, 0);
        let mut items = Vec::with_capacity(parts.len());
        for (taxed, amount) in parts {
            let line = self.add_deposit_line(order, Role::DownPayment, taxed, amount);
            let item = Item::of_order(line, &self.books.order_lines[line]);
            items.push(Item { name: Label::Percent(percent), quantity: 100, ..item });
        }
        self.invoice_items(order, 0, items);
    }

    fn is_confirmed(&self, order: u32) -> bool {
        self.books.orders.get(order).is_some_and(|row| row.state == State::Sale)
    }

    /// The worth of an order's taxed or untaxed goods.
    fn ordered(&self, order: u32, taxed: bool) -> Cents {
        let lines = self.books.orders[order].lines.iter().map(|line| &self.books.order_lines[*line]);
        lines.filter(|line| line.taxed == taxed).map(OrderLine::subtotal).sum()
    }

    /// Adds a line that nothing is ordered with.
    fn add_deposit_line(&mut self, order: u32, role: Role, taxed: bool, price_unit: Cents) -> u32 {
        let template = self.line_of(order, TILL_DEPOSIT, 0, price_unit);
        let name = match role {
            Role::Section => "Down Payments",
            _ => "Down Payment (Draft)",
        };
        let name = Label::Word(name);
        let line = self.add_order_line(OrderLine { role, product: 0, unit: 0, name, taxed, ..template });
        self.update::<OrderLine>(line, |row| {
            row.computed = true;
            row.recompute_amount();
        });
        line
    }

    /// A part of an order is paid at the till. The till's sale comes first, then the order gets a line for it; no invoice and no
    /// entry shows it.
    pub(super) fn till_deposit(&mut self, order: u32) {
        if !self.is_confirmed(order) {
            return;
        }
        let percent = self.random.pick(&[10, 20, 30]).unwrap_or(20);
        let price = scale(self.ordered(order, true) + self.ordered(order, false), percent, 100);
        if price <= 0 {
            return;
        }
        let (sale, sold) = self.sell_at_till(order, price);
        let line = self.line_of(order, TILL_DEPOSIT, 0, price);
        let line = self.add_order_line(OrderLine { role: Role::DownPayment, ..line });
        self.update::<PosLine>(sold, |row| row.order_line = line);
        self.update::<OrderLine>(line, |row| {
            row.computed = true;
            row.invoiced = 100;
            row.untaxed_invoiced = price;
            row.recompute_quantity();
            row.recompute_amount();
        });
        self.plan_in(1, Event::CloseTill(sale));
    }

    /// Writes a sale at the till, paid at once. Returns it and its line.
    fn sell_at_till(&mut self, order: u32, price: Cents) -> (u32, u32) {
        let (company, partner) = (self.books.orders[order].company, self.books.orders[order].partner);
        let (at, stamp) = (self.now, self.stamp());
        // The till opens once a day.
        let session = u32::try_from(self.today()).unwrap_or(0);
        let state = till::State::Draft;
        let sale = self.insert(PosOrder { company, partner, session, state, total: price, at, stamp });
        let line = PosLine { pos_order: sale, product: TILL_DEPOSIT, price, order, order_line: 0, stamp };
        let line = self.insert(line);
        self.update::<PosOrder>(sale, |row| row.state = till::State::Paid);
        (sale, line)
    }

    /// The till is closed; its sales are done.
    pub(super) fn close_till(&mut self, sale: u32) {
        self.update::<PosOrder>(sale, |row| row.state = till::State::Done);
    }

    /// What was spent for a customer is put on the order: nobody ordered it, but it is delivered, so it will be invoiced.
    pub(super) fn reinvoice_expense(&mut self, order: u32) {
        if !self.is_confirmed(order) {
            return;
        }
        let price_unit = self.random.between(20, 600) * 100;
        let line = self.line_of(order, EXPENSE, 0, price_unit);
        let line = self.add_order_line(OrderLine { role: Role::Expense, ..line });
        self.update::<OrderLine>(line, |row| row.computed = true);
        self.update::<OrderLine>(line, |row| {
            row.delivered = 100;
            row.recompute_quantity();
            row.recompute_amount();
        });
        self.refresh_order(order);
    }
}
