//! From a row of text to a [`Record`]: which comparisons a schema has, and what each reads of a row.

use std::collections::BTreeMap;

use crate::field::{Kind, Schema};
use crate::measure::Measure;
use crate::normalise::script::Native;
use crate::normalise::{
    date, email, given_name, legal_form, mojibake, nickname, numeral, phone, tax_id, text, words,
};
use crate::record::{Builder, Place, Record, Token, hash};

/// A comparison of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What people call it: its columns.
    pub name: String,
    /// How its values are compared.
    pub measure: Measure,
    /// The columns it reads, by their place in a row.
    columns: Vec<usize>,
    /// What is read of them.
    reading: Reading,
}

/// What a comparison reads of its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Words,
    Company,
    Email,
    Phones,
    StreetWords,
    StreetNumbers,
    Code,
    TaxId,
    Date,
    DateParts,
    Grams,
    ModelNumbers,
    Amount,
}

/// Reads rows of a schema.
#[derive(Clone, Debug)]
pub struct Reader {
    comparisons: Vec<Comparison>,
    country: Option<usize>,
}

impl Reader {
    /// For rows whose values stand in the order of the schema's columns.
    pub fn new(schema: &Schema) -> Self {
        let mut reader = Self { comparisons: Vec::new(), country: None };
        let mut width = 0;
        let has_house_number = schema.iter().any(|field| field.kind == Kind::HouseNumber);
        // Phones are one comparison, and so are the parts of a date.
        let mut joint: BTreeMap<Kind, usize> = BTreeMap::new();
        for field in schema {
            let columns: Vec<usize> = (width..).take(field.columns.len()).collect();
            width += columns.len();
            let name = field.columns.join(" + ");
            let kind = match field.kind {
                Kind::Year | Kind::Month | Kind::Day => Kind::Year,
                kind => kind,
            };
            if let Some(comparison) = joint.get(&kind) {
                let comparison = &mut reader.comparisons[*comparison];
                comparison.name = format!("{} + {name}", comparison.name);
                if kind == Kind::Phone {
                    comparison.columns.extend(columns);
                }
                continue;
            }
            if matches!(kind, Kind::Phone | Kind::Year) {
                joint.insert(kind, reader.comparisons.len());
            }
            if kind == Kind::Country {
                reader.country = columns.first().copied();
            }
            let columns = if kind == Kind::Year { date_columns(schema) } else { columns };
            let mut add = |measure, reading, name: String| {
                reader.comparisons.push(Comparison { name, measure, columns: columns.clone(), reading });
            };
            let measure = Measure::for_kind(kind);
            match kind {
                Kind::GivenName | Kind::FamilyName | Kind::PersonName | Kind::City => {
                    add(measure, Reading::Words, name);
                }
                Kind::CompanyName | Kind::Name => add(measure, Reading::Company, name),
                Kind::Email => add(measure, Reading::Email, name),
                Kind::Phone => add(measure, Reading::Phones, name),
                Kind::Street => {
                    if !has_house_number {
                        add(Measure::HouseNumber, Reading::StreetNumbers, format!("number in {name}"));
                    }
                    add(measure, Reading::StreetWords, name);
                }
                Kind::Title => add(measure, Reading::Grams, name),
                Kind::TaxId => add(measure, Reading::TaxId, name),
                Kind::Date => add(measure, Reading::Date, name),
                Kind::Year | Kind::Month | Kind::Day => add(measure, Reading::DateParts, name),
                Kind::Text => {
                    add(Measure::ModelNumber, Reading::ModelNumbers, format!("model number in {name}"));
                    add(measure, Reading::Grams, name);
                }
                Kind::Number | Kind::Price => add(measure, Reading::Amount, name),
                Kind::HouseNumber
                | Kind::Postcode
                | Kind::Region
                | Kind::Country
                | Kind::AccountNumber
                | Kind::Identifier
                | Kind::Category => add(measure, Reading::Code, name),
            }
        }
        reader
    }

    /// The comparisons, in the order of a record's slots.
    pub fn comparisons(&self) -> &[Comparison] {
        &self.comparisons
    }

    /// Reads a row. A value that is missing is empty.
    pub fn read<T: AsRef<str>>(&self, row: &[T], place: Place) -> Record {
        let value = |column: usize| row.get(column).map_or("", |value| value.as_ref().trim());
        let country = self.country.map(value).filter(|country| country.len() == 2);
        let country = country.map(str::to_uppercase);
        let mut builder = Builder::default();
        for comparison in &self.comparisons {
            let values = comparison.columns.iter().map(|column| value(*column));
            comparison.reading.read(values, country.as_deref(), &mut builder);
            builder.next();
        }
        builder.finish(place)
    }
}

