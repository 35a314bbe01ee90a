//! Brings VAT and other tax numbers to one spelling and says whether they can be right.
//!
//! The same number is typed as "BE 0477.472.701", "be0477472701" or plain "0477472701", so spaces,
//! punctuation, case and the country prefix must not matter when two records are compared. Most countries
//! publish a check digit. A number that fails it was mistyped or made up and is weak evidence, while two
//! equal numbers that pass it almost certainly belong to one company.
//!
//! The rules follow the check-digit algorithms that the tax offices publish, the European ones under the
//! prefixes of the European Commission's VAT Information Exchange System (VIES). Where only the format is
//! checked, the rule says so and answers [`Validity::Unknown`] for a right format.

use std::borrow::Cow;

/// The least number of letters and digits that a tax number has.
const SHORTEST: usize = 5;

/// How many letters a country prefix has.
const PREFIX: usize = 2;

/// Country codes that differ from the prefix that VIES writes.
const ALIASES: &[(&str, &str)] = &[("GR", "EL"), ("UK", "GB")];

/// The words for value-added tax that Swiss companies write after their number.
const SWISS_SUFFIXES: &[&str] = &["IVA", "MWST", "TVA", "VAT"];

/// The word for value-added tax that Norwegian companies write after their number.
const NORWEGIAN_SUFFIX: &str = "MVA";

/// A rule judges a number that has no prefix and is tidied.
type Rule = fn(&str) -> Validity;

/// The rule of each country under its prefix, sorted by prefix.
const RULES: &[(&str, Rule)] = &[
    ("AR", argentina),
    ("AT", austria),
    ("AU", australia),
    ("BE", belgium),
    ("BG", bulgaria),
    ("BR", brazil),
    ("CA", number_without_rule),
    ("CH", switzerland),
    ("CL", chile),
    ("CY", cyprus),
    ("CZ", czechia),
    ("DE", germany),
    ("DK", denmark),
    ("EE", estonia),
    ("EL", greece),
    ("ES", spain),
    ("FI", finland),
    ("FR", france),
    ("GB", britain),
    ("HR", croatia),
    ("HU", hungary),
    ("IE", ireland),
    ("IN", india),
    ("IT", italy),
    ("LT", lithuania),
    ("LU", luxembourg),
    ("LV", latvia),
    ("MT", malta),
    ("MX", mexico),
    ("NL", netherlands),
    ("NO", norway),
    ("PL", poland),
    ("PT", portugal),
    ("RO", romania),
    ("SE", sweden),
    ("SI", slovenia),
    ("SK", slovakia),
    ("TR", turkey),
    ("US", number_without_rule),
    ("XI", britain),
];

/// Whether a tax number can be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// The country's check digit holds.
    Valid,
    /// The number breaks the country's format or check digit.
    Invalid,
    /// The country is not known, has no rule, or has a rule for the format only.
    Unknown,
}

/// A tax number in its one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxId {
    /// Upper-case ASCII letters and digits, led by the country prefix as VIES writes it if the country has
    /// a rule.
    pub canonical: String,
    /// Whether the number can be right.
    pub validity: Validity,
}

/// Reads a tax number as people type it, given the ISO 3166 alpha-2 code of the holder's country if it is
/// known.
///
/// A prefix in the number wins over the country, unless the number fails under its prefix and is right as a
/// number of the country, as the Mexican "ESB850101AB1" is. Returns `None` for a text with fewer than five
/// letters and digits, for one without any digit and for one whose digits are all the same, since these
/// only fill the field.
#[must_use]
pub fn parse(text: &str, country: Option<&str>) -> Option<TaxId> {
    let compact = compact(text);
    if is_placeholder(&compact) {
        return None;
    }
    let country = country.map(str::trim).filter(|country| !country.is_empty());
    let written = compact.split_at_checked(PREFIX).and_then(|(prefix, body)| read(prefix, body));
    let home = country.and_then(|country| read(&country.to_ascii_uppercase(), &compact));
    let wrong = |id: &TaxId| id.validity == Validity::Invalid;
    Some(match (written, home) {
        (Some(written), Some(home)) if wrong(&home) || !wrong(&written) => written,
        (Some(written), None) if country.is_none() || !wrong(&written) => written,
        (_, Some(home)) => home,
        _ => TaxId { canonical: compact, validity: Validity::Unknown },
    })
}

/// Judges a number under the rule of a prefix or country code, if there is one.
fn read(code: &str, body: &str) -> Option<TaxId> {
    let prefix = ALIASES.iter().find(|(alias, _)| *alias == code).map_or(code, |(_, prefix)| *prefix);
    let index = RULES.binary_search_by(|(known, _)| (*known).cmp(prefix)).ok()?;
    let (prefix, rule) = RULES.get(index)?;
    let body = tidy(prefix, body);
    Some(TaxId { validity: rule(&body), canonical: format!("{prefix}{body}") })
}

