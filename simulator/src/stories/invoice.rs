//! Invoices, credit notes and bills: drafted and edited.

use crate::Simulation;
use crate::agenda::{Business, Event};
use crate::calendar::Day;
use crate::money::{Cents, PAR, Quantity, price, scale, to_company};
use crate::tables::accounting::{self, Book, Use};
use crate::tables::invoice::{Display, Kind, Move, MoveLine, MoveLineTax, Stage, State};
use crate::tables::label::Label;
use crate::tables::mail::{About, Body};
use crate::tables::product::{DOZEN, DOZENS, PIECES, in_unit};
use crate::tables::sale::{self, Order, OrderLine, OrderLineInvoice, Role, tax_on};

/// What an invoice is to be made of.
pub(super) struct Draft {
    pub(super) kind: Kind,
    pub(super) company: u32,
    pub(super) partner: u32,
    pub(super) currency: u32,
    pub(super) term: u32,
    pub(super) reference: Label,
    /// `None` until it is posted.
    pub(super) invoice_date: Option<Day>,
    pub(super) order: u32,
    /// Another order that it is for, `0` for none.
    pub(super) second_order: u32,
    pub(super) reversed: u32,
    pub(super) items: Vec<Item>,
}

/// One product, down payment or heading on an invoice.
#[derive(Clone, Copy)]
pub(super) struct Item {
    pub(super) display: Display,
    pub(super) product: u32,
    pub(super) unit: u32,
    pub(super) name: Label,
    pub(super) quantity: Quantity,
    pub(super) price_unit: Cents,
    pub(super) taxed: bool,
    pub(super) down_payment: bool,
    pub(super) order_line: u32,
}

impl Item {
    /// What is to be invoiced of an order line, in the line's own unit.
    pub(super) fn of_order(order_line: u32, line: &OrderLine) -> Self {
        Self {
            display: Display::Product,
            product: line.product,
            unit: line.unit,
            name: line.name,
            quantity: line.to_invoice,
            price_unit: line.price_unit,
            taxed: line.taxed,
            down_payment: line.role == Role::DownPayment,
            order_line,
        }
    }

    /// The heading above down payments.
    fn heading() -> Self {
        Self {
            display: Display::Section,
            product: 0,
            unit: 0,
            name: Label::Word("Down Payments"),
            quantity: 0,
            price_unit: 0,
            taxed: false,
            down_payment: false,
            order_line: 0,
        }
    }

    /// The same goods counted in pieces.
    pub(super) fn in_pieces(self) -> Self {
        if self.unit != DOZENS {
            return self;
        }
        let quantity = in_unit(self.quantity, DOZENS, PIECES);
        Self { unit: PIECES, quantity, price_unit: self.price_unit / DOZEN, ..self }
    }
}

impl Simulation {
    /// Invoices what an order lets be invoiced.
    pub(super) fn invoice_order(&mut self, order: u32) {
        let Some(row) = self.books.orders.get(order) else { return };
        let together = row.together;
        let mut items = self.items_to_invoice(order);
        let second_order = if together == 0 { 0 } else { self.append_items(&mut items, together) };
        self.append_deductions(&mut items, &[order, second_order]);
        self.invoice_items(order, second_order, items);
    }

    /// What an order lets be invoiced, down payments left aside.
    pub(super) fn items_to_invoice(&self, order: u32) -> Vec<Item> {
        let lines = self.books.orders.get(order).map_or(&[][..], |row| &row.lines);
        let lines = lines.iter().map(|line| (*line, &self.books.order_lines[*line]));
        lines
            .filter(|(_, line)| line.to_invoice > 0 && line.role.counts())
            .map(|(order_line, line)| Item::of_order(order_line, line))
            .collect()
    }

    /// Adds another order's items. Returns that order, or `0` when it has none.
    fn append_items(&self, items: &mut Vec<Item>, order: u32) -> u32 {
        let more = self.items_to_invoice(order);
        let found = if more.is_empty() { 0 } else { order };
        items.extend(more);
        found
    }

