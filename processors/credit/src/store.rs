//! The tables of schema `credit`, and the seed's `credit_scores`.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use contract::{Rows, Table};
use rust_decimal::Decimal;
use sqlx::PgConnection;

contract::table! {
    /// A company, which may be a branch of another.
    pub struct Company in "credit.company" key (id: i32) {
        /// The company at the root of its tree; a root is its own.
        pub root_id: i32,
        /// The currency it keeps its books in.
        pub currency_id: i32,
    }
}

contract::table! {
    /// A currency.
    pub struct Currency in "credit.currency" key (id: i32) {
        /// ISO 4217 code.
        pub name: String,
        /// Digits after the point.
        pub decimals: i32,
    }
}

contract::table! {
    /// How many units of a currency one unit of the rate's base is worth, from a day on.
    pub struct CurrencyRate in "credit.currency_rate" key (id: i32) {
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
    pub struct Partner in "credit.partner" key (id: i32) {
        /// Its name.
        pub name: String,
        /// The partner that answers for it commercially; a company is its own.
        pub commercial_id: i32,
        /// Explicit limits per company, as JSON: `{"1": 5000.0}`.
        pub credit_limit: Option<String>,
    }
}

contract::table! {
    /// An account of the ledger.
    pub struct Account in "credit.account" key (id: i32) {
        /// Whether customers' debts are on it.
        pub receivable: bool,
    }
}

contract::table! {
    /// A product variant.
    pub struct Product in "credit.product" key (id: i32) {
        /// Its template.
        pub template_id: i32,
    }
}

contract::table! {
    /// A product template.
    pub struct Template in "credit.template" key (id: i32) {
        /// Whether what is delivered is invoiced, rather than what is ordered.
        pub by_delivery: bool,
    }
}

contract::table! {
    /// A draft customer invoice or credit note.
    pub struct Draft in "credit.draft" key (id: i32) {
        /// Whether it is a credit note.
        pub refund: bool,
    }
}

contract::table! {
    /// A journal item: any of a draft, or an open one of a posted entry.
    pub struct Item in "credit.item" key (id: i32) {
        /// Its journal entry.
        pub move_id: i32,
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
        /// Invoiced quantity.
        pub quantity: Decimal,
    }
}

contract::table! {
    /// A confirmed sales order.
    pub struct SaleOrder in "credit.sale_order" key (id: i32) {
        /// Its company, which may be a branch.
        pub company_id: i32,
        /// Its partner, which may be a contact.
        pub partner_id: i32,
        /// Units of the order's currency per unit of the company's.
        pub currency_rate: Decimal,
    }
}

contract::table! {
    /// A line of a confirmed sales order.
    pub struct SaleOrderLine in "credit.sale_order_line" key (id: i32) {
        /// Its order.
        pub order_id: i32,
        /// Its product.
        pub product_id: Option<i32>,
        /// Ordered quantity.
        pub ordered: Decimal,
        /// Delivered quantity.
        pub delivered: Decimal,
        /// Invoiced quantity, drafts included.
        pub invoiced: Decimal,
        /// Price of the ordered quantity with taxes, in the order's currency.
        pub price_total: Decimal,
        /// Whether Odoo still has something to invoice for it.
        pub open: bool,
    }
}

contract::table! {
    /// That a journal item invoices an order line.
    pub struct InvoicedLine in "credit.invoiced_line" key (item_id: i32, order_line_id: i32) {
    }
}

contract::table! {
    /// What a commercial partner owes a company, by bucket, in the company's currency.
    pub struct Exposure in "credit.exposure" key (company_id: i32, partner_id: i32) {
        /// The partner's name.
        pub partner_name: String,
        /// The company's currency, as ISO 4217 code.
        pub currency: String,
        /// Receivable and not due.
        pub not_due: Decimal,
        /// Receivable and past its due date.
        pub overdue: Decimal,
        /// Credits and payments not applied to anything: negative.
        pub unapplied: Decimal,
        /// Draft invoices that no order accounts for.
        pub draft_invoiced: Decimal,
        /// Confirmed and not yet invoiced.
        pub to_invoice: Decimal,
        /// The sum.
        pub total: Decimal,
        /// The explicit limit, if there is one.
        pub credit_limit: Option<Decimal>,
        /// Earliest due date of what is receivable.
        pub oldest_due: Option<NaiveDate>,
        /// When it last changed, by the unit's clock.
        pub updated_at: DateTime<Utc>,
    }
}

/// A customer's line in the seed's `credit_scores`: all companies together, in the main company's currency.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Score {
    /// The commercial partner.
    pub customer_id: i32,
    /// Its name, cut to what the column holds.
    pub customer_name: String,
    /// Sum of its explicit limits.
    pub credit_limit: Option<Decimal>,
    /// Sum of its exposures.
    pub current_exposure: Decimal,
    /// Sum of what is overdue.
    pub overdue_amount: Decimal,
    /// When it last changed, by the unit's clock.
    pub last_calculated: NaiveDateTime,
    /// When it came to be, by the unit's clock.
    pub created_at: NaiveDateTime,
}

