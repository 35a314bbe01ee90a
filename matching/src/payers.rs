//! Who may be on the other side of a bank line: by account, by name as banks write it, and by what was learned of both.

use std::collections::{BTreeMap, BTreeSet};

use linkage::normalise::legal_form;
use linkage::normalise::text::words;
use rapidfuzz::distance::osa;
use rustc_hash::FxHashMap;

use crate::bits::Bits;
use crate::concern::Concern;
use crate::memory::Memory;
use crate::records::{Line, Partner, PartnerId};

/// Banks cut names after so many characters or later; what is shorter is not taken for cut.
const CUT: usize = 12;
/// Partners that share a word are looked at only if there are no more of them.
const COMMON: usize = 50;
/// Words of a name that are looked for in a text.
const NAME: usize = 6;
/// Letters of a single word that is looked for in a text.
const WORD: usize = 9;
/// Partners that are considered for a line.
const CANDIDATES: usize = 4;

/// The partners, and where each is found.
#[derive(Default)]
pub struct Payers {
    partners: FxHashMap<PartnerId, Known>,
    by_account: FxHashMap<String, BTreeSet<PartnerId>>,
    by_name: FxHashMap<String, BTreeSet<PartnerId>>,
    by_word: FxHashMap<String, BTreeSet<PartnerId>>,
}

struct Known {
    words: Vec<String>,
    name: String,
    accounts: Vec<String>,
    parent: Option<PartnerId>,
    own: bool,
}

/// One who may be on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payer {
    /// Who.
    pub partner: PartnerId,
    /// How much speaks for it.
    pub bits: Bits,
    /// Whether the account says so: it is known, or was learned.
    pub by_account: bool,
    /// Whether the name says so, whole.
    pub by_name: bool,
    /// Whether people have set it up so, which is worth a whole name.
    pub by_model: bool,
}

/// What a line says of the other side.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// The account, as it is compared.
    pub account: String,
    /// The name's words without legal form, as one.
    pub name: String,
    /// Who it may be, the likeliest first.
    pub payers: Vec<Payer>,
    /// Whether the line says anything of it.
    pub is_named: bool,
    /// Whether it is the company itself.
    pub is_own: bool,
    /// Whether two partners are named: by account and name, or by one of them and what people have set up.
    pub contradicts: bool,
}

impl Side {
    /// What is known of a partner.
    pub fn of(&self, partner: Option<PartnerId>) -> Option<&Payer> {
        self.payers.iter().find(|payer| Some(payer.partner) == partner)
    }
}

/// An account as it is compared: letters and digits.
pub fn account(text: &str) -> String {
    crate::parse::code(text)
}

/// A name's words without legal form.
pub fn name(text: &str) -> Vec<String> {
    let mut all = words(text);
    let whole = all.clone();
    legal_form::strip(&mut all);
    if all.is_empty() { whole } else { all }
}

impl Payers {
    /// Adds a partner, or changes it.
    pub fn set(&mut self, partner: &Partner) {
        self.remove(partner.id);
        let words = name(&partner.name);
        let known = Known {
            name: words.concat(),
            accounts: partner
                .accounts
                .iter()
                .map(|text| account(text))
                .filter(|text| !text.is_empty())
                .collect(),
            parent: partner.parent,
            own: partner.own,
            words,
        };
        for account in &known.accounts {
            self.by_account.entry(account.clone()).or_default().insert(partner.id);
        }
        if !known.name.is_empty() {
            self.by_name.entry(known.name.clone()).or_default().insert(partner.id);
        }
        for word in &known.words {
            self.by_word.entry(word.clone()).or_default().insert(partner.id);
        }
        self.partners.insert(partner.id, known);
    }

    /// Takes a partner away.
    pub fn remove(&mut self, id: PartnerId) {
        let Some(known) = self.partners.remove(&id) else { return };
        for account in &known.accounts {
            take(&mut self.by_account, account, id);
        }
        take(&mut self.by_name, &known.name, id);
        for word in &known.words {
            take(&mut self.by_word, word, id);
        }
    }

    /// Everything under which a partner is found.
    pub fn concerns(&self, id: PartnerId) -> Vec<u64> {
        let Some(known) = self.partners.get(&id) else { return Vec::new() };
        let accounts = known.accounts.iter().map(|account| Concern::Account(account));
        let names = known.words.iter().chain([&known.name]).map(|name| Concern::Name(name));
        accounts.chain(names).chain([Concern::Partner(id)]).map(Concern::key).collect()
    }