    /// Deducts the down payments that were invoiced and not deducted yet, when something is left to pay after it and the tax that
    /// is due does not turn into its opposite: Odoo would make a credit note of that.
    fn append_deductions(&self, items: &mut Vec<Item>, orders: &[u32]) {
        let lines =
            orders.iter().filter_map(|order| self.books.orders.get(*order)).flat_map(|row| &row.lines);
        let deposits: Vec<_> = lines
            .map(|line| (*line, &self.books.order_lines[*line]))
            .filter(|(_, line)| line.role == Role::DownPayment && line.untaxed_to_invoice < 0)
            .map(|(order_line, line)| Item::of_order(order_line, line))
            .collect();
        let left = |taxed| {
            let items = items.iter().chain(&deposits).filter(|item| item.taxed == taxed);
            items.map(|item| price(item.price_unit, item.quantity)).sum::<Cents>()
        };
        if !deposits.is_empty() && left(true) >= 0 && left(true) + left(false) > 0 {
            items.push(Item::heading());
            items.extend(deposits);
        }
    }

    /// Drafts an invoice for one order or two. Returns the entry, unless there is nothing to invoice.
    pub(super) fn invoice_items(&mut self, order: u32, second_order: u32, items: Vec<Item>) -> Option<u32> {
        let row = self.books.orders.get(order)?;
        if items.is_empty() || row.state != sale::State::Sale {
            return None;
        }
        let foreign = row.currency != self.books.companies[row.company].currency;
        let draft = Draft {
            kind: Kind::Invoice,
            company: row.company,
            partner: row.invoice_partner,
            currency: row.currency,
            term: row.term,
            reference: match row.purchase {
                0 => Label::None,
                number => Label::CustomerOrder(number),
            },
            // The rate must not change between draft and posting.
            invoice_date: foreign.then(|| self.today()),
            order,
            second_order,
            reversed: 0,
            items,
        };
        let entry = self.draft(&draft);
        self.say(About::Move, entry, 3, Body::From(order));
        match self.business {
            Business::Usual => self.plan_after_draft(entry),
            Business::Further => self.plan_after_further_draft(entry),
        }
        Some(entry)
    }

    /// Someone writes an invoice without an order.
    pub(super) fn draft_standalone(&mut self) {
        let Some(customer) = self.any_customer() else { return };
        let partner = self.buyer(customer);
        let company = self.company_for(customer);
        let currency = self.currency_for(customer, company);
        let items = self.random_items(company, currency);
        let draft = Draft {
            kind: Kind::Invoice,
            company,
            partner,
            currency,
            term: self.books.partners[customer].term,
            reference: Label::None,
            invoice_date: Some(self.today()),
            order: 0,
            second_order: 0,
            reversed: 0,
            items,
        };
        let entry = self.draft(&draft);
        if self.random.chance(12) {
            self.plan_soon(15, Event::EditDraft(entry));
        }
        self.plan_after_draft(entry);
    }

    fn plan_after_draft(&mut self, entry: u32) {
        match self.random.below(100) {
            0..=1 => self.plan_in(2, Event::DeleteDraft(entry)),
            2..=4 => {}
            5..=14 => {
                let days = self.random.between(1, 4);
                self.plan_in(days, Event::Post(entry));
            }
            _ => self.plan_soon(25, Event::Post(entry)),
        }
    }

    pub(super) fn random_items(&mut self, company: u32, currency: u32) -> Vec<Item> {
        let rate = self.books.rate(company, currency);
        let count = self.random.between(1, 4);
        let mut items = Vec::new();
        for _ in 0..count {
            let product = self.any_product();
            let quantity = self.random.between(1, 12) * 100;
            let template = &self.books.templates[product];
            items.push(Item {
                display: Display::Product,
                product,
                unit: PIECES,
                name: Label::Product(product),
                quantity,
                price_unit: scale(template.price, rate, PAR).max(1),
                taxed: template.taxed,
                down_payment: false,
                order_line: 0,
            });
        }
        items
    }

