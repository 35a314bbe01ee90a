//! What was learned from lines that are done: whose an account is, who is meant by a name, what lines with certain words are. Each
//! rule has its support, for and against, which fades; it is a fold of what was confirmed, in order, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::bits::Bits;
use crate::concern::Concern;
use crate::engine::Learned;
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
/// An account or a name of more partners says nothing of any: a clearing house, a lawyer.
const SHARED: usize = 16;
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
    /// Whether a person has switched the rule off: it is not used, and goes on being counted.
    pub is_off: bool,
}

/// A rule that was learned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Whoever pays from an account is a partner.
    Account(String, PartnerId),
    /// Whoever is called so is a partner.
    Name(String, PartnerId),
    /// Lines with these words that come in, or go out, are booked on an account.
    WriteOff(String, bool, String),
}

impl Rule {
    /// What rests on it.
    pub fn concern(&self) -> u64 {
        match self {
            Self::Account(account, _) => Concern::Account(account).key(),
            Self::Name(name, _) => Concern::Name(name).key(),
            Self::WriteOff(signature, is_credit, _) => Concern::Text(signature, *is_credit).key(),
        }
    }
}

/// What was learned since somebody asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Touched {
    /// Rules.
    pub rules: BTreeSet<Rule>,
    /// Words that are on lines that paid in full.
    pub words: BTreeSet<String>,
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
        !self.is_off && self.yes >= CONFIRMATIONS && self.posterior() >= HOLDS
    }
}

/// What lines of one text and direction were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Text {
    /// Lines that paid nothing that is open.
    pub nothing: f64,
    /// Lines that paid something.
    pub items: f64,
    /// How often it was seen what a provider kept of its payouts.
    pub payouts: f64,
    /// The mean of what it kept, in hundredths of a per cent.
    pub kept: f64,
}

impl Text {
    /// Counts a line, and what a provider has kept of it where it is a payout.
    pub fn see(&mut self, is_nothing: bool, kept: Option<f64>) {
        *(if is_nothing { &mut self.nothing } else { &mut self.items }) += 1.0;
        if let Some(kept) = kept {
            self.kept = (self.kept * self.payouts + kept) / (self.payouts + 1.0);
            self.payouts += 1.0;
        }
    }
}

/// What was learned.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    accounts: FxHashMap<String, BTreeMap<PartnerId, Support>>,
    names: FxHashMap<String, BTreeMap<PartnerId, Support>>,
    write_offs: FxHashMap<(String, bool), BTreeMap<String, Support>>,
    texts: FxHashMap<(String, bool), Text>,
    words: FxHashMap<String, u32>,
    /// When people pay.
    pub habits: Habits,
    touched: Touched,
}

impl Memory {
    /// What was learned since the last call.
    pub fn take_touched(&mut self) -> Touched {
        std::mem::take(&mut self.touched)
    }

    /// What supports a rule.
    pub fn rule(&self, rule: &Rule) -> Option<Support> {
        match rule {
            Rule::Account(account, partner) => self.accounts.get(account)?.get(partner),
            Rule::Name(name, partner) => self.names.get(name)?.get(partner),
            Rule::WriteOff(signature, is_credit, account) => {
                self.write_offs.get(&(signature.clone(), *is_credit))?.get(account)
            }
        }
        .copied()
    }

    /// Puts a rule back as it was stored, or as a person wants it.
    pub fn set_rule(&mut self, rule: Rule, support: Support) {
        match rule {
            Rule::Account(account, partner) => {
                self.accounts.entry(account).or_default().insert(partner, support);
            }
            Rule::Name(name, partner) => {
                self.names.entry(name).or_default().insert(partner, support);
            }
            Rule::WriteOff(signature, is_credit, account) => {
                self.write_offs.entry((signature, is_credit)).or_default().insert(account, support);
            }
        }
    }

    /// What lines with such words were.
    pub fn text(&self, signature: &str, is_credit: bool) -> Option<Text> {
        self.texts.get(&(signature.to_owned(), is_credit)).copied()
    }

    /// Puts that back as it was stored, or as of now.
    pub fn set_text(&mut self, signature: &str, is_credit: bool, text: Text) {
        self.texts.insert((signature.to_owned(), is_credit), text);
    }

    /// Lines with a word that paid in full.
    pub fn word(&self, word: &str) -> u32 {
        self.words.get(word).copied().unwrap_or(0)
    }

    /// Puts that back as it was stored.
    pub fn set_word(&mut self, word: &str, lines: u32) {
        self.words.insert(word.to_owned(), lines);
    }

