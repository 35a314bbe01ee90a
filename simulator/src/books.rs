//! The simulated company's own database: the current image of every row.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use crate::money::{PAR, Rate};
use crate::tables::accounting::{Account, AccountCompany, Journal, PaymentTerm, PaymentTermLine, Tax};
use crate::tables::bank::BankLine;
use crate::tables::company::{self, Company, Currency, CurrencyRate, ModelField};
use crate::tables::invoice::{Move, MoveLine, MoveLineTax};
use crate::tables::mail::{Message, Tracking};
use crate::tables::partner::{MergeWizard, Partner};
use crate::tables::payment::{FullReconcile, MovePayment, PartialReconcile, Payment};
use crate::tables::product::{Product, Template, UnitOfMeasure};
use crate::tables::sale::{Order, OrderLine, OrderLineInvoice};
use crate::tables::stock::{Picking, StockMove};
use crate::tables::till::{PosLine, PosOrder};
use crate::tables::{Row, Stamp, Table};
use crate::wire::envelope::AnyRow;

/// A table's rows by id, which count from 1. Ids of deleted rows are not used again.
#[derive(Debug)]
pub(crate) struct Rows<T> {
    images: Vec<T>,
    deleted: Vec<bool>,
    alive: usize,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { images: Vec::new(), deleted: Vec::new(), alive: 0 }
    }
}

impl<T> Rows<T> {
    pub(crate) fn add(&mut self, row: T) -> u32 {
        self.images.push(row);
        self.deleted.push(false);
        self.alive += 1;
        self.last()
    }

    /// The newest id; `0` when there is none.
    pub(crate) fn last(&self) -> u32 {
        u32::try_from(self.images.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn remove(&mut self, id: u32) {
        let at = id as usize - 1;
        if !std::mem::replace(&mut self.deleted[at], true) {
            self.alive -= 1;
        }
    }

    /// The row, unless it was deleted or never was.
    pub(crate) fn get(&self, id: u32) -> Option<&T> {
        let at = (id as usize).checked_sub(1)?;
        if *self.deleted.get(at)? { None } else { self.images.get(at) }
    }

    /// The ids of rows whose key lies in a range, in a table whose keys only grow.
    pub(crate) fn sorted_range(&self, first: u32, last: u32, key: impl Fn(&T) -> u32) -> Vec<u32> {
        let from = self.images.partition_point(|row| key(row) < first);
        let rows = self.images[from..].iter().take_while(|row| key(row) <= last);
        let ids = rows.zip(from..).filter(|(_, at)| !self.deleted[*at]);
        ids.filter_map(|(_, at)| u32::try_from(at + 1).ok()).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (1..).zip(&self.images).zip(&self.deleted).filter(|(_, deleted)| !**deleted).map(|(row, _)| row)
    }
}

impl<T> Index<u32> for Rows<T> {
    type Output = T;

    fn index(&self, id: u32) -> &T {
        &self.images[id as usize - 1]
    }
}

impl<T> IndexMut<u32> for Rows<T> {
    fn index_mut(&mut self, id: u32) -> &mut T {
        &mut self.images[id as usize - 1]
    }
}

/// A row of the books.
pub(crate) trait Stored: Row + Sized {
    fn rows_mut(books: &mut Books) -> &mut Rows<Self>;
    fn rows(books: &Books) -> &Rows<Self>;
    /// The columns every write touches; relation rows have none.
    fn stamp(&mut self) -> Option<&mut Stamp>;
}

macro_rules! books {
    ($($field:ident $row:ident $($stamp:ident)?;)*) => {
        /// All tables.
        #[derive(Debug, Default)]
        pub(crate) struct Books {
            $(pub(crate) $field: Rows<$row>,)*
            /// The ids of the companies that are not branches.
            pub(crate) root_companies: Vec<u32>,
            /// Today's rates by root company and currency.
            pub(crate) rates: Vec<Vec<Rate>>,
            /// Companies that buy.
            pub(crate) customers: Vec<u32>,
            /// Companies that sell to us.
            pub(crate) vendors: Vec<u32>,
            /// People at customers.
            pub(crate) contacts: Vec<u32>,
            /// Customers entered twice: the second card and the first.
            pub(crate) duplicates: Vec<(u32, u32)>,
            /// Receivable lines in a partner's favour that may still be used.
            pub(crate) credits: BTreeMap<u32, Vec<u32>>,
        }

        $(impl Stored for $row {
            fn rows_mut(books: &mut Books) -> &mut Rows<Self> {
                &mut books.$field
            }

            fn rows(books: &Books) -> &Rows<Self> {
                &books.$field
            }

            fn stamp(&mut self) -> Option<&mut Stamp> {
                books!(@stamp self $($stamp)?)
            }
        })*

        impl Books {
            /// Visits the current rows of one table by id.
            pub(crate) fn each_row(&self, table: Table, visit: &mut dyn FnMut(&Self, &dyn AnyRow)) {
                $(if $row::TABLE == table {
                    for row in self.$field.iter() {
                        visit(self, &row);
                    }
                })*
            }

            /// How many rows a snapshot has.
            pub(crate) fn count_rows(&self) -> usize {
                0 $(+ self.$field.alive)*
            }
        }
    };
    (@stamp $self:ident) => { None };
    (@stamp $self:ident $stamp:ident) => { Some(&mut $self.$stamp) };
}

type DefaultValue = company::Default;

books! {
    accounts Account;
    account_companies AccountCompany;
    bank_lines BankLine stamp;
    fulls FullReconcile stamp;
    journals Journal;
    moves Move stamp;
    move_payments MovePayment;
    lines MoveLine stamp;
    line_taxes MoveLineTax;
    partials PartialReconcile stamp;
    payments Payment stamp;
    terms PaymentTerm;
    term_lines PaymentTermLine;
    taxes Tax;
    merges MergeWizard;
    defaults DefaultValue;
    model_fields ModelField;
    messages Message;
    trackings Tracking;
    pos_orders PosOrder stamp;
    pos_lines PosLine stamp;
    products Product stamp;
    templates Template stamp;
    companies Company;
    currencies Currency;
    currency_rates CurrencyRate;
    partners Partner stamp;
    orders Order stamp;
    order_lines OrderLine stamp;
    order_line_invoices OrderLineInvoice;
    stock_moves StockMove stamp;
    pickings Picking stamp;
    units UnitOfMeasure;
}

impl Books {
    /// Which root company a company belongs to, counted from 0.
    pub(crate) fn root(&self, company: u32) -> u32 {
        self.companies[company].root
    }

    /// The id of a company's root company.
    pub(crate) fn root_company(&self, company: u32) -> u32 {
        self.root_companies.get(self.root(company) as usize).copied().unwrap_or(company)
    }

    /// Today's rate of a currency in a company.
    pub(crate) fn rate(&self, company: u32, currency: u32) -> Rate {
        self.rates
            .get(self.root(company) as usize)
            .and_then(|rates| rates.get(currency as usize))
            .copied()
            .unwrap_or(PAR)
    }
}
