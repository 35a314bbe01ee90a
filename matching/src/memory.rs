//! What was learned from lines that are done: whose an account is, who is meant by a name, what lines with certain words are. Each
//! rule has its support, for and against, which fades; it is a fold of what was confirmed, in order, and nothing else.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::bits::Bits;
use crate::habits::Habits;
use crate::records::{Day, PartnerId};

/// Support counts half after so many days without a word.
const HALF_LIFE: i32 = 730;
/// Before anything speaks against it, nine of ten memories hold.
const BELIEF: (f64, f64) = (0.9, 0.1);
/// A rule holds from two confirmations on, which may have faded a little, …
const CONFIRMATIONS: f64 = 1.5;
/// … if it is as likely as this to hold.
const HOLDS: f64 = 0.9;
/// A word is known from so many lines on.
const KNOWN: u32 = 3;

/// What speaks for a rule, and what against it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Support {
    /// Confirmations, faded.
    pub yes: f64,
    /// Contradictions, faded.
    pub no: f64,
    /// The day of the last of them.
    pub last: Day,
}

impl Support {
    fn see(&mut self, holds: bool, day: Day) {
        let faded = 0.5_f64.powf(f64::from((day - self.last).max(0)) / f64::from(HALF_LIFE));
        if self.yes + self.no > 0.0 {
            self.yes *= faded;
            self.no *= faded;
        }
        *(if holds { &mut self.yes } else { &mut self.no }) += 1.0;
        self.last = self.last.max(day);
    }

    /// How likely it is to hold: the mean of its Beta distribution.
    pub fn posterior(&self) -> f64 {
        (self.yes + BELIEF.0) / (self.yes + self.no + BELIEF.0 + BELIEF.1)
    }

    /// Whether it is to be relied on.
    pub fn holds(&self) -> bool {
        self.yes >= CONFIRMATIONS && self.posterior() >= HOLDS
    }
}

/// What lines of one text and direction were.
#[derive(Clone, Debug, Default)]
struct Texts {
    /// Lines that paid nothing that is open.
    nothing: f64,
    /// Lines that paid something.
    items: f64,
    /// Which account they were booked on, where it is known.
    accounts: BTreeMap<String, Support>,
    /// What a provider kept of its payouts, in hundredths of a per cent: how often it was seen, and the mean.
    kept: Option<(f64, f64)>,
}

/// What was learned.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    accounts: FxHashMap<String, BTreeMap<PartnerId, Support>>,
    names: FxHashMap<String, BTreeMap<PartnerId, Support>>,
    texts: FxHashMap<(String, bool), Texts>,
    words: FxHashMap<String, u32>,
    /// When people pay.
    pub habits: Habits,
}

impl Memory {
    /// Whoever paid from an account, or is called so, is this partner.
    pub fn confirm_payer(&mut self, account: &str, name: &str, partner: PartnerId, day: Day) {
        for (map, key) in [(&mut self.accounts, account), (&mut self.names, name)] {
            if !key.is_empty() {
                let all = map.entry(key.to_owned()).or_default();
                for (_, support) in all.iter_mut().filter(|(other, _)| **other != partner) {
                    support.see(false, day);
                }
                all.entry(partner).or_default().see(true, day);
            }
        }
    }

    /// It was undone.
    pub fn refute_payer(&mut self, account: &str, name: &str, partner: PartnerId, day: Day) {
        for (map, key) in [(&mut self.accounts, account), (&mut self.names, name)] {
            if let Some(support) = map.get_mut(key).and_then(|all| all.get_mut(&partner)) {
                support.see(false, day);
            }
        }
    }

    /// A line with such words paid something, or nothing; and was booked on an account.
    pub fn confirm_text(&mut self, signature: &str, is_credit: bool, nothing: bool, account: &str, day: Day) {
        let texts = self.texts.entry((signature.to_owned(), is_credit)).or_default();
        *(if nothing { &mut texts.nothing } else { &mut texts.items }) += 1.0;
        for (other, support) in &mut texts.accounts {
            if other != account {
                support.see(false, day);
            }
        }
        if nothing && !account.is_empty() {
            texts.accounts.entry(account.to_owned()).or_default().see(true, day);
        }
    }

    /// The words of a line that paid its items exactly: they are no complaint.
    pub fn confirm_words(&mut self, signature: &str) {
        for word in signature.split(' ').filter(|word| !word.is_empty()) {
            *self.words.entry(word.to_owned()).or_insert(0) += 1;
        }
    }

    /// Whether all words of a line are those of lines that paid exactly.
    pub fn knows_words(&self, signature: &str) -> bool {
        let is_known = |word: &str| self.words.get(word).is_some_and(|count| *count >= KNOWN);
        signature.split(' ').filter(|word| !word.is_empty()).all(is_known)
    }

    /// A provider has kept so much of a payout.
    pub fn confirm_payout(&mut self, signature: &str, share: f64) {
        let texts = self.texts.entry((signature.to_owned(), true)).or_default();
        let (count, mean) = texts.kept.unwrap_or((0.0, 0.0));
        texts.kept = Some((count + 1.0, (mean * count + share) / (count + 1.0)));
    }

    /// What a provider has kept of its payouts.
    pub fn payout(&self, signature: &str) -> Option<f64> {
        Some(self.texts.get(&(signature.to_owned(), true))?.kept?.1)
    }

    /// Whose an account is, and whether that is to be relied on.
    pub fn payers_of_account(&self, account: &str) -> Vec<(PartnerId, Bits, bool)> {
        Self::payers(self.accounts.get(account), 12)
    }

    /// Who is meant by a name, and whether that is to be relied on.
    pub fn payers_of_name(&self, name: &str) -> Vec<(PartnerId, Bits, bool)> {
        Self::payers(self.names.get(name), 10)
    }

    fn payers(all: Option<&BTreeMap<PartnerId, Support>>, most: i32) -> Vec<(PartnerId, Bits, bool)> {
        let mut payers: Vec<_> = all
            .into_iter()
            .flatten()
            .filter(|(_, support)| support.yes >= 0.5)
            .map(|(partner, support)| {
                let once = if support.holds() { 0 } else { 3 };
                let bits = Bits::whole(most - once) + odds(support.posterior()).min(Bits::ZERO);
                (*partner, bits, support.holds())
            })
            .collect();
        payers.sort_by_key(|(partner, bits, _)| (std::cmp::Reverse(*bits), *partner));
        payers.truncate(4);
        payers
    }

    /// How much words say that a line pays nothing that is open.
    pub fn nothing(&self, signature: &str, is_credit: bool) -> Bits {
        let Some(texts) = self.texts.get(&(signature.to_owned(), is_credit)) else { return Bits::ZERO };
        let total = texts.nothing + texts.items;
        let share = (texts.nothing + 0.5) / (total + 1.0);
        odds(share)
    }

    /// The account that lines with such words are booked on.
    pub fn write_off(&self, signature: &str, is_credit: bool) -> Option<(&str, Support)> {
        let texts = self.texts.get(&(signature.to_owned(), is_credit))?;
        let (account, support) = texts.accounts.iter().find(|(_, support)| support.holds())?;
        Some((account.as_str(), *support))
    }
}

/// Odds in bits.
#[expect(clippy::cast_possible_truncation, reason = "odds of a share are small")]
fn odds(share: f64) -> Bits {
    let share = share.clamp(0.002, 0.998);
    Bits::milli(((share / (1.0 - share)).log2() * 1000.0).round() as i32)
}
