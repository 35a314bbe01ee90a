//! Two names that differ, and what may outweigh that.

use super::{Veto, agrees};
use crate::compare::name::{Aligned, Difference, PARTLY, words};
use crate::measure::{CLOSE, Measure, SAME};
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
        // Of one script into another there are many ways.
        Difference::Script | Difference::Suffix if names.share_what_is_personal() => true,
        Difference::Script | Difference::Suffix | Difference::Words => {
            // A lead names whoever has asked, and a customer has several people.
            let is_lead =
                || place(Measure::Title).is_some() && names.agree(&[Measure::Email, Measure::Phone], SAME);
            let has_changed =
                || names.agree(&[Measure::TaxId, Measure::Identifier], CLOSE) || names.have_married();
            is_lead() || has_changed() || place(Measure::City).is_some_and(|city| names.one_says_where(city))
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

    /// Comparisons that agree wholly: their measure, and what the first record has.
    fn same(&self) -> impl Iterator<Item = (Measure, Slot<'_>)> {
        let all = self.comparisons.iter().zip(self.levels).enumerate();
        all.filter(|(_, (_, level))| **level == SAME).map(|(i, (of, _))| (of.measure, self.a.slot(i)))
    }

    /// A mailbox that is no function's, or mailbox and phone.
    fn share_what_is_personal(&self) -> bool {
        let same_phone = || self.agree(&[Measure::Phone], SAME);
        self.same().any(|(measure, slot)| measure == Measure::Email && (is_personal(slot) || same_phone()))
    }

    /// A given name stays, family names change, and something that is one person's is the same: a mailbox with the given name, or a
    /// phone that may be a mobile one.
    fn have_married(&self) -> bool {
        let [ours, theirs] = &self.left;
        if ours.is_empty()
            || theirs.is_empty()
            || has_given_name(self.ours, ours)
            || has_given_name(self.theirs, theirs)
        {
            return false;
        }
        let is_left = |word: &&Token| ours.contains(word);
        let mut shared =
            words(self.ours).iter().filter(|word| !is_left(word) && self.ours.text(word).len() > 2);
        let Some(stays) = shared.find(|word| given_name::is_known(text(self.ours, word))) else {
            return false;
        };
        self.same().any(|(measure, slot)| match measure {
            Measure::Phone => is_personal(slot),
            Measure::Email => {
                slot.tokens.first().is_some_and(|mail| text(slot, mail).contains(text(self.ours, stays)))
            }
            _ => false,
        })
    }

    /// All that one name has and the other has not is the town.
    fn one_says_where(&self, city: usize) -> bool {
        let is_town = |record: &Record, slot: Slot<'_>, words: &[&Token]| {
            let town = record.slot(city);
            let words = words.iter().flat_map(|word| slot.text(word));
            town.tokens.first().is_some_and(|whole| words.eq(town.text(whole)))
        };
        is_town(self.a, self.ours, &self.left[0]) || is_town(self.b, self.theirs, &self.left[1])
    }

    /// Given names differ, and little else.
    fn are_given_names(&self) -> bool {
        let [ours, theirs] = &self.left;
        has_given_name(self.ours, ours) && has_given_name(self.theirs, theirs)
    }
}

fn is_personal(slot: Slot<'_>) -> bool {
    slot.tokens.iter().any(|token| token.marks & Token::PERSONAL != 0)
}

fn text<'r>(slot: Slot<'r>, word: &Token) -> &'r str {
    std::str::from_utf8(slot.text(word)).unwrap_or_default()
}

fn has_given_name(slot: Slot<'_>, words: &[&Token]) -> bool {
    words.iter().any(|word| given_name::is_known(text(slot, word)))
}
