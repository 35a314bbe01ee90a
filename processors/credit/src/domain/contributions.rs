//! What each source row contributes, and the sums. A row's old part is taken back before its new one is added, so any order
//! of changes, and any repeat, ends in the same sums.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use contract::Money;
use rustc_hash::FxHashMap;

use super::bucket::{Bucket, Key, Part};

#[derive(Debug, Default)]
pub(super) struct Contributions {
    items: FxHashMap<i32, (Part, Option<NaiveDate>)>,
    orders: FxHashMap<i32, Part>,
    sums: FxHashMap<Key, Sums>,
    /// Every company that a key was ever of; there are few.
    companies: BTreeSet<i32>,
    /// Items that are not due yet, by the day after which they are overdue.
    not_due: BTreeSet<(NaiveDate, i32)>,
    /// What is receivable, by key and due date.
    receivable: BTreeSet<(Key, NaiveDate, i32)>,
    /// What is not applied, by key and date.
    unapplied: BTreeSet<(Key, NaiveDate, i32)>,
}

/// Sums per bucket in ten-thousandths, and how many parts they have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    parts: usize,
    amounts: [i128; Bucket::COUNT],
}

impl Sums {
    pub(super) fn of(&self, bucket: Bucket) -> i128 {
        self.amounts[bucket as usize]
    }
}

impl Contributions {
    /// Sets what an item contributes, with its due date (of a payment, its date), and answers the keys that it touches.
    pub(super) fn set_item(
        &mut self,
        id: i32,
        new: Option<(Part, Option<NaiveDate>)>,
    ) -> impl Iterator<Item = Key> + use<> {
        let old = match new {
            Some(new) => self.items.insert(id, new),
            None => self.items.remove(&id),
        };
        if let Some((part, due)) = old {
            self.add(part, -1);
            if let Some(due) = due {
                self.not_due.remove(&(due, id));
                self.receivable.remove(&(part.party, due, id));
                self.unapplied.remove(&(part.party, due, id));
            }
        }
        if let Some((part, due)) = new {
            self.add(part, 1);
            match (part.bucket, due) {
                (Bucket::NotDue, Some(due)) => {
                    self.receivable.insert((part.party, due, id));
                    self.not_due.insert((due, id));
                }
                (Bucket::Overdue, Some(due)) => drop(self.receivable.insert((part.party, due, id))),
                (Bucket::Unapplied, Some(due)) => drop(self.unapplied.insert((part.party, due, id))),
                _ => {}
            }
        }
        let keys = if old == new { [None, None] } else { [old, new] };
        keys.into_iter().flatten().map(|(part, _)| part.party)
    }

    /// Sets what an order contributes, and answers the keys that it touches.
    pub(super) fn set_order(&mut self, id: i32, new: Option<Part>) -> impl Iterator<Item = Key> + use<> {
        let old = match new {
            Some(new) => self.orders.insert(id, new),
            None => self.orders.remove(&id),
        };
        if let Some(part) = old {
            self.add(part, -1);
        }
        if let Some(part) = new {
            self.add(part, 1);
        }
        let keys = if old == new { [None, None] } else { [old, new] };
        keys.into_iter().flatten().map(|part| part.party)
    }

    fn add(&mut self, part: Part, sign: i8) {
        self.companies.insert(part.party.company);
        let sums = self.sums.entry(part.party).or_default();
        sums.amounts[part.bucket as usize] += i128::from(part.amount.0) * i128::from(sign);
        sums.parts = sums.parts.saturating_add_signed(isize::from(sign));
        if sums.parts == 0 {
            self.sums.remove(&part.party);
        }
    }

    /// All keys that something contributes to.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.sums.keys().copied()
    }

    /// Companies that a key may be of, whether or not their rows are known.
    pub(super) fn companies(&self) -> impl Iterator<Item = i32> + '_ {
        self.companies.iter().copied()
    }

    pub(super) fn sums(&self, key: Key) -> Sums {
        self.sums.get(&key).copied().unwrap_or_default()
    }

    /// Items not due yet whose due date is before `today`.
    pub(super) fn overdue_by(&self, today: NaiveDate) -> impl Iterator<Item = i32> + '_ {
        self.not_due.range(..(today, i32::MIN)).map(|(_, id)| *id)
    }

    /// The earliest due date of what is receivable.
    pub(super) fn oldest_due(&self, key: Key) -> Option<NaiveDate> {
        let first = self.receivable.range((key, NaiveDate::MIN, i32::MIN)..).next();
        first.filter(|(of, ..)| *of == key).map(|(_, due, _)| *due)
    }

    /// Due date and amount of what is receivable, the earliest first.
    pub(super) fn receivable(&self, key: Key) -> impl Iterator<Item = (NaiveDate, Money)> + '_ {
        self.receivable_items(key).map(|(due, _, amount)| (due, amount))
    }

    /// The same, with the items' ids.
    pub(super) fn receivable_items(&self, key: Key) -> impl Iterator<Item = (NaiveDate, i32, Money)> + '_ {
        let items = self.receivable.range((key, NaiveDate::MIN, i32::MIN)..=(key, NaiveDate::MAX, i32::MAX));
        items.filter_map(|(_, due, id)| Some((*due, *id, self.items.get(id)?.0.amount)))
    }

    /// All items of a key, by a walk over all items: for one that was loaded alone.
    pub(super) fn items_of(&self, key: Key) -> impl Iterator<Item = (i32, Part, Option<NaiveDate>)> + '_ {
        self.items
            .iter()
            .filter(move |(_, (part, _))| part.party == key)
            .map(|(id, (part, due))| (*id, *part, *due))
    }

    /// The date of the last payment that is not applied.
    pub(super) fn last_unapplied(&self, key: Key) -> Option<NaiveDate> {
        let items = self.unapplied.range((key, NaiveDate::MIN, i32::MIN)..=(key, NaiveDate::MAX, i32::MAX));
        items.last().map(|(_, day, _)| *day)
    }

    pub(super) fn items(&self) -> impl Iterator<Item = i32> + '_ {
        self.items.keys().copied()
    }

    pub(super) fn orders(&self) -> impl Iterator<Item = i32> + '_ {
        self.orders.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(partner: i32, bucket: Bucket, amount: i64) -> Part {
        Part { party: Key { company: 1, partner }, bucket, amount: Money(amount) }
    }

    #[test]
    fn a_row_that_moves_takes_back_what_it_gave() {
        let mut contributions = Contributions::default();
        let day = NaiveDate::from_ymd_opt(2026, 1, 31);
        let keys: Vec<_> = contributions.set_item(1, Some((part(7, Bucket::NotDue, 100), day))).collect();
        assert_eq!(keys.len(), 1);
        let keys: Vec<_> = contributions.set_item(1, Some((part(8, Bucket::Overdue, 90), day))).collect();
        assert_eq!(keys.len(), 2);
        assert_eq!(contributions.sums(keys[0]), Sums::default());
        assert_eq!(contributions.sums(keys[1]).of(Bucket::Overdue), 90);
        assert_eq!(contributions.oldest_due(keys[1]), day);
        contributions.set_item(1, None).for_each(drop);
        assert!(contributions.sums.is_empty() && contributions.receivable.is_empty());
    }

    #[test]
    fn only_what_is_past_its_due_date_crosses() {
        let mut contributions = Contributions::default();
        let day = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
        contributions.set_item(1, Some((part(7, Bucket::NotDue, 100), Some(day)))).for_each(drop);
        assert_eq!(contributions.overdue_by(day).count(), 0);
        assert_eq!(contributions.overdue_by(day.succ_opt().unwrap()).count(), 1);
    }
}
