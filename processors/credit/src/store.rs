//! The tables of schema `credit`, and the seed's `credit_scores`. Here are the source rows that are stored; `results` has
//! what is concluded from them.

mod results;

use chrono::{DateTime, NaiveDate, Utc};
use contract::Rows;
use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::input::InvoicedLineKey;

pub use results::{Assessment, Check, Exposure, Hold, HoldStatus, Norm, Ranked, RiskLevel, Score};

contract::table! {
    /// A company, which may be a branch of another.
    pub struct Company in "company" key (id: i32) {
        /// The company at the root of its tree; a root is its own.
        pub root_id: i32,
        /// The currency it keeps its books in.
        pub currency_id: i32,
        /// Whether it sets limits: without, its default limit counts for nobody.
        pub sets_limits: bool,
    }
}

contract::table! {
    /// A currency.
    pub struct Currency in "currency" key (id: i32) {
        /// ISO 4217 code.
        pub name: String,
        /// Digits after the point.
        pub decimals: i32,
    }
}

contract::table! {
    /// How many units of a currency one unit of the rate's base is worth, from a day on.
    pub struct CurrencyRate in "currency_rate" key (id: i32) {
        /// The currency.
        pub currency_id: i32,
        /// Whose rate; `None` for every company's.
        pub company_id: Option<i32>,
        /// First day.
        pub day: NaiveDate,
        /// Units of the currency.
        pub rate: Decimal,
    }
}

contract::table! {
    /// A customer, or a contact of one.
    pub struct Partner in "partner" key (id: i32) {
        /// Its name.
        pub name: String,
        /// The partner that answers for it commercially; a company is its own.
        pub commercial_id: i32,
        /// Explicit limits per company, as JSON: `{"1": 5000.0}`.
        pub credit_limit: Option<String>,
    }
}

contract::table! {
    /// A customer's explicit limit where Odoo keeps it by itself, as Odoo 17 does.
    pub struct Limit in "credit_limit" key (id: i32) {
        /// Whose it is; `None` for everybody's who has none: a default.
        pub partner_id: Option<i32>,
        /// In which company; `None` for in every one.
        pub company_id: Option<i32>,
        /// In the company's currency.
        pub amount: Decimal,
    }
}

contract::table! {
    /// The field that customers' limits are in. Default values name their field by its id.
    pub struct LimitField in "limit_field" key (id: i32) {
    }
}

contract::table! {
    /// A default value that is a number: the limit of customers without one of their own, if it is of the [`LimitField`].
    pub struct DefaultValue in "default_value" key (id: i32) {
        /// The field.
        pub field_id: i32,
        /// In which company; `None` for in every one.
        pub company_id: Option<i32>,
        /// The value.
        pub amount: Decimal,
    }
}

contract::table! {
    /// A journal.
    pub struct Journal in "journal" key (id: i32) {
        /// Whether money comes and goes through it: a bank, a till or a card.
        pub moves_money: bool,
    }
}

contract::table! {
    /// An account of the ledger.
    pub struct Account in "account" key (id: i32) {
        /// Whether customers' debts are on it.
        pub receivable: bool,
    }
}

contract::table! {
    /// A unit of measure.
    pub struct Unit in "unit" key (id: i32) {
        /// How many of it are one reference unit of its kind: a twelfth of a dozen is one piece.
        pub per_reference: Decimal,
        /// Its smallest part.
        pub rounding: Decimal,
    }
}

contract::table! {
    /// A product variant.
    pub struct Product in "product" key (id: i32) {
        /// Its template.
        pub template_id: i32,
    }
}

contract::table! {
    /// A product template.
    pub struct Template in "template" key (id: i32) {
        /// Whether what is delivered is invoiced, rather than what is ordered.
        pub by_delivery: bool,
    }
}

contract::table! {
    /// A customer invoice or credit note: a draft, or a posted one of the last year.
    pub struct Invoice in "invoice" key (id: i32) {
        /// Whether it is a draft.
        pub draft: bool,
        /// Whether it is a credit note.
        pub refund: bool,
        /// Its company, which may be a branch.
        pub company_id: i32,
        /// Its commercial partner.
        pub partner_id: Option<i32>,
        /// Its date.
        pub day: Option<NaiveDate>,
        /// Its untaxed amount in the company's currency, negative for a credit note.
        pub untaxed: Decimal,
    }
}

contract::table! {
    /// That a debit item was settled by a credit item.
    pub struct Settlement in "settlement" key (id: i32) {
        /// The debit item.
        pub debit_id: i32,
        /// The credit item.
        pub credit_id: i32,
        /// When both were there.
        pub day: NaiveDate,
        /// How much, in the company's currency.
        pub amount: Decimal,
    }
}

