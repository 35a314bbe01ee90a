//! Customers, vendors and their contacts.

use crate::books::Books;
use crate::calendar::{Micros, whole_second};
use crate::money::Cents;
use crate::names;
use crate::tables::{Row, Stamp, Table};
use crate::wire::json;
use crate::wire::layout::{RowWriter, UNAVAILABLE};

pub(crate) const PARTNER: &str = r#"
    id=?; company_id=null; create_date=?; name=?; title=null; parent_id=?; user_id=null; state_id=null;
    country_id=?; industry_id=null; color=0; commercial_partner_id=?; create_uid=?; write_uid=?;
    complete_name=?; ref=null; lang="en_US"; tz="UTC"; vat=?; company_registry=null; website=null;
    function=?; type="contact"; street=?; street2=null; zip=?; city=?; email=?; phone=?; mobile=null;
    commercial_company_name=?; company_name=null; barcode=null; comment=?; partner_latitude=null;
    partner_longitude=null; active=?; employee=null; is_company=?; partner_share=?; write_date=?;
    message_bounce=0; email_normalized=?; signup_type=null; calendar_last_notif_ack=?;
    specific_property_product_pricelist=null; partner_gid=null; additional_info=null; phone_sanitized=?;
    invoice_template_pdf_report_id=null; supplier_rank=?; customer_rank=?; invoice_warn="no-message";
    autopost_bills="ask"~""; credit_limit=?; property_account_payable_id=null;
    property_account_receivable_id=null; property_account_position_id=null; property_payment_term_id=?;
    property_supplier_payment_term_id=?; trust=null; ignore_abnormal_invoice_date=null;
    ignore_abnormal_invoice_amount=null; invoice_sending_method=null; invoice_edi_format_store=null;
    property_outbound_payment_method_line_id=null; property_inbound_payment_method_line_id=null;
    invoice_warn_msg=null; debit_limit=null; picking_warn="no-message"; property_stock_customer=null;
    property_stock_supplier=null; picking_warn_msg=null; peppol_endpoint=null; peppol_eas=null;
    buyer_id=null; purchase_warn="no-message"; property_purchase_currency_id=null;
    receipt_reminder_email=null; reminder_date_before_receipt=null; purchase_warn_msg=null;
    sale_warn="no-message"; sale_warn_msg=null;
"#;

pub(crate) const MERGE_WIZARD: &str = r"
    id=?; number_group=null; current_line_id=null; dst_partner_id=?; maximum_group=null; create_uid=?;
    write_uid=?; state=?; group_by_email=null; group_by_name=null; group_by_is_company=null;
    group_by_vat=null; group_by_parent_id=null; exclude_contact=null; exclude_journal_item=null;
    create_date=?; write_date=?;
";

/// A customer, a vendor, a company's own card, or a contact of one of them.
#[expect(clippy::struct_excessive_bools, reason = "they are columns of Odoo's")]
#[derive(Debug, Clone)]
pub(crate) struct Partner {
    pub(crate) name: Box<str>,
    /// Where its habits come from.
    pub(crate) seed: u32,
    /// Where its made-up town and numbers come from: those of one customer that was entered twice are the same.
    pub(crate) identity: u32,
    pub(crate) parent: u32,
    /// The partner whose books it counts in: itself, or the company above it.
    pub(crate) commercial: u32,
    pub(crate) is_company: bool,
    /// False until the computed columns are written.
    pub(crate) complete: bool,
    /// The complete name lags one write behind a rename.
    pub(crate) complete_name: Option<Box<str>>,
    pub(crate) active: bool,
    pub(crate) has_comment: bool,
    pub(crate) customer_rank: u32,
    pub(crate) supplier_rank: u32,
    pub(crate) street: u32,
    /// Limit by company; a branch may have one of its own.
    pub(crate) credit_limits: Vec<(u32, Cents)>,
    /// The payment term for sales, `0` for none.
    pub(crate) term: u32,
    pub(crate) supplier_term: u32,
    pub(crate) stamp: Stamp,
}