/// Keeps only letters and digits, in upper case.
fn compact(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether a text only fills the field.
fn is_placeholder(compact: &str) -> bool {
    let digits: Vec<_> = compact.bytes().filter(u8::is_ascii_digit).collect();
    let all_same = digits.iter().all(|digit| Some(digit) == digits.first());
    compact.len() < SHORTEST || digits.is_empty() || all_same && digits.len() >= SHORTEST
}

/// Brings the domestic spelling of a number to the one used with the prefix.
fn tidy<'a>(prefix: &str, body: &'a str) -> Cow<'a, str> {
    let all_digits = |length| digits(body, length).is_some();
    match prefix {
        "AT" if all_digits(8) => format!("U{body}").into(),
        // Older numbers lack today's leading zero.
        "BE" if all_digits(9) => format!("0{body}").into(),
        "EL" if all_digits(8) => format!("0{body}").into(),
        "CH" => tidy_swiss(body).into(),
        // At home the number is followed by a code for the kind of taxation and one for the county.
        "HU" if all_digits(11) => body.get(..8).unwrap_or(body).into(),
        "NO" => body.strip_suffix(NORWEGIAN_SUFFIX).unwrap_or(body).into(),
        // At home the number lacks the "01" that the tax office appends.
        "SE" if all_digits(10) => format!("{body}01").into(),
        _ => body.into(),
    }
}

/// Takes the word for the tax off a Swiss number and supplies the "E" of "CHE".
fn tidy_swiss(body: &str) -> String {
    let number = SWISS_SUFFIXES.iter().find_map(|suffix| body.strip_suffix(suffix)).unwrap_or(body);
    if digits(number, 9).is_some() { format!("E{number}") } else { number.to_owned() }
}

// Helpers that the rules share.

/// Valid if the test holds, otherwise invalid.
const fn verdict(holds: bool) -> Validity {
    if holds { Validity::Valid } else { Validity::Invalid }
}

/// Unknown for a right format that no check digit backs, otherwise invalid.
const fn format_only(right: bool) -> Validity {
    if right { Validity::Unknown } else { Validity::Invalid }
}

/// The values of exactly `length` digits, or `None` for any other text.
fn digits(text: &str, length: usize) -> Option<Vec<u32>> {
    if text.len() != length {
        return None;
    }
    text.chars().map(|c| c.to_digit(10)).collect()
}

/// Tests all the digits of a number that has exactly `length` of them.
fn all(text: &str, length: usize, holds: impl FnOnce(&[u32]) -> bool) -> bool {
    digits(text, length).is_some_and(|digits| holds(&digits))
}

/// Compares the last of exactly `length` digits with the check digit computed from those before it.
fn ends_in(text: &str, length: usize, check: impl FnOnce(&[u32]) -> u32) -> bool {
    all(text, length, |digits| digits.split_last().is_some_and(|(last, head)| check(head) == *last))
}

/// The sum of the digits, each times its weight.
fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// The number that the digits spell.
fn number(digits: &[u32]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(*digit))
}

/// The check digit that completes a number under Luhn's algorithm of ISO/IEC 7812.
fn luhn(head: &[u32]) -> u32 {
    let doubled = |digit: u32| digit * 2 / 10 + digit * 2 % 10;
    let sum: u32 = head
        .iter()
        .rev()
        .enumerate()
        .map(|(i, digit)| if i % 2 == 0 { doubled(*digit) } else { *digit })
        .sum();
    (10 - sum % 10) % 10
}

/// The check digit of ISO/IEC 7064 MOD 11,10.
fn iso_11_10(head: &[u32]) -> u32 {
    let product = head.iter().fold(10, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10
}

/// The complement of a weighted sum modulo 11, from 0 to 10, where 10 is no digit.
fn complement_11(head: &[u32], weights: &[u32]) -> u32 {
    (11 - weighted(head, weights) % 11) % 11
}

/// Whether the text consists of one letter or digit of the kind asked for at each place: `A` for a letter,
/// `9` for a digit and `*` for either.
fn looks_like(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.chars().zip(pattern.chars()).all(|(c, kind)| match kind {
            'A' => c.is_ascii_uppercase(),
            '9' => c.is_ascii_digit(),
            _ => c.is_ascii_uppercase() || c.is_ascii_digit(),
        })
}

/// Compares the letter after exactly `length` digits with the one computed from them.
fn ends_in_letter(text: &str, length: usize, check: impl FnOnce(&[u32]) -> Option<char>) -> bool {
    text.split_at_checked(length).is_some_and(|(head, last)| {
        last.len() == 1 && digits(head, length).is_some_and(|head| check(&head) == last.chars().next())
    })
}

/// The letter at a place of an alphabet, counted from zero.
fn nth_letter(alphabet: &str, place: u32) -> Option<char> {
    alphabet.chars().zip(0..).find_map(|(letter, i)| (i == place).then_some(letter))
}

/// The place of a letter in an alphabet, counted from zero.
fn place_of(alphabet: &str, letter: char) -> Option<u32> {
    alphabet.chars().zip(0..).find_map(|(known, i)| (known == letter).then_some(i))
}

// The rules, by country.

/// No check digit is published for the United States' EIN, and Canada's business number is not judged, so
/// whatever starts with a digit may be right.
fn number_without_rule(body: &str) -> Validity {
    format_only(body.starts_with(|c: char| c.is_ascii_digit()))
}

/// The CUIT: eleven digits, weighted sum modulo 11, where a result of ten is written as nine.
fn argentina(body: &str) -> Validity {
    verdict(ends_in(body, 11, |head| complement_11(head, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]).min(9)))
}

