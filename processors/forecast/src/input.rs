//! The columns that are read, and which rows can matter.

use chrono::NaiveDate;
use contract::column::{Date, Numeric, Text, Timestamp};
use contract::{FromSource, Invalid, Kept, kept};
use rust_decimal::Decimal;
use serde::Deserialize;
use sqlx::types::Json;

use crate::store::{
    Account, Company, Country, Currency, CurrencyRate, Entry, Item, Lead, Partial, Partner, Payment,
    PurchaseOrder, PurchaseOrderLine, SaleOrder, SaleOrderLine, Stage, StatementLine,
};

/// `res_company`
#[derive(Deserialize)]
pub struct CompanyColumns {
    parent_path: Option<Text>,
    currency_id: i32,
    partner_id: Option<i32>,
    transfer_account_id: Option<i32>,
}

impl FromSource for Company {
    type Columns<'a> = CompanyColumns;
    const KEPT: &'static [Kept<Self>] = kept![path from "parent_path"];

    /// `parent_path` is `1/3/` for company 3, a branch of company 1.
    fn from_columns(id: i32, columns: CompanyColumns) -> Result<Option<Self>, Invalid> {
        let CompanyColumns { parent_path, currency_id, partner_id, transfer_account_id } = columns;
        let path = parent_path.unwrap_or_default().0;
        let mut path: Vec<i32> = path.split('/').filter_map(|id| id.parse().ok()).collect();
        if path.last() != Some(&id) {
            path.push(id);
        }
        Ok(Some(Self { id, path: Json(path), currency_id, partner_id, transfer_account_id }))
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
    const KEPT: &'static [Kept<Self>] = kept![name];

    fn from_columns(id: i32, columns: CurrencyColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self { id, name: columns.name.0, decimals: columns.decimal_places.unwrap_or(2).clamp(0, 4) }))
    }
}

/// `res_currency_rate`
#[derive(Deserialize)]
pub struct RateColumns {
    currency_id: i32,
    company_id: Option<i32>,
    name: Option<Date>,
    rate: Option<Numeric>,
}

impl FromSource for CurrencyRate {
    type Columns<'a> = RateColumns;

    fn from_columns(id: i32, columns: RateColumns) -> Result<Option<Self>, Invalid> {
        let RateColumns { currency_id, company_id, name, rate } = columns;
        let known = name.zip(rate).filter(|(_, rate)| rate.0 > Decimal::ZERO);
        Ok(known.map(|(Date(day), Numeric(rate))| Self { id, currency_id, company_id, day, rate }))
    }
}

/// `res_country`
#[derive(Deserialize)]
pub struct CountryColumns {
    code: Option<Text>,
}

impl FromSource for Country {
    type Columns<'a> = CountryColumns;

    fn from_columns(id: i32, columns: CountryColumns) -> Result<Option<Self>, Invalid> {
        Ok(columns.code.map(|code| Self { id, code: code.0 }))
    }
}

/// `res_partner`
#[derive(Deserialize)]
pub struct PartnerColumns {
    name: Option<Text>,
    commercial_partner_id: Option<i32>,
    country_id: Option<i32>,
}

impl FromSource for Partner {
    type Columns<'a> = PartnerColumns;
    const KEPT: &'static [Kept<Self>] = kept![name];

    fn from_columns(id: i32, columns: PartnerColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self {
            id,
            name: columns.name.unwrap_or_default().0,
            commercial_id: columns.commercial_partner_id.unwrap_or(id),
            country_id: columns.country_id,
        }))
    }
}

/// `account_account`
#[derive(Deserialize)]
pub struct AccountColumns {
    account_type: Text,
    reconcile: Option<bool>,
}

impl FromSource for Account {
    type Columns<'a> = AccountColumns;
    const KEPT: &'static [Kept<Self>] = kept![account_type];

