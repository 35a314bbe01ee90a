//! What was learned, between the engine and its rows.

use std::collections::BTreeMap;

use matching::calibration::Calibration;
use matching::engine::{Journal as JournalState, Learned};
use matching::habits::{BINS, Bins};
use matching::memory::{Rule, Support, Text, Touched};
use matching::records::Day;
use sqlx::types::Json;

use super::books::Books;
use super::decide::Decision;
use super::events::RuleLearned;
use super::outcome::Outcome;
use super::records as read;
use super::settle::items;
use super::state::{State, next};
use crate::store::{BankLine, Habit, JournalTrust, LearnedRule, LearnedText, LearnedWord, RuleKind};

/// The partner that stands for all.
const ALL: i32 = 0;

impl LearnedRule {
    /// The rule, as the engine calls it.
    pub(super) fn rule(&self) -> Rule {
        match self.kind {
            RuleKind::Account => Rule::Account(self.subject.clone(), self.target_id),
            RuleKind::Name => Rule::Name(self.subject.clone(), self.target_id),
            RuleKind::WriteOff => {
                Rule::WriteOff(self.subject.clone(), self.is_credit, self.target_id.to_string())
            }
        }
    }

    pub(super) fn support(&self) -> Support {
        Support {
            yes: self.confirmed,
            no: self.contradicted,
            last: read::days(self.last_day),
            is_off: self.switched_off,
        }
    }
}

impl LearnedText {
    /// What was learned until now.
    fn learned(&self) -> Text {
        Text { nothing: self.nothing, items: self.items, payouts: self.payouts, kept: self.kept }
    }

    /// What lines are weighed with.
    fn in_force(&self) -> Text {
        Text {
            nothing: self.nothing_in_force,
            items: self.items_in_force,
            payouts: self.payouts_in_force,
            kept: self.kept_in_force,
        }
    }
}

impl State {
    /// Tells the engines what was learned before.
    pub(super) fn remember(&mut self) {
        let Self { tables, books, .. } = self;
        for row in tables.rules.iter() {
            if let Some(books) = books.get_mut(&row.company_id) {
                books.engine.memory.set_rule(row.rule(), row.support());
            }
        }
        for row in tables.texts.iter() {
            if let Some(books) = books.get_mut(&row.company_id) {
                books.engine.memory.set_text(&row.signature, row.is_credit, row.in_force());
            }
        }
        for row in tables.words.iter() {
            if let Some(books) = books.get_mut(&row.company_id) {
                books.engine.memory.set_word(&row.word, u32::try_from(row.lines).unwrap_or(0));
            }
        }
        for row in tables.habits.iter() {
            if let Some(books) = books.get_mut(&row.company_id) {
                books.engine.memory.habits.set_bins(partner(row.partner_id), bins(&row.in_force));
            }
        }
        for row in tables.trust.iter() {
            trust(books, row);
        }
    }
}

/// Tells the engines what is in force of what is known of a journal. Companies may share one.
fn trust(books: &mut BTreeMap<i32, Books>, row: &JournalTrust) {
    for books in books.values_mut() {
        let journal = books.engine.journals.entry(row.journal_id.into()).or_default();
        journal.trusted = usize::try_from(row.trusted_in_force).unwrap_or(0);
        journal.calibration = Calibration::from_bins(row.in_force.0.clone());
    }
}

fn partner(id: i32) -> Option<i32> {
    (id != ALL).then_some(id)
}

fn bins(lines: &[u32]) -> Bins {
    let mut bins = [0; BINS];
    bins.iter_mut().zip(lines).for_each(|(bin, lines)| *bin = *lines);
    bins
}

