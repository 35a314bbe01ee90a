//! Which limits a customer has. A limit belongs to the company that it was set in, which may be a branch.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::bucket::Key;
use super::state::State;
use crate::store::{Limit, Partner};

impl State {
    /// The limit of a customer with a root company: its own, or the company's default, or else the lowest that a branch has set. A
    /// contact has none.
    pub(super) fn own_limit(&self, key: Key) -> Option<Decimal> {
        self.own(&self.explicit_limits(key), key)
    }

    fn own(&self, explicit: &Explicit, key: Key) -> Option<Decimal> {
        self.of_root(explicit, key).or_else(|| explicit.by_company.values().copied().min())
    }

    /// That of the root company alone: the customer's own, or the default.
    fn of_root(&self, explicit: &Explicit, key: Key) -> Option<Decimal> {
        let default = || explicit.known.then(|| self.default_limit(key.company)).flatten();
        explicit.by_company.get(&key.company).copied().or_else(default)
    }

    /// The limit that counts: the customer's own, or the raised one while it lasts, whichever is higher.
    pub(super) fn limit_in_force(&self, key: Key, today: NaiveDate) -> Option<Decimal> {
        self.own_limit(key).map(|own| self.raised(own, key, today))
    }

    /// The limit that checks measure against: the one in force, or that of a branch with an open order, if that is lower. 0 is none.
    pub(super) fn limit_to_check(&self, key: Key, today: NaiveDate) -> Option<Decimal> {
        self.limit_to_raise(key).map(|limit| self.raised(limit, key, today))
    }

    /// The same, whatever a person has put in its place.
    pub(super) fn limit_to_raise(&self, key: Key) -> Option<Decimal> {
        let explicit = self.explicit_limits(key);
        let ordered = self.open_orders.rows_of(key).filter(|(_, order)| order.undelivered);
        let of_branches = ordered.filter(|(_, order)| order.company != key.company);
        let of_branches =
            of_branches.filter_map(|(_, order)| explicit.by_company.get(&order.company).copied());
        let all = self.own(&explicit, key).into_iter().chain(of_branches);
        all.filter(|limit| *limit > Decimal::ZERO).min()
    }

    /// The limit for orders of each branch that has set one, where that is another one than the root company's.
    pub(super) fn limits_of_branches(&self, key: Key, today: NaiveDate) -> BTreeMap<i32, Decimal> {
        let limits = self.explicit_limits(key).by_company;
        let branches = limits.into_iter().filter(|(company, _)| *company != key.company);
        branches.map(|(company, limit)| (company, self.raised(limit, key, today))).collect()
    }

    /// The limit for orders of the root company, and of branches without one. 0 is none.
    pub(super) fn limit_of_root(&self, key: Key, today: NaiveDate) -> Option<Decimal> {
        let own = self.of_root(&self.explicit_limits(key), key);
        own.filter(|own| *own > Decimal::ZERO).map(|own| self.raised(own, key, today))
    }

    /// With what a person has put in its place, while that lasts.
    fn raised(&self, own: Decimal, key: Key, today: NaiveDate) -> Decimal {
        let hold = self.tables.holds.get(key.id());
        let hold = hold.filter(|hold| hold.raised_until.is_some_and(|until| today <= until));
        let raised = hold.and_then(|hold| hold.raised_limit).filter(|_| own > Decimal::ZERO);
        raised.map_or(own, |raised| own.max(raised))
    }

    /// What was set for a customer in a root company and its branches.
    fn explicit_limits(&self, key: Key) -> Explicit {
        let tables = &self.tables;
        let customer = tables.partners.get(key.partner).filter(|row| row.commercial_id == row.id);
        let Some(customer) = customer else { return Explicit::default() };
        let set = customer.limits();
        let companies = tables.companies.iter().filter(|company| company.root_id == key.company);
        let limit = |company: i32| {
            let limit = set.get(&company).copied();
            limit.or_else(|| self.limit_of_before(key.partner, company))
        };
        let by_company = companies.filter_map(|company| Some((company.id, limit(company.id)?))).collect();
        Explicit { known: true, by_company }
    }

    /// The explicit limit of a customer whose row has none: Odoo 17 keeps it elsewhere. One for the company is preferred to one for
    /// every company.
    fn limit_of_before(&self, group: i32, company: i32) -> Option<Decimal> {
        let limits = self.indexes.limits_of_partner.members(group);
        let limits = limits.filter_map(|id| self.tables.limits.get(id));
        let counts = limits.filter(|limit| limit.company_id.is_none_or(|of| of == company));
        counts.max_by_key(|limit| (limit.company_id, limit.id)).map(|limit| limit.amount)
    }

    /// What a company that sets limits gives to those who have none of their own. Not stored with them: Odoo looks it up
    /// (`get_company_dependent_fallback`, <https://github.com/odoo/odoo/blob/18.0/odoo/fields.py>), and a limit that equals it is the
    /// same as none of their own (`_compute_use_partner_credit_limit`,
    /// <https://github.com/odoo/odoo/blob/18.0/addons/account/models/partner.py>).
    fn default_limit(&self, company: i32) -> Option<Decimal> {
        let tables = &self.tables;
        tables.companies.get(company).filter(|row| row.sets_limits)?;
        let values = tables.default_values.iter();
        let values = values.filter(|row| row.company_id.is_none_or(|of| of == company));
        let values = values.filter(|row| tables.limit_fields.get(row.field_id).is_some());
        let value = values.max_by_key(|row| (row.company_id, row.id)).map(|row| row.amount);
        let limit = value.or_else(|| self.limit_of_before(Limit::EVERYBODY, company));
        limit.filter(|limit| *limit > Decimal::ZERO)
    }
}

/// Limits that were set for a customer.
#[derive(Default)]
struct Explicit {
    /// Whether there is such a customer: a contact has no limits, nor has one whose row is gone.
    known: bool,
    by_company: BTreeMap<i32, Decimal>,
}

impl Partner {
    /// The explicit limits by company.
    fn limits(&self) -> BTreeMap<i32, Decimal> {
        self.credit_limit.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }
}
