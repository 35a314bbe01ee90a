//! The level on which two names in one piece agree: which of their words are the same, alike or short for each other, and which are
//! left over.

use super::{abbreviates, equal, is_nickname, is_slip, same, text, within};
use crate::measure::{CLOSE, SAME};
use crate::normalise::script::Script;
use crate::normalise::{given_name, legal_form, words as vocabulary};
use crate::record::{Slot, Token};

/// Words of a name behind these are not looked at. Each Chinese character is one.
const MOST_WORDS: usize = 32;

/// The levels behind [`CLOSE`].
pub(crate) const SHORT_FORM: u8 = 3;
/// All words of one name are among the other's.
pub(crate) const CONTAINED: u8 = 4;
/// Words that neither shares with the other may be one, badly typed.
pub(crate) const ALIKE: u8 = 5;
/// They share words, and each has others.
pub(crate) const PARTLY: u8 = 6;
/// They share nothing.
const DIFFERENT: u8 = 7;

/// The level of two names.
pub(super) fn level(a: Slot<'_>, b: Slot<'_>) -> u8 {
    if same(a, b) {
        return SAME;
    }
    let aligned = Aligned::new(a, b);
    let (ours, theirs) = (aligned.ours(a), aligned.theirs(b));
    let (all_ours, all_theirs) = (ours.clone().next().is_none(), theirs.clone().next().is_none());
    if all_ours || all_theirs {
        if ours.chain(theirs).any(|word| word.marks & Token::SUFFIX != 0) {
            return PARTLY;
        }
        if all_ours && all_theirs && aligned.short == 0 {
            return if aligned.exact && words(a).len() == words(b).len() { SAME } else { CLOSE };
        }
    }
    let has_number =
        || aligned.ours(a).any(|word| counts(a, word)) || aligned.theirs(b).any(|word| counts(b, word));
    let tells_apart = || have_numbers(a, &aligned, b) || have_given_names(a, &aligned, b);
    if is_spaced_differently(a, b) && !has_number() && !tells_apart() {
        return CLOSE;
    }
    if is_acronym(a, b) || is_acronym(b, a) {
        return SHORT_FORM;
    }
    match (aligned.words, all_ours, all_theirs) {
        (_, true, true) => SHORT_FORM,
        (0, ..) => DIFFERENT,
        (_, true, _) | (_, _, true) => CONTAINED,
        _ if tells_apart() => PARTLY,
        // One is translated where the other is not, or transliterated in another way.
        (shared, ..) if are_of_two_scripts(a, b) => {
            if shared * 2 >= words(a).len().min(words(b).len()) {
                CONTAINED
            } else {
                PARTLY
            }
        }
        _ if are_garbled(a, &aligned, b) => ALIKE,
        _ => PARTLY,
    }
}

/// What keeps two names from being one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// A number that each has and the other has not, or the father's suffix and the son's.
    Number,
    /// One has a suffix and the other has none: nothing else is left over.
    Suffix,
    /// They are written in two scripts and do not sound alike.
    Script,
    /// Words.
    Words,
}

impl Difference {
    /// Of two names.
    pub(crate) fn of(a: Slot<'_>, aligned: &Aligned, b: Slot<'_>) -> Self {
        if have_numbers(a, aligned, b) {
            Self::Number
        } else if aligned.ours(a).next().is_none() || aligned.theirs(b).next().is_none() {
            Self::Suffix
        } else if are_of_two_scripts(a, b) {
            Self::Script
        } else {
            Self::Words
        }
    }
}

/// Whether each has a number, or what else tells apart those of one name, that the other has not.
fn have_numbers(a: Slot<'_>, aligned: &Aligned, b: Slot<'_>) -> bool {
    aligned.ours(a).any(|word| counts(a, word)) && aligned.theirs(b).any(|word| counts(b, word))
}

/// Whether a word is a number, or tells those of one name apart like one.
fn counts(slot: Slot<'_>, word: &Token) -> bool {
    word.marks & Token::SUFFIX != 0 || has_digit(slot.text(word))
}

/// Whether each has a given name that is easily taken for the other's.
fn have_given_names(a: Slot<'_>, aligned: &Aligned, b: Slot<'_>) -> bool {
    aligned.ours(a).any(|x| aligned.theirs(b).any(|y| given_name::differ(text(a.text(x)), text(b.text(y)))))
}

/// Whether some words that are left over may be one.
fn are_garbled(a: Slot<'_>, aligned: &Aligned, b: Slot<'_>) -> bool {
    aligned.ours(a).any(|x| aligned.theirs(b).any(|y| is_garbled(a, x, b, y)))
}

/// Whether two words have most of their letters in common, and may be one.
fn is_garbled(a: Slot<'_>, x: &Token, b: Slot<'_>, y: &Token) -> bool {
    let (ours, theirs) = (a.text(x), b.text(y));
    let most = ours.len().max(theirs.len()).saturating_sub(1) / 2;
    is_of_letters(x, ours)
        && is_of_letters(y, theirs)
        && ours.len().min(theirs.len()) > 2
        && within(ours, theirs, most)
}