/// The columns of year, month and day, in this order; one that is not there is behind every row.
fn date_columns(schema: &Schema) -> Vec<usize> {
    let kinds: Vec<Kind> = schema.iter().flat_map(|field| field.columns.iter().map(|_| field.kind)).collect();
    let column = |wanted| kinds.iter().position(|kind| *kind == wanted).unwrap_or(usize::MAX);
    [Kind::Year, Kind::Month, Kind::Day].map(column).to_vec()
}

impl Reading {
    fn read<'v>(self, mut values: impl Iterator<Item = &'v str>, country: Option<&str>, into: &mut Builder) {
        match self {
            Self::Words => {
                let words = written_words(&joined(values));
                push_words(&words, &words, into);
            }
            Self::Company => push_company(&joined(values), into),
            Self::Email => values.filter_map(email::parse).take(1).for_each(|email| {
                into.push(&email.address(), if email.is_role() { 0 } else { Token::PERSONAL });
                if !email.is_free() {
                    into.push(&email.domain, Token::DOMAIN);
                } else if !email.is_role() && email.local.len() >= 5 {
                    // Somebody may be with another provider under the same name; with another employer it is somebody else.
                    into.push(&email.local, 0);
                }
            }),
            Self::Phones => {
                let mut numbers: Vec<_> =
                    values.filter_map(|value| phone::national(value, country)).collect();
                numbers.sort();
                numbers.dedup();
                for (number, is_mobile) in numbers {
                    into.push(&number, if is_mobile { Token::PERSONAL } else { 0 });
                }
            }
            Self::StreetWords => {
                let is_word = |word: &String| !word.starts_with(|letter: char| letter.is_ascii_digit());
                let words = text::words(&joined(values)).into_iter().filter(is_word);
                let words = words.map(|word| Word::new(words::street(&word).into_owned(), Native::default()));
                let words: Vec<_> = words.collect();
                push_words(&words, &words, into);
            }
            Self::StreetNumbers => {
                let words = text::words(&joined(values));
                let numbers =
                    words.iter().filter(|word| word.starts_with(|letter: char| letter.is_ascii_digit()));
                numbers.for_each(|number| into.push(number, 0));
            }
            Self::Code => into.push(&values.map(text::code).collect::<String>(), 0),
            Self::TaxId => {
                if let Some(id) = values.find_map(|value| tax_id::parse(value, country)) {
                    let valid = id.validity == tax_id::Validity::Valid;
                    into.push(&id.canonical, if valid { Token::VALID } else { 0 });
                }
            }
            Self::Date => {
                if let Some(date) = values.find_map(date::parse) {
                    into.push(&date, 0);
                }
            }
            Self::DateParts => {
                let parts: Vec<_> = values.collect();
                let part = |i: usize| parts.get(i).copied().unwrap_or_default();
                if let Some(date) = date::join(part(0), part(1), part(2)) {
                    into.push(&date, 0);
                }
            }
            Self::Grams => push_grams(&text::fold(&joined(values)), into),
            Self::ModelNumbers => {
                let mut numbers: Vec<_> = joined(values)
                    .split(|letter: char| letter.is_whitespace() || ",;()[]\"".contains(letter))
                    .map(text::code)
                    .filter(|word| is_model_number(word))
                    .collect();
                numbers.sort();
                numbers.dedup();
                for number in numbers {
                    into.push(&number, 0);
                }
            }
            Self::Amount => {
                if let Some(cents) = values.find_map(cents) {
                    into.push(&cents.to_string(), 0);
                }
            }
        }
    }
}

