//! Which items a line names: by reference, by number, by the end of a number, by a number with a slip of the finger.

use std::collections::BTreeMap;

use rapidfuzz::distance::osa;

use crate::bits::Bits;
use crate::cues::Label;
use crate::items::{Closed, Items, Part};
use crate::parse::{Number, Parsed, code};
use crate::payers::Side;
use crate::records::{Day, ItemId};
use crate::reference;
use crate::subset;

/// A number of so many letters and digits is no one else's by chance.
const WHOLE: usize = 5;
/// Items that one number may mean.
const HITS: usize = 12;

/// How an item is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// By a number that is nearly its own.
    Slip,
    /// By the end of its number.
    Tail,
    /// By all digits of its number.
    Digits,
    /// By all of its number.
    Whole,
    /// By its structured reference.
    Reference,
}

/// An item that a line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mention {
    /// How.
    pub how: How,
    /// How much that says.
    pub bits: Bits,
    /// Whether it is named as not meant.
    pub except: bool,
    /// The number of the text that names it, by place; references come first.
    pub place: usize,
}

/// What a line names.
#[derive(Clone, Debug, Default)]
pub struct Mentions {
    /// Open items.
    pub items: BTreeMap<ItemId, Mention>,
    /// What was open of items that are closed and named, of whoever is on the other side or of nobody known.
    pub closed: Vec<i64>,
    /// The places of numbers that are others', and closed.
    pub foreign: Vec<usize>,
    /// References whose check digits are wrong.
    pub broken: usize,
    /// Numbers that are no item's, and what stands before them.
    pub unknown: Vec<(String, Option<Label>)>,
}

impl Mentions {
    /// What a line names.
    pub fn of(parsed: &Parsed, side: &Side, items: &Items, day: Day) -> Self {
        let mut finder = Finder { side, items, day, place: 0, except: false, found: Self::default() };
        for (place, reference) in parsed.references.iter().enumerate() {
            finder.place = place;
            if reference.valid {
                finder.named(Part::Reference, &reference.key);
            } else {
                finder.found.broken += 1;
            }
        }
        for (place, number) in (parsed.references.len()..).zip(&parsed.numbers) {
            (finder.place, finder.except) = (place, number.except);
            finder.number(number);
        }
        finder.found
    }
}

/// Looks for the items that numbers name, one number after the other.
struct Finder<'a> {
    side: &'a Side,
    items: &'a Items,
    day: Day,
    /// The number that is looked at, and whether it is named as not meant.
    place: usize,
    except: bool,
    found: Mentions,
}

