//! Journal entries and their lines: invoices, credit notes, bills, payments' and bank lines' entries.

use crate::books::Books;
use crate::calendar::Day;
use crate::money::{Cents, PAR, Quantity, Rate};
use crate::tables::label::{Label, Number};
use crate::tables::{Row, Stamp, Table, accounting};
use crate::wire::json;
use crate::wire::layout::{Key, RowWriter};

pub(crate) const MOVE: &str = r#"
    id=?; sequence_number=?; message_main_attachment_id=null; journal_id=?~0; company_id=?;
    origin_payment_id=?; statement_line_id=?; tax_cash_basis_rec_id=null;
    tax_cash_basis_origin_move_id=null; auto_post_origin_id=null; secure_sequence_number=null;
    invoice_payment_term_id=?; partner_id=?; commercial_partner_id=?; partner_shipping_id=?;
    partner_bank_id=null; fiscal_position_id=null; preferred_payment_method_line_id=null;
    currency_id=?~0; reversed_entry_id=?; invoice_user_id=?; invoice_incoterm_id=null;
    invoice_cash_rounding_id=null; create_uid=?; write_uid=?; sequence_prefix=?; access_token=null;
    name=?; ref=?; state=?~""; move_type=?~""; auto_post="no"~""; inalterable_hash=null;
    payment_reference=?; qr_code_method=null; payment_state=?; invoice_source_email=null;
    invoice_partner_display_name=?; invoice_origin=?; incoterm_location=null; date=?~0;
    auto_post_until=null; invoice_date=?; invoice_date_due=?; delivery_date=?; sending_data=null;
    narration=null; invoice_currency_rate=?; amount_untaxed=?; amount_tax=?; amount_total=?;
    amount_residual=?; amount_untaxed_signed=?; amount_untaxed_in_currency_signed=?;
    amount_tax_signed=?; amount_total_signed=?; amount_total_in_currency_signed=?;
    amount_residual_signed=?; quick_edit_total_amount=null; is_storno=?; always_tax_exigible=?;
    checked=?; posted_before=?; made_sequence_gap=?; is_manually_modified=?; is_move_sent=null;
    create_date=?; write_date=?; stock_move_id=null; campaign_id=null; source_id=null; medium_id=null;
    team_id=1;
"#;

pub(crate) const MOVE_LINE: &str = r#"
    id=?; move_id=?~0; journal_id=?; company_id=?; company_currency_id=?; sequence=?; account_id=?;
    currency_id=?~0; partner_id=?; reconcile_model_id=null; payment_id=?; statement_line_id=?;
    statement_id=null; group_tax_id=null; tax_line_id=?; tax_group_id=?; tax_repartition_line_id=?;
    full_reconcile_id=?; product_id=?; product_uom_id=?; create_uid=?; write_uid=?; move_name=?;
    parent_state=?; ref=?; name=?; matching_number=?; display_type=?~""; date=?; invoice_date=?;
    date_maturity=?; discount_date=null; analytic_distribution=null; debit=?; credit=?; balance=?;
    amount_currency=?; tax_base_amount=?; amount_residual=?; amount_residual_currency=?; quantity=?;
    price_unit=?; price_subtotal=?; price_total=?; discount="0.00"; discount_amount_currency=?;
    discount_balance=?; is_imported=null; tax_tag_invert=?; reconciled=?; create_date=?; write_date=?;
    purchase_line_id=null; is_downpayment=?; cogs_origin_id=null;
"#;

pub(crate) const MOVE_LINE_TAX: &str = "account_move_line_id=?; account_tax_id=?;";

/// What a journal entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Entry,
    Invoice,
    Refund,
    Bill,
}

impl Kind {
    fn text(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Invoice => "out_invoice",
            Self::Refund => "out_refund",
            Self::Bill => "in_invoice",
        }
    }

    /// The sign of the amounts in the books seen from the customer's side.
    pub(crate) fn sign(self) -> i64 {
        match self {
            Self::Refund | Self::Bill => -1,
            Self::Entry | Self::Invoice => 1,
        }
    }
}

/// The state of an entry and of its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Draft,
    Posted,
    Cancelled,
}

impl State {
    fn text(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Posted => "posted",
            Self::Cancelled => "cancel",
        }
    }
}

/// How far an invoice is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    NotPaid,
    Partial,
    Paid,
    Reversed,
    /// A payment is on its way that has no entry.
    InPayment,
}