contract::table! {
    /// A customer's payment, or one to a customer, that has no journal entry yet.
    pub struct Pending in "pending" key (id: i32) {
        /// Its company, which may be a branch.
        pub company_id: Option<i32>,
        /// Its partner, which may be a contact.
        pub partner_id: i32,
        /// Its currency.
        pub currency_id: Option<i32>,
        /// In that currency; negative when it was paid to the customer.
        pub amount: Decimal,
        /// The same in the company's currency, if Odoo says it.
        pub company_amount: Option<Decimal>,
        /// Its date.
        pub day: NaiveDate,
    }
}

contract::table! {
    /// A customer's order in a point of sale that is paid and that no invoice accounts for.
    pub struct PosOrder in "pos_order" key (id: i32) {
    }
}

contract::table! {
    /// A line of a point of sale's order that is about a line of a sales order.
    pub struct PosLine in "pos_order_line" key (id: i32) {
        /// The point of sale's order.
        pub pos_order_id: i32,
        /// The line of the sales order.
        pub order_line_id: i32,
        /// Its price with taxes.
        pub amount: Decimal,
    }
}

contract::table! {
    /// A journal item: any of a draft; of a posted entry an open one, one that fell due by itself, a down payment, or a credit that
    /// settles something and belongs to no payment.
    pub struct Item in "item" key (id: i32) {
        /// Its journal entry.
        pub move_id: i32,
        /// Its journal, if it may be a payment.
        pub journal_id: Option<i32>,
        /// Its entry's number, while it is posted and open.
        pub number: Option<String>,
        /// Its company, which may be a branch.
        pub company_id: i32,
        /// Its partner, which may be a contact.
        pub partner_id: Option<i32>,
        /// Its account.
        pub account_id: Option<i32>,
        /// Whether its entry is a draft.
        pub draft: bool,
        /// When it is due; `None` for never.
        pub due: Option<NaiveDate>,
        /// What is left to pay, in the company's currency.
        pub residual: Decimal,
        /// Quantity that a draft invoices …
        pub quantity: Decimal,
        /// … in this unit.
        pub unit_id: Option<i32>,
        /// Whether it is a line that falls due, of an invoice or a credit note.
        pub falls_due: bool,
        /// Whether it is a debit.
        pub debit: bool,
        /// Whether it belongs to a payment or to a bank line.
        pub of_payment: bool,
        /// What it invoices, of a draft, in the company's currency: credits are negative.
        pub drafted: Option<Decimal>,
        /// Whether it invoices a down payment, or deducts one.
        pub down_payment: bool,
        /// The currency of a down payment's document.
        pub currency_id: Option<i32>,
        /// What the down payment is in that currency, without taxes: negative when it is invoiced.
        pub amount_currency: Decimal,
    }
}

impl Limit {
    /// Whose limits it is among: a partner's, or those of everybody, which is no partner's id.
    pub(crate) fn group(&self) -> i32 {
        self.partner_id.unwrap_or(Self::EVERYBODY)
    }

    /// Stands for everybody where limits are looked up by partner.
    pub(crate) const EVERYBODY: i32 = 0;
}

impl Item {
    /// Whose it is, of an open debit that is in no known journal and in no known payment.
    pub(crate) fn unclear_of(&self) -> Option<i32> {
        let known = self.draft || self.falls_due || self.of_payment || self.journal_id.is_some();
        self.partner_id.filter(|_| !known && self.debit && !self.residual.is_zero())
    }

    /// Whether nothing is left to pay.
    pub(crate) fn is_settled(&self) -> bool {
        !self.draft && self.residual.is_zero()
    }
}

contract::table! {
    /// A confirmed sales order.
    pub struct SaleOrder in "sale_order" key (id: i32) {
        /// Its number.
        pub name: String,
        /// Its company, which may be a branch.
        pub company_id: i32,
        /// Who will be invoiced, which may be a contact.
        pub partner_id: i32,
        /// Its currency.
        pub currency_id: Option<i32>,
        /// What was ordered, without taxes, in its currency …
        pub untaxed: Decimal,
        /// … and with them.
        pub total: Decimal,
        /// When it has to be delivered, if that was agreed.
        pub ships_at: Option<DateTime<Utc>>,
    }
}

contract::table! {
    /// A line of a confirmed sales order.
    pub struct SaleOrderLine in "sale_order_line" key (id: i32) {
        /// Its order.
        pub order_id: i32,
        /// Its product.
        pub product_id: Option<i32>,
        /// The unit of its quantities.
        pub unit_id: Option<i32>,
        /// Whether it stands for a down payment; nothing is ordered by it.
        pub down_payment: bool,
        /// Ordered quantity.
        pub ordered: Decimal,
        /// Delivered quantity.
        pub delivered: Decimal,
        /// Invoiced quantity, drafts included.
        pub invoiced: Decimal,
        /// Price of the ordered quantity with taxes, in the order's currency.
        pub price_total: Decimal,
        /// What was spent for the customer and will be invoiced, without taxes, though nothing was ordered by the line.
        pub expense: Option<Decimal>,
        /// Whether Odoo still has something to invoice for it.
        pub open: bool,
    }
}