    fn from_columns(id: i32, columns: AccountColumns) -> Result<Option<Self>, Invalid> {
        let reconcile = columns.reconcile == Some(true);
        Ok(Some(Self { id, account_type: columns.account_type.0, reconcile }))
    }
}

/// `account_move`
#[derive(Deserialize)]
pub struct EntryColumns<'a> {
    state: &'a str,
    move_type: &'a str,
    date: Option<Date>,
    invoice_date: Option<Date>,
    invoice_origin: Option<Text>,
}

impl FromSource for Entry {
    type Columns<'a> = EntryColumns<'a>;
    const KEPT: &'static [Kept<Self>] = kept![origin from "invoice_origin"];

    /// Of any other entry its items say all.
    fn from_columns(id: i32, columns: EntryColumns<'_>) -> Result<Option<Self>, Invalid> {
        let matters = columns.state == "posted" && columns.move_type != "entry";
        let Some(Date(day)) = columns.invoice_date.or(columns.date).filter(|_| matters) else {
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            move_type: columns.move_type.to_owned(),
            day,
            origin: text(columns.invoice_origin),
        }))
    }
}

/// `account_move_line`
#[derive(Deserialize)]
pub struct ItemColumns<'a> {
    move_id: i32,
    move_name: Option<&'a str>,
    name: Option<Text>,
    company_id: i32,
    partner_id: Option<i32>,
    account_id: Option<i32>,
    currency_id: Option<i32>,
    display_type: Option<&'a str>,
    balance: Option<Numeric>,
    amount_currency: Option<Numeric>,
    amount_residual: Option<Numeric>,
    amount_residual_currency: Option<Numeric>,
    reconciled: Option<bool>,
    date: Option<Date>,
    date_maturity: Option<Date>,
    discount_date: Option<Date>,
    discount_amount_currency: Option<Numeric>,
    expected_pay_date: Option<Date>,
    payment_id: Option<i32>,
    statement_line_id: Option<i32>,
    purchase_line_id: Option<i32>,
    parent_state: Option<&'a str>,
}

impl FromSource for Item {
    type Columns<'a> = ItemColumns<'a>;
    const KEPT: &'static [Kept<Self>] = kept![label from "name"];

    /// Items on accounts of cash have a residual as those have that are matched; revenue, costs and taxes have none:
    /// <https://github.com/odoo/odoo/blob/18.0/addons/account/models/account_move_line.py>.
    fn from_columns(id: i32, columns: ItemColumns<'_>) -> Result<Option<Self>, Invalid> {
        let reconciled = columns.reconciled == Some(true);
        let residual = amount(columns.amount_residual_currency.or(columns.amount_residual));
        let matters = !residual.is_zero() || reconciled || columns.purchase_line_id.is_some();
        let Some(Date(day)) = columns.date.filter(|_| matters && columns.parent_state == Some("posted"))
        else {
            return Ok(None);
        };
        let of_invoice = columns.display_type == Some("payment_term");
        Ok(Some(Self {
            id,
            move_id: columns.move_id,
            number: columns.move_name.filter(|name| *name != "/").map(ToOwned::to_owned),
            label: text(columns.name).filter(|_| !of_invoice),
            company_id: columns.company_id,
            partner_id: columns.partner_id,
            account_id: columns.account_id,
            currency_id: columns.currency_id,
            amount: amount(columns.amount_currency.or(columns.balance)),
            residual,
            reconciled,
            day,
            due: columns.date_maturity.map(|date| date.0),
            discount_day: columns.discount_date.map(|date| date.0),
            discounted: columns.discount_amount_currency.map(|amount| amount.0.normalize()),
            promised: columns.expected_pay_date.map(|date| date.0),
            of_payment: columns.payment_id.is_some(),
            line_id: columns.statement_line_id,
            order_line_id: columns.purchase_line_id,
        }))
    }
}

/// `account_partial_reconcile`
#[derive(Deserialize)]
pub struct PartialColumns {
    debit_move_id: i32,
    credit_move_id: i32,
}