    /// Whoever paid from an account, or is called so, is this partner.
    pub fn confirm_payer(&mut self, account: &str, name: &str, partner: PartnerId, day: Day) {
        type Named = fn(String, PartnerId) -> Rule;
        let both: [(_, _, Named); 2] =
            [(&mut self.accounts, account, Rule::Account), (&mut self.names, name, Rule::Name)];
        for (map, key, rule) in both {
            if !key.is_empty() {
                let all = map.entry(key.to_owned()).or_default();
                if all.len() > SHARED {
                    continue;
                }
                all.entry(partner).or_default();
                for (other, support) in all.iter_mut() {
                    support.see(*other == partner, day);
                    self.touched.rules.insert(rule(key.to_owned(), *other));
                }
            }
        }
    }

    /// It was undone.
    pub fn refute_payer(&mut self, account: &str, name: &str, partner: PartnerId, day: Day) {
        type Named = fn(String, PartnerId) -> Rule;
        let both: [(_, _, Named); 2] =
            [(&mut self.accounts, account, Rule::Account), (&mut self.names, name, Rule::Name)];
        for (map, key, rule) in both {
            if let Some(support) = map.get_mut(key).and_then(|all| all.get_mut(&partner)) {
                support.see(false, day);
                self.touched.rules.insert(rule(key.to_owned(), partner));
            }
        }
    }

    /// A line with such words was booked on an account, or on none where it is empty. Answers whether lines like it are booked elsewhere
    /// from now on.
    pub fn confirm_write_off(&mut self, signature: &str, is_credit: bool, account: &str, day: Day) -> bool {
        let booked =
            |memory: &Self| memory.write_off(signature, is_credit).map(|(account, _)| account.to_owned());
        let before = booked(self);
        let key = (signature.to_owned(), is_credit);
        if !account.is_empty() {
            self.write_offs.entry(key.clone()).or_default().entry(account.to_owned()).or_default();
        }
        for (other, support) in self.write_offs.get_mut(&key).into_iter().flatten() {
            support.see(other == account, day);
            self.touched.rules.insert(Rule::WriteOff(key.0.clone(), key.1, other.clone()));
        }
        booked(self) != before
    }

    /// Takes in at once what may take effect later.
    pub fn take_in(&mut self, learned: &Learned, is_nothing: bool) {
        let (signature, is_credit) = &learned.text;
        self.see_text(signature, *is_credit, is_nothing, learned.kept);
        for (partner, late) in &learned.delays {
            self.habits.see(*partner, *late);
        }
    }

    /// Counts a line with such words.
    pub fn see_text(&mut self, signature: &str, is_credit: bool, is_nothing: bool, kept: Option<f64>) {
        self.texts.entry((signature.to_owned(), is_credit)).or_default().see(is_nothing, kept);
    }

    /// The words of a line that paid its items exactly: they are no complaint. Answers those that are known from now on.
    pub fn confirm_words<'s>(&mut self, signature: &'s str) -> Vec<&'s str> {
        let mut known = Vec::new();
        for word in signature.split(' ').filter(|word| !word.is_empty()) {
            let lines = self.words.entry(word.to_owned()).or_insert(0);
            *lines = lines.saturating_add(1);
            if *lines == KNOWN {
                known.push(word);
            }
            self.touched.words.insert(word.to_owned());
        }
        known
    }

    /// Whether all words of a line are those of lines that paid exactly.
    pub fn knows_words(&self, signature: &str) -> bool {
        let is_known = |word: &str| self.words.get(word).is_some_and(|count| *count >= KNOWN);
        signature.split(' ').filter(|word| !word.is_empty()).all(is_known)
    }

    /// What a provider has kept of its payouts.
    pub fn payout(&self, signature: &str) -> Option<f64> {
        self.text(signature, true).filter(|text| text.payouts > 0.0).map(|text| text.kept)
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
            .filter(|all| all.len() <= SHARED)
            .into_iter()
            .flatten()
            .filter(|(_, support)| support.yes >= 0.5 && !support.is_off)
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
        let Some(text) = self.text(signature, is_credit) else { return Bits::ZERO };
        let total = text.nothing + text.items;
        let share = (text.nothing + 0.5) / (total + 1.0);
        odds(share)
    }

    /// The account that lines with such words are booked on.
    pub fn write_off(&self, signature: &str, is_credit: bool) -> Option<(&str, Support)> {
        let accounts = self.write_offs.get(&(signature.to_owned(), is_credit))?;
        let (account, support) = accounts.iter().find(|(_, support)| support.holds())?;
        Some((account.as_str(), *support))
    }
}

/// Odds in bits.
#[expect(clippy::cast_possible_truncation, reason = "odds of a share are small")]
fn odds(share: f64) -> Bits {
    let share = share.clamp(0.002, 0.998);
    Bits::milli(((share / (1.0 - share)).log2() * 1000.0).round() as i32)
}
