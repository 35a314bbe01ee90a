//! Reads what is written on a bank line: references, numbers with what stands before them, amounts, and words that say what kind of
//! movement it is. Dates are no numbers, so a year never names an invoice.

use linkage::normalise::text::{fold, words};

use crate::cues::{self, Cue, Cues, Label};
use crate::reference::{self, Reference};

/// Numbers of a line that are looked at; a line with more is a list for people.
const NUMBERS: usize = 64;
/// Larger figures are no amounts.
const LARGEST: i64 = 1_000_000_000_000;
/// A range of more is none.
const RANGE: u64 = 50;

/// A number as it stands in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// Its letters and digits, in capitals.
    pub code: String,
    /// Another way to read it: with the word or year before it, `INV 2026/00012`, `2026 00012`.
    pub joined: Option<String>,
    /// Without what is written before it: `NR.2026-12`, `INV/RE-12`.
    pub bare: Option<String>,
    /// Its digits.
    pub digits: String,
    /// Its last group of digits without leading zeros.
    pub tail: String,
    /// What the words before it call it.
    pub label: Option<Label>,
    /// Whether it is named as not meant.
    pub except: bool,
    /// The codes that it spans, where it is a range.
    pub range: Vec<String>,
}

/// What is written on a line.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// Structured references.
    pub references: Vec<Reference>,
    /// Numbers that may name a document.
    pub numbers: Vec<Number>,
    /// Figures with decimals, in hundredths: amounts that are named.
    pub amounts: Vec<i64>,
    /// Shares in hundredths of a per cent.
    pub percents: Vec<i64>,
    /// What words say.
    pub cues: Cues,
    /// Which of how many: `2/3`.
    pub instalment: Option<(u32, u32)>,
    /// The words without digits, in order: what lines of one kind have in common.
    pub signature: String,
}

/// Reads a line's text.
pub fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut rest = without_fields(text);
    for (range, reference) in reference::find(&rest.clone()) {
        // Blanks, so that nothing of it is read as a number.
        rest.replace_range(range.clone(), &" ".repeat(range.len()));
        parsed.references.push(reference);
    }
    amounts(&rest, &mut parsed);
    let (mut label, mut except, mut before) = (None, false, None);
    for token in tokens(&rest) {
        if token.bytes().any(|byte| byte.is_ascii_digit()) {
            if let Some(of) = instalment(token) {
                parsed.instalment = Some(of);
                parsed.cues.add(Cue::Part);
            } else if !is_date(token) && !is_figure(token) && parsed.numbers.len() < NUMBERS {
                parsed.numbers.push(Number { label, except, ..number(token, before) });
            }
            // One label may stand before a list of invoices, and be part of the first: `INV/2026/00142, 00216`; anything else has one
            // number.
            label = label.or(labelled(&fold(token), None)).filter(|label| *label == Label::Invoice);
        } else {
            except |= read_words(token, &mut parsed);
            label = labelled(&fold(token), label);
        }
        before = Some(token);
    }
    parsed
}

/// A text without the marks of MT940's fields, `?20` to `?63`, and the stars of old forms.
fn without_fields(text: &str) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        let is_mark = character == '?'
            && text.as_bytes()[at + 1..].iter().take(2).filter(|b| b.is_ascii_digit()).count() == 2;
        if is_mark {
            characters.next();
            characters.next();
        }
        // Belgian references begin with three stars or pluses.
        let is_star = character == '*' && !text.contains("***");
        rest.push(if is_mark || is_star { ' ' } else { character });
    }
    rest
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let parts =
        |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')' | '?' | '&' | '=' | '"' | '|');
    let edges = |c: char| matches!(c, '.' | '-' | '/' | '#' | '+' | '*' | '!' | '\'' | '_');
    text.split(parts).map(move |text| text.trim_matches(edges)).filter(|text| !text.is_empty())
}

/// Answers whether what follows is named as not meant.
fn read_words(token: &str, parsed: &mut Parsed) -> bool {
    let mut said = Cues::default();
    for word in words(token) {
        cues::read(&word, &mut said);
        if !parsed.signature.is_empty() {
            parsed.signature.push(' ');
        }
        parsed.signature.push_str(&word);
    }
    parsed.cues.join(said);
    said.has(Cue::Except)
}

