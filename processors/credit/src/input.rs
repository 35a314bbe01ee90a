//! The columns that are read, and which rows can matter.

use std::collections::BTreeMap;

use contract::column::{Date, Numeric, PerCompany, Text, Timestamp};
use contract::{FromSource, Invalid, Kept, Money, kept};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::store::{
    Account, Company, Currency, CurrencyRate, Invoice, InvoicedLine, Item, Limit, Partner, Product,
    SaleOrder, SaleOrderLine, Settlement, Template, Unit,
};

/// The key of `sale_order_line_invoice_rel`, which is all that its rows have.
#[derive(Deserialize)]
pub struct InvoicedLineKey {
    invoice_line_id: i32,
    order_line_id: i32,
}

impl From<InvoicedLineKey> for (i32, i32) {
    fn from(key: InvoicedLineKey) -> Self {
        (key.invoice_line_id, key.order_line_id)
    }
}

impl FromSource for InvoicedLine {
    type Columns<'a> = InvoicedLineKey;

    fn from_columns(
        (item_id, order_line_id): (i32, i32),
        _: InvoicedLineKey,
    ) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self { item_id, order_line_id }))
    }
}

/// `account_account`
#[derive(Deserialize)]
pub struct AccountColumns {
    account_type: Text,
}

impl FromSource for Account {
    type Columns<'a> = AccountColumns;
    const KEPT: &'static [Kept<Self>] = kept![receivable from "account_type"];

    fn from_columns(id: i32, columns: AccountColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self { id, receivable: columns.account_type.0 == "asset_receivable" }))
    }
}

/// `account_move`
#[derive(Deserialize)]
pub struct MoveColumns<'a> {
    state: &'a str,
    move_type: &'a str,
    company_id: Option<i32>,
    commercial_partner_id: Option<i32>,
    invoice_date: Option<Date>,
    amount_untaxed_signed: Option<Numeric>,
}

impl FromSource for Invoice {
    type Columns<'a> = MoveColumns<'a>;

    /// Drafts may be linked to orders; posted ones are revenue.
    fn from_columns(id: i32, columns: MoveColumns<'_>) -> Result<Option<Self>, Invalid> {
        let (draft, refund) = match (columns.state, columns.move_type) {
            ("draft", "out_invoice") => (true, false),
            ("draft", "out_refund") => (true, true),
            ("posted", "out_invoice" | "out_receipt") => (false, false),
            ("posted", "out_refund") => (false, true),
            _ => return Ok(None),
        };
        let Some(company_id) = columns.company_id else { return Ok(None) };
        Ok(Some(Self {
            id,
            draft,
            refund,
            company_id,
            partner_id: columns.commercial_partner_id,
            day: columns.invoice_date.map(|date| date.0),
            untaxed: amount(columns.amount_untaxed_signed),
        }))
    }
}

/// `account_partial_reconcile`
#[derive(Deserialize)]
pub struct SettlementColumns {
    debit_move_id: i32,
    credit_move_id: i32,
    max_date: Option<Date>,
    amount: Option<Numeric>,
    debit_amount_currency: Option<Numeric>,
    credit_amount_currency: Option<Numeric>,
}

impl FromSource for Settlement {
    type Columns<'a> = SettlementColumns;

    /// One without an amount in a document's currency settles an exchange difference.
    fn from_columns(id: i32, columns: SettlementColumns) -> Result<Option<Self>, Invalid> {
        let is_zero = |amount: Option<Numeric>| amount.is_some_and(|amount| amount.0.is_zero());
        let exchange = is_zero(columns.debit_amount_currency) || is_zero(columns.credit_amount_currency);
        let Some(Date(day)) = columns.max_date else { return Ok(None) };
        let settled = amount(columns.amount);
        Ok((!exchange && settled > Decimal::ZERO).then_some(Self {
            id,
            debit_id: columns.debit_move_id,
            credit_id: columns.credit_move_id,
            day,
            amount: settled,
        }))
    }
}

/// `account_move_line`
#[derive(Deserialize)]
pub struct ItemColumns<'a> {
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
    product_uom_id: Option<i32>,
    display_type: Option<&'a str>,
    balance: Option<Numeric>,
    currency_id: Option<i32>,
    amount_currency: Option<Numeric>,
    is_downpayment: Option<bool>,
}

impl FromSource for Item {
    type Columns<'a> = ItemColumns<'a>;

