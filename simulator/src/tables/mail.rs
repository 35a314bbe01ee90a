//! The chatter: messages on records and the field changes they show. Nobody computes with it; it is the
//! larger part of a real feed's noise.

use crate::books::Books;
use crate::calendar::{Micros, whole_second};
use crate::tables::label::Label;
use crate::tables::{Row, Table};
use crate::wire::json;
use crate::wire::layout::RowWriter;

pub(crate) const MESSAGE: &str = r#"
    id=?; parent_id=null; res_id=?; record_alias_domain_id=null; record_company_id=?; subtype_id=?;
    mail_activity_type_id=null; author_id=?; author_guest_id=null; mail_server_id=null; create_uid=?;
    write_uid=?; subject=null; model=?; record_name=?; message_type="notification"; email_from=?;
    message_id=?; reply_to=?; email_layout_xmlid=null; body=?; is_internal=?; reply_to_force_new=null;
    email_add_signature=?; date=?; pinned_at=null; create_date=?; write_date=?;
"#;

pub(crate) const TRACKING: &str = r"
    id=?; field_id=?; old_value_integer=?; new_value_integer=?; currency_id=null; mail_message_id=?~0;
    create_uid=?; write_uid=?; old_value_char=?; new_value_char=?; field_info=null; old_value_text=null;
    new_value_text=null; old_value_datetime=null; new_value_datetime=null; create_date=?; write_date=?;
    old_value_float=null; new_value_float=null;
";

/// Which model a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Partner,
    SaleOrder,
    Move,
    Payment,
    Picking,
    Company,
}

impl About {
    fn text(self) -> &'static str {
        match self {
            Self::Partner => "res.partner",
            Self::SaleOrder => "sale.order",
            Self::Move => "account.move",
            Self::Payment => "account.payment",
            Self::Picking => "stock.picking",
            Self::Company => "res.company",
        }
    }
}

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// Only the changed fields below it.
    Changes,
    Text(&'static str),
    /// It was made from a sales order.
    From(u32),
    /// A line of an entry was made or removed.
    Line(u32, &'static str),
    /// Partners were merged into this one.
    Merged(u32),
}

/// A message.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) about: About,
    pub(crate) record: u32,
    /// `2` is a plain note; other numbers are the model's own kinds.
    pub(crate) subtype: u8,
    pub(crate) body: Body,
    pub(crate) user: u8,
    pub(crate) at: Micros,
}

const AUTHORS: [&str; 4] = ["Vera Quist", "Milo Brandt", "Ilse Corvo", "Jonas Pavic"];

fn write_sender(out: &mut Vec<u8>, user: u8) {
    let author = AUTHORS[usize::from(user) % AUTHORS.len()];
    out.extend_from_slice(b"\\\"");
    out.extend_from_slice(author.as_bytes());
    out.extend_from_slice(b"\\\" <user");
    json::unsigned(out, u64::from(user));
    out.extend_from_slice(b"@ledger-demo.example>");
}

impl Row for Message {
    const TABLE: Table = Table::Message;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        let note = self.subtype == 2;
        row.int(id);
        row.int(self.record);
        row.id(u32::from(!note));
        row.int(self.subtype);
        row.int(u32::from(self.user) + 1);
        row.int(self.user);
        row.int(self.user);
        row.text(self.about.text());
        row.null();
        row.plain(|out| write_sender(out, self.user));
        row.plain(|out| {
            out.push(b'<');
            json::unsigned(out, u64::from(id) * 7_919_003 + 100_000_007);
            out.push(b'.');
            json::int(out, self.at / 1_000_000);
            out.extend_from_slice(b".000000-openerp-message-notify@erp>");
        });
        row.plain(|out| write_sender(out, self.user));
        match self.body {
            Body::Changes => row.text(""),
            Body::Text(text) => row.text(text),
            Body::From(order) => row.plain(|out| {
                out.extend_from_slice(
                    b"<p>Created from <a href=\\\"#\\\" data-oe-model=\\\"sale.order\\\" data-oe-id=\\\"",
                );
                json::unsigned(out, u64::from(order));
                out.extend_from_slice(b"\\\">");
                Label::SaleOrder(order).write(out, books);
                out.extend_from_slice(b"</a></p>");
            }),
            Body::Line(line, what) => row.plain(|out| {
                out.extend_from_slice(b"<p>Journal Item #");
                json::unsigned(out, u64::from(line));
                out.push(b' ');
                out.extend_from_slice(what.as_bytes());
                out.extend_from_slice(b"</p>");
            }),
            Body::Merged(partner) => row.plain(|out| {
                out.extend_from_slice(b"<p>Merged with the following partners: ");
                json::escaped(out, books.partners[partner].name.as_bytes());
                out.extend_from_slice(b" (ID ");
                json::unsigned(out, u64::from(partner));
                out.extend_from_slice(b")</p>");
            }),
        }
        row.known_bool(note, true);
        row.bool(!note);
        row.micros(whole_second(self.at));
        row.micros(self.at);
        row.micros(self.at);
    }
}

/// A changed field under a message.
#[derive(Debug, Clone)]
pub(crate) struct Tracking {
    pub(crate) field: u32,
    pub(crate) message: u32,
    pub(crate) old: Label,
    pub(crate) new: Label,
    pub(crate) old_id: Option<u32>,
    pub(crate) new_id: Option<u32>,
    pub(crate) user: u8,
    pub(crate) at: Micros,
}

impl Row for Tracking {
    const TABLE: Table = Table::Tracking;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        row.int(id);
        row.int(self.field);
        for value in [self.old_id, self.new_id] {
            match value {
                Some(value) => row.int(value),
                None => row.null(),
            }
        }
        row.int(self.message);
        row.int(self.user);
        row.int(self.user);
        row.label(self.old, books);
        row.label(self.new, books);
        row.micros(self.at);
        row.micros(self.at);
    }
}
