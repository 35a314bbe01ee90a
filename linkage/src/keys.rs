//! Blocking keys: only records that share one are compared. A function of the record alone.

use crate::measure::Measure;
use crate::reader::Comparison;
use crate::record::{Record, Slot, hash};

/// Words of a name beyond these make no keys.
const MOST_WORDS: usize = 6;
/// Words of a text beyond these make no keys.
const MOST_PARTS: usize = 24;

/// The keys of a record, sorted, without repetition.
pub fn keys(record: &Record, comparisons: &[Comparison]) -> Box<[u32]> {
    let mut keys = Keys::default();
    let slots = |wanted: &'static [Measure]| {
        comparisons
            .iter()
            .enumerate()
            .filter(move |(_, comparison)| wanted.contains(&comparison.measure))
            .map(|(i, comparison)| (comparison.measure, record.slot(i)))
            .filter(|(_, slot)| !slot.is_missing())
    };
    let names: Vec<&[u8]> = slots(&[Measure::Given, Measure::Family, Measure::Name])
        .flat_map(|(_, slot)| words(slot))
        .take(MOST_WORDS)
        .collect();
    for (_, slot) in slots(&[Measure::Name]) {
        keys.add("name", &[slot.text(&slot.tokens[0])]);
    }
    let places: Vec<&[u8]> =
        slots(&[Measure::Postcode, Measure::City]).map(|(_, slot)| whole(slot)).collect();
    let streets: Vec<&[u8]> = slots(&[Measure::Street]).map(|(_, slot)| whole(slot)).collect();
    let numbers: Vec<&[u8]> = slots(&[Measure::HouseNumber]).map(|(_, slot)| whole(slot)).collect();
    let dates: Vec<&[u8]> = slots(&[Measure::Date]).map(|(_, slot)| whole(slot)).collect();

    for (measure, slot) in slots(&[Measure::Email, Measure::Phone, Measure::TaxId, Measure::Identifier]) {
        for token in slot.tokens {
            keys.add(tag(measure), &[slot.text(token)]);
        }
    }
    for (i, name) in names.iter().enumerate() {
        keys.add("word", &[name]);
        for other in &names[i + 1..] {
            keys.add_pair("words", prefix(name, 4), prefix(other, 4));
        }
        for place in &places {
            keys.add("at", &[prefix(name, 4), place]);
        }
        for street in &streets {
            keys.add("in", &[prefix(name, 4), street]);
        }
    }
    for street in &streets {
        for number in &numbers {
            keys.add("house", &[street, number]);
        }
        for place in &places {
            keys.add("street", &[street, place]);
        }
    }
    for date in dates {
        keys.add("date", &[date]);
        for name in &names {
            keys.add("born", &[prefix(name, 3), prefix(date, 4)]);
            keys.add("birthday", &[prefix(name, 3), date.get(4..).unwrap_or_default()]);
        }
        for place in &places {
            keys.add("native", &[prefix(date, 4), place]);
        }
    }
    for (_, slot) in slots(&[Measure::Text]) {
        // The rarest parts of a text, which its hash order makes a fixed choice among equals.
        let mut parts: Vec<_> = slot.tokens.iter().collect();
        parts.sort_by_key(|token| (std::cmp::Reverse(token.rarity), token.hash));
        for token in parts.into_iter().take(MOST_PARTS) {
            keys.add("part", &[&token.hash.to_le_bytes()]);
        }
    }
    for (_, slot) in slots(&[Measure::ModelNumber]) {
        for token in slot.tokens.iter().take(MOST_WORDS) {
            keys.add("model", &[slot.text(token)]);
        }
    }
    keys.finish()
}

fn tag(measure: Measure) -> &'static str {
    match measure {
        Measure::Email => "email",
        Measure::Phone => "phone",
        Measure::TaxId => "tax",
        _ => "id",
    }
}

fn whole(slot: Slot<'_>) -> &[u8] {
    slot.tokens.first().map_or(&[], |token| slot.text(token))
}

/// The words behind a whole name.
fn words(slot: Slot<'_>) -> impl Iterator<Item = &[u8]> {
    slot.tokens[1..].iter().map(move |token| slot.text(token))
}

fn prefix(text: &[u8], length: usize) -> &[u8] {
    &text[..text.len().min(length)]
}

#[derive(Default)]
struct Keys {
    keys: Vec<u32>,
    scratch: Vec<u8>,
}

impl Keys {
    fn add(&mut self, tag: &str, parts: &[&[u8]]) {
        self.scratch.clear();
        self.scratch.extend_from_slice(tag.as_bytes());
        for part in parts {
            self.scratch.push(0);
            self.scratch.extend_from_slice(part);
        }
        self.keys.push(hash(&self.scratch));
    }

    /// A key of two parts in any order.
    fn add_pair(&mut self, tag: &str, a: &[u8], b: &[u8]) {
        self.add(tag, &[a.min(b), a.max(b)]);
    }

    fn finish(mut self) -> Box<[u32]> {
        self.keys.sort_unstable();
        self.keys.dedup();
        self.keys.into()
    }
}