contract::table! {
    /// That a journal item invoices an order line.
    pub struct InvoicedLine in "invoiced_line" key (item_id: i32, order_line_id: i32) {
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
    partners: Partner from "res_partner",
    limits: Limit from "ir_property",
    limit_fields: LimitField from "ir_model_fields",
    default_values: DefaultValue from "ir_default",
    journals: Journal from "account_journal",
    accounts: Account from "account_account",
    units: Unit from "uom_uom",
    products: Product from "product_product",
    templates: Template from "product_template",
    invoices: Invoice from "account_move",
    settlements: Settlement from "account_partial_reconcile",
    items: Item from "account_move_line",
    orders: SaleOrder from "sale_order",
    lines: SaleOrderLine from "sale_order_line",
    pending: Pending from "account_payment",
    pos_orders: PosOrder from "pos_order",
    pos_lines: PosLine from "pos_order_line",
    links: InvoicedLine from "sale_order_line_invoice_rel" by InvoicedLineKey,
    exposures: Exposure,
    assessments: Assessment,
    norms: Norm,
    ranked: Ranked,
    holds: Hold,
    scores: Score,
}

impl Tables {
    /// Reads what is about one customer, and what all share.
    pub async fn load_customer(customer: i32, connection: &mut PgConnection) -> sqlx::Result<Self> {
        // Arrays, so that each list is made once. The tables have no indexes for this: they would slow every batch down.
        let any = |query: &str| format!("= ANY(ARRAY({query}))");
        let contacts = any("SELECT id FROM partner WHERE commercial_id = $1");
        let items = any(&format!("SELECT id FROM item WHERE partner_id {contacts}"));
        let moves = any(&format!("SELECT move_id FROM item WHERE partner_id {contacts}"));
        let orders = any(&format!("SELECT id FROM sale_order WHERE partner_id {contacts}"));
        let lines = any(&format!("SELECT id FROM sale_order_line WHERE order_id {orders}"));
        let products = any(&format!("SELECT product_id FROM sale_order_line WHERE order_id {orders}"));
        let templates = any(&format!("SELECT template_id FROM product WHERE id {products}"));
        // Whether a draft is accounted for by an order, and what drafts invoice of an order.
        let drafts = any(&format!("SELECT item_id FROM invoiced_line WHERE order_line_id {lines}"));
        let draft_moves = any(&format!("SELECT move_id FROM item WHERE id {drafts}"));
        let pos_orders = any(&format!("SELECT pos_order_id FROM pos_order_line WHERE order_line_id {lines}"));
        let siblings = any(&format!("SELECT id FROM item WHERE move_id {moves}"));
        let settlers = any(&format!("SELECT credit_id FROM settlement WHERE debit_id {items}"));
        Ok(Self {
            companies: Rows::load(connection).await?,
            currencies: Rows::load(connection).await?,
            rates: Rows::load(connection).await?,
            partners: Rows::load_some("commercial_id = $1", customer, connection).await?,
            limits: Rows::load_some("coalesce(partner_id, $1) = $1", customer, connection).await?,
            limit_fields: Rows::load(connection).await?,
            default_values: Rows::load(connection).await?,
            journals: Rows::load(connection).await?,
            accounts: Rows::load(connection).await?,
            units: Rows::load(connection).await?,
            products: Rows::load_some(&format!("id {products}"), customer, connection).await?,
            templates: Rows::load_some(&format!("id {templates}"), customer, connection).await?,
            invoices: Rows::load_some(
                &format!("partner_id {contacts} OR id {moves} OR id {draft_moves}"),
                customer,
                connection,
            )
            .await?,
            settlements: Rows::load_some(&format!("debit_id {items}"), customer, connection).await?,
            items: Rows::load_some(
                &format!("move_id {moves} OR id {drafts} OR id {settlers}"),
                customer,
                connection,
            )
            .await?,
            orders: Rows::load_some(&format!("id {orders}"), customer, connection).await?,
            lines: Rows::load_some(&format!("id {lines}"), customer, connection).await?,
            pending: Rows::load_some(&format!("partner_id {contacts}"), customer, connection).await?,
            pos_orders: Rows::load_some(&format!("id {pos_orders}"), customer, connection).await?,
            pos_lines: Rows::load_some(&format!("order_line_id {lines}"), customer, connection).await?,
            links: Rows::load_some(
                &format!("order_line_id {lines} OR item_id {siblings}"),
                customer,
                connection,
            )
            .await?,
            exposures: Rows::load_some("partner_id = $1", customer, connection).await?,
            assessments: Rows::load_some("partner_id = $1", customer, connection).await?,
            norms: Rows::load(connection).await?,
            // Volumes are taken from the assessment: ranking takes everybody.
            ranked: Rows::default(),
            holds: Rows::load_some("partner_id = $1", customer, connection).await?,
            scores: Rows::default(),
        })
    }
}
