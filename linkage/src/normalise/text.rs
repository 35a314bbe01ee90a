//! Words and codes, folded to lower-case ASCII.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;

use super::script::{self, Native, is_word_by_itself};

/// Lower-case ASCII. Umlauts that are spelt out (`ue`) and those that are not (`ü`) come out alike: both lose the `e`.
pub fn fold(text: &str) -> String {
    let ascii: Cow<'_, str> = if text.is_ascii() { text.into() } else { deunicode::deunicode(text).into() };
    let mut folded = String::with_capacity(ascii.len());
    let mut vowel = None;
    for letter in ascii.chars().map(|letter| letter.to_ascii_lowercase()) {
        if letter == 'e' && matches!(vowel, Some('a' | 'o' | 'u')) {
            vowel = None;
        } else {
            folded.push(letter);
            vowel = Some(letter);
        }
    }
    folded
}

/// The words of a name. Dots hold single letters together (`S.p.A.` is `spa`) and apostrophes vanish (`O'Connor` is
/// `oconnor`); everything else that is neither letter nor digit parts words.
pub fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut words = Vec::new();
    for part in
        folded.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '.' || letter == '\''))
    {
        let mut letters = String::new();
        for word in part.split('.') {
            let word: String = word.chars().filter(|letter| *letter != '\'').collect();
            if word.len() == 1 {
                letters.push_str(&word);
                continue;
            }
            words.extend(Some(std::mem::take(&mut letters)).filter(|letters| !letters.is_empty()));
            words.extend(Some(word).filter(|word| !word.is_empty()));
        }
        words.extend(Some(letters).filter(|letters| !letters.is_empty()));
    }
    words
}

/// A word as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The word, as [`words`] has it.
    pub text: String,
    /// The characters that it is written with.
    pub native: Native,
    /// Whether it is single letters with dots.
    pub dotted: bool,
}

/// The same words with the characters that each is written with. A Chinese character is a word by itself.
pub fn written_words(text: &str) -> Vec<Written> {
    let mut all = Vec::new();
    let parts = text.split(|letter: char| {
        !(letter.is_alphanumeric() || is_combining_mark(letter) || ".'’‘".contains(letter))
    });
    for part in parts.flat_map(characters).filter(|part| !part.is_empty()) {
        let part = script::fold(part);
        if Native::of(&part) == Native::default() {
            let dotted = |word: &str| part.contains('.') && are_single(&part, word);
            all.extend(words(&part).into_iter().map(|text| Written {
                dotted: dotted(&text),
                text,
                native: Native::default(),
            }));
        } else {
            all.extend(foreign(&part));
        }
    }
    all
}

/// Whether the letters of a word stand alone in the part that it is of.
fn are_single(part: &str, word: &str) -> bool {
    let single: String = part.split('.').filter(|piece| piece.chars().count() == 1).collect();
    !word.is_empty() && fold(&single).contains(word)
}

/// The words of a part that is not in Latin letters. Transliteration writes letters that Latin has not as quotes.
fn foreign(part: &str) -> Vec<Written> {
    let mut all: Vec<Written> = Vec::new();
    for piece in part.split('.').filter(|piece| !piece.is_empty()) {
        let (text, native) = (code(&fold(piece)), Native::of(piece));
        let single = part.contains('.') && piece.chars().count() == 1;
        match all.last_mut().filter(|before| before.dotted && single) {
            Some(before) => {
                before.text.push_str(&text);
                before.native = Native::join([before.native, native].into_iter());
            }
            None => all.push(Written { text, native, dotted: single }),
        }
    }
    all
}

/// Parts a text before and behind each character that is a word by itself.
fn characters(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = if is_word_by_itself(first) {
            first.len_utf8()
        } else {
            rest.find(is_word_by_itself).unwrap_or(rest.len())
        };
        let (part, behind) = rest.split_at(end);
        rest = behind;
        Some(part)
    })
}

/// The letters and digits of a code, in lower case.
pub fn code(text: &str) -> String {
    let ascii: Cow<'_, str> = if text.is_ascii() { text.into() } else { deunicode::deunicode(text).into() };
    ascii.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn umlauts_come_out_alike_however_they_are_spelt() {
        for name in ["Brückner", "Brueckner", "BRUCKNER"] {
            assert_eq!(fold(name), "bruckner");
        }
        assert_eq!(fold("Straße"), "strasse");
    }

    #[test]
    fn dots_hold_single_letters_together_and_part_longer_words() {
        assert_eq!(words("Collodi & Proietti S.p.A."), ["collodi", "proietti", "spa"]);
        assert_eq!(words("Bayside Med. Grp. LLC"), ["bayside", "med", "grp", "llc"]);
        assert_eq!(words("A.Ruppersberger"), ["a", "ruppersberger"]);
        assert_eq!(words("Marketing e.K."), ["marketing", "ek"]);
    }

    #[test]
    fn apostrophes_vanish_and_hyphens_part() {
        assert_eq!(words("Siobhan O'Connor"), ["siobhan", "oconnor"]);
        assert_eq!(words("Warren-Smith"), ["warren", "smith"]);
        assert_eq!(words(" \t-. "), Vec::<String>::new());
    }

    #[test]
    fn a_code_is_its_letters_and_digits() {
        assert_eq!(code("BE 0477.472.701"), "be0477472701");
    }
}
