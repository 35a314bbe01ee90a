//! Structured references with check digits: what a machine wrote, and what no slip of the finger survives.

/// A kind of structured reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// ISO 11649: `RF`, two check digits, up to 21 letters and digits; mod 97 (ISO 7064).
    CreditorReference,
    /// Belgian `+++123/4567/89012+++`: ten digits and their remainder by 97, where 97 stands for 0 (Febelfin, OGM/VCS).
    Belgian,
    /// Swiss QR reference: 27 digits, the last by recursive mod 10 (SIX, QR-bill).
    Swiss,
    /// Norwegian KID and Finnish viitenumero have no look of their own: they count where an item's reference is one.
    Plain,
}

/// A reference in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What kind it is.
    pub scheme: Scheme,
    /// Letters and digits alone, without leading zeros.
    pub key: String,
    /// Whether its check digits are right.
    pub valid: bool,
}

/// Letters and digits of a reference, without leading zeros: what two ways of writing it have in common.
pub fn key(text: &str) -> String {
    let key: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    key.trim_start_matches('0').to_owned()
}

/// The structured references of a text, in order, and where each stands.
pub fn find(text: &str) -> Vec<(std::ops::Range<usize>, Reference)> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        let (end, run) = run_of_digits(text, start);
        if let Some(reference) = belgian(&text[start..end], &run).or_else(|| swiss(&run)) {
            found.push((start..end, reference));
            start = end;
        } else if let Some((end, reference)) = creditor_reference(text, start) {
            found.push((start..end, reference));
            start = end;
        } else if run.is_empty() {
            start += 1;
            while !text.is_char_boundary(start) {
                start += 1;
            }
        } else {
            start = end;
        }
    }
    found
}

/// The digits from `start` on, over what separates digits inside a reference; the end is behind the last of it.
fn run_of_digits(text: &str, start: usize) -> (usize, String) {
    let bytes = text.as_bytes();
    let (mut end, mut at, mut run) = (start, start, String::new());
    // A run begins at the beginning of a word: digits inside a longer word are its own.
    let inside = start > 0 && bytes[start - 1].is_ascii_alphanumeric();
    if inside || !(bytes[start].is_ascii_digit() || matches!(bytes[start], b'+' | b'*')) {
        return (start, run);
    }
    while at < bytes.len() {
        match bytes[at] {
            digit if digit.is_ascii_digit() => {
                run.push(char::from(digit));
                end = at + 1;
            }
            b'+' | b'*' => end = at + 1,
            b' ' | b'/' => {}
            _ => break,
        }
        at += 1;
    }
    (end, run)
}

fn belgian(written: &str, run: &str) -> Option<Reference> {
    let marked = written.starts_with("+++") || written.starts_with("***");
    let slashed = written.len() == 14 && written.as_bytes()[3] == b'/' && written.as_bytes()[8] == b'/';
    (run.len() == 12 && (marked || slashed)).then(|| Reference {
        scheme: Scheme::Belgian,
        key: key(run),
        valid: is_belgian(run),
    })
}

fn swiss(run: &str) -> Option<Reference> {
    (run.len() == 27).then(|| Reference { scheme: Scheme::Swiss, key: key(run), valid: is_swiss(run) })
}

fn creditor_reference(text: &str, start: usize) -> Option<(usize, Reference)> {
    let rest = text.get(start..)?;
    let inside = text[..start].ends_with(|before: char| before.is_ascii_alphanumeric());
    if inside || !rest.get(..2)?.eq_ignore_ascii_case("RF") {
        return None;
    }
    if !rest.as_bytes().get(2..4)?.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // It may be written in groups of four; whatever makes it valid ends it, else the first word does.
    let (mut code, mut first) = (String::new(), None);
    for (at, character) in rest.char_indices() {
        match character {
            ' ' => {
                first.get_or_insert_with(|| (at, code.clone()));
                if is_creditor_reference(&code) {
                    break;
                }
            }
            _ if character.is_ascii_alphanumeric() && code.len() < 25 => {
                code.push(character.to_ascii_uppercase());
            }
            _ => break,
        }
        if at + 1 == rest.len() || code.len() == 25 {
            break;
        }
    }
    let valid = is_creditor_reference(&code);
    let (length, code) =
        if valid { (written_length(rest, code.len()), code) } else { first.unwrap_or((code.len(), code)) };
    (code.len() >= 5)
        .then(|| (start + length, Reference { scheme: Scheme::CreditorReference, key: code, valid }))
}

/// Where the n-th letter or digit ends.
fn written_length(text: &str, letters: usize) -> usize {
    let ends = text.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).map(|(at, _)| at + 1);
    ends.take(letters).last().unwrap_or(0)
}

