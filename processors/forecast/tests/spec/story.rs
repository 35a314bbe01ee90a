//! A company whose invoices, orders and bank lines come as Odoo writes them, and what is forecast of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use contract::Outcome;
use contract::testkit::Driver;
use forecast::Forecast;
use forecast::store::{
    Account, Company, Component, Country, Currency, CurrencyRate, Document, Entry, Item, Kind, Lead, Partial,
    Partner, Position, PurchaseOrder, PurchaseOrderLine, RowChange, SaleOrder, SaleOrderLine, Stage, Tables,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::types::Json;

pub(super) const RECEIVABLE: i32 = 7;
pub(super) const PAYABLE: i32 = 16;
pub(super) const BANK: i32 = 45;
pub(super) const SECOND_BANK: i32 = 46;
pub(super) const TRANSFER: i32 = 48;
pub(super) const OUTSTANDING: i32 = 50;
pub(super) const EUR: i32 = 1;
pub(super) const USD: i32 = 2;
pub(super) const CHF: i32 = 3;
/// Customers of the history have the numbers from here on, …
pub(super) const CUSTOMERS: i32 = 100;
/// … and suppliers from here on.
pub(super) const VENDORS: i32 = 200;

pub(super) fn on(year: i32, month: u32, number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, number).unwrap()
}

/// A day of 2026.
pub(super) fn at(month: u32, number: u32) -> NaiveDate {
    on(2026, month, number)
}

pub(super) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn noon(day: NaiveDate) -> DateTime<Utc> {
    day.and_hms_opt(12, 0, 0).unwrap().and_utc()
}

/// The rows of a database, made as Odoo makes them; what has changed is taken away in transactions.
#[derive(Default)]
pub(super) struct Books {
    rows: Vec<RowChange>,
    items: BTreeMap<i32, Item>,
    last: i32,
    last_of_history: i32,
}

impl Books {
    pub(super) fn id(&mut self) -> i32 {
        self.last += 1;
        self.last
    }

    pub(super) fn put(&mut self, row: RowChange) {
        self.rows.push(row);
    }

    pub(super) fn take(&mut self) -> Vec<RowChange> {
        let last: BTreeMap<_, _> =
            std::mem::take(&mut self.rows).into_iter().map(|row| (contract::Keyed::row(&row), row)).collect();
        last.into_values().collect()
    }

    pub(super) fn item(&mut self, item: Item) -> i32 {
        let id = item.id;
        self.items.insert(id, item.clone());
        self.put(RowChange::Item(id, Some(item)));
        id
    }

    pub(super) fn get(&self, id: i32) -> Item {
        self.items[&id].clone()
    }

    pub(super) fn partner(&mut self, id: i32) {
        let name = format!("Partner {id}");
        self.put(RowChange::Partner(id, Some(Partner { id, name, commercial_id: id, country_id: None })));
    }

    /// An item of an entry of its own on an account.
    pub(super) fn plain(&mut self, account: i32, partner: Option<i32>, day: NaiveDate, amount: &str) -> Item {
        let id = self.id();
        Item {
            id,
            move_id: 100_000 + id,
            number: Some(format!("MISC/{id}")),
            label: None,
            company_id: 1,
            partner_id: partner,
            account_id: Some(account),
            currency_id: Some(EUR),
            amount: dec(amount),
            residual: dec(amount),
            reconciled: false,
            day,
            due: None,
            discount_day: None,
            discounted: None,
            promised: None,
            of_payment: false,
            line_id: None,
            order_line_id: None,
        }
    }

    /// A posted document of a type with one item that is due on a day.
    pub(super) fn document(
        &mut self,
        move_type: &str,
        partner: i32,
        day: NaiveDate,
        due: NaiveDate,
        amount: &str,
    ) -> i32 {
        let account = if move_type.starts_with("out") { RECEIVABLE } else { PAYABLE };
        let item = self.plain(account, Some(partner), day, amount);
        let number = Some(format!("DOC/{}", item.id));
        let item = Item { due: Some(due), number, ..item };
        let entry = Entry { id: item.move_id, move_type: move_type.into(), day, origin: None };
        self.put(RowChange::Entry(entry.id, Some(entry)));
        self.item(item)
    }

