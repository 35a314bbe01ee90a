//! The columns that are read, and which rows can matter.

use std::collections::BTreeMap;

use contract::column::{Date, Numeric, PerCompany, Text, Timestamp};
use contract::{FromSource, Invalid, Kept, Money, kept};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::store::{
    Account, Company, Currency, CurrencyRate, DefaultValue, Invoice, InvoicedLine, Item, Journal, Limit,
    LimitField, Partner, Pending, PosLine, PosOrder, Product, SaleOrder, SaleOrderLine, Settlement, Template,
    Unit,
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

/// `account_journal`
#[derive(Deserialize)]
pub struct JournalColumns {
    r#type: Text,
}

impl FromSource for Journal {
    type Columns<'a> = JournalColumns;

    fn from_columns(id: i32, columns: JournalColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self { id, moves_money: matches!(columns.r#type.0.as_str(), "bank" | "cash" | "credit") }))
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

/// `account_payment`
#[derive(Deserialize)]
pub struct PaymentColumns<'a> {
    state: Option<&'a str>,
    partner_type: Option<&'a str>,
    payment_type: Option<&'a str>,
    move_id: Option<i32>,
    company_id: Option<i32>,
    partner_id: Option<i32>,
    currency_id: Option<i32>,
    amount: Option<Numeric>,
    amount_company_currency_signed: Option<Numeric>,
    date: Option<Date>,
}

impl FromSource for Pending {
    type Columns<'a> = PaymentColumns<'a>;

    /// One of a customer that is under way without an entry: Odoo Enterprise makes none until the bank line is there. Odoo 17 has
    /// no state here, and always an entry.
    /// <https://github.com/odoo/odoo/blob/18.0/addons/account/models/account_payment.py>
    fn from_columns(id: i32, columns: PaymentColumns<'_>) -> Result<Option<Self>, Invalid> {
        let under_way = columns.state == Some("in_process") && columns.move_id.is_none();
        let of_customer = columns.partner_type.is_none_or(|kind| kind == "customer");
        let sign = match columns.payment_type {
            Some("inbound") => Decimal::ONE,
            Some("outbound") => Decimal::NEGATIVE_ONE,
            _ => return Ok(None),
        };
        let (Some(partner_id), Some(Date(day))) = (columns.partner_id, columns.date) else { return Ok(None) };
        Ok((under_way && of_customer).then(|| Self {
            id,
            company_id: columns.company_id,
            partner_id,
            currency_id: columns.currency_id,
            amount: sign * amount(columns.amount),
            company_amount: columns.amount_company_currency_signed.map(|amount| sign * amount.0.abs()),
            day,
        }))
    }
}

/// `account_move_line`
#[derive(Deserialize)]
pub struct ItemColumns<'a> {
    move_id: i32,
    move_name: Option<&'a str>,
    journal_id: Option<i32>,
    payment_id: Option<i32>,
    statement_line_id: Option<i32>,
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

    /// Draft items may be linked to orders or be receivable; posted ones matter while something is left to pay. Those that fall due
    /// say afterwards when they did, down payments are deducted from their orders, and credits that settle without being part of a
    /// payment say that no money came.
    fn from_columns(id: i32, columns: ItemColumns<'_>) -> Result<Option<Self>, Invalid> {
        let open = columns.reconciled != Some(true);
        let residual = amount(columns.amount_residual.filter(|_| open));
        let falls_due = columns.display_type == Some("payment_term");
        let down_payment = columns.is_downpayment == Some(true);
        let balance = amount(columns.balance);
        let of_payment = columns.payment_id.is_some() || columns.statement_line_id.is_some();
        let settles = !open && !of_payment && balance < Decimal::ZERO;
        let draft = match columns.parent_state {
            Some("draft") => true,
            Some("posted") if !residual.is_zero() || falls_due || down_payment || settles => false,
            _ => return Ok(None),
        };
        let invoices = draft && columns.display_type == Some("product");
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
            journal_id: columns.journal_id.filter(|_| !draft && !falls_due && !down_payment),
            number: columns.move_name.filter(|_| !draft && !residual.is_zero()).map(ToOwned::to_owned),
            company_id: columns.company_id,
            partner_id: columns.partner_id,
            account_id: columns.account_id,
            draft,
            due: columns.date_maturity.or(columns.date).map(|date| date.0),
            residual,
            quantity: amount(columns.quantity.filter(|_| draft)),
            unit_id: columns.product_uom_id.filter(|_| draft),
            falls_due,
            debit: balance > Decimal::ZERO,
            of_payment,
            drafted: invoices.then_some(balance),
            down_payment,
            currency_id: columns.currency_id.filter(|_| down_payment),
            amount_currency: amount(columns.amount_currency.filter(|_| down_payment)),
        }))
    }
}

/// `ir_model_fields`
#[derive(Deserialize)]
pub struct FieldColumns<'a> {
    model: Option<&'a str>,
    name: Option<&'a str>,
}

