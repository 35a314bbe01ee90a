//! What each journal item contributes, and the sums. A row's old part is taken back before its new one is added, so any order
//! of changes, and any repeat, ends in the same sums.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use contract::{Dense, Money};
use rustc_hash::FxHashMap;

use super::bucket::{Bucket, Key, Part};
use contract::index::sorted;

#[derive(Debug, Default)]
pub(super) struct Contributions {
    items: Dense<i32, Part>,
    sums: FxHashMap<Key, Sums>,
    /// Every company that a key was ever of; there are few.
    companies: BTreeSet<i32>,
    /// Items that are not due yet, by the day after which they are overdue.
    not_due: BTreeSet<(NaiveDate, i32)>,
    /// What is receivable, by key and due date, with the amount: to add up a customer's must not mean to look up each item.
    receivable: BTreeMap<(Key, NaiveDate, i32), Money>,
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
    pub(super) fn amount(&self, bucket: Bucket) -> i128 {
        self.amounts[bucket as usize]
    }
}

impl Contributions {
    /// Sets what an item contributes, and answers the keys that it touches.
    pub(super) fn set_item(&mut self, id: i32, new: Option<Part>) -> impl Iterator<Item = Key> + use<> {
        let old = self.items.set(id, new);
        // Where everything is placed once more, most of it stays where it was.
        if old != new {
            if let Some((part, due)) = dated(old) {
                self.not_due.remove(&(due, id));
                self.receivable.remove(&(part.party, due, id));
                self.unapplied.remove(&(part.party, due, id));
            }
            if let Some((part, due)) = dated(new) {
                if part.bucket == Bucket::NotDue {
                    self.not_due.insert((due, id));
                }
                if part.bucket.is_receivable() {
                    self.receivable.insert((part.party, due, id), part.amount);
                }
                if part.bucket == Bucket::Unapplied {
                    self.unapplied.insert((part.party, due, id));
                }
            }
        }
        self.exchange(old, new)
    }

    /// Takes the old part back from the sums and adds the new one. Answers the keys that this touches.
    fn exchange(&mut self, old: Option<Part>, new: Option<Part>) -> impl Iterator<Item = Key> + use<> {
        let parts = if old == new { [None, None] } else { [old, new] };
        for (part, sign) in parts.into_iter().zip([-1, 1]) {
            if let Some(part) = part {
                self.add(part, sign);
            }
        }
        parts.into_iter().flatten().map(|part| part.party)
    }

    fn add(&mut self, part: Part, sign: i8) {
        self.companies.insert(part.party.company);
        let sums = self.sums.entry(part.party).or_default();
        sums.amounts[part.bucket as usize] += part.amount.0 * i128::from(sign);
        sums.parts = sums.parts.saturating_add_signed(isize::from(sign));
        if sums.parts == 0 {
            self.sums.remove(&part.party);
        }
    }

    /// All keys that an item contributes to.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.sums.keys().copied()
    }

    /// Companies that a key may be of, whether or not their rows are known.
    pub(super) fn companies(&self) -> impl Iterator<Item = i32> + '_ {
        self.companies.iter().copied()
    }

    /// Whether an item contributes to a key, even where all of them together come to nothing.
    pub(super) fn is_open(&self, key: Key) -> bool {
        self.sums.contains_key(&key)
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
        self.receivable_items(key).next().map(|(due, ..)| due)
    }

    /// Due date, id and amount of what is receivable, the earliest first.
    pub(super) fn receivable_items(&self, key: Key) -> impl Iterator<Item = (NaiveDate, i32, Money)> + '_ {
        let items = self.receivable.range((key, NaiveDate::MIN, i32::MIN)..=(key, NaiveDate::MAX, i32::MAX));
        items.map(|((_, due, id), amount)| (*due, *id, *amount))
    }

    /// All items of a key, by a walk over all items: for one that was loaded alone.
    pub(super) fn items_of(&self, key: Key) -> impl Iterator<Item = (i32, Part)> + '_ {
        self.items.iter().filter(move |(_, part)| part.party == key).map(|(id, part)| (id, *part))
    }

    /// The date of the last payment that came and is not applied.
    pub(super) fn last_unapplied(&self, key: Key) -> Option<NaiveDate> {
        let items = self.unapplied.range((key, NaiveDate::MIN, i32::MIN)..=(key, NaiveDate::MAX, i32::MAX));
        items.last().map(|(_, day, _)| *day)
    }

    pub(super) fn items(&self) -> impl Iterator<Item = i32> + '_ {
        self.items.keys()
    }
}