/// What stands before a number, when this word comes next.
fn labelled(folded: &str, before: Option<Label>) -> Option<Label> {
    let mut words = folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    // `Kd-Nr`: what is said first counts; `Rechnung Nr.`: a filler leaves it.
    words.clone().find_map(cues::label).or(before.filter(|_| words.all(cues::is_filler)))
}

fn number(text: &str, before: Option<&str>) -> Number {
    let code = code(text);
    let groups: Vec<&str> =
        text.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let is_prefix = |word: &&str| {
        word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_alphabetic())
            || word.len() == 4 && is_date(word)
    };
    Number {
        joined: before.filter(is_prefix).map(|before| before.to_ascii_uppercase() + &code),
        bare: bare(text),
        digits: groups.concat(),
        tail: groups.last().map_or("", |last| last.trim_start_matches('0')).to_owned(),
        range: range(text, &groups).unwrap_or_default(),
        code,
        ..Number::default()
    }
}

/// What is left without a word before the first sign, or without a word for an invoice in front.
fn bare(text: &str) -> Option<String> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    if let Some((word, rest)) = text.split_once(['.', '/', ':', '*', '_'])
        && is_word(word)
    {
        return Some(code(rest)).filter(|rest| rest.bytes().any(|byte| byte.is_ascii_digit()));
    }
    let end = text.find(|c: char| !c.is_ascii_alphabetic())?;
    let words = (2..=end).rev().filter(|length| cues::label(&fold(&text[..*length])) == Some(Label::Invoice));
    words.map(|length| code(&text[length..])).find(|rest| !rest.is_empty())
}

