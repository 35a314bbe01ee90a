//! Deliveries: noise for who watches money, but their quantities decide what may be invoiced.

use crate::books::Books;
use crate::calendar::{Micros, day_at};
use crate::money::Quantity;
use crate::tables::label::Label;
use crate::tables::product::{PIECES, in_unit};
use crate::tables::{Row, Stamp, Table};
use crate::wire::layout::RowWriter;

pub(crate) const PICKING: &str = r#"
    id=?; backorder_id=null; return_id=null; group_id=?; location_id=8; location_dest_id=5;
    picking_type_id=2; partner_id=?; company_id=?; user_id=null; owner_id=null; create_uid=?;
    write_uid=?; name=?; origin=?; move_type="direct"; state=?; priority="0"; picking_properties=null;
    note=null; has_deadline_issue=false; printed=null; is_locked=true; scheduled_date=?;
    date_deadline=?; date=?; date_done=?; create_date=?; write_date=?; sale_id=?;
"#;

pub(crate) const MOVE: &str = r#"
    id=?; sequence=10; company_id=?; product_id=?; product_uom=1; location_id=8; location_dest_id=5;
    location_final_id=5; partner_id=?; picking_id=?; scrap_id=null; group_id=?; rule_id=2;
    picking_type_id=2; origin_returned_move_id=null; restrict_partner_id=null; warehouse_id=1;
    package_level_id=null; next_serial_count=null; orderpoint_id=null; product_packaging_id=null;
    create_uid=?; write_uid=?; name=?; priority="0"; state=?; origin=?; procure_method="make_to_stock";
    reference=?; next_serial=null; reservation_date=?; description_picking=?; product_qty=?;
    product_uom_qty=?; quantity=?; picked=?; scrapped=?; propagate_cancel=false; is_inventory=null;
    additional=false; date=?; date_deadline=?; delay_alert_date=null; create_date=?; write_date=?;
    price_unit=null; to_refund=null; purchase_line_id=null; sale_line_id=?;
"#;

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Inserted, not computed.
    New,
    Draft,
    Confirmed,
    Assigned,
    Done,
    Cancelled,
}

impl State {
    fn text(self) -> &'static str {
        match self {
            Self::New | Self::Draft => "draft",
            Self::Confirmed => "confirmed",
            Self::Assigned => "assigned",
            Self::Done => "done",
            Self::Cancelled => "cancel",
        }
    }
}

/// A delivery to a customer.
#[derive(Debug, Clone)]
pub(crate) struct Picking {
    pub(crate) order: u32,
    pub(crate) state: State,
    pub(crate) at: Micros,
    pub(crate) done: Option<Micros>,
    pub(crate) stamp: Stamp,
    pub(crate) moves: Vec<u32>,
}

impl Row for Picking {
    const TABLE: Table = Table::StockPicking;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        let order = &books.orders[self.order];
        row.int(id);
        row.int(order.group);
        row.int(order.partner);
        row.int(order.company);
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        row.label(Label::Delivery(id), books);
        row.label(Label::SaleOrder(self.order), books);
        row.known_text(self.state != State::New, self.state.text());
        row.micros(self.at);
        row.time((!matches!(self.state, State::New | State::Draft)).then_some(self.at));
        row.micros(self.at);
        row.time(self.done);
        row.micros(self.stamp.created);
        row.micros(self.stamp.written);
        row.id(if self.state == State::New { 0 } else { self.order });
    }
}

/// One product of a delivery.
#[derive(Debug, Clone)]
pub(crate) struct StockMove {
    pub(crate) order_line: u32,
    pub(crate) picking: u32,
    /// The delivery's name is copied here one write later.
    pub(crate) named: bool,
    pub(crate) state: State,
    pub(crate) done: Quantity,
    pub(crate) at: Micros,
    pub(crate) stamp: Stamp,
}

impl Row for StockMove {
    const TABLE: Table = Table::StockMove;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        let line = &books.order_lines[self.order_line];
        let order = &books.orders[line.order];
        let known = self.state != State::New;
        // The warehouse counts pieces, whatever the order counts.
        let ordered = in_unit(line.quantity, line.unit, PIECES);
        row.int(id);
        row.int(order.company);
        row.int(line.product);
        row.int(order.partner);
        row.id(if known { self.picking } else { 0 });
        row.int(order.group);
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        row.label(Label::Product(line.product), books);
        row.text(self.state.text());
        row.label(Label::SaleOrder(line.order), books);
        row.label(if self.named { Label::Delivery(self.picking) } else { Label::None }, books);
        row.day(known.then(|| day_at(self.stamp.created)));
        row.text(&books.templates[line.product].name);
        if known {
            row.shortest(ordered, 2);
        } else {
            row.null();
        }
        row.decimal(ordered);
        row.known_decimal(known, self.done);
        row.bool(self.state == State::Done);
        row.known_bool(known, false);
        row.micros(self.at);
        row.micros(self.stamp.created);
        row.micros(self.stamp.created);
        row.micros(self.stamp.written);
        row.int(self.order_line);
    }
}
