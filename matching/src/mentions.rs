//! Which items a line names: by reference, by number, by the end of a number, by a number with a slip of the finger.

use std::collections::BTreeMap;

use rapidfuzz::distance::osa;

use crate::bits::Bits;
use crate::cues::Label;
use crate::items::{Items, Part};
use crate::parse::{Number, Parsed, code};
use crate::payers::Side;
use crate::records::{Day, ItemId};
use crate::reference;

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
    /// What a line names. An item that is issued later than the line is not meant.
    pub fn of(parsed: &Parsed, side: &Side, items: &Items, day: Day) -> Self {
        let mut mentions = Self::default();
        for (place, reference) in parsed.references.iter().enumerate() {
            if !reference.valid {
                mentions.broken += 1;
                continue;
            }
            mentions.named(Part::Reference, &reference.key, (place, false), (side, items), day);
        }
        for (i, number) in parsed.numbers.iter().enumerate() {
            let place = parsed.references.len() + i;
            mentions.number(number, place, side, items, day);
        }
        mentions
    }

    fn number(&mut self, number: &Number, place: usize, side: &Side, items: &Items, day: Day) {
        let at = (place, number.except);
        for code in &number.range {
            self.named(Part::Whole, code, at, (side, items), day);
        }
        if number.joined.as_ref().is_some_and(|joined| {
            joined.bytes().all(|byte| byte.is_ascii_digit())
                && self.named(Part::Digits, joined, at, (side, items), day)
        }) {
            return;
        }
        // A few digits that are called a customer's or an order's are that.
        let is_anybodys = number.label == Some(Label::Other) && number.code.len() < WHOLE;
        let plain = reference::key(&number.digits);
        let is_plain = plain.len() >= 6 && number.code == number.digits;
        if number
            .joined
            .as_ref()
            .is_some_and(|joined| self.named(Part::Whole, joined, at, (side, items), day))
            || !is_anybodys && self.named(Part::Whole, &number.code, at, (side, items), day)
            || number
                .bare
                .as_ref()
                .is_some_and(|bare| bare.len() >= 4 && self.named(Part::Whole, bare, at, (side, items), day))
            || is_plain && self.named(Part::Reference, &plain, at, (side, items), day)
        {
            return;
        }
        if number.label == Some(Label::Other) {
            return;
        }
        if number.digits.len() >= 6 && self.named(Part::Digits, &number.digits, at, (side, items), day) {
            return;
        }
        // The end of a number has no letters of its own, and is not the end of something longer.
        if number.code == number.digits && number.tail.len() >= 2 && number.digits.len() <= 8 {
            self.tail(number, at, side, items, day);
        }
        self.slips(number, at, side, items, day);
        let is_named =
            self.items.values().any(|mention| mention.place == place) || self.foreign.contains(&place);
        if !is_named && number.digits.len() >= 3 && number.label != Some(Label::Other) {
            self.unknown.push((number.code.clone(), number.label));
        }
    }

    /// Answers whether anything, open or closed, is called so.
    fn named(
        &mut self,
        part: Part,
        text: &str,
        at: (usize, bool),
        (side, items): (&Side, &Items),
        day: Day,
    ) -> bool {
        let (found, count) = items.called(part, text, day, HITS);
        let (how, bits) = match part {
            Part::Reference => (How::Reference, 20),
            Part::Whole if text.len() >= WHOLE => (How::Whole, 16),
            Part::Whole => (How::Whole, 10),
            Part::Digits => (How::Digits, 14),
            Part::Tail => (How::Tail, 7),
        };
        let bits = Bits::whole(bits) - Bits::log2(count);
        for id in &found {
            self.add(*id, Mention { how, bits, except: at.1, place: at.0 }, items, day);
        }
        match items.closed(part, text) {
            // A slip of the finger may be another's number; a number of one's own is meant.
            Some(closed)
                if closed.partner.is_some()
                    && !side.payers.is_empty()
                    && side.of(closed.partner).is_none() =>
            {
                self.foreign.push(at.0);
                false
            }
            Some(closed) => {
                self.closed.push(closed.amount);
                true
            }
            None => !found.is_empty(),
        }
    }

    fn tail(&mut self, number: &Number, at: (usize, bool), side: &Side, items: &Items, day: Day) {
        let (found, _) = items.called(Part::Tail, &number.tail, day, HITS);
        let closed = items.closed(Part::Tail, &number.tail);
        if let Some(closed) = closed.filter(|closed| found.is_empty() && side.of(closed.partner).is_some()) {
            self.closed.push(closed.amount);
        }
        // Each digit that agrees makes chance ten times rarer; what is called an invoice is likelier one.
        let length = i32::try_from(number.digits.len().min(6)).unwrap_or(6);
        let labelled = if number.label == Some(Label::Invoice) { 2 } else { -2 };
        for id in &found {
            let payer = items.get(*id).and_then(|item| side.of(item.partner)).is_some();
            let bits = Bits::milli(2_000 * length - 1_000) + Bits::whole(labelled + i32::from(payer));
            self.add(
                *id,
                Mention { how: How::Tail, bits: bits.max(Bits::ZERO), except: at.1, place: at.0 },
                items,
                day,
            );
        }
    }

    /// A number that is no item's may be meant for one of the payer's.
    fn slips(&mut self, number: &Number, at: (usize, bool), side: &Side, items: &Items, day: Day) {
        if number.digits.len() < 5 || self.items.values().any(|mention| mention.place == at.0) {
            return;
        }
        for payer in &side.payers {
            for id in items.of_partner(payer.partner, day, 24).0 {
                let Some(item) = items.get(id) else { continue };
                // A machine writes a reference: with a slip it is nobody's.
                let reference = reference::key(item.reference());
                self.broken +=
                    usize::from(reference.len() >= 7 && is_slip(&reference::key(&number.digits), &reference));
                let named = [item.number(), item.their_reference()];
                if named.iter().any(|named| is_slip(&number.code, &code(named))) {
                    let mention = Mention { how: How::Slip, bits: Bits::whole(7), except: at.1, place: at.0 };
                    self.add(id, mention, items, day);
                }
            }
        }
    }

    fn add(&mut self, id: ItemId, mention: Mention, items: &Items, day: Day) {
        if items.get(id).is_some_and(|item| item.date <= day) {
            let known = self.items.entry(id).or_insert(mention);
            if mention.bits > known.bits {
                *known = mention;
            }
        }
    }
}

/// Whether a digit or letter is wrong, missing or too many, or two neighbours changed places.
pub fn is_slip(written: &str, number: &str) -> bool {
    let least = osa::Args::default().score_cutoff(1);
    written.len() >= 6 && osa::distance_with_args(written.bytes(), number.bytes(), &least) == Some(1)
}