impl Decision<'_> {
    /// Takes over what was learned until now: from here on lines are weighed with it.
    pub(super) fn put_in_force(&mut self) {
        let State { tables, books, .. } = &mut *self.state;
        let habits: Vec<Habit> =
            tables.habits.iter().filter(|row| row.lines != row.in_force).cloned().collect();
        for row in habits {
            if let Some(books) = books.get_mut(&row.company_id) {
                books.engine.memory.habits.set_bins(partner(row.partner_id), bins(&row.lines));
            }
            let key = (row.company_id, row.partner_id);
            tables.habits.set(key, Some(Habit { in_force: row.lines.clone(), ..row }));
        }
        let texts: Vec<LearnedText> =
            tables.texts.iter().filter(|row| row.learned() != row.in_force()).cloned().collect();
        for row in texts {
            let Text { nothing, items, payouts, kept } = row.learned();
            if let Some(books) = books.get_mut(&row.company_id) {
                books.engine.memory.set_text(&row.signature, row.is_credit, row.learned());
            }
            let row = LearnedText {
                nothing_in_force: nothing,
                items_in_force: items,
                payouts_in_force: payouts,
                kept_in_force: kept,
                ..row
            };
            tables.texts.set(row.id, Some(row));
        }
        let trust: Vec<JournalTrust> = tables.trust.iter().cloned().collect();
        for row in trust {
            self.trust(&JournalTrust {
                trusted_in_force: row.trusted,
                in_force: row.proposals.clone(),
                ..row
            });
        }
    }

    /// Stores what is known of a journal, and tells the engine what is in force of it.
    fn trust(&mut self, row: &JournalTrust) {
        let State { tables, books, .. } = &mut *self.state;
        trust(books, row);
        tables.trust.replace(row.journal_id, Some(row.clone()));
    }

    /// Counts whether what was proposed first for a line was right.
    pub(super) fn judge(&mut self, line: &BankLine, outcome: &Outcome) {
        let Some(first) = self.state.tables.proposals.get((line.id, 1)) else { return };
        let right = items(&first.allocations) == items(&outcome.allocations);
        let (raw, is_auto) = (first.raw, first.auto);
        let row = self.trust_of(line.journal_id);
        let mut judged = JournalState::default();
        judged.trusted = usize::try_from(row.trusted).unwrap_or(0);
        judged.calibration = Calibration::from_bins(row.proposals.0.clone());
        judged.judge(raw, is_auto, right);
        let mut row = JournalTrust {
            trusted: i32::try_from(judged.trusted).unwrap_or(i32::MAX),
            proposals: Json(judged.calibration.bins().to_vec()),
            ..row
        };
        // A wrong booking puts its journal on probation at once.
        if is_auto && !right {
            row.trusted_in_force = 0;
            self.all_lines();
        }
        self.trust(&row);
    }

    /// A line that was booked alone was taken back: its journal is on probation at once.
    pub(super) fn distrust(&mut self, journal: i32) {
        let row = self.trust_of(journal);
        self.trust(&JournalTrust { trusted: 0, trusted_in_force: 0, ..row });
        self.all_lines();
    }

    fn trust_of(&self, journal_id: i32) -> JournalTrust {
        self.state.tables.trust.get(journal_id).cloned().unwrap_or(JournalTrust {
            journal_id,
            trusted: 0,
            proposals: Json::default(),
            trusted_in_force: 0,
            in_force: Json::default(),
        })
    }

    /// Counts how many days after an item was due it was paid.
    pub(super) fn see_delays(&mut self, company: i32, delays: &[(Option<i32>, Day)]) {
        for (payer, late) in delays {
            for partner_id in [Some(ALL), *payer].into_iter().flatten() {
                let row = self.state.tables.habits.get((company, partner_id)).cloned();
                let row = row.unwrap_or(Habit {
                    company_id: company,
                    partner_id,
                    lines: Json(vec![0; BINS]),
                    in_force: Json(vec![0; BINS]),
                });
                let mut lines = bins(&row.lines);
                matching::habits::see(&mut lines, *late);
                let row = Habit { lines: Json(lines.to_vec()), ..row };
                self.state.tables.habits.set((company, partner_id), Some(row));
            }
        }
    }

    /// Stores what an engine has learned since the last call, and tells which rules hold now.
    pub(super) fn store_learned(&mut self, company: i32) {
        let Some(books) = self.state.books.get_mut(&company) else { return };
        let Touched { rules, words } = books.engine.memory.take_touched();
        for rule in rules {
            self.store_rule(company, rule);
        }
        for word in words {
            self.store_word(company, word);
        }
    }

    fn store_rule(&mut self, company: i32, rule: Rule) {
        let State { tables, books, learned, last_ids, .. } = &mut *self.state;
        let support = books.get(&company).and_then(|books| books.engine.memory.rule(&rule));
        let Some(support) = support else { return };
        let (kind, subject, is_credit, target) = match &rule {
            Rule::Account(account, partner) => (RuleKind::Account, account.clone(), false, Some(*partner)),
            Rule::Name(name, partner) => (RuleKind::Name, name.clone(), false, Some(*partner)),
            Rule::WriteOff(signature, is_credit, account) => {
                (RuleKind::WriteOff, signature.clone(), *is_credit, account.parse().ok())
            }
        };
        let Some(target_id) = target else { return };
        let id = *learned.rules.entry((company, rule)).or_insert_with(|| next(&mut last_ids.rule));
        let before = tables.rules.get(id).cloned();
        let row = LearnedRule {
            id,
            company_id: company,
            kind,
            subject,
            is_credit,
            target_id,
            confirmed: support.yes,
            contradicted: support.no,
            last_day: read::date(support.last),
            holds: support.holds(),
            switched_off: support.is_off,
            person: before.as_ref().and_then(|row| row.person.clone()),
            reason: before.as_ref().and_then(|row| row.reason.clone()),
        };
        self.put_rule(before.as_ref(), row);
    }

    /// Stores a rule, and tells if it holds from now on, or does not any more.
    pub(super) fn put_rule(&mut self, before: Option<&LearnedRule>, row: LearnedRule) {
        let held = before.is_some_and(|before| before.holds);
        let was_off = before.is_some_and(|before| before.switched_off);
        if (held, was_off) != (row.holds, row.switched_off) {
            self.outbox.emit(self.now, &RuleLearned::new(&row));
            self.learned.push(row.clone());
        }
        self.state.tables.rules.set(row.id, Some(row));
    }

    /// Counts what a line with its words was.
    pub(super) fn see_text(&mut self, company: i32, learned: &Learned, is_nothing: bool) {
        let State { tables, learned: ids, last_ids, .. } = &mut *self.state;
        let (signature, is_credit) = learned.text.clone();
        let key = (company, signature.clone(), is_credit);
        let id = *ids.texts.entry(key).or_insert_with(|| next(&mut last_ids.text));
        let before = tables.texts.get(id).cloned().unwrap_or(LearnedText {
            id,
            company_id: company,
            signature,
            is_credit,
            nothing: 0.0,
            items: 0.0,
            payouts: 0.0,
            kept: 0.0,
            nothing_in_force: 0.0,
            items_in_force: 0.0,
            payouts_in_force: 0.0,
            kept_in_force: 0.0,
        });
        let mut text = before.learned();
        text.see(is_nothing, learned.kept);
        let Text { nothing, items, payouts, kept } = text;
        tables.texts.set(id, Some(LearnedText { nothing, items, payouts, kept, ..before }));
    }

    fn store_word(&mut self, company: i32, word: String) {
        let State { tables, books, learned, last_ids, .. } = &mut *self.state;
        let lines = books.get(&company).map_or(0, |books| books.engine.memory.word(&word));
        let id = *learned.words.entry((company, word.clone())).or_insert_with(|| next(&mut last_ids.word));
        let lines = i32::try_from(lines).unwrap_or(i32::MAX);
        tables.words.set(id, Some(LearnedWord { id, company_id: company, word, lines }));
    }
}
