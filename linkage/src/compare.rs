//! The level on which two records agree in one comparison. Symmetric, and integers only: the same on every machine.

pub(crate) mod name;

use std::cmp::Ordering;

use rapidfuzz::distance::osa;

use crate::measure::{CLOSE, MISSING, Measure, SAME};
use crate::normalise::given_name;
use crate::record::{Slot, Token};

/// The level of two slots.
pub fn level(measure: Measure, a: Slot<'_>, b: Slot<'_>) -> u8 {
    if a.is_missing() || b.is_missing() {
        return MISSING;
    }
    match measure {
        Measure::Given => given(a, b),
        Measure::Family | Measure::City => whole(a, b, is_close),
        Measure::Name => name::level(a, b),
        Measure::Street => street(a, b),
        Measure::Email => email(a, b),
        Measure::Phone => phone(a, b),
        Measure::HouseNumber => house_number(a, b),
        Measure::Postcode | Measure::TaxId | Measure::Identifier => {
            whole(a, b, |a, b| one_edit(first(a), first(b)))
        }
        Measure::Region | Measure::Country | Measure::Category => {
            if same(a, b) {
                SAME
            } else {
                2
            }
        }
        Measure::Date => date(first(a), first(b)),
        Measure::Title => first_reached(&[75, 45], a, b),
        Measure::Text => first_reached(&[90, 75, 60, 45, 30, 15], a, b),
        Measure::ModelNumber => {
            if shares_a_token(a, b) {
                SAME
            } else {
                2
            }
        }
        Measure::Amount => amount(first(a), first(b)),
    }
}

/// The text of a slot's first token: the whole value where there are several.
fn first(slot: Slot<'_>) -> &[u8] {
    slot.tokens.first().map_or(&[], |token| slot.text(token))
}

fn same(a: Slot<'_>, b: Slot<'_>) -> bool {
    equal(a, &a.tokens[0], b, &b.tokens[0])
}

fn equal(a: Slot<'_>, x: &Token, b: Slot<'_>, y: &Token) -> bool {
    x.hash == y.hash && a.text(x) == b.text(y) && x.native.agrees(y.native)
}

fn text(word: &[u8]) -> &str {
    std::str::from_utf8(word).unwrap_or_default()
}

/// Equal, alike or different.
fn whole(a: Slot<'_>, b: Slot<'_>, is_close: impl Fn(Slot<'_>, Slot<'_>) -> bool) -> u8 {
    if same(a, b) {
        SAME
    } else if is_close(a, b) {
        CLOSE
    } else {
        3
    }
}

/// At most one letter added, left out, replaced, or exchanged with its neighbour.
fn one_edit(a: &[u8], b: &[u8]) -> bool {
    within(a, b, 1)
}

/// An edit changes which letters there are by two at most, which is soon counted; most words are further apart.
fn within(a: &[u8], b: &[u8], edits: usize) -> bool {
    a.len().abs_diff(b.len()) <= edits
        && (letters(a) ^ letters(b)).count_ones() as usize <= 2 * edits
        && osa::distance_with_args(
            a.iter().copied(),
            b.iter().copied(),
            &osa::Args::default().score_cutoff(edits),
        )
        .is_some()
}

/// Which letters and digits a text has, folded into 64 bits.
fn letters(text: &[u8]) -> u64 {
    text.iter().fold(0, |letters, letter| letters | 1 << (letter & 63))
}

/// Whether two words differ as slips of the finger would make them: one edit for short words, two for long ones that begin
/// alike.
fn is_slip(a: &[u8], b: &[u8]) -> bool {
    let begin_alike = a.first() == b.first();
    match a.len().max(b.len()) {
        0..=2 => false,
        3..=5 => within(a, b, 1),
        _ if !begin_alike => within(a, b, 1),
        6..=11 => within(a, b, 2),
        _ => within(a, b, 3),
    }
}

/// Whether the shorter word is how the longer one begins, with at least three letters.
fn abbreviates(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short.len() >= 3 && long.starts_with(short)
}

