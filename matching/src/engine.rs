//! What each bank line pays, kept true while items, partners and lines come and go.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use crate::calibration::Calibration;
use crate::candidates;
use crate::cues::Cue;
use crate::hypothesis::{Hypothesis, Kind};
use crate::items::Items;
use crate::memory::Memory;
use crate::payers::{Payers, Side};
use crate::payout;
use crate::policy;
use crate::rates::Rates;
use crate::reading::Reading;
use crate::records::{Day, Item, ItemId, Line, PartnerId, total};
use crate::statement::Choice;
use crate::weigh::{self, Known};

/// Proposals of a line.
pub const PROPOSALS: usize = 3;

/// Who pays the same again within so many days may have paid twice.
const RECENT: Day = 14;

/// The engine: what it is told, and what it has learned.
#[derive(Default)]
pub struct Engine {
    /// What is open.
    pub items: Items,
    /// Who may pay.
    pub payers: Payers,
    /// Rates of the day.
    pub rates: Rates,
    /// What was learned.
    pub memory: Memory,
    /// What is known of each journal.
    pub journals: FxHashMap<i64, Journal>,
}

/// What is known of one journal.
#[derive(Default)]
pub struct Journal {
    /// Lines that are done since one was booked alone and was wrong.
    pub trusted: usize,
    /// How often proposals were right.
    pub calibration: Calibration,
    /// Fingerprints of lines that are done.
    seen: FxHashSet<u64>,
    /// When a payer has last paid an amount.
    paid: FxHashMap<u64, Day>,
}

/// One of a line's explanations.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// What it is.
    pub hypothesis: Hypothesis,
    /// How likely.
    pub probability: f64,
    /// Why it waits for a person; empty where it is booked alone.
    pub against: Vec<&'static str>,
}

impl Proposal {
    /// Whether it may be booked without anybody looking at it.
    pub fn is_auto(&self) -> bool {
        self.against.is_empty()
    }
}

/// What a line may be.
#[derive(Clone, Debug, Default)]
pub struct Weighed {
    /// What it says.
    pub reading: Reading,
    /// The hypotheses, the likeliest first; that it pays nothing is always among them.
    pub hypotheses: Vec<Hypothesis>,
}

/// How a line turned out.
#[derive(Clone, Debug, Default)]
pub struct Confirmed {
    /// Which items it paid.
    pub items: Vec<ItemId>,
    /// The account that it was booked on where it paid none; empty where that is not known.
    pub account: String,
}

impl Weighed {
    /// How likely a hypothesis is next to all others.
    fn probability(&self, of: &Hypothesis) -> f64 {
        let best = self.hypotheses.first().map_or(0.0, |first| first.score.value());
        let odds = |hypothesis: &Hypothesis| (hypothesis.score.value() - best).exp2();
        odds(of) / self.hypotheses.iter().map(odds).sum::<f64>()
    }
}

