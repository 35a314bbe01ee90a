//! What must be true of the feed so far, from the simulator's own books.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::books::Books;
use crate::money::Cents;
use crate::tables::company::currency_code;
use crate::tables::invoice::{Kind, State};
use crate::wire::json;

/// The expected state after all records emitted so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Commit time of the last transaction in milliseconds.
    pub as_of_ms: i64,
    /// Number of snapshot and transaction records emitted so far, markers and tombstones included.
    pub records: u64,
    /// Number of committed transactions emitted so far.
    pub transactions: u64,
    /// One entry for each root company and commercial partner with a posted receivable line,
    /// ordered by company and partner.
    pub partners: Vec<PartnerTruth>,
}

/// What one customer owes one company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartnerTruth {
    /// The root company; what customers owe its branches counts here.
    pub company_id: u32,
    /// The commercial partner.
    pub partner_id: u32,
    /// The partner's name.
    pub name: String,
    /// The company's currency.
    pub currency: String,
    /// Sum of the residuals of posted receivable lines in the company's currency: Odoo's `credit`.
    pub receivable: String,
    /// Posted receivable lines that are not reconciled.
    pub open_lines: u32,
    /// Posted customer invoices, credit notes not counted.
    pub posted_invoices: u32,
    /// Posted credit notes.
    pub posted_refunds: u32,
}

#[derive(Default)]
struct Sum {
    receivable: Cents,
    open_lines: u32,
    invoices: u32,
    refunds: u32,
}

/// The partners' balances in order of company and partner.
pub(crate) fn partners(books: &Books) -> Vec<PartnerTruth> {
    let mut sums: BTreeMap<(u32, u32), Sum> = BTreeMap::new();
    for (_, line) in books.lines.iter() {
        if line.state != State::Posted || !line.is_receivable() || line.partner == 0 {
            continue;
        }
        let company = books.root_company(books.moves[line.entry].company);
        let sum = sums.entry((company, line.partner)).or_default();
        sum.receivable += line.residual;
        sum.open_lines += u32::from(!line.reconciled);
    }
    for (_, entry) in books.moves.iter() {
        if entry.state != State::Posted {
            continue;
        }
        let company = books.root_company(entry.company);
        let sum = sums.entry((company, entry.commercial));
        match entry.kind {
            Kind::Invoice => sum.or_default().invoices += 1,
            Kind::Refund => sum.or_default().refunds += 1,
            Kind::Entry | Kind::Bill => {}
        }
    }
    sums.into_iter()
        .map(|((company_id, partner_id), sum)| PartnerTruth {
            company_id,
            partner_id,
            name: books.partners[partner_id].name.to_string(),
            currency: currency_code(books.companies[company_id].currency).to_owned(),
            receivable: decimal(sum.receivable),
            open_lines: sum.open_lines,
            posted_invoices: sum.invoices,
            posted_refunds: sum.refunds,
        })
        .collect()
}

fn decimal(value: Cents) -> String {
    let mut out = Vec::new();
    json::hundredths(&mut out, value);
    String::from_utf8(out).unwrap_or_default()
}
