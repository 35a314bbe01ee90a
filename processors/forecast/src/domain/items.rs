//! What customers owe and what is owed to others: each open item after the credits of its partner.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use forecasting::calendar::{Day, date, day};
use forecasting::receivables::{Invoice, Rule};

use super::cash::Role;
use super::expected::Expected;
use super::lessons::Lessons;
use super::money::{major, rounded, to_f64};
use super::put::Claim;
use super::state::State;
use crate::store::{Component, Item, Kind, PromiseKind};

/// An item is not due earlier than so many days before it was issued, …
const EARLIEST: Day = 366;
/// … or later than so many days after: whoever has entered another day was mistaken.
const LATEST: Day = 3_653;

/// What is open between a company and a partner in one direction.
#[derive(Default)]
struct Account<'s> {
    owed: Vec<Owed<'s>>,
    /// Credits, payments on account, and bank lines that are not matched: they are taken off what is due first.
    credit: i64,
}

struct Owed<'s> {
    item: &'s Item,
    amount: i64,
}

/// What is expected of what is open with a commercial partner.
#[derive(Default)]
pub(super) struct Owing {
    /// Of each item.
    pub(super) claims: Vec<Claim>,
    /// Items of which the same is expected as was.
    pub(super) unchanged: Vec<i32>,
    /// What was paid in advance, by company and direction: it is taken off what is ordered.
    pub(super) in_advance: Vec<((i32, Component), i64)>,
    /// Registered payments that are in the bank, by lines that nobody has matched with them.
    pub(super) arrived: BTreeSet<(Kind, i32)>,
}

impl State {
    /// What is expected of all open items of a commercial partner; those of nobody have the number 0. Where `touched` names those that
    /// have changed since the last evaluation of the day, the numbers of the others of which as much is open as was are answered alone.
    pub(super) fn items_of(&self, commercial: i32, touched: Option<&BTreeSet<(Kind, i32)>>) -> Owing {
        let Owing { mut claims, mut unchanged, mut in_advance, mut arrived } = Owing::default();
        let mut accounts: BTreeMap<(i32, Component), Account<'_>> = BTreeMap::new();
        let partners = self.partners(commercial);
        let items = partners.iter().flat_map(|partner| self.indexes.open_of_partner.members(*partner));
        for item in items.filter_map(|id| self.tables.items.get(id)) {
            let component = match self.role(item) {
                Role::Receivable => Component::Ar,
                Role::Payable => Component::Ap,
                _ => continue,
            };
            let company = self.tables.root(item.company_id);
            let signed = if component == Component::Ar { item.residual } else { -item.residual };
            match self.to_company(company, signed, self.currency_of(item)) {
                Err(why) => claims.push(self.unusable(item, component, commercial, why)),
                Ok(amount) if amount < 0 => {
                    let account = accounts.entry((company, component)).or_default();
                    account.credit = account.credit.saturating_sub(amount);
                }
                Ok(amount) => {
                    accounts.entry((company, component)).or_default().owed.push(Owed { item, amount });
                }
            }
        }
        if commercial != 0 {
            let by_lines = self.arrived(&partners);
            arrived = by_lines.payments;
            for (company, component, amount) in
                self.payments_of(&partners).into_iter().chain(by_lines.on_account)
            {
                let account = accounts.entry((company, component)).or_default();
                account.credit = account.credit.saturating_add(amount);
            }
        }
        for ((company, component), mut account) in accounts {
            account.owed.sort_unstable_by_key(|owed| (owed.item.due.unwrap_or(owed.item.day), owed.item.id));
            let mut credit = if commercial == 0 { 0 } else { account.credit };
            for Owed { item, amount } in account.owed {
                let credited = credit.min(amount);
                credit -= credited;
                let left = amount - credited;
                if touched.is_some_and(|touched| self.is_unchanged(item, commercial, left, touched)) {
                    unchanged.push(item.id);
                } else if left > 0 {
                    claims.extend(self.item(item, component, commercial, left, credited > 0));
                }
            }
            if credit > 0 {
                in_advance.push(((company, component), credit));
            }
        }
        Owing { claims, unchanged, in_advance, arrived }
    }

    /// Whether all that an item's expectation rests on is as it was when its row was made today.
    fn is_unchanged(&self, item: &Item, commercial: i32, left: i64, touched: &BTreeSet<(Kind, i32)>) -> bool {
        let key = (Kind::Item, item.id);
        let row = self.tables.documents.get(key).filter(|_| !touched.contains(&key));
        row.is_some_and(|row| {
            row.amount == major(left, row.decimals())
                && row.partner_id.unwrap_or_default() == commercial
                && row.problem.is_none()
        })
    }

    /// A commercial partner and all who belong to it.
    pub(super) fn partners(&self, commercial: i32) -> BTreeSet<i32> {
        // One that is not known is its own; one that belongs to another counts with that.
        let itself = Some(commercial).filter(|own| *own == 0 || self.tables.commercial(*own) == *own);
        self.indexes.partners_of_commercial.members(commercial).chain(itself).collect()
    }

    /// What registered payments without an entry will settle.
    fn payments_of(&self, partners: &BTreeSet<i32>) -> Vec<(i32, Component, i64)> {
        let payments = partners.iter().flat_map(|partner| self.indexes.payments_of_partner.members(*partner));
        let payments = payments.filter_map(|id| self.tables.payments.get(id)).filter_map(|payment| {
            let company = self.company_of(payment.company_id)?;
            let (component, amount) = if payment.of_supplier {
                (Component::Ap, -payment.amount)
            } else {
                (Component::Ar, payment.amount)
            };
            let amount = self.to_company(company, amount, payment.currency_id).ok()?;
            Some((company, component, amount))
        });
        payments.collect()
    }