impl Partner {
    fn place(&self) -> &'static names::Place {
        names::place(self.identity)
    }
}

impl Row for Partner {
    const TABLE: Table = Table::Partner;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        let place = self.place();
        let commercial = &books.partners[self.commercial];
        row.int(id);
        row.micros(self.stamp.created);
        row.text(&self.name);
        row.id(self.parent);
        row.int(place.country);
        row.id(if self.complete { self.commercial } else { 0 });
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        match (&self.complete_name, self.complete) {
            (_, false) => row.null(),
            (Some(name), _) => row.text(name),
            (None, _) if self.parent != 0 => {
                let company = &books.partners[self.parent];
                row.plain(|out| {
                    json::escaped(out, company.name.as_bytes());
                    out.extend_from_slice(b", ");
                    json::escaped(out, self.name.as_bytes());
                });
            }
            (None, _) => row.text(&self.name),
        }
        if self.is_company {
            row.plain(|out| names::write_vat(out, self.identity));
        } else {
            row.null();
        }
        row.known_text(!self.is_company && self.parent != 0, names::job(self.seed));
        row.plain(|out| names::write_street(out, self.street));
        row.plain(|out| json::padded(out, u64::from(10_000 + self.identity % 89_000), 5));
        row.text(place.city);
        row.plain(|out| names::write_email(out, id, self.is_company));
        row.plain(|out| names::write_phone(out, self.identity, b" "));
        row.known_text(self.complete, &commercial.name);
        if !self.has_comment {
            row.null();
        } else if row.update {
            row.text(UNAVAILABLE);
        } else {
            row.plain(|out| names::write_comment(out, self.seed));
        }
        row.bool(self.active);
        row.bool(self.is_company);
        row.known_bool(self.complete, true);
        row.micros(self.stamp.written);
        if self.complete {
            row.plain(|out| names::write_email(out, id, self.is_company));
        } else {
            row.null();
        }
        row.micros(whole_second(self.stamp.created));
        if self.complete {
            row.plain(|out| names::write_phone(out, self.identity, b""));
        } else {
            row.null();
        }
        row.int(self.supplier_rank);
        row.int(self.customer_rank);
        by_company(row, &self.credit_limits, |out, limit| json::shortest(out, *limit, 2));
        by_root(row, books, self.term);
        by_root(row, books, self.supplier_term);
    }
}

/// A company-dependent column: a JSON object by company inside a string.
fn by_company<T>(row: &mut RowWriter<'_>, values: &[(u32, T)], write: impl Fn(&mut Vec<u8>, &T)) {
    if values.is_empty() {
        row.null();
        return;
    }
    row.plain(|out| {
        out.push(b'{');
        for (at, (company, value)) in values.iter().enumerate() {
            if at > 0 {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(b"\\\"");
            json::unsigned(out, u64::from(*company));
            out.extend_from_slice(b"\\\": ");
            write(out, value);
        }
        out.push(b'}');
    });
}

/// The same reference for every root company.
fn by_root(row: &mut RowWriter<'_>, books: &Books, value: u32) {
    if value == 0 {
        row.null();
        return;
    }
    let values: Vec<_> = books.root_companies.iter().map(|company| (*company, value)).collect();
    by_company(row, &values, |out, value| json::unsigned(out, u64::from(*value)));
}

/// The wizard that merges duplicates; its rows are the only trace of which partner stayed.
#[derive(Debug, Clone)]
pub(crate) struct MergeWizard {
    pub(crate) kept: u32,
    pub(crate) finished: bool,
    pub(crate) user: u8,
    pub(crate) created: Micros,
}

impl Row for MergeWizard {
    const TABLE: Table = Table::MergeWizard;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(id);
        row.int(self.kept);
        row.int(self.user);
        row.int(self.user);
        row.text(if self.finished { "finished" } else { "selection" });
        row.micros(self.created);
        row.micros(self.created);
    }
}
