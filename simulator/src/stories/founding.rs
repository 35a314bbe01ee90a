//! The company before its first day: master data, customers, vendors, products.

use crate::Simulation;
use crate::agenda::Event;
use crate::calendar::{DAY, Day, midnight};
use crate::money::PAR;
use crate::names;
use crate::random::Random;
use crate::tables::accounting::{
    self, Account, AccountCompany, Journal, PaymentTerm, PaymentTermLine, TERMS, Tax,
};
use crate::tables::company::{self, CREDIT_LIMIT_FIELD, Company, Currency, CurrencyRate};
use crate::tables::label::Label;
use crate::tables::mail::{About, Body};
use crate::tables::partner::Partner;
use crate::tables::product::{Product, Template, UnitOfMeasure};

/// The product of down payments at the till; it follows those that customers order.
pub(super) const TILL_DEPOSIT: u32 = PRODUCTS + 1;
/// The product of what was spent for a customer.
pub(super) const EXPENSE: u32 = PRODUCTS + 2;
const VENDORS: u32 = 25;
const PRODUCTS: u32 = 80;
/// The credit limit of customers that are going to pay ever later, and of those that they are compared with, in hundredths.
const AMPLE: i64 = 18_000_000;
/// Every how manieth product is a service.
const SERVICE_EVERY: u32 = 8;

impl Simulation {
    /// Fills the books with what a company has before it does business.
    pub(crate) fn found(&mut self, first: Day) {
        let created = self.now - 400 * DAY;
        for _ in company::currencies() {
            self.insert(Currency { created });
        }
        for unit in UnitOfMeasure::all(created) {
            self.insert(unit);
        }
        for (term, terms) in (1..).zip(&TERMS) {
            self.insert(PaymentTerm { created });
            for (percent, days) in terms.parts {
                self.insert(PaymentTermLine { term, percent: *percent, days: *days, created });
            }
        }
        let companies = self.settings.companies.max(1);
        for root in 0..companies {
            let id = self.found_company(root, 0, created);
            self.books.root_companies.push(id);
            self.found_accounts(root, id, created, first);
            if root == 0 {
                self.found_company(root, id, created);
            }
        }
        self.insert(company::ModelField { created });
        self.insert(company::Default { field: CREDIT_LIMIT_FIELD, company: 1, value: 300_000, created });
        for number in 1..=PRODUCTS {
            self.found_product(number);
        }
        self.found_further_products();
        for _ in 0..VENDORS {
            let vendor = self.found_partner(true);
            self.books.vendors.push(vendor);
        }
        for number in 0..self.settings.customers.max(2) {
            let customer = self.found_partner(false);
            if number < 2 * self.settings.slipping {
                self.books.partners[customer].credit_limits = vec![(1, AMPLE)];
            }
            self.books.customers.push(customer);
            if self.random.chance(35) {
                self.found_contact(customer);
            }
        }
        self.plan(midnight(first), Event::DayBegins(first));
    }

    fn found_company(&mut self, root: u32, parent: u32, created: i64) -> u32 {
        let name = names::company(&mut self.random);
        let name: Box<str> =
            if parent == 0 { name } else { format!("{} Branch", self.books.companies[parent].name).into() };
        let mut card = self.partner_card(name.clone(), true);
        card.complete = true;
        card.commercial = self.books.partners.last() + 1;
        let partner = self.insert(card);
        // Roots keep their books in different currencies, so that nothing can be added up across them.
        let currency = root % 2 + 1;
        self.insert(Company {
            name,
            partner,
            currency,
            parent,
            root,
            fiscal_lock: None,
            sales_lock: None,
            created,
            written: created,
        })
    }

    fn found_accounts(&mut self, root: u32, company: u32, created: i64, first: Day) {
        for account in Account::chart(company, created) {
            let account = self.insert(account);
            self.insert(AccountCompany { account, company });
        }
        for journal in Journal::all(root, company, created) {
            self.insert(journal);
        }
        for _ in 0..2 {
            self.insert(Tax { company, created });
        }
        let own = self.books.companies[company].currency;
        // Units per unit of the company's currency, by currency id.
        let start = if own == 1 { [PAR, PAR, 921_000, 783_500] } else { [PAR, 1_085_800, PAR, 850_700] };
        self.books.rates.push(start.to_vec());
        for currency in company::currencies().filter(|currency| *currency != own) {
            let rate = start[currency as usize];
            self.insert(CurrencyRate { currency, company, day: first, rate, created });
        }
    }

    fn found_product(&mut self, number: u32) {
        let service = number.is_multiple_of(SERVICE_EVERY);
        let name = names::product(&mut self.random, service);
        let price = self.random.between(4, 600) * 100 + self.random.between(0, 9) * 10;
        let (by_delivery, taxed) = (self.random.chance(40), self.random.chance(70));
        let stamp = self.stamp();
        let code = 1000 + number * 7;
        self.insert(Template { code, name, price, service, by_delivery, taxed, reinvoiced: false, stamp });
        self.insert(Product { cost: price * 6 / 10, stamp });
    }

