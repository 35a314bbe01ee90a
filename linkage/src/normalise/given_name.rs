//! Given names that are easily taken for each other. They are words, not letters: Mario and Maria are one letter apart and are two
//! people, while Sara and Sarah may be one.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::{nickname, text};

/// One name a line, with the spellings of it that one person's may have.
const NAMES: &str = include_str!("given_names.txt");

static LINES: LazyLock<FxHashMap<String, u16>> = LazyLock::new(|| {
    let mut lines = FxHashMap::default();
    for (line, names) in (0..).zip(NAMES.lines()) {
        for name in names.split_whitespace() {
            lines.entry(text::fold(name)).or_insert(line);
        }
    }
    lines
});

/// What a masculine name ends in, and what the feminine one of the same stem does.
const GENDERS: &[(&str, &str)] = &[
    ("", "a"),
    ("", "e"),
    ("", "ina"),
    ("", "ine"),
    ("", "ette"),
    ("", "ova"),
    ("es", "a"),
    ("e", "a"),
    ("i", "a"),
    ("ii", "aia"),
    ("is", "a"),
    ("o", "a"),
    ("os", "a"),
    ("us", "a"),
    ("y", "a"),
    ("ij", "aia"),
    ("ei", "ea"),
    ("iy", "aya"),
    ("an", "ina"),
    ("ik", "riette"),
];
/// Letters that both begin with.
const SHORTEST_STEM: usize = 3;

/// Whether a word is known as a given name.
pub fn is_known(word: &str) -> bool {
    LINES.contains_key(word)
}

/// Whether two words are spellings of one given name.
pub fn is_one(a: &str, b: &str) -> bool {
    LINES.get(a).is_some_and(|line| LINES.get(b) == Some(line))
}

/// Whether one person may be called by both, as by a nickname.
pub fn are_one_persons(a: &str, b: &str) -> bool {
    let is_short_for = |short, long| nickname::formals(short).iter().any(|formal| is_one(formal, long));
    nickname::same_person(a, b) || is_short_for(a, b) || is_short_for(b, a)
}

/// Whether two words are given names of two people, however few letters differ.
pub fn differ(a: &str, b: &str) -> bool {
    if a == b || is_one(a, b) || are_one_persons(a, b) {
        return false;
    }
    let is_name = |word: &str| is_known(word) || !nickname::formals(word).is_empty();
    let (x, y) = (is_name(a), is_name(b));
    (x && y) || ((x || y) && differ_by_gender(a, b))
}

fn differ_by_gender(a: &str, b: &str) -> bool {
    let stem = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let differ = |stem: usize| {
        let (Some(x), Some(y)) = (a.get(stem..), b.get(stem..)) else { return false };
        GENDERS.contains(&(x, y)) || GENDERS.contains(&(y, x))
    };
    (SHORTEST_STEM..=stem).any(differ)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_two_peoples() {
        for (a, b) in [
            ("mario", "maria"),
            ("lena", "lara"),
            ("jan", "jana"),
            ("daniel", "daniela"),
            ("ramesh", "rakesh"),
        ] {
            assert!(differ(a, b) && differ(b, a), "{a} {b}");
        }
    }

    #[test]
    fn spellings_and_slips_are_one_persons() {
        for (a, b) in [
            ("sara", "sarah"),
            ("mohamed", "muhammad"),
            ("john", "jonh"),
            ("tom", "thomas"),
            ("anna", "anna"),
        ] {
            assert!(!differ(a, b) && !differ(b, a), "{a} {b}");
        }
    }

    #[test]
    fn a_name_is_in_one_line() {
        let mut seen = std::collections::BTreeMap::new();
        for names in NAMES.lines() {
            for name in names.split_whitespace().map(text::fold) {
                let before = seen.insert(name.clone(), names);
                assert!(before.is_none_or(|before| before == names), "{name}: {before:?} and {names}");
            }
        }
    }
}