    /// Everything under which whoever is on the other side of a line is looked for.
    pub fn asked(line: &Line, side: &Side) -> Vec<u64> {
        let mut asked = vec![Concern::Account(&side.account).key(), Concern::Name(&side.name).key()];
        if side.is_named {
            asked.extend(name(&line.name).iter().map(|word| Concern::Name(word).key()));
        } else {
            let words = words(&line.text);
            for length in 1..=NAME.min(words.len()) {
                let windows = words.windows(length).map(<[String]>::concat);
                asked.extend(windows.map(|name| Concern::Name(&name).key()));
            }
        }
        asked.extend(side.payers.iter().map(|payer| Concern::Partner(payer.partner).key()));
        asked
    }

    /// Whether it is the company itself.
    pub fn is_own(&self, id: PartnerId) -> bool {
        self.partners.get(&id).is_some_and(|known| known.own)
    }

    /// Whether one of them belongs to the other, or both to a third.
    pub fn are_related(&self, a: PartnerId, b: PartnerId) -> bool {
        let parent = |id| self.partners.get(&id).and_then(|known| known.parent).unwrap_or(id);
        parent(a) == parent(b)
    }

    /// Who may be on the other side of a line.
    pub fn side(&self, line: &Line, memory: &Memory) -> Side {
        let (account, words) = (account(&line.account), name(&line.name));
        let mut found: BTreeMap<PartnerId, Payer> = BTreeMap::new();
        let empty =
            |partner| Payer { partner, bits: Bits::ZERO, by_account: false, by_name: false, by_model: false };
        let mut by_account = self.by_account(&account, memory);
        if let Some(partner) = line.partner {
            by_account.retain(|(other, ..)| *other != partner);
            by_account.insert(0, (partner, Bits::whole(14), true));
        }
        let by_name = if account.is_empty() && words.is_empty() && line.partner.is_none() {
            self.in_text(&line.text)
        } else {
            self.by_name(&words, memory)
        };
        // An account that is known says more than a text that many may write.
        let is_account_known = by_account.iter().any(|(.., holds)| *holds);
        let by_model = line.model.partner.filter(|_| !is_account_known);
        for (partner, bits, holds) in &by_account {
            let payer = found.entry(*partner).or_insert_with(|| empty(*partner));
            (payer.bits, payer.by_account) = (*bits, *holds);
        }
        for (partner, bits, whole) in &by_name {
            let is_known = found.contains_key(partner);
            let payer = found.entry(*partner).or_insert_with(|| empty(*partner));
            payer.by_name |= whole;
            // An account that was theirs once, and a name that is like theirs, are enough together; but what they say is not
            // independent.
            payer.by_account |= is_known;
            payer.bits = payer.bits.max(*bits) + if is_known { Bits::whole(2) } else { Bits::ZERO };
        }
        if let Some(partner) = by_model {
            let payer = found.entry(partner).or_insert_with(|| empty(partner));
            payer.bits = payer.bits.max(Bits::whole(12));
            payer.by_model = true;
        }
        let is_in = |partner: PartnerId, all: &[(PartnerId, Bits, bool)]| {
            all.iter().any(|(other, ..)| *other == partner)
        };
        let is_named = by_name.iter().any(|(_, bits, whole)| *whole || *bits >= Bits::whole(6));
        let is_either = by_name.iter().any(|(partner, ..)| is_in(*partner, &by_account));
        let is_modelled_otherwise = by_model.is_some_and(|partner| {
            let (by_account_too, by_name_too) = (is_in(partner, &by_account), is_in(partner, &by_name));
            !by_account.is_empty() && !by_account_too || is_named && !by_name_too
        });
        let contradicts = !by_account.is_empty() && is_named && !is_either || is_modelled_otherwise;
        let mut payers: Vec<Payer> = found.into_values().collect();
        payers.sort_by_key(|payer| (std::cmp::Reverse(payer.bits), payer.partner));
        payers.truncate(CANDIDATES);
        Side {
            is_own: payers.first().is_some_and(|payer| self.is_own(payer.partner)),
            is_named: !account.is_empty() || !words.is_empty() || line.partner.is_some(),
            contradicts,
            payers,
            name: words.concat(),
            account,
        }
    }