    pub(super) fn invoice(&mut self, partner: i32, day: NaiveDate, due: NaiveDate, amount: &str) -> i32 {
        self.document("out_invoice", partner, day, due, amount)
    }

    pub(super) fn bill(&mut self, partner: i32, day: NaiveDate, due: NaiveDate, amount: &str) -> i32 {
        self.document("in_invoice", partner, day, due, &format!("-{amount}"))
    }

    /// An invoice is cancelled.
    pub(super) fn cancel(&mut self, item: i32) {
        let entry = self.items[&item].move_id;
        self.items.remove(&item);
        self.put(RowChange::Item(item, None));
        self.put(RowChange::Entry(entry, None));
    }

    /// What Odoo writes when an item is settled by another in part or in full.
    pub(super) fn settle(&mut self, item: i32, other: i32, amount: &str) {
        for id in [item, other] {
            let row = self.items.get_mut(&id).unwrap();
            let by = if row.residual.is_sign_negative() { -dec(amount) } else { dec(amount) };
            row.residual -= by;
            row.reconciled = row.residual.is_zero();
            let row = row.clone();
            self.put(RowChange::Item(id, Some(row)));
        }
        let (debit_id, credit_id) =
            if self.items[&item].amount.is_sign_negative() { (other, item) } else { (item, other) };
        let id = self.id();
        self.put(RowChange::Partial(id, Some(Partial { id, debit_id, credit_id })));
    }

    /// A bank line pays so much of an item.
    pub(super) fn pay(&mut self, item: i32, day: NaiveDate, amount: &str) {
        let owed = self.get(item);
        let out = owed.amount.is_sign_negative();
        let signed = |positive: bool| if positive { amount.to_owned() } else { format!("-{amount}") };
        let line = self.id();
        let of_currency = |item: Item| Item { currency_id: owed.currency_id, line_id: Some(line), ..item };
        let cash = self.plain(BANK, owed.partner_id, day, &signed(!out));
        let move_id = cash.move_id;
        self.item(of_currency(cash));
        let counter = self.plain(owed.account_id.unwrap(), owed.partner_id, day, &signed(out));
        let counter = self.item(Item { move_id, ..of_currency(counter) });
        self.settle(item, counter, amount);
    }

    /// Money moves without a document: on the bank account, with a partner or a label.
    pub(super) fn moves(
        &mut self,
        partner: Option<i32>,
        label: Option<&str>,
        day: NaiveDate,
        amount: &str,
    ) -> i32 {
        let item = self.plain(BANK, partner, day, amount);
        self.item(Item { label: label.map(Into::into), line_id: Some(item.id), ..item })
    }

    /// A confirmed sales order with one line, and how much of it is invoiced.
    pub(super) fn sale_order(&mut self, id: i32, partner: i32, day: NaiveDate, total: &str, invoiced: &str) {
        let order = SaleOrder {
            id,
            name: format!("S{id}"),
            company_id: Some(1),
            partner_id: Some(partner),
            currency_id: Some(EUR),
            day,
            lead_id: None,
            is_subscription: false,
            until: None,
        };
        self.put(RowChange::SaleOrder(id, Some(order)));
        self.sale_line(id, total, invoiced);
    }

    pub(super) fn sale_line(&mut self, order_id: i32, total: &str, invoiced: &str) {
        let id = 500_000 + order_id;
        let line =
            SaleOrderLine { id, order_id, untaxed: dec(total), total: dec(total), invoiced: dec(invoiced) };
        self.put(RowChange::SaleOrderLine(id, Some(line)));
    }

    /// Says that an invoice is of an order.
    pub(super) fn of_order(&mut self, item: i32, order: i32) {
        let item = self.get(item);
        let entry = Entry {
            id: item.move_id,
            move_type: "out_invoice".into(),
            day: item.day,
            origin: Some(format!("S{order}")),
        };
        self.put(RowChange::Entry(entry.id, Some(entry)));
    }