    /// An amount in the currency of a company, at today's rate.
    pub(super) fn to_company(
        &self,
        company: i32,
        amount: rust_decimal::Decimal,
        currency: Option<i32>,
    ) -> Result<i64, String> {
        let (Some(own), Some(rates)) = (self.currency(company), &self.rates) else {
            return Err(format!("company {company} is not known: its row in `res_company` has not come"));
        };
        rates.convert(amount, company, currency.unwrap_or(own), own, &self.tables)
    }

    /// An item of which nothing can be said.
    fn unusable(&self, item: &Item, component: Component, commercial: i32, why: String) -> Claim {
        let company = self.tables.root(item.company_id);
        Claim {
            kind: Kind::Item,
            id: item.id,
            company,
            component,
            partner: Some(commercial).filter(|partner| *partner != 0),
            name: name_of(item),
            currency: self.currency_of(item).unwrap_or_default(),
            due: item.due,
            amount: 0,
            deviation: 0,
            expected: Expected::nothing(),
            why: String::new(),
            problem: Some(why),
        }
    }

    fn item(
        &self,
        item: &Item,
        component: Component,
        commercial: i32,
        amount: i64,
        is_credited: bool,
    ) -> Option<Claim> {
        let company = self.tables.root(item.company_id);
        let lessons = self.lessons.as_ref()?.get(&company)?;
        let claim = self.unusable(item, component, commercial, String::new());
        let issued = self.tables.entries.get(item.move_id).map_or(item.day, |entry| entry.day);
        let due = item.due.unwrap_or(item.day);
        if !(day(issued) - EARLIEST..=day(issued) + LATEST).contains(&day(due)) {
            let problem = format!("no usable date: it is due on {due}; correct the due date in Odoo");
            return Some(Claim { amount, problem: Some(problem), ..claim });
        }
        let open =
            Open { item, issued: day(issued), due: day(due), amount, partner: claim.partner, is_credited };
        let (expected, why) = self.item_expected(&open, component, lessons, self.decimals(company));
        Some(Claim { amount, expected, why, problem: None, due: Some(due), ..claim })
    }

    /// When an item is paid, and what that rests on.
    fn item_expected(
        &self,
        open: &Open<'_>,
        component: Component,
        lessons: &Lessons,
        decimals: u32,
    ) -> (Expected, String) {
        let today = self.day().unwrap_or_default();
        let said = self.tables.promises.get(open.item.id).filter(|said| said.on_date > today);
        let mut due = open.due;
        if let Some(said) = said {
            if said.kind == PromiseKind::Promise {
                return (
                    at_once(open, said.on_date, lessons, decimals),
                    format!("promised, says {}", said.person),
                );
            }
            due = day(said.on_date);
        } else if let Some(promised) = open.item.promised.filter(|promised| *promised > today) {
            return (at_once(open, promised, lessons, decimals), "promised, says Odoo".into());
        }
        let forecaster = if component == Component::Ar { &lessons.receivables } else { &lessons.payables };
        let days = self.grid().targets();
        let amount = to_f64(open.amount) / 10_f64.powi(decimals.cast_signed());
        let invoice = |due: Day| Invoice {
            customer: open.partner.unwrap_or_default(),
            issued: open.issued,
            due,
            amount,
            paid: None,
        };
        let spread = |amount: i64, due: Day| {
            Expected::spread(amount, decimals, &days, &forecaster.open_after(&invoice(due), days))
        };
        if let Some((until, share)) = discount(open, today) {
            let likely = lessons.takes_discount(component, open.partner);
            let taken = spread(rounded(to_f64(open.amount) * share * likely), day(until));
            let full = spread(rounded(to_f64(open.amount) * (1.0 - likely)), due);
            let parts = taken.parts().iter().chain(full.parts()).copied();
            return (
                Expected::of(decimals, parts),
                format!("the discount until {until} is taken {:.0} times of 100", likely * 100.0),
            );
        }
        let why = match said {
            Some(said) => format!("disputed until {}, says {}", said.on_date, said.person),
            None => match forecaster.rule(open.partner.unwrap_or_default()) {
                Rule::Any => "as others were paid that were as old".into(),
                rule => format!("paid {}", rule.words()),
            },
        };
        (spread(open.amount, due), why)
    }
}

/// An open item with what counts of it.
struct Open<'s> {
    item: &'s Item,
    issued: Day,
    due: Day,
    amount: i64,
    partner: Option<i32>,
    is_credited: bool,
}

/// The last day of a discount that can still be taken, and which share is paid then.
fn discount(open: &Open<'_>, today: NaiveDate) -> Option<(NaiveDate, f64)> {
    let until = open.item.discount_day.filter(|until| *until > today)?;
    let discounted =
        open.item.discounted.filter(|_| !open.is_credited && open.item.residual == open.item.amount)?;
    let share = discounted.checked_div(open.item.amount)?;
    let share = rust_decimal::prelude::ToPrimitive::to_f64(&share)?;
    (0.5..1.0).contains(&share).then_some((until, share))
}

/// All of it on the first business day on a day or after it.
fn at_once(open: &Open<'_>, on: NaiveDate, lessons: &Lessons, decimals: u32) -> Expected {
    Expected::of(decimals, [(lessons.next_business(day(on)), open.amount)])
}

/// What people call an item.
pub(super) fn name_of(item: &Item) -> String {
    item.number
        .clone()
        .or_else(|| item.label.clone())
        .unwrap_or_else(|| format!("item {} of {}", item.id, date(day(item.day))))
}