    /// Writes a draft as Odoo does: the entry and its product lines first, then tax, then what is due,
    /// then the totals. Returns the entry.
    pub(super) fn draft(&mut self, draft: &Draft) -> u32 {
        let kind = draft.kind;
        let book = if kind == Kind::Bill { Book::Purchases } else { Book::Sales };
        let journal = self.journal(draft.company, book);
        let today = self.today();
        let mut row = Move::new(
            kind,
            draft.company,
            journal,
            draft.currency,
            if kind == Kind::Bill { today } else { draft.invoice_date.unwrap_or(today) },
            self.stamp(),
        );
        row.partner = draft.partner;
        row.commercial = self.books.partners[draft.partner].commercial;
        row.term = draft.term;
        row.rate = self.books.rate(draft.company, draft.currency);
        row.reference = draft.reference;
        row.invoice_date = draft.invoice_date;
        row.order = draft.order;
        row.reversed = draft.reversed;
        if draft.order != 0 {
            row.origin = match draft.second_order {
                0 => Label::SaleOrder(draft.order),
                second => Label::SaleOrders(draft.order, second),
            };
            row.delivered = Some(today);
        }
        let entry = self.insert(row);
        let products = self.draft_products(entry, draft);
        self.update::<Move>(entry, |row| row.stage = Stage::Sequenced);
        for (line, item) in products.iter().zip(&draft.items) {
            let subtotal = price(item.price_unit, item.quantity);
            let tax = tax_on(subtotal, item.taxed);
            self.update::<MoveLine>(*line, |row| {
                row.computed = true;
                row.subtotal = subtotal;
                row.total = subtotal + tax;
            });
        }
        self.announce(entry);
        self.draft_tax(entry, &products);
        self.weigh_products(entry, &products);
        self.draft_due(entry);
        if draft.order != 0 {
            self.bill_order(&products, kind.sign());
        }
        self.complete_draft(entry);
        entry
    }

    pub(super) fn announce(&mut self, entry: u32) {
        let (subtype, text) = match self.books.moves[entry].kind {
            Kind::Invoice => (7, "<div><p>Invoice created</p></div>"),
            Kind::Refund => (2, "<p>Credit Note Created</p>"),
            Kind::Bill => (2, "<p>Vendor Bill Created</p>"),
            Kind::Entry => (2, "<p>Journal Entry created</p>"),
        };
        self.say(About::Move, entry, subtype, Body::Text(text));
    }

    fn draft_products(&mut self, entry: u32, draft: &Draft) -> Vec<u32> {
        let bill = draft.kind == Kind::Bill;
        let account = self.account(draft.company, if bill { Use::Expense } else { Use::Income });
        let root = self.books.root(draft.company);
        let tax = if bill { accounting::purchase_tax(root) } else { accounting::sales_tax(root) };
        let mut products = Vec::with_capacity(draft.items.len());
        for item in &draft.items {
            let account = if item.display == Display::Section { 0 } else { account };
            let mut line = MoveLine::new(entry, account, &self.books.moves[entry], item.display);
            line.product = item.product;
            line.unit = item.unit;
            line.down_payment = item.down_payment;
            line.name = item.name;
            line.quantity = item.quantity;
            line.price_unit = item.price_unit;
            line.taxed = item.taxed;
            line.tax = if item.taxed { tax } else { 0 };
            line.order_line = item.order_line;
            products.push(self.add_line(line));
        }
        for line in &products {
            if self.books.lines[*line].taxed {
                self.insert(MoveLineTax { line: *line, tax });
            }
        }
        for (line, item) in products.iter().zip(&draft.items) {
            if item.order_line != 0 {
                self.insert(OrderLineInvoice { invoice_line: *line, order_line: item.order_line });
            }
        }
        products
    }

    /// Adds a line to its entry.
    pub(super) fn add_line(&mut self, line: MoveLine) -> u32 {
        let entry = line.entry;
        let id = self.insert(line);
        self.books.moves[entry].lines.push(id);
        id
    }

    /// One tax line carries the tax of all products, each rounded for itself.
    fn draft_tax(&mut self, entry: u32, products: &[u32]) {
        let (mut amount, mut base, mut tax) = (0, 0, 0);
        for line in products.iter().map(|line| &self.books.lines[*line]).filter(|line| line.taxed) {
            amount += line.total - line.subtotal;
            base += line.subtotal;
            tax = line.tax;
        }
        if amount == 0 {
            return;
        }
        let row = &self.books.moves[entry];
        let (sign, rate) = (row.kind.sign(), row.rate);
        let of = if row.kind == Kind::Bill { Use::TaxPaid } else { Use::TaxReceived };
        let account = self.account(row.company, of);
        let mut line = MoveLine::new(entry, account, &self.books.moves[entry], Display::Tax);
        line.tax = tax;
        line.name = Label::Word("20% Sales Tax");
        line.amount_currency = -sign * amount;
        line.balance = to_company(-sign * amount, rate);
        line.tax_base = to_company(base, rate);
        let line = self.add_line(line);
        self.update::<MoveLine>(line, |row| row.computed = true);
    }

    /// The product lines get their weight in the books.
    fn weigh_products(&mut self, entry: u32, products: &[u32]) {
        let (sign, rate) = (self.books.moves[entry].kind.sign(), self.books.moves[entry].rate);
        for line in products {
            self.update::<MoveLine>(*line, |row| {
                row.amount_currency = -sign * row.subtotal;
                row.balance = to_company(row.amount_currency, rate);
            });
        }
    }