    /// Draft items may be linked to orders or be receivable; posted ones matter while something is left to pay, those that fall due
    /// say afterwards when they did, and down payments are deducted from their orders.
    fn from_columns(id: i32, columns: ItemColumns<'_>) -> Result<Option<Self>, Invalid> {
        let open = columns.reconciled != Some(true);
        let residual = amount(columns.amount_residual.filter(|_| open));
        let falls_due = columns.display_type == Some("payment_term");
        let down_payment = columns.is_downpayment == Some(true);
        let draft = match columns.parent_state {
            Some("draft") => true,
            Some("posted") if !residual.is_zero() || falls_due || down_payment => false,
            _ => return Ok(None),
        };
        if Money::from_decimal(residual).is_none() {
            return Err(Invalid {
                column: "amount_residual",
                expected: "an amount below 10^16",
                found: "a larger one".into(),
            });
        }
        Ok(Some(Self {
            id,
            move_id: columns.move_id,
            company_id: columns.company_id,
            partner_id: columns.partner_id,
            account_id: columns.account_id,
            draft,
            due: columns.date_maturity.or(columns.date).map(|date| date.0),
            residual,
            quantity: amount(columns.quantity),
            unit_id: columns.product_uom_id,
            falls_due,
            debit: amount(columns.balance) > Decimal::ZERO,
            down_payment,
            currency_id: columns.currency_id,
            amount_currency: amount(columns.amount_currency.filter(|_| down_payment)),
        }))
    }
}

/// `ir_property`, in which Odoo 17 keeps what differs between companies.
#[derive(Deserialize)]
pub struct PropertyColumns {
    name: Option<Text>,
    res_id: Option<Text>,
    company_id: Option<i32>,
    value_float: Option<Numeric>,
}

impl FromSource for Limit {
    type Columns<'a> = PropertyColumns;

    /// A partner's `credit_limit`; `res_id` is `res.partner,7`. One that belongs to no record is the default of all that have none.
    /// <https://github.com/odoo/odoo/blob/17.0/odoo/addons/base/models/ir_property.py>
    fn from_columns(id: i32, columns: PropertyColumns) -> Result<Option<Self>, Invalid> {
        let is_limit = columns.name.is_some_and(|name| name.0 == "credit_limit");
        let partner = columns.res_id.filter(|_| is_limit);
        let partner_id = partner.and_then(|record| record.0.strip_prefix("res.partner,")?.parse().ok());
        let row = partner_id.zip(columns.value_float);
        Ok(row.map(|(partner_id, amount)| Self {
            id,
            partner_id,
            company_id: columns.company_id,
            amount: amount.0,
        }))
    }
}

/// `product_product`
#[derive(Deserialize)]
pub struct ProductColumns {
    product_tmpl_id: i32,
}

impl FromSource for Product {
    type Columns<'a> = ProductColumns;

    fn from_columns(id: i32, columns: ProductColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self { id, template_id: columns.product_tmpl_id }))
    }
}

/// `product_template`
#[derive(Deserialize)]
pub struct TemplateColumns {
    invoice_policy: Option<Text>,
}

impl FromSource for Template {
    type Columns<'a> = TemplateColumns;

    fn from_columns(id: i32, columns: TemplateColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self {
            id,
            by_delivery: columns.invoice_policy.is_some_and(|policy| policy.0 == "delivery"),
        }))
    }
}

/// `res_company`
#[derive(Deserialize)]
pub struct CompanyColumns {
    parent_path: Option<Text>,
    currency_id: i32,
}

impl FromSource for Company {
    type Columns<'a> = CompanyColumns;
    const KEPT: &'static [Kept<Self>] = kept![root_id from "parent_path"];

    /// `parent_path` is `1/3/` for company 3, a branch of company 1.
    fn from_columns(id: i32, columns: CompanyColumns) -> Result<Option<Self>, Invalid> {
        let path = columns.parent_path.unwrap_or_default().0;
        let root_id = path.split('/').next().and_then(|root| root.parse().ok()).unwrap_or(id);
        Ok(Some(Self { id, root_id, currency_id: columns.currency_id }))
    }
}

/// `res_currency`
#[derive(Deserialize)]
pub struct CurrencyColumns {
    name: Text,
    decimal_places: Option<i32>,
}

impl FromSource for Currency {
    type Columns<'a> = CurrencyColumns;

    fn from_columns(id: i32, columns: CurrencyColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self { id, name: columns.name.0, decimals: columns.decimal_places.unwrap_or(2).clamp(0, 4) }))
    }
}

/// `res_currency_rate`
#[derive(Deserialize)]
pub struct RateColumns {
    currency_id: i32,
    company_id: Option<i32>,
    name: Date,
    rate: Option<Numeric>,
}

impl FromSource for CurrencyRate {
    type Columns<'a> = RateColumns;

    fn from_columns(id: i32, columns: RateColumns) -> Result<Option<Self>, Invalid> {
        let rate = columns.rate.map_or(Decimal::ONE, |rate| rate.0);
        Ok(Some(Self {
            id,
            currency_id: columns.currency_id,
            company_id: columns.company_id,
            day: columns.name.0,
            rate,
        }))
    }
}

/// `res_partner`
#[derive(Deserialize)]
pub struct PartnerColumns {
    name: Option<Text>,
    commercial_partner_id: Option<i32>,
    credit_limit: Option<PerCompany<Numeric>>,
}

