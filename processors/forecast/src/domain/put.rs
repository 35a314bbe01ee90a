//! Puts what is expected of a document into its row and into the sums.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sqlx::types::Json;

use super::book::{Book, Share};
use super::expected::Expected;
use super::money::{major, minor};
use super::state::{GROUP, State};
use crate::store::{Component, Document, Kind};

/// What is expected of a document.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) kind: Kind,
    pub(super) id: i32,
    pub(super) company: i32,
    pub(super) component: Component,
    /// By the commercial partner.
    pub(super) partner: Option<i32>,
    pub(super) name: String,
    pub(super) currency: i32,
    pub(super) due: Option<NaiveDate>,
    /// How much may move, in the smallest unit of the company's currency.
    pub(super) amount: i64,
    /// By how much one payment deviates.
    pub(super) deviation: i64,
    pub(super) expected: Expected,
    pub(super) why: String,
    pub(super) problem: Option<String>,
}

/// Which evaluation a document is put for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evaluation {
    pub(super) number: i32,
    /// The first of a day looks at all documents, and what was expected before is what was expected on the day before.
    pub(super) is_first: bool,
}

impl State {
    /// What is expected of a document from now on; nothing of one that is not there any more.
    pub(super) fn put(&mut self, key: (Kind, i32), claim: Option<Claim>, evaluation: Evaluation) {
        let before = self.tables.documents.get(key).cloned();
        let mut after = claim.map(|claim| self.row(claim)).or_else(|| before.as_ref().map(gone));
        match (&before, &mut after) {
            (Some(before), Some(after)) => {
                let is_same = Document {
                    before: None,
                    day_before: Json(Expected::default()),
                    evaluation: 0,
                    ..before.clone()
                } == *after;
                if is_same && !evaluation.is_first {
                    return;
                }
                after.evaluation = evaluation.number;
                if evaluation.is_first {
                    after.day_before = before.expected.clone();
                } else {
                    after.day_before = before.day_before.clone();
                    after.before = Some(before.expected.clone());
                }
            }
            (None, Some(after)) => {
                after.evaluation = evaluation.number;
                let nothing = Json(Expected::nothing());
                after.before = (!evaluation.is_first).then(|| nothing.clone());
                after.day_before = nothing;
            }
            (_, None) => {}
        }
        // What is gone is told for a day.
        let is_over = |row: &Document| row.amount.is_zero() && row.problem.is_none();
        if evaluation.is_first
            && after.as_ref().is_some_and(|row| is_over(row) && row.day_before.is_nothing())
        {
            after = None;
        }
        let main = self.decimals(GROUP);
        if let Some(before) = before.as_ref().filter(|_| !evaluation.is_first) {
            book(&mut self.books, before, main, false);
        }
        if let Some(after) = &after {
            book(&mut self.books, after, main, true);
        }
        let of = &mut self.indexes.documents_of_partner;
        let place = |row: &Document| (row.partner_id.unwrap_or_default(), key.0, key.1);
        if let Some(before) = &before {
            of.remove(&place(before));
        }
        of.extend(after.as_ref().map(place));
        self.tables.documents.set(key, after);
    }

    fn row(&self, claim: Claim) -> Document {
        let decimals = self.decimals(claim.company);
        let mut problem = claim.problem;
        let amount = major(claim.amount, decimals);
        let group_amount = self.in_group(claim.company, claim.partner, amount).unwrap_or_else(|why| {
            problem.get_or_insert(why);
            0
        });
        Document {
            kind: claim.kind,
            id: claim.id,
            company_id: claim.company,
            component: claim.component,
            partner_id: claim.partner,
            name: claim.name,
            currency_id: claim.currency,
            due: claim.due,
            amount,
            group_amount: major(group_amount, self.decimals(GROUP)),
            deviation: major(claim.deviation, decimals),
            expected: Json(claim.expected),
            before: None,
            day_before: Json(Expected::default()),
            evaluation: 0,
            why: claim.why,
            problem,
        }
    }

    /// What an amount of a company is for the group: nothing where it is between two of its companies.
    fn in_group(
        &self,
        company: i32,
        partner: Option<i32>,
        amount: rust_decimal::Decimal,
    ) -> Result<i64, String> {
        let (Some(main), Some(from), Some(to)) =
            (self.main_company(), self.currency(company), self.currency(GROUP))
        else {
            return Ok(0);
        };
        if self.is_own(partner) {
            return Ok(0);
        }
        match &self.rates {
            Some(rates) => rates.convert(amount, main, from, to, &self.tables),
            None => Ok(0),
        }
    }
}

/// The row of a document that is gone.
fn gone(row: &Document) -> Document {
    let nothing = |amount: rust_decimal::Decimal| rust_decimal::Decimal::new(0, amount.scale());
    Document {
        amount: nothing(row.amount),
        group_amount: nothing(row.group_amount),
        deviation: nothing(row.deviation),
        expected: Json(Expected::nothing()),
        before: None,
        day_before: Json(Expected::default()),
        evaluation: 0,
        why: String::new(),
        problem: None,
        ..row.clone()
    }
}

/// Puts a document into the sums of its company and of the group, or takes it out. The group's figures have `main` decimals.
pub(super) fn book(books: &mut BTreeMap<i32, Book>, row: &Document, main: u32, is_in: bool) {
    let [amount, deviation] =
        [row.amount, row.deviation].map(|of| minor(of, row.decimals()).unwrap_or_default());
    if let Some(book) = books.get_mut(&row.company_id) {
        book.change(Share { component: row.component, amount, deviation, expected: &row.expected }, is_in);
    }
    let group_amount = minor(row.group_amount, main).unwrap_or_default();
    if group_amount == 0 {
        return;
    }
    let expected = row.expected.in_proportion(amount, group_amount, main);
    let deviation = if amount == 0 { 0 } else { scaled(deviation, group_amount, amount) };
    if let Some(book) = books.get_mut(&GROUP) {
        book.change(
            Share { component: row.component, amount: group_amount, deviation, expected: &expected },
            is_in,
        );
    }
}

fn scaled(value: i64, to: i64, whole: i64) -> i64 {
    let scaled = i128::from(value) * i128::from(to).abs() / i128::from(whole).abs().max(1);
    i64::try_from(scaled).unwrap_or(i64::MAX)
}
