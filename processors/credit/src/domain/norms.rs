//! What customers of a company are measured against: frozen when a day begins, and kept, so that a restart in the middle of the
//! day changes nothing.

use chrono::NaiveDate;
use contract::Table;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Ledger;
use super::bucket::Key;
use super::payments::{Experience, PROMPT};
use super::volume::total;
use crate::store::{Norm, Ranked};

/// What customers of a company are measured against until the next day begins.
#[derive(Clone, Debug, Default)]
pub(super) struct Frozen {
    pub(super) mean: f64,
    /// Positive revenues, sorted.
    pub(super) revenues: Vec<i64>,
}

impl Ledger {
    /// A day begins: the company's means and distributions are what those of `customers` are now.
    pub(super) fn freeze(&mut self, customers: &[Key], today: NaiveDate) {
        let mut means: FxHashMap<i32, Experience> = FxHashMap::default();
        // Every company, so that the day is known even where nobody is assessed.
        let mut frozen: FxHashMap<i32, Frozen> =
            self.roots().into_iter().map(|company| (company, Frozen::default())).collect();
        let mut gone: FxHashSet<Key> = self.tables.ranked.iter().map(|row| Key::from(row.key())).collect();
        for &key in customers {
            means.entry(key.company).or_default().join(self.experience(key, today));
            let revenue = total(&self.revenue(key, today));
            let company = frozen.entry(key.company).or_default();
            if revenue > 0 {
                company.revenues.push(revenue);
                gone.remove(&key);
                self.rank(key, Some(revenue));
            }
        }
        for key in gone {
            self.rank(key, None);
        }
        for (company, frozen) in &mut frozen {
            frozen.revenues.sort_unstable();
            frozen.mean = means.get(company).and_then(Experience::mean).unwrap_or(PROMPT);
            self.tables
                .norms
                .set(*company, Some(Norm { company_id: *company, mean: frozen.mean, day: today }));
        }
        let gone: Vec<_> = self.tables.norms.iter().map(|norm| norm.company_id).collect();
        for company in gone.into_iter().filter(|company| !frozen.contains_key(company)) {
            self.tables.norms.set(company, None);
        }
        self.frozen = frozen;
        self.assessed_on = Some(today);
    }

    /// Remembers the revenue that a customer is ranked by today.
    fn rank(&mut self, key: Key, revenue: Option<i64>) {
        let id = (key.company, key.partner);
        if self.tables.ranked.get(id).map(|row| row.revenue) != revenue {
            let row = revenue.map(|revenue| Ranked { company_id: id.0, partner_id: id.1, revenue });
            self.tables.ranked.set(id, row);
        }
    }

    /// What was frozen before a restart.
    pub(super) fn thaw(&mut self) {
        for norm in self.tables.norms.iter() {
            self.frozen.entry(norm.company_id).or_default().mean = norm.mean;
            self.assessed_on = Some(norm.day);
        }
        for row in self.tables.ranked.iter() {
            self.frozen.entry(row.company_id).or_default().revenues.push(row.revenue);
        }
        self.frozen.values_mut().for_each(|frozen| frozen.revenues.sort_unstable());
    }
}
