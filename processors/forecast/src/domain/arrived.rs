//! Bank lines that nobody has matched yet: what they are of, as far as they say who paid or was paid.

use std::collections::{BTreeMap, BTreeSet};

use super::cash::Role;
use super::state::State;
use crate::store::{Component, Item, Kind};

/// What is not matched of a bank line, in the smallest unit of its company's currency, with its sign.
struct OpenLine {
    company: i32,
    amount: i64,
}

/// What of a partner's payments is known by bank lines alone.
#[derive(Default)]
pub(super) struct Arrived {
    /// Registered payments that have a line of their amount: they are in the bank, and are not expected.
    pub(super) payments: BTreeSet<(Kind, i32)>,
    /// What the other lines have paid: in which company, of what, and how much.
    pub(super) on_account: Vec<(i32, Component, i64)>,
}

impl State {
    /// What is known by the bank lines of a partner and of all who belong to it.
    pub(super) fn arrived(&self, partners: &BTreeSet<i32>) -> Arrived {
        let lines = partners.iter().flat_map(|partner| self.indexes.lines_of_partner.members(*partner));
        let lines: Vec<OpenLine> = lines.filter_map(|id| self.open_line(id)).collect();
        let mut arrived = Arrived::default();
        if lines.is_empty() {
            return arrived;
        }
        // Those of one company and amount, the oldest first.
        let mut registered: BTreeMap<(i32, i64), Vec<(Kind, i32)>> = BTreeMap::new();
        for (company, amount, payment) in self.registered(partners) {
            registered.entry((company, amount)).or_default().push(payment);
        }
        for payments in registered.values_mut() {
            payments.sort_unstable_by(|a, b| b.cmp(a));
        }
        for OpenLine { company, amount } in lines {
            let payment = registered.get_mut(&(company, amount)).and_then(Vec::pop);
            arrived.payments.extend(payment);
            // What a payment with an entry settles is settled by it already.
            if payment.is_none_or(|(kind, _)| kind == Kind::Payment) {
                let component = if amount < 0 { Component::Ap } else { Component::Ar };
                arrived.on_account.push((company, component, amount.saturating_abs()));
            }
        }
        arrived
    }

    /// What is not matched of a bank line that has moved; a part of it may be.
    fn open_line(&self, id: i32) -> Option<OpenLine> {
        let line = self.tables.lines.get(id)?;
        let items = self.indexes.items_of_entry.members(line.move_id);
        let items: Vec<&Item> = items.filter_map(|id| self.tables.items.get(id)).collect();
        let of_cash = items.iter().find(|item| self.role(item) == Role::Cash);
        let cash = of_cash.filter(|cash| cash.day <= self.day().unwrap_or_default())?;
        let matched = items.iter().filter(|item| !matches!(self.role(item), Role::Cash | Role::Other));
        let open = matched.fold(cash.amount, |open, item| open.saturating_add(item.amount));
        if open.is_zero() || open.is_sign_negative() != cash.amount.is_sign_negative() {
            return None;
        }
        let company = self.tables.root(cash.company_id);
        let amount = self.to_company(company, open, self.currency_of(cash)).ok()?;
        Some(OpenLine { company, amount })
    }

    /// The registered payments of a partner that the bank has not confirmed, with company and amount.
    fn registered(&self, partners: &BTreeSet<i32>) -> Vec<(i32, i64, (Kind, i32))> {
        let items = partners.iter().flat_map(|partner| self.indexes.open_of_partner.members(*partner));
        let items = items.filter_map(|id| self.tables.items.get(id));
        let waiting = items.filter(|item| self.role(item) == Role::UnderWay && !self.is_transfer(item));
        let waiting = waiting.filter_map(|item| {
            let company = self.tables.root(item.company_id);
            let amount = self.to_company(company, item.residual, self.currency_of(item)).ok()?;
            Some((company, amount, (Kind::UnderWay, item.id)))
        });
        let payments = partners.iter().flat_map(|partner| self.indexes.payments_of_partner.members(*partner));
        let without_entry = payments.filter_map(|id| self.tables.payments.get(id)).filter_map(|payment| {
            let company = self.company_of(payment.company_id)?;
            let amount = self.to_company(company, payment.amount, payment.currency_id).ok()?;
            Some((company, amount, (Kind::Payment, payment.id)))
        });
        waiting.chain(without_entry).collect()
    }

    /// Whether a registered payment of somebody is in the bank by a line that nobody has matched with it.
    pub(super) fn has_arrived(&self, partner: Option<i32>, payment: (Kind, i32)) -> bool {
        partner.is_some_and(|partner| self.arrived(&self.partners(partner)).payments.contains(&payment))
    }
}