impl FromSource for Partial {
    type Columns<'a> = PartialColumns;

    fn from_columns(id: i32, columns: PartialColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self { id, debit_id: columns.debit_move_id, credit_id: columns.credit_move_id }))
    }
}

/// `account_bank_statement_line`
#[derive(Deserialize)]
pub struct StatementLineColumns {
    move_id: i32,
    partner_id: Option<i32>,
    payment_ref: Option<Text>,
    is_reconciled: Option<bool>,
}

impl FromSource for StatementLine {
    type Columns<'a> = StatementLineColumns;
    const KEPT: &'static [Kept<Self>] = kept![label from "payment_ref"];

    fn from_columns(id: i32, columns: StatementLineColumns) -> Result<Option<Self>, Invalid> {
        Ok(Some(Self {
            id,
            move_id: columns.move_id,
            partner_id: columns.partner_id,
            label: text(columns.payment_ref),
            reconciled: columns.is_reconciled == Some(true),
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
    date: Option<Date>,
}

impl FromSource for Payment {
    type Columns<'a> = PaymentColumns<'a>;

    /// One that is under way without an entry: Odoo makes none until the bank line is there where no outstanding account is set. Odoo 17
    /// has no state here, and always an entry.
    /// <https://github.com/odoo/odoo/blob/18.0/addons/account/models/account_payment.py>
    fn from_columns(id: i32, columns: PaymentColumns<'_>) -> Result<Option<Self>, Invalid> {
        let under_way = columns.state == Some("in_process") && columns.move_id.is_none();
        let sign = match columns.payment_type {
            Some("inbound") => Decimal::ONE,
            Some("outbound") => Decimal::NEGATIVE_ONE,
            _ => return Ok(None),
        };
        let (Some(partner_id), Some(Date(day))) = (columns.partner_id, columns.date) else { return Ok(None) };
        Ok(under_way.then(|| Self {
            id,
            company_id: columns.company_id,
            partner_id,
            currency_id: columns.currency_id,
            amount: sign * amount(columns.amount),
            of_supplier: columns.partner_type == Some("supplier"),
            day,
        }))
    }
}

/// `sale_order`
#[derive(Deserialize)]
pub struct SaleOrderColumns<'a> {
    state: Option<&'a str>,
    name: Option<Text>,
    company_id: Option<i32>,
    partner_id: Option<i32>,
    partner_invoice_id: Option<i32>,
    currency_id: Option<i32>,
    date_order: Option<Timestamp>,
    opportunity_id: Option<i32>,
    is_subscription: Option<bool>,
    end_date: Option<Date>,
}

impl FromSource for SaleOrder {
    type Columns<'a> = SaleOrderColumns<'a>;
    const KEPT: &'static [Kept<Self>] = kept![name];

    fn from_columns(id: i32, columns: SaleOrderColumns<'_>) -> Result<Option<Self>, Invalid> {
        let Some(day) = confirmed(columns.state, &["sale", "done"], columns.date_order) else {
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            name: columns.name.unwrap_or_default().0,
            company_id: columns.company_id,
            partner_id: columns.partner_invoice_id.or(columns.partner_id),
            currency_id: columns.currency_id,
            day,
            lead_id: columns.opportunity_id,
            is_subscription: columns.is_subscription == Some(true),
            until: columns.end_date.map(|date| date.0),
        }))
    }
}

/// `sale_order_line`
#[derive(Deserialize)]
pub struct SaleOrderLineColumns {
    order_id: i32,
    price_subtotal: Option<Numeric>,
    price_total: Option<Numeric>,
    untaxed_amount_invoiced: Option<Numeric>,
}

impl FromSource for SaleOrderLine {
    type Columns<'a> = SaleOrderLineColumns;

