//! The tables of schema `forecast`, and the seed's `cash_forecasts`, `forecast_scenarios` and `forecast_accuracy_log`. Here are the source
//! rows; `results` has what is expected, `learned` what expectations rest on, `people` what people have said and asked for.

mod learned;
mod people;
mod results;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sqlx::types::Json;

pub use learned::{Actual, Calibration, History, Missed, Repetition, Scales, Story};
pub use people::{Promise, PromiseKind, Scenario, ScenarioBase};
pub use results::{
    Accuracy, CashForecast, Clock, CompanyForecast, Component, Document, Kind, Position, Told,
};

contract::table! {
    /// A company.
    pub struct Company in "company" key (id: i32) {
        /// The companies that it is a branch of, the root first, and itself.
        pub path: Json<Vec<i32>>,
        /// Its currency.
        pub currency_id: i32,
        /// The partner that it is itself.
        pub partner_id: Option<i32>,
        /// The account on which money is that is between two of its banks.
        pub transfer_account_id: Option<i32>,
    }
}

contract::table! {
    /// A currency.
    pub struct Currency in "currency" key (id: i32) {
        /// ISO 4217 code.
        pub name: String,
        /// Digits behind the point.
        pub decimals: i32,
    }
}

contract::table! {
    /// A rate: units of a currency for one of the company's.
    pub struct CurrencyRate in "currency_rate" key (id: i32) {
        /// The currency.
        pub currency_id: i32,
        /// The company that alone uses it.
        pub company_id: Option<i32>,
        /// The day from which it holds.
        pub day: NaiveDate,
        /// The rate.
        pub rate: Decimal,
    }
}

contract::table! {
    /// A country.
    pub struct Country in "country" key (id: i32) {
        /// ISO 3166 code.
        pub code: String,
    }
}

contract::table! {
    /// Somebody who pays, or is paid.
    pub struct Partner in "partner" key (id: i32) {
        /// Its name.
        pub name: String,
        /// The company that it belongs to, or itself.
        pub commercial_id: i32,
        /// Its country.
        pub country_id: Option<i32>,
    }
}

contract::table! {
    /// An account of the ledger.
    pub struct Account in "account" key (id: i32) {
        /// Odoo's `account_type`.
        pub account_type: String,
        /// Whether its items are matched with each other.
        pub reconcile: bool,
    }
}

contract::table! {
    /// A posted invoice, bill, credit note or receipt.
    pub struct Entry in "entry" key (id: i32) {
        /// Odoo's `move_type`.
        pub move_type: String,
        /// The day that is printed on it.
        pub day: NaiveDate,
        /// The orders that it is of, by their names.
        pub origin: Option<String>,
    }
}

contract::table! {
    /// A posted journal item that is open, was matched, is cash, or bills a purchase order.
    pub struct Item in "item" key (id: i32) {
        /// Its entry.
        pub move_id: i32,
        /// The entry's number.
        pub number: Option<String>,
        /// What it is for; nothing where that is an invoice.
        pub label: Option<String>,
        /// Its company.
        pub company_id: i32,
        /// Whose it is.
        pub partner_id: Option<i32>,
        /// Its account.
        pub account_id: Option<i32>,
        /// Its currency.
        pub currency_id: Option<i32>,
        /// The whole amount in its currency; debit is positive.
        pub amount: Decimal,
        /// What is open of it, in its currency.
        pub residual: Decimal,
        /// Whether it is matched in full.
        pub reconciled: bool,
        /// Its day.
        pub day: NaiveDate,
        /// The day on which it is due.
        pub due: Option<NaiveDate>,
        /// The last day of a discount, …
        pub discount_day: Option<NaiveDate>,
        /// … and what is to be paid until then, in its currency.
        pub discounted: Option<Decimal>,
        /// The day on which somebody in Odoo expects it to be paid.
        pub promised: Option<NaiveDate>,
        /// Whether it is of a registered payment.
        pub of_payment: bool,
        /// The bank line that it is of.
        pub line_id: Option<i32>,
        /// The line of a purchase order that it bills.
        pub order_line_id: Option<i32>,
    }
}

contract::table! {
    /// Two items that are matched with each other.
    pub struct Partial in "partial" key (id: i32) {
        /// The debit item.
        pub debit_id: i32,
        /// The credit item.
        pub credit_id: i32,
    }
}

contract::table! {
    /// A line of a bank statement.
    pub struct StatementLine in "statement_line" key (id: i32) {
        /// Its entry.
        pub move_id: i32,
        /// Who is on the other side, where somebody says so.
        pub partner_id: Option<i32>,
        /// What the payer wrote.
        pub label: Option<String>,
        /// Whether it is matched.
        pub reconciled: bool,
    }
}

contract::table! {
    /// A registered payment that is under way and has no journal entry.
    pub struct Payment in "payment" key (id: i32) {
        /// Its company.
        pub company_id: Option<i32>,
        /// Who pays, or is paid.
        pub partner_id: i32,
        /// Its currency.
        pub currency_id: Option<i32>,
        /// How much; negative where it goes out.
        pub amount: Decimal,
        /// Whether it is of a supplier.
        pub of_supplier: bool,
        /// Its day.
        pub day: NaiveDate,
    }
}

