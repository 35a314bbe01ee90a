//! Quotations, orders and deliveries.

use crate::Simulation;
use crate::agenda::Event;
use crate::calendar::whole_second;
use crate::money::{Cents, PAR, Quantity, scale};
use crate::tables::label::Label;
use crate::tables::mail::{About, Body};
use crate::tables::product::{PIECES, in_unit};
use crate::tables::sale::{Invoicing, Order, OrderLine, Purpose, Role, State};
use crate::tables::stock::{self, Picking, StockMove};

use super::field;

/// Who orders what for whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) company: u32,
    pub(super) customer: u32,
    pub(super) buyer: u32,
    pub(super) invoice_partner: u32,
    pub(super) currency: u32,
    /// The customer's own number, `0` for none.
    pub(super) purchase: u32,
}

impl Simulation {
    /// The company a customer deals with: mostly the same one.
    pub(super) fn company_for(&mut self, customer: u32) -> u32 {
        let companies = self.books.companies.last();
        let usual = self.books.partners[customer].seed % companies + 1;
        if self.random.chance(12) { self.random.below(companies) + 1 } else { usual }
    }

    /// The currency a customer is invoiced in: the company's for most.
    pub(super) fn currency_for(&self, customer: u32, company: u32) -> u32 {
        match self.books.partners[customer].seed % 16 {
            0 => 2,
            1 => 3,
            2 => 1,
            _ => self.books.companies[company].currency,
        }
    }

    pub(super) fn quote(&mut self) {
        let Some(customer) = self.any_customer() else { return };
        let buyer = self.buyer(customer);
        let invoice_partner = if self.random.chance(50) { buyer } else { customer };
        let company = self.company_for(customer);
        let currency = self.currency_for(customer, company);
        let rate = self.books.rate(company, currency);
        let purchase = if self.random.chance(45) { self.random.below(90_000) + 10_000 } else { 0 };
        let order = self.new_order(Head { company, customer, buyer, invoice_partner, currency, purchase });
        for _ in 0..self.random.between(1, 5) {
            let line = self.new_line(order, rate);
            self.add_order_line(line);
        }
        self.complete_quote(order);
        self.plan_after_quote(order);
    }

    /// Inserts an order without lines, as a usual one.
    pub(super) fn new_order(&mut self, head: Head) -> u32 {
        let order = Order {
            company: head.company,
            partner: head.buyer,
            invoice_partner: head.invoice_partner,
            term: self.books.partners[head.customer].term,
            currency: head.currency,
            rate: self.books.rate(head.company, head.currency),
            state: State::Draft,
            purchase: head.purchase,
            purpose: Purpose::Usual,
            together: 0,
            computed: false,
            invoicing: Invoicing::No,
            valid_until: self.today() + 30,
            untaxed: 0,
            tax: 0,
            date: self.now,
            group: 0,
            delivered: None,
            stamp: self.stamp(),
            lines: Vec::new(),
            picking: 0,
        };
        self.insert(order)
    }

    /// Adds a line to its order.
    pub(super) fn add_order_line(&mut self, line: OrderLine) -> u32 {
        let order = line.order;
        let line = self.insert(line);
        self.books.orders[order].lines.push(line);
        line
    }

    /// What follows from a new order's lines is written after them.
    pub(super) fn complete_quote(&mut self, order: u32) {
        self.say(About::SaleOrder, order, 2, Body::Text("<p>Sales Order created</p>"));
        self.update_totals(order);
        for line in self.books.orders[order].lines.clone() {
            self.update::<OrderLine>(line, |row| row.computed = true);
        }
    }

    fn plan_after_quote(&mut self, order: u32) {
        if self.random.chance(18) {
            self.plan_soon(20, Event::EditQuote(order));
        }
        match self.random.below(100) {
            0..=3 => self.plan_in(3, Event::DeleteQuote(order)),
            4..=11 => self.plan_in(9, Event::CancelOrder(order)),
            12..=21 => {}
            22..=60 => self.plan_soon(45, Event::Confirm(order)),
            _ => {
                let days = self.random.between(1, 6);
                self.plan_in(days, Event::Confirm(order));
            }
        }
    }

    pub(super) fn new_line(&mut self, order: u32, rate: i64) -> OrderLine {
        let product = self.any_product();
        let discount = self.random.between(0, 8);
        let quantity = self.random.between(1, 14) * 100;
        let template = &self.books.templates[product];
        let price_unit = scale(template.price * (100 - discount) / 100, rate, PAR);
        self.line_of(order, product, quantity, price_unit)
    }

