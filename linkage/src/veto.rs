//! What speaks against a pair however much it agrees.

use crate::measure::{CLOSE, Measure, SAME};
use crate::model::Levels;
use crate::reader::Comparison;
use crate::record::{Place, Record, Slot, Token};

/// Why two records cannot be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Veto {
    /// Both have a tax number whose check digits hold, and they differ.
    TaxId,
    /// Two people of one household: the name agrees in part, the address or the phone agrees, nothing personal does.
    Household,
    /// Two places of one company: a name that differs by the town, or another tax number at another address.
    Branch,
    /// Two matters of one customer: what they are about differs, whoever they are from.
    Matter,
    /// One belongs to the other: a company and its contact.
    Belongs,
    /// They are seen by different companies.
    Company,
    /// They are from one file, in which nothing is twice.
    File,
    /// A person said so.
    Decided,
}

impl Veto {
    /// In words, for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TaxId => "different valid tax numbers",
            Self::Household => "different people of one household",
            Self::Branch => "different places of one company",
            Self::Matter => "different matters of one customer",
            Self::Belongs => "one belongs to the other",
            Self::Company => "records of different companies",
            Self::File => "records of one file",
            Self::Decided => "decided not to be duplicates",
        }
    }
}

const GIVEN_DIFFERS: u8 = 4;
const NAME_PARTLY: u8 = 5;
const TITLE_DIFFERS: u8 = 3;

/// The first veto that holds.
pub(crate) fn find(comparisons: &[Comparison], levels: &Levels, a: &Record, b: &Record) -> Option<Veto> {
    between_places(a.place, b.place).or_else(|| {
        if differing_tax_ids(comparisons, levels, a, b) {
            Some(Veto::TaxId)
        } else if is_household(comparisons, levels, a, b) {
            Some(Veto::Household)
        } else if is_branch(comparisons, levels, a, b) {
            Some(Veto::Branch)
        } else if is_another_matter(comparisons, levels) {
            Some(Veto::Matter)
        } else {
            None
        }
    })
}

fn between_places(a: Place, b: Place) -> Option<Veto> {
    let differ = |x: i32, y: i32| x != 0 && y != 0 && x != y;
    if (a.owner != 0 && a.owner == b.id) || (b.owner != 0 && b.owner == a.id) {
        Some(Veto::Belongs)
    } else if differ(a.company, b.company) {
        Some(Veto::Company)
    } else if a.file != 0 && a.file == b.file {
        Some(Veto::File)
    } else {
        None
    }
}

fn differing_tax_ids(comparisons: &[Comparison], levels: &Levels, a: &Record, b: &Record) -> bool {
    comparisons.iter().zip(levels).enumerate().any(|(i, (comparison, level))| {
        let valid =
            |record: &Record| record.slot(i).tokens.iter().all(|token| token.marks & Token::VALID != 0);
        comparison.measure == Measure::TaxId && *level > SAME && valid(a) && valid(b)
    })
}

fn is_household(comparisons: &[Comparison], levels: &Levels, a: &Record, b: &Record) -> bool {
    // The whole name in one word, and at most three words: more are no person's.
    let is_short = |record: &Record, name: usize| record.slot(name).tokens.len() <= 4;
    let mut others_name = false;
    let mut together = false;
    for (i, (comparison, level)) in comparisons.iter().zip(levels).enumerate() {
        match (comparison.measure, *level) {
            (Measure::Given, GIVEN_DIFFERS) => others_name = true,
            (Measure::Name, NAME_PARTLY) => others_name |= is_short(a, i) && is_short(b, i),
            // Who is a neighbour of somebody, or has the next number, is no more the same than who shares the house.
            (Measure::Street | Measure::Postcode | Measure::Phone, SAME | CLOSE) => together = true,
            (Measure::Email | Measure::TaxId | Measure::Identifier, SAME | CLOSE) | (Measure::Date, SAME) => {
                return false;
            }
            _ => {}
        }
    }
    others_name && together
}

fn is_branch(comparisons: &[Comparison], levels: &Levels, a: &Record, b: &Record) -> bool {
    let (mut together, mut apart, mut other_tax_id, mut towns) = (false, false, false, false);
    for (i, (comparison, level)) in comparisons.iter().zip(levels).enumerate() {
        match (comparison.measure, *level) {
            (Measure::Street | Measure::Postcode | Measure::City, SAME) => together = true,
            (Measure::Postcode | Measure::City, 3) => apart = true,
            (Measure::TaxId, 3) => other_tax_id = true,
            (Measure::Name, CLOSE..=NAME_PARTLY) => towns |= differ_by_town(comparisons, a, b, i),
            _ => {}
        }
    }
    apart && !together && (other_tax_id || towns)
}

fn is_another_matter(comparisons: &[Comparison], levels: &Levels) -> bool {
    comparisons.iter().zip(levels).any(|(of, level)| of.measure == Measure::Title && *level == TITLE_DIFFERS)
}

/// Whether all words that only one of two names has are its town.
fn differ_by_town(comparisons: &[Comparison], a: &Record, b: &Record, name: usize) -> bool {
    let Some(city) = comparisons.iter().position(|comparison| comparison.measure == Measure::City) else {
        return false;
    };
    let more = |a: &Record, b: &Record| {
        let has =
            |slot: Slot<'_>, word: &Token| slot.tokens.iter().skip(1).any(|other| other.hash == word.hash);
        let extra: Vec<_> =
            a.slot(name).tokens.iter().skip(1).filter(|word| !has(b.slot(name), word)).collect();
        (!extra.is_empty(), extra.iter().all(|word| has(a.slot(city), word)))
    };
    let (ours, theirs) = (more(a, b), more(b, a));
    (ours.0 || theirs.0) && ours.1 && theirs.1
}
