//! Bank lines that nobody has matched yet: what they are of, as far as they say who paid or was paid.

use std::collections::BTreeSet;

use forecasting::calendar::{Day, day};

use super::cash::Role;
use super::state::State;
use crate::store::{Component, Item, Kind};

/// Days after which a payment that the bank has not confirmed is not expected any more.
pub(super) const STALE: Day = 90;
/// Amounts that differ by less than this part are of one payment: banks take fees, and rates change.
const ABOUT: i64 = 50;

/// What is not matched of a bank line, or a registered payment, in the smallest unit of its company's currency, with its sign.
#[derive(Clone, Copy)]
struct Moved {
    company: i32,
    amount: i64,
    day: Day,
}

/// What of a partner's payments is known by bank lines alone.
#[derive(Default)]
pub(super) struct Arrived {
    /// Registered payments that have a line: they are in the bank, and are not expected.
    pub(super) payments: BTreeSet<(Kind, i32)>,
    /// What the other lines have paid: in which company, of what, and how much.
    pub(super) on_account: Vec<(i32, Component, i64)>,
}

impl State {
    /// What is known by the bank lines of a partner and of all who belong to it. Each line is of the registered payment of its amount whose
    /// day is nearest, if there is one; else of one of about its amount.
    pub(super) fn arrived(&self, partners: &BTreeSet<i32>) -> Arrived {
        let lines = partners.iter().flat_map(|partner| self.indexes.lines_of_partner.members(*partner));
        let mut lines: Vec<(Moved, i32)> = lines.filter_map(|id| Some((self.open_line(id)?, id))).collect();
        let mut arrived = Arrived::default();
        if lines.is_empty() {
            return arrived;
        }
        lines.sort_unstable_by_key(|(line, id)| (line.day, *id));
        let mut registered = self.registered(partners);
        for about in [None, Some(ABOUT)] {
            lines.retain(|(line, _)| {
                let is_of = |moved: &Moved| {
                    let off = (moved.amount - line.amount).saturating_abs();
                    moved.company == line.company
                        && about.map_or(off == 0, |part| off <= line.amount.abs() / part)
                };
                let of_line = registered.iter().enumerate().filter(|(_, (moved, _))| is_of(moved));
                let nearest = of_line.min_by_key(|(_, (moved, key))| ((moved.day - line.day).abs(), *key));
                let Some((place, _)) = nearest else { return true };
                arrived.payments.insert(registered.swap_remove(place).1);
                false
            });
        }
        arrived.on_account.extend(lines.into_iter().map(|(line, _)| {
            let component = if line.amount < 0 { Component::Ap } else { Component::Ar };
            (line.company, component, line.amount.saturating_abs())
        }));
        arrived
    }

    /// What is not matched of a bank line that has moved; a part of it may be.
    fn open_line(&self, id: i32) -> Option<Moved> {
        let line = self.tables.lines.get(id)?;
        let items = self.indexes.items_of_entry.members(line.move_id);
        let items: Vec<&Item> = items.filter_map(|id| self.tables.items.get(id)).collect();
        let of_cash = items.iter().find(|item| self.role(item) == Role::Cash);
        let cash = of_cash.filter(|cash| cash.day <= self.day().unwrap_or_default())?;
        let company = self.tables.root(cash.company_id);
        let amount = |item: &Item| self.to_company(company, item.amount, self.currency_of(item)).ok();
        let moved = amount(cash)?;
        let matched = items.iter().filter(|item| match self.role(item) {
            Role::Cash => false,
            Role::Other => item.reconciled,
            _ => true,
        });
        let open = matched.filter_map(|item| amount(item)).fold(moved, i64::saturating_add);
        let is_open = open != 0 && (open < 0) == (moved < 0);
        is_open.then(|| Moved { company, amount: open, day: day(cash.day) })
    }

    /// The registered payments of a partner that the bank has not confirmed.
    fn registered(&self, partners: &BTreeSet<i32>) -> Vec<(Moved, (Kind, i32))> {
        let items = partners.iter().flat_map(|partner| self.indexes.open_of_partner.members(*partner));
        let items = items.filter_map(|id| self.tables.items.get(id));
        let waiting = items.filter(|item| self.role(item) == Role::UnderWay && !self.is_transfer(item));
        let waiting = waiting.filter_map(|item| {
            let company = self.tables.root(item.company_id);
            let amount = self.to_company(company, item.residual, self.currency_of(item)).ok()?;
            Some((Moved { company, amount, day: day(item.day) }, (Kind::UnderWay, item.id)))
        });
        let payments = partners.iter().flat_map(|partner| self.indexes.payments_of_partner.members(*partner));
        let without_entry = payments.filter_map(|id| self.tables.payments.get(id)).filter_map(|payment| {
            let company = self.company_of(payment.company_id)?;
            let amount = self.to_company(company, payment.amount, payment.currency_id).ok()?;
            Some((Moved { company, amount, day: day(payment.day) }, (Kind::Payment, payment.id)))
        });
        let oldest = self.day().map_or(Day::MIN, |today| day(today) - STALE);
        waiting.chain(without_entry).filter(|(moved, _)| moved.day >= oldest).collect()
    }
}