fn joined<'v>(values: impl Iterator<Item = &'v str>) -> String {
    values.filter(|value| !value.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A word as it is compared.
#[derive(Clone)]
struct Word {
    text: String,
    marks: u8,
    native: Native,
}

impl Word {
    fn new(text: String, native: Native) -> Self {
        let mark = |holds, mark| if holds { mark } else { 0 };
        let marks = mark(!nickname::formals(&text).is_empty(), Token::NICKNAME)
            | mark(given_name::is_known(&text), Token::GIVEN);
        Self { text, marks, native }
    }

    fn is_dotted(&self) -> bool {
        self.marks & Token::INITIALS != 0
    }
}

impl From<text::Written> for Word {
    fn from(written: text::Written) -> Self {
        let word = Self::new(written.text, written.native);
        // One letter is an initial with and without a dot.
        let initials = if written.dotted && word.text.len() > 1 { Token::INITIALS } else { 0 };
        Self { marks: word.marks | initials, ..word }
    }
}

fn written_words(text: &str) -> Vec<Word> {
    text::written_words(&mojibake::repaired(text)).into_iter().map(Word::from).collect()
}

/// The whole name in one word, then its words.
fn push_words(words: &[Word], whole: &[Word], into: &mut Builder) {
    let text: String = whole.iter().map(|word| word.text.as_str()).collect();
    into.push_native(&text, 0, Native::join(whole.iter().map(|word| word.native)));
    for word in words {
        into.push_native(&word.text, word.marks, word.native);
    }
}

/// A name without its legal form. Words that say nothing are left out, abbreviations written out, and numbers in digits; the whole in
/// one word is as it was written, because a space in the wrong place can hide such words.
fn push_company(name: &str, into: &mut Builder) {
    let written = written_words(name);
    let mut kept: Vec<String> = written.iter().map(|word| word.text.clone()).collect();
    legal_form::strip(&mut kept);
    // What is left is a part of what was there, in its order.
    let mut rest = written.into_iter();
    let words: Vec<Word> = kept.iter().filter_map(|text| rest.find(|word| word.text == *text)).collect();
    let telling: Vec<Word> = (0..words.len()).filter_map(|place| telling(&words, place)).collect();
    push_words(if telling.is_empty() { &words } else { &telling }, &words, into);
}

/// What a word of a name says, if anything.
fn telling(words: &[Word], place: usize) -> Option<Word> {
    let word = words.get(place)?;
    let (is_first, is_last) = (place == 0, place + 1 == words.len());
    let is_before_number = || words.get(place + 1).is_some_and(|next| numeral::digits(&next.text).is_some());
    let before =
        place.checked_sub(1).and_then(|before| words.get(before)).map_or("", |word| word.text.as_str());
    // Short ones are initials in front, and names at the end.
    let links = words::is_connective(&word.text) && !is_last && (!is_first || word.text.len() > 2);
    if links
        || (is_first && words::is_article(&word.text))
        || word.text == "the"
        || words::is_title(&word.text)
        || words::is_faculty(before, &word.text)
        || (numeral::is_sign(&word.text) && is_before_number())
    {
        return None;
    }
    if word.is_dotted() || word.native != Native::default() {
        return Some(word.clone());
    }
    if let Some(suffix) = words::suffix(&word.text).filter(|_| is_last && !is_first) {
        return Some(Word { text: suffix.to_owned(), marks: Token::SUFFIX, native: word.native });
    }
    let roman = numeral::roman(&word.text).is_some();
    // In front of a name there are names: Vi, Xi.
    if let Some(digits) = numeral::digits(&word.text).filter(|_| !(roman && is_first)) {
        let marks = if roman { Token::SUFFIX } else { 0 };
        return Some(Word { text: digits, marks, native: word.native });
    }
    Some(Word::new(words::company(&word.text).to_owned(), word.native))
}

/// Pieces of four letters of the words, with a space around each: a long text's parts.
fn push_grams(text: &str, into: &mut Builder) {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut grams: Vec<u32> = Vec::new();
    for word in words {
        let padded = format!(" {word} ");
        let bytes = padded.as_bytes();
        match bytes.len() {
            0..=4 => grams.push(hash(bytes)),
            _ => grams.extend(bytes.windows(4).map(hash)),
        }
    }
    grams.sort_unstable();
    grams.dedup();
    for gram in grams {
        into.push_hash(gram);
    }
}

/// Letters with digits, or a long number: what makers call their models.
fn is_model_number(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.len() - digits;
    (digits >= 2 && letters >= 1 && word.len() >= 4) || (letters == 0 && digits >= 5)
}

/// An amount in hundredths.
fn cents(text: &str) -> Option<i64> {
    let number: String =
        text.chars().filter(|letter| letter.is_ascii_digit() || ".-".contains(*letter)).collect();
    let (whole, part) = number.split_once('.').unwrap_or((&number, ""));
    let part: String = part.chars().chain("00".chars()).take(2).collect();
    let cents =
        whole.trim_start_matches('-').parse::<i64>().ok()?.checked_mul(100)? + part.parse::<i64>().ok()?;
    Some(if number.starts_with('-') { -cents } else { cents })
}
