//! Quotations and sales orders.

use crate::books::Books;
use crate::calendar::{DAY, Day, Micros};
use crate::money::{Cents, Quantity, Rate, price, scale};
use crate::tables::accounting::TAX_PERCENT;
use crate::tables::label::Label;
use crate::tables::{Row, Stamp, Table};
use crate::wire::layout::{Key, RowWriter};

pub(crate) const ORDER: &str = r#"
    id=?; campaign_id=null; source_id=null; medium_id=null; company_id=?~0; partner_id=?~0;
    journal_id=null; partner_invoice_id=?~0; partner_shipping_id=?~0; fiscal_position_id=null;
    payment_term_id=?; pricelist_id=null; currency_id=?; user_id=?; team_id=1; create_uid=?;
    write_uid=?; access_token=null; name=?~""; state=?; client_order_ref=?; origin=null; reference=null;
    signed_by=null; invoice_status=?; validity_date=?; note=null; currency_rate=?; amount_untaxed=?;
    amount_tax=?; amount_total=?; locked=false; require_signature=true; require_payment=true;
    create_date=?; commitment_date=?; date_order=?~0; signed_on=null; write_date=?;
    prepayment_percent=1.0; pending_email_template_id=null; opportunity_id=null;
    sale_order_template_id=null; incoterm=null; warehouse_id=1; procurement_group_id=?;
    incoterm_location=null; picking_policy="direct"~""; delivery_status=?; effective_date=?;
    customizable_pdf_form_fields=null;
"#;

pub(crate) const ORDER_LINE: &str = r#"
    id=?; order_id=?~0; sequence=?; company_id=?; currency_id=?; order_partner_id=?; salesman_id=?;
    product_id=?; product_uom=?; linked_line_id=null; combo_item_id=null; product_packaging_id=null;
    create_uid=?; write_uid=?; state=?; display_type=?; virtual_id=null; linked_virtual_id=null;
    qty_delivered_method=?; invoice_status=?; analytic_distribution=null; name=?~"";
    product_uom_qty=?~"0"; price_unit=?~"0"; discount="0.00"; price_subtotal=?; price_total=?;
    price_reduce_taxexcl=?; price_reduce_taxinc=?; qty_delivered=?; qty_invoiced=?; qty_to_invoice=?;
    untaxed_amount_invoiced=?; untaxed_amount_to_invoice=?; is_downpayment=?; is_expense=?;
    create_date=?; write_date=?; technical_price_unit=?; price_tax=?; product_packaging_qty=0.0;
    customer_lead=0.0~0.0; route_id=null; warehouse_id=?;
"#;

pub(crate) const ORDER_LINE_INVOICE: &str = "invoice_line_id=?; order_line_id=?;";

/// The status of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Draft,
    Sale,
    Cancelled,
}

impl State {
    fn text(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Sale => "sale",
            Self::Cancelled => "cancel",
        }
    }
}

/// Whether something is left to invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Invoicing {
    No,
    ToInvoice,
    Invoiced,
}

impl Invoicing {
    fn text(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::ToInvoice => "to invoice",
            Self::Invoiced => "invoiced",
        }
    }
}

/// What becomes of an order that is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    Usual,
    /// A part is invoiced and paid before the rest.
    Deposit,
    /// A part is paid at the till.
    Till,
    /// Ordered by the dozen, invoiced by the dozen or by the piece.
    Dozens,
    /// What was spent for the customer is put on the order.
    Expenses,
    /// Something that nobody ordered comes on the invoice too.
    Mixed,
}