/// What each item contributes. Sets that are made of all their members at once are made in order and without gaps.
impl FromIterator<(i32, Part)> for Contributions {
    fn from_iter<I: IntoIterator<Item = (i32, Part)>>(parts: I) -> Self {
        let mut all = Self::default();
        for (id, part) in parts {
            all.items.insert(id, part);
            all.add(part, 1);
        }
        let dated = |wanted: fn(Bucket) -> bool| {
            let parts = all.items.iter().filter(move |(_, part)| wanted(part.bucket));
            parts.filter_map(|(id, part)| Some((part, part.due?, id)))
        };
        let not_due = sorted(dated(|bucket| bucket == Bucket::NotDue).map(|(_, due, id)| (due, id)));
        let receivable =
            sorted(dated(Bucket::is_receivable).map(|(part, due, id)| ((part.party, due, id), part.amount)));
        let unapplied =
            sorted(dated(|bucket| bucket == Bucket::Unapplied).map(|(part, due, id)| (part.party, due, id)));
        Self { not_due, receivable, unapplied, ..all }
    }
}

fn dated(part: Option<Part>) -> Option<(Part, NaiveDate)> {
    part.and_then(|part| Some((part, part.due?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(partner: i32, bucket: Bucket, amount: i128, due: Option<NaiveDate>) -> Part {
        Part { party: Key { company: 1, partner }, bucket, amount: Money(amount), due }
    }

    #[test]
    fn a_row_that_moves_takes_back_what_it_gave() {
        let mut contributions = Contributions::default();
        let day = NaiveDate::from_ymd_opt(2026, 1, 31);
        let keys: Vec<_> = contributions.set_item(1, Some(part(7, Bucket::NotDue, 100, day))).collect();
        assert_eq!(keys.len(), 1);
        let keys: Vec<_> = contributions.set_item(1, Some(part(8, Bucket::Overdue, 90, day))).collect();
        assert_eq!(keys.len(), 2);
        assert_eq!(contributions.sums(keys[0]), Sums::default());
        assert_eq!(contributions.sums(keys[1]).amount(Bucket::Overdue), 90);
        assert_eq!(contributions.oldest_due(keys[1]), day);
        contributions.set_item(1, None).for_each(drop);
        assert!(contributions.sums.is_empty() && contributions.receivable.is_empty());
    }

    #[test]
    fn filled_at_once_is_as_filled_one_by_one() {
        let days = [None, NaiveDate::from_ymd_opt(2026, 1, 31), NaiveDate::from_ymd_opt(2026, 2, 1)];
        let buckets = [Bucket::NotDue, Bucket::Overdue, Bucket::Unapplied, Bucket::DraftInvoiced];
        let all = buckets.into_iter().flat_map(|bucket| days.map(|day| part(7, bucket, 5, day)));
        let parts: Vec<_> = (1..).zip(all).collect();
        let (at_once, mut one_by_one): (Contributions, _) =
            (parts.iter().copied().collect(), Contributions::default());
        for (id, part) in parts {
            one_by_one.set_item(id, Some(part)).for_each(drop);
        }
        assert_eq!(at_once.not_due, one_by_one.not_due);
        assert_eq!(at_once.receivable, one_by_one.receivable);
        assert_eq!(at_once.unapplied, one_by_one.unapplied);
        assert_eq!(at_once.sums, one_by_one.sums);
        assert_eq!((at_once.not_due.len(), at_once.receivable.len(), at_once.unapplied.len()), (2, 4, 2));
    }

    #[test]
    fn only_what_is_past_its_due_date_crosses() {
        let mut contributions = Contributions::default();
        let day = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
        contributions.set_item(1, Some(part(7, Bucket::NotDue, 100, Some(day)))).for_each(drop);
        assert_eq!(contributions.overdue_by(day).count(), 0);
        assert_eq!(contributions.overdue_by(day.succ_opt().unwrap()).count(), 1);
    }
}