/// Letters and digits, in capitals.
pub fn code(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// The codes that a range spans: `RE-2026-03231-235` is 03231 to 03235, `00012-15` is 00012 to 00015.
fn range(text: &str, groups: &[&str]) -> Option<Vec<String>> {
    let [.., first, last] = groups else { return None };
    let (head, end) = text.rsplit_once('-')?;
    let stem = code(head.strip_suffix(first)?);
    if end != *last || last.len() >= first.len() || first.len() < 4 {
        return None;
    }
    let to = format!("{}{last}", &first[..first.len() - last.len()]);
    let (from, to) = (first.parse::<u64>().ok()?, to.parse::<u64>().ok()?);
    let width = first.len();
    (from < to && to - from < RANGE)
        .then(|| (from..=to).map(|number| format!("{stem}{number:0width$}")).collect())
}

fn instalment(text: &str) -> Option<(u32, u32)> {
    let (nth, of) = text.split_once('/')?;
    let (nth, of) = (nth.parse().ok()?, of.parse().ok()?);
    (nth >= 1 && nth <= of && of <= 60 && text.len() <= 5).then_some((nth, of))
}

/// `12.03.2026`, `12.03`, `2026-03-12`, `03/2026`, `12/03/26`, `2026`: a day, a month, a year.
fn is_date(text: &str) -> bool {
    let groups: Vec<&str> = text.split(['.', '/', '-']).filter(|group| !group.is_empty()).collect();
    let number = |group: &&str| group.parse::<u32>().ok().filter(|_| group.len() <= 4);
    let Some(numbers) = groups.iter().map(number).collect::<Option<Vec<_>>>() else { return false };
    let is_year = |value: u32, group: &str| group.len() == 4 && (1990..2100).contains(&value);
    let (is_day, is_month) = (|value: u32| (1..=31).contains(&value), |value: u32| (1..=12).contains(&value));
    match (numbers.as_slice(), groups.as_slice()) {
        ([a, b, c], [first, second, third]) if first.len() <= 2 && second.len() <= 2 => {
            (is_day(*a) && is_month(*b) || is_month(*a) && is_day(*b))
                && (is_year(*c, third) || third.len() == 2)
        }
        ([a, b, c], [first, second, third]) => {
            is_year(*a, first) && is_month(*b) && is_day(*c) && second.len() <= 2 && third.len() <= 2
        }
        ([a, b], [first, second]) => {
            is_month(*a) && is_year(*b, second)
                || is_year(*a, first) && is_month(*b) && second.len() == 2
                || text.contains('.') && is_day(*a) && is_month(*b) && first.len() <= 2 && second.len() == 2
        }
        ([a], [only]) => is_year(*a, only),
        _ => false,
    }
}

/// Whether it is an amount or a share.
fn is_figure(text: &str) -> bool {
    text.ends_with('%') || figure(text).is_some()
}

/// An amount with two decimals, in hundredths.
fn figure(text: &str) -> Option<i64> {
    let (whole, decimals) = text.rsplit_once(['.', ','])?;
    let parts_thousands = |byte: u8| matches!(byte, b'.' | b',' | b'\'');
    if decimals.len() != 2
        || !decimals.bytes().all(|byte| byte.is_ascii_digit())
        || !whole.bytes().all(|byte| byte.is_ascii_digit() || parts_thousands(byte))
    {
        return None;
    }
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let whole = whole.parse::<i64>().ok().filter(|whole| *whole < LARGEST)?;
    Some(whole * 100 + decimals.parse::<i64>().ok()?)
}

/// Amounts and shares, which hold points and commas.
fn amounts(text: &str, parsed: &mut Parsed) {
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| matches!(c, ',' | '.' | ';' | '(' | ')')))
        .collect();
    for (i, word) in words.iter().enumerate() {
        let next = words.get(i + 1).copied().unwrap_or_default();
        let before = i.checked_sub(1).map_or("", |before| words[before]);
        if let Some(share) = word.strip_suffix('%').or((next == "%").then_some(*word)) {
            let share =
                share.replace(',', ".").parse::<f64>().ok().filter(|share| (0.0..100.0).contains(share));
            #[expect(clippy::cast_possible_truncation, reason = "below ten thousand")]
            parsed.percents.extend(share.map(|share| (share * 100.0).round() as i64));
        } else if let Some(amount) = figure(word) {
            parsed.amounts.push(amount);
        } else if is_currency(next) || is_currency(before) {
            // Without decimals a figure is an amount only beside a currency.
            let whole = word.parse::<i64>().ok().filter(|whole| (0..LARGEST).contains(whole));
            parsed.amounts.extend(whole.map(|whole| whole * 100));
        }
    }
}

fn is_currency(word: &str) -> bool {
    const CODES: &[&str] =
        &["EUR", "USD", "CHF", "GBP", "€", "$", "£", "SEK", "NOK", "DKK", "PLN", "CZK", "CAD", "AUD", "JPY"];
    CODES.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<String> {
        parse(text).numbers.into_iter().map(|number| number.code).collect()
    }

    #[test]
    fn numbers_are_read_with_what_stands_before_them() {
        let parsed = parse("Kd-Nr 10458 Rechnung Nr. 02217");
        let labels: Vec<_> =
            parsed.numbers.iter().map(|number| (number.tail.as_str(), number.label)).collect();
        assert_eq!(labels, [("10458", Some(Label::Other)), ("2217", Some(Label::Invoice))]);
        assert!(parse("alle offenen ausser R2604042 (Reklamation)").numbers[0].except);
    }

    #[test]
    fn dates_amounts_and_instalments_are_no_numbers() {
        assert_eq!(codes("Ihre Lieferung vom 12.03.2026, GEHALT 2026, 03/2026"), Vec::<String>::new());
        let parsed =
            parse("ORIG USD 4,250.00 R2604051 CHARGES CHF 12.00 moins 25 EUR, 2% escompte, echeance 1/3");
        assert_eq!(parsed.amounts, [425_000, 1_200, 2_500]);
        assert_eq!((parsed.percents, parsed.instalment), (vec![200], Some((1, 3))));
    }

    #[test]
    fn a_range_is_all_that_it_spans() {
        let parsed = parse("SAMMEL-LASTSCHRIFT 5 POSTEN RE-2026-03231-233");
        assert_eq!(parsed.numbers[1].range, ["RE202603231", "RE202603232", "RE202603233"]);
    }
}