/// Whether a word is one in which fingers slip: neither a number or a suffix, nor a sound or a sense for each sign.
fn is_of_letters(token: &Token, word: &[u8]) -> bool {
    token.native.script().has_slips() && token.marks & Token::SUFFIX == 0 && !has_digit(word)
}

fn has_digit(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_digit)
}

/// How the words of two names were matched.
#[derive(Default)]
pub(crate) struct Aligned {
    /// Words that are equal or alike.
    words: usize,
    /// Whether all of these are equal.
    exact: bool,
    /// Words where one is short for the other: its first letter, its beginning, a nickname.
    short: usize,
    our_taken: [bool; MOST_WORDS],
    their_taken: [bool; MOST_WORDS],
}

impl Aligned {
    /// Matches words: first equal ones, then those that are alike, then short forms.
    pub(crate) fn new(a: Slot<'_>, b: Slot<'_>) -> Self {
        let fewer = words(a).len().min(words(b).len());
        let mut aligned = Self { exact: true, ..Self::default() };
        aligned.words = aligned.pair_up(a, b, |x, y| equal(a, x, b, y));
        if aligned.words < fewer {
            let alike = aligned.pair_up(a, b, |x, y| is_alike(a, x, b, y));
            aligned.words += alike;
            aligned.exact = alike == 0;
            aligned.short = aligned.pair_up(a, b, |x, y| is_short(a, x, b, y));
            aligned.words += glue(a, &mut aligned.our_taken, b, &mut aligned.their_taken);
            aligned.words += glue(b, &mut aligned.their_taken, a, &mut aligned.our_taken);
        }
        aligned
    }

    fn pair_up(&mut self, a: Slot<'_>, b: Slot<'_>, matches: impl Fn(&Token, &Token) -> bool) -> usize {
        let mut pairs = 0;
        for (our, taken) in words(a).iter().zip(&mut self.our_taken).filter(|(_, taken)| !**taken) {
            let mut theirs = words(b).iter().zip(&mut self.their_taken);
            if let Some((_, their_taken)) = theirs.find(|(their, taken)| !**taken && matches(our, their)) {
                (*taken, *their_taken) = (true, true);
                pairs += 1;
            }
        }
        pairs
    }

    /// The words of the first name that nothing of the other matches.
    pub(crate) fn ours<'r>(&self, a: Slot<'r>) -> impl Iterator<Item = &'r Token> + Clone {
        left(a, &self.our_taken)
    }

    /// The words of the second name that nothing of the other matches.
    pub(crate) fn theirs<'r>(&self, b: Slot<'r>) -> impl Iterator<Item = &'r Token> + Clone {
        left(b, &self.their_taken)
    }
}

fn left<'r, 't>(slot: Slot<'r>, taken: &'t [bool]) -> impl Iterator<Item = &'r Token> + Clone + use<'r, 't> {
    words(slot).iter().zip(taken).filter(|(_, taken)| !**taken).map(|(word, _)| word)
}

/// Matches words that are several of the other name in one.
fn glue(a: Slot<'_>, our_taken: &mut [bool], b: Slot<'_>, their_taken: &mut [bool]) -> usize {
    let mut glued = 0;
    for (our, taken) in words(a).iter().zip(our_taken).filter(|(_, taken)| !**taken) {
        for first in 0..words(b).len() {
            let (mut rest, mut end) = (a.text(our), first);
            while let Some(part) = words(b).get(end).filter(|_| !their_taken[end] && !rest.is_empty()) {
                let Some(behind) = rest.strip_prefix(b.text(part)) else { break };
                (rest, end) = (behind, end + 1);
            }
            if rest.is_empty() && end > first + 1 {
                *taken = true;
                their_taken[first..end].fill(true);
                glued += 1;
                break;
            }
        }
    }
    glued
}

/// The words of a name, behind the whole of it.
pub(crate) fn words(slot: Slot<'_>) -> &[Token] {
    let words = slot.tokens.get(1..).unwrap_or_default();
    &words[..words.len().min(MOST_WORDS)]
}

/// Whether one is the other with a slip of the finger. Neither numbers nor given names are.
fn is_alike(a: Slot<'_>, x: &Token, b: Slot<'_>, y: &Token) -> bool {
    let (ours, theirs) = (a.text(x), b.text(y));
    if x.native.script() != y.native.script() {
        let are_alphabets = x.native.script().has_slips() && y.native.script().has_slips();
        let may_be_one = !are_alphabets || !given_name::differ(text(ours), text(theirs));
        let heard = sound(ours);
        return may_be_one && heard.len() > 1 && heard == sound(theirs);
    }
    if x.marks & y.marks & Token::GIVEN != 0 {
        let is_native = x.native.agrees(y.native) || x.native.script().has_slips();
        return is_native && given_name::is_one(text(ours), text(theirs));
    }
    // What is cheap and seldom true comes first.
    (is_slip(ours, theirs) || is_run_on(ours, theirs) || is_run_on(theirs, ours))
        && ours.len().min(theirs.len()) > 1
        && is_of_letters(x, ours)
        && is_of_letters(y, theirs)
        && !given_name::differ(text(ours), text(theirs))
}

