//! How the values of a comparison are compared, which levels of agreement there are, and what each is worth before anything has
//! been learned from the records.

use crate::field::Kind;

/// A level of agreement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// What people call it.
    pub name: &'static str,
    /// How many pairs of the same thing agree like this.
    pub matches: f64,
    /// How many pairs of different things do, unless the records say otherwise.
    pub others: f64,
    /// Whether how many pairs of different things do depends on how frequent the shared value is.
    pub by_rarity: bool,
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Given names: equal, alike, an initial or a nickname.
    Given,
    /// Family names.
    Family,
    /// A name in one piece.
    Name,
    /// An e-mail address.
    Email,
    /// Phone numbers: one of them has to agree.
    Phone,
    /// A street without its numbers.
    Street,
    /// A house number.
    HouseNumber,
    /// A postcode.
    Postcode,
    /// A city.
    City,
    /// A state or a region.
    Region,
    /// A country.
    Country,
    /// One of a few values.
    Category,
    /// A tax number.
    TaxId,
    /// A number that is one record's alone.
    Identifier,
    /// A date.
    Date,
    /// What a record is about, by the cosine of its parts.
    Title,
    /// A long text, by the cosine of its parts.
    Text,
    /// The model numbers in a text.
    ModelNumber,
    /// A quantity or a price.
    Amount,
}

/// The level where one of the two values is missing. It says nothing.
pub const MISSING: u8 = 0;
/// The level of two equal values, for every measure.
pub const SAME: u8 = 1;
/// The level of two values that differ as a slip of the finger would make them, where a measure has it.
pub const CLOSE: u8 = 2;

const fn level(name: &'static str, matches: f64, others: f64) -> Level {
    Level { name, matches, others, by_rarity: false }
}

const fn rare(name: &'static str, matches: f64, others: f64) -> Level {
    Level { name, matches, others, by_rarity: true }
}

const GIVEN: &[Level] = &[
    rare("same", 0.72, 5e-3),
    level("close", 0.14, 3e-3),
    level("short form", 0.05, 5e-3),
    level("different", 0.09, 0.97),
];
const FAMILY: &[Level] =
    &[rare("same", 0.78, 1e-3), level("close", 0.13, 2e-3), level("different", 0.09, 0.99)];
const NAME: &[Level] = &[
    rare("same", 0.62, 1e-5),
    level("close", 0.16, 1e-5),
    level("short form", 0.06, 3e-5),
    level("contained", 0.08, 1e-4),
    level("alike", 0.005, 1e-4),
    level("partly", 0.03, 1e-2),
    level("different", 0.03, 0.99),
];
const EMAIL: &[Level] = &[
    rare("same", 0.72, 1e-6),
    level("close", 0.10, 1e-5),
    level("same domain", 0.06, 1e-4),
    level("different", 0.12, 0.999),
];
const PHONE: &[Level] =
    &[rare("same", 0.68, 1e-5), level("close", 0.06, 1e-5), level("different", 0.26, 0.999)];
const STREET: &[Level] = &[
    rare("same", 0.68, 1e-4),
    level("close", 0.14, 1e-4),
    level("partly", 0.06, 2e-2),
    level("different", 0.12, 0.98),
];
const HOUSE_NUMBER: &[Level] =
    &[rare("same", 0.82, 2e-2), level("close", 0.07, 0.1), level("different", 0.11, 0.89)];
const POSTCODE: &[Level] =
    &[rare("same", 0.80, 1e-3), level("close", 0.08, 3e-3), level("different", 0.12, 0.99)];
const CITY: &[Level] =
    &[rare("same", 0.82, 1e-2), level("close", 0.08, 3e-3), level("different", 0.10, 0.99)];
const REGION: &[Level] = &[rare("same", 0.92, 0.1), level("different", 0.08, 0.8)];
const COUNTRY: &[Level] = &[rare("same", 0.98, 0.5), level("different", 0.02, 0.8)];
const CATEGORY: &[Level] = &[rare("same", 0.95, 0.4), level("different", 0.05, 0.6)];
const TAX_ID: &[Level] =
    &[rare("same", 0.93, 1e-6), level("close", 0.04, 1e-5), level("different", 0.03, 0.999)];
const IDENTIFIER: &[Level] =
    &[rare("same", 0.85, 1e-5), level("close", 0.08, 1e-4), level("different", 0.07, 0.999)];
const DATE: &[Level] = &[
    rare("same", 0.80, 1e-4),
    level("close", 0.10, 3e-3),
    level("within a year", 0.05, 2e-2),
    level("different", 0.05, 0.98),
];
const TITLE: &[Level] =
    &[level("same", 0.70, 2e-2), level("close", 0.15, 2e-2), level("different", 0.15, 0.96)];