    /// What drafts invoice is not in `untaxed_amount_invoiced`, other than in `qty_invoiced`:
    /// <https://github.com/odoo/odoo/blob/18.0/addons/sale/models/sale_order_line.py>.
    fn from_columns(id: i32, columns: SaleOrderLineColumns) -> Result<Option<Self>, Invalid> {
        let untaxed = amount(columns.price_subtotal);
        let invoiced = amount(columns.untaxed_amount_invoiced);
        let matters = !untaxed.is_zero() || !invoiced.is_zero();
        Ok(matters.then_some(Self {
            id,
            order_id: columns.order_id,
            untaxed,
            total: columns.price_total.map_or(untaxed, |total| total.0.normalize()),
            invoiced,
        }))
    }
}

/// `purchase_order`
#[derive(Deserialize)]
pub struct PurchaseOrderColumns<'a> {
    state: Option<&'a str>,
    name: Option<Text>,
    company_id: Option<i32>,
    partner_id: Option<i32>,
    currency_id: Option<i32>,
    date_approve: Option<Timestamp>,
    date_order: Option<Timestamp>,
}

impl FromSource for PurchaseOrder {
    type Columns<'a> = PurchaseOrderColumns<'a>;
    const KEPT: &'static [Kept<Self>] = kept![name];

    fn from_columns(id: i32, columns: PurchaseOrderColumns<'_>) -> Result<Option<Self>, Invalid> {
        let time = columns.date_approve.or(columns.date_order);
        let Some(day) = confirmed(columns.state, &["purchase", "done"], time) else { return Ok(None) };
        Ok(Some(Self {
            id,
            name: columns.name.unwrap_or_default().0,
            company_id: columns.company_id,
            partner_id: columns.partner_id,
            currency_id: columns.currency_id,
            day,
        }))
    }
}

/// `purchase_order_line`
#[derive(Deserialize)]
pub struct PurchaseOrderLineColumns {
    order_id: Option<i32>,
    price_subtotal: Option<Numeric>,
    price_total: Option<Numeric>,
}

impl FromSource for PurchaseOrderLine {
    type Columns<'a> = PurchaseOrderLineColumns;

    fn from_columns(id: i32, columns: PurchaseOrderLineColumns) -> Result<Option<Self>, Invalid> {
        let untaxed = amount(columns.price_subtotal);
        let Some(order_id) = columns.order_id.filter(|_| !untaxed.is_zero()) else { return Ok(None) };
        let total = columns.price_total.map_or(untaxed, |total| total.0.normalize());
        Ok(Some(Self { id, order_id, untaxed, total }))
    }
}

/// `crm_stage`
#[derive(Deserialize)]
pub struct StageColumns {
    sequence: Option<i32>,
    is_won: Option<bool>,
}

impl FromSource for Stage {
    type Columns<'a> = StageColumns;

    fn from_columns(id: i32, columns: StageColumns) -> Result<Option<Self>, Invalid> {
        let (sequence, is_won) = (columns.sequence.unwrap_or_default(), columns.is_won == Some(true));
        Ok(Some(Self { id, sequence, is_won }))
    }
}

/// `crm_lead`
#[derive(Deserialize)]
pub struct LeadColumns {
    name: Option<Text>,
    company_id: Option<i32>,
    partner_id: Option<i32>,
    stage_id: Option<i32>,
    active: Option<bool>,
    probability: Option<Numeric>,
    expected_revenue: Option<Numeric>,
    date_deadline: Option<Date>,
    create_date: Option<Timestamp>,
    date_closed: Option<Timestamp>,
}

impl FromSource for Lead {
    type Columns<'a> = LeadColumns;
    const KEPT: &'static [Kept<Self>] = kept![name];

    fn from_columns(id: i32, columns: LeadColumns) -> Result<Option<Self>, Invalid> {
        let Some(begun) = columns.create_date.map(|time| time.0.date_naive()) else { return Ok(None) };
        Ok(Some(Self {
            id,
            name: columns.name.unwrap_or_default().0,
            company_id: columns.company_id,
            partner_id: columns.partner_id,
            stage_id: columns.stage_id,
            active: columns.active == Some(true),
            probability: amount(columns.probability),
            revenue: amount(columns.expected_revenue),
            deadline: columns.date_deadline.map(|date| date.0),
            begun,
            closed: columns.date_closed.map(|time| time.0.date_naive()),
        }))
    }
}

