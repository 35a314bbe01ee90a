//! What each bank line pays, kept true while items, partners and lines come and go.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use crate::calibration::Calibration;
use crate::candidates;
use crate::concern::Concern;
use crate::cues::Cue;
use crate::hypothesis::{Hypothesis, Kind};
use crate::items::{self, Items};
use crate::memory::Memory;
use crate::parse;
use crate::payers::{self, Payers};
use crate::payout;
use crate::policy;
use crate::rates::Rates;
use crate::reading::Reading;
use crate::records::{Day, Item, ItemId, Line, LineId, Partner, PartnerId, total};
use crate::statement::Choice;
use crate::weigh::{self, Known};

/// Proposals of a line.
pub const PROPOSALS: usize = 3;

/// Who pays the same again within so many days may have paid twice.
const RECENT: Day = 14;

/// The engine: what it is told, and what it has learned.
#[derive(Default)]
pub struct Engine {
    /// What may be booked alone.
    pub bounds: policy::Bounds,
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
    /// Lines that are done, by fingerprint.
    seen: BTreeSet<(u64, LineId)>,
    /// When who has paid how much.
    paid: BTreeSet<(u64, Day, LineId)>,
    /// Where each of these lines is found.
    done: FxHashMap<LineId, (Prints, Day)>,
}

impl Journal {
    /// A proposal that looked as likely as this was right, or wrong; it may have been booked alone.
    pub fn judge(&mut self, raw: f64, is_auto: bool, is_right: bool) {
        self.trusted += 1;
        if is_auto && !is_right {
            self.trusted = 0;
        }
        self.calibration.see(raw, is_right);
    }
}

/// One of a line's explanations.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// What it is.
    pub hypothesis: Hypothesis,
    /// What it was weighed as, where something else of it is booked.
    pub weighed_as: Option<Hypothesis>,
    /// How likely.
    pub probability: f64,
    /// How likely it looks by itself: before what became of others that looked as likely.
    pub raw: f64,
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
    /// What all of this rests on: keys of [`items`] and [`concern`](crate::concern).
    pub asked: Vec<u64>,
}

/// How a line turned out.
#[derive(Clone, Debug, Default)]
pub struct Confirmed {
    /// Which items it paid, as they were before; none where it paid none, or one of them is not known.
    pub items: Vec<Item>,
    /// Whether it paid nothing that was open.
    pub is_nothing: bool,
    /// The account that it was booked on where it paid none; empty where that is not known.
    pub account: String,
}

/// What is left to whoever keeps the engine when it has learned from a line: what may take effect later, because much rests on it.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    /// The line's words, and whether it came in: [`Memory::see_text`].
    pub text: (String, bool),
    /// What a provider has kept of it, in hundredths of a per cent.
    pub kept: Option<f64>,
    /// Who has paid how many days after an item was due: [`Habits::see`](crate::habits::Habits::see).
    pub delays: Vec<(Option<PartnerId>, Day)>,
    /// What has changed that explanations may rest on.
    pub changed: Vec<u64>,
}

impl Weighed {
    /// How likely a hypothesis is next to all others.
    fn probability(&self, of: &Hypothesis) -> f64 {
        let best = self.hypotheses.first().map_or(0.0, |first| first.score.value());
        let odds = |hypothesis: &Hypothesis| (hypothesis.score.value() - best).exp2();
        odds(of) / self.hypotheses.iter().map(odds).sum::<f64>()
    }

    /// Drops what a person has refused. That a line pays nothing stays; it is then booked nowhere.
    pub fn refuse(&mut self, is_refused: impl Fn(&Hypothesis) -> bool) {
        self.hypotheses.retain_mut(|hypothesis| {
            if hypothesis.allocations.is_empty() {
                if hypothesis.kind != Kind::Nothing && is_refused(hypothesis) {
                    hypothesis.kind = Kind::Nothing;
                }
                return true;
            }
            !is_refused(hypothesis)
        });
    }
}

