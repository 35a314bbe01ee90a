//! Which items a line may pay: those that it names, those of its amount, those of its payer, and sets of them. Bounded, whatever there
//! is: at most [`CANDIDATES`] sets.

use std::collections::{BTreeMap, BTreeSet};

use crate::cues::Cue;
use crate::mentions::How;
use crate::payout;
use crate::reading::Reading;
use crate::records::{Item, ItemId, Line, PartnerId, total};
use crate::subset;
use crate::weigh::Known;

/// Sets that are weighed for a line.
pub const CANDIDATES: usize = 64;
/// Items of a line's amount that are looked at.
const EQUAL: usize = 24;
/// A partner's items that are looked at by themselves.
const OWN: usize = 12;
/// Partners whose items a line names.
const NAMED: usize = 8;

/// Items that a line may pay together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// The items, in order.
    pub items: Vec<ItemId>,
    /// How many other sets of the same partner's items add up to the line as well.
    pub others: usize,
    /// How many items of the same amount were not looked at.
    pub unseen: usize,
    /// Whether it is all that the payer owes, or all that is due.
    pub is_everything: bool,
    /// Whether it is a run of charges that a provider pays out.
    pub is_payout: bool,
}

/// The sets of items that a line may pay.
pub fn of(line: &Line, reading: &Reading, known: &Known<'_>) -> Vec<Candidate> {
    let mut search = Search { line, reading, known, seen: BTreeSet::new(), found: Vec::new() };
    search.named();
    search.equal();
    search.payouts();
    for payer in &reading.side.payers {
        search.of_payer(payer.partner);
    }
    search.found
}

struct Search<'a> {
    line: &'a Line,
    reading: &'a Reading,
    known: &'a Known<'a>,
    seen: BTreeSet<Vec<ItemId>>,
    found: Vec<Candidate>,
}