/// The day of an order that is confirmed. Odoo stores an instant in UTC; its day is near enough for how long things take.
fn confirmed(state: Option<&str>, states: &[&str], time: Option<Timestamp>) -> Option<NaiveDate> {
    state.filter(|state| states.contains(state))?;
    Some(time?.0.date_naive())
}

fn amount(amount: Option<Numeric>) -> Decimal {
    amount.unwrap_or_default().0.normalize()
}

/// A value that says something.
fn text(text: Option<Text>) -> Option<String> {
    text.map(|text| text.0).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The columns of a row as its connector writes them, some of them otherwise.
    fn with(row: &Value, other: &Value) -> String {
        let mut row = row.clone();
        for (column, value) in other.as_object().unwrap() {
            row[column] = value.clone();
        }
        row.to_string()
    }

    #[test]
    fn a_draft_is_nothing_that_anybody_owes() {
        let row = json!({ "state": "posted", "move_type": "out_invoice", "date": 20_500, "invoice_date": 20_499,
            "invoice_origin": "S00012" });
        let entry = |other: Value| {
            let row = with(&row, &other);
            Entry::from_columns(1, serde_json::from_str(&row).unwrap()).unwrap()
        };
        assert_eq!(entry(json!({})).unwrap().day.to_string(), "2026-02-15", "the day that is printed on it");
        assert_eq!(entry(json!({ "state": "draft" })), None);
        assert_eq!(entry(json!({ "state": "cancel" })), None);
    }

    #[test]
    fn an_item_counts_while_it_is_posted_and_something_may_come_of_it() {
        let row = json!({ "move_id": 9, "move_name": "INV/1", "name": "INV/1", "company_id": 1, "partner_id": 7,
            "account_id": 3, "currency_id": 1, "display_type": "payment_term", "balance": "100.00",
            "amount_currency": "100.00", "amount_residual": "100.00", "amount_residual_currency": "100.00",
            "reconciled": false, "date": 20_500, "date_maturity": 20_530, "discount_date": null,
            "discount_amount_currency": null, "expected_pay_date": null, "payment_id": null,
            "statement_line_id": null, "purchase_line_id": null, "parent_state": "posted" });
        let item = |other: Value| {
            let row = with(&row, &other);
            Item::from_columns(1, serde_json::from_str(&row).unwrap()).unwrap()
        };
        assert_eq!(item(json!({})).unwrap().label, None, "what an invoice's item is called is its number");
        assert_eq!(item(json!({ "parent_state": "draft" })), None);
        let revenue = json!({ "amount_residual": "0.00", "amount_residual_currency": "0.00" });
        assert_eq!(item(revenue), None, "revenue is paid by nobody");
        let paid = json!({ "amount_residual_currency": "0.00", "reconciled": true });
        assert!(item(paid).is_some(), "it says how long it took");
    }

    #[test]
    fn an_order_counts_from_its_confirmation_on() {
        let row = json!({ "state": "sale", "name": "S00012", "company_id": 1, "partner_id": 7,
            "partner_invoice_id": 8, "currency_id": 1, "date_order": 1_767_600_000_000_000_i64,
            "opportunity_id": null, "is_subscription": null, "end_date": null });
        let order = |other: Value| {
            let row = with(&row, &other);
            SaleOrder::from_columns(1, serde_json::from_str(&row).unwrap()).unwrap()
        };
        assert_eq!(order(json!({})).unwrap().partner_id, Some(8), "who is invoiced");
        assert_eq!(order(json!({ "state": "draft" })), None);
        assert_eq!(order(json!({ "state": "cancel" })), None);
    }
}