    /// A line of a product with nothing computed yet.
    pub(super) fn line_of(
        &self,
        order: u32,
        product: u32,
        quantity: Quantity,
        price_unit: Cents,
    ) -> OrderLine {
        let template = &self.books.templates[product];
        OrderLine {
            order,
            role: Role::Product,
            product,
            unit: PIECES,
            name: Label::Product(product),
            service: template.service,
            by_delivery: template.by_delivery,
            taxed: template.taxed,
            state: self.books.orders[order].state,
            computed: false,
            invoicing: Invoicing::No,
            quantity,
            price_unit,
            delivered: 0,
            invoiced: 0,
            to_invoice: 0,
            untaxed_invoiced: 0,
            untaxed_to_invoice: 0,
            stamp: self.stamp(),
        }
    }

    fn update_totals(&mut self, order: u32) {
        let lines = self.books.orders[order].lines.iter().map(|line| &self.books.order_lines[*line]);
        let (untaxed, tax) =
            lines.fold((0, 0), |(untaxed, tax), line| (untaxed + line.subtotal(), tax + line.tax()));
        self.update::<Order>(order, |row| {
            row.computed = true;
            row.untaxed = untaxed;
            row.tax = tax;
        });
    }

    fn is_quote(&self, order: u32) -> bool {
        self.books.orders.get(order).is_some_and(|order| order.state == State::Draft)
    }

    /// The customer wants another quantity.
    pub(super) fn edit_quote(&mut self, order: u32) {
        if !self.is_quote(order) {
            return;
        }
        let Some(line) = self.books.orders[order].lines.first().copied() else { return };
        let quantity = self.random.between(1, 20) * 100;
        self.update::<OrderLine>(line, |row| row.quantity = quantity);
        self.update_totals(order);
    }

    pub(super) fn delete_quote(&mut self, order: u32) {
        if !self.is_quote(order) {
            return;
        }
        let lines = self.books.orders[order].lines.clone();
        self.delete::<Order>(order);
        for line in lines {
            self.delete::<OrderLine>(line);
        }
    }

    /// A quotation or an order that nothing was delivered or invoiced of is cancelled.
    pub(super) fn cancel_order(&mut self, order: u32) {
        let Some(row) = self.books.orders.get(order) else { return };
        let (old, lines, picking) = (row.state, row.lines.clone(), row.picking);
        let started = lines.iter().any(|line| {
            let line = &self.books.order_lines[*line];
            line.delivered != 0 || line.invoiced != 0
        });
        if started || old == State::Cancelled {
            return;
        }
        if picking != 0 {
            for row in self.books.pickings[picking].moves.clone() {
                self.update::<StockMove>(row, |row| row.state = stock::State::Cancelled);
            }
            self.update::<Picking>(picking, |row| row.state = stock::State::Cancelled);
        }
        self.update::<Order>(order, |row| {
            row.state = State::Cancelled;
            row.invoicing = Invoicing::No;
        });
        for line in lines {
            self.update::<OrderLine>(line, |row| {
                row.state = State::Cancelled;
                row.recompute_quantity();
                row.recompute_amount();
            });
        }
        let message = self.say(About::SaleOrder, order, 2, Body::Changes);
        let old = if old == State::Draft { "Quotation" } else { "Sales Order" };
        self.track(message, field::ORDER_STATE, Label::Word(old), Label::Word("Cancelled"));
    }

    /// The order is confirmed: a delivery is prepared, and what may be invoiced is known.
    pub(super) fn confirm(&mut self, order: u32) {
        if !self.is_quote(order) {
            return;
        }
        let lines = self.books.orders[order].lines.clone();
        self.books.orders[order].group = order;
        let picking = self.prepare_delivery(order, &lines);
        for line in &lines {
            self.update::<OrderLine>(*line, |row| {
                row.state = State::Sale;
                row.recompute_quantity();
            });
        }
        let invoicing = self.order_invoicing(order);
        let date = whole_second(self.now);
        self.update::<Order>(order, |row| {
            row.state = State::Sale;
            row.invoicing = invoicing;
            row.date = date;
            row.picking = picking;
        });
        if picking != 0 {
            self.update::<Picking>(picking, |row| row.state = stock::State::Assigned);
        }
        for line in &lines {
            self.update::<OrderLine>(*line, OrderLine::recompute_amount);
        }
        if picking != 0 {
            for row in self.books.pickings[picking].moves.clone() {
                self.update::<StockMove>(row, |row| {
                    row.named = true;
                    row.state = stock::State::Assigned;
                });
            }
        }
        let message = self.say(About::SaleOrder, order, 23, Body::Changes);
        self.track(message, field::ORDER_STATE, Label::Word("Quotation"), Label::Word("Sales Order"));
        match self.books.orders[order].purpose {
            Purpose::Usual => self.plan_after_order(order),
            purpose => self.plan_after_further_order(order, purpose),
        }
    }

