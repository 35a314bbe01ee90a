//! What there is: the items of banks and tills, and of what is between two of them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use forecasting::calendar::{Day, day};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::state::{GROUP, State};
use crate::store::Item;

/// Amounts in two currencies that differ by less than this part are the same money.
const SPREAD: i64 = 20;

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A bank or a till.
    Cash,
    /// Money between two of them.
    Transfer,
    /// What customers owe.
    Receivable,
    /// What is owed to others.
    Payable,
    /// A registered payment that the bank has not confirmed.
    UnderWay,
    /// Anything else.
    Other,
}

/// An item of cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Placed {
    company: i32,
    currency: i32,
    day: Day,
    amount: Decimal,
}

/// What there is in each company and currency, by day.
#[derive(Debug, Default)]
pub(super) struct Cash {
    items: FxHashMap<i32, Placed>,
    sums: BTreeMap<(i32, i32), BTreeMap<Day, Decimal>>,
}

impl Cash {
    fn set(&mut self, item: i32, placed: Option<Placed>) {
        let before = match placed {
            Some(placed) => self.items.insert(item, placed),
            None => self.items.remove(&item),
        };
        for (of, is_in) in before.map(|of| (of, false)).into_iter().chain(placed.map(|of| (of, true))) {
            let days = self.sums.entry((of.company, of.currency)).or_default();
            let sum = days.entry(of.day).or_default();
            *sum = sum.saturating_add(if is_in { of.amount } else { -of.amount });
            if sum.is_zero() {
                days.remove(&of.day);
            }
        }
    }

    /// What a company had at the end of a day, by currency.
    fn until(&self, company: i32, until: Day) -> impl Iterator<Item = (i32, Decimal)> + '_ {
        let all = self.sums.range((company, i32::MIN)..=(company, i32::MAX));
        all.map(move |((_, currency), days)| {
            (
                *currency,
                days.range(..=until).fold(Decimal::ZERO, |sum, (_, amount)| sum.saturating_add(*amount)),
            )
        })
    }
}

impl State {
    /// What the account of an item is for.
    pub(super) fn role(&self, item: &Item) -> Role {
        let Some(account) = item.account_id.and_then(|id| self.tables.accounts.get(id)) else {
            return Role::Other;
        };
        let transfer = [Some(item.company_id), Some(self.tables.root(item.company_id))]
            .into_iter()
            .flatten()
            .filter_map(|company| self.tables.companies.get(company)?.transfer_account_id)
            .any(|transfer| transfer == account.id);
        match account.account_type.as_str() {
            "asset_cash" => Role::Cash,
            _ if transfer => Role::Transfer,
            "asset_receivable" => Role::Receivable,
            "liability_payable" => Role::Payable,
            _ if item.of_payment && account.reconcile => Role::UnderWay,
            _ => Role::Other,
        }
    }