impl FromSource for Partner {
    type Columns<'a> = PartnerColumns;
    const KEPT: &'static [Kept<Self>] = kept![name, credit_limit];

    fn from_columns(id: i32, columns: PartnerColumns) -> Result<Option<Self>, Invalid> {
        let limits: BTreeMap<_, _> = columns
            .credit_limit
            .map(|limits| limits.0)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(company, limit)| Some((company, limit?.0)))
            .collect();
        let credit_limit = (!limits.is_empty()).then(|| serde_json::to_string(&limits).unwrap_or_default());
        Ok(Some(Self {
            id,
            name: columns.name.unwrap_or_default().0,
            commercial_id: columns.commercial_partner_id.unwrap_or(id),
            credit_limit,
        }))
    }
}

/// `sale_order`
#[derive(Deserialize)]
pub struct OrderColumns<'a> {
    state: Option<&'a str>,
    company_id: i32,
    partner_id: i32,
    partner_invoice_id: Option<i32>,
    currency_id: Option<i32>,
    amount_untaxed: Option<Numeric>,
    amount_total: Option<Numeric>,
    commitment_date: Option<Timestamp>,
}

impl FromSource for SaleOrder {
    type Columns<'a> = OrderColumns<'a>;

    /// Its debtor is who will be invoiced, not who has ordered.
    fn from_columns(id: i32, columns: OrderColumns<'_>) -> Result<Option<Self>, Invalid> {
        Ok((columns.state == Some("sale")).then(|| Self {
            id,
            company_id: columns.company_id,
            partner_id: columns.partner_invoice_id.unwrap_or(columns.partner_id),
            currency_id: columns.currency_id,
            untaxed: amount(columns.amount_untaxed),
            total: amount(columns.amount_total),
            ships_at: columns.commitment_date.map(|time| time.0),
        }))
    }
}

/// `sale_order_line`
#[derive(Deserialize)]
pub struct LineColumns<'a> {
    order_id: i32,
    product_id: Option<i32>,
    state: Option<&'a str>,
    display_type: Option<&'a str>,
    product_uom: Option<i32>,
    product_uom_id: Option<i32>,
    product_uom_qty: Option<Numeric>,
    qty_delivered: Option<Numeric>,
    qty_invoiced: Option<Numeric>,
    price_total: Option<Numeric>,
    untaxed_amount_to_invoice: Option<Numeric>,
    is_downpayment: Option<bool>,
}

impl FromSource for SaleOrderLine {
    type Columns<'a> = LineColumns<'a>;

    /// Only confirmed lines with a price; one that is delivered, invoiced and posted to the last piece is done. A down payment has no
    /// ordered quantity; it is done when all of it was deducted.
    fn from_columns(id: i32, columns: LineColumns<'_>) -> Result<Option<Self>, Invalid> {
        let (ordered, delivered) = (amount(columns.product_uom_qty), amount(columns.qty_delivered));
        let (invoiced, open) =
            (amount(columns.qty_invoiced), amount(columns.untaxed_amount_to_invoice) > Decimal::ZERO);
        let done = ordered == invoiced
            && ordered == delivered
            && amount(columns.untaxed_amount_to_invoice).is_zero();
        let down_payment = columns.is_downpayment == Some(true);
        let has_price = down_payment || !ordered.is_zero();
        let counts = columns.state == Some("sale") && columns.display_type.is_none() && has_price && !done;
        Ok(counts.then(|| Self {
            id,
            order_id: columns.order_id,
            product_id: columns.product_id,
            unit_id: columns.product_uom.or(columns.product_uom_id),
            down_payment,
            ordered,
            delivered,
            invoiced,
            price_total: amount(columns.price_total),
            open,
        }))
    }
}

/// `uom_uom`
#[derive(Deserialize)]
pub struct UnitColumns {
    factor: Option<Numeric>,
    relative_factor: Option<Numeric>,
    rounding: Option<Numeric>,
}

impl FromSource for Unit {
    type Columns<'a> = UnitColumns;

    /// Up to Odoo 18 `factor` is how many of the unit one reference unit is; Odoo 19 turned it over when it brought
    /// `relative_factor`: <https://github.com/odoo/odoo/blob/19.0/addons/uom/models/uom_uom.py>.
    fn from_columns(id: i32, columns: UnitColumns) -> Result<Option<Self>, Invalid> {
        let Some(Numeric(factor)) = columns.factor.filter(|factor| factor.0 > Decimal::ZERO) else {
            return Ok(None);
        };
        let per_reference =
            if columns.relative_factor.is_some() { Decimal::ONE.checked_div(factor) } else { Some(factor) };
        let rounding = amount(columns.rounding);
        Ok(per_reference.map(|per_reference| Self { id, per_reference, rounding }))
    }
}

fn amount(value: Option<Numeric>) -> Decimal {
    value.unwrap_or_default().0
}
