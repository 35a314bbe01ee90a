//! The open items, and where each is found: by what is printed on it, by its amount, by who owes it, by its day. Of what is closed only
//! the numbers are remembered, so that a line that names one is not taken for anything else.
//!
//! What is found depends on what is open and closed alone, not on the way there. Every look is by a key, and keys are told: who has looked
//! at some, and which an item is found under ([`Items::take_asked`], [`keys`]). So it is known whom a changed item concerns.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use crate::parse::{code, parse};
use crate::records::{Currency, Day, Item, ItemId, PartnerId};
use crate::reference;

/// Items that are called alike are counted up to so many.
const COUNTED: usize = 256;
/// Digits of a number's end under which it is found.
const END: usize = 5;

/// The open items.
#[derive(Default)]
pub struct Items {
    /// Where an item is in `open`.
    places: FxHashMap<ItemId, u32>,
    open: Vec<Item>,
    free: Vec<u32>,
    /// Everything under which an item is found, and the day on which it is due: of many the nearest are found without a look at the
    /// others.
    index: BTreeSet<(u64, Day, ItemId)>,
    by_date: BTreeSet<(Day, ItemId)>,
    /// Numbers and references of what is closed.
    closed: BTreeSet<(u64, ItemId)>,
    remembered: FxHashMap<ItemId, (Closed, Vec<u64>)>,
    /// Keys that were looked under.
    asked: RefCell<Vec<u64>>,
}

/// What is remembered of an item that is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Whose it was.
    pub partner: Option<PartnerId>,
    /// What was paid of it last.
    pub amount: i64,
}

/// How an item's number may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of its digits.
    Digits,
    /// All of it.
    Whole,
    /// Its structured reference.
    Reference,
}