    pub(super) fn purchase_order(&mut self, id: i32, partner: i32, day: NaiveDate, total: &str) {
        let order = PurchaseOrder {
            id,
            name: format!("P{id}"),
            company_id: Some(1),
            partner_id: Some(partner),
            currency_id: Some(EUR),
            day,
        };
        self.put(RowChange::PurchaseOrder(id, Some(order)));
        let line =
            PurchaseOrderLine { id: 600_000 + id, order_id: id, untaxed: dec(total), total: dec(total) };
        self.put(RowChange::PurchaseOrderLine(line.id, Some(line)));
    }

    /// Says that a bill is of a purchase order.
    pub(super) fn of_purchase(&mut self, item: i32, order: i32, amount: &str) {
        let bill = self.get(item);
        let costs = self.plain(60, bill.partner_id, bill.day, amount);
        let costs = Item {
            move_id: bill.move_id,
            residual: Decimal::ZERO,
            order_line_id: Some(600_000 + order),
            ..costs
        };
        self.item(costs);
    }

    pub(super) fn lead(&mut self, lead: Lead) {
        self.put(RowChange::Lead(lead.id, Some(lead)));
    }

    /// Companies, currencies, accounts and partners.
    fn begin(&mut self) {
        let company = |id: i32| Company {
            id,
            path: Json(vec![id]),
            currency_id: EUR,
            partner_id: Some(id),
            transfer_account_id: Some(TRANSFER),
        };
        let currency =
            |id, name: &str| RowChange::Currency(id, Some(Currency { id, name: name.into(), decimals: 2 }));
        let account = |id, account_type: &str, reconcile| {
            RowChange::Account(id, Some(Account { id, account_type: account_type.into(), reconcile }))
        };
        self.rows.extend([
            RowChange::Company(1, Some(company(1))),
            currency(EUR, "EUR"),
            currency(USD, "USD"),
            currency(CHF, "CHF"),
            account(RECEIVABLE, "asset_receivable", true),
            account(PAYABLE, "liability_payable", true),
            account(BANK, "asset_cash", false),
            account(SECOND_BANK, "asset_cash", false),
            account(TRANSFER, "asset_current", true),
            account(OUTSTANDING, "asset_current", true),
            account(60, "expense", false),
            RowChange::Country(57, Some(Country { id: 57, code: "DE".into() })),
            RowChange::Stage(1, Some(Stage { id: 1, sequence: 1, is_won: false })),
            RowChange::Stage(2, Some(Stage { id: 2, sequence: 2, is_won: false })),
            RowChange::Stage(4, Some(Stage { id: 4, sequence: 70, is_won: true })),
        ]);
        for partner in (1..10).chain(CUSTOMERS..CUSTOMERS + 20).chain(VENDORS..VENDORS + 20) {
            self.partner(partner);
        }
    }

    /// The days on which documents of the history are due: Wednesdays to Fridays, because those that were issued thirty days before were
    /// then issued on business days, too.
    pub(super) fn due_days(today: NaiveDate, count: u64) -> Vec<NaiveDate> {
        let days = (0_u64..).map(|n| today - Days::new(3 + n * 4 + n * n % 3));
        let is_good =
            |day: &NaiveDate| (2..5).contains(&chrono::Datelike::weekday(day).num_days_from_monday());
        days.filter(is_good).take(usize::try_from(count).unwrap()).collect()
    }

    /// History H0 of `cases.md`: 80 invoices of 20 customers, 80 bills of 20 vendors, 40 of each with an order. `paid` says how many days
    /// after it was due the document with a number was paid, if it was.
    pub(super) fn history(&mut self, today: NaiveDate, paid: impl Fn(i32) -> Option<u64>) {
        for (n, due) in (0_i32..).zip(Self::due_days(today, 80)) {
            let issued = due - Days::new(30);
            // Amounts without a pattern.
            let amount = format!("{}.{:02}", 100 + n * 7919 % 4_900, n * 31 % 100);
            let invoice = self.invoice(CUSTOMERS + n * 7 % 20, issued, due, &amount);
            let bill = self.bill(VENDORS + n * 7 % 20, issued, due, &amount);
            if n < 40 {
                let order = 1_000 + n;
                self.sale_order(order, CUSTOMERS + n * 7 % 20, issued - Days::new(7), &amount, &amount);
                self.of_order(invoice, order);
                self.purchase_order(order, VENDORS + n * 7 % 20, issued - Days::new(10), &amount);
                self.of_purchase(bill, order, &amount);
            }
            if let Some(days) = paid(n) {
                self.pay(invoice, due + Days::new(days), &amount);
            }
            self.pay(bill, due, &amount);
        }
        self.last_of_history = self.last;
    }