/// The UID: "U" and eight digits, Luhn's sum shifted by four.
fn austria(body: &str) -> Validity {
    let shifted = |head: &[u32]| (luhn(&[head, &[0]].concat()) + 6) % 10;
    verdict(body.strip_prefix('U').is_some_and(|number| ends_in(number, 8, shifted)))
}

/// The ABN: eleven digits, weighted sum modulo 89 after one is taken from the first digit.
fn australia(body: &str) -> Validity {
    let weights = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    verdict(all(body, 11, |digits| {
        digits.first().is_some_and(|first| *first > 0) && weighted(digits, &weights) % 89 == 10
    }))
}

/// The enterprise number: ten digits from 0 or 1 on, the last two being 97 less the rest modulo 97.
fn belgium(body: &str) -> Validity {
    verdict(all(body, 10, |digits| {
        let number = number(digits);
        number < 2_000_000_000 && 97 - number / 100 % 97 == number % 100
    }))
}

/// The UIC of a company has nine digits and the number of a person ten, of three kinds: citizen, foreigner,
/// other.
fn bulgaria(body: &str) -> Validity {
    let company = |head: &[u32]| match weighted(head, &[1, 2, 3, 4, 5, 6, 7, 8]) % 11 {
        10 => weighted(head, &[3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10,
        check => check,
    };
    let citizen = |head: &[u32]| weighted(head, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
    let foreigner = |head: &[u32]| weighted(head, &[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10;
    let other = |head: &[u32]| complement_11(head, &[4, 3, 2, 7, 6, 5, 4, 3, 2]);
    verdict(
        ends_in(body, 9, company)
            || ends_in(body, 10, citizen)
            || ends_in(body, 10, foreigner)
            || ends_in(body, 10, other),
    )
}

/// The CNPJ of a company has fourteen places, letters allowed in the first twelve, and the CPF of a person
/// eleven digits. Both end in two check digits modulo 11.
fn brazil(body: &str) -> Validity {
    verdict(is_cnpj(body) || is_cpf(body))
}

/// A letter of a CNPJ counts as its ASCII code less that of the digit zero.
fn is_cnpj(body: &str) -> bool {
    let values: Vec<_> = body.bytes().map(|byte| u32::from(byte.saturating_sub(b'0'))).collect();
    let weights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    looks_like(body, "************99") && ends_in_two_modulo_11(&values, &weights)
}

fn is_cpf(body: &str) -> bool {
    all(body, 11, |digits| ends_in_two_modulo_11(digits, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]))
}

/// Tests two check digits in a row. The weights are those of the second, the first uses all but the first
/// weight.
fn ends_in_two_modulo_11(values: &[u32], weights: &[u32]) -> bool {
    let check = |head: &[u32], weights: &[u32]| complement_11(head, weights) % 10;
    match (values, weights) {
        ([head @ .., first, second], [_, shorter @ ..]) => {
            check(head, shorter) == *first && check(&[head, &[*first]].concat(), weights) == *second
        }
        _ => false,
    }
}

/// The UID: "E" and nine digits, weighted sum modulo 11.
fn switzerland(body: &str) -> Validity {
    let check = |head: &[u32]| complement_11(head, &[5, 4, 3, 2, 7, 6, 5, 4]);
    verdict(body.strip_prefix('E').is_some_and(|number| ends_in(number, 9, check)))
}

/// The RUT: six to eight digits and a check character modulo 11, where ten is written as K.
fn chile(body: &str) -> Validity {
    verdict(body.split_at_checked(body.len().saturating_sub(1)).is_some_and(|(head, last)| {
        let check = digits(head, head.len()).map(|mut digits| {
            digits.reverse();
            complement_11(&digits, &[2, 3, 4, 5, 6, 7, 2, 3])
        });
        let written = if last == "K" { Some(10) } else { last.parse().ok() };
        (6..=8).contains(&head.len()) && check.is_some() && check == written
    }))
}

/// Eight digits and a check letter. The digits at odd places are replaced before all are added up modulo
/// 26.
fn cyprus(body: &str) -> Validity {
    let at_odd_place = |digit: u32| match digit {
        0 => 1,
        1 => 0,
        2..=4 => digit * 2 + 1,
        _ => digit * 2 + 3,
    };
    verdict(ends_in_letter(body, 8, |head| {
        let sum: u32 = head
            .iter()
            .enumerate()
            .map(|(i, digit)| if i % 2 == 0 { at_odd_place(*digit) } else { *digit })
            .sum();
        nth_letter("ABCDEFGHIJKLMNOPQRSTUVWXYZ", sum % 26)
    }))
}

/// The DIC: eight digits for a company, nine or ten for a person. The nine digits of a person born before
/// 1954 carry no check digit, so only their format is judged.
fn czechia(body: &str) -> Validity {
    let weights = [8, 7, 6, 5, 4, 3, 2];
    match body.len() {
        8 => verdict(
            !body.starts_with('9') && ends_in(body, 8, |head| (11 - weighted(head, &weights) % 11) % 10),
        ),
        9 if body.starts_with('6') => verdict(ends_in(body, 9, |head| {
            head.split_first().map_or(0, |(_, head)| (18 - (10 - weighted(head, &weights) % 11)) % 10)
        })),
        9 => format_only(digits(body, 9).is_some()),
        _ => verdict(ends_in(body, 10, |head| u32::try_from(number(head) % 11).map_or(0, |rest| rest % 10))),
    }
}

/// Nine digits, ISO/IEC 7064 MOD 11,10.
fn germany(body: &str) -> Validity {
    verdict(!body.starts_with('0') && ends_in(body, 9, iso_11_10))
}

/// The CVR number: eight digits whose weighted sum is a multiple of 11.
fn denmark(body: &str) -> Validity {
    verdict(
        !body.starts_with('0')
            && all(body, 8, |digits| weighted(digits, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)),
    )
}

/// The KMKR number: nine digits whose weighted sum is a multiple of 10.
fn estonia(body: &str) -> Validity {
    verdict(all(body, 9, |digits| weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)))
}

/// The AFM: nine digits, each weighted by a power of two, modulo 11.
fn greece(body: &str) -> Validity {
    verdict(ends_in(body, 9, |head| weighted(head, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10))
}

/// The NIF: a citizen's eight digits and letter, a foreigner's or special letter with seven digits and
/// letter, or a legal entity's letter with seven digits and a digit or letter. Some entities use only the
/// digit and some only the letter. The rule takes either for all.
fn spain(body: &str) -> Validity {
    let mut rest = body.chars();
    let holds = match rest.next() {
        Some('X' | 'K' | 'L' | 'M') => ends_in_letter(rest.as_str(), 7, spanish_letter),
        Some('Y') => ends_in_letter(&format!("1{}", rest.as_str()), 8, spanish_letter),
        Some('Z') => ends_in_letter(&format!("2{}", rest.as_str()), 8, spanish_letter),
        Some('0'..='9') => ends_in_letter(body, 8, spanish_letter),
        Some('A'..='H' | 'J' | 'N' | 'P'..='S' | 'U'..='W') => {
            let number = rest.as_str();
            ends_in(number, 8, luhn) || ends_in_letter(number, 7, |head| nth_letter("JABCDEFGHI", luhn(head)))
        }
        _ => false,
    };
    verdict(holds)
}

/// The check letter of a natural person in Spain, by the number modulo 23.
fn spanish_letter(digits: &[u32]) -> Option<char> {
    let rest = u32::try_from(number(digits) % 23).ok()?;
    nth_letter("TRWAGMYFPDXBNJZSQVHLCKE", rest)
}

/// The ALV number: eight digits, weighted sum modulo 11.
fn finland(body: &str) -> Validity {
    verdict(ends_in(body, 8, |head| complement_11(head, &[7, 9, 10, 5, 8, 4, 2])))
}

/// Two characters of key and the nine digits of the SIREN, which follows Luhn's algorithm except in Monaco,
/// where it starts with three zeros.
fn france(body: &str) -> Validity {
    verdict(body.split_at_checked(2).is_some_and(|(key, siren)| {
        let right = ends_in(siren, 9, luhn) || siren.starts_with("000");
        right && digits(siren, 9).is_some_and(|siren| french_key_holds(key, number(&siren)))
    }))
}

/// A key of digits is the SIREN followed by "12" modulo 97. A key with a letter, written in base 34 without
/// I and O, is tested modulo 11.
fn french_key_holds(key: &str, siren: u64) -> bool {
    if let Ok(key) = key.parse::<u64>() {
        return (siren * 100 + 12) % 97 == key;
    }
    let values: Vec<_> =
        key.chars().filter_map(|c| place_of("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", c)).collect();
    let code = match values[..] {
        [first @ 0..=9, second] => u64::from(first * 24 + second - 10),
        [first, second] => u64::from(first * 34 + second - 100),
        _ => return false,
    };
    (siren + 1 + code / 11) % 11 == code % 11
}

/// Nine digits, optionally with three more for a branch, whose weighted sum modulo 97 is zero or, in the
/// newer series, 42. Government departments write GD and health authorities HA before three digits.
fn britain(body: &str) -> Validity {
    let weights = [8, 7, 6, 5, 4, 3, 2, 10, 1];
    let trader = |length| all(body, length, |digits| matches!(weighted(digits, &weights) % 97, 0 | 42));
    let department = body.strip_prefix("GD").is_some_and(|rest| all(rest, 3, |digits| number(digits) < 500));
    let authority = body.strip_prefix("HA").is_some_and(|rest| all(rest, 3, |digits| number(digits) >= 500));
    verdict(trader(9) || trader(12) || department || authority)
}

/// The OIB: eleven digits, ISO/IEC 7064 MOD 11,10.
fn croatia(body: &str) -> Validity {
    verdict(ends_in(body, 11, iso_11_10))
}

/// Eight digits whose weighted sum is a multiple of 10.
fn hungary(body: &str) -> Validity {
    verdict(all(body, 8, |digits| weighted(digits, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10)))
}

/// Seven digits, a check letter modulo 23 and, since 2013, often a second letter that counts nine times.
/// Older numbers have a letter in the second place and are read with their first digit moved to the end.
fn ireland(body: &str) -> Validity {
    verdict(body.split_at_checked(7).is_some_and(|(number, letters)| {
        let reordered = number.split_at_checked(1).and_then(|(first, rest)| {
            rest.strip_prefix(char::is_alphabetic).map(|rest| format!("0{rest}{first}"))
        });
        digits(reordered.as_deref().unwrap_or(number), 7)
            .is_some_and(|digits| irish_letters_hold(&digits, letters))
    }))
}

/// Tests the check letter and the second letter, where W stands for zero and A for one.
fn irish_letters_hold(digits: &[u32], letters: &str) -> bool {
    let mut letters = letters.chars();
    let check = letters.next();
    let second = letters.next().map_or(Some(0), |letter| place_of("WABCDEFGHI", letter));
    letters.next().is_none()
        && second.is_some_and(|second| {
            let sum = weighted(digits, &[8, 7, 6, 5, 4, 3, 2]) + second * 9;
            nth_letter("WABCDEFGHIJKLMNOPQRSTUV", sum % 23) == check
        })
}

/// The GSTIN: the state's two digits, the ten characters of the holder's PAN, a count, a letter and a check
/// character in base 36. A PAN alone has no published check digit and is judged by its format.
fn india(body: &str) -> Validity {
    if looks_like(body, "AAAAA9999A") {
        return Validity::Unknown;
    }
    let values: Option<Vec<_>> = body.chars().map(|c| c.to_digit(36)).collect();
    verdict(
        looks_like(body, "99AAAAA9999A***")
            && values
                .as_deref()
                .and_then(<[u32]>::split_last)
                .is_some_and(|(last, head)| base_36_check(head) == *last),
    )
}

/// The check value of Luhn's algorithm in base 36 with every second value doubled.
fn base_36_check(head: &[u32]) -> u32 {
    let spread = |product: u32| product / 36 + product % 36;
    let sum: u32 = head.iter().zip([1, 2].iter().cycle()).map(|(value, factor)| spread(value * factor)).sum();
    (36 - sum % 36) % 36
}

/// The partita IVA: eleven digits under Luhn's algorithm. The codice fiscale of a person, sixteen
/// characters, is judged by its format only.
fn italy(body: &str) -> Validity {
    if looks_like(body, "AAAAAA**A**A***A") {
        return Validity::Unknown;
    }
    verdict(ends_in(body, 11, luhn))
}

/// Nine digits for a company or twelve for others, with a one before the check digit. A weighted sum modulo
/// 11 of ten is tried again with other weights.
fn lithuania(body: &str) -> Validity {
    let check = |head: &[u32]| match weighted(head, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2]) % 11 {
        10 => weighted(head, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4]) % 11 % 10,
        check => check,
    };
    let marked = |digits: &[u32]| matches!(digits, [.., 1, _]);
    let holds = |length| all(body, length, marked) && ends_in(body, length, check);
    verdict(holds(9) || holds(12))
}

/// Eight digits, the last two being the first six modulo 89.
fn luxembourg(body: &str) -> Validity {
    verdict(all(body, 8, |digits| {
        let number = number(digits);
        number / 100 % 89 == number % 100
    }))
}

/// Eleven digits. A company's first digit exceeds three and its weighted sum leaves three modulo 11. A
/// person's number is judged by its format only, because the newer ones no longer follow the published
/// algorithm for sure.
fn latvia(body: &str) -> Validity {
    let weights = [9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1];
    if body.starts_with(['0', '1', '2', '3']) {
        return format_only(digits(body, 11).is_some());
    }
    verdict(all(body, 11, |digits| weighted(digits, &weights) % 11 == 3))
}

/// Eight digits whose weighted sum is a multiple of 37.
fn malta(body: &str) -> Validity {
    verdict(all(body, 8, |digits| weighted(digits, &[3, 4, 6, 7, 8, 9, 10, 1]).is_multiple_of(37)))
}

/// The RFC: the initials of a company or person, a date of six digits and three more characters. Only the
/// format and the date are judged. Initials of two letters are taken too, since "&" and "Ñ" do not survive
/// the spelling.
fn mexico(body: &str) -> Validity {
    let shapes = ["AA999999***", "AAA999999***", "AAAA999999***"];
    let initials = body.len().saturating_sub(9);
    let part = |start: usize| body.get(start..start + 2).and_then(|part| part.parse::<u32>().ok());
    format_only(
        shapes.iter().any(|shape| looks_like(body, shape))
            && part(initials + 2).is_some_and(|month| (1..=12).contains(&month))
            && part(initials + 4).is_some_and(|day| (1..=31).contains(&day)),
    )
}

/// Nine digits, "B" and two digits. A company's nine digits follow a weighted sum modulo 11. A sole
/// trader's number, given since 2020, leaves one modulo 97 when its letters and the prefix are read as
/// numbers.
fn netherlands(body: &str) -> Validity {
    let company = |head: &[u32]| weighted(head, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    verdict(
        looks_like(body, "999999999A99")
            && body.get(9..10) == Some("B")
            && (body.get(..9).is_some_and(|number| ends_in(number, 9, company))
                || modulo_97("NL", body) == Some(1)),
    )
}

/// What two texts in a row leave modulo 97 when A is read as ten and so on, as in ISO/IEC 7064 MOD 97-10.
fn modulo_97(prefix: &str, body: &str) -> Option<u32> {
    prefix.chars().chain(body.chars()).try_fold(0, |rest, c| {
        let value = c.to_digit(36)?;
        Some((rest * if value < 10 { 10 } else { 100 } + value) % 97)
    })
}

/// The organisation number: nine digits, weighted sum modulo 11.
fn norway(body: &str) -> Validity {
    verdict(ends_in(body, 9, |head| complement_11(head, &[3, 2, 7, 6, 5, 4, 3, 2])))
}

/// The NIP: ten digits, weighted sum modulo 11.
fn poland(body: &str) -> Validity {
    verdict(ends_in(body, 10, |head| weighted(head, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11))
}

/// The NIF: nine digits, weighted sum modulo 11, where ten is written as zero.
fn portugal(body: &str) -> Validity {
    let check = |head: &[u32]| complement_11(head, &[9, 8, 7, 6, 5, 4, 3, 2]) % 10;
    verdict(!body.starts_with('0') && ends_in(body, 9, check))
}

/// The CUI of a company has up to ten digits and is read with leading zeros. The CNP of a person has
/// thirteen.
fn romania(body: &str) -> Validity {
    let company = |head: &[u32]| weighted(head, &[7, 5, 3, 2, 1, 7, 5, 3, 2]) * 10 % 11 % 10;
    let person = |head: &[u32]| match weighted(head, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 {
        10 => 1,
        check => check,
    };
    verdict(
        !body.starts_with('0')
            && (ends_in(&format!("{body:0>10}"), 10, company) || ends_in(body, 13, person)),
    )
}

/// The organisation number of ten digits under Luhn's algorithm, followed by a count from "01" on.
fn sweden(body: &str) -> Validity {
    verdict(body.split_at_checked(10).is_some_and(|(organisation, count)| {
        ends_in(organisation, 10, luhn) && all(count, 2, |digits| number(digits) > 0)
    }))
}

/// Eight digits, weighted sum modulo 11, where ten is written as zero and a complement of eleven is never
/// given.
fn slovenia(body: &str) -> Validity {
    verdict(
        !body.starts_with('0')
            && ends_in(body, 8, |head| match 11 - weighted(head, &[8, 7, 6, 5, 4, 3, 2]) % 11 {
                10 => 0,
                check => check,
            }),
    )
}

/// Ten digits that spell a multiple of 11.
fn slovakia(body: &str) -> Validity {
    verdict(!body.starts_with('0') && all(body, 10, |digits| number(digits).is_multiple_of(11)))
}

/// The VKN of a company has ten digits and the TCKN of a citizen eleven.
fn turkey(body: &str) -> Validity {
    verdict(ends_in(body, 10, vkn_check) || all(body, 11, is_tckn))
}

/// Each digit is shifted by its distance from the end and doubled as often, modulo 9.
fn vkn_check(head: &[u32]) -> u32 {
    let part = |(digit, distance): (&u32, u32)| match (digit + distance) % 10 {
        0 => 0,
        shifted => (shifted * 2_u32.pow(distance) - 1) % 9 + 1,
    };
    let sum: u32 = head.iter().rev().zip(1..).map(part).sum();
    (10 - sum % 10) % 10
}

/// The tenth digit weighs the odd places against the even ones and the eleventh sums up the first ten.
fn is_tckn(digits: &[u32]) -> bool {
    let [body @ .., tenth, last] = digits else { return false };
    let weighed = weighted(body, &[7, 9, 7, 9, 7, 9, 7, 9, 7]) % 10;
    let sum = (body.iter().sum::<u32>() + tenth) % 10;
    body.first() != Some(&0) && weighed == *tenth && sum == *last
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One or more published or well-known numbers of each country whose check digit is tested.
    const VALID: &[&str] = &[
        "AR20055361682",
        "ATU13585627",
        "AU83914571673",
        "AU51824753556",
        "BE0477472701",
        "BE0428759497",
        "BG175074752",
        "BG7523169263",
        "BR16727230000197",
        "BR12ABC34501DE35",
        "BR11144477735",
        "CHE123456788",
        "CHE107787577",
        "CL760864285",
        "CY10259033P",
        "CZ25123891",
        "CZ640903926",
        "CZ7103192745",
        "DE136695976",
        "DK13585628",
        "EE100931558",
        "EL094259216",
        "ESA28015865",
        "ESB58378431",
        "ES54362315K",
        "ESX2482300W",
        "ESY1234567X",
        "ESZ1234567R",
        "ESP2807900B",
        "FI20774740",
        "FR40303265045",
        "FR23334175221",
        "FRK7399859412",
        "FR4Z123456782",
        "GB980780684",
        "GBGD001",
        "GBHA599",
        "HR33392005961",
        "HU12892312",
        "IE6433435F",
        "IE6433435OA",
        "IE8D79739I",
        "IN27AAPFU0939F1ZV",
        "IT00743110157",
        "LT119511515",
        "LT100001919017",
        "LU15027442",
        "LV40003521600",
        "MT11679112",
        "NL004495445B01",
        "NL002455799B11",
        "NO995525828",
        "PL8567346215",
        "PT501964843",
        "RO18547290",
        "RO1630615123457",
        "SE556188840401",
        "SI50223054",
        "SK2022749619",
        "TR4540536920",
        "TR10000000146",
        "XI980780684",
    ];

    fn read_as(text: &str, country: Option<&str>) -> (String, Validity) {
        let id = parse(text, country).unwrap();
        (id.canonical, id.validity)
    }

    fn validity(text: &str) -> Validity {
        parse(text, None).unwrap().validity
    }

    fn assert_canonical(text: &str, country: &str, canonical: &str) {
        assert_eq!(read_as(text, Some(country)), (canonical.to_owned(), Validity::Valid), "{text} {country}");
    }

    /// Every number that differs from this one in a single digit.
    fn one_digit_off(number: &str) -> Vec<String> {
        let places = number.char_indices().filter(|(_, c)| c.is_ascii_digit());
        places
            .flat_map(|(i, old)| ('0'..='9').filter(move |new| *new != old).map(move |new| (i, new)))
            .map(|(i, new)| format!("{}{new}{}", &number[..i], &number[i + 1..]))
            .collect()
    }

    #[test]
    fn the_tables_are_sorted_and_unique() {
        assert!(RULES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(ALIASES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(SWISS_SUFFIXES.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn published_numbers_are_valid() {
        for number in VALID {
            assert_eq!(read_as(number, None), ((*number).to_owned(), Validity::Valid), "{number}");
        }
    }

    #[test]
    fn every_country_with_a_check_digit_has_a_published_number() {
        let without = ["CA", "MX", "US"];
        for (prefix, _) in RULES.iter().filter(|(prefix, _)| !without.contains(prefix)) {
            assert!(VALID.iter().any(|number| number.starts_with(prefix)), "{prefix}");
        }
    }

    #[test]
    fn every_number_is_recognised_without_its_prefix_in_its_country() {
        for number in VALID {
            let (prefix, body) = number.split_at(PREFIX);
            assert_canonical(body, prefix, number);
        }
    }

    #[test]
    fn a_single_changed_digit_is_caught_in_germany_belgium_and_italy() {
        for number in ["DE136695976", "BE0477472701", "IT00743110157"] {
            for wrong in one_digit_off(number) {
                assert_eq!(validity(&wrong), Validity::Invalid, "{wrong}");
            }
        }
    }

    #[test]
    fn most_changed_digits_are_caught_everywhere() {
        let exempt = |number: &str| number.starts_with("GBGD") || number.starts_with("GBHA");
        for number in VALID.iter().filter(|number| !exempt(number)) {
            let wrong = one_digit_off(number);
            let caught = wrong.iter().filter(|wrong| validity(wrong) == Validity::Invalid).count();
            assert!(caught * 4 >= wrong.len() * 3, "{number}: {caught} of {}", wrong.len());
        }
    }

    #[test]
    fn spaces_dots_dashes_and_case_do_not_matter() {
        assert_canonical("BE 0477.472.701", "BE", "BE0477472701");
        assert_canonical("be0477472701", "be", "BE0477472701");
        assert_canonical("ES-A28015865", "ES", "ESA28015865");
        assert_canonical("GB 980 7806 84", "GB", "GB980780684");
    }

    #[test]
    fn a_missing_prefix_is_supplied_from_the_country() {
        assert_canonical("0477472701", "BE", "BE0477472701");
        assert_canonical("13585627", "AT", "ATU13585627");
        assert_canonical("A28015865", "es", "ESA28015865");
    }

    #[test]
    fn a_swiss_number_is_valid_with_and_without_dots_and_tax_words() {
        assert_canonical("CHE-123.456.788 MWST", "CH", "CHE123456788");
        assert_canonical("CHE123456788TVA", "CH", "CHE123456788");
        assert_canonical("123.456.788", "CH", "CHE123456788");
    }

    #[test]
    fn a_norwegian_number_loses_its_tax_word() {
        assert_canonical("NO 995 525 828 MVA", "NO", "NO995525828");
    }

    #[test]
    fn greece_is_written_el_whichever_way_it_is_typed() {
        assert_canonical("GR094259216", "GR", "EL094259216");
        assert_canonical("EL094259216", "GR", "EL094259216");
        assert_canonical("94259216", "GR", "EL094259216");
    }

    #[test]
    fn a_domestic_spelling_meets_the_one_with_prefix() {
        assert_canonical("477.472.701", "BE", "BE0477472701");
        assert_canonical("12892312-2-42", "HU", "HU12892312");
        assert_canonical("556188-8404", "SE", "SE556188840401");
    }

    #[test]
    fn a_foreign_prefix_wins_over_the_country() {
        assert_canonical("FR40303265045", "DE", "FR40303265045");
        assert_canonical("XI980780684", "GB", "XI980780684");
        assert_canonical("GB980780684", "US", "GB980780684");
        assert_eq!(read_as("FR40303265046", Some("DE")), ("FR40303265046".to_owned(), Validity::Invalid));
    }

    #[test]
    fn letters_that_only_look_like_a_prefix_belong_to_the_number() {
        assert_eq!(read_as("ESB850101AB1", Some("MX")), ("MXESB850101AB1".to_owned(), Validity::Unknown));
        assert_eq!(read_as("MXA850101AB1", Some("MX")), ("MXMXA850101AB1".to_owned(), Validity::Unknown));
    }

    #[test]
    fn a_country_without_a_rule_leaves_the_number_as_typed() {
        assert_eq!(read_as("12-345.678", Some("JP")), ("12345678".to_owned(), Validity::Unknown));
        assert_eq!(read_as("12-345.678", None), ("12345678".to_owned(), Validity::Unknown));
        assert_eq!(read_as("12345678", Some(" ")), ("12345678".to_owned(), Validity::Unknown));
        assert_eq!(read_as("DE12345", Some("JP")), ("DE12345".to_owned(), Validity::Unknown));
    }

    #[test]
    fn american_and_canadian_numbers_get_a_prefix_but_no_verdict() {
        assert_eq!(read_as("12-3456789", Some("US")), ("US123456789".to_owned(), Validity::Unknown));
        assert_eq!(read_as("US 12-3456789", Some("US")), ("US123456789".to_owned(), Validity::Unknown));
        assert_eq!(
            read_as("12345 6789 RT0001", Some("CA")),
            ("CA123456789RT0001".to_owned(), Validity::Unknown)
        );
    }

    #[test]
    fn a_number_judged_by_its_format_is_unknown_or_invalid() {
        assert_eq!(validity("MXGODE561231GR8"), Validity::Unknown);
        assert_eq!(validity("MXGODE561331GR8"), Validity::Invalid);
        assert_eq!(validity("ITRSSMRA85T10A562S"), Validity::Unknown);
        assert_eq!(validity("INAAPFU0939F"), Validity::Unknown);
        assert_eq!(validity("LV16117519997"), Validity::Unknown);
        assert_eq!(validity("CZ530519123"), Validity::Unknown);
    }

    #[test]
    fn the_newer_british_series_and_branches_are_valid() {
        assert_eq!(validity("GB980780684001"), Validity::Valid);
        assert_eq!(validity("GB100000034"), Validity::Valid);
        assert_eq!(validity("GB123456789"), Validity::Invalid);
    }

    #[test]
    fn a_dutch_sole_trader_is_valid_by_modulo_97() {
        assert_eq!(validity("NL123456789B13"), Validity::Valid);
        assert_eq!(validity("NL123456789B14"), Validity::Invalid);
    }

    #[test]
    fn a_number_of_the_wrong_length_is_invalid() {
        for number in VALID.iter().filter(|number| !number.starts_with("RO") && !number.starts_with("CL")) {
            assert_eq!(validity(&format!("{number}99999")), Validity::Invalid, "{number}");
        }
    }

    #[test]
    fn a_placeholder_is_no_tax_number() {
        for text in
            ["", "/", "NA", "N/A", "none", "unknown", "1234", "000000000", "DE999999999", "BE 0000.000.000"]
        {
            assert_eq!(parse(text, Some("BE")), None, "{text}");
        }
    }

    #[test]
    fn letters_outside_ascii_do_not_trip_the_reader() {
        assert_eq!(parse("ÑÑÑÑÑÑ", Some("MX")), None);
        assert_eq!(read_as("Ñ&B850101AB1", Some("MX")), ("MXB850101AB1".to_owned(), Validity::Invalid));
    }
}
