//! The columns that are read, and which rows can matter.

use std::collections::BTreeMap;

use contract::column::{Date, Json, Numeric, Text, Timestamp};
use contract::{Change, Money, Rejected};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::store::{
    Account, Company, Currency, CurrencyRate, Invoice, InvoicedLine, Item, Partner, Product, SaleOrder,
    SaleOrderLine, Settlement, Template,
};

/// A row's new state; `None` when it is gone or cannot matter.
#[derive(Clone, Debug)]
pub enum Event {
    /// `res_company`
    Company(i32, Option<Company>),
    /// `res_currency`
    Currency(i32, Option<Currency>),
    /// `res_currency_rate`
    CurrencyRate(i32, Option<CurrencyRate>),
    /// `res_partner`
    Partner(i32, Option<Partner>),
    /// `account_account`
    Account(i32, Option<Account>),
    /// `product_product`
    Product(i32, Option<Product>),
    /// `product_template`
    Template(i32, Option<Template>),
    /// `account_move`
    Invoice(i32, Option<Invoice>),
    /// `account_move_line`
    Item(i32, Option<Item>),
    /// `account_partial_reconcile`
    Settlement(i32, Option<Settlement>),
    /// `sale_order`
    SaleOrder(i32, Option<SaleOrder>),
    /// `sale_order_line`
    SaleOrderLine(i32, Option<SaleOrderLine>),
    /// `sale_order_line_invoice_rel`
    InvoicedLine((i32, i32), Option<InvoicedLine>),
}

/// The source tables that [`decode`] knows.
pub const TABLES: &[&str] = &[
    "account_account",
    "account_move",
    "account_move_line",
    "account_partial_reconcile",
    "product_product",
    "product_template",
    "res_company",
    "res_currency",
    "res_currency_rate",
    "res_partner",
    "sale_order",
    "sale_order_line",
    "sale_order_line_invoice_rel",
];