/// A quotation or sales order.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) company: u32,
    /// Who ordered: the customer or one of its contacts.
    pub(crate) partner: u32,
    pub(crate) invoice_partner: u32,
    pub(crate) term: u32,
    pub(crate) currency: u32,
    pub(crate) rate: Rate,
    pub(crate) state: State,
    /// The number of the customer's own purchase order, `0` for none.
    pub(crate) purchase: u32,
    pub(crate) purpose: Purpose,
    /// The order that is invoiced together with it, `0` for none.
    pub(crate) together: u32,
    /// False until totals are written.
    pub(crate) computed: bool,
    pub(crate) invoicing: Invoicing,
    pub(crate) valid_until: Day,
    pub(crate) untaxed: Cents,
    pub(crate) tax: Cents,
    pub(crate) date: Micros,
    pub(crate) group: u32,
    pub(crate) delivered: Option<Micros>,
    pub(crate) stamp: Stamp,
    pub(crate) lines: Vec<u32>,
    pub(crate) picking: u32,
}

impl Order {
    /// Every fifth order was promised for a day up to three months away.
    fn promised(&self, id: u32) -> Option<Micros> {
        id.is_multiple_of(5).then(|| self.date + i64::from(5 + id * 13 % 85) * DAY)
    }
}

impl Row for Order {
    const TABLE: Table = Table::SaleOrder;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        row.int(id);
        row.int(self.company);
        row.int(self.partner);
        row.int(self.invoice_partner);
        row.int(self.partner);
        row.id(self.term);
        row.int(self.currency);
        row.int(self.stamp.creator);
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        row.label(Label::SaleOrder(id), books);
        row.text(self.state.text());
        row.label(if self.purchase == 0 { Label::None } else { Label::CustomerOrder(self.purchase) }, books);
        row.known_text(self.computed, self.invoicing.text());
        row.int(self.valid_until);
        row.shortest(self.rate, 6);
        row.known_decimal(self.computed, self.untaxed);
        row.known_decimal(self.computed, self.tax);
        row.known_decimal(self.computed, self.untaxed + self.tax);
        row.micros(self.stamp.created);
        row.time(self.promised(id));
        row.micros(self.date);
        row.micros(self.stamp.written);
        row.id(self.group);
        match (self.picking, self.delivered) {
            (0, _) => row.null(),
            (_, Some(_)) => row.text("full"),
            (_, None) => row.text("pending"),
        }
        row.time(self.delivered);
    }
}

/// What a line of an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Product,
    /// The heading above down payments.
    Section,
    DownPayment,
    /// Something spent for the customer; nobody ordered it.
    Expense,
}

impl Role {
    /// Whether the line says something about what is left to invoice of its order.
    pub(crate) fn counts(self) -> bool {
        matches!(self, Self::Product | Self::Expense)
    }
}

/// A line of an order.
#[expect(clippy::struct_excessive_bools, reason = "they are columns of Odoo's")]
#[derive(Debug, Clone)]
pub(crate) struct OrderLine {
    pub(crate) order: u32,
    pub(crate) role: Role,
    /// `0` for a down payment that was not paid at the till, and for a heading.
    pub(crate) product: u32,
    /// The unit that it is ordered in; as often missing as the product.
    pub(crate) unit: u32,
    pub(crate) name: Label,
    pub(crate) service: bool,
    pub(crate) by_delivery: bool,
    pub(crate) taxed: bool,
    pub(crate) state: State,
    pub(crate) computed: bool,
    pub(crate) invoicing: Invoicing,
    pub(crate) quantity: Quantity,
    pub(crate) price_unit: Cents,
    pub(crate) delivered: Quantity,
    pub(crate) invoiced: Quantity,
    pub(crate) to_invoice: Quantity,
    pub(crate) untaxed_invoiced: Cents,
    pub(crate) untaxed_to_invoice: Cents,
    pub(crate) stamp: Stamp,
}

impl OrderLine {
    pub(crate) fn subtotal(&self) -> Cents {
        price(self.price_unit, self.quantity)
    }

    pub(crate) fn tax(&self) -> Cents {
        tax_on(self.subtotal(), self.taxed)
    }

    /// What the invoice policy lets be invoiced in all.
    fn invoiceable(&self) -> Quantity {
        if self.by_delivery { self.delivered } else { self.quantity }
    }