/// Under what an item is found.
#[derive(Hash)]
enum Key<'a> {
    Whole(&'a str),
    /// The last digits of its number, without leading zeros.
    End(&'a str),
    Reference(&'a str),
    Amount(Currency, i64),
    Partner(PartnerId),
    /// Its day; whoever looks for one looks at all.
    AnyDay,
}

impl Key<'_> {
    fn hashed(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// The digits of a text.
fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The last digits without leading zeros.
fn end(digits: &str) -> &str {
    digits[digits.len().saturating_sub(END)..].trim_start_matches('0')
}

/// Everything under which an item is found, or was looked for.
pub fn keys(item: &Item) -> Vec<u64> {
    let mut keys = places(item);
    keys.push(Key::AnyDay.hashed());
    keys
}

/// The numbers that are remembered of an item that is closed.
fn closed_keys(item: &Item) -> Vec<u64> {
    let (number, reference) = (code(item.number()), reference::key(item.reference()));
    let digits = digits(item.number());
    let keys = [
        (Key::Whole(&number), number.len() >= 3),
        (Key::End(end(&digits)), end(&digits).len() >= 3),
        (Key::Reference(&reference), reference.len() >= 6),
    ];
    keys.into_iter().filter(|(_, is_its_own)| *is_its_own).map(|(key, _)| key.hashed()).collect()
}

/// What the other side calls an item; a payment's memo may have several numbers: `PO-74499 - INV/2026/00132`.
fn their_codes(text: &str) -> Vec<String> {
    let mut codes = vec![code(text)];
    if text.trim().contains(char::is_whitespace) {
        codes.extend(parse(text).numbers.into_iter().map(|number| number.code));
    }
    codes
}

/// Everything under which an open item is found.
fn places(item: &Item) -> Vec<u64> {
    let mut keys = Vec::with_capacity(6);
    let number = code(item.number());
    if number.len() >= 3 {
        keys.push(Key::Whole(&number).hashed());
    }
    for theirs in their_codes(item.their_reference()) {
        if theirs.len() >= 4 && theirs.bytes().any(|byte| byte.is_ascii_digit()) {
            keys.push(Key::Whole(&theirs).hashed());
        }
    }
    let digits = digits(item.number());
    if end(&digits).len() >= 2 {
        keys.push(Key::End(end(&digits)).hashed());
    }
    let reference = reference::key(item.reference());
    if reference.len() >= 4 {
        keys.push(Key::Reference(&reference).hashed());
    }
    keys.push(Key::Amount(item.currency, item.residual).hashed());
    keys.extend(item.partner.map(|partner| Key::Partner(partner).hashed()));
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl Items {
    /// Adds an item, or changes it. One of which nothing is open is closed.
    pub fn set(&mut self, item: Item) {
        if item.residual == 0 {
            let amount = self.get(item.id).map_or(0, |open| open.residual);
            self.close(&Item { residual: amount, ..item });
            return;
        }
        self.remove(item.id);
        for key in places(&item) {
            self.index.insert((key, item.due, item.id));
        }
        self.by_date.insert((item.date, item.id));
        let id = item.id;
        let place = if let Some(place) = self.free.pop() {
            self.open[place as usize] = item;
            place
        } else {
            self.open.push(item);
            u32::try_from(self.open.len() - 1).unwrap_or(u32::MAX)
        };
        self.places.insert(id, place);
    }

    /// Takes an item away, open or closed; answers what it was if it was open.
    pub fn remove(&mut self, id: ItemId) -> Option<Item> {
        if let Some((_, keys)) = self.remembered.remove(&id) {
            for key in keys {
                self.closed.remove(&(key, id));
            }
        }
        let place = self.places.remove(&id)?;
        let item = std::mem::take(self.open.get_mut(place as usize)?);
        self.free.push(place);
        for key in places(&item) {
            self.index.remove(&(key, item.due, id));
        }
        self.by_date.remove(&(item.date, id));
        Some(item)
    }

    /// Takes an item away, open or closed; answers what it was found under.
    pub fn forget(&mut self, id: ItemId) -> Vec<u64> {
        let closed = self.remembered.get(&id).map(|(_, keys)| keys.clone()).unwrap_or_default();
        self.remove(id);
        closed
    }

    /// Remembers an item as paid; its residual is what was paid.
    pub fn close(&mut self, item: &Item) {
        self.remove(item.id);
        let keys = closed_keys(item);
        self.closed.extend(keys.iter().map(|key| (*key, item.id)));
        let closed = Closed { partner: item.partner, amount: item.residual };
        self.remembered.insert(item.id, (closed, keys));
    }

    /// The keys that were looked under since the last call, each once.
    pub fn take_asked(&self) -> Vec<u64> {
        let mut asked = self.asked.take();
        asked.sort_unstable();
        asked.dedup();
        asked
    }

    fn ask(&self, key: &Key<'_>) -> u64 {
        let key = key.hashed();
        self.asked.borrow_mut().push(key);
        key
    }

    /// An open item.
    pub fn get(&self, id: ItemId) -> Option<&Item> {
        self.open.get(*self.places.get(&id)? as usize)
    }

    /// Whether an item is remembered as paid.
    pub fn is_closed(&self, id: ItemId) -> bool {
        self.remembered.contains_key(&id)
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn found(&self, key: u64) -> impl Iterator<Item = ItemId> {
        self.index.range((key, Day::MIN, ItemId::MIN)..=(key, Day::MAX, ItemId::MAX)).map(|(.., id)| *id)
    }

    /// At most `limit` items that are found so, those due nearest to a day first; and how many there are.
    fn nearest(&self, key: &Key<'_>, day: Day, limit: usize) -> (Vec<ItemId>, usize) {
        let key = self.ask(key);
        let before =
            self.index.range((key, Day::MIN, ItemId::MIN)..(key, day, ItemId::MIN)).rev().take(limit);
        let behind = self.index.range((key, day, ItemId::MIN)..=(key, Day::MAX, ItemId::MAX)).take(limit);
        let mut near: Vec<(Day, ItemId)> = before.chain(behind).map(|(_, due, id)| (*due, *id)).collect();
        near.sort_unstable_by_key(|(due, id)| (due.abs_diff(day), *due, *id));
        let count = if near.len() < limit { near.len() } else { self.found(key).take(COUNTED).count() };
        (near.into_iter().take(limit).map(|(_, id)| id).collect(), count)
    }

    /// The items that are called so, and how many there are; at most `limit` are given.
    pub fn called(&self, part: Part, text: &str, day: Day, limit: usize) -> (Vec<ItemId>, usize) {
        match part {
            Part::Whole => self.nearest(&Key::Whole(text), day, limit),
            Part::Reference => self.nearest(&Key::Reference(text), day, limit),
            Part::Digits => self.ending(text, day, limit, |number| number == text),
        }
    }

    /// The items whose numbers have these last digits; at most `limit`.
    pub fn called_by_tail(&self, tail: &str, day: Day, limit: usize) -> Vec<ItemId> {
        let tail = tail.trim_start_matches('0');
        self.ending(tail, day, limit, |number| number.ends_with(tail)).0
    }

    /// Items whose numbers end like a text, and whose digits are as wanted.
    fn ending(
        &self,
        text: &str,
        day: Day,
        limit: usize,
        is_wanted: impl Fn(&str) -> bool,
    ) -> (Vec<ItemId>, usize) {
        let (mut found, _) = self.nearest(&Key::End(end(text)), day, COUNTED);
        found.retain(|id| self.get(*id).is_some_and(|item| is_wanted(&digits(item.number()))));
        let count = found.len();
        found.truncate(limit);
        (found, count)
    }

    /// What is called so and closed, while nothing open is.
    pub fn closed(&self, part: Part, text: &str) -> Option<Closed> {
        let key = match part {
            Part::Whole => Key::Whole(text),
            Part::Reference => Key::Reference(text),
            Part::Digits => return None,
        };
        self.latest_closed(&key)
    }

    /// What is closed and has these last digits, while nothing open has.
    pub fn closed_by_tail(&self, tail: &str) -> Option<Closed> {
        self.latest_closed(&Key::End(end(tail)))
    }

    fn latest_closed(&self, key: &Key<'_>) -> Option<Closed> {
        let key = self.ask(key);
        if self.found(key).next().is_some() {
            return None;
        }
        let (_, id) = self.closed.range((key, ItemId::MIN)..=(key, ItemId::MAX)).next_back()?;
        self.remembered.get(id).map(|(closed, _)| *closed)
    }

    /// Items that were issued in these days, the latest first.
    pub fn issued(&self, from: Day, to: Day, limit: usize) -> Vec<ItemId> {
        self.ask(&Key::AnyDay);
        self.by_date
            .range((from, ItemId::MIN)..=(to, ItemId::MAX))
            .rev()
            .take(limit)
            .map(|(_, id)| *id)
            .collect()
    }

    /// The items of which just so much is open, those due nearest to a day first; and how many there are.
    pub fn of_amount(&self, currency: Currency, amount: i64, day: Day, limit: usize) -> (Vec<ItemId>, usize) {
        self.nearest(&Key::Amount(currency, amount), day, limit)
    }

    /// A partner's items, those due nearest to a day first; and how many there are.
    pub fn of_partner(&self, partner: PartnerId, day: Day, limit: usize) -> (Vec<ItemId>, usize) {
        self.nearest(&Key::Partner(partner), day, limit)
    }
}