/// Decodes one change.
pub fn decode(change: &Change<'_>) -> Result<Option<Event>, Rejected> {
    if change.table == "sale_order_line_invoice_rel" {
        let key: InvoicedLineKey = change.key()?;
        let key = (key.invoice_line_id, key.order_line_id);
        let row = change.image.map(|_| InvoicedLine { item_id: key.0, order_line_id: key.1 });
        let row = if change.op == contract::Op::Delete { None } else { row };
        return Ok(Some(Event::InvoicedLine(key, row)));
    }
    let id = change.key::<Key>()?.id;
    Ok(Some(match change.table {
        "account_account" => Event::Account(id, change.row::<AccountRow>()?.map(|row| row.read(id))),
        "account_move" => Event::Invoice(id, change.row::<MoveRow<'_>>()?.and_then(|row| row.read(id))),
        "account_move_line" => {
            let row = change.row::<ItemRow<'_>>()?;
            Event::Item(id, row.map(|row| row.read(id, change.table)).transpose()?.flatten())
        }
        "account_partial_reconcile" => {
            Event::Settlement(id, change.row::<SettlementRow>()?.and_then(|row| row.read(id)))
        }
        "product_product" => Event::Product(id, change.row::<ProductRow>()?.map(|row| row.read(id))),
        "product_template" => Event::Template(id, change.row::<TemplateRow>()?.map(|row| row.read(id))),
        "res_company" => Event::Company(id, change.row::<CompanyRow>()?.map(|row| row.read(id))),
        "res_currency" => Event::Currency(id, change.row::<CurrencyRow>()?.map(|row| row.read(id))),
        "res_currency_rate" => Event::CurrencyRate(id, change.row::<RateRow>()?.map(|row| row.read(id))),
        "res_partner" => Event::Partner(id, change.row::<PartnerRow>()?.map(|row| row.read(id))),
        "sale_order" => Event::SaleOrder(id, change.row::<OrderRow<'_>>()?.and_then(|row| row.read(id))),
        "sale_order_line" => {
            Event::SaleOrderLine(id, change.row::<LineRow<'_>>()?.and_then(|row| row.read(id)))
        }
        _ => return Ok(None),
    }))
}

#[derive(Deserialize)]
struct Key {
    id: i32,
}

#[derive(Deserialize)]
struct InvoicedLineKey {
    invoice_line_id: i32,
    order_line_id: i32,
}

#[derive(Deserialize)]
struct AccountRow {
    account_type: Text,
}

impl AccountRow {
    fn read(self, id: i32) -> Account {
        Account { id, receivable: self.account_type.0 == "asset_receivable" }
    }
}

#[derive(Deserialize)]
struct MoveRow<'a> {
    state: &'a str,
    move_type: &'a str,
    company_id: Option<i32>,
    commercial_partner_id: Option<i32>,
    invoice_date: Option<Date>,
    amount_untaxed_signed: Option<Numeric>,
}

impl MoveRow<'_> {
    /// Drafts may be linked to orders; posted ones are revenue.
    fn read(self, id: i32) -> Option<Invoice> {
        let (draft, refund) = match (self.state, self.move_type) {
            ("draft", "out_invoice") => (true, false),
            ("draft", "out_refund") => (true, true),
            ("posted", "out_invoice" | "out_receipt") => (false, false),
            ("posted", "out_refund") => (false, true),
            _ => return None,
        };
        Some(Invoice {
            id,
            draft,
            refund,
            company_id: self.company_id?,
            partner_id: self.commercial_partner_id,
            day: self.invoice_date.map(|date| date.0),
            untaxed: amount(self.amount_untaxed_signed),
        })
    }
}

#[derive(Deserialize)]
struct SettlementRow {
    debit_move_id: i32,
    credit_move_id: i32,
    max_date: Option<Date>,
    amount: Option<Numeric>,
    debit_amount_currency: Option<Numeric>,
    credit_amount_currency: Option<Numeric>,
}

impl SettlementRow {
    /// One without an amount in a document's currency settles an exchange difference.
    fn read(self, id: i32) -> Option<Settlement> {
        let is_zero = |amount: Option<Numeric>| amount.is_some_and(|amount| amount.0.is_zero());
        let exchange = is_zero(self.debit_amount_currency) || is_zero(self.credit_amount_currency);
        let (day, settled) = (self.max_date?.0, amount(self.amount));
        (!exchange && settled > Decimal::ZERO).then_some(Settlement {
            id,
            debit_id: self.debit_move_id,
            credit_id: self.credit_move_id,
            day,
            amount: settled,
        })
    }
}

#[derive(Deserialize)]
struct ItemRow<'a> {
    move_id: i32,
    company_id: i32,
    partner_id: Option<i32>,
    account_id: Option<i32>,
    parent_state: Option<&'a str>,
    date: Option<Date>,
    date_maturity: Option<Date>,
    amount_residual: Option<Numeric>,
    reconciled: Option<bool>,
    quantity: Option<Numeric>,
    display_type: Option<&'a str>,
    balance: Option<Numeric>,
}

impl ItemRow<'_> {
    /// Draft items may be linked to orders or be receivable; posted ones matter while something is left to pay, and those that
    /// fall due tell afterwards when they did.
    fn read(self, id: i32, table: &str) -> Result<Option<Item>, Rejected> {
        let open = self.reconciled != Some(true);
        let residual = amount(self.amount_residual.filter(|_| open));
        let falls_due = self.display_type == Some("payment_term");
        let draft = match self.parent_state {
            Some("draft") => true,
            Some("posted") if !residual.is_zero() || falls_due => false,
            _ => return Ok(None),
        };
        if Money::from_decimal(residual).is_none() {
            return Err(Rejected {
                table: table.into(),
                column: "amount_residual".into(),
                expected: "an amount below 10^13".into(),
                found: "a larger one".into(),
            });
        }
        Ok(Some(Item {
            id,
            move_id: self.move_id,
            company_id: self.company_id,
            partner_id: self.partner_id,
            account_id: self.account_id,
            draft,
            due: self.date_maturity.or(self.date).map(|date| date.0),
            residual,
            quantity: amount(self.quantity),
            falls_due,
            debit: amount(self.balance) > Decimal::ZERO,
        }))
    }
}

#[derive(Deserialize)]
struct ProductRow {
    product_tmpl_id: i32,
}

impl ProductRow {
    fn read(self, id: i32) -> Product {
        Product { id, template_id: self.product_tmpl_id }
    }
}

#[derive(Deserialize)]
struct TemplateRow {
    invoice_policy: Option<Text>,
}

impl TemplateRow {
    fn read(self, id: i32) -> Template {
        Template { id, by_delivery: self.invoice_policy.is_some_and(|policy| policy.0 == "delivery") }
    }
}