    /// What is due, one line for each instalment; the last takes what rounding left.
    fn draft_due(&mut self, entry: u32) {
        let (mut balance, mut amount) = (0, 0);
        for line in &self.books.moves[entry].lines {
            balance -= self.books.lines[*line].balance;
            amount -= self.books.lines[*line].amount_currency;
        }
        let row = &self.books.moves[entry];
        let (company, date) = (row.company, row.invoice_date.unwrap_or(row.date));
        let of = if row.kind == Kind::Bill { Use::Payable } else { Use::Receivable };
        // A credit note is due at once.
        let parts = if row.kind == Kind::Refund { &[(100, 0)] } else { accounting::instalments(row.term) };
        let account = self.account(company, of);
        let (mut balance_left, mut amount_left) = (balance, amount);
        for (at, (percent, days)) in parts.iter().enumerate() {
            let last = at + 1 == parts.len();
            let part = |whole, left| if last { left } else { scale(whole, *percent, 100) };
            let mut line = MoveLine::new(entry, account, &self.books.moves[entry], Display::Term);
            line.balance = part(balance, balance_left);
            line.amount_currency = part(amount, amount_left);
            balance_left -= line.balance;
            amount_left -= line.amount_currency;
            line.due = Some(date + days);
            let line = self.add_line(line);
            self.update::<MoveLine>(line, |row| {
                row.computed = true;
                row.residual = row.balance;
                row.residual_currency = row.amount_currency;
            });
        }
    }

    /// The totals, and one write later who it is for and when it is due.
    fn complete_draft(&mut self, entry: u32) {
        let sums = self.sums(entry);
        self.update::<Move>(entry, |row| {
            row.stage = Stage::Computed;
            sums.put(row);
        });
        let due = self.due_lines(entry).iter().filter_map(|line| self.books.lines[*line].due).max();
        self.update::<Move>(entry, |row| {
            row.stage = Stage::Complete;
            row.due = due;
        });
        for order in self.orders_of(&self.books.moves[entry].lines) {
            let invoicing = self.order_invoicing(order);
            self.update::<Order>(order, |row| row.invoicing = invoicing);
        }
    }

    /// The lines of an entry that are to be paid.
    pub(super) fn due_lines(&self, entry: u32) -> Vec<u32> {
        let lines = self.books.moves[entry].lines.iter().copied();
        lines.filter(|line| self.books.lines[*line].display == Display::Term).collect()
    }

    fn sums(&self, entry: u32) -> Sums {
        let mut sums = Sums::default();
        let sign = self.books.moves[entry].kind.sign();
        for line in self.books.moves[entry].lines.iter().map(|line| &self.books.lines[*line]) {
            match line.display {
                Display::Product => {
                    sums.untaxed += line.subtotal;
                    sums.untaxed_signed -= line.balance;
                }
                Display::Tax => {
                    sums.tax -= sign * line.amount_currency;
                    sums.tax_signed -= line.balance;
                }
                Display::Term => {
                    sums.residual += line.residual_currency.abs();
                    sums.residual_signed += line.residual;
                }
                Display::Section => {}
            }
        }
        sums
    }

    /// The orders that lines of an invoice are for.
    pub(super) fn orders_of(&self, lines: &[u32]) -> Vec<u32> {
        let mut orders = Vec::new();
        for line in lines.iter().map(|line| self.books.lines[*line].order_line).filter(|line| *line != 0) {
            let order = self.books.order_lines[line].order;
            if !orders.contains(&order) {
                orders.push(order);
            }
        }
        orders
    }

    /// Tells the order's lines what is invoiced, drafts included; `-1` takes it back.
    pub(super) fn bill_order(&mut self, products: &[u32], direction: i64) {
        let pairs: Vec<_> = products
            .iter()
            .map(|line| &self.books.lines[*line])
            .filter(|line| line.order_line != 0)
            .map(|line| (line.order_line, line.quantity, line.unit))
            .collect();
        for (order_line, quantity, unit) in pairs {
            self.update::<OrderLine>(order_line, |row| {
                row.invoiced += direction * in_unit(quantity, unit, row.unit);
                row.recompute_quantity();
            });
        }
    }