impl Settled {
    fn text(self) -> &'static str {
        match self {
            Self::NotPaid => "not_paid",
            Self::Partial => "partial",
            Self::Paid => "paid",
            Self::Reversed => "reversed",
            Self::InPayment => "in_payment",
        }
    }

    /// What the chatter calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::NotPaid => "Not Paid",
            Self::Partial => "Partially Paid",
            Self::Paid => "Paid",
            Self::Reversed => "Reversed",
            Self::InPayment => "In Payment",
        }
    }
}

/// How much of a new entry has been computed; Odoo inserts rows half-empty and completes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Inserted,
    Sequenced,
    Computed,
    Complete,
}

/// A journal entry.
#[expect(clippy::struct_excessive_bools, reason = "they are columns of Odoo's")]
#[derive(Debug, Clone)]
pub(crate) struct Move {
    pub(crate) journal: u32,
    pub(crate) company: u32,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    pub(crate) settled: Settled,
    pub(crate) stage: Stage,
    pub(crate) payment: u32,
    pub(crate) bank_line: u32,
    pub(crate) term: u32,
    pub(crate) partner: u32,
    pub(crate) commercial: u32,
    pub(crate) currency: u32,
    pub(crate) rate: Rate,
    pub(crate) reversed: u32,
    /// The number once given, kept when the entry goes back to draft.
    pub(crate) number: Option<Number>,
    /// The number has been split into prefix and sequence, one write after the name.
    pub(crate) sequenced: bool,
    /// The reference for the customer's payment, one write later still.
    pub(crate) referenced: bool,
    pub(crate) reference: Label,
    pub(crate) origin: Label,
    pub(crate) date: Day,
    pub(crate) invoice_date: Option<Day>,
    pub(crate) due: Option<Day>,
    pub(crate) delivered: Option<Day>,
    pub(crate) untaxed: Cents,
    pub(crate) tax: Cents,
    pub(crate) total: Cents,
    pub(crate) residual: Cents,
    pub(crate) untaxed_signed: Cents,
    pub(crate) tax_signed: Cents,
    pub(crate) total_signed: Cents,
    pub(crate) residual_signed: Cents,
    pub(crate) checked: bool,
    pub(crate) posted_before: bool,
    pub(crate) gap: bool,
    pub(crate) modified: bool,
    pub(crate) stamp: Stamp,
    /// The ids of its lines.
    pub(crate) lines: Vec<u32>,
    /// The sales order behind an invoice.
    pub(crate) order: u32,
    /// The payment without an entry that is registered for an invoice, `0` for none.
    pub(crate) promised: u32,
}

impl Move {
    /// An entry with nothing computed yet.
    pub(crate) fn new(
        kind: Kind,
        company: u32,
        journal: u32,
        currency: u32,
        date: Day,
        stamp: Stamp,
    ) -> Self {
        Self {
            journal,
            company,
            kind,
            state: State::Draft,
            settled: Settled::NotPaid,
            stage: Stage::Inserted,
            payment: 0,
            bank_line: 0,
            term: 0,
            partner: 0,
            commercial: 0,
            currency,
            rate: PAR,
            reversed: 0,
            number: None,
            sequenced: false,
            referenced: false,
            reference: Label::None,
            origin: Label::None,
            date,
            invoice_date: None,
            due: None,
            delivered: None,
            untaxed: 0,
            tax: 0,
            total: 0,
            residual: 0,
            untaxed_signed: 0,
            tax_signed: 0,
            total_signed: 0,
            residual_signed: 0,
            checked: false,
            posted_before: false,
            gap: false,
            modified: false,
            stamp,
            lines: Vec::new(),
            order: 0,
            promised: 0,
        }
    }

    fn is_invoice(&self) -> bool {
        self.kind != Kind::Entry
    }
}