    /// Invoices of the history that are open were never issued.
    pub(super) fn forget_open_history(&mut self) {
        let is_open = |item: &&Item| {
            item.account_id == Some(RECEIVABLE) && !item.reconciled && item.partner_id >= Some(CUSTOMERS)
        };
        let of_history = |item: &&Item| item.id < self.last_of_history;
        let open: Vec<i32> =
            self.items.values().filter(is_open).filter(of_history).map(|item| item.id).collect();
        for id in open {
            self.cancel(id);
        }
    }

    /// Invoices of the history that are open are written off.
    pub(super) fn write_off_open_history(&mut self) {
        let is_open = |item: &&Item| item.account_id == Some(RECEIVABLE) && !item.reconciled;
        let open: Vec<Item> = self.items.values().filter(is_open).cloned().collect();
        for item in open {
            let amount = item.residual.to_string();
            let loss = self.plain(RECEIVABLE, item.partner_id, item.day, &format!("-{amount}"));
            let loss = self.item(loss);
            self.settle(item.id, loss, &amount);
        }
    }

    /// What there is in the bank at the end of a day.
    fn bank(&self, today: NaiveDate) -> Decimal {
        let cash = self.items.values().filter(|item| matches!(item.account_id, Some(BANK | SECOND_BANK)));
        cash.filter(|item| item.day <= today).map(|item| item.amount).sum()
    }

    /// Money that came in long ago, so that there is `opening` today.
    pub(super) fn open_with(&mut self, today: NaiveDate, opening: &str) {
        let missing = dec(opening) - self.bank(today);
        let item = self.plain(BANK, None, on(2020, 1, 1), &missing.to_string());
        self.item(item);
    }
}

/// A company with a forecast.
pub(super) struct Story {
    pub(super) driver: Driver<Forecast>,
    pub(super) books: Books,
}

/// The situation of `cases.md` unless a case says otherwise: history H0, 10,000.00 in the bank, Wednesday 4 March 2026.
pub(super) fn usual(situation: impl FnOnce(&mut Books)) -> Story {
    story(at(3, 4), "10000.00", |_| Some(0), situation)
}

/// A day, what there is in the bank, when invoices of the history were paid, and what else there is.
pub(super) fn story(
    today: NaiveDate,
    opening: &str,
    paid: impl Fn(i32) -> Option<u64>,
    situation: impl FnOnce(&mut Books),
) -> Story {
    let mut books = Books::default();
    books.begin();
    books.history(today, paid);
    situation(&mut books);
    books.open_with(today, opening);
    let rows = books.take();
    Story { driver: Driver::behind(rows, noon(today)), books }
}

impl Story {
    /// A transaction, a minute after the last; it is evaluated.
    pub(super) fn writes(&mut self, what: impl FnOnce(&mut Books)) {
        what(&mut self.books);
        let rows = self.books.take();
        self.driver.transaction(rows, self.driver.clock() + TimeDelta::seconds(10));
        self.minute();
    }

    /// The next full minute passes.
    pub(super) fn minute(&mut self) {
        self.driver.tick(self.driver.clock() + TimeDelta::minutes(1));
    }

    /// The day passes.
    pub(super) fn until(&mut self, day: NaiveDate) {
        self.driver.tick(noon(day));
    }

    pub(super) fn asks(&mut self, action: &str, arguments: Value) -> String {
        let outcome = self.driver.request("anna", action, arguments);
        self.minute();
        match outcome {
            Outcome::Done(text) => text,
            Outcome::Refused(why) => panic!("refused: {why}"),
        }
    }

    pub(super) fn refuses(&mut self, action: &str, arguments: Value) -> String {
        match self.driver.request("anna", action, arguments) {
            Outcome::Done(text) => panic!("done: {text}"),
            Outcome::Refused(why) => why,
        }
    }