impl Engine {
    /// What a line may be, by itself.
    pub fn weigh(&self, line: &Line) -> Weighed {
        let mut reading = Reading::of(line, &self.items, &self.payers, &self.memory);
        let prints = Prints::of(line, &reading.side.account, &reading.side.name);
        if let Some(journal) = self.journals.get(&line.journal) {
            let same = (prints.line, LineId::MIN)..=(prints.line, LineId::MAX);
            reading.is_repeated = journal.seen.range(same).any(|(_, other)| *other != line.id);
            let since = line.date.saturating_sub(RECENT);
            let recent = (prints.payment, since, LineId::MIN)..=(prints.payment, Day::MAX, LineId::MAX);
            reading.is_recent = journal.paid.range(recent).any(|(.., other)| *other != line.id);
        }
        let known = self.known();
        let candidates = candidates::of(line, &reading, &known);
        let weighed =
            candidates.iter().filter_map(|candidate| weigh::items(line, &reading, candidate, &known));
        let mut hypotheses: Vec<Hypothesis> = weighed.collect();
        hypotheses.push(weigh::nothing(line, &reading, &self.memory));
        hypotheses.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.allocations.cmp(&b.allocations)));
        let mut asked = self.items.take_asked();
        asked.extend(prints.concerns());
        let owners =
            hypotheses.iter().flat_map(Hypothesis::items).filter_map(|id| self.items.get(id)?.partner);
        asked.extend(owners.map(|partner| Concern::Partner(partner).key()));
        Weighed { reading, hypotheses, asked }
    }

    /// Everything that what was weighed rests on, in order: items by the keys that were looked under, who may have paid, what was
    /// learned of lines like it, and other lines like it.
    pub fn rests_on(&self, line: &Line, weighed: &Weighed) -> Vec<u64> {
        let mut all = weighed.asked.clone();
        all.extend(Payers::asked(line, &weighed.reading.side));
        let signature = &weighed.reading.parsed.signature;
        all.push(Concern::Text(signature, line.amount > 0).key());
        all.extend(signature.split(' ').map(|word| Concern::Word(word).key()));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// A line's best explanations, the one that its statement leaves it first.
    pub fn propose(&self, line: &Line, weighed: &Weighed, choice: Choice) -> Vec<Proposal> {
        let mut order: Vec<&Hypothesis> = weighed.hypotheses.iter().collect();
        let first = order.remove(choice.hypothesis.min(order.len().saturating_sub(1)));
        let raw = weighed.probability(first);
        let journal = self.journals.get(&line.journal);
        let probability = journal.map_or(raw, |journal| journal.calibration.probability(raw));
        let mut against = policy::against(first, &order, raw, &weighed.reading, line, &self.known());
        if probability < policy::LIKELY {
            against.push("what looked as likely was wrong too often");
        }
        if choice.is_contested {
            against.push("another line may pay it");
        }
        if journal.map_or(0, |journal| journal.trusted) < self.bounds.probation {
            against.push("its journal is on probation");
        }
        let booked = policy::booked(first, line, &against);
        let weighed_as = (booked != *first).then(|| first.clone());
        let first = Proposal { hypothesis: booked, weighed_as, probability, raw, against };
        // What is left of the probability is theirs, as they share it among themselves.
        let left = (1.0 - probability) / (1.0 - raw).max(f64::EPSILON);
        let others = order.into_iter().take(PROPOSALS - 1).map(|hypothesis| {
            let raw = weighed.probability(hypothesis);
            Proposal {
                hypothesis: hypothesis.clone(),
                weighed_as: None,
                probability: (raw * left).min(1.0 - probability),
                raw,
                against: vec!["something else is likelier"],
            }
        });
        std::iter::once(first).chain(others).collect()
    }

    fn known(&self) -> Known<'_> {
        let Self { items, payers, rates, memory, bounds, .. } = self;
        Known { items, payers, rates, memory, bounds: *bounds }
    }

    /// Changes an item, or takes it away; one whose residual is 0 is closed, and `paid` is what it was. Answers what has changed that
    /// explanations may rest on.
    pub fn change_item(&mut self, id: ItemId, item: Option<Item>, paid: i64) -> Vec<u64> {
        let mut changed = self.items.get(id).map(items::keys).unwrap_or_default();
        changed.extend(self.items.forget(id));
        if let Some(item) = item {
            changed.extend(items::keys(&item));
            match item.residual {
                0 => self.items.close(&Item { residual: paid, ..item }),
                _ => self.items.set(item),
            }
        }
        changed
    }

    /// Changes a partner, or takes it away. Answers what has changed that explanations may rest on.
    pub fn change_partner(&mut self, id: PartnerId, partner: Option<&Partner>) -> Vec<u64> {
        let mut changed = self.payers.concerns(id);
        match partner {
            Some(partner) => self.payers.set(partner),
            None => self.payers.remove(id),
        }
        changed.extend(self.payers.concerns(id));
        changed
    }

    /// A line is done, or is not done any more. Answers what has changed that explanations may rest on.
    pub fn set_done(&mut self, line: &Line, is_done: bool) -> Vec<u64> {
        let mut changed = self.forget_done(line.journal, line.id);
        if is_done {
            let (account, name) = (payers::account(&line.account), payers::name(&line.name).concat());
            let prints = Prints::of(line, &account, &name);
            let journal = self.journals.entry(line.journal).or_default();
            journal.seen.insert((prints.line, line.id));
            journal.paid.insert((prints.payment, line.date, line.id));
            journal.done.insert(line.id, (prints, line.date));
            changed.extend(prints.concerns());
        }
        changed
    }

    /// A line that was done is gone. Answers what has changed that explanations may rest on.
    pub fn forget_done(&mut self, journal: i64, line: LineId) -> Vec<u64> {
        let Some(journal) = self.journals.get_mut(&journal) else { return Vec::new() };
        let Some((prints, day)) = journal.done.remove(&line) else { return Vec::new() };
        journal.seen.remove(&(prints.line, line));
        journal.paid.remove(&(prints.payment, day, line));
        prints.concerns().to_vec()
    }

    /// Learns from what a line was; what [`Learned`] has is left to the caller.
    pub fn learn(&mut self, line: &Line, confirmed: &Confirmed) -> Learned {
        let parsed = parse::parse(&line.text);
        let signature = &parsed.signature;
        let is_credit = line.amount > 0;
        let mut learned = Learned { text: (signature.clone(), is_credit), ..Learned::default() };
        let account = if confirmed.is_nothing { confirmed.account.as_str() } else { "" };
        if self.memory.confirm_write_off(signature, is_credit, account, line.date) {
            learned.changed.push(Concern::Text(signature, is_credit).key());
        }
        let set: Vec<&Item> = confirmed.items.iter().collect();
        if set.is_empty() {
            return learned;
        }
        let residual =
            |item: &&Item| self.rates.convert(item.residual, item.currency, line.currency, line.date);
        let owed = set.iter().map(residual).collect::<Option<Vec<i64>>>().map(total);
        if owed == Some(line.amount) {
            let known = self.memory.confirm_words(signature);
            learned.changed.extend(known.into_iter().map(|word| Concern::Word(word).key()));
        }
        if parsed.cues.has(Cue::Payout) {
            learned.kept = owed.map(|owed| payout::share(owed, line.amount));
            return learned;
        }
        learned.delays = set.iter().map(|item| (item.partner, line.date - item.due)).collect();
        if let Some(partner) = weigh::one_partner(&set) {
            learned.changed.extend(self.learn_payer(line, |memory, account, name| {
                memory.confirm_payer(account, name, partner, line.date);
            }));
        }
        learned
    }

    /// Learns that it is undone that this partner has paid a line. Answers what has changed that explanations may rest on.
    pub fn undo(&mut self, line: &Line, partner: PartnerId) -> Vec<u64> {
        self.learn_payer(line, |memory, account, name| {
            memory.refute_payer(account, name, partner, line.date);
        })
    }

    /// Learns something of a line's account and name. Answers those of them that mean somebody else now.
    fn learn_payer(&mut self, line: &Line, learn: impl FnOnce(&mut Memory, &str, &str)) -> Vec<u64> {
        let (account, name) = (payers::account(&line.account), payers::name(&line.name).concat());
        let meant = |memory: &Memory| (memory.payers_of_account(&account), memory.payers_of_name(&name));
        let before = meant(&self.memory);
        learn(&mut self.memory, &account, &name);
        let after = meant(&self.memory);
        let by_account = (before.0 != after.0).then(|| Concern::Account(&account).key());
        let by_name = (before.1 != after.1).then(|| Concern::Name(&name).key());
        by_account.into_iter().chain(by_name).collect()
    }
}

/// What lines have in common.
#[derive(Clone, Copy, Debug)]
struct Prints {
    /// Two lines that an import brought twice: what the bank knows them by, or else all of them.
    line: u64,
    /// Two payments of one payer and one amount.
    payment: u64,
}

impl Prints {
    /// Those of a line with this account and name, as they are compared.
    fn of(line: &Line, account: &str, name: &str) -> Self {
        let hashed = |hash: &dyn Fn(&mut FxHasher)| {
            let mut hasher = FxHasher::default();
            hash(&mut hasher);
            hasher.finish()
        };
        let who = if account.is_empty() { name } else { account };
        Self {
            line: hashed(&|hasher| match &*line.bank_id {
                "" => (line.date, line.amount, &line.text, name, account).hash(hasher),
                id => id.hash(hasher),
            }),
            payment: hashed(&|hasher| (line.amount, who).hash(hasher)),
        }
    }

    fn concerns(self) -> [u64; 2] {
        [Concern::Lines(self.line).key(), Concern::Lines(self.payment).key()]
    }
}

/// Whether a hypothesis says that nothing open is paid.
pub fn is_nothing(kind: &Kind) -> bool {
    matches!(kind, Kind::Nothing | Kind::WriteOff(_))
}
