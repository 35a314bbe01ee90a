//! Payments that are registered and that the bank has not confirmed, or that are dated later. What they settle is not expected once more.

use forecasting::calendar::{Day, day};
use rust_decimal::Decimal;

use super::arrived::STALE;
use super::cash::Role;
use super::expected::Expected;
use super::items::name_of;
use super::put::Claim;
use super::state::State;
use crate::store::{Component, Kind};

impl State {
    /// What is expected of an item of a registered payment, or of cash that is dated later; `None` where it is neither.
    pub(super) fn under_way(&self, id: i32) -> Option<Claim> {
        let item = self.tables.items.get(id)?;
        let today = self.day()?;
        let amount = match self.role(item) {
            Role::UnderWay if !item.reconciled => item.residual,
            Role::Cash if item.day > today => item.amount,
            _ => return None,
        };
        let partner = item.partner_id.map(|partner| self.tables.commercial(partner));
        if amount.is_zero() || self.is_transfer(item) {
            return None;
        }
        let company = self.tables.root(item.company_id);
        let currency = self.currency_of(item)?;
        self.payment(Kind::UnderWay, id, company, partner, name_of(item), currency, day(item.day), amount)
    }

    /// What is expected of a registered payment that has no entry.
    pub(super) fn payment_without_entry(&self, id: i32) -> Option<Claim> {
        let row = self.tables.payments.get(id)?;
        let company = self.company_of(row.company_id)?;
        let currency = row.currency_id.or_else(|| self.currency(company))?;
        let partner = Some(self.tables.commercial(row.partner_id));
        self.payment(
            Kind::Payment,
            id,
            company,
            partner,
            format!("payment {id}"),
            currency,
            day(row.day),
            row.amount,
        )
    }

    #[expect(clippy::too_many_arguments, reason = "the two kinds have nothing else in common")]
    fn payment(
        &self,
        kind: Kind,
        id: i32,
        company: i32,
        partner: Option<i32>,
        name: String,
        currency: i32,
        on: Day,
        amount: Decimal,
    ) -> Option<Claim> {
        let lessons = self.lessons.as_ref()?.get(&company)?;
        let decimals = self.decimals(company);
        let today = self.grid().today;
        let (amount, mut problem) = match self.to_company(company, amount.abs(), Some(currency)) {
            Ok(converted) => (converted, None),
            Err(why) => (0, Some(why)),
        };
        if on < today - STALE {
            problem = Some(format!(
                "the bank has not confirmed it within {STALE} days: match it with its bank line in Odoo, or cancel it"
            ));
        }
        let expected = match problem {
            None => Expected::of(decimals, [(lessons.next_business(on), amount)]),
            Some(_) => Expected::nothing(),
        };
        Some(Claim {
            kind,
            id,
            company,
            component: if self.is_out(kind, id) { Component::Ap } else { Component::Ar },
            partner,
            name,
            currency,
            due: Some(forecasting::calendar::date(on)),
            amount,
            deviation: 0,
            expected,
            why: "registered, the bank has not confirmed it".into(),
            problem,
        })
    }

    fn is_out(&self, kind: Kind, id: i32) -> bool {
        match kind {
            Kind::Payment => self.tables.payments.get(id).is_some_and(|row| row.amount.is_sign_negative()),
            _ => self.tables.items.get(id).is_some_and(|row| row.amount.is_sign_negative()),
        }
    }
}