    /// The other items of an item's entry, as far as they are known, with what their accounts are for.
    pub(super) fn beside<'s>(&'s self, item: &'s Item) -> impl Iterator<Item = (Role, &'s Item)> + 's {
        let all = self.indexes.items_of_entry.members(item.move_id).filter(|id| *id != item.id);
        all.filter_map(|id| self.tables.items.get(id)).map(|other| (self.role(other), other))
    }

    /// Whether an entry moves money between own banks: from one to another, or to what is between them.
    pub(super) fn is_transfer(&self, item: &Item) -> bool {
        self.beside(item).any(|(role, other)| role == Role::Transfer && self.arrives_in_a_bank(other))
            || self.is_from_bank_to_bank(item)
    }

    /// Whether all that an entry takes from banks it puts into others, at today's rates about.
    fn is_from_bank_to_bank(&self, item: &Item) -> bool {
        let others = || self.beside(item).filter(|(role, _)| *role == Role::Cash).map(|(_, other)| other);
        if self.role(item) != Role::Cash || others().next().is_none() {
            return false;
        }
        let company = self.tables.root(item.company_id);
        let amount = |item: &Item| self.to_company(company, item.amount, self.currency_of(item)).ok();
        let (Some(own), Some(sum)) = (amount(item), others().map(amount).sum::<Option<i64>>()) else {
            return false;
        };
        (own + sum).abs() <= own.abs() / SPREAD
    }

    /// Whether money that is between two banks arrives in one, as far as it has arrived. A credit card is none.
    fn arrives_in_a_bank(&self, transfer: &Item) -> bool {
        let others = self.settled_with(transfer.id).filter_map(|id| self.tables.items.get(id));
        let mut others = others.filter(|other| other.move_id != transfer.move_id);
        others.all(|other| self.beside(other).any(|(role, _)| matches!(role, Role::Cash | Role::UnderWay)))
    }

    /// The currency of an item: that of its company where it says none.
    pub(super) fn currency_of(&self, item: &Item) -> Option<i32> {
        item.currency_id.or_else(|| self.currency(self.tables.root(item.company_id)))
    }

    /// Takes over items that have changed.
    pub(super) fn place_cash(&mut self) {
        let entries = std::mem::take(&mut self.touched.cash);
        let items: Vec<i32> = if std::mem::take(&mut self.touched.all_cash) {
            self.cash = Cash::default();
            self.tables.items.iter().map(|row| row.id).collect()
        } else {
            let placed: Vec<i32> =
                entries.iter().flat_map(|entry| self.indexes.items_of_entry.members(*entry)).collect();
            // Those that are gone, or of another entry now, are in no index.
            let gone = self.touched.documents.iter().map(|(_, id)| *id);
            gone.filter(|id| self.cash.items.contains_key(id)).chain(placed).collect()
        };
        for id in items {
            let placed = self.tables.items.get(id).and_then(|row| self.placed(row));
            self.cash.set(id, placed);
        }
    }

    /// Money that is between two banks counts as soon as it has left the first: on the transfer account, or registered and not confirmed.
    fn placed(&self, row: &Item) -> Option<Placed> {
        let (counts, amount) = match self.role(row) {
            Role::Cash | Role::Transfer => (true, row.amount),
            Role::UnderWay => (!row.reconciled && self.is_transfer(row), row.residual),
            _ => (false, Decimal::ZERO),
        };
        let currency = self.currency_of(row)?;
        let company = self.tables.root(row.company_id);
        counts.then(|| Placed { company, currency, day: day(row.day), amount })
    }

    /// What of the balance of today is in one other currency, in that of the company or of the group.
    pub(super) fn balance_in(&self, company: i32, currency: i32) -> Option<Decimal> {
        let (own, on) = (self.currency(company)?, self.day()?);
        let companies = if company == GROUP { self.roots() } else { vec![company] };
        let rates_of = if company == GROUP { self.main_company()? } else { company };
        let cash = companies.iter().flat_map(|company| self.cash.until(*company, day(on)));
        let cash = cash.filter(|(of, _)| *of == currency && *of != own);
        let amount = cash.fold(Decimal::ZERO, |sum, (_, amount)| sum.saturating_add(amount));
        let worth = self.rates.as_ref()?.convert(amount, rates_of, currency, own, &self.tables).ok()?;
        Some(super::money::major(worth, self.tables.decimals(own)))
    }

    /// What a company has at the end of a day, at today's rates, in the smallest unit of its currency; of the group, in that of the main
    /// company. What cannot be converted is not in it, and named.
    pub(super) fn balance(&self, company: i32, on: NaiveDate) -> (i64, Option<String>) {
        let (Some(currency), Some(rates)) = (self.currency(company), self.rates.as_ref()) else {
            return (0, None);
        };
        let companies = if company == GROUP { self.roots() } else { vec![company] };
        let rates_of = if company == GROUP { self.main_company().unwrap_or_default() } else { company };
        let mut sum = 0_i64;
        let mut problem = None;
        for (of, amount) in companies.iter().flat_map(|company| self.cash.until(*company, day(on))) {
            if amount.is_zero() {
                continue;
            }
            match rates.convert(amount, rates_of, of, currency, &self.tables) {
                Ok(amount) => sum = sum.saturating_add(amount),
                Err(why) => problem = Some(why),
            }
        }
        (sum, problem)
    }
}