/// Whether the words of one value are all among the other's.
fn contains(a: Slot<'_>, b: Slot<'_>) -> bool {
    let all_in = |few: Slot<'_>, many: Slot<'_>| {
        few.tokens.len() > 1
            && few.tokens[1..].iter().all(|x| many.tokens[1..].iter().any(|y| equal(few, x, many, y)))
    };
    match a.tokens.len().cmp(&b.tokens.len()) {
        Ordering::Less => all_in(a, b),
        Ordering::Equal => all_in(a, b) && all_in(b, a),
        Ordering::Greater => all_in(b, a),
    }
}

fn is_close(a: Slot<'_>, b: Slot<'_>) -> bool {
    has_slip(a, b) || contains(a, b)
}

/// Whether two whole values differ by a slip of the finger, in letters in which fingers slip.
fn has_slip(a: Slot<'_>, b: Slot<'_>) -> bool {
    let natives = a.tokens.first().zip(b.tokens.first());
    let is_possible =
        natives.is_some_and(|(x, y)| x.native.agrees(y.native) || x.native.script().has_slips());
    is_possible && is_slip(first(a), first(b))
}

fn given(a: Slot<'_>, b: Slot<'_>) -> u8 {
    if same(a, b) {
        return SAME;
    }
    let (x, y) = (first(a), first(b));
    if x.len() == 1 || y.len() == 1 {
        return if x[0] == y[0] { 3 } else { 4 };
    }
    let nickname = || a.tokens[1..].iter().any(|x| b.tokens[1..].iter().any(|y| is_nickname(a, x, b, y)));
    if contains(a, b) {
        CLOSE
    } else if given_name::differ(text(x), text(y)) {
        4
    } else if has_slip(a, b) {
        CLOSE
    } else if abbreviates(x, y) || nickname() {
        3
    } else {
        4
    }
}

fn is_nickname(a: Slot<'_>, x: &Token, b: Slot<'_>, y: &Token) -> bool {
    (x.marks | y.marks) & Token::NICKNAME != 0
        && given_name::are_one_persons(text(a.text(x)), text(b.text(y)))
}

fn street(a: Slot<'_>, b: Slot<'_>) -> u8 {
    match name::level(a, b) {
        SAME => SAME,
        CLOSE..=name::CONTAINED => CLOSE,
        name::ALIKE | name::PARTLY => 3,
        _ => 4,
    }
}

/// Tokens: the address, then the domain, or the mailbox where everybody may have an address at the domain.
fn email(a: Slot<'_>, b: Slot<'_>) -> u8 {
    if same(a, b) {
        return SAME;
    }
    let close = one_edit(first(a), first(b)) || (first(a).len() >= 12 && within(first(a), first(b), 2));
    let (mailboxes, domains): (Vec<_>, Vec<_>) = a.tokens[1..]
        .iter()
        .flat_map(|x| b.tokens[1..].iter().map(move |y| (x, y)))
        .filter(|(x, y)| equal(a, x, b, y))
        .partition(|(x, _)| x.marks & Token::DOMAIN == 0);
    if close || !mailboxes.is_empty() {
        CLOSE
    } else if !domains.is_empty() {
        3
    } else {
        4
    }
}

/// One of several numbers has to agree. Neighbours, and the extensions of one switchboard, differ in their last digits: that is no
/// slip.
fn phone(a: Slot<'_>, b: Slot<'_>) -> u8 {
    let is_slip = |x: &[u8], y: &[u8]| {
        let same = x.iter().zip(y).take_while(|(x, y)| x == y).count();
        one_edit(x, y) && same + LAST_DIGITS < x.len().min(y.len())
    };
    if shares_a_token(a, b) {
        SAME
    } else if a.tokens.iter().any(|x| b.tokens.iter().any(|y| is_slip(a.text(x), b.text(y)))) {
        CLOSE
    } else {
        3
    }
}

/// Digits that tell the phones of one house apart.
const LAST_DIGITS: usize = 2;

/// A house may have several numbers, and a flat in it one more: those of one address have to be among the other's.
fn house_number(a: Slot<'_>, b: Slot<'_>) -> u8 {
    let all_in = |few: Slot<'_>, many: Slot<'_>| {
        few.tokens.iter().all(|x| many.tokens.iter().any(|y| equal(few, x, many, y)))
    };
    let is_same = match a.tokens.len().cmp(&b.tokens.len()) {
        Ordering::Less => all_in(a, b),
        Ordering::Equal => all_in(a, b) && all_in(b, a),
        Ordering::Greater => all_in(b, a),
    };
    let is_single = a.tokens.len() == 1 && b.tokens.len() == 1;
    if is_same {
        SAME
    } else if is_single && one_edit(first(a), first(b)) {
        CLOSE
    } else {
        3
    }
}