#[derive(Deserialize)]
struct CompanyRow {
    parent_path: Option<Text>,
    currency_id: i32,
}

impl CompanyRow {
    /// `parent_path` is `1/3/` for company 3, a branch of company 1.
    fn read(self, id: i32) -> Company {
        let path = self.parent_path.unwrap_or_default().0;
        let root_id = path.split('/').next().and_then(|root| root.parse().ok()).unwrap_or(id);
        Company { id, root_id, currency_id: self.currency_id }
    }
}

#[derive(Deserialize)]
struct CurrencyRow {
    name: Text,
    decimal_places: Option<i32>,
}

impl CurrencyRow {
    fn read(self, id: i32) -> Currency {
        Currency { id, name: self.name.0, decimals: self.decimal_places.unwrap_or(2).clamp(0, 4) }
    }
}

#[derive(Deserialize)]
struct RateRow {
    currency_id: i32,
    company_id: Option<i32>,
    name: Date,
    rate: Option<Numeric>,
}

impl RateRow {
    fn read(self, id: i32) -> CurrencyRate {
        let rate = self.rate.map_or(Decimal::ONE, |rate| rate.0);
        CurrencyRate {
            id,
            currency_id: self.currency_id,
            company_id: self.company_id,
            day: self.name.0,
            rate,
        }
    }
}

#[derive(Deserialize)]
struct PartnerRow {
    name: Option<Text>,
    commercial_partner_id: Option<i32>,
    credit_limit: Option<Json<BTreeMap<i32, Option<Numeric>>>>,
}

impl PartnerRow {
    fn read(self, id: i32) -> Partner {
        let limits: BTreeMap<_, _> = self
            .credit_limit
            .map(|limits| limits.0)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(company, limit)| Some((company, limit?.0)))
            .collect();
        let credit_limit = (!limits.is_empty()).then(|| serde_json::to_string(&limits).unwrap_or_default());
        Partner {
            id,
            name: self.name.unwrap_or_default().0,
            commercial_id: self.commercial_partner_id.unwrap_or(id),
            credit_limit,
        }
    }
}

#[derive(Deserialize)]
struct OrderRow<'a> {
    state: Option<&'a str>,
    company_id: i32,
    partner_id: i32,
    currency_rate: Option<Numeric>,
    commitment_date: Option<Timestamp>,
}

impl OrderRow<'_> {
    fn read(self, id: i32) -> Option<SaleOrder> {
        let currency_rate =
            self.currency_rate.map(|rate| rate.0).filter(|rate| !rate.is_zero()).unwrap_or(Decimal::ONE);
        (self.state == Some("sale")).then_some(SaleOrder {
            id,
            company_id: self.company_id,
            partner_id: self.partner_id,
            currency_rate,
            ships_at: self.commitment_date.map(|time| time.0),
        })
    }
}

#[derive(Deserialize)]
struct LineRow<'a> {
    order_id: i32,
    product_id: Option<i32>,
    state: Option<&'a str>,
    display_type: Option<&'a str>,
    product_uom_qty: Option<Numeric>,
    qty_delivered: Option<Numeric>,
    qty_invoiced: Option<Numeric>,
    price_total: Option<Numeric>,
    untaxed_amount_to_invoice: Option<Numeric>,
}

impl LineRow<'_> {
    /// Only confirmed lines with a price; one that is delivered, invoiced and posted to the last piece is done.
    fn read(self, id: i32) -> Option<SaleOrderLine> {
        let (ordered, delivered) = (amount(self.product_uom_qty), amount(self.qty_delivered));
        let (invoiced, open) =
            (amount(self.qty_invoiced), amount(self.untaxed_amount_to_invoice) > Decimal::ZERO);
        let done =
            ordered == invoiced && ordered == delivered && amount(self.untaxed_amount_to_invoice).is_zero();
        let counts = self.state == Some("sale") && self.display_type.is_none() && !ordered.is_zero() && !done;
        counts.then(|| SaleOrderLine {
            id,
            order_id: self.order_id,
            product_id: self.product_id,
            ordered,
            delivered,
            invoiced,
            price_total: amount(self.price_total),
            open,
        })
    }
}

fn amount(value: Option<Numeric>) -> Decimal {
    value.unwrap_or_default().0
}