    /// Recomputes what is left to invoice, in quantity.
    pub(crate) fn recompute_quantity(&mut self) {
        let confirmed = self.state == State::Sale;
        self.to_invoice = if confirmed { self.invoiceable() - self.invoiced } else { 0 };
        self.recompute_invoicing();
    }

    /// A down payment is settled while nothing of it is posted, and again when it was deducted.
    fn recompute_invoicing(&mut self) {
        self.invoicing = if self.state != State::Sale {
            Invoicing::No
        } else if self.role == Role::DownPayment && self.untaxed_to_invoice == 0 {
            Invoicing::Invoiced
        } else if self.to_invoice != 0 {
            Invoicing::ToInvoice
        } else if self.invoiced >= self.quantity {
            Invoicing::Invoiced
        } else {
            Invoicing::No
        };
    }

    /// Recomputes what is left to invoice, in money.
    pub(crate) fn recompute_amount(&mut self) {
        let due = price(self.price_unit, self.invoiceable());
        self.untaxed_to_invoice = if self.state == State::Sale { due - self.untaxed_invoiced } else { 0 };
        self.recompute_invoicing();
    }

    /// How the delivered quantity is known.
    fn delivery_method(&self) -> Option<&'static str> {
        match self.role {
            Role::Section => None,
            Role::Expense => Some("analytic"),
            Role::Product if !self.service => Some("stock_move"),
            Role::Product | Role::DownPayment => Some("manual"),
        }
    }
}

/// The tax on an amount, rounded per line.
pub(crate) fn tax_on(amount: Cents, taxed: bool) -> Cents {
    if taxed { scale(amount, TAX_PERCENT, 100) } else { 0 }
}

impl Row for OrderLine {
    const TABLE: Table = Table::SaleOrderLine;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        let order = &books.orders[self.order];
        let unit_tax = tax_on(self.price_unit, self.taxed);
        row.int(id);
        row.int(self.order);
        row.int(if self.role == Role::Product { 10 } else { 11 });
        row.int(order.company);
        row.int(order.currency);
        row.int(order.partner);
        row.int(order.stamp.creator);
        row.id(self.product);
        row.id(self.unit);
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        row.text(self.state.text());
        row.known_text(self.role == Role::Section, "line_section");
        match self.delivery_method() {
            Some(method) => row.text(method),
            None => row.null(),
        }
        row.known_text(self.computed, self.invoicing.text());
        row.label(self.name, books);
        row.decimal(self.quantity);
        row.decimal(self.price_unit);
        row.decimal(self.subtotal());
        row.decimal(self.subtotal() + self.tax());
        row.decimal(self.price_unit);
        row.decimal(self.price_unit + unit_tax);
        row.decimal(self.delivered);
        row.known_decimal(self.computed, self.invoiced);
        row.known_decimal(self.computed, self.to_invoice);
        row.known_decimal(self.computed, self.untaxed_invoiced);
        row.known_decimal(self.computed, self.untaxed_to_invoice);
        row.known_bool(matches!(self.role, Role::DownPayment | Role::Section), true);
        row.known_bool(self.role == Role::Expense, true);
        row.micros(self.stamp.created);
        row.micros(self.stamp.written);
        row.float(self.price_unit);
        row.float(self.tax());
        row.id(u32::from(self.computed));
    }
}

/// Which order line an invoice line bills.
#[derive(Debug, Clone)]
pub(crate) struct OrderLineInvoice {
    pub(crate) invoice_line: u32,
    pub(crate) order_line: u32,
}

impl Row for OrderLineInvoice {
    const TABLE: Table = Table::SaleOrderLineInvoice;

    fn key(&self, _: u32) -> Key {
        Key::Pair(self.invoice_line, self.order_line)
    }

    fn write(&self, _: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(self.invoice_line);
        row.int(self.order_line);
    }
}
