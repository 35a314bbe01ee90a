//! Texts that Odoo derives from numbers, stored as the numbers.

use crate::books::Books;
use crate::wire::json;
use crate::wire::layout::RowWriter;

/// The series a document number belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Series {
    Invoice,
    Refund,
    Bill,
    Bank,
    Payment,
    Exchange,
    General,
}

impl Series {
    pub(crate) const COUNT: usize = 7;

    fn code(self) -> &'static str {
        match self {
            Self::Invoice => "INV",
            Self::Refund => "RINV",
            Self::Bill => "BILL",
            Self::Bank => "BNK1",
            Self::Payment => "PBNK1",
            Self::Exchange => "EXCH",
            Self::General => "MISC",
        }
    }

    /// Purchase and general journals start again each month, the others each year.
    pub(crate) fn monthly(self) -> bool {
        matches!(self, Self::Bill | Self::Exchange | Self::General)
    }
}

/// A document number such as `INV/2026/00042`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) series: Series,
    pub(crate) year: u16,
    pub(crate) month: u8,
    /// The running number.
    pub(crate) count: u32,
}

impl Number {
    /// The part before the running number.
    pub(crate) fn write_prefix(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.series.code().as_bytes());
        out.push(b'/');
        json::unsigned(out, u64::from(self.year));
        out.push(b'/');
        if self.series.monthly() {
            json::padded(out, u64::from(self.month), 2);
            out.push(b'/');
        }
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        self.write_prefix(out);
        json::padded(out, u64::from(self.count), if self.series.monthly() { 4 } else { 5 });
    }
}

/// The text of a name, reference or label column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Label {
    /// NULL.
    #[default]
    None,
    /// An empty text.
    Empty,
    /// The name of a document that has no number yet.
    Slash,
    /// A fixed word.
    Word(&'static str),
    Number(Number),
    /// A customer's purchase order.
    CustomerOrder(u32),
    /// The label of a receivable line: the customer's order and our number.
    OrderAndNumber(u32, Number),
    /// A sales order's name.
    SaleOrder(u32),
    /// The names of two orders that are invoiced together.
    SaleOrders(u32, u32),
    /// A down payment by the invoice it was asked with.
    DownPayment(Number),
    /// What is asked before the rest, in percent.
    Percent(u32),
    /// A payment that has no entry to take its name from.
    Payment(u32),
    /// A receipt of the till.
    Receipt(u32),
    WriteOff(Number),
    /// A delivery's name.
    Delivery(u32),
    /// A product's name with its code.
    Product(u32),
    Reversal(Number),
    ManualPayment(Number),
    /// A payment that names no document.
    Advance(u32),
    /// A vendor's own number.
    Supplier(u32),
    /// The instalment of a payment term.
    Instalment(Number, u8),
}

impl Label {
    /// The text itself; nothing for NULL.
    pub(crate) fn write(self, out: &mut Vec<u8>, books: &Books) {
        match self {
            Self::None | Self::Empty => {}
            Self::Slash => out.push(b'/'),
            Self::Word(word) => out.extend_from_slice(word.as_bytes()),
            Self::Number(number) => number.write(out),
            Self::CustomerOrder(order) => {
                out.extend_from_slice(b"PO-");
                json::unsigned(out, u64::from(order));
            }
            Self::OrderAndNumber(order, number) => {
                Self::CustomerOrder(order).write(out, books);
                out.extend_from_slice(b" - ");
                number.write(out);
            }
            Self::SaleOrder(order) => {
                out.push(b'S');
                json::padded(out, u64::from(order), 5);
            }
            Self::SaleOrders(first, second) => {
                Self::SaleOrder(first).write(out, books);
                out.extend_from_slice(b", ");
                Self::SaleOrder(second).write(out, books);
            }
            Self::DownPayment(number) => {
                out.extend_from_slice(b"Down Payment (ref: ");
                number.write(out);
                out.push(b')');
            }
            Self::Percent(percent) => {
                out.extend_from_slice(b"Down payment of ");
                json::unsigned(out, u64::from(percent));
                out.push(b'%');
            }
            Self::Payment(count) => {
                out.extend_from_slice(b"PAY");
                json::padded(out, u64::from(count), 5);
            }
            Self::Receipt(count) => {
                out.extend_from_slice(b"Till/");
                json::padded(out, u64::from(count), 5);
            }
            Self::WriteOff(number) => {
                out.extend_from_slice(b"Write-off of ");
                number.write(out);
            }
            Self::Delivery(picking) => {
                out.extend_from_slice(b"WH/OUT/");
                json::padded(out, u64::from(picking), 5);
            }
            Self::Product(product) => {
                let product = &books.templates[product];
                out.push(b'[');
                product.write_code(out);
                out.extend_from_slice(b"] ");
                out.extend_from_slice(product.name.as_bytes());
            }
            Self::Reversal(number) => {
                out.extend_from_slice(b"Reversal of: ");
                number.write(out);
            }
            Self::ManualPayment(number) => {
                out.extend_from_slice(b"Manual Payment: ");
                number.write(out);
            }
            Self::Advance(number) => {
                out.extend_from_slice(b"Advance ");
                json::unsigned(out, u64::from(number));
            }
            Self::Supplier(number) => {
                out.extend_from_slice(b"SUP-");
                json::unsigned(out, u64::from(number));
            }
            Self::Instalment(number, instalment) => {
                number.write(out);
                out.extend_from_slice(b" installment #");
                json::unsigned(out, u64::from(instalment));
            }
        }
    }
}

impl RowWriter<'_> {
    pub(crate) fn label(&mut self, label: Label, books: &Books) {
        if label == Label::None {
            self.null();
        } else {
            self.plain(|out| label.write(out, books));
        }
    }
}