    fn plan_after_order(&mut self, order: u32) {
        if self.random.chance(3) {
            self.plan_soon(90, Event::CancelOrder(order));
        }
        if self.random.chance(93) {
            let days = self.random.between(1, 5);
            self.plan_in(days, Event::Deliver(order));
        }
        if self.random.chance(40) {
            self.plan_soon(30, Event::InvoiceOrder(order));
        }
        let days = self.random.between(5, 9);
        self.plan_in(days, Event::InvoiceOrder(order));
    }

    fn prepare_delivery(&mut self, order: u32, lines: &[u32]) -> u32 {
        let goods: Vec<_> =
            lines.iter().copied().filter(|line| !self.books.order_lines[*line].service).collect();
        if goods.is_empty() {
            return 0;
        }
        let (at, stamp) = (whole_second(self.now), self.stamp());
        let next = self.books.pickings.last() + 1;
        let mut moves = Vec::with_capacity(goods.len());
        for order_line in goods {
            moves.push(self.insert(StockMove {
                order_line,
                picking: next,
                named: false,
                state: stock::State::New,
                done: 0,
                at,
                stamp,
            }));
        }
        let row = Picking { order, state: stock::State::New, at, done: None, stamp, moves: moves.clone() };
        let picking = self.insert(row);
        self.say(About::Picking, picking, 2, Body::Text("<p>Transfer created</p>"));
        self.say(About::Picking, picking, 3, Body::From(order));
        self.update::<Picking>(picking, |row| row.state = stock::State::Draft);
        for row in moves {
            self.update::<StockMove>(row, |row| row.state = stock::State::Confirmed);
        }
        picking
    }

    /// Whether an order has something to invoice follows from its lines.
    pub(super) fn order_invoicing(&self, order: u32) -> Invoicing {
        let lines = || {
            let lines = self.books.orders[order].lines.iter().map(|line| &self.books.order_lines[*line]);
            lines.filter(|line| line.role.counts())
        };
        if lines().any(|line| line.invoicing == Invoicing::ToInvoice) {
            Invoicing::ToInvoice
        } else if lines().all(|line| line.invoicing == Invoicing::Invoiced) {
            Invoicing::Invoiced
        } else {
            Invoicing::No
        }
    }

    /// The goods leave, sometimes fewer than ordered; services are done.
    pub(super) fn deliver(&mut self, order: u32) {
        let Some(row) = self.books.orders.get(order) else { return };
        if row.state != State::Sale || row.delivered.is_some() {
            return;
        }
        let (lines, picking) = (row.lines.clone(), row.picking);
        let now = whole_second(self.now);
        let short = self.random.chance(12);
        if picking != 0 {
            for row in self.books.pickings[picking].moves.clone() {
                let line = &self.books.order_lines[self.books.stock_moves[row].order_line];
                let done = in_unit(shipped(line.quantity, short), line.unit, PIECES);
                self.update::<StockMove>(row, |row| {
                    row.state = stock::State::Done;
                    row.done = done;
                    row.at = now;
                });
            }
            self.update::<Picking>(picking, |row| {
                row.state = stock::State::Done;
                row.done = Some(now);
            });
        }
        for line in lines {
            if self.books.order_lines[line].role != Role::Product {
                continue;
            }
            self.update::<OrderLine>(line, |row| {
                row.delivered = shipped(row.quantity, short && !row.service);
                row.recompute_quantity();
            });
            if self.books.order_lines[line].by_delivery {
                self.update::<OrderLine>(line, OrderLine::recompute_amount);
            }
        }
        let invoicing = self.order_invoicing(order);
        self.update::<Order>(order, |row| {
            row.delivered = Some(now);
            row.invoicing = invoicing;
        });
        if picking != 0 {
            let message = self.say(About::Picking, picking, 2, Body::Changes);
            self.track(message, field::PICKING_STATE, Label::Word("Ready"), Label::Word("Done"));
        }
    }
}

/// How much of a quantity leaves when the stock is short or not.
fn shipped(ordered: Quantity, short: bool) -> Quantity {
    if short { (ordered / 200) * 100 } else { ordered }
}