impl FromSource for LimitField {
    type Columns<'a> = FieldColumns<'a>;

    fn from_columns(id: i32, columns: FieldColumns<'_>) -> Result<Option<Self>, Invalid> {
        let is_limit = columns.model == Some("res.partner") && columns.name == Some("credit_limit");
        Ok(is_limit.then_some(Self { id }))
    }
}

/// `ir_default`
#[derive(Deserialize)]
pub struct DefaultColumns {
    field_id: Option<i32>,
    user_id: Option<i32>,
    company_id: Option<i32>,
    condition: Option<Text>,
    json_value: Option<Text>,
}

impl FromSource for DefaultValue {
    type Columns<'a> = DefaultColumns;

    /// A number that is everybody's default, whatever else a record says.
    /// <https://github.com/odoo/odoo/blob/18.0/odoo/addons/base/models/ir_default.py>
    fn from_columns(id: i32, columns: DefaultColumns) -> Result<Option<Self>, Invalid> {
        let of_all = columns.user_id.is_none() && columns.condition.is_none();
        let number = columns
            .json_value
            .filter(|_| of_all)
            .and_then(|json| serde_json::from_str::<Numeric>(&json.0).ok());
        let row = columns.field_id.zip(number);
        Ok(row.map(|(field_id, number)| Self {
            id,
            field_id,
            company_id: columns.company_id,
            amount: number.0,
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
        let Some(Numeric(amount)) = columns.value_float.filter(|_| is_limit) else { return Ok(None) };
        let partner_id = match &columns.res_id {
            None => None,
            Some(record) => match record.0.strip_prefix("res.partner,").and_then(|id| id.parse().ok()) {
                Some(id) => Some(id),
                None => return Ok(None),
            },
        };
        Ok(Some(Self { id, partner_id, company_id: columns.company_id, amount }))
    }
}

/// `pos_order`
#[derive(Deserialize)]
pub struct PosOrderColumns<'a> {
    state: Option<&'a str>,
    partner_id: Option<i32>,
    account_move: Option<i32>,
}

impl FromSource for PosOrder {
    type Columns<'a> = PosOrderColumns<'a>;

    /// Those that are invoiced count by their invoice.
    fn from_columns(id: i32, columns: PosOrderColumns<'_>) -> Result<Option<Self>, Invalid> {
        let paid = !matches!(columns.state, None | Some("draft" | "cancel" | "invoiced"));
        let counts = paid && columns.account_move.is_none() && columns.partner_id.is_some();
        Ok(counts.then_some(Self { id }))
    }
}

/// `pos_order_line`
#[derive(Deserialize)]
pub struct PosLineColumns {
    order_id: Option<i32>,
    sale_order_line_id: Option<i32>,
    price_subtotal_incl: Option<Numeric>,
}

impl FromSource for PosLine {
    type Columns<'a> = PosLineColumns;

    fn from_columns(id: i32, columns: PosLineColumns) -> Result<Option<Self>, Invalid> {
        let of = columns.order_id.zip(columns.sale_order_line_id);
        Ok(of.map(|(pos_order_id, order_line_id)| Self {
            id,
            pos_order_id,
            order_line_id,
            amount: amount(columns.price_subtotal_incl),
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
    account_use_credit_limit: Option<bool>,
}

impl FromSource for Company {
    type Columns<'a> = CompanyColumns;
    const KEPT: &'static [Kept<Self>] = kept![root_id from "parent_path"];

    /// `parent_path` is `1/3/` for company 3, a branch of company 1.
    fn from_columns(id: i32, columns: CompanyColumns) -> Result<Option<Self>, Invalid> {
        let path = columns.parent_path.unwrap_or_default().0;
        let root_id = path.split('/').next().and_then(|root| root.parse().ok()).unwrap_or(id);
        let sets_limits = columns.account_use_credit_limit == Some(true);
        Ok(Some(Self { id, root_id, currency_id: columns.currency_id, sets_limits }))
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
    name: Option<Text>,
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
            name: columns.name.unwrap_or_default().0,
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
    /// ordered quantity; it is done when all of it was deducted. Neither has an expense that is invoiced again.
    fn from_columns(id: i32, columns: LineColumns<'_>) -> Result<Option<Self>, Invalid> {
        let (ordered, delivered) = (amount(columns.product_uom_qty), amount(columns.qty_delivered));
        let (invoiced, untaxed) = (amount(columns.qty_invoiced), amount(columns.untaxed_amount_to_invoice));
        let open = untaxed > Decimal::ZERO;
        let done = ordered == invoiced && ordered == delivered && untaxed.is_zero();
        let down_payment = columns.is_downpayment == Some(true);
        let expense = Some(untaxed).filter(|_| ordered.is_zero() && !down_payment && open);
        let has_price = down_payment || !ordered.is_zero() || expense.is_some();
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
            expense,
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