impl Engine {
    /// What a line may be, by itself.
    pub fn weigh(&self, line: &Line) -> Weighed {
        let mut reading = Reading::of(line, &self.items, &self.payers, &self.memory);
        let journal = self.journals.get(&line.journal);
        reading.is_repeated =
            journal.is_some_and(|journal| journal.seen.contains(&fingerprint(line, &reading.side)));
        let before = journal.and_then(|journal| journal.paid.get(&payment(line, &reading.side)));
        reading.is_recent = before.is_some_and(|day| line.date - day <= RECENT);
        let known = self.known();
        let candidates = candidates::of(line, &reading, &known);
        let weighed =
            candidates.iter().filter_map(|candidate| weigh::items(line, &reading, candidate, &known));
        let mut hypotheses: Vec<Hypothesis> = weighed.collect();
        hypotheses.push(weigh::nothing(line, &reading, &self.memory));
        hypotheses.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.allocations.cmp(&b.allocations)));
        Weighed { reading, hypotheses }
    }

    /// A line's best explanations, the one that its statement leaves it first.
    pub fn propose(&self, line: &Line, weighed: &Weighed, choice: Choice) -> Vec<Proposal> {
        let mut order: Vec<&Hypothesis> = weighed.hypotheses.iter().collect();
        let first = order.remove(choice.hypothesis);
        let raw = weighed.probability(first);
        let journal = self.journals.get(&line.journal);
        let probability = journal.map_or(raw, |journal| journal.calibration.probability(raw));
        let mut against = policy::against(first, &order, raw, &weighed.reading, &self.known());
        if probability < policy::LIKELY {
            against.push("what looked as likely was wrong too often");
        }
        if choice.is_contested {
            against.push("another line may pay it");
        }
        if journal.is_none_or(|journal| journal.trusted < policy::PROBATION) {
            against.push("its journal is on probation");
        }
        let first = Proposal { hypothesis: policy::booked(first, line, &against), probability, against };
        // What is left of the probability is theirs, as they share it among themselves.
        let left = (1.0 - probability) / (1.0 - raw).max(f64::EPSILON);
        let others = order.into_iter().take(PROPOSALS - 1).map(|hypothesis| Proposal {
            hypothesis: hypothesis.clone(),
            probability: (weighed.probability(hypothesis) * left).min(1.0 - probability),
            against: vec!["something else is likelier"],
        });
        std::iter::once(first).chain(others).collect()
    }

    fn known(&self) -> Known<'_> {
        Known { items: &self.items, payers: &self.payers, rates: &self.rates, memory: &self.memory }
    }

    /// Counts a line that is done, and whether its first proposal was right.
    pub fn count(&mut self, line: &Line, weighed: &Weighed, proposals: &[Proposal], confirmed: &Confirmed) {
        let mut ids = confirmed.items.clone();
        ids.sort_unstable();
        let journal = self.journals.entry(line.journal).or_default();
        journal.trusted += 1;
        journal.seen.insert(fingerprint(line, &weighed.reading.side));
        journal.paid.insert(payment(line, &weighed.reading.side), line.date);
        if let Some(first) = proposals.first() {
            let right = first.hypothesis.items().eq(ids);
            if first.is_auto() && !right {
                journal.trusted = 0;
            }
            journal.calibration.see(weighed.probability(&first.hypothesis), right);
        }
    }

    /// Learns from what a line was. Its items are still as they were before it was booked.
    pub fn learn(&mut self, line: &Line, weighed: &Weighed, confirmed: &Confirmed) {
        let ids = &confirmed.items;
        let signature = &weighed.reading.parsed.signature;
        self.memory.confirm_text(signature, line.amount > 0, ids.is_empty(), &confirmed.account, line.date);
        let set: Vec<&Item> = ids.iter().filter_map(|id| self.items.get(*id)).collect();
        if set.is_empty() || set.len() < ids.len() {
            return;
        }
        let residual =
            |item: &&Item| self.rates.convert(item.residual, item.currency, line.currency, line.date);
        let owed = set.iter().map(residual).collect::<Option<Vec<i64>>>().map(total);
        if owed == Some(line.amount) {
            self.memory.confirm_words(signature);
        }
        if weighed.reading.parsed.cues.has(Cue::Payout) {
            if let Some(owed) = owed {
                self.memory.confirm_payout(signature, payout::share(owed, line.amount));
            }
            return;
        }
        for item in &set {
            self.memory.habits.see(item.partner, line.date - item.due);
        }
        if let Some(partner) = weigh::one_partner(&set) {
            let side = &weighed.reading.side;
            self.memory.confirm_payer(&side.account, &side.name, partner, line.date);
        }
    }

    /// Learns that it is undone that this partner has paid a line.
    pub fn undo(&mut self, line: &Line, partner: PartnerId) {
        let side = self.payers.side(line, &self.memory);
        self.memory.refute_payer(&side.account, &side.name, partner, line.date);
    }
}

/// What two lines have in common that an import brought twice: what the bank knows it by, or else all of it.
fn fingerprint(line: &Line, side: &Side) -> u64 {
    let mut hasher = FxHasher::default();
    if !line.bank_id.is_empty() {
        line.bank_id.hash(&mut hasher);
        return hasher.finish();
    }
    (line.date, line.amount, &line.text, &side.name, &side.account).hash(&mut hasher);
    hasher.finish()
}

/// What two payments of one payer and one amount have in common.
fn payment(line: &Line, side: &Side) -> u64 {
    let mut hasher = FxHasher::default();
    let who = if side.account.is_empty() { &side.name } else { &side.account };
    (line.amount, who).hash(&mut hasher);
    hasher.finish()
}

/// Whether a hypothesis says that nothing open is paid.
pub fn is_nothing(kind: &Kind) -> bool {
    matches!(kind, Kind::Nothing | Kind::WriteOff(_))
}