contract::table! {
    /// A confirmed sales order.
    pub struct SaleOrder in "sale_order" key (id: i32) {
        /// Its number.
        pub name: String,
        /// Its company.
        pub company_id: Option<i32>,
        /// Who is invoiced.
        pub partner_id: Option<i32>,
        /// Its currency.
        pub currency_id: Option<i32>,
        /// The day on which it was confirmed.
        pub day: NaiveDate,
        /// The opportunity that it is of.
        pub lead_id: Option<i32>,
        /// Whether it is invoiced again and again.
        pub is_subscription: bool,
        /// The last day of such one.
        pub until: Option<NaiveDate>,
    }
}

contract::table! {
    /// A line of a sales order.
    pub struct SaleOrderLine in "sale_order_line" key (id: i32) {
        /// Its order.
        pub order_id: i32,
        /// What is ordered, without taxes.
        pub untaxed: Decimal,
        /// The same with taxes.
        pub total: Decimal,
        /// What posted invoices have of it, without taxes.
        pub invoiced: Decimal,
    }
}

contract::table! {
    /// A confirmed purchase order.
    pub struct PurchaseOrder in "purchase_order" key (id: i32) {
        /// Its number.
        pub name: String,
        /// Its company.
        pub company_id: Option<i32>,
        /// Who bills it.
        pub partner_id: Option<i32>,
        /// Its currency.
        pub currency_id: Option<i32>,
        /// The day on which it was confirmed.
        pub day: NaiveDate,
    }
}

contract::table! {
    /// A line of a purchase order.
    pub struct PurchaseOrderLine in "purchase_order_line" key (id: i32) {
        /// Its order.
        pub order_id: i32,
        /// What is ordered, without taxes.
        pub untaxed: Decimal,
        /// The same with taxes.
        pub total: Decimal,
    }
}

contract::table! {
    /// A stage of the pipeline.
    pub struct Stage in "stage" key (id: i32) {
        /// Where it stands among all.
        pub sequence: i32,
        /// Whether opportunities in it are won.
        pub is_won: bool,
    }
}

contract::table! {
    /// A lead or an opportunity.
    pub struct Lead in "lead" key (id: i32) {
        /// What people call it.
        pub name: String,
        /// Its company.
        pub company_id: Option<i32>,
        /// Who may buy.
        pub partner_id: Option<i32>,
        /// Its stage.
        pub stage_id: Option<i32>,
        /// Whether it is there; one that is lost is archived.
        pub active: bool,
        /// How likely it is won, in per cent, as Odoo or a person says.
        pub probability: Decimal,
        /// What it would bring, in the company's currency.
        pub revenue: Decimal,
        /// The day on which it is expected to close.
        pub deadline: Option<NaiveDate>,
        /// The day on which it was made.
        pub begun: NaiveDate,
        /// The day on which it was closed.
        pub closed: Option<NaiveDate>,
    }
}

contract::tables! {
    /// Everything that is stored.
    pub struct Tables;
    /// A row's new state; `None` when it is gone or cannot matter.
    pub enum RowChange;

    companies: Company from "res_company",
    currencies: Currency from "res_currency",
    rates: CurrencyRate from "res_currency_rate",
    countries: Country from "res_country",
    partners: Partner from "res_partner",
    accounts: Account from "account_account",
    entries: Entry from "account_move",
    items: Item from "account_move_line",
    partials: Partial from "account_partial_reconcile",
    lines: StatementLine from "account_bank_statement_line",
    payments: Payment from "account_payment",
    sale_orders: SaleOrder from "sale_order",
    sale_order_lines: SaleOrderLine from "sale_order_line",
    purchase_orders: PurchaseOrder from "purchase_order",
    purchase_order_lines: PurchaseOrderLine from "purchase_order_line",
    stages: Stage from "crm_stage",
    leads: Lead from "crm_lead",
    history: History,
    repetitions: Repetition,
    documents: Document,
    company_forecasts: CompanyForecast,
    positions: Position,
    actuals: Actual,
    calibrations: Calibration,
    missed: Missed,
    promises: Promise,
    clock: Clock,
    forecasts: CashForecast,
    accuracy: Accuracy,
    scenarios: Scenario,
    bases: ScenarioBase,
}

impl Tables {
    /// The company that a company is a branch of, in the end.
    pub fn root(&self, company: i32) -> i32 {
        self.companies.get(company).and_then(|row| row.path.first().copied()).unwrap_or(company)
    }

    /// How many decimals a currency has.
    pub fn decimals(&self, currency: i32) -> u32 {
        let decimals = self.currencies.get(currency).map_or(2, |row| row.decimals);
        u32::try_from(decimals).unwrap_or(2)
    }

    /// A currency's code; its id where it is not known.
    pub fn currency_code(&self, currency: i32) -> String {
        self.currencies.get(currency).map_or_else(|| format!("currency {currency}"), |row| row.name.clone())
    }

    /// The company that a partner belongs to, or itself.
    pub fn commercial(&self, partner: i32) -> i32 {
        self.partners.get(partner).map_or(partner, |row| row.commercial_id)
    }
}