/// Whether one is the other with the words in front that link it: `Vandenbroeck` and `Van den Broeck`.
fn is_run_on(long: &[u8], short: &[u8]) -> bool {
    short.len() > 2
        && long.len() > short.len()
        && long.strip_suffix(short).is_some_and(|links| vocabulary::are_connectives(text(links)))
}

/// Whether one is short for the other.
fn is_short(a: Slot<'_>, x: &Token, b: Slot<'_>, y: &Token) -> bool {
    let (ours, theirs) = (a.text(x), b.text(y));
    let begins = ours.first() == theirs.first();
    // Several initials stand for several given names, the first for the first.
    let are_initials = |initials: &Token, names: &Token| {
        initials.marks & Token::INITIALS != 0 && names.marks & Token::GIVEN != 0
    };
    let short = if ours.len() == 1 || theirs.len() == 1 || are_initials(x, y) || are_initials(y, x) {
        begins
    } else {
        is_nickname(a, x, b, y)
            || (begins && abbreviates(ours, theirs) && !given_name::differ(text(ours), text(theirs)))
    };
    short
        && !has_digit(ours)
        && !has_digit(theirs)
        && (x.native.script().has_slips() || x.native.agrees(y.native))
}

/// A space in the wrong place, or none, and nothing else but one letter more, less or exchanged with its neighbour.
fn is_spaced_differently(a: Slot<'_>, b: Slot<'_>) -> bool {
    let (x, y) = (whole(a), whole(b));
    if x.len().min(y.len()) < 6 || !native_whole_agrees(a, b) {
        return false;
    }
    let has_form = |long: &[u8], short: &[u8]| {
        long.strip_prefix(short).is_some_and(|form| legal_form::is_form(text(form)))
    };
    let has_slip = || {
        let lengths = |slot| words(slot).iter().map(|word| usize::from(word.length()));
        x.len().abs_diff(y.len()) < 2
            && !lengths(a).eq(lengths(b))
            && has_same_letters(x, y)
            && within(x, y, 2)
    };
    has_form(x, y) || has_form(y, x) || has_slip() || is_turned(x, b) || is_turned(y, a)
}

/// Whether two texts have the same letters, but for one more.
fn has_same_letters(a: &[u8], b: &[u8]) -> bool {
    // Each letter of both leaves a bit standing if there is an odd number of it: most texts differ in more than one.
    if (odd(a) ^ odd(b)).count_ones() > 1 {
        return false;
    }
    let count = |text: &[u8]| {
        let mut count = [0_i16; 64];
        for letter in text {
            count[usize::from(letter & 63)] += 1;
        }
        count
    };
    count(a).iter().zip(count(b)).map(|(x, y)| (x - y).abs()).sum::<i16>() <= 1
}

fn odd(text: &[u8]) -> u64 {
    text.iter().fold(0, |odd, letter| odd ^ (1 << (letter & 63)))
}

/// Whether one word is the other name with the last word first.
fn is_turned(word: &[u8], name: Slot<'_>) -> bool {
    let [before @ .., last] = words(name) else { return false };
    let before = before.iter().flat_map(|word| name.text(word));
    !words(name).is_empty() && name.text(last).iter().chain(before).eq(word)
}

fn native_whole_agrees(a: Slot<'_>, b: Slot<'_>) -> bool {
    a.tokens.first().zip(b.tokens.first()).is_some_and(|(x, y)| x.native.agrees(y.native))
}

/// Whether one name is a word of the other's first letters.
fn is_acronym(short: Slot<'_>, long: Slot<'_>) -> bool {
    let [word] = words(short) else { return false };
    let (word, initials) = (short.text(word), words(long));
    word.len() > 2
        && word.len() == initials.len()
        && word.iter().zip(initials).all(|(letter, word)| long.text(word).first() == Some(letter))
}

fn are_of_two_scripts(a: Slot<'_>, b: Slot<'_>) -> bool {
    let script = |slot: Slot<'_>| {
        words(slot).iter().map(|word| word.native.script()).find(|script| *script != Script::Latin)
    };
    script(a) != script(b)
}

fn whole(slot: Slot<'_>) -> &[u8] {
    slot.tokens.first().map_or(&[], |token| slot.text(token))
}

/// What is left of a word of one script in another: its consonants, those that are written in several ways as one of them.
fn sound(word: &[u8]) -> Vec<u8> {
    let mut sound: Vec<u8> = word
        .iter()
        .filter_map(|letter| match letter {
            b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'w' | b'h' | b'\'' => None,
            b'c' | b'q' | b'g' | b'x' => Some(b'k'),
            b'z' => Some(b's'),
            b'd' => Some(b't'),
            b'v' | b'p' | b'f' => Some(b'b'),
            letter => Some(*letter),
        })
        .collect();
    sound.dedup();
    sound
}
