//! What customers of a company are measured against: frozen when a day begins, and stored, so that a restart in the middle of
//! the day changes nothing.

use chrono::NaiveDate;
use contract::Table;
use rustc_hash::{FxHashMap, FxHashSet};

use super::bucket::Key;
use super::payments::{Experience, PROMPT};
use crate::store::{Norm, Ranked, Tables};

/// What customers of a company are measured against until the next day begins.
#[derive(Clone, Debug, Default)]
struct Frozen {
    mean: f64,
    /// Positive revenues, sorted.
    revenues: Vec<i64>,
}

/// What was frozen when the day began, by company.
#[derive(Debug, Default)]
pub(super) struct Norms {
    frozen: FxHashMap<i32, Frozen>,
    /// The day; `None` before the first.
    pub(super) day: Option<NaiveDate>,
}

impl Norms {
    /// What was frozen before a restart.
    pub(super) fn from_rows(tables: &Tables) -> Self {
        let mut norms = Self::default();
        for norm in tables.norms.iter() {
            norms.frozen.entry(norm.company_id).or_default().mean = norm.mean;
            norms.day = Some(norm.day);
        }
        for row in tables.ranked.iter() {
            norms.frozen.entry(row.company_id).or_default().revenues.push(row.revenue);
        }
        norms.frozen.values_mut().for_each(|frozen| frozen.revenues.sort_unstable());
        norms
    }

    /// Freezes what `customers` are now, and stores it. `figures` are a customer's experience and revenue.
    pub(super) fn freeze(
        tables: &mut Tables,
        customers: &[Key],
        today: NaiveDate,
        figures: impl Fn(Key) -> (Experience, i64),
    ) -> Self {
        let mut means: FxHashMap<i32, Experience> = FxHashMap::default();
        // Every company, so that the day is known even where nobody is assessed.
        let mut frozen: FxHashMap<i32, Frozen> =
            tables.roots().into_iter().map(|company| (company, Frozen::default())).collect();
        let mut gone: FxHashSet<Key> = tables.ranked.iter().map(|row| Key::from(row.key())).collect();
        for &key in customers {
            let (experience, revenue) = figures(key);
            means.entry(key.company).or_default().join(experience);
            let company = frozen.entry(key.company).or_default();
            if revenue > 0 {
                company.revenues.push(revenue);
                gone.remove(&key);
                rank(tables, key, Some(revenue));
            }
        }
        for key in gone {
            rank(tables, key, None);
        }
        for (&company_id, frozen) in &mut frozen {
            frozen.revenues.sort_unstable();
            frozen.mean = means.get(&company_id).and_then(Experience::mean).unwrap_or(PROMPT);
            tables.norms.set(company_id, Some(Norm { company_id, mean: frozen.mean, day: today }));
        }
        let gone: Vec<_> = tables.norms.iter().map(|norm| norm.company_id).collect();
        for company in gone.into_iter().filter(|company| !frozen.contains_key(company)) {
            tables.norms.set(company, None);
        }
        Self { frozen, day: Some(today) }
    }

    /// The mean value of a company's experiences.
    pub(super) fn mean(&self, company: i32) -> f64 {
        self.frozen.get(&company).map_or(PROMPT, |frozen| frozen.mean)
    }

    /// The positive revenues of a company's customers, sorted.
    pub(super) fn revenues(&self, company: i32) -> &[i64] {
        self.frozen.get(&company).map_or(&[], |frozen| frozen.revenues.as_slice())
    }
}

/// Stores the revenue that a customer is ranked by today.
fn rank(tables: &mut Tables, key: Key, revenue: Option<i64>) {
    if tables.ranked.get(key.id()).map(|row| row.revenue) != revenue {
        let row = revenue.map(|revenue| Ranked { company_id: key.company, partner_id: key.partner, revenue });
        tables.ranked.set(key.id(), row);
    }
}