impl Row for Move {
    const TABLE: Table = Table::Move;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        let sequenced = self.stage >= Stage::Sequenced;
        let computed = self.stage >= Stage::Computed;
        let complete = self.stage >= Stage::Complete;
        let numbered = self.number.filter(|_| self.sequenced);
        row.int(id);
        match numbered {
            Some(number) => row.int(number.count),
            None if sequenced => row.int(0),
            None => row.null(),
        }
        row.int(self.journal);
        row.int(self.company);
        row.id(self.payment);
        row.id(self.bank_line);
        row.id(self.term);
        row.id(self.partner);
        row.id(if computed { self.commercial } else { 0 });
        row.id(if self.is_invoice() { self.partner } else { 0 });
        row.int(self.currency);
        row.id(self.reversed);
        row.id(if self.is_invoice() && computed { u32::from(self.stamp.creator) } else { 0 });
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        match numbered {
            Some(number) => row.plain(|out| number.write_prefix(out)),
            None => row.known_text(sequenced, ""),
        }
        match self.number {
            Some(number) => row.plain(|out| number.write(out)),
            None => row.known_text(computed, "/"),
        }
        row.label(self.reference, books);
        row.text(self.state.text());
        row.text(self.kind.text());
        match self.number {
            Some(number) if self.referenced => row.plain(|out| number.write(out)),
            _ => row.null(),
        }
        row.known_text(computed, self.settled.text());
        match books.partners.get(self.partner) {
            _ if !complete => row.null(),
            Some(partner) => row.text(&partner.name),
            None => row.text("#Created by: Accountant"),
        }
        row.label(self.origin, books);
        row.int(self.date);
        row.day(self.invoice_date);
        row.day(self.due.filter(|_| complete));
        row.day(self.delivered.filter(|_| complete));
        if self.is_invoice() {
            row.shortest(self.rate, 6);
        } else {
            row.text("0.0");
        }
        row.known_decimal(computed, self.untaxed);
        row.known_decimal(computed, self.tax);
        row.known_decimal(computed, self.total);
        row.known_decimal(computed, self.residual);
        row.known_decimal(computed, self.untaxed_signed);
        row.known_decimal(computed, self.kind.sign() * self.untaxed);
        row.known_decimal(computed, self.tax_signed);
        row.known_decimal(computed, self.total_signed);
        row.known_decimal(computed, self.kind.sign() * self.total);
        row.known_decimal(computed, self.residual_signed);
        row.known_bool(sequenced, false);
        row.known_bool(computed, !self.is_invoice());
        row.known_bool(self.checked, true);
        row.known_bool(self.posted_before, true);
        row.known_bool(complete, self.gap);
        row.known_bool(computed, self.modified);
        row.micros(self.stamp.created);
        row.micros(self.stamp.written);
    }
}

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Display {
    Product,
    Tax,
    Term,
    /// A heading: no account, no amount.
    Section,
}

/// How a line is matched with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    None,
    Partial(u32),
    Full(u32),
}

/// A line of a journal entry.
#[expect(clippy::struct_excessive_bools, reason = "they are columns of Odoo's")]
#[derive(Debug, Clone)]
pub(crate) struct MoveLine {
    pub(crate) entry: u32,
    pub(crate) account: u32,
    pub(crate) partner: u32,
    pub(crate) display: Display,
    pub(crate) sequence: u32,
    pub(crate) currency: u32,
    pub(crate) payment: u32,
    pub(crate) bank_line: u32,
    pub(crate) tax: u32,
    /// The tax applies to this line; the line is a taxed product.
    pub(crate) taxed: bool,
    pub(crate) full: u32,
    pub(crate) product: u32,
    /// The unit of the quantity, `0` for none.
    pub(crate) unit: u32,
    pub(crate) down_payment: bool,
    pub(crate) matching: Matching,
    pub(crate) state: State,
    /// The entry's number as far as it was copied here.
    pub(crate) number: Option<Number>,
    pub(crate) name: Label,
    pub(crate) reference: Label,
    /// False until the copied and computed columns are written.
    pub(crate) computed: bool,
    pub(crate) date: Day,
    pub(crate) invoice_date: Option<Day>,
    pub(crate) due: Option<Day>,
    pub(crate) balance: Cents,
    pub(crate) amount_currency: Cents,
    pub(crate) tax_base: Cents,
    pub(crate) residual: Cents,
    pub(crate) residual_currency: Cents,
    pub(crate) quantity: Quantity,
    pub(crate) price_unit: Cents,
    pub(crate) subtotal: Cents,
    pub(crate) total: Cents,
    pub(crate) reconciled: bool,
    pub(crate) order_line: u32,
    pub(crate) stamp: Stamp,
    /// The matches this line takes part in.
    pub(crate) matches: Vec<u32>,
}

