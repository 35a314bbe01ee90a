//! What speaks against a pair however much it agrees.

mod name;

use crate::compare::name::{Aligned, PARTLY};
use crate::measure::{CLOSE, Measure, SAME};
use crate::model::Levels;
use crate::reader::Comparison;
use crate::record::{Place, Record, Token};

/// Why two records cannot be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Veto {
    /// Both have a tax number whose check digits hold, and they differ.
    TaxId,
    /// Two names: each has words that the other has not. Colleagues, tenants and the firms of one owner share mailbox, phone and address;
    /// `veto/name.rs` says what does outweigh it.
    Name,
    /// Two people of one household: the family name agrees, the address or the phone does, the given name does not.
    Household,
    /// Two flats of one house, and nothing else that is one person's.
    Unit,
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
            Self::Name => "different names",
            Self::Unit => "different flats or units of one house",
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
const TITLE_DIFFERS: u8 = 3;

/// The first veto that holds.
pub(crate) fn find(comparisons: &[Comparison], levels: &Levels, a: &Record, b: &Record) -> Option<Veto> {
    between_places(a.place, b.place).or_else(|| {
        if differing_tax_ids(comparisons, levels, a, b) {
            Some(Veto::TaxId)
        } else if is_household(comparisons, levels) {
            Some(Veto::Household)
        } else if let Some(veto) = name::of(comparisons, levels, a, b) {
            Some(veto)
        } else if is_another_unit(comparisons, levels, a, b) {
            Some(Veto::Unit)
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

/// Whether any comparison of these measures agrees.
fn agrees(comparisons: &[Comparison], levels: &Levels, measures: &[Measure], level: u8) -> bool {
    comparisons
        .iter()
        .zip(levels)
        .any(|(of, reached)| (SAME..=level).contains(reached) && measures.contains(&of.measure))
}

fn is_household(comparisons: &[Comparison], levels: &Levels) -> bool {
    let reached = |measure| {
        comparisons.iter().zip(levels).find(|(of, _)| of.measure == measure).map(|(_, level)| *level)
    };
    reached(Measure::Given) == Some(GIVEN_DIFFERS)
        // Who is a neighbour of somebody, or has the next number, is no more the same than who shares the house.
        && agrees(comparisons, levels, &[Measure::Street, Measure::Postcode, Measure::Phone], CLOSE)
        && !agrees(comparisons, levels, &[Measure::Email, Measure::TaxId, Measure::Identifier], CLOSE)
        && !agrees(comparisons, levels, &[Measure::Date], SAME)
}

/// Whether one house is meant and two flats, by nobody who is known by anything else.
fn is_another_unit(comparisons: &[Comparison], levels: &Levels, a: &Record, b: &Record) -> bool {
    let is_other = |(i, (of, level)): (usize, (&Comparison, &u8))| {
        let one_house = || a.slot(i).tokens.iter().any(|x| b.slot(i).tokens.iter().any(|y| x.hash == y.hash));
        of.measure == Measure::HouseNumber && *level > CLOSE && one_house()
    };
    comparisons.iter().zip(levels).enumerate().any(is_other)
        && !agrees(
            comparisons,
            levels,
            &[Measure::Email, Measure::Phone, Measure::TaxId, Measure::Identifier],
            SAME,
        )
}

fn is_branch(comparisons: &[Comparison], levels: &Levels, a: &Record, b: &Record) -> bool {
    let (mut together, mut apart, mut other_tax_id, mut towns) = (false, false, false, false);
    for (i, (comparison, level)) in comparisons.iter().zip(levels).enumerate() {
        match (comparison.measure, *level) {
            (Measure::Street | Measure::Postcode | Measure::City, SAME) => together = true,
            (Measure::Postcode | Measure::City, 3) => apart = true,
            (Measure::TaxId, 3) => other_tax_id = true,
            (Measure::Name, CLOSE..=PARTLY) => towns |= differ_by_town(comparisons, a, b, i),
            _ => {}
        }
    }
    apart && !together && (other_tax_id || towns)
}

fn is_another_matter(comparisons: &[Comparison], levels: &Levels) -> bool {
    comparisons.iter().zip(levels).any(|(of, level)| of.measure == Measure::Title && *level == TITLE_DIFFERS)
}

/// Whether what only one of two names has names its town.
fn differ_by_town(comparisons: &[Comparison], a: &Record, b: &Record, name: usize) -> bool {
    let Some(city) = comparisons.iter().position(|comparison| comparison.measure == Measure::City) else {
        return false;
    };
    let aligned = Aligned::new(a.slot(name), b.slot(name));
    let (ours, theirs): (Vec<_>, Vec<_>) =
        (aligned.ours(a.slot(name)).collect(), aligned.theirs(b.slot(name)).collect());
    let has_town = |record: &Record, words: &[&Token]| {
        let mut towns = record.slot(city).tokens.iter().map(|town| town.hash);
        towns.any(|town| words.iter().any(|word| word.hash == town))
    };
    (has_town(a, &ours) && theirs.is_empty())
        || (has_town(b, &theirs) && ours.is_empty())
        || (has_town(a, &ours) && has_town(b, &theirs))
}