const TEXT: &[Level] = &[
    level("90 %", 0.20, 1e-6),
    level("75 %", 0.18, 2e-6),
    level("60 %", 0.18, 1e-5),
    level("45 %", 0.18, 5e-5),
    level("30 %", 0.14, 5e-4),
    level("15 %", 0.08, 1e-2),
    level("different", 0.04, 0.99),
];
const MODEL_NUMBER: &[Level] = &[rare("shared", 0.88, 1e-4), level("different", 0.12, 0.99)];
const AMOUNT: &[Level] = &[
    level("same", 0.60, 2e-2),
    level("within 5 %", 0.22, 4e-2),
    level("within 20 %", 0.12, 0.1),
    level("different", 0.06, 0.85),
];

impl Measure {
    /// How values of a kind are compared. Parts of a date, and streets, are read together with others.
    pub fn for_kind(kind: Kind) -> Self {
        match kind {
            Kind::GivenName => Self::Given,
            Kind::FamilyName => Self::Family,
            Kind::PersonName | Kind::CompanyName | Kind::Name => Self::Name,
            Kind::Email => Self::Email,
            Kind::Phone => Self::Phone,
            Kind::Street => Self::Street,
            Kind::HouseNumber => Self::HouseNumber,
            Kind::Postcode => Self::Postcode,
            Kind::City => Self::City,
            Kind::Region => Self::Region,
            Kind::Country => Self::Country,
            Kind::TaxId => Self::TaxId,
            Kind::AccountNumber | Kind::Identifier => Self::Identifier,
            Kind::Date | Kind::Year | Kind::Month | Kind::Day => Self::Date,
            Kind::Title => Self::Title,
            Kind::Text => Self::Text,
            Kind::Number | Kind::Price => Self::Amount,
            Kind::Category => Self::Category,
        }
    }

    /// What tends to change together, and how little the whole of it can count, in thousandths of a bit: who moves has another
    /// street, another number, another postcode and another city for one reason.
    pub fn group(self) -> Option<Group> {
        match self {
            Self::Street | Self::HouseNumber | Self::Postcode | Self::City | Self::Region => {
                Some(Group::Address)
            }
            Self::Email | Self::Phone => Some(Group::Contact),
            _ => None,
        }
    }

    /// How dear it is to compare two values, next to other measures: numbers first, names with their many words last.
    pub(crate) fn cost(self) -> u8 {
        match self {
            Self::TaxId | Self::Identifier | Self::Email | Self::Phone => 0,
            Self::Postcode | Self::Date | Self::Region | Self::Country | Self::Category | Self::Amount => 1,
            Self::City | Self::HouseNumber | Self::ModelNumber => 2,
            Self::Street => 3,
            Self::Given | Self::Family => 4,
            Self::Title | Self::Text => 5,
            Self::Name => 6,
        }
    }

    /// The levels of agreement behind [`MISSING`], the best first.
    pub fn levels(self) -> &'static [Level] {
        match self {
            Self::Given => GIVEN,
            Self::Family => FAMILY,
            Self::Name => NAME,
            Self::Email => EMAIL,
            Self::Phone => PHONE,
            Self::Street => STREET,
            Self::HouseNumber => HOUSE_NUMBER,
            Self::Postcode => POSTCODE,
            Self::City => CITY,
            Self::Region => REGION,
            Self::Country => COUNTRY,
            Self::Category => CATEGORY,
            Self::TaxId => TAX_ID,
            Self::Identifier => IDENTIFIER,
            Self::Date => DATE,
            Self::Title => TITLE,
            Self::Text => TEXT,
            Self::ModelNumber => MODEL_NUMBER,
            Self::Amount => AMOUNT,
        }
    }
}

/// Comparisons whose disagreement has one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Where somebody lives.
    Address,
    /// How somebody is reached.
    Contact,
}

impl Group {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Address, Self::Contact];

    /// A group counts for no less than this, in thousandths of a bit: one in eight moves, or is reached in another way.
    pub const LEAST: i32 = -3_000;

    /// What a group counts for. Neighbours and families have one address, so an address alone never makes more than even odds
    /// of the `prior`. Where names are no more than alike, who lives and is reached in one place may well be two people.
    pub fn bound(self, part: i32, prior: i32, names_are_alike: bool) -> i32 {
        let most = match self {
            _ if names_are_alike => Self::MOST_OF_TWO_NAMES,
            Self::Address => prior.saturating_neg().max(0),
            Self::Contact => i32::MAX,
        };
        part.clamp(Self::LEAST, most)
    }

    /// What a group counts for at most where names are alike, in thousandths of a bit.
    const MOST_OF_TWO_NAMES: i32 = 0;
}