    /// Products that nobody orders: they are put on orders by the till and by expenses.
    fn found_further_products(&mut self) {
        let stamp = self.stamp();
        for (code, name, expense) in [(1, "Down Payment (Till)", false), (2, "Travel Expenses", true)] {
            self.insert(Template {
                code,
                name: name.into(),
                price: 0,
                service: true,
                by_delivery: expense,
                taxed: expense,
                reinvoiced: expense,
                stamp,
            });
            self.insert(Product { cost: 0, stamp });
        }
    }

    /// One of the products that customers order.
    pub(super) fn any_product(&mut self) -> u32 {
        self.random.below(PRODUCTS) + 1
    }

    fn found_partner(&mut self, vendor: bool) -> u32 {
        let name = names::company(&mut self.random);
        let mut card = self.partner_card(name, true);
        card.complete = true;
        card.commercial = self.books.partners.last() + 1;
        card.has_comment = self.random.chance(2);
        if vendor {
            card.supplier_term = 4;
        } else {
            card.term = self.customer_term();
            if self.random.chance(60) {
                card.credit_limits = vec![(1, self.limit())];
            }
        }
        self.insert(card)
    }

    fn found_contact(&mut self, company: u32) {
        let name = names::person(&mut self.random);
        let mut card = self.partner_card(name, false);
        card.complete = true;
        card.parent = company;
        card.commercial = company;
        card.credit_limits.clone_from(&self.books.partners[company].credit_limits);
        card.term = self.books.partners[company].term;
        let contact = self.insert(card);
        self.books.contacts.push(contact);
    }

    /// A new card with nothing computed.
    pub(super) fn partner_card(&mut self, name: Box<str>, is_company: bool) -> Partner {
        let seed = self.random.below(900_000) + 1;
        Partner {
            name,
            seed,
            identity: seed,
            parent: 0,
            commercial: self.books.partners.last() + 1,
            is_company,
            complete: false,
            complete_name: None,
            active: true,
            has_comment: false,
            customer_rank: 0,
            supplier_rank: 0,
            street: seed,
            credit_limits: Vec::new(),
            term: 0,
            supplier_term: 0,
            stamp: self.stamp(),
        }
    }

    /// A customer's payment term: none, one due date up to 60 days, or two instalments.
    pub(super) fn customer_term(&mut self) -> u32 {
        self.random.pick(&[0, 1, 2, 2, 3, 4, 4, 4, 4, 5, 6, 7]).unwrap_or(0)
    }

    /// A credit limit in hundredths.
    pub(super) fn limit(&mut self) -> i64 {
        self.random.between(2, 80) * 50_000
    }

    /// Rates drift a little each working day and are entered on some of them.
    pub(super) fn update_rates(&mut self) {
        if !self.random.chance(60) {
            return;
        }
        let (day, created) = (self.today(), self.now);
        for root in 0..self.books.root_companies.len() {
            let company = self.books.root_companies[root];
            let own = self.books.companies[company].currency;
            for currency in company::currencies().filter(|currency| *currency != own) {
                let rate = drift(&mut self.random, self.books.rates[root][currency as usize]);
                self.books.rates[root][currency as usize] = rate;
                self.insert(CurrencyRate { currency, company, day, rate, created });
            }
        }
    }

    /// The company's default credit limit changes, for all customers without their own.
    pub(super) fn set_default_limit(&mut self) {
        let value = self.limit();
        self.update::<company::Default>(1, |row| row.value = value);
    }

    /// Sales up to the end of last month can no longer be entered.
    pub(super) fn lock_sales(&mut self) {
        let day = self.today() - 35;
        let now = self.now;
        self.update::<Company>(1, |company| {
            company.sales_lock = Some(company.sales_lock.unwrap_or(day).max(day));
            company.written = now;
        });
        let message = self.say(About::Company, 1, 2, Body::Changes);
        self.track(message, super::field::SALES_LOCK, Label::None, Label::None);
    }

    /// A product's price changes; quotations keep the price they were made with.
    pub(super) fn change_price(&mut self) {
        let product = self.any_product();
        let percent = self.random.between(94, 109);
        self.update::<Template>(product, |row| row.price = row.price * percent / 100);
        self.update::<Product>(product, |row| row.cost = row.cost * percent / 100);
    }

    pub(super) fn account(&self, company: u32, of: accounting::Use) -> u32 {
        accounting::account(self.books.root(company), of)
    }

    pub(super) fn journal(&self, company: u32, book: accounting::Book) -> u32 {
        accounting::journal(self.books.root(company), book)
    }
}

/// Up to half a percent up or down, with four places as banks publish rates.
fn drift(random: &mut Random, rate: i64) -> i64 {
    let moved = rate * random.between(9_950, 10_050) / 10_000;
    (moved / 100).clamp(5_000, 20_000) * 100
}