    fn by_account(&self, account: &str, memory: &Memory) -> Vec<(PartnerId, Bits, bool)> {
        if account.is_empty() {
            return Vec::new();
        }
        if let Some(partners) = self.by_account.get(account) {
            // An account that several share says less.
            let bits = Bits::whole(14) - Bits::log2(partners.len());
            return partners.iter().take(CANDIDATES).map(|partner| (*partner, bits, true)).collect();
        }
        memory.payers_of_account(account)
    }

    /// Partners by name, and whether all of the name is there.
    fn by_name(&self, words: &[String], memory: &Memory) -> Vec<(PartnerId, Bits, bool)> {
        let written = words.concat();
        if written.len() < 3 {
            return Vec::new();
        }
        if let Some(partners) = self.by_name.get(&written) {
            let bits = Bits::whole(12) - Bits::log2(partners.len());
            return partners
                .iter()
                .take(CANDIDATES)
                .map(|partner| (*partner, bits, partners.len() == 1))
                .collect();
        }
        let learned = memory.payers_of_name(&written);
        if !learned.is_empty() {
            return learned;
        }
        self.alike(words, &written)
    }

    /// A partner whose name stands in a text, where nothing else says who paid; at its end it may be cut.
    fn in_text(&self, text: &str) -> Vec<(PartnerId, Bits, bool)> {
        let words = words(text);
        for length in (1..=NAME.min(words.len())).rev() {
            for window in words.windows(length) {
                let name = window.concat();
                // One short word may be any word.
                let partners = self.by_name.get(&name).filter(|_| length > 1 || name.len() >= WORD);
                if let Some(partners) = partners.filter(|partners| partners.len() == 1) {
                    return partners.iter().map(|partner| (*partner, Bits::whole(10), true)).collect();
                }
            }
        }
        let ends = (2..=NAME.min(words.len())).rev().map(|length| &words[words.len() - length..]);
        let cut = ends.map(|end| (end, end.concat())).find_map(|(end, written)| {
            let partners = self.by_word.get(&end[0]).filter(|_| written.len() >= CUT)?;
            let known =
                |id: &&PartnerId| self.partners.get(id).is_some_and(|known| known.name.starts_with(&written));
            partners.iter().take(COMMON).find(known)
        });
        cut.map(|partner| (*partner, Bits::whole(8), false)).into_iter().collect()
    }

    /// Partners whose names are cut, misspelt or only partly there.
    fn alike(&self, words: &[String], written: &str) -> Vec<(PartnerId, Bits, bool)> {
        let mut seen = BTreeSet::new();
        for word in words.iter().filter(|word| word.len() >= 3) {
            let partners = self.by_word.get(word).filter(|partners| partners.len() <= COMMON);
            seen.extend(partners.into_iter().flatten().copied());
        }
        let mut found: Vec<_> = seen
            .into_iter()
            .filter_map(|id| Some((id, likeness(written, words, self.partners.get(&id)?)?, false)))
            .collect();
        found.sort_by_key(|(id, bits, _)| (std::cmp::Reverse(*bits), *id));
        found.truncate(CANDIDATES);
        found
    }
}

/// How much a name says that is not the partner's, letter by letter.
fn likeness(written: &str, words: &[String], known: &Known) -> Option<Bits> {
    let cut = written.len() >= CUT && known.name.starts_with(written);
    if cut {
        return Some(Bits::whole(10));
    }
    let most = 1 + written.len() / 12;
    let distance = osa::distance_with_args(
        written.bytes(),
        known.name.bytes(),
        &osa::Args::default().score_cutoff(most),
    );
    if let Some(distance) = distance.filter(|_| written.len() >= 6) {
        return Some(Bits::whole(9) - Bits::whole(i32::try_from(distance).unwrap_or(2)));
    }
    let common = words.iter().filter(|word| known.words.contains(word)).count();
    let all = words.len().max(known.words.len());
    match (common * 3).checked_div(all) {
        Some(share) if share >= 2 && common >= 2 => Some(Bits::whole(6)),
        Some(share) if share >= 1 => Some(Bits::whole(3)),
        _ => None,
    }
}

fn take(map: &mut FxHashMap<String, BTreeSet<PartnerId>>, key: &str, id: PartnerId) {
    if let Some(partners) = map.get_mut(key) {
        partners.remove(&id);
        if partners.is_empty() {
            map.remove(key);
        }
    }
}