/// How rare what two slots share is, in hundredths of a bit: the rarest token of both, or, where words only stand in another order,
/// the less rare value.
pub(crate) fn shared_rarity(a: Slot<'_>, b: Slot<'_>) -> u16 {
    if !a.is_missing() && !b.is_missing() && same(a, b) {
        return whole_rarity(a);
    }
    let shared =
        a.tokens.iter().filter(|x| b.tokens.iter().any(|y| equal(a, x, b, y))).map(|x| x.rarity).max();
    match shared {
        Some(rarity) if a.tokens.len() < 3 || b.tokens.len() < 3 => rarity,
        _ => least_rarity(a, b),
    }
}

/// How rare the less rare of two values is.
pub(crate) fn least_rarity(a: Slot<'_>, b: Slot<'_>) -> u16 {
    whole_rarity(a).min(whole_rarity(b))
}

fn whole_rarity(slot: Slot<'_>) -> u16 {
    slot.tokens.first().map_or(0, |token| token.rarity)
}

fn shares_a_token(a: Slot<'_>, b: Slot<'_>) -> bool {
    a.tokens.iter().any(|x| b.tokens.iter().any(|y| equal(a, x, b, y)))
}

/// Two dates of eight digits. A part that is unknown is zeros, and agrees with everything.
fn date(a: &[u8], b: &[u8]) -> u8 {
    if a.len() != 8 || b.len() != 8 {
        return if a == b { SAME } else { 4 };
    }
    let parts = |date: &[u8]| {
        let number =
            |digits: &[u8]| digits.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        [number(&date[..4]), number(&date[4..6]), number(&date[6..])]
    };
    let (x, y) = (parts(a), parts(b));
    let agree = |i: usize| x[i] == y[i] || x[i] == 0 || y[i] == 0;
    let agreeing = (0..3).filter(|i| agree(*i)).count();
    if agreeing == 3 {
        return SAME;
    }
    let exchanged = agree(0) && x[1] == y[2] && x[2] == y[1];
    if exchanged || within(a, b, 1) || (agreeing == 2 && x.iter().chain(&y).all(|part| *part != 0)) {
        return CLOSE;
    }
    let days = |[year, month, day]: [u32; 3]| year * 365 + month * 30 + day;
    if days(x).abs_diff(days(y)) <= 366 { 3 } else { 4 }
}

/// The level of the first percentage that the cosine of two texts reaches: each part weighs as much as it is rare. Tokens are
/// sorted by their hash.
fn first_reached(percentages: &[u8], a: Slot<'_>, b: Slot<'_>) -> u8 {
    let square = |token: &Token| u64::from(token.rarity) * u64::from(token.rarity);
    let norm = |slot: Slot<'_>| u128::from(slot.tokens.iter().map(square).sum::<u64>());
    let (mut i, mut j, mut dot) = (0, 0, 0_u64);
    while let (Some(x), Some(y)) = (a.tokens.get(i), b.tokens.get(j)) {
        if x.hash == y.hash {
            dot += square(x);
        }
        i += usize::from(x.hash <= y.hash);
        j += usize::from(y.hash <= x.hash);
    }
    let (dot, norms) = (u128::from(dot), norm(a) * norm(b));
    // dot / √norms ≥ percent / 100, without a root.
    let reaches = |percent: &u8| dot > 0 && dot * dot * 10_000 >= u128::from(*percent).pow(2) * norms;
    let level = percentages.iter().position(reaches).unwrap_or(percentages.len());
    SAME + u8::try_from(level).unwrap_or_default()
}

/// Two amounts in hundredths.
fn amount(a: &[u8], b: &[u8]) -> u8 {
    let number = |text: &[u8]| std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
    let (Some(a), Some(b)) = (number(a), number(b)) else { return MISSING };
    let (distance, size) = (a.abs_diff(b), a.unsigned_abs().max(b.unsigned_abs()));
    if distance == 0 {
        SAME
    } else if distance.saturating_mul(20) <= size {
        2
    } else if distance.saturating_mul(5) <= size {
        3
    } else {
        4
    }
}