impl Finder<'_> {
    fn number(&mut self, number: &Number) {
        for code in &number.range {
            self.named(Part::Whole, code);
        }
        if self.is_called(number) || number.label == Some(Label::Other) {
            return;
        }
        if number.digits.len() >= 6 && self.named(Part::Digits, &number.digits) {
            return;
        }
        // The end of a number has no letters of its own, and is not the end of something longer.
        if number.code == number.digits && number.tail.len() >= 2 && number.digits.len() <= 8 {
            self.tail(number);
        }
        if !self.is_named() {
            self.slips(number);
        }
        if !self.is_named() && !self.found.foreign.contains(&self.place) && number.digits.len() >= 3 {
            self.found.unknown.push((number.code.clone(), number.label));
        }
    }

    /// Whether the number that is looked at names an open item.
    fn is_named(&self) -> bool {
        self.found.items.values().any(|mention| mention.place == self.place)
    }

    /// Whether all of a number is something's, in one of the ways to read it.
    fn is_called(&mut self, number: &Number) -> bool {
        let (joined, bare) = (number.joined.as_deref().unwrap_or(""), number.bare.as_deref().unwrap_or(""));
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        // A few digits that are called a customer's or an order's are that.
        let is_anybodys = number.label == Some(Label::Other) && number.code.len() < WHOLE;
        let reference = reference::key(&number.digits);
        let is_reference = reference.len() >= 6 && is_plain(&number.code);
        is_plain(joined) && self.named(Part::Digits, joined)
            || self.named(Part::Whole, joined)
            || !is_anybodys && self.named(Part::Whole, &number.code)
            || bare.len() >= 4 && self.named(Part::Whole, bare)
            || is_reference && self.named(Part::Reference, &reference)
    }

    /// Whether anything, open or closed, is called so.
    fn named(&mut self, part: Part, text: &str) -> bool {
        if text.is_empty() {
            return false;
        }
        let (found, count) = self.items.called(part, text, self.day, HITS);
        let (how, bits) = match part {
            Part::Reference => (How::Reference, 20),
            Part::Whole if text.len() >= WHOLE => (How::Whole, 16),
            Part::Whole => (How::Whole, 10),
            Part::Digits => (How::Digits, 14),
        };
        for id in &found {
            self.add(*id, how, Bits::whole(bits) - Bits::log2(count));
        }
        match self.items.closed(part, text) {
            // A slip of the finger may be another's number; a number of one's own is meant.
            Some(closed) if closed.partner.is_some() && self.is_anothers(closed) => {
                self.found.foreign.push(self.place);
                false
            }
            Some(closed) => {
                self.found.closed.push(closed.amount);
                true
            }
            None => !found.is_empty(),
        }
    }

    /// Whether somebody is on the other side, and it is not theirs.
    fn is_anothers(&self, closed: Closed) -> bool {
        !self.side.payers.is_empty() && self.side.of(closed.partner).is_none()
    }

    fn tail(&mut self, number: &Number) {
        let found = self.items.called_by_tail(&number.tail, self.day, HITS);
        if found.is_empty()
            && let Some(closed) = self.items.closed_by_tail(&number.tail)
            && self.side.of(closed.partner).is_some()
        {
            self.found.closed.push(closed.amount);
        }
        // Each digit that agrees makes chance ten times rarer; what is called an invoice is likelier one.
        let length = i32::try_from(number.digits.len().min(6)).unwrap_or(6);
        let labelled = if number.label == Some(Label::Invoice) { 2 } else { -2 };
        for id in found {
            let payer = self.items.get(id).and_then(|item| self.side.of(item.partner)).is_some();
            let bits = Bits::milli(2_000 * length - 1_000) + Bits::whole(labelled + i32::from(payer));
            self.add(id, How::Tail, bits.max(Bits::ZERO));
        }
    }

    /// A number that is no item's may be meant for one of the payer's.
    fn slips(&mut self, number: &Number) {
        if number.digits.len() < 5 {
            return;
        }
        let digits = reference::key(&number.digits);
        for payer in &self.side.payers {
            for id in self.items.of_partner(payer.partner, self.day, subset::ITEMS).0 {
                let Some(item) = self.items.get(id) else { continue };
                // A machine writes a reference: with a slip it is nobody's.
                let reference = reference::key(item.reference());
                self.found.broken += usize::from(reference.len() >= 7 && is_slip(&digits, &reference));
                let named = [item.number(), item.their_reference()];
                if named.iter().any(|named| is_slip(&number.code, &code(named))) {
                    self.add(id, How::Slip, Bits::whole(7));
                }
            }
        }
    }

    fn add(&mut self, id: ItemId, how: How, bits: Bits) {
        if self.items.get(id).is_some() {
            let mention = Mention { how, bits, except: self.except, place: self.place };
            let known = self.found.items.entry(id).or_insert(mention);
            if bits > known.bits {
                *known = mention;
            }
        }
    }
}

/// Whether a digit or letter is wrong, missing or too many, or two neighbours changed places.
fn is_slip(written: &str, number: &str) -> bool {
    let least = osa::Args::default().score_cutoff(1);
    written.len() >= 6 && osa::distance_with_args(written.bytes(), number.bytes(), &least) == Some(1)
}
