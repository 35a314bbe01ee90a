//! What a column means. A schema is a list of fields; everything else about a model follows from it.

use serde::{Deserialize, Serialize};

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person's given names.
    GivenName,
    /// A person's family names.
    FamilyName,
    /// A person's whole name.
    PersonName,
    /// A company's name.
    CompanyName,
    /// The name of a person, a company or a thing.
    Name,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A street, with or without the house number.
    Street,
    /// A house number.
    HouseNumber,
    /// A postcode.
    Postcode,
    /// A city or a suburb.
    City,
    /// A state or a region.
    Region,
    /// A country, best as ISO 3166 code.
    Country,
    /// A number that a tax office gave.
    TaxId,
    /// A bank account number.
    AccountNumber,
    /// Any other number or code that should be one record's alone.
    Identifier,
    /// A date: `2026-11-24`, `20261124` or `24.11.2026`.
    Date,
    /// A date's year.
    Year,
    /// A date's month.
    Month,
    /// A date's day.
    Day,
    /// What a record that has a customer's name and address is about: a customer has many such matters.
    Title,
    /// Words: a name, a description, the title of a publication.
    Text,
    /// A number.
    Number,
    /// A price.
    Price,
    /// One of a few values.
    Category,
}

/// A column, or several whose values stand for one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its columns.
    pub columns: Vec<String>,
    /// What they mean.
    pub kind: Kind,
}

/// The fields of one kind of record.
pub type Schema = [Field];