    /// Tells the order's lines what of it is posted.
    pub(super) fn count_posted(&mut self, entry: u32, direction: i64) {
        let row = &self.books.moves[entry];
        let sign = direction * row.kind.sign();
        let asked = row.number.filter(|_| row.kind == Kind::Invoice);
        let pairs: Vec<_> = row
            .lines
            .iter()
            .map(|line| &self.books.lines[*line])
            .filter(|line| line.order_line != 0)
            .map(|line| (line.order_line, line.subtotal))
            .collect();
        for (order_line, subtotal) in pairs {
            self.update::<OrderLine>(order_line, |row| {
                row.untaxed_invoiced += sign * subtotal;
                if let Some(number) = asked.filter(|_| row.role == Role::DownPayment && subtotal > 0) {
                    row.name = Label::DownPayment(number);
                }
                row.recompute_amount();
            });
        }
    }

    /// What an order still lets be invoiced is computed again after one of its invoices changed.
    pub(super) fn refresh_order(&mut self, order: u32) {
        if self.books.orders.get(order).is_none() {
            return;
        }
        let invoicing = self.order_invoicing(order);
        if self.books.orders[order].invoicing != invoicing {
            self.update::<Order>(order, |row| row.invoicing = invoicing);
        }
    }

    /// The quantity on a draft is corrected; every amount follows.
    pub(super) fn edit_draft(&mut self, entry: u32) {
        let Some(row) = self.books.moves.get(entry) else { return };
        if row.state != State::Draft || row.posted_before || row.order != 0 {
            return;
        }
        let (sign, rate) = (row.kind.sign(), row.rate);
        let Some(first) = row.lines.first().copied() else { return };
        let quantity = self.random.between(1, 16) * 100;
        self.update::<MoveLine>(first, |row| {
            row.quantity = quantity;
            row.subtotal = price(row.price_unit, quantity);
            row.total = row.subtotal + tax_on(row.subtotal, row.taxed);
            row.amount_currency = -sign * row.subtotal;
            row.balance = to_company(row.amount_currency, rate);
        });
        let lines = self.books.moves[entry].lines.clone();
        let (mut tax, mut base) = (0, 0);
        for line in lines.iter().map(|line| &self.books.lines[*line]) {
            if line.display == Display::Product && line.taxed {
                tax += line.total - line.subtotal;
                base += line.subtotal;
            }
        }
        for line in &lines {
            if self.books.lines[*line].display == Display::Tax {
                self.update::<MoveLine>(*line, |row| {
                    row.amount_currency = -sign * tax;
                    row.balance = to_company(row.amount_currency, rate);
                    row.tax_base = to_company(base, rate);
                });
            }
        }
        self.respread_due(entry);
        let sums = self.sums(entry);
        self.update::<Move>(entry, |row| {
            sums.put(row);
            row.modified = true;
        });
    }

    fn respread_due(&mut self, entry: u32) {
        let (mut balance, mut amount) = (0, 0);
        for line in self.books.moves[entry].lines.iter().map(|line| &self.books.lines[*line]) {
            if line.display != Display::Term {
                balance -= line.balance;
                amount -= line.amount_currency;
            }
        }
        let parts = accounting::instalments(self.books.moves[entry].term);
        let due = self.due_lines(entry);
        let (mut balance_left, mut amount_left) = (balance, amount);
        for (at, line) in due.iter().enumerate() {
            let last = at + 1 == due.len();
            let percent = parts.get(at).map_or(100, |part| part.0);
            let part = |whole, left| if last { left } else { scale(whole, percent, 100) };
            let (new_balance, new_amount) = (part(balance, balance_left), part(amount, amount_left));
            balance_left -= new_balance;
            amount_left -= new_amount;
            self.update::<MoveLine>(*line, |row| {
                row.balance = new_balance;
                row.amount_currency = new_amount;
                row.residual = new_balance;
                row.residual_currency = new_amount;
            });
        }
    }
}

/// An invoice's totals in its own and the company's currency.
#[derive(Default)]
struct Sums {
    untaxed: Cents,
    tax: Cents,
    residual: Cents,
    untaxed_signed: Cents,
    tax_signed: Cents,
    residual_signed: Cents,
}

impl Sums {
    fn put(&self, row: &mut Move) {
        row.untaxed = self.untaxed;
        row.tax = self.tax;
        row.total = self.untaxed + self.tax;
        row.residual = self.residual;
        row.untaxed_signed = self.untaxed_signed;
        row.tax_signed = self.tax_signed;
        row.total_signed = self.untaxed_signed + self.tax_signed;
        row.residual_signed = self.residual_signed;
    }
}
