//! Sales at the till: here only down payments on sales orders, which no invoice shows.

use crate::books::Books;
use crate::calendar::{Micros, whole_second};
use crate::money::Cents;
use crate::names;
use crate::tables::accounting::{self, Book};
use crate::tables::label::Label;
use crate::tables::{Row, Stamp, Table};
use crate::wire::json;
use crate::wire::layout::RowWriter;

pub(crate) const POS_ORDER: &str = r#"
    id=?; user_id=?; company_id=?~0; pricelist_id=null; partner_id=?; sequence_number=?; session_id=?~0;
    config_id=1; account_move=null; procurement_group_id=null; nb_print=0; sale_journal=?;
    fiscal_position_id=null; create_uid=?; write_uid=?; name=?~""; last_order_preparation_change="{}";
    state=?; floating_order_name=null; pos_reference=?; ticket_code=null; uuid=?; email=?; mobile=null;
    shipping_date=null; general_note=null; amount_difference=?; amount_tax=?~"0"; amount_total=?~"0";
    amount_paid=?~"0"; amount_return="0.0"~"0"; currency_rate="1.0"; tip_amount=null; to_invoice=false;
    is_tipped=null; has_deleted_line=null; date_order=?; create_date=?; write_date=?; crm_team_id=null;
"#;

pub(crate) const POS_LINE: &str = r#"
    id=?; company_id=?; product_id=?~0; order_id=?~0; refunded_orderline_id=null; combo_parent_id=null;
    combo_item_id=null; create_uid=?; write_uid=?; name=?~""; notice=null; price_type="original";
    full_product_name=?; customer_note=null; uuid=?; note=null; price_unit=?; qty="1.0";
    price_subtotal=?~"0"; price_subtotal_incl=?~"0"; price_extra=null; discount="0.0"; total_cost=?;
    skip_change=null; is_total_cost_computed=?; is_edited=null; create_date=?; write_date=?;
    sale_order_origin_id=?; sale_order_line_id=?; down_payment_details=null;
"#;

/// How far a sale at the till has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Draft,
    Paid,
    /// The till was closed.
    Done,
}

impl State {
    fn text(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Paid => "paid",
            Self::Done => "done",
        }
    }
}

/// A sale at the till.
#[derive(Debug, Clone)]
pub(crate) struct PosOrder {
    pub(crate) company: u32,
    pub(crate) partner: u32,
    /// The till's session: one a day.
    pub(crate) session: u32,
    pub(crate) state: State,
    pub(crate) total: Cents,
    pub(crate) at: Micros,
    pub(crate) stamp: Stamp,
}

impl Row for PosOrder {
    const TABLE: Table = Table::PosOrder;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        let paid = self.state != State::Draft;
        row.int(id);
        row.int(self.stamp.creator);
        row.int(self.company);
        row.int(self.partner);
        row.int(id);
        row.int(self.session);
        row.int(accounting::journal(books.root(self.company), Book::Sales));
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        row.label(if paid { Label::Receipt(id) } else { Label::Slash }, books);
        row.text(self.state.text());
        row.plain(|out| write_reference(out, self.session, id));
        row.plain(|out| write_uuid(out, u64::from(id)));
        row.plain(|out| names::write_email(out, self.partner, true));
        row.known_decimal(paid, 0);
        row.decimal(0);
        row.decimal(self.total);
        row.decimal(if paid { self.total } else { 0 });
        row.micros(whole_second(self.at));
        row.micros(self.stamp.created);
        row.micros(self.stamp.written);
    }
}

/// What was sold at the till: one down payment.
#[derive(Debug, Clone)]
pub(crate) struct PosLine {
    pub(crate) pos_order: u32,
    pub(crate) product: u32,
    pub(crate) price: Cents,
    /// The sales order that is paid for.
    pub(crate) order: u32,
    /// Its down payment line, which is made after this one.
    pub(crate) order_line: u32,
    pub(crate) stamp: Stamp,
}

impl Row for PosLine {
    const TABLE: Table = Table::PosLine;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        let settled = self.order_line != 0;
        row.int(id);
        row.int(books.pos_orders[self.pos_order].company);
        row.int(self.product);
        row.int(self.pos_order);
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        row.label(Label::Receipt(id), books);
        row.text(&books.templates[self.product].name);
        row.plain(|out| write_uuid(out, u64::from(id) + (1 << 32)));
        row.decimal(self.price);
        row.decimal(self.price);
        row.decimal(self.price);
        row.known_decimal(settled, 0);
        row.known_bool(settled, true);
        row.micros(self.stamp.created);
        row.micros(self.stamp.written);
        row.int(self.order);
        row.id(self.order_line);
    }
}

/// A receipt number as the till prints it.
fn write_reference(out: &mut Vec<u8>, session: u32, number: u32) {
    out.extend_from_slice(b"Order ");
    json::padded(out, u64::from(session), 5);
    out.extend_from_slice(b"-001-");
    json::padded(out, u64::from(number), 4);
}

fn write_uuid(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(b"5a1e7111-0000-4000-8000-");
    json::padded(out, number, 12);
}