    pub(super) fn sets(&mut self, config: Value) {
        assert!(self.driver.rule("warn", config));
        self.minute();
    }

    pub(super) fn tables(&mut self) -> &Tables {
        self.driver.tables()
    }

    pub(super) fn position(&mut self, company: i32) -> Position {
        self.tables().positions.get(company).cloned().unwrap()
    }

    /// What is expected of a component by day, of a company.
    pub(super) fn flows_of(&mut self, company: i32, component: Component) -> BTreeMap<NaiveDate, Decimal> {
        let today = self.position(company).forecast_date;
        let tables = self.tables();
        let rows: Vec<(NaiveDate, [Decimal; 4])> = if company == 0 {
            let rows = tables.forecasts.iter().filter(|row| row.forecast_date == today);
            rows.map(|row| {
                let flows = [row.ar_expected, row.ap_expected, row.pipeline_expected, row.recurring_expected];
                (row.target_date, flows)
            })
            .collect()
        } else {
            let rows = tables.company_forecasts.iter();
            rows.filter(|row| row.forecast_date == today && row.company_id == company)
                .map(|row| {
                    let flows =
                        [row.ar_expected, row.ap_expected, row.pipeline_expected, row.recurring_expected];
                    (row.target_date, flows)
                })
                .collect()
        };
        let flows = rows.into_iter().map(|(day, flows)| (day, flows[component as usize]));
        flows.filter(|(_, amount)| !amount.is_zero()).collect()
    }

    pub(super) fn flows(&mut self, component: Component) -> BTreeMap<NaiveDate, Decimal> {
        self.flows_of(1, component)
    }

    pub(super) fn balance(&mut self, day: NaiveDate) -> Decimal {
        self.row(day).0
    }

    /// Balance and interval of a day.
    pub(super) fn row(&mut self, day: NaiveDate) -> (Decimal, Decimal, Decimal) {
        let today = self.position(1).forecast_date;
        let rows = self.tables().company_forecasts.iter();
        let row = rows
            .filter(|row| row.forecast_date == today && row.company_id == 1)
            .find(|row| row.target_date == day);
        let row = row.unwrap();
        (row.predicted_balance, row.confidence_low, row.confidence_high)
    }

    pub(super) fn document(&mut self, kind: Kind, id: i32) -> Document {
        self.tables().documents.get((kind, id)).cloned().unwrap()
    }

    /// A component is these amounts on these days, each as far as a model that smooths may be off: two per cent of it on the days around,
    /// or later. Nothing else is expected.
    #[track_caller]
    pub(super) fn expects(&mut self, component: Component, expected: &[(NaiveDate, &str)]) {
        self.expects_within(component, expected, "0.02");
    }

    #[track_caller]
    pub(super) fn expects_within(
        &mut self,
        component: Component,
        expected: &[(NaiveDate, &str)],
        share: &str,
    ) {
        let mut left = self.flows(component);
        let shown = left.clone();
        let mut tolerance = Decimal::ZERO;
        for (day, amount) in expected {
            let amount = dec(amount);
            let found = left.remove(day).unwrap_or_default();
            let off = amount.abs() * dec(share);
            tolerance += off;
            assert!(
                (found - amount).abs() <= off,
                "{component} on {day} is {found}, not {amount}: {shown:?}"
            );
        }
        let rest: Decimal = left.values().map(Decimal::abs).sum();
        assert!(rest <= tolerance, "{component} has {rest} besides: {shown:?}");
    }

    /// The balance is this at the end of a day, as far as a model that smooths may be off.
    #[track_caller]
    pub(super) fn has(&mut self, day: NaiveDate, expected: &str, off: &str) {
        let balance = self.balance(day);
        assert!((balance - dec(expected)).abs() <= dec(off), "{balance} on {day}, not {expected}");
    }
}

pub(super) fn rate(books: &mut Books, currency_id: i32, rate: &str) {
    let id = books.id();
    let row = CurrencyRate { id, currency_id, company_id: None, day: at(1, 1), rate: dec(rate) };
    books.put(RowChange::CurrencyRate(id, Some(row)));
}

pub(super) fn delay(partner: i32, days: i32) -> Value {
    json!([{ "op": "delay_partner", "partner": partner, "days": days }])
}