impl Table for Score {
    type Key = i32;

    fn key(&self) -> i32 {
        self.customer_id
    }

    async fn load(connection: &mut PgConnection) -> sqlx::Result<Vec<Self>> {
        sqlx::query_as(
            "SELECT customer_id, COALESCE(customer_name, '') AS customer_name, credit_limit,
                 COALESCE(current_exposure, 0) AS current_exposure, COALESCE(overdue_amount, 0) AS overdue_amount,
                 COALESCE(last_calculated, 'epoch') AS last_calculated, COALESCE(created_at, 'epoch') AS created_at
             FROM credit_scores",
        )
        .fetch_all(connection)
        .await
    }

    async fn upsert(rows: &[&Self], connection: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO credit_scores (customer_id, customer_name, credit_limit, current_exposure, overdue_amount,
                 last_calculated, created_at)
             SELECT * FROM UNNEST($1::int[], $2::text[], $3::numeric[], $4::numeric[], $5::numeric[], $6::timestamp[],
                 $7::timestamp[])
             ON CONFLICT (customer_id) DO UPDATE SET customer_name = EXCLUDED.customer_name,
                 credit_limit = EXCLUDED.credit_limit, current_exposure = EXCLUDED.current_exposure,
                 overdue_amount = EXCLUDED.overdue_amount, last_calculated = EXCLUDED.last_calculated,
                 created_at = EXCLUDED.created_at",
        )
        .bind(rows.iter().map(|row| row.customer_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.customer_name.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.credit_limit).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.current_exposure).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.overdue_amount).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.last_calculated).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.created_at).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
    }

    async fn delete(keys: &[i32], connection: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM credit_scores WHERE customer_id = ANY($1)")
            .bind(keys)
            .execute(connection)
            .await
            .map(drop)
    }

    async fn clear(connection: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM credit_scores").execute(connection).await.map(drop)
    }
}

/// Everything that is kept.
#[derive(Default)]
pub struct Tables {
    /// `credit.company`
    pub companies: Rows<Company>,
    /// `credit.currency`
    pub currencies: Rows<Currency>,
    /// `credit.currency_rate`
    pub rates: Rows<CurrencyRate>,
    /// `credit.partner`
    pub partners: Rows<Partner>,
    /// `credit.account`
    pub accounts: Rows<Account>,
    /// `credit.product`
    pub products: Rows<Product>,
    /// `credit.template`
    pub templates: Rows<Template>,
    /// `credit.draft`
    pub drafts: Rows<Draft>,
    /// `credit.item`
    pub items: Rows<Item>,
    /// `credit.sale_order`
    pub orders: Rows<SaleOrder>,
    /// `credit.sale_order_line`
    pub lines: Rows<SaleOrderLine>,
    /// `credit.invoiced_line`
    pub links: Rows<InvoicedLine>,
    /// `credit.exposure`
    pub exposures: Rows<Exposure>,
    /// `public.credit_scores`
    pub scores: Rows<Score>,
}

impl Tables {
    /// Reads all.
    pub async fn load(connection: &mut PgConnection) -> sqlx::Result<Self> {
        Ok(Self {
            companies: Rows::load(connection).await?,
            currencies: Rows::load(connection).await?,
            rates: Rows::load(connection).await?,
            partners: Rows::load(connection).await?,
            accounts: Rows::load(connection).await?,
            products: Rows::load(connection).await?,
            templates: Rows::load(connection).await?,
            drafts: Rows::load(connection).await?,
            items: Rows::load(connection).await?,
            orders: Rows::load(connection).await?,
            lines: Rows::load(connection).await?,
            links: Rows::load(connection).await?,
            exposures: Rows::load(connection).await?,
            scores: Rows::load(connection).await?,
        })
    }

    /// Writes what has changed.
    pub async fn save(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        self.companies.save(connection).await?;
        self.currencies.save(connection).await?;
        self.rates.save(connection).await?;
        self.partners.save(connection).await?;
        self.accounts.save(connection).await?;
        self.products.save(connection).await?;
        self.templates.save(connection).await?;
        self.drafts.save(connection).await?;
        self.items.save(connection).await?;
        self.orders.save(connection).await?;
        self.lines.save(connection).await?;
        self.links.save(connection).await?;
        self.exposures.save(connection).await?;
        self.scores.save(connection).await
    }
}