impl<'a> Search<'a> {
    /// An open item.
    fn open(&self, id: ItemId) -> Option<&'a Item> {
        self.known.items.get(id)
    }

    /// Whether items add up to the line, in its currency.
    fn fit(&self, items: &[ItemId]) -> bool {
        let residual = |id: &ItemId| self.open(*id).filter(|item| item.currency == self.line.currency);
        let owed: Option<Vec<i64>> = items.iter().map(|id| Some(residual(id)?.residual)).collect();
        owed.map(total) == Some(self.line.amount)
    }

    fn add(&mut self, items: Vec<ItemId>) {
        self.add_one_of(items, 0);
    }

    /// Adds a set next to which so many others do as well.
    fn add_one_of(&mut self, items: Vec<ItemId>, others: usize) {
        self.push(Candidate { items, others, ..Candidate::default() });
    }

    fn push(&mut self, mut candidate: Candidate) {
        candidate.items.sort_unstable();
        candidate.items.dedup();
        let is_new = !candidate.items.is_empty() && self.seen.insert(candidate.items.clone());
        if is_new && self.found.len() < CANDIDATES {
            self.found.push(candidate);
        }
    }

    /// A partner's items of the line's currency, those due about now.
    fn own(&self, partner: PartnerId) -> (Vec<ItemId>, usize) {
        let (ids, count) = self.known.items.of_partner(partner, self.line.date, subset::ITEMS);
        let is_ours = |id: &ItemId| self.open(*id).is_some_and(|item| item.currency == self.line.currency);
        (ids.into_iter().filter(is_ours).collect(), count.saturating_sub(subset::ITEMS))
    }

    /// The sets of some items that add up to the line; `unseen` items may make others.
    fn sums(&self, items: &[ItemId], unseen: usize) -> (Vec<Vec<ItemId>>, usize) {
        let amounts: Vec<i64> =
            items.iter().map(|id| self.open(*id).map_or(0, |item| item.residual)).collect();
        let sums = subset::sums(&amounts, self.line.amount);
        let others = sums.len().saturating_sub(1) + unseen;
        (sums.into_iter().map(|set| set.into_iter().map(|place| items[place]).collect()).collect(), others)
    }

    /// Items of just this amount.
    fn equal(&mut self) {
        let Line { currency, amount, date, .. } = *self.line;
        let (equal, count) = self.known.items.of_amount(currency, amount, date, EQUAL);
        for id in equal {
            let unseen = count.saturating_sub(EQUAL);
            self.push(Candidate { items: vec![id], unseen, ..Candidate::default() });
        }
    }

    fn payouts(&mut self) {
        let is_payout = self.reading.parsed.cues.has(Cue::Payout) && self.reading.side.payers.is_empty();
        if !is_payout || self.line.amount <= 0 {
            return;
        }
        let usual = self.known.memory.payout(&self.reading.parsed.signature);
        let unit = self.known.rates.unit(self.line.currency);
        for items in payout::runs(self.line, self.known.items, unit, usual) {
            self.push(Candidate { items, is_payout: true, ..Candidate::default() });
        }
    }

    /// One who may have paid: each item, all of them, all that are due, all but what is named as not paid, and what else adds up.
    fn of_payer(&mut self, partner: PartnerId) {
        let Line { date, amount, .. } = *self.line;
        let (all, _) = self.known.items.of_partner(partner, date, OWN);
        for id in all {
            if self.open(id).is_some_and(|item| item.residual.signum() == amount.signum()) {
                self.add(vec![id]);
            }
        }
        let (own, unseen) = self.own(partner);
        self.documents(&own);
        let except = self.reading.mentions.items.iter().filter(|(_, mention)| mention.except);
        let except: Vec<ItemId> = except.map(|(id, _)| *id).collect();
        if !except.is_empty() {
            let rest: Vec<ItemId> = own.iter().copied().filter(|id| !except.contains(id)).collect();
            if self.fit(&rest) {
                self.add(rest);
            }
        }
        // Sums are searched only where nothing simpler agrees.
        if self.found.iter().any(|candidate| self.fit(&candidate.items)) {
            return;
        }
        let (sums, others) = self.sums(&own, unseen);
        let due =
            own.iter().copied().filter(|id| self.open(*id).is_some_and(|item| item.due <= date)).collect();
        for items in [own, due] {
            if items.len() > 1 && self.fit(&items) {
                let others = sums.iter().filter(|set| **set != items).count() + unseen;
                self.push(Candidate { items, others, is_everything: true, ..Candidate::default() });
            }
        }
        for set in sums {
            self.add_one_of(set, others);
        }
    }

    /// All instalments of one document.
    fn documents(&mut self, own: &[ItemId]) {
        let mut by_number: BTreeMap<&str, Vec<ItemId>> = BTreeMap::new();
        for item in own.iter().filter_map(|id| self.open(*id)).filter(|item| !item.number().is_empty()) {
            by_number.entry(item.number()).or_default().push(item.id);
        }
        for items in by_number.into_values().filter(|items| items.len() > 1) {
            if self.fit(&items) {
                self.add(items);
            }
        }
    }

    /// Items that are named, one by one and together.
    fn named(&mut self) {
        let mentions = &self.reading.mentions.items;
        let meant: Vec<_> =
            mentions.iter().filter(|(_, mention)| !mention.except).map(|(id, m)| (*id, *m)).collect();
        for (id, _) in meant.iter().take(CANDIDATES / 2) {
            self.add(vec![*id]);
        }
        let strong: Vec<ItemId> =
            meant.iter().filter(|(_, mention)| mention.how > How::Tail).map(|(id, _)| *id).collect();
        // The end of a number may be that of several: of those of whom the others are, one is meant.
        let partner = strong.first().and_then(|id| self.open(*id)?.partner);
        if strong.len() > 1 {
            self.add(strong);
        }
        let partners: BTreeSet<PartnerId> = meant
            .iter()
            .filter_map(|(id, _)| self.open(*id)?.partner)
            .filter(|owner| partner.is_none_or(|partner| partner == *owner))
            .collect();
        for partner in partners.into_iter().take(NAMED) {
            let of_partner = |id: &ItemId| self.open(*id).filter(|item| item.partner == Some(partner));
            // Of those that one end or slip may mean, the first; the instalments of one document have one number.
            let mut places: BTreeMap<usize, (ItemId, &str)> = BTreeMap::new();
            let mut own = Vec::new();
            for (id, mention) in &meant {
                let Some(item) = of_partner(id) else { continue };
                let (first, number) = *places.entry(mention.place).or_insert((item.id, item.number()));
                let is_same = first == item.id || !number.is_empty() && number == item.number();
                if mention.how > How::Tail || is_same {
                    own.push(item.id);
                }
            }
            self.named_of(partner, &own);
        }
    }

    /// What is named of one partner: all of it, some of it, or all of it less a credit that nobody named.
    fn named_of(&mut self, partner: PartnerId, named: &[ItemId]) {
        if named.len() > 1 {
            self.add(named.to_vec());
        }
        if self.fit(named) {
            return;
        }
        let (sums, others) = self.sums(named, 0);
        for set in sums {
            self.add_one_of(set, others);
        }
        for id in self.own(partner).0 {
            let is_credit =
                self.open(id).is_some_and(|item| item.residual.signum() == -self.line.amount.signum());
            if is_credit && !named.contains(&id) {
                let set: Vec<ItemId> = named.iter().copied().chain([id]).collect();
                if self.fit(&set) {
                    self.add(set);
                }
            }
        }
    }
}