impl MoveLine {
    /// A line with nothing computed yet.
    pub(crate) fn new(entry: u32, account: u32, of: &Move, display: Display) -> Self {
        Self {
            entry,
            account,
            partner: of.commercial,
            display,
            sequence: match display {
                Display::Product | Display::Section => 100,
                Display::Tax => 10_000,
                Display::Term => 12_000,
            },
            currency: of.currency,
            payment: 0,
            bank_line: 0,
            tax: 0,
            taxed: false,
            full: 0,
            product: 0,
            unit: 0,
            down_payment: false,
            matching: Matching::None,
            state: of.state,
            number: None,
            name: Label::Empty,
            reference: of.reference,
            computed: false,
            date: of.date,
            invoice_date: of.invoice_date,
            due: None,
            balance: 0,
            amount_currency: 0,
            tax_base: 0,
            residual: 0,
            residual_currency: 0,
            quantity: 0,
            price_unit: 0,
            subtotal: 0,
            total: 0,
            reconciled: false,
            order_line: 0,
            stamp: of.stamp,
            matches: Vec::new(),
        }
    }

    /// It counts in its partner's receivable balance once posted.
    pub(crate) fn is_receivable(&self) -> bool {
        accounting::is_receivable(self.account)
    }
}

impl Row for MoveLine {
    const TABLE: Table = Table::MoveLine;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, books: &Books) {
        let entry = &books.moves[self.entry];
        row.int(id);
        row.int(self.entry);
        row.int(entry.journal);
        row.int(entry.company);
        row.int(books.companies[entry.company].currency);
        row.int(self.sequence);
        row.id(self.account);
        row.int(self.currency);
        row.id(self.partner);
        row.id(self.payment);
        row.id(self.bank_line);
        let is_tax = self.display == Display::Tax;
        row.id(if is_tax { self.tax } else { 0 });
        row.id(if is_tax { self.tax.div_ceil(2) } else { 0 });
        row.id(if is_tax { self.tax * 4 - 2 } else { 0 });
        row.id(self.full);
        row.id(self.product);
        row.id(self.unit);
        row.int(self.stamp.creator);
        row.int(self.stamp.writer);
        match self.number {
            Some(number) => row.plain(|out| number.write(out)),
            None => row.known_text(self.computed, "/"),
        }
        row.known_text(self.computed, self.state.text());
        row.label(if self.computed { self.reference } else { Label::None }, books);
        row.label(self.name, books);
        match self.matching {
            Matching::None => row.null(),
            Matching::Partial(id) => row.plain(|out| {
                out.push(b'P');
                json::unsigned(out, u64::from(id));
            }),
            Matching::Full(id) => row.plain(|out| json::unsigned(out, u64::from(id))),
        }
        row.text(match self.display {
            Display::Product => "product",
            Display::Tax => "tax",
            Display::Term => "payment_term",
            Display::Section => "line_section",
        });
        row.day(self.computed.then_some(self.date));
        row.day(self.invoice_date.filter(|_| self.computed));
        row.day(self.due);
        row.decimal(self.balance.max(0));
        row.decimal((-self.balance).max(0));
        row.decimal(self.balance);
        row.decimal(self.amount_currency);
        row.known_decimal(is_tax, self.tax_base);
        row.known_decimal(self.computed, self.residual);
        row.known_decimal(self.computed, self.residual_currency);
        row.decimal(self.quantity);
        row.decimal(self.price_unit);
        row.known_decimal(self.computed, self.subtotal);
        row.known_decimal(self.computed, self.total);
        row.known_decimal(self.display == Display::Term, 0);
        row.known_decimal(self.display == Display::Term, 0);
        row.known_bool(self.computed, self.taxed || is_tax);
        row.known_bool(self.computed, self.reconciled);
        row.micros(self.stamp.created);
        row.micros(self.stamp.written);
        row.known_bool(self.order_line != 0, self.down_payment);
    }
}

/// A tax on a product line.
#[derive(Debug, Clone)]
pub(crate) struct MoveLineTax {
    pub(crate) line: u32,
    pub(crate) tax: u32,
}

impl Row for MoveLineTax {
    const TABLE: Table = Table::MoveLineTax;

    fn key(&self, _: u32) -> Key {
        Key::Pair(self.line, self.tax)
    }

    fn write(&self, _: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(self.line);
        row.int(self.tax);
    }
}
