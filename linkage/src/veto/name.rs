//! Two names that differ, and what may outweigh that.

use super::{Veto, agrees};
use crate::compare::name::{Aligned, Difference, PARTLY, words};
use crate::measure::{Measure, SAME};
use crate::model::Levels;
use crate::normalise::given_name;
use crate::reader::Comparison;
use crate::record::{Record, Slot, Token};

/// Whether two names are two people's, or two firms'.
pub(super) fn of(comparisons: &[Comparison], levels: &Levels, a: &Record, b: &Record) -> Option<Veto> {
    let place = |measure| comparisons.iter().position(|comparison| comparison.measure == measure);
    let name = place(Measure::Name).filter(|name| levels[*name] >= PARTLY)?;
    let (ours, theirs) = (a.slot(name), b.slot(name));
    let aligned = Aligned::new(ours, theirs);
    let left = [aligned.ours(ours).collect(), aligned.theirs(theirs).collect()];
    let names = Names { comparisons, levels, a, b, ours, theirs, left };
    let is_outweighed = match Difference::of(ours, &aligned, theirs) {
        Difference::Number => false,
        Difference::Suffix => !names.has_numeral() && names.share_a_mailbox(),
        // Of one script into another there are many ways.
        Difference::Script if names.share_a_mailbox() || names.share_mailbox_and_phone() => true,
        Difference::Script | Difference::Words => {
            // What a lead is about tells it apart; it names whoever has asked, and a customer has several people.
            let is_lead =
                || place(Measure::Title).is_some() && names.agree(&[Measure::Email, Measure::Phone], SAME);
            let is_identified = || names.agree(&[Measure::TaxId, Measure::Identifier], SAME);
            let says_where = || place(Measure::City).is_some_and(|city| names.one_has_the_town(city));
            is_lead() || is_identified() || names.have_married() || says_where()
        }
    };
    (!is_outweighed).then(|| if names.are_given_names() { Veto::Household } else { Veto::Name })
}

/// Two records whose names differ.
struct Names<'r> {
    comparisons: &'r [Comparison],
    levels: &'r Levels,
    a: &'r Record,
    b: &'r Record,
    ours: Slot<'r>,
    theirs: Slot<'r>,
    /// The words of each that nothing of the other matches.
    left: [Vec<&'r Token>; 2],
}

impl Names<'_> {
    fn agree(&self, measures: &[Measure], level: u8) -> bool {
        agrees(self.comparisons, self.levels, measures, level)
    }

    /// What both have that is one person's, by measure: a mailbox that is no function's, a mobile phone.
    fn personal(&self) -> impl Iterator<Item = (Measure, &str)> {
        let all = self.comparisons.iter().zip(self.levels).enumerate();
        let same = all.filter(|(_, (_, level))| **level == SAME);
        same.flat_map(|(i, (of, _))| {
            let (a, b) = (self.a.slot(i), self.b.slot(i));
            let is_shared = move |token: &&Token| b.tokens.iter().any(|other| other.hash == token.hash);
            let is_personal = |token: &&Token| token.marks & Token::PERSONAL != 0;
            let shared = a.tokens.iter().filter(is_personal).filter(is_shared);
            shared.map(move |token| (of.measure, text(a, token)))
        })
    }

    fn share_a_mailbox(&self) -> bool {
        self.personal().any(|(measure, _)| measure == Measure::Email)
    }

    fn share_mailbox_and_phone(&self) -> bool {
        self.agree(&[Measure::Email], SAME) && self.agree(&[Measure::Phone], SAME)
    }

    /// A number is among the words that one has and the other has not.
    fn has_numeral(&self) -> bool {
        let is_numeral =
            |slot: Slot<'_>, word: &Token| slot.text(word).first().is_some_and(u8::is_ascii_digit);
        let [ours, theirs] = &self.left;
        ours.iter().any(|word| is_numeral(self.ours, word))
            || theirs.iter().any(|word| is_numeral(self.theirs, word))
    }

    /// A given name stays, family names change, and something that is one person's is the same: a mailbox with the given name, or a
    /// mobile phone.
    fn have_married(&self) -> bool {
        let [ours, theirs] = &self.left;
        if ours.is_empty()
            || theirs.is_empty()
            || has_given_name(self.ours, ours)
            || has_given_name(self.theirs, theirs)
        {
            return false;
        }
        let is_shared = |word: &&Token| words(self.theirs).iter().any(|other| other.hash == word.hash);
        let shared = words(self.ours).iter().filter(is_shared).map(|word| text(self.ours, word));
        let Some(stays) = shared.filter(|word| word.len() > 2).find(|word| given_name::is_known(word)) else {
            return false;
        };
        self.personal().any(|(measure, value)| measure == Measure::Phone || is_called(value, stays))
    }

    /// They share two words, and all that one has and the other has not is the town.
    fn one_has_the_town(&self, city: usize) -> bool {
        let is_town = |record: &Record, slot: Slot<'_>, words: &[&Token]| {
            let town = record.slot(city);
            let words = words.iter().flat_map(|word| slot.text(word));
            town.tokens.first().is_some_and(|whole| words.eq(town.text(whole)))
        };
        let [ours, theirs] = &self.left;
        let shared = (words(self.ours).len() - ours.len()).min(words(self.theirs).len() - theirs.len());
        shared >= 2 && (is_town(self.a, self.ours, ours) || is_town(self.b, self.theirs, theirs))
    }

    /// Given names differ, and little else.
    fn are_given_names(&self) -> bool {
        let [ours, theirs] = &self.left;
        has_given_name(self.ours, ours) && has_given_name(self.theirs, theirs)
    }
}

/// Whether a name is a word of a mailbox, in front of the `@`.
fn is_called(address: &str, name: &str) -> bool {
    let mailbox = address.split('@').next().unwrap_or_default();
    mailbox.split(|letter: char| !letter.is_ascii_alphabetic()).any(|word| word == name)
}

fn text<'r>(slot: Slot<'r>, word: &Token) -> &'r str {
    std::str::from_utf8(slot.text(word)).unwrap_or_default()
}

fn has_given_name(slot: Slot<'_>, words: &[&Token]) -> bool {
    words.iter().any(|word| given_name::is_known(text(slot, word)))
}