/// Whether a code is an ISO 11649 reference with right check digits.
pub fn is_creditor_reference(code: &str) -> bool {
    let code = code.as_bytes();
    if !(5..=25).contains(&code.len()) || !code.iter().all(u8::is_ascii_alphanumeric) || &code[..2] != b"RF" {
        return false;
    }
    let mut remainder = 0_u32;
    for byte in code[4..].iter().chain(&code[..4]) {
        remainder = match byte {
            b'0'..=b'9' => remainder * 10 + u32::from(byte - b'0'),
            _ => remainder * 100 + u32::from(byte.to_ascii_uppercase() - b'A') + 10,
        } % 97;
    }
    remainder == 1
}

/// Whether twelve digits are a Belgian structured communication.
pub fn is_belgian(digits: &str) -> bool {
    let (Some(base), Some(check)) = (digits.get(..10), digits.get(10..12)) else { return false };
    let (Ok(base), Ok(check)) = (base.parse::<u64>(), check.parse::<u64>()) else { return false };
    digits.len() == 12 && check == if base % 97 == 0 { 97 } else { base % 97 }
}

/// Whether 27 digits are a Swiss QR reference.
pub fn is_swiss(digits: &str) -> bool {
    digits.len() == 27 && recursive_mod_10(digits) == Some(0)
}

fn recursive_mod_10(digits: &str) -> Option<u32> {
    const TABLE: [u32; 10] = [0, 9, 4, 6, 8, 2, 7, 1, 3, 5];
    let carry = digits
        .chars()
        .try_fold(0, |carry, digit| Some(TABLE[((carry + digit.to_digit(10)?) % 10) as usize]))?;
    Some((10 - carry) % 10)
}

/// Whether digits are a Norwegian KID: 2 to 25 digits, the last by mod 10 or mod 11.
pub fn is_kid(digits: &str) -> bool {
    (2..=25).contains(&digits.len()) && (luhn(digits) || mod_11(digits))
}

fn luhn(digits: &str) -> bool {
    let sum: Option<u32> = digits.chars().rev().enumerate().try_fold(0, |sum, (i, digit)| {
        let value = digit.to_digit(10)? * if i % 2 == 1 { 2 } else { 1 };
        Some(sum + value / 10 + value % 10)
    });
    sum.is_some_and(|sum| sum % 10 == 0)
}

fn mod_11(digits: &str) -> bool {
    let sum: Option<u32> = digits.chars().rev().enumerate().try_fold(0, |sum, (i, digit)| {
        let weight = if i == 0 { 1 } else { [2, 3, 4, 5, 6, 7][(i - 1) % 6] };
        Some(sum + digit.to_digit(10)? * weight)
    });
    sum.is_some_and(|sum| sum % 11 == 0)
}

/// Whether digits are a Finnish reference: 4 to 20 digits, the last by the weights 7, 3, 1.
pub fn is_finnish(digits: &str) -> bool {
    if !(4..=20).contains(&digits.len()) {
        return false;
    }
    let sum: Option<u32> = digits.chars().rev().enumerate().try_fold(0, |sum, (i, digit)| {
        let weight = if i == 0 { 1 } else { [7, 3, 1][(i - 1) % 3] };
        Some(sum + digit.to_digit(10)? * weight)
    });
    sum.is_some_and(|sum| sum % 10 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<(String, bool)> {
        find(text).into_iter().map(|(_, reference)| (reference.key, reference.valid)).collect()
    }

    #[test]
    fn each_scheme_is_found_as_people_and_banks_write_it() {
        assert_eq!(keys("betaling +++041/0034/74834+++ dank"), [("41003474834".into(), true)]);
        assert_eq!(keys("041/0034/74834"), [("41003474834".into(), true)]);
        assert_eq!(keys("00 31000 00000 00000 00051 50015"), [("3100000000000000005150015".into(), true)]);
        assert_eq!(keys("Ref RF18 5390 0754 7034 Danke"), [("RF18539007547034".into(), true)]);
    }

    #[test]
    fn a_wrong_check_digit_is_told() {
        assert_eq!(keys("+++261/2345/67168+++"), [("261234567168".into(), false)]);
        assert_eq!(keys("00 31000 00000 00000 00061 60028"), [("3100000000000000006160028".into(), false)]);
        assert_eq!(keys("RF19539007547034"), [("RF19539007547034".into(), false)]);
    }

    #[test]
    fn what_is_none_is_none() {
        assert_eq!(keys("VF/2026/2044 vom 12.03.2026 Tel 016/2188, 712345678901"), []);
    }

    #[test]
    fn check_digits_of_norway_and_finland() {
        assert!(is_kid("2345676") && !is_kid("2345677"));
        assert!(is_finnish("1232") && is_finnish("1234561") && !is_finnish("1234562"));
    }
}
