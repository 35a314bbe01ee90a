//! Products and units.

use crate::books::Books;
use crate::calendar::Micros;
use crate::money::{Cents, Quantity};
use crate::tables::{Row, Stamp, Table};
use crate::wire::json;
use crate::wire::layout::RowWriter;

pub(crate) const TEMPLATE: &str = r#"
    id=?; sequence=1; categ_id=1; uom_id=1; uom_po_id=1; company_id=null; color=null; create_uid=1;
    write_uid=?; type=?; service_tracking="no"; default_code=?; name=?; description=null;
    description_purchase=null; description_sale=null; product_properties=null; list_price=?;
    volume="0.00"; weight="0.01"; sale_ok=true; purchase_ok=true; active=true;
    can_image_1024_be_zoomed=false; has_configurable_attributes=false; is_favorite=null; create_date=?;
    write_date=?; property_account_income_id=null; property_account_expense_id=null; sale_delay=0;
    tracking="none"; responsible_id="{\"1\": 1}"; property_stock_production=null;
    property_stock_inventory=null; description_picking=null; description_pickingout=null;
    description_pickingin=null; is_storable=?; purchase_method="receive";
    purchase_line_warn="no-message"; purchase_line_warn_msg=null; lot_valuated=null;
    property_account_creditor_price_difference=null; service_type="manual"; sale_line_warn="no-message";
    expense_policy=?; invoice_policy=?; sale_line_warn_msg=null; service_to_purchase=null;
"#;

pub(crate) const PRODUCT: &str = r#"
    id=?; product_tmpl_id=?; create_uid=1; write_uid=?; default_code=?; barcode=null;
    combination_indices=""; standard_price=?; volume=null; weight=null; active=true;
    can_image_variant_1024_be_zoomed=false; write_date=?; create_date=?; lot_properties_definition=null;
"#;

pub(crate) const UNIT: &str = r#"
    id=?; category_id=?; create_uid=1; write_uid=1; uom_type=?; name=?; factor=?; rounding="0.01";
    active=true; create_date=?; write_date=?;
"#;

/// A product; it has one variant with the same id.
#[expect(clippy::struct_excessive_bools, reason = "they are columns of Odoo's")]
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) code: u32,
    pub(crate) name: Box<str>,
    pub(crate) price: Cents,
    pub(crate) service: bool,
    /// Invoiced by what was delivered, not by what was ordered.
    pub(crate) by_delivery: bool,
    pub(crate) taxed: bool,
    /// What was spent on it for a customer is invoiced to the customer.
    pub(crate) reinvoiced: bool,
    pub(crate) stamp: Stamp,
}

impl Template {
    pub(crate) fn write_code(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.service { b"SV-" } else { b"GD-" });
        json::padded(out, u64::from(self.code), 4);
    }
}

impl Row for Template {
    const TABLE: Table = Table::Template;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(id);
        row.int(self.stamp.writer);
        row.text(if self.service { "service" } else { "consu" });
        row.plain(|out| self.write_code(out));
        row.translated(&self.name);
        row.decimal(self.price);
        row.micros(self.stamp.created);
        row.micros(self.stamp.written);
        row.bool(!self.service);
        row.text(if self.reinvoiced { "cost" } else { "no" });
        row.text(if self.by_delivery { "delivery" } else { "order" });
    }
}

/// A product's only variant.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    pub(crate) cost: Cents,
    pub(crate) stamp: Stamp,
}

impl Row for Product {
    const TABLE: Table = Table::Product;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        row.int(id);
        row.int(id);
        row.int(self.stamp.writer);
        row.plain(|out| books.templates[id].write_code(out));
        row.plain(|out| {
            out.extend_from_slice(b"{\\\"1\\\": ");
            json::shortest(out, self.cost, 2);
            out.push(b'}');
        });
        row.micros(self.stamp.written);
        row.micros(self.stamp.created);
    }
}

/// Name, category, type and how many of the unit one reference unit is.
const UNITS: [(&str, u32, &str, &str); 4] = [
    ("Units", 1, "reference", "1.0"),
    ("Dozens", 1, "bigger", "0.08333333333333333"),
    ("Days", 3, "reference", "1.0"),
    ("Hours", 3, "smaller", "8.0"),
];

/// The unit of single pieces.
pub(crate) const PIECES: u32 = 1;
/// The unit of a dozen pieces.
pub(crate) const DOZENS: u32 = 2;
/// Pieces in a dozen.
pub(crate) const DOZEN: i64 = 12;

/// A quantity in another unit. What does not fit into hundredths is rounded away from zero, as Odoo does it.
pub(crate) fn in_unit(quantity: Quantity, from: u32, to: u32) -> Quantity {
    match (from, to) {
        (PIECES, DOZENS) => quantity.signum() * ((quantity.abs() + DOZEN - 1) / DOZEN),
        (DOZENS, PIECES) => quantity * DOZEN,
        _ => quantity,
    }
}

/// A unit of measure; which one follows from its id.
#[derive(Debug, Clone)]
pub(crate) struct UnitOfMeasure {
    pub(crate) created: Micros,
}

impl UnitOfMeasure {
    pub(crate) fn all(created: Micros) -> impl Iterator<Item = Self> {
        UNITS.iter().map(move |_| Self { created })
    }
}

impl Row for UnitOfMeasure {
    const TABLE: Table = Table::UnitOfMeasure;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        let (name, category, kind, factor) = UNITS[(id as usize).saturating_sub(1) % UNITS.len()];
        row.int(id);
        row.int(category);
        row.text(kind);
        row.translated(name);
        row.text(factor);
        row.micros(self.created);
        row.micros(self.created);
    }
}
